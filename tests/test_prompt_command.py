"""`s2c prompt`: what it prints is, byte for byte, what a run sends; nothing is sent, and its counts are the run's."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests import chain, stand_in
from tests.chain import clean
from tests.loopback import Received
from tests.projects import Tree
from tests.test_keys import READS, VALUE


@pytest.fixture
def project(tree: Tree, tmp_path: Path) -> Tree:
    """Three specs that import each other in a row, never built."""
    return chain.lay(tree, tmp_path / "tool")


def prompt(tree: Tree, path: str) -> dict[str, Any]:
    """What it says for a program."""
    found: dict[str, Any] = json.loads(clean(tree.s2c("prompt", path, "--json")).out)
    return found


def sent(received: Received) -> list[dict[str, str]]:
    """The messages of a request as they came in."""
    return [{"role": one["role"], "content": one["content"]} for one in received.body["messages"]]


def test_it_is_what_a_run_sends(project: Tree) -> None:
    """For a first attempt, with and without imports: the same messages, the same count, the same limit."""
    with chain.served(project) as server:
        for number, path in enumerate(("lib/math.dfy", "top.dfy", "far.dfy")):
            shown = prompt(project, path)
            assert len(server.requests) == number
            clean(project.doit(f"generate:{path}"))
            assert shown["messages"] == sent(server.requests[number])
            assert shown["tokens"]["total"] == server.requests[number].prompt_tokens
            assert shown["max_output"] == server.requests[number].max_output
            assert (shown["attempt"], shown["state"], shown["note"]) == (1, "ask", "")


def test_it_is_what_a_run_sends_after_a_failure(project: Tree) -> None:
    """With an attempt on record it is the repair: the fills that failed and what was said, asked for once more."""
    project.configure(max_attempts=1)
    with chain.served(project, "0", "n + 1") as server:
        clean(project.doit("generate:lib/math.dfy"), 1)
        assert "its 1 attempts are used up" in prompt(project, "lib/math.dfy")["note"]
        project.configure(max_attempts=2)
        shown = prompt(project, "lib/math.dfy")
        assert (shown["attempt"], shown["note"]) == (2, "")
        assert "r := 0;" in shown["messages"][1]["content"]
        clean(project.doit("generate:lib/math.dfy"))
        assert shown["messages"] == sent(server.requests[1])


def test_it_is_what_a_run_sends_with_context(project: Tree) -> None:
    """With context_aware the declarations that specs share are in it, as in the run's, and are counted."""
    for number in range(3):
        project.write(f"same{number}.dfy", f"function Same(n: int): int {{ n }}\n{stand_in.spec(f'S{number}', 'n')}")
    without = prompt(project, "lib/math.dfy")
    project.configure(context_aware=True)
    with chain.served(project) as server:
        shown = prompt(project, "lib/math.dfy")
        clean(project.doit("generate:lib/math.dfy"))
    assert shown["messages"] == sent(server.requests[0])
    assert (without["tokens"]["context"], shown["tokens"]["context"] > 0) == (0, True)


def test_messages_go_to_one_stream_and_counts_to_the_other(project: Tree) -> None:
    """`s2c prompt X > file` has the messages and nothing else; the table of tokens is on standard error."""
    shown = prompt(project, "top.dfy")
    ended = clean(project.s2c("prompt", "top.dfy"))
    system, user = shown["messages"]
    assert ended.out == f"===== system =====\n{system['content']}\n===== user =====\n{user['content']}\n"
    rows = dict(line.split() for line in ended.err.splitlines()[1:])
    assert ended.err.startswith("attempt 1; tokens, each part counted alone:\n")
    assert {name: int(count) for name, count in rows.items()} == shown["tokens"]


def test_the_parts_are_all_there_is(project: Tree) -> None:
    """System, context, imports, spec and instructions; together they are the total, but for what joins them."""
    counts = prompt(project, "top.dfy")["tokens"]
    assert list(counts) == ["system", "context", "imports", "spec", "instructions", "total"]
    assert all(counts[name] > 0 for name in ("system", "imports", "spec", "instructions"))
    assert abs(counts["total"] - sum(counts[name] for name in list(counts)[:-1])) <= 4


def test_what_a_run_would_do_first_is_said(project: Tree) -> None:
    """Where a run would try something free, or send nothing, the prompt is shown with a word of that beside it."""
    chain.build(project)
    assert prompt(project, "top.dfy")["note"].startswith("it is up to date: a run sends this only with fresh=1")
    assert "is up to date" in clean(project.s2c("prompt", "top.dfy")).err
    project.write("top.dfy", chain.spec("top.dfy", "n + 9"))
    assert prompt(project, "top.dfy")["note"].startswith("older fills are tried first")
    project.configure(model="")
    assert "no model is set" in prompt(project, "top.dfy")["note"]


def test_a_fill_that_does_not_stand_is_told(project: Tree) -> None:
    """What it can see of an import must be there first: one error that says which file, and what to run."""
    project.write("value.dfy", VALUE)
    project.write("reads.dfy", READS)
    ended = clean(project.s2c("prompt", "reads.dfy"), 2)
    assert ended.err == (
        "s2c: reads.dfy can see what is filled into value.dfy, and no such fill stands yet\n"
        "  -> `doit generate:value.dfy` first: the prompt shows that fill\n"
    )
    assert ended.out == ""
    assert prompt(project, "value.dfy")["state"] == "ask"


def test_what_is_never_asked_for_is_told(project: Tree) -> None:
    """A spec without holes, one that can't be read, and one that is not there: one error each, exit code 2."""
    project.write("given.dfy", "method Given(n: int)\n{\n}\n")
    assert clean(project.s2c("prompt", "given.dfy"), 2).err.startswith("s2c: given.dfy has no holes")
    project.write("broken.dfy", "method (\n")
    assert clean(project.s2c("prompt", "broken.dfy"), 2).err.startswith("s2c: broken.dfy:1:")
    assert "-> did you mean given.dfy?" in clean(project.s2c("prompt", "givn.dfy"), 2).err


def test_nothing_is_sent_and_nothing_kept(project: Tree) -> None:
    """It sends no request and runs no verifier, and says the same each time, whatever the hash seed."""
    with chain.served(project) as server:
        said = {project.s2c("prompt", "far.dfy", env={"PYTHONHASHSEED": str(seed)}).text for seed in range(3)}
        assert server.requests == []
    assert len(said) == 1
    assert not os.path.lexists(project.root / "build")
    assert stand_in.runs(project.root.parent / "tool") == 0
