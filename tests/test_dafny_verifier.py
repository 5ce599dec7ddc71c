"""What Dafny's output is read as: every known transcript, and liars."""

import dataclasses
import json
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

import pytest

from s2c.errors import ToolError
from s2c.languages.base import Job, Outcome, Reading
from s2c.languages.dafny.verifier import LEGACY, MODERN
from s2c.model import Declaration, VerdictKind
from s2c.process import Limits, RawRun
from s2c.sandbox import execute
from tests.dafny_tools import VERIFIER, declaration, tool

PROVED, FAILED, OPEN = Outcome.PROVED, Outcome.FAILED, Outcome.OPEN
LOG = "s2c-log"

# Without a log of its own a claimed pass can't be believed: most transcripts of passes are `tool-crash` here.
TRANSCRIPTS = {
    "dafny23": """
        a01 tool-crash  a02 failed  a03 syntax  a04 type  a05 failed  a06 tool-crash  a07 tool-crash  a08 tool-crash
        a09 tool-crash  a10 tool-crash  a11 tool-crash  a12 failed  a13 tool-crash  a14 tool-crash  a15 tool-crash
        a16 verified  a17 failed  a18 failed  a19 tool-crash  a20 verified  a21 syntax  a22 failed  a23 tool-crash
        a24 type  a25 failed  a26 failed  a27 tool-crash  a28 tool-crash  a29 tool-crash  a30 verified  a31 verified
        a32 verified  a33 verified  a34 tool-crash  a35 tool-crash  a36 failed  a37 failed  a38 syntax  a39 failed
        a40 tool-crash  a41 tool-crash""",
    "dafny411": """
        c01 tool-crash  c02 failed  c03 failed  c04 failed  c05 tool-crash  c06 syntax  c07 syntax  c08 type
        c09 timeout  c10 timeout  c11 resource  c12 resource  c13 verified  c14 tool-crash  c15 failed  c16 failed
        c17 tool-crash  c18 failed  c19 failed  c20 failed  c21 tool-crash  c22 failed  c23 tool-crash  c24 tool-crash
        c25 failed  c26 failed  c27 tool-crash  c28 tool-crash  c29 tool-crash  c30 syntax  c31 tool-crash
        c32 tool-crash  c33 tool-crash  c34 tool-crash  c35 tool-crash  c36 failed  c37 type  c38 failed
        c39 tool-crash  c40 failed  c41 syntax  c42 tool-crash  c43 failed  c44 failed  c45 failed  c46 failed
        c47 tool-crash  c48 tool-crash  c49 tool-crash  c50 tool-crash  c51 tool-crash  c52 failed  c53 tool-crash
        c54 tool-crash  c55 failed  c56 tool-crash  c57 failed  c58 tool-crash""",
    # The expected output of public tests; they don't carry their exit code, it is given here.
    "dafny4": """
        a02:4 timeout  a03:4 resource  a04:4 resource  a10:2 syntax  b01:0 tool-crash  b02:4 failed  b03:4 failed
        b04:4 failed  b05:4 timeout  b06:4 resource  b07:2 syntax  b08:2 failed  b09:2 failed  b10:0 failed
        b11:4 tool-crash  b12:2 type  b13:4 tool-crash  b14:4 tool-crash""",
}
TABLE = [
    (folder, *name.partition(":")[::2], kind)
    for folder, words in TRANSCRIPTS.items()
    for name, kind in zip(words.split()[::2], words.split()[1::2], strict=True)
]


def sections(path: Path) -> dict[str, str]:
    """A transcript's parts by their headings."""
    found: dict[str, list[str]] = {"": []}
    part = found[""]
    for line in path.read_bytes().decode().split("\n"):
        if line.startswith("## "):
            part = found.setdefault(line[3:], [])
        elif not line.startswith("# "):
            part.append(line)
    return {name: "\n".join(lines) for name, lines in found.items()}


def replay(path: Path, told_exit: str = "") -> tuple[Job, RawRun]:
    """The job and the raw run that a transcript tells of."""
    parts = sections(path)
    output = parts.get(
        "stdout", parts.get(next((name for name in reversed(parts) if name.endswith(".expect")), ""), "")
    )
    code = next((name.split()[-1] for name in parts if name.startswith("exit code")), told_exit)
    log = next((text for name, text in parts.items() if name.endswith((".xml", "log.json"))), None)
    files = {name[6:]: text.encode() for name, text in parts.items() if name.startswith("input ")}
    collected = {} if log is None else {LOG: log.encode()}
    raw = RawRun(int(code) if code else None, output.encode(), parts.get("stderr", "").encode(), collected)
    return Job(files, tuple(files)), raw


