"""What real Dafnys do with what s2c asks of them; each test once for each generation that is here."""

import dataclasses
import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from s2c.languages.base import Budget, Job, Outcome, Reading
from s2c.languages.dafny.verifier import LEGACY
from s2c.model import VerdictKind
from s2c.process import Limits, Tool
from s2c.sandbox import execute
from tests.dafny_tools import LAYOUT, VERIFIER, declaration, installed

PROVED, FAILED, OPEN = Outcome.PROVED, Outcome.FAILED, Outcome.OPEN


@pytest.fixture
def real(dafny: tuple[str, ...]) -> Tool:
    """A real Dafny, as s2c finds it."""
    return installed(dafny)


def judge(real: Tool, files: Mapping[str, str], *members: str, swap: Mapping[str, str] | None = None) -> Reading:
    """The reading of a real run; `swap` replaces arguments."""
    job = Job({name: text.encode() for name, text in files.items()}, members or tuple(files))
    run = VERIFIER.check(real, job)
    command = tuple((swap or {}).get(word, word) for word in run.command)
    return VERIFIER.read(real, job, execute(dataclasses.replace(run, command=command)))


@pytest.mark.dafny
def test_the_self_tests_end_as_promised(real: Tool) -> None:
    """A good file, a bad one, and one that exit code 0 would pass without the strict mode."""
    for test in VERIFIER.self_tests(real):
        reading = VERIFIER.read(real, test.job, execute(VERIFIER.check(real, test.job)))
        assert reading.kind is test.must_be, test.name
        assert all(reading.outcomes.get(name) is PROVED for name in test.proved)


@pytest.mark.dafny
def test_identity_holds_what_decides(real: Tool) -> None:
    """Dafny, its prelude, a runtime and a solver are among the files, and all of them exist."""
    files = VERIFIER.identity_files(real.command, LAYOUT)
    assert list(files) == sorted(set(files))
    assert all(path.is_file() for path in files)
    names = {path.name for path in files}
    assert {"DafnyPrelude.bpl"} < names
    assert {"Dafny.exe", "Dafny.dll"} & names
    assert {"mscorlib.dll", "System.Private.CoreLib.dll"} & names
    assert any(name.startswith("z3") for name in names)


FALSE_CYCLE = {
    "a.dfy": 'include "b.dfy"\nlemma A() ensures false\n{\n  B();\n}\n',
    "b.dfy": 'include "a.dfy"\nlemma B() ensures false\n{\n  A();\n}\n',
}


@pytest.mark.dafny
def test_a_cycle_can_not_prove_false(real: Tool) -> None:
    """Two lemmas that prove each other false through an include cycle are both refused when both are members."""
    reading = judge(real, FALSE_CYCLE)
    assert reading.kind is VerdictKind.FAILED
    assert reading.outcomes == {"A (correctness)": FAILED, "B (correctness)": FAILED}


@pytest.mark.dafny
def test_members_are_verified_and_imports_are_not(real: Tool) -> None:
    """All members of an include cycle are looked at; a false lemma of a file outside it is not."""
    mutual = "lemma {}(n: nat) ensures n >= 0 decreases n {{ if n > 0 {{ {}(n - 1); }} }}\n"
    files = {
        "sub/p.dfy": 'include "../q.dfy"\ninclude "../lib.dfy"\n' + mutual.format("P", "Q"),
        "q.dfy": 'include "sub/p.dfy"\n' + mutual.format("Q", "P"),
        "lib.dfy": "lemma L() ensures false { }\n",
    }
    reading = judge(real, files, "sub/p.dfy", "q.dfy")
    assert reading.kind is VerdictKind.VERIFIED, reading.reason
    assert reading.outcomes == {"P (correctness)": PROVED, "Q (correctness)": PROVED}
    everything = judge(real, files)
    assert everything.outcomes == {"P (correctness)": PROVED, "Q (correctness)": PROVED, "L (correctness)": FAILED}


NAMES = """lemma top() ensures 1 + 1 == 2 {}
module A {
  class B' { method f() returns (r: int) ensures r == 1 { r := 1; } }
  module C {
    class D_ { var x: int constructor () ensures x == 1 { x := 1; } constructor Nm() ensures x == 2 { x := 2; } }
    module E_x { lemma g_h?() ensures 1 + 1 == 2 {} }
  }
  function F(n: nat): nat ensures F(n) == n { if n == 0 then 0 else 1 + F(n - 1) }
  predicate P?(n: int) requires n != 0 ensures P?(n) ==> n != 0 { 1 / n == 1 / n }
}
module Z { module C { method f() returns (r: int) ensures r == 1 { r := 1; } } }
"""
OWED = {
    "top": "lemma", "A.B'.f": "method", "A.C.D_._ctor": "constructor", "A.C.D_.Nm": "constructor",
    "A.C.E_x.g_h?": "lemma", "A.F": "function", "A.P?": "predicate",
}  # fmt: skip


@pytest.mark.dafny
def test_owed_names_are_the_reported_ones(real: Tool) -> None:
    """Modules in modules, classes, constructors, primes and question marks: each owed name is found, proved."""
    files = {"a.dfy": NAMES.replace("module C { method", "module C2 { method")}
    reading = judge(real, files)
    assert reading.kind is VerdictKind.VERIFIED, reading.reason
    for name, kind in OWED.items():
        assert reading.outcomes[str(VERIFIER.owed(real, declaration(name, kind)))] is PROVED
    assert judge(real, {"a.dfy": NAMES}).outcomes.get("C.f (correctness)") is None


