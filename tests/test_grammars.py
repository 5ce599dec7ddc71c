"""Every grammar of ours reads its own corpus: examples in tree-sitter's format, beside the grammar."""

import importlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
GRAMMARS = sorted(path.parent for path in ROOT.glob("s2c/languages/*/grammar/grammar.js"))
CASE = re.compile(
    r"^=+\n(?P<title>[^\n]+)\n(?P<marks>(?::[^\n]+\n)*)=+\n(?P<source>.*?)\n---\n(?P<tree>.*?)(?=^=+\n|\Z)",
    re.MULTILINE | re.DOTALL,
)
FIELD = re.compile(r" ?\w+:(?=\()")


def cases() -> list[pytest.ParameterSet]:
    """Each example of each grammar: language, source, expected tree."""
    return [
        pytest.param(
            folder.parent.name,
            one["source"],
            None if ":error" in one["marks"] else one["tree"],
            id=f"{folder.parent.name}: {one['title']}",
        )
        for folder in GRAMMARS
        for file in sorted((folder / "test" / "corpus").glob("*.txt"))
        for one in CASE.finditer(file.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize(("name", "source", "expected"), cases())
def test_a_grammar_reads_its_examples(name: str, source: str, expected: str | None) -> None:
    """The tree of an example is exactly the one that stands below it, or has an error where it says so."""
    syntax = importlib.import_module(f"s2c.languages.{name}.syntax")
    # the blank lines round an example belong to the format
    root = syntax.tree(source.removeprefix("\n").removesuffix("\n").encode())
    if expected is None:
        assert root.has_error
    else:
        found = _plain(str(root))
        assert _plain(expected) in {found, FIELD.sub("", found)}


def test_every_grammar_has_examples() -> None:
    """Ten or more for each."""
    counted = [sum(one.values[0] == folder.parent.name for one in cases()) for folder in GRAMMARS]
    assert GRAMMARS
    assert min(counted) >= 10, counted


def test_the_generator_agrees() -> None:
    """The tree-sitter CLI makes the same parser.c from grammar.js, and passes the same examples."""
    command = os.environ.get("TREE_SITTER") or shutil.which("tree-sitter")
    if command is None:
        pytest.skip("no tree-sitter CLI here (cargo install tree-sitter-cli): the parsers as committed were read")
    version = subprocess.run([command, "--version"], capture_output=True, text=True, check=True).stdout
    if not version.startswith("tree-sitter 0.27"):
        pytest.skip(f"{version.strip()}: parser.c was made by 0.27")
    ended = subprocess.run(
        ["/bin/sh", ROOT / "script" / "grammar", "--test"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def _plain(tree: str) -> str:
    return re.sub(r"\s*([()])\s*", r"\1", " ".join(tree.split()))
