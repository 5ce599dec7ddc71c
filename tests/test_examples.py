"""The examples are what they say: built from their records by real Dafny, for nothing."""

import shutil
from pathlib import Path

import pytest

from tests.projects import Tree

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/dodo.py") if [*path.parent.rglob("*.dfy")])


def copied(tree: Tree, folder: Path, names: tuple[str, ...]) -> None:
    """Put these files and folders of `folder` into the project, without what a build made there."""
    for name in names:
        place = folder / name
        ignore = shutil.ignore_patterns("build", "db", ".doit.db*", "__pycache__", "pyproject.toml")
        if place.is_dir():
            shutil.copytree(place, tree.root / name, ignore=ignore, dirs_exist_ok=True)
        else:
            shutil.copy(place, tree.root / name)


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_verified_for_nothing(name: str, tree: Tree, dafny: tuple[str, ...]) -> None:
    """Every file of an example is verified from its records with no request; a second run executes no task."""
    folder = ROOT / "examples" / name
    copied(tree, folder, tuple(path.name for path in folder.iterdir() if path.name != "pyproject.toml"))
    tree.dafny = dafny
    ended = tree.doit()
    assert ended.code == 0, ended.text
    found = tree.summary
    assert (
        found["verified"] == found["files"] == len([*folder.glob("**/*.dfy")]) - len([*folder.glob("build/**/*.dfy")])
    )
    assert found["requests"] == 0
    assert set(found["origins"]) <= {"stored", "given"}
    tree.doit()
    assert tree.summary["tasks_executed"] == 0


@pytest.mark.slow
def test_the_repository_builds_its_examples(tree: Tree, any_dafny: tuple[str, ...]) -> None:
    """The dodo.py at the top builds all examples from the records in cache/records/, with no request."""
    copied(tree, ROOT, ("dodo.py", "examples", "cache"))
    shutil.rmtree(tree.root / "cache" / "db", ignore_errors=True)
    tree.dafny = any_dafny
    tree.configure(specs=["examples/**/*.dfy"])
    ended = tree.doit()
    assert ended.code == 0, ended.text
    assert tree.summary["requests"] == 0
    assert tree.summary["verified"] == tree.summary["files"]


def test_the_examples_teach_enough() -> None:
    """Three projects or more, twelve specs or more, one include cycle, and several holes in some."""
    assert len(EXAMPLES) >= 3
    assert len([*(ROOT / "examples").glob("*/**/*.dfy")]) >= 12