@pytest.mark.dafny
def test_one_failure_does_not_hide_the_others(real: Tool) -> None:
    """In a failed run every other outcome is there: a twin is looked up by name in such a run."""
    files = {"a.dfy": "lemma X() ensures 1 == 2 {}\nlemma Y() ensures 1 == 1 {}\nmethod Z(n: int) ensures n > 0 {}\n"}
    reading = judge(real, files)
    assert reading.kind is VerdictKind.FAILED
    assert reading.outcomes == {"X (correctness)": FAILED, "Y (correctness)": PROVED, "Z (correctness)": FAILED}


@pytest.mark.dafny
def test_a_body_that_is_swallowed_owes_its_name(real: Tool) -> None:
    """Exit code 0, `0 errors`: the tool has nothing against it, but the owed name is absent."""
    reading = judge(real, {"a.dfy": "module Evil { method solve() ensures true { assert 1 == 1; } }\n/*\n*/"})
    assert reading.kind is VerdictKind.VERIFIED
    assert VERIFIER.owed(real, declaration("solve")) not in reading.outcomes
    assert not judge(real, {"a.dfy": "// nothing\n"}).outcomes


HARD = """function Ack(m: nat, n: nat): nat
  decreases m, n
{
  if m == 0 then n + 1
  else if n == 0 then Ack(m - 1, 1)
  else Ack(m - 1, Ack(m, n - 1))
}
lemma Hard() ensures Ack(4, 2) == 1 {}
lemma Easy() ensures 1 + 1 == 2 { assert 2 == 2; }
"""
SHORT = {"/timeLimit:30": "/timeLimit:1", "--resource-limit:50000000": "--resource-limit:100000"}


@pytest.mark.dafny
def test_a_budget_that_is_used_up_leaves_it_open(real: Tool) -> None:
    """Time (2.3) or resources (4) run out: told as such, the obligation is open, the other one proved."""
    reading = judge(real, {"a.dfy": HARD}, swap=SHORT)
    assert reading.kind is (VerdictKind.TIMEOUT if real.generation == LEGACY else VerdictKind.RESOURCE)
    assert (reading.outcomes["Hard (correctness)"], reading.outcomes["Easy (correctness)"]) == (OPEN, PROVED)


@pytest.mark.dafny
def test_places_are_those_of_the_jobs_files(real: Tool) -> None:
    """A name with blanks in a folder, characters of two, three and four bytes: path and column are right."""
    source = 'include "../c.dfy"\nmethod M() {\n  var s := "äß≤😀"; assert 1 == 2;\n}\n'
    reading = judge(real, {"d e/é f.dfy": source, "c.dfy": "method N() { assert 3 == 4; }\n"}, "d e/é f.dfy")
    [one] = reading.diagnostics
    assert (one.path, one.line) == ("d e/é f.dfy", 3)
    assert one.excerpt[one.column - 1 :].startswith(("==", "assert"))
    assert one.excerpt == source.split("\n")[2]


@pytest.mark.dafny
@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("method M( {\n}\n", VerdictKind.SYNTAX),
        ("method M() { x := 1; }\n", VerdictKind.TYPE),
        ('include "none.dfy"\n', VerdictKind.TOOL_CRASH),
    ],
)
def test_what_can_not_be_verified_at_all(real: Tool, source: str, kind: VerdictKind) -> None:
    """Parse and type errors are told with their place; a file that is not there is trouble of the run."""
    reading = judge(real, {"a.dfy": source})
    assert reading.kind is kind
    assert reading.diagnostics


def mentions(place: str) -> list[str]:
    """Processes whose environment speaks of `place`."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if (
                entry.name.isdigit()
                and place.encode() in (entry / "environ").read_bytes()
                and int(entry.name) != os.getpid()
            ):
                found.append((entry / "cmdline").read_bytes().decode())
        except OSError:
            continue
    return found


@pytest.mark.dafny
def test_no_solver_is_left_behind(real: Tool, tmp_path: Path) -> None:
    """Killed by the wall clock in the middle of a proof, neither Dafny nor its z3 goes on."""
    place = tmp_path / "runs"
    place.mkdir()
    run = VERIFIER.check(real, Job({"a.dfy": HARD.encode()}, ("a.dfy",), Budget()))
    raw = execute(dataclasses.replace(run, limits=Limits(3)), root=place)
    assert raw.killed == "wall"
    assert not mentions(str(place))
    assert not list(place.iterdir())


@pytest.mark.dafny
def test_a_solver_that_dies_is_trouble_of_the_tool(real: Tool, tmp_path: Path) -> None:
    """A z3 that can't be used is never a verdict on the proof."""
    dead = tmp_path / "z3"
    dead.write_text("#!/bin/sh\nexit 3\n")
    dead.chmod(0o755)
    option = f"/z3exe:{dead}" if real.generation == LEGACY else f"--solver-path:{dead}"
    reading = judge(real, {"a.dfy": HARD}, swap={"a.dfy": "a.dfy", "/nologo": option, "--cores:1": option})
    assert reading.kind is VerdictKind.TOOL_CRASH
