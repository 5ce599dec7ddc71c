"""doit in a project that does not use s2c: with s2c installed it behaves as if it were not."""

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.endtoend

DODO = '''"""A build of somebody else."""

DOIT_CONFIG = {"default_tasks": ["made"]}


def task_made():
    """make a file"""
    return {"actions": ["cp in.txt out.txt"], "file_dep": ["in.txt"], "targets": ["out.txt"], "clean": True}


def task_broken():
    """fail"""
    return {"actions": ["false"]}
'''
WORDS = (["list", "--all"], [], [], ["broken"], ["info", "made"], ["clean"], ["forget"], ["nosuch"], ["help", "run"])
# Without the modules of this repository: a plain doit, in which s2c can't be found.
ALONE = "import sys; sys.argv[0] = '-m'; sys.modules['s2c'] = None; from doit.__main__ import main; main()"


def said(folder: Path, start: list[str], words: list[str]) -> tuple[int, bytes, bytes]:
    """What doit says to these words: exit code and both outputs."""
    done = subprocess.run([sys.executable, *start, *words], cwd=folder, capture_output=True, check=False, timeout=60)
    return done.returncode, done.stdout, done.stderr


def project(folder: Path) -> Path:
    """A project with a file to be made."""
    folder.mkdir()
    (folder / "dodo.py").write_text(DODO, encoding="utf-8")
    (folder / "in.txt").write_text("in\n", encoding="utf-8")
    return folder


def test_doit_behaves_as_before(tmp_path: Path) -> None:
    """The same words give the same output and exit codes, whether s2c can be found or not; nothing of ours is left."""
    ours, alone = project(tmp_path / "ours"), project(tmp_path / "alone")
    for words in WORDS:
        assert said(ours, ["-m", "doit"], words) == said(alone, ["-c", ALONE], words), words
    left = {one.name for one in ours.iterdir()} - {"__pycache__"}
    assert left == {one.name for one in alone.iterdir()} - {"__pycache__"}
    assert not left & {"build", "cache"}
