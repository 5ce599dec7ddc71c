"""Whole builds against a real model on this machine: llama.cpp's server, which answers what a small base model says.

Needs the extra `localmodel` (340 MB); without it the tests are skipped, and say so. See docs/endpoints.md.
"""

import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import local_model, stand_in
from tests.crashes import heard
from tests.projects import Ended, Tree

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(local_model.missing()),
        reason=f"no local model: {', '.join(local_model.missing())} not installed (pip install -e '.[localmodel]')",
    ),
]

SPEC = """method Next(n: int) returns (r: int)
  ensures r == n + 1
// <vc-code>
{
  assume false;
}
// </vc-code>
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the model lies for as long as these tests run."""
    made = tmp_path_factory.mktemp("model")
    yield made
    for path in made.iterdir():
        path.unlink()


@contextmanager
def served(tree: Tree, folder: Path, *options: str) -> Iterator[None]:
    """The model, served for this project."""
    command = [sys.executable, local_model.__file__, str(folder), *options]
    with (tree.root.parent / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().decode().strip()
        assert url, (tree.root.parent / "server.log").read_text(errors="replace")
        until_ready(url)
        tree.configure(base_url=url)
        yield
    finally:
        process.terminate()
        process.wait(60)
        process.stdout.close()


def until_ready(url: str) -> None:
    """Wait for the model: the server answers 503 while it loads."""
    for _ in range(240):
        try:
            with urllib.request.urlopen(f"{url.removesuffix('/v1')}/health", timeout=5):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail("the model did not load")


@pytest.fixture
def project(tree: Tree, tmp_path: Path) -> Tree:
    """One spec with one hole, and a verifier that is played."""
    stand_in.install(tree, tmp_path / "tool")
    tree.write("next.dfy", SPEC)
    tree.configure(model="gemma-3-270m", max_output=256, max_attempts=1, requests=1, batch_specs=1)
    return tree


def clean(ended: Ended, code: int) -> Ended:
    """A run with this exit code, and no traceback."""
    assert ended.code == code, ended.text
    assert "Traceback" not in ended.text
    return ended


def finishes(tree: Tree) -> list[tuple[object, bool]]:
    """How each answer of the last run ended, and whether the endpoint counted its tokens."""
    return [(one["finish"], int(str(one["prompt"])) > 0) for one in heard(tree) if one["event"] == "answer"]


def test_a_truncated_answer_is_told_as_such(project: Tree, folder: Path) -> None:
    """What the model says of its own, cut off by the request's limit: incomplete, with the reason; the run ends."""
    with served(project, folder):
        said = clean(project.doit(), 1).text
    assert ("length", True) in finishes(project)
    assert project.states == {"next.dfy": "incomplete"}
    assert "its answer alone is longer than max_output (256 tokens)" in said
    assert project.summary["cost"] == "unknown"


def test_rubbish_is_told_as_such(project: Tree, folder: Path) -> None:
    """A whole answer in which no fill stands: incomplete, and the model had its say to the end."""
    with served(project, folder, "--grammar", 'root ::= [a-z ]{8} "\\n"'):
        said = clean(project.doit(), 1).text
    assert ("stop", True) in finishes(project)
    assert project.states == {"next.dfy": "incomplete"}
    assert "no answer for it (stop)" in said


def test_a_prompt_that_does_not_fit_is_told(project: Tree, folder: Path) -> None:
    """The server refuses what is longer than its context: it says how long, and s2c what to set."""
    with served(project, folder, "--context", "1024"):
        said = clean(project.doit(), 1).text
    assert finishes(project) == []
    assert "exceeds the available context size (1024 tokens)" in said
    assert "smaller batch_size" in said


def test_a_right_answer_is_verified(project: Tree, folder: Path) -> None:
    """Held to a right answer by a grammar, the same model proves the spec: prompt, stream, usage and store are real."""
    prompt = project.s2c("prompt", "next.dfy").out
    mark = prompt.rpartition(" DONE COUNT")[0].rpartition("\n")[2]
    lines = [f"{mark} BEGIN F1.h1", "r := n + 1;", f"{mark} END F1.h1", f"{mark} DONE 1", ""]
    text = "\\n".join(lines)  # as GBNF writes the end of a line
    with served(project, folder, "--grammar", f'root ::= "{text}"'):
        clean(project.doit(), 0)
        clean(project.doit(), 0)
    assert project.states == {"next.dfy": "verified"}