@pytest.mark.parametrize(("folder", "name", "told_exit", "kind"), TABLE)
def test_every_transcript_is_read_as_what_it_is(
    shared: Path, folder: str, name: str, told_exit: str, kind: str
) -> None:
    """Real output of three Dafny versions, each case of INDEX.md."""
    job, raw = replay(shared / "transcripts" / folder / f"{name}.txt", told_exit)
    reading = VERIFIER.read(tool(LEGACY if folder == "dafny23" else MODERN), job, raw)
    assert reading.kind == kind, reading.reason
    assert reading.reason or kind == "verified"


def test_no_transcript_is_a_pass_by_accident(shared: Path) -> None:
    """Any text at all, given as output with exit code 0, is no pass without a log; both generations."""
    for path in sorted((shared / "transcripts").rglob("*.txt")):
        for generation in (LEGACY, MODERN):
            raw = RawRun(0, path.read_bytes(), b"", {})
            assert VERIFIER.read(tool(generation), Job({}, ()), raw).kind is not VerdictKind.VERIFIED, path


def test_outcomes_of_2_3_carry_the_names_of_4(shared: Path) -> None:
    """Mangled names of the log are told as written in the source."""
    reading = VERIFIER.read(tool(LEGACY), *replay(shared / "transcripts/dafny23/a39.txt"))
    assert set(reading.outcomes.values()) == {PROVED}
    assert set(reading.outcomes) == {
        *(f"{name} (correctness)" for name in ("a_b", "a'", "a?", "a__b'c?d", "Mo_d.x_y", "Mo_d.In.z", "C_d.y_z")),
        *("C_d._ctor (correctness)", "C_d.Foo (correctness)", "C_d.w (correctness)", "it (correctness)"),
        "f_g (well-formedness)",
    }


def test_outcomes_of_4_are_those_of_its_log(shared: Path) -> None:
    """Names as logged; what was given up is open, not failed."""
    reading = VERIFIER.read(tool(MODERN), *replay(shared / "transcripts/dafny411/c12.txt"))
    assert reading.outcomes == {"Hard (correctness)": OPEN, "Easy (correctness)": PROVED}


def test_a_given_up_proof_of_2_3_is_open() -> None:
    """The log calls a time-out `errors`; the text tells it apart."""
    said = (
        "a.dfy(1,6): Verification of 'Impl$$_module.__default.L' timed out after 3 seconds\n"
        "a.dfy(2,0): Timed out on BP5003: A postcondition might not hold on this return path.\n"
        "\nDafny program verifier finished with 0 verified, 0 errors, 1 time out\n"
    )
    log = xml({"Impl$$_module.__default.L": "errors"})
    reading = VERIFIER.read(tool(LEGACY), Job({}, ()), RawRun(4, said.encode(), b"", {LOG: log}))
    assert (reading.kind, reading.outcomes) == (VerdictKind.TIMEOUT, {"L (correctness)": OPEN})


def xml(outcomes: Mapping[str, str]) -> bytes:
    """A log of 2.3."""
    methods = "".join(
        f'<method name="{name}"><conclusion outcome="{told}" /></method>' for name, told in outcomes.items()
    )
    return f'\ufeff<?xml version="1.0" encoding="utf-8"?>\n<boogie version="2.3.0.10506">{methods}</boogie>\n'.encode()


def columns(shared: Path, name: str, generation: str) -> list[tuple[int, int, str]]:
    """Line, column and the text at that place for each diagnostic."""
    reading = VERIFIER.read(tool(generation), *replay(shared / "transcripts" / name))
    return [(one.line, one.column, one.excerpt[one.column - 1 :][:6]) for one in reading.diagnostics]


def test_columns_count_characters(shared: Path) -> None:
    """Bytes of 2.3 and UTF-16 units of 4 both become 1-based characters that point at the right text."""
    assert columns(shared, "dafny23/a26.txt", LEGACY) == [(2, 46, "== 2; "), (3, 22, "false;"), (4, 21, "false;")]
    assert columns(shared, "dafny411/c44.txt", MODERN) == [(3, 19, "assert"), (7, 17, "assert"), (11, 2, "assert")]


