"""The console script, in a process of its own: what it prints, its exit codes, and no traceback, whatever is wrong."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from s2c import __version__
from tests.picture import HELPERS, HOLE, Bench
from tests.projects import Ended, Tree

TOP = f'include "lib/half.dfy"\n{HELPERS}lemma Top()\n  ensures 1 < 2\n{HOLE}'
HALF = f"lemma Half(n: nat)\n  ensures n / 2 <= n\n{HOLE}"


@pytest.fixture
def project(tree: Tree) -> Tree:
    """A spec that imports another one, and a verifier that is not there."""
    tree.dafny = ("no-such-dafny",)
    tree.write("top.dfy", TOP)
    tree.write("lib/half.dfy", HALF)
    return tree


def clean(ended: Ended, code: int) -> Ended:
    """It ended with this code, and no traceback reached the user."""
    assert "Traceback" not in ended.text
    assert ended.code == code, ended.text
    return ended


def run(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Ended:
    """Run the console script in a folder, with pyproject.toml as it lies there."""
    done = subprocess.run(
        [sys.executable, "-m", "s2c.cli", *arguments],
        cwd=folder, env={**os.environ, **(env or {})}, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_a_plan_says_what_would_be_done(project: Tree) -> None:
    """One line a spec with its state and the reason, then the bound of round 1; nothing on standard error."""
    ended = clean(project.s2c("plan"), 0)
    *lines, last = ended.out.splitlines()
    assert lines == ["lib/half.dfy: ask (never built here)", "top.dfy: ask (never built here)"]
    assert last.startswith("0 up to date; round 1: at most 1 requests for 2 specs, ")
    assert ended.err == ""


def test_a_program_reads_the_same(project: Tree) -> None:
    """--json has the states, reasons and batches that the text has, and the keys."""
    found = json.loads(clean(project.s2c("plan", "--json"), 0).out)
    assert [(one["specs"], one["state"], one["reason"]) for one in found["specs"]] == [
        (["lib/half.dfy"], "ask", "never built here"),
        (["top.dfy"], "ask", "never built here"),
    ]
    assert all(one["key"].startswith("b2:obligation.") for one in found["specs"])
    (request,) = found["requests"]
    assert request["specs"] == ["lib/half.dfy", "top.dfy"]
    assert (found["exact"], found["cost"]) == (False, None)
    assert f" for 2 specs, {request['tokens']} prompt tokens, cost unknown" in project.s2c("plan").out


def test_what_is_in_the_store_costs_nothing(project: Tree) -> None:
    """A plan reads the store: what is there is no request."""
    Bench(project).build(written=False)
    os.environ["S2C_VERDICT_KEY"] = "a secret of thirty-two characters"
    found = json.loads(clean(project.s2c("plan", "--json"), 0).out)
    del os.environ["S2C_VERDICT_KEY"]
    assert {one["state"] for one in found["specs"]} == {"stored"}
    assert found["requests"] == []


def test_a_plan_of_one_spec_has_its_imports(project: Tree) -> None:
    """A spec on the command line brings what it imports, and no more."""
    project.write("other.dfy", HALF)
    assert "other.dfy" not in clean(project.s2c("plan", "top.dfy"), 0).out
    assert "top.dfy" not in clean(project.s2c("plan", "lib/half.dfy"), 0).out


def test_an_unknown_spec_is_told(project: Tree) -> None:
    """A path that is no spec is one message with what to do, exit code 2."""
    ended = clean(project.s2c("plan", "no.dfy"), 2)
    assert ended.err == "s2c: no.dfy is not a spec of this project\n  -> did you mean top.dfy?\n"
    assert ended.out == ""


def test_a_broken_spec_is_told_with_its_place(project: Tree) -> None:
    """A file that can't be read is in the plan, with line and column; the others are planned."""
    project.write("lib/half.dfy", 'include "gone.dfy"\n' + HALF)
    project.write("fine.dfy", HALF)
    ended = clean(project.s2c("plan"), 0)
    assert "top.dfy: broken (lib/half.dfy:1:9: imports 'gone.dfy', but there is no file" in ended.out
    assert "fine.dfy: ask" in ended.out


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            "max_atempts = 3",
            "pyproject.toml [tool.s2c]: unknown setting 'max_atempts'\n  -> did you mean 'max_attempts'?",
        ),
        ('jobs = "many"', "pyproject.toml [tool.s2c]: jobs must be a whole number, not 'many'"),
        (
            "[tool.s2c.dafni]\ncommand = 'dafny'",
            "pyproject.toml [tool.s2c.dafni]: no language 'dafni'\n  -> known: dafny",
        ),
        ("jobs = = 3", "not valid TOML"),
        ('build = "."', "build must be a folder inside the project, not '.'"),
    ],
)
def test_a_wrong_setting_is_told(tree: Tree, table: str, said: str) -> None:
    """Exit code 3, one message with the key, the place and the nearest key that exists; nothing was started."""
    tree.write("pyproject.toml", f"[tool.s2c]\n{table}\n")
    ended = clean(run(tree.root, "plan"), 3)
    assert said in ended.err
    assert ended.err.startswith("s2c: ")
    assert ended.out == ""
    assert sorted(path.name for path in tree.root.iterdir()) == ["dodo.py", "pyproject.toml"]


