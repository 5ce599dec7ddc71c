"""The wheel of this machine, built from what is committed and installed where no compiler is."""

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.slow


def run(command: list[str], folder: Path, **environment: str) -> str:
    """What a command says; it must end well."""
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, check=False, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built in a folder of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    tree, archive = folder / "tree", folder / "tree.tar"
    tree.mkdir()
    run(["git", "archive", "-o", str(archive), "HEAD"], ROOT)
    with tarfile.open(archive) as opened:
        opened.extractall(tree, filter="data")
    run([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), "."], tree)
    (made,) = folder.glob("s2c-*.whl")
    return made


def test_a_wheel_is_for_every_python_of_its_platform(wheel: Path) -> None:
    """Its grammars know nothing of Python; no C source and no test is in it, and all that is no code is."""
    assert "-py3-none-linux_" in wheel.name
    with zipfile.ZipFile(wheel) as opened:
        names = opened.namelist()
    for name in ("languages/dafny/grammar.so", "languages/lean/grammar.so", "prompts/system.md", "py.typed"):
        assert f"s2c/{name}" in names
    assert [one for one in names if one.endswith((".c", ".h", ".js")) and "/web/" not in one] == []
    assert [one for one in names if not one.startswith(("s2c/", "s2c-"))] == []


def test_it_works_where_no_compiler_is(wheel: Path, tmp_path: Path) -> None:
    """Into an empty environment, with nothing else on PATH: a project is made and planned, its specs are parsed."""
    env = tmp_path / "env"
    run([sys.executable, "-m", "venv", str(env)], tmp_path)
    alone = {"PATH": str(env / "bin"), "PYTHONPATH": "", "CC": "/nothing"}
    run([str(env / "bin/python"), "-m", "pip", "install", "--quiet", str(wheel)], tmp_path, **alone)
    project = tmp_path / "project"
    project.mkdir()
    s2c = str(env / "bin/s2c")
    assert run([s2c, "--version"], project, **alone).startswith("s2c ")
    (project / "max.dfy").write_text("lemma L(n: nat)\n  ensures n + 0 == n\n// <vc-code>\n{\n}\n// </vc-code>\n")
    (project / "Max.lean").write_text("theorem t (n : Nat) : n + 0 = n := by\n  sorry\n")
    (project / "max.rs").write_text("use vstd::prelude::*;\nverus! {\nproof fn l(n: nat)\n  ensures n + 0 == n\n;\n}\n")
    run([s2c, "init"], project, **alone)
    planned = run([s2c, "plan"], project, **alone)
    assert all(name in planned for name in ("max.dfy", "Max.lean", "max.rs"))
    assert "unreadable" not in planned