def test_a_message_brings_what_it_is_about(shared: Path) -> None:
    """The clause that could not be proved stands in the same line as the place where it failed."""
    for name, generation in (("dafny411/c04.txt", MODERN), ("dafny23/a17.txt", LEGACY)):
        first = VERIFIER.read(tool(generation), *replay(shared / "transcripts" / name)).diagnostics[0]
        assert re.search(r"\[\S+\.dfy:2:13: .*postcondition that .*: ensures ", first.message)
        assert (first.line, first.column, first.excerpt, first.severity) == (4, 1, "{", "error")


# --- liars --------------------------------------------------------------------------------------------------------

PASS = "Dafny program verifier finished with 1 verified, 0 errors"
MODERN_LOG = json.dumps(
    {
        "verificationResults": [
            {"name": "A (correctness)", "outcome": "Correct", "vcResults": [{"vcNum": 1, "outcome": "Valid"}]}
        ]
    }
).encode()
LOGS = {LEGACY: xml({"Impl$$_module.__default.A": "correct"}), MODERN: MODERN_LOG}


def told(generation: str, text: str) -> bytes:
    """Text as that generation prints it."""
    return text.encode() if generation == LEGACY else json.dumps({"type": "status", "value": text}).encode() + b"\n"


def run_fake(  # noqa: PLR0913 - what a fake does, each with a default
    folder: Path, generation: str, stdout: bytes, *, code: int = 0, log: bytes | None = b"", rest: str = ""
) -> Reading:
    """The reading of a small program that prints `stdout`, writes `log` (default: a good one) and exits with `code`."""
    (folder / "stdout").write_bytes(stdout)
    (folder / "log").write_bytes(log or LOGS[generation])
    write = "" if log is None else f"cp {shlex.quote(str(folder))}/log {LOG}\n"
    script = folder / "dafny"
    script.write_text(f"#!/bin/sh\n{rest}\ncat {shlex.quote(str(folder))}/stdout\n{write}exit {code}\n")
    script.chmod(0o755)
    fake, job = tool(generation, str(script)), Job({"a.dfy": b"lemma A() ensures true {}\n"}, ("a.dfy",))
    run = VERIFIER.check(fake, job)
    return VERIFIER.read(fake, job, execute(dataclasses.replace(run, limits=Limits(5))))


@pytest.fixture(params=[LEGACY, MODERN])
def generation(request: pytest.FixtureRequest) -> str:
    """Both generations."""
    return str(request.param)


def test_the_plain_pass_is_one(tmp_path: Path, generation: str) -> None:
    """The control for the liars below: the same without a lie is read as a pass."""
    reading = run_fake(tmp_path, generation, told(generation, f"\n{PASS}\n"))
    assert (reading.kind, reading.outcomes) == (VerdictKind.VERIFIED, {"A (correctness)": PROVED})


LIES = {
    "no trailer": "\n",
    "trailer twice": f"\n{PASS}\n\n{PASS}\n",
    "trailer inside a diagnostic": f"a.dfy(1,0): Error: {PASS}\n",
    "trailer with a word more": f"{PASS}, honestly\n",
    "trailer without its beginning": "finished with 1 verified, 0 errors\n",
    "something after the trailer": f"\n{PASS}\nBye.\n",
    "a message after the trailer": f"\n{PASS}\na.dfy(1,0): Info: hm\n",
    "something unknown before it": f"It went well.\n{PASS}\n",
    "an error beside it": f"a.dfy(1,0): Error: assertion violation\n{PASS}\n",
    "errors counted": "\nDafny program verifier finished with 1 verified, 1 error\n",
    "a time-out counted": f"\n{PASS}, 1 time out\n",
    "out of resource counted": f"\n{PASS}, 1 out of resource\n",
    "more proofs than logged": "\nDafny program verifier finished with 2 verified, 0 errors\n",
    "another prover error": f"Prover error: line 1 column 2: unknown parameter 'model'\n{PASS}\n",
    "a crash beside it": f"Encountered internal compilation exception: x\n{PASS}\n",
}


@pytest.mark.parametrize("lie", LIES)
def test_exit_code_0_is_not_believed(tmp_path: Path, generation: str, lie: str) -> None:
    """A pass that is not said in exactly the known words is a crash of the tool."""
    reading = run_fake(tmp_path, generation, told(generation, LIES[lie]))
    assert reading.kind is VerdictKind.TOOL_CRASH
    assert reading.reason


