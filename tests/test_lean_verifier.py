"""What Lean's output is read as: every known transcript, replayed through small executables; and liars."""

import re
from pathlib import Path

import pytest

from s2c.languages.base import Outcome
from s2c.model import Assumption, Diagnostic, VerdictKind
from s2c.process import Limits, Run
from s2c.sandbox import execute
from tests.lean_tools import VERIFIER, job, judged, message, program, proved, saying, tool

PROVED, FAILED = Outcome.PROVED, Outcome.FAILED

# file, exit code, class, and each diagnostic: line, column, severity, first line of the message (its beginning).
# a08 to a13 are of the REPL, a14 to a16 of lean4checker, a17 of SafeVerify: other tools, whose words are not believed.
TRANSCRIPTS = """
a01 1 type
    1:42 error unknown identifier 'foo_bar_baz'
    3:1 info 'tfl_main' depends on axioms: [sorryAx]
a02 0 incomplete
    1:9 warning declaration uses 'sorry'
    3:1 info 'tfl_main' depends on axioms: [sorryAx]
a03 0 verified
    3:1 info 'tfl_main' does not depend on any axioms
a04 0 incomplete
    1:9 warning declaration uses `sorry`
a05 134 tool-crash
a06 0 incomplete
    1:9 warning declaration uses `sorry`
a07 1 tool-crash
    3:3 error (deterministic) timeout at `whnf`, maximum number of heartbeats (200000) has been reached
    9:1 info 'A.one' depends on axioms: [propext, sorryAx]
a08 0 tool-crash
a09 0 tool-crash
a10 0 tool-crash
a11 0 tool-crash
a12 0 tool-crash
a13 0 tool-crash
a14 1 tool-crash
a15 1 tool-crash
a16 1 tool-crash
a17 0 tool-crash
b01 1 type
    35:3 error Type mismatch
b02 1 type
    55:15 error Unknown constant `Int.dvd_gcd.mp`
b03 1 failed
    58:63 error unsolved goals
b04 1 type
    170:16 error failed to prove termination, possible solutions:
    212:3 error Type mismatch
    213:3 error No goals to be solved
    193:7 warning declaration uses 'sorry'
    199:7 warning declaration uses 'sorry'
    204:7 warning declaration uses 'sorry'
b05 1 timeout
    79:15 error Tactic `simp` failed with a nested error:
b06 1 type
    48:5 error unsolved goals
    63:11 error Unknown identifier `dvd_iff_emod_eq_zero`
    83:30 error omega could not prove the goal:
    94:5 error Tactic `constructor` failed: target is not an inductive datatype
b07 1 syntax
    57:76 error expected token
    63:58 error expected token
    82:5 error No goals to be solved
    88:7 error `simp` made no progress
    114:7 error `simp` made no progress
b08 1 type
    37:7 error 'pow_two_nonneg' has already been declared
    75:11 error Type mismatch
    77:17 error Unknown constant `Int.add_sub_cancel'`
    77:11 error `simp` made no progress
b09 1 type
    10:3 error failed to synthesize
    71:3 error Type mismatch
    72:3 error `simp` made no progress
b10 0 incomplete
    18:5 warning declaration uses 'sorry'
    40:9 warning declaration uses 'sorry'
b11 0 incomplete
    18:36 warning unused variable `s`
    18:49 warning unused variable `open'`
    18:64 warning unused variable `close`
    21:28 warning unused variable `s`
    38:5 warning declaration uses 'sorry'
    43:9 warning declaration uses 'sorry'
b12 1 type
    191:40 error Unknown constant `WithLp.sum_apply`
    191:58 error Unknown constant `WithLp.toLp_apply`
    191:9 warning `ContinuousLinearMap.sum_apply` has been deprecated: Use `sum_apply` instead
b13 1 type
    41:7 error `eq_neg_of_add_eq_zero_left` has already been declared
    76:5 error Tactic `simp` failed with a nested error:
b14 0 tool-crash
b15 0 tool-crash
    1:1 info 'Turing.FinTM.one_work_tape' depends on axioms: [propext, Classical.choice, Quot.sound]
    1:1 info 'Turing.FinTM.one_work_tape_binary' depends on axioms: [propext, sorryAx, Classical.choice, Quot.sound]
"""
TABLE = re.findall(r"^([ab]\d\d) (\d+) (\S+)\n((?:    .*\n)*)", TRANSCRIPTS, re.MULTILINE)