def test_a_wrong_variable_is_told(project: Tree) -> None:
    """A setting from the environment is checked as well, and named as it was written there."""
    ended = clean(project.s2c("plan", env={"S2C_JOBS": "²"}), 3)
    assert ended.err == "s2c: environment variable S2C_JOBS: jobs must be a whole number, not '²'\n"


def test_a_project_is_found_from_below(project: Tree) -> None:
    """In a subfolder the plan is the project's."""
    whole = clean(project.s2c("plan"), 0)
    assert clean(run(project.root / "lib", "plan"), 0).out == whole.out


def test_an_empty_folder_is_an_empty_project(tree: Tree) -> None:
    """Without specs and settings there is nothing to do, and that is no error."""
    assert (
        clean(run(tree.root, "plan"), 0).out
        == "0 up to date; round 1: at most 0 requests for 0 specs, 0 prompt tokens\n"
    )


def test_who_stops_reading_gets_no_complaint(project: Tree) -> None:
    """`s2c plan | head -1`: an output that is closed early is no error and no traceback."""
    project.s2c("plan")
    read, write = os.pipe()
    os.close(read)
    for buffered in ("", "1"):
        done = subprocess.run(
            [sys.executable, "-m", "s2c.cli", "plan"],
            cwd=project.root, env={**os.environ, "PYTHONUNBUFFERED": buffered},
            stdout=write, stderr=subprocess.PIPE, timeout=60, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, b"")
    os.close(write)


def test_names_that_the_terminal_cant_show_are_no_trouble(tree: Tree) -> None:
    """A file name beyond the terminal's alphabet, or one that is no text at all, is shown as well as can be."""
    tree.write("größe.dfy", HALF)
    (tree.root / os.fsdecode(b"raw\xff.dfy")).write_text(HALF, encoding="utf-8")
    for encoding, shown in (("ascii", "gr\\xf6\\xdfe.dfy: ask"), ("utf-8", "größe.dfy: ask")):
        ended = clean(run(tree.root, "plan", env={"PYTHONIOENCODING": encoding}), 0)
        assert shown in ended.out
        assert "raw\\udcff.dfy: ask" in ended.out
    assert "raw\\udcff.dfy" in clean(run(tree.root, "plan", "--json"), 0).out


def test_usage_is_told() -> None:
    """Without a command, or with an unknown one, the usage is shown, exit code 2; --help and --version are 0."""
    for arguments in ([], ["plane"]):
        assert "usage: s2c" in clean(run(Path.cwd(), *arguments), 2).err
    assert clean(run(Path.cwd(), "--version"), 0).out == f"s2c {__version__}\n"
    assert "plan" in clean(run(Path.cwd(), "--help"), 0).out