def test_a_warning_is_no_pass(tmp_path: Path, generation: str) -> None:
    """Exit code 0 beside a warning is a failure with the warning as diagnostic."""
    reading = run_fake(tmp_path, generation, told(generation, f"a.dfy(1,0): Warning: hm\n\n{PASS}\n"))
    assert reading.kind is VerdictKind.FAILED
    assert [(one.severity, one.message) for one in reading.diagnostics] == [("warning", "hm")]


@pytest.mark.parametrize("log", [None, b"?", b"<boogie>", b"{}", b"<other />", b'{"verificationResults": 3}'])
def test_a_pass_needs_its_log(tmp_path: Path, generation: str, log: bytes | None) -> None:
    """Missing, cut off or of another form: no pass."""
    assert run_fake(tmp_path, generation, told(generation, f"\n{PASS}\n"), log=log).kind is VerdictKind.TOOL_CRASH


def test_a_log_that_disagrees_is_no_pass(tmp_path: Path, generation: str) -> None:
    """The log says that it is not proved, the trailer that it is."""
    log = LOGS[generation].replace(b'"correct"', b'"errors"').replace(b'"Valid"', b'"Invalid"')
    assert run_fake(tmp_path, generation, told(generation, f"\n{PASS}\n"), log=log).kind is VerdictKind.TOOL_CRASH


def test_one_proof_does_not_cover_for_another(tmp_path: Path, generation: str) -> None:
    """The count fits, but the log holds a second obligation that was not proved."""
    second = {"name": "B (correctness)", "outcome": "Errors", "vcResults": [{"vcNum": 1, "outcome": "Invalid"}]}
    logs = {
        LEGACY: xml({"Impl$$_module.__default.A": "correct", "Impl$$_module.__default.B": "errors"}),
        MODERN: MODERN_LOG.replace(b"]}]}", b"]}, " + json.dumps(second).encode() + b"]}"),
    }
    reading = run_fake(tmp_path, generation, told(generation, f"\n{PASS}\n"), log=logs[generation])
    assert reading.kind is VerdictKind.TOOL_CRASH
    assert reading.outcomes == {"A (correctness)": PROVED, "B (correctness)": FAILED}


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 127, 134])
def test_a_trailer_does_not_outweigh_the_exit_code(tmp_path: Path, generation: str, code: int) -> None:
    """A clean final line with any other exit code is a crash."""
    assert run_fake(tmp_path, generation, told(generation, f"\n{PASS}\n"), code=code).kind is VerdictKind.TOOL_CRASH


def test_output_that_is_not_utf_8(tmp_path: Path, generation: str) -> None:
    """It can't be read, so it is no pass."""
    assert run_fake(tmp_path, generation, b"\xff\n" + told(generation, f"\n{PASS}\n")).kind is VerdictKind.TOOL_CRASH


def test_a_flood_of_output(tmp_path: Path, generation: str) -> None:
    """More output than a run may have is a crash, whatever its end would have said."""
    rest = "yes 'a.dfy(1,0): Info: hm' | head -c 70000000"
    reading = run_fake(tmp_path, generation, told(generation, f"\n{PASS}\n"), rest=rest)
    assert reading.kind is VerdictKind.TOOL_CRASH


def test_a_hang_is_a_time_out(tmp_path: Path, generation: str) -> None:
    """A tool that never answers is ended by the wall clock."""
    assert run_fake(tmp_path, generation, b"", rest="sleep 1000").kind is VerdictKind.TIMEOUT


def test_a_tool_that_is_killed(tmp_path: Path, generation: str) -> None:
    """Death by a signal is a crash, also after a clean final line."""
    rest = f"cat {shlex.quote(str(tmp_path))}/stdout; kill -9 $$"
    assert run_fake(tmp_path, generation, told(generation, f"\n{PASS}\n"), rest=rest).kind is VerdictKind.TOOL_CRASH


def test_a_tool_that_is_not_there(generation: str) -> None:
    """What can't be started is missing, not crashed."""
    fake, job = tool(generation, "/no/such/dafny"), Job({}, ("a.dfy",))
    assert VERIFIER.read(fake, job, execute(VERIFIER.check(fake, job))).kind is VerdictKind.TOOL_MISSING