def printed(path: Path) -> bytes:
    """What the tool itself printed, in a transcript."""
    text = path.read_text(encoding="utf-8").partition("\n")[2]
    text = text.rpartition("## expected output")[2].partition("\n")[2] if "## expected output" in text else text
    return b"" if text.startswith("$ ") else text.encode()


def test_the_table_has_every_transcript(shared: Path) -> None:
    """No transcript of Lean goes unread."""
    assert [row[0] for row in TABLE] == [path.stem for path in sorted((shared / "transcripts/lean").glob("*.txt"))]


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_every_transcript_is_read_as_what_it_is(shared: Path, tmp_path: Path, row: tuple[str, ...]) -> None:
    """Class and exact diagnostics of real output, printed by an executable that the sandbox runs."""
    name, code, kind, told = row
    reading = judged(
        saying(tmp_path, printed(shared / f"transcripts/lean/{name}.txt"), code=int(code)), job("tfl_main")
    )
    lines = [f"{d.line}:{d.column} {d.severity} {d.message.partition(chr(10))[0]}" for d in reading.diagnostics]
    assert (str(reading.kind), lines) == (kind, [line.strip() for line in told.splitlines()]), reading.reason
    assert bool(reading.reason) == (kind != "verified")


def test_axioms_in_plain_text_can_fail_and_never_pass(shared: Path, tmp_path: Path) -> None:
    """The two lines of b15, as the answer of the last process: one clean name, one that rests on `sorryAx`."""
    text = printed(shared / "transcripts/lean/b15.txt")
    names = ("Turing.FinTM.one_work_tape", "Turing.FinTM.one_work_tape_binary")
    reading = judged(saying(tmp_path, b"", text), job(*names))
    assert (reading.kind, reading.outcomes) == (VerdictKind.INCOMPLETE, dict(zip(names, (PROVED, FAILED), strict=True)))
    first = judged(saying(tmp_path, b"", text.partition(b"\n")[0]), job(names[0]))
    assert (first.kind, first.outcomes) == (VerdictKind.TOOL_CRASH, {names[0]: PROVED})


AXIOMS = [
    (proved("a"), VerdictKind.VERIFIED, ""),
    (proved("a", axioms="propext, Classical.choice, Quot.sound"), VerdictKind.VERIFIED, ""),
    (proved("a", axioms="propext,\n Classical.choice,\n Quot.sound"), VerdictKind.VERIFIED, ""),
    (proved("a", axioms="given"), VerdictKind.VERIFIED, ""),
    (proved("a", axioms="M.«odd name»"), VerdictKind.VERIFIED, ""),
    (proved("a", axioms="propext, sorryAx"), VerdictKind.INCOMPLETE, "a rests on the axiom sorryAx"),
    (proved("a", axioms="M.given"), VerdictKind.POLICY, "a rests on the axiom M.given"),
    (proved("a", axioms="Lean.ofReduceBool, Lean.trustCompiler"), VerdictKind.POLICY, "Lean.ofReduceBool"),
    (proved("a", axioms="a._native.native_decide.ax_1"), VerdictKind.POLICY, "a._native.native_decide.ax_1"),
    (proved("a", axioms="sorryAx, bad"), VerdictKind.POLICY, "a rests on the axiom bad"),
    (proved("a", axioms="propext,"), VerdictKind.TOOL_CRASH, "axioms of a are told 0 times"),
    (proved("a", "a"), VerdictKind.TOOL_CRASH, "axioms of a are told 2 times"),
    (proved("a") + proved("a", axioms="sorryAx"), VerdictKind.INCOMPLETE, "sorryAx"),
    (proved("a", "b"), VerdictKind.TOOL_CRASH, "axioms of b are told, and were not asked for"),
    (proved("N.a"), VerdictKind.TOOL_CRASH, "N.a are told"),
    (proved("a") + b"'a' does not depend on any axioms\n", VerdictKind.TOOL_CRASH, "told 2 times"),
    (proved("a") + b"trailing\n", VerdictKind.TOOL_CRASH, "not understood: trailing"),
    (proved("a") + b'{"severity":"information","data":"x"}\n', VerdictKind.TOOL_CRASH, ""),
    (proved("a")[:-20], VerdictKind.TOOL_CRASH, ""),
    (proved("a") + message("hello"), VerdictKind.TOOL_CRASH, "not understood: hello"),
    (message("'a' does not depend on any axioms", "warning"), VerdictKind.TOOL_CRASH, "axioms of a are told 0 times"),
    (b"", VerdictKind.TOOL_CRASH, "axioms of a are told 0 times"),
    (b"\xff\xfe" + proved("a"), VerdictKind.TOOL_CRASH, "the output is not UTF-8"),
]


