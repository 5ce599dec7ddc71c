"""Warm verifiers: they refute what is not proved, and whatever they are, nothing else comes of them."""

import os
import shutil
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from pathlib import Path

import pytest

from s2c import warm
from s2c.languages.base import Job, Reading, language
from s2c.languages.dafny.verifier import LEGACY, MODERN
from s2c.model import Span, VerdictKind
from s2c.process import Tool
from s2c.sandbox import execute
from s2c.warm import FEW, Cold, Warm
from tests.dafny_tools import installed
from tests.loopback import Server
from tests.openai_server import AnswerBook, answer_fills
from tests.projects import Tree

PLAYED = Path(__file__).parent / "replay/dafny_server"
HONEST = b"method M(n: int) returns (r: int)\n  ensures r == n + 1\n  ensures false\n{\n  r := n + 1;\n}\n"
RIGHT = HONEST.replace(b"  ensures false\n", b"")
UNSOUND = b'include "odd.dfy"\nlemma L(n: int)\n  ensures n == n\n  ensures false\n{\n  Odd(n);\n}\n'
ODD = b"lemma {:axiom} Odd(n: int)\n  ensures n == n + 1\n"
PATIENCE = 120.0
HOLE = "// <vc-code>\n{\n}\n// </vc-code>\n"


def tool(mode: str) -> Tool:
    """The played server as a tool."""
    return Tool("dafny", "Dafny", "4.11.0", MODERN, (sys.executable, "-I", "-S", str(PLAYED), mode), f"played {mode}")


def asked(some: Warm, real: Tool, source: bytes, *, whole: bool = False) -> "Future[Reading | None]":
    """The question whether the `ensures false` of this file is refuted, or the whole of it."""
    at = 0 if whole else source.index(b"ensures false")
    files = {"folder/m.dfy": source, "folder/odd.dfy": ODD}
    clause = None if whole else Span(at, at + len(b"ensures false"))
    return some.refutes(real, Job(files, ("folder/m.dfy",)), "folder/m.dfy", clause)


def answers(some: Warm, real: Tool, *sources: bytes, whole: bool = False) -> list[bool]:
    """Whether these are refuted, after the few that are left to cold processes."""
    assert not any(asked(some, real, HONEST).result(0) for _ in range(FEW))
    told = [asked(some, real, source, whole=whole) for source in sources]
    return [one.result(PATIENCE) is not None for one in told]


@pytest.fixture
def pool() -> Iterator[Warm]:
    """Warm verifiers, ended with the test; nothing of them may be left."""
    before = running()
    with Warm(2) as made:
        yield made
    ends = time.monotonic() + 10
    while running() - before and time.monotonic() < ends:
        time.sleep(0.05)
    assert running() - before == set()