def test_a_file_of_the_job_is_not_taken_for_the_log(generation: str) -> None:
    """The log gets a name that no file of the job has."""
    run = VERIFIER.check(tool(generation, "dafny"), Job({LOG: b"", "a.dfy": b""}, ("a.dfy",)))
    assert not set(run.collect) & set(run.files)


# --- versions and names -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "version", "kind"),
    [
        ("Dafny 2.3.0.10506\n*** Error: x", "2.3.0", LEGACY),
        ("dafny 4.11.0.0\n", "4.11.0", MODERN),
        ("Dafny 4.0.0.1", "4.0.0", MODERN),
    ],
)
def test_generations_are_told_by_version(said: str, version: str, kind: str) -> None:
    """2.3 and 4.x are known."""
    found = VERIFIER.tool(("d",), RawRun(0, said.encode(), b"", {}), "id")
    assert (found.version, found.generation, found.identity) == (version, kind, "id")


@pytest.mark.parametrize("said", ["Dafny 3.13.1.50302", "Dafny 2.2.0.1", "Dafny 5.0.0", "bash: nope", ""])
def test_other_versions_are_refused(said: str) -> None:
    """With advice, not with a guess."""
    with pytest.raises(ToolError) as caught:
        VERIFIER.tool(("d",), RawRun(0, said.encode(), b"", {}), "id")
    assert caught.value.fix


@pytest.mark.parametrize(
    ("one", "name"),
    [
        (declaration("solve"), "solve (correctness)"),
        (declaration("M.C._ctor", "constructor"), "M.C._ctor (correctness)"),
        (declaration("M.f", "function"), "M.f (well-formedness)"),
        (declaration("f", "function method"), "f (well-formedness)"),
        (declaration("p?", "predicate"), "p? (well-formedness)"),
        (declaration("L", "twostate lemma"), "L (correctness)"),
        (declaration("L", "least lemma"), "L# (correctness)"),
        (declaration("L", "inductive lemma"), "L# (correctness)"),
        (declaration("L", "colemma"), "L# (correctness)"),
        (declaration("q", clause="requires"), None),
        (declaration("q", body=False), None),
    ],
)
def test_what_is_owed(one: Declaration, name: str | None) -> None:
    """A contract with a body is owed under its name and kind; without an `ensures`, or bodiless, nothing is."""
    assert VERIFIER.owed(tool(MODERN), one) == name


def named(files: Mapping[str, str], outcomes: Mapping[str, str]) -> dict[str, Outcome]:
    """The outcomes of a log of 2.3, by the names read from it."""
    verified = sum(told == "correct" for told in outcomes.values())
    errors = len(outcomes) - verified
    text = f"Dafny program verifier finished with {verified} verified, {errors} error{'' if errors == 1 else 's'}\n"
    job = Job({name: source.encode() for name, source in files.items()}, tuple(files))
    raw = RawRun(4 if errors else 0, text.encode(), b"", {LOG: xml(outcomes)})
    return dict(VERIFIER.read(tool(LEGACY), job, raw).outcomes)


NESTED = """module A { /* module Z { /* */ */ module {:x y} C { } // {
} module X refines A.B { const s := "}"; module D {} }"""


def test_nested_modules_of_2_3_get_their_full_names() -> None:
    """2.3 tells only the last name of a module; the files tell the rest."""
    found = named(
        {"a.dfy": NESTED},
        {"Impl$$_3_C.K.f": "correct", "Impl$$_1_D.__default.g__h": "correct", "Impl$$_2_X.__default.q": "errors"},
    )
    assert found == {"A.C.K.f (correctness)": PROVED, "X.D.g_h (correctness)": PROVED, "X.q (correctness)": FAILED}


def test_modules_of_one_name_are_told_apart_or_not_at_all() -> None:
    """Two modules with one last name: believed only if both report the member, and then the worst of both."""
    files = {"a.dfy": "module A { module C { } } module B { module C { } }"}
    both = named(files, {"Impl$$_0_C.__default.f": "correct", "Impl$$_2_C.__default.f": "errors"})
    assert both == {"A.C.f (correctness)": FAILED, "B.C.f (correctness)": FAILED}
    one = named(files, {"Impl$$_0_C.__default.f": "correct"})
    assert not {"A.C.f (correctness)", "B.C.f (correctness)", "C.f (correctness)", "f (correctness)"} & set(one)