@pytest.mark.parametrize(("asked", "kind", "reason"), AXIOMS)
def test_a_pass_needs_exactly_one_allowed_line_for_each_name(
    tmp_path: Path, asked: bytes, kind: VerdictKind, reason: str
) -> None:
    """Allowed are Lean's own three axioms and those of the given text, by their whole names."""
    reading = judged(saying(tmp_path, b"", asked), job("a", trusted=("given", "M.odd name", "M.«odd name»")))
    assert reading.kind is kind
    assert reason in reading.reason


def test_names_are_matched_whole_with_guillemets_and_primes(tmp_path: Path) -> None:
    """`«two is»`, `x'` and `N.«a.b»` are names of their own."""
    names = ("«two is»", "x'", "N.«a.b»", "N.a.b")
    reading = judged(saying(tmp_path, b"", proved(*names)), job(*names))
    assert (reading.kind, set(reading.outcomes)) == (VerdictKind.VERIFIED, set(names))
    assert judged(saying(tmp_path, b"", proved("N.a.b")), job("N.«a.b»")).kind is VerdictKind.TOOL_CRASH


def test_a_line_that_a_compiled_file_prints_counts_for_nothing(tmp_path: Path) -> None:
    """What a file says of itself while it is compiled is never an answer about axioms."""
    forged = saying(tmp_path, proved("a"), proved("a", axioms="sorryAx"))
    assert judged(forged, job("a")).outcomes == {"a": FAILED}
    assert judged(saying(tmp_path, proved("a"), b""), job("a")).kind is VerdictKind.TOOL_CRASH
    raw = saying(tmp_path, b"'a' does not depend on any axioms\n", proved("a"))
    assert judged(raw, job("a")).kind is VerdictKind.TOOL_CRASH


def test_a_name_that_is_not_declared_is_incomplete(tmp_path: Path) -> None:
    """The last process knows no such constant: what was owed is not there."""
    body = (
        "if not sys.argv[-1].endswith('s2c-axioms.lean'): sys.exit(0)\n"
        f"sys.stdout.buffer.write({proved('a') + message('Unknown constant `b`', 'error')!r})\nsys.exit(1)"
    )
    reading = judged(program(tmp_path, body), job("a", "b"))
    assert (reading.kind, reading.reason) == (VerdictKind.INCOMPLETE, "not declared: b")


CLASSES = [
    ("unexpected token 'end'; expected term", VerdictKind.SYNTAX),
    ("unterminated comment", VerdictKind.SYNTAX),
    ("unexpected identifier; expected command", VerdictKind.SYNTAX),
    ("Application type mismatch: The argument", VerdictKind.TYPE),
    ("typeclass instance problem is stuck", VerdictKind.TYPE),
    ("fail to show termination, possible errors", VerdictKind.FAILED),
    ("The rfl tactic failed", VerdictKind.FAILED),
    ("(deterministic) timeout at `isDefEq`, maximum number of heartbeats (200000)", VerdictKind.TIMEOUT),
    ("maximum recursion depth has been reached", VerdictKind.RESOURCE),
    ("(kernel) deep recursion detected", VerdictKind.RESOURCE),
    ("declaration uses 'sorry'", VerdictKind.INCOMPLETE),
    ("unknown module prefix 'Mathlib'\n\nNo directory 'Mathlib'", VerdictKind.TOOL_CRASH),
    ("object file '/x/A.olean' of module A does not exist", VerdictKind.TOOL_CRASH),
]


@pytest.mark.parametrize(("data", "kind"), CLASSES)
def test_each_class_of_error_has_its_verdict(tmp_path: Path, data: str, kind: VerdictKind) -> None:
    """Short examples of every class; a module that is not there is the workspace's fault, not a fill's."""
    reading = judged(saying(tmp_path, message(data, "error", column=8), code=1), job("a"))
    assert reading.kind is kind
    assert reading.reason.startswith(data.partition("\n")[0])
    found = reading.diagnostics[0]
    assert found == Diagnostic("Test.lean", 1, 9, "error", data, "theorem π : 1 = 1 := foo")