def running() -> set[str]:
    """The processes of warm servers that this one has started, itself or through others."""
    found, parents = set(), {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words, status = (place / "cmdline").read_bytes(), (place / "stat").read_text(encoding="utf-8")
        except OSError:
            continue
        parents[place.name] = status.rpartition(")")[2].split()[1]
        if b"server" in words.split(b"\0"):
            found.add(place.name)
    return {one for one in found if str(os.getpid()) in ancestors(one, parents)}


def ancestors(one: str, parents: Mapping[str, str]) -> Iterator[str]:
    """The processes that a process comes from."""
    while one in parents:
        one = parents[one]
        yield one


def test_what_is_not_proved_is_refuted(pool: Warm) -> None:
    """And what is proved, although it is false, is not: a cold process says what that means."""
    assert answers(pool, tool("well"), HONEST, UNSOUND, HONEST) == [True, False, True]


def test_what_fails_elsewhere_in_the_file_refutes_no_clause(pool: Warm) -> None:
    """A postcondition of another declaration is not what was asked about."""
    beside = UNSOUND + RIGHT.replace(b"r := n + 1", b"r := n")
    assert answers(pool, tool("well"), beside, HONEST) == [False, True]


def test_a_file_that_is_wrong_is_refuted_in_the_words_of_a_cold_run(pool: Warm) -> None:
    """What is right is not; a refutation names the place, as a cold run would."""
    assert answers(pool, tool("well"), RIGHT, HONEST, whole=True) == [False, True]
    refuted = asked(pool, tool("well"), HONEST, whole=True).result(PATIENCE)
    assert refuted is not None
    (told,) = refuted.diagnostics
    assert (refuted.kind, refuted.reason, told.path, told.line) == (VerdictKind.FAILED, "no", "folder/m.dfy", 1)
    assert told.message == "no [folder/m.dfy:3:11: this is the postcondition that could not be proved: ensures false]"


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("mode", ["yes", "no", pytest.param("before", marks=pytest.mark.slow), "dies", "floods"])
def test_one_that_can_not_be_believed_refutes_nothing(pool: Warm, mode: str, *, whole: bool) -> None:
    """It says yes to everything, or no, or answers for another file, dies, floods: all goes cold."""
    assert answers(pool, tool(mode), *[HONEST, UNSOUND] * 3, whole=whole) == [False] * 6
    assert not asked(pool, tool(mode), HONEST).result(PATIENCE)


@pytest.mark.slow
def test_one_that_grows_is_ended(pool: Warm) -> None:
    """It may refute what is wrong until it has taken more than it may; never what is proved."""
    told = answers(pool, tool("grows"), *[HONEST, UNSOUND] * 6)
    assert told[1::2] == [False] * 6
    assert False in told[::2]


@pytest.mark.slow
def test_one_that_hangs_is_given_up(pool: Warm) -> None:
    """After its time it is killed, and its questions go cold."""
    assert answers(pool, tool("hangs"), HONEST, UNSOUND) == [False, False]


def test_one_that_nobody_understands_holds_nothing_up(pool: Warm) -> None:
    """It was sound, and then says what has no known form, or has from the first word: all goes cold."""
    assert answers(pool, tool("odd"), *[HONEST] * 3, whole=True) == [False] * 3
    assert answers(pool, tool("babbles"), *[HONEST] * 3) == [False] * 3


def test_one_that_is_killed_refutes_nothing(pool: Warm) -> None:
    """With SIGKILL, again and again, while it owes answers: all goes cold, and the run is not held up."""
    told = [asked(pool, tool("hangs"), HONEST) for _ in range(FEW + 3)][FEW:]
    ends = time.monotonic() + PATIENCE
    while not all(one.done() for one in told) and time.monotonic() < ends:
        for one in running():
            os.kill(int(one), signal.SIGKILL)
        time.sleep(0.05)
    assert [one.result(0) for one in told] == [None] * 3


def test_answers_count_only_after_the_test_that_follows() -> None:
    """One that was sound at its beginning and is not any more has refuted nothing."""
    assert warm.HELD > 1
    with Warm(2) as made:  # it dies at its third document: the test after two answers
        assert answers(made, tool("dies"), HONEST) == [False]


def test_a_pool_that_is_closed_refutes_nothing() -> None:
    """What waits when the run ends goes nowhere, at once."""
    made = Warm(2)
    for _ in range(FEW):
        asked(made, tool("hangs"), HONEST)
    waiting = [asked(made, tool("hangs"), HONEST) for _ in range(5)]
    made.close()
    assert [one.result(5) for one in waiting] == [None] * 5
    assert not asked(made, tool("well"), HONEST).result(5)


def test_only_dafny_4_has_them(pool: Warm) -> None:
    """2.3, Lean and Verus are not asked; nor is a file whose check has options of its own."""
    for other in (
        Tool("dafny", "Dafny", "2.3.0", LEGACY, ("dafny",), "a"),
        Tool("lean", "Lean", "4", "", ("lean",), "b"),
        Tool("verus", "Verus", "1", "", ("verus",), "c"),
    ):
        assert [asked(pool, other, HONEST).result(0) for _ in range(FEW + 2)] == [None] * (FEW + 2)
    job, clause = Job({"m.dfy": HONEST}, ("m.dfy",), options=("--function-syntax:3",)), Span(0, 9)
    assert [pool.refutes(tool("well"), job, "m.dfy", clause).result(0) for _ in range(FEW + 2)] == [None] * (FEW + 2)
    assert not Cold().refutes(tool("well"), job, "m.dfy", clause).result(0)


def test_a_real_server_refutes_and_does_not(pool: Warm, dafny4: tuple[str, ...]) -> None:
    """Real Dafny 4: an honest twin is refuted, one whose body proves false is not; includes are found."""
    real = installed(dafny4)
    assert answers(pool, real, HONEST, UNSOUND, HONEST) == [True, False, True]


WRONG = {
    "a postcondition": "  ensures r == n + 1\n  ensures r > n\n{\n  r := n;\n}",
    "what an included file asks for": "{\n  Lib(n); // \u00e4\U0001f600\n  r := Lib2(n);\n}",
    "an invariant": "{\n  var i := 0;\n  while i < 10\n    invariant i < 5\n  {\n    i := i + 1;\n  }\n}",
    "termination": "{\n  r := M(n);\n}",
    "a name": "{\n  r := m;\n  r := true;\n}",
    "syntax": "{\n  r := ;;\n}",
}
LIBRARY = b"lemma {:axiom} Lib(n: int)\n  requires n > 0\n\nfunction Lib2(n: int): int\n  requires n > 7\n"
OUT_OF_BUDGET = """lemma H(a: nat, b: nat, c: nat, d: nat)
  ensures a*a*a*b + c*c*c*d*d != d*a*b*d*d*d + 7 || a*b*c == d*d*d*d + 1 || a*a*a*a*b*b + 1 != c*c*d*d*d
{
}
"""


def test_a_real_server_says_what_a_cold_run_says(pool: Warm, dafny4: tuple[str, ...]) -> None:
    """Kind, reason and every message at its place are the same; what ran out of its budget is not refuted."""
    real, verifier = installed(dafny4), language("dafny").verifier
    assert not any(asked(pool, real, HONEST).result(0) for _ in range(FEW))
    jobs = {}
    for name, body in WRONG.items():
        source = f'include "../lib.dfy"\nmethod M(n: int) returns (r: int)\n{body}\n'.encode()
        jobs[name] = Job({"a/m.dfy": source, "lib.dfy": LIBRARY}, ("a/m.dfy",))
    warm_ones = {name: pool.refutes(real, job, "a/m.dfy") for name, job in jobs.items()}
    for name, job in jobs.items():
        cold = verifier.read(real, job, execute(verifier.check(real, job)))
        assert cold.kind is not VerdictKind.VERIFIED
        refuted = warm_ones[name].result(PATIENCE)
        assert refuted is not None, name
        assert (refuted.kind, refuted.reason, refuted.diagnostics) == (cold.kind, cold.reason, cold.diagnostics), name
    hard = Job({"h.dfy": OUT_OF_BUDGET.encode()}, ("h.dfy",))
    assert pool.refutes(real, hard, "h.dfy").result(PATIENCE) is None


@pytest.mark.slow
def test_repairs_are_what_they_are_without_them(tree: Tree, dafny4: tuple[str, ...]) -> None:
    """Where many answers are wrong, states, attempts and every prompt are the same, and fewer processes run."""
    tree.dafny = dafny4
    book = []
    for number in range(8):
        tree.write(f"m{number}.dfy", f"method M{number}(n: int) returns (r: int)\n  ensures r == n + {number}\n{HOLE}")
        texts = [f"  r := n + {number + 1};", f"  r := n + {number};"]
        book.append({"match": f"method M{number}(n: int) returns (r: int)", "fills": {"h1": texts}})
    found = {}
    for warm_too in (True, False):
        for place in ("build", "cache", ".doit.db"):
            gone = tree.root / place
            shutil.rmtree(gone) if gone.is_dir() else gone.unlink(missing_ok=True)
        with Server(answer_fills(AnswerBook(book))) as server:
            tree.configure(model="m-1", base_url=server.url, warm=warm_too)
            ended = tree.doit("generate")
            prompts = [one.prompt for one in server.requests]
        assert ended.code == 0, ended.text
        rows = {one["path"]: (one["state"], tuple(one["remarks"])) for one in tree.summary["rows"]}
        found[warm_too] = rows, prompts, tree.summary["verifier_runs"]
    assert found[True][:2] == found[False][:2]
    assert found[True][2] < found[False][2]


def test_a_build_with_them_comes_to_the_same(tree: Tree, dafny4: tuple[str, ...]) -> None:
    """Honest fills are verified, one that proves false from its own contract is told, as without them."""
    tree.dafny = dafny4
    book = []
    for number in range(9):
        tree.write(f"m{number}.dfy", f"method M{number}(n: int) returns (r: int)\n  ensures r == n + {number}\n{HOLE}")
        book.append({"match": f"method M{number}(n: int) returns (r: int)", "fills": {"h1": f"  r := n + {number};"}})
    tree.write("vacuous.dfy", f"lemma V(n: int)\n  requires n > n\n  ensures n == 0\n{HOLE}")
    book.append({"match": "lemma V(n: int)", "fills": {"h1": "  assert n > n;"}})
    states = {}
    for warm_too in (True, False):
        with Server(answer_fills(AnswerBook(book))) as server:
            tree.configure(model="m-1", base_url=server.url, warm=warm_too)
            ended = tree.doit("generate" if warm_too else "recheck=1")
        assert ended.code == 0, ended.text
        states[warm_too] = {one["path"]: (one["state"], tuple(one["remarks"])) for one in tree.summary["rows"]}
    assert states[True] == states[False]
    assert states[True]["m8.dfy"] == ("verified", ())
    assert states[True]["vacuous.dfy"] == ("verified", ("spec-vacuous: V",))