CRASHES = [
    (0, b"", b"complaint\n", VerdictKind.TOOL_CRASH),
    (1, b"", b"", VerdictKind.TOOL_CRASH),
    (0, message("boom", "error"), b"", VerdictKind.TOOL_CRASH),
    (134, message("boom", "error"), b"Stack overflow detected. Aborting.\n", VerdictKind.TOOL_CRASH),
    (1, message("boom", "error"), b"INTERNAL PANIC: unreachable\n", VerdictKind.TOOL_CRASH),
    (1, b"", b"INTERNAL PANIC: out of memory\n", VerdictKind.RESOURCE),
    (1, message("boom", "error") + b'{"severity":"err', b"", VerdictKind.TOOL_CRASH),
    (1, b"", b"uncaught exception: no such file\n", VerdictKind.TOOL_CRASH),
    (2, message("boom", "error"), b"", VerdictKind.TOOL_CRASH),
    (0, b"[" * 100_000, b"", VerdictKind.TOOL_CRASH),
    (0, b'{"a":' * 100_000, b"", VerdictKind.TOOL_CRASH),
]


@pytest.mark.parametrize(("code", "said", "complaint", "kind"), CRASHES)
def test_what_is_not_understood_is_a_crash(
    tmp_path: Path, code: int, said: bytes, complaint: bytes, kind: VerdictKind
) -> None:
    """Exit codes that don't fit, text beside messages, cut-off and hostile JSON: never a pass, nor a fill's fault."""
    assert judged(saying(tmp_path, said, proved("a"), code, complaint), job("a")).kind is kind


def test_endless_and_huge_output_is_stopped(tmp_path: Path) -> None:
    """A run that does not end is a time-out; one that floods is stopped and can't be read."""
    slow = Run((program(tmp_path, "import time; time.sleep(60)"),), {}, Limits(wall_seconds=1))
    assert VERIFIER.read(tool(), job("a"), execute(slow)).kind is VerdictKind.TIMEOUT
    flood = program(tmp_path, "while True: sys.stdout.write('x' * 65536)")
    assert judged(flood, job("a")).kind is VerdictKind.TOOL_CRASH
    assert judged("/nowhere/lean", job("a")).kind is VerdictKind.TOOL_MISSING


def test_a_sorry_of_the_given_text_is_let_pass_only_where_it_has_one(tmp_path: Path) -> None:
    """Lenient: warning and axiom are let pass, in this run only, and no other axiom with them."""
    unproved = message("declaration uses 'sorry'", "warning")
    lean = saying(tmp_path, unproved, proved("a", axioms="sorryAx"))
    assert judged(lean, job("a")).kind is VerdictKind.INCOMPLETE
    assert judged(lean, job("a", lenient=True)).kind is VerdictKind.VERIFIED
    lean = saying(tmp_path, unproved, proved("a", axioms="sorryAx, bad"))
    assert judged(lean, job("a", lenient=True)).kind is VerdictKind.POLICY
    assert VERIFIER.lenient((Assumption("`sorry` in the statement of x", 3, "x"),), ())
    assert VERIFIER.lenient((), (Assumption("`native_decide` in x", 3),))
    assert not VERIFIER.lenient((Assumption("axiom a", 3, "a"), Assumption("@[extern] sorry", 4)), ())
    lean = saying(tmp_path, b"", proved("a", axioms="a._native.native_decide.ax_1, Lean.trustCompiler"))
    assert judged(lean, job("a", lenient=True)).kind is VerdictKind.VERIFIED


def test_an_import_that_fails_is_not_blamed_on_the_candidate(tmp_path: Path) -> None:
    """It was judged before; only a budget that it used up may be tried again with a larger one."""
    what = job("a", imports=("A.lean",))
    for data, kind in (("Type mismatch", "tool-crash"), ("maximum number of heartbeats (1)", "timeout")):
        reading = judged(saying(tmp_path, message(data, "error", fileName="A.lean"), code=1), what)
        assert (str(reading.kind), reading.reason) == (kind, f"the import A.lean: {data}")
        assert reading.diagnostics[0].path == "A.lean"
