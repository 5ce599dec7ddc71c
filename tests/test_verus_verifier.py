"""When a run of Verus is a pass, and every way in which it is not."""

import dataclasses
import json
from pathlib import Path

import pytest

from s2c.errors import ToolError
from s2c.languages.base import Budget, Job, Outcome
from s2c.model import VerdictKind
from s2c.process import RawRun
from s2c.sandbox import execute
from tests.verus_tools import SMALL, VERIFIER, message, replay, report, tool

PROVED, FAILED, OPEN = Outcome.PROVED, Outcome.FAILED, Outcome.OPEN
PASS = {"s2c_a::a": True}
CRASH = VerdictKind.TOOL_CRASH
UNPROVED = message("postcondition not satisfied", "error", "", ("a.rs", 1, 10, "failed this postcondition"))


def test_the_plain_pass_is_one(tmp_path: Path) -> None:
    """The control for the liars below: the same without a lie is read as a pass, warnings and notes beside it too."""
    beside = message("function `a` is never used", "warning", "dead_code", ("a.rs", 1, 1, ""))
    for stderr in ("", beside, "warning: verus was compiled in debug mode, which will result in worse performance\n"):
        reading = replay(tmp_path, report(PASS), stderr)
        assert (reading.kind, reading.outcomes, reading.reason) == (VerdictKind.VERIFIED, {"a": PROVED}, "")
        assert reading.diagnostics == ()


def test_older_reports_lack_a_key(tmp_path: Path) -> None:
    """`success` is told of a whole crate only, so that it is whole need not be told again."""
    assert replay(tmp_path, report(PASS, is_verifying_entire_crate=None)).kind is VerdictKind.VERIFIED
    assert replay(tmp_path, report(PASS, drop=("func-details",))).kind is VerdictKind.VERIFIED


LIES = {
    "no output": "",
    "words for people": "verification results:: 1 verified, 0 errors\n",
    "cut off": report(PASS)[:-40],
    "cut off before its last brace": report(PASS).rstrip()[:-1],
    "told twice": report(PASS) * 2,
    "something after it": report(PASS) + "Bye.\n",
    "something before it": "It went well.\n" + report(PASS),
    "a key told twice": report(PASS).replace('"errors": 0', '"errors": 1, "errors": 0'),
    "an unknown key": report(PASS, honestly=True),
    "an unknown key at the top": report(PASS).replace('"verus": {', '"trust-me": true, "verus": {'),
    "no results": report(PASS, drop=("verification-results",)),
    "no times": report(PASS, drop=("times-ms",)),
    "no version": report(PASS, drop=("verus",)),
    "no success": report(PASS, success=False),
    "success in words": report(PASS, success="true"),
    "success as a number": report(PASS, success=1),
    "a part of the crate": report(PASS, success=None, is_verifying_entire_crate=False),
    "a part that claims success": report(PASS, is_verifying_entire_crate=False),
    "an error met": report(PASS, encountered_error=True),
    "an error of VIR met": report(PASS, encountered_vir_error=True),
    "errors counted": report(PASS, errors=1),
    "no count of errors": report(PASS, errors=None),
    "a count in words": report(PASS, verified="1"),
    "a negative count": report(PASS, verified=-1),
    "a function not proved": report(
        {"s2c_a::a": True, "s2c_a::b": False}, encountered_error=False, success=True, errors=0
    ),
    "a breakdown of another form": report(PASS).replace('"function-breakdown": [', '"function-breakdown": [3, '),
    "nested without end": '{"a":' * 100_000,
}


@pytest.mark.parametrize("lie", LIES)
def test_exit_code_0_is_not_believed(tmp_path: Path, lie: str) -> None:
    """A pass that is not said in exactly the known form is a crash of the tool."""
    reading = replay(tmp_path, LIES[lie])
    assert reading.kind is CRASH
    assert reading.reason


BESIDE = {
    "an error": UNPROVED,
    "a cheat": message("assume/admit not allowed with --no-cheating"),
    "an error for people": "error: postcondition not satisfied\n --> a.rs:1:1\n",
    "a panic": "thread 'rustc' panicked at 'x', y.rs:1:2\n",
    "another panic": "thread '<unnamed>' (17) panicked at y.rs:1:2:\n",
    "a compiler's own error": message("unexpected panic", "error: internal compiler error"),
    "an unknown level": message("hm", "catastrophe"),
    "a cut-off message": UNPROVED[:50] + "\n",
    "a message of another form": '{"message": "x"}\n',
    "unknown words": "well, well\n",
    "only that there were errors": message("aborting due to 1 previous error"),
}


@pytest.mark.parametrize("beside", BESIDE)
def test_a_pass_has_nothing_beside_it(tmp_path: Path, beside: str) -> None:
    """A clean report next to any of these is a crash."""
    assert replay(tmp_path, report(PASS), BESIDE[beside]).kind is CRASH


def test_nothing_verified_is_no_pass(tmp_path: Path) -> None:
    """`--no-verify` tells success with no proofs: where something is owed, that is incomplete."""
    assert replay(tmp_path, report({})).kind is VerdictKind.INCOMPLETE
    spec = Job({"a.rs": b"verus! { spec fn a() -> int { 1 } }\n"}, ("a.rs",))
    assert replay(tmp_path, report({}), job=spec).kind is VerdictKind.VERIFIED


@pytest.mark.parametrize("code", [1, 2, 101, 127, 128, 255])
def test_a_report_does_not_outweigh_the_exit_code(tmp_path: Path, code: int) -> None:
    """A clean report with any other exit code is a crash."""
    assert replay(tmp_path, report(PASS), code=code).kind is CRASH


def test_output_that_can_not_be_read(tmp_path: Path) -> None:
    """Neither what is not UTF-8, nor a flood, nor a death by signal is a pass."""
    assert replay(tmp_path, report(PASS), rest="printf '\\377' >&2").kind is CRASH
    assert replay(tmp_path, report(PASS), rest="yes x | head -c 70000000").kind is CRASH
    assert replay(tmp_path, report(PASS), rest=f"cat {tmp_path}/stdout; kill -9 $$").kind is CRASH


def test_a_hang_is_a_time_out(tmp_path: Path) -> None:
    """A tool that never answers (known after panics) is ended by the wall clock."""
    assert replay(tmp_path, rest="sleep 1000").kind is VerdictKind.TIMEOUT


def test_a_tool_that_is_not_there() -> None:
    """What can't be started is missing, not crashed."""
    one = tool("/no/such/verus")
    assert VERIFIER.read(one, SMALL, execute(VERIFIER.check(one, SMALL))).kind is VerdictKind.TOOL_MISSING


FAILURES = {
    "proof": (VerdictKind.FAILED, report({"s2c_a::a": False}), UNPROVED),
    "resources": (
        VerdictKind.RESOURCE,
        report({"s2c_a::a": False}),
        message("function body check: Resource limit (rlimit) exceeded", "error", "", ("a.rs", 1, 1, "")),
    ),
    "an unknown failed proof": (
        VerdictKind.FAILED,
        report({"s2c_a::a": False}),
        message("the moon is not full", "error", "", ("a.rs", 1, 1, "")),
    ),
    "mode": (
        VerdictKind.TYPE,
        report({}, encountered_error=True, encountered_vir_error=True, success=False, verified=None, errors=None),
        message("cannot call function `f` with mode exec", "error", "", ("a.rs", 1, 1, "")),
    ),
    "rustc": (
        VerdictKind.TYPE,
        report({}, encountered_error=True, success=False),
        message("cannot find value `x`", "error", "E0425", ("a.rs", 1, 1, "")),
    ),
    "syntax": (
        VerdictKind.SYNTAX,
        "",
        message("expected expression, found `;`", "error", "", ("a.rs", 1, 1, "")),
    ),
    "an unclosed comment": (
        VerdictKind.SYNTAX,
        "",
        message("unterminated block comment", "error", "E0758", ("a.rs", 1, 1, "")),
    ),
    "no place": (CRASH, "", message("couldn't read `a.rs`: No such file or directory")),
}


@pytest.mark.parametrize("case", FAILURES)
def test_failures_are_told_apart(tmp_path: Path, case: str) -> None:
    """What the model can repair, what needs a larger budget, and what is the tool's trouble."""
    kind, stdout, stderr = FAILURES[case]
    end = message("aborting due to 1 previous error")
    reading = replay(tmp_path, stdout, stderr + end, 1)
    assert reading.kind is kind, reading.reason
    assert [one.path for one in reading.diagnostics] == (["a.rs"] if kind is not CRASH else [""])


def test_a_failed_proof_stands_before_a_given_up_one(tmp_path: Path) -> None:
    """Both in one run: failed; only resources: what is not proved was given up."""
    rlimit = message("while loop: Resource limit (rlimit) exceeded", "error", "", ("a.rs", 1, 1, ""))
    functions = {"s2c_a::a": False}
    both = replay(tmp_path, report(functions), rlimit + UNPROVED, 1)
    assert (both.kind, both.outcomes) == (VerdictKind.FAILED, {"a": FAILED})
    one = replay(tmp_path, report(functions), rlimit, 1)
    assert (one.kind, one.outcomes) == (VerdictKind.RESOURCE, {"a": OPEN})


def test_a_message_brings_what_it_is_about(tmp_path: Path) -> None:
    """The clause that could not be proved and its own line stand beside the place where it failed."""
    source = "verus! {\nproof fn a()\n    ensures f(\U0001d53a) == é,\n{\n}\n}\n".encode()
    job = Job({"src/a.rs": source}, ("src/a.rs",), owed=("a",))
    line = message(
        "postcondition not satisfied", "error", "", ("/x/src/a.rs", 5, 1, "at the end"), ("src/a.rs", 3, 13, "failed")
    )
    (found,) = replay(tmp_path, report({"s2c_a::a": False}), line, 1, job=job).diagnostics
    assert (found.path, found.line, found.column, found.excerpt) == ("src/a.rs", 5, 1, "}")
    assert (
        found.message == "postcondition not satisfied: at the end [src/a.rs:3:13: failed: ensures f(\U0001d53a) == é,]"
    )


# --- the command --------------------------------------------------------------------------------------------------


def test_the_strictest_mode_that_the_given_text_passes() -> None:
    """`--no-cheating` unless lenient; the budget grows with its factor; the project's options are rustc's."""
    job = dataclasses.replace(SMALL, options=("--edition=2018",), budget=Budget(3, 10))
    run = VERIFIER.check(tool("verus"), job)
    assert run.command[:2] == ("verus", "--no-cheating")
    assert run.command[run.command.index("--rlimit") + 1] == "30"
    assert run.command[-3:] == ("a.rs", "--edition=2018", "--error-format=json")
    assert not any(word.startswith("--verify") for word in run.command)
    assert "--no-cheating" not in VERIFIER.check(tool("verus"), dataclasses.replace(job, lenient=True)).command


@pytest.mark.parametrize("name", ["a b.rs", "x-y.rs", "1.2.rs", "vstd.rs", "é.rs"])
def test_a_crate_has_a_name_that_is_one(name: str) -> None:
    """Whatever the file is called; in a crate named vstd Verus would allow cheating."""
    run = VERIFIER.check(tool("verus"), Job({name: b""}, (name,)))
    (told,) = [word.removeprefix("--crate-name=") for word in run.command if word.startswith("--crate-name=")]
    assert told.isidentifier()
    assert told.isascii()
    assert told != "vstd"


def test_self_tests_are_told_apart(tmp_path: Path) -> None:
    """What each self-test must be; their jobs are strict, and each file differs in one place."""
    tests = {test.name: test for test in VERIFIER.self_tests(tool("verus"))}
    assert [(name, test.must_be) for name, test in tests.items()] == [
        ("good", VerdictKind.VERIFIED), ("bad", VerdictKind.FAILED), ("assume(false)", VerdictKind.POLICY),
    ]  # fmt: skip
    assert not any(test.job.lenient for test in tests.values())
    good = tests["good"]
    reading = replay(tmp_path, report({"s2c_test::more": True, "s2c_test::solve": True}), job=good.job)
    assert {name: reading.outcomes[name] for name in good.proved} == {"more": PROVED, "solve": PROVED}


# --- versions -----------------------------------------------------------------------------------------------------

SAID = (
    "Verus\n  Version: {}\n  Profile: release\n  Platform: linux_x86_64\n  Toolchain: 1.95.0-x86_64-unknown-linux-gnu\n"
)


@pytest.mark.parametrize("version", ["0.2025.06.01.abcdef0", "0.2026.05.24.ecee80a", "0.2026.12.31.0123456.dirty"])
def test_versions_after_the_floor(version: str) -> None:
    """They are told as they are."""
    found = VERIFIER.tool(("v",), RawRun(0, SAID.format(version).encode(), b"", {}), "id")
    assert (found.name, found.version, found.identity) == ("Verus", version, "id")


@pytest.mark.parametrize(
    "said",
    [
        SAID.format("0.2025.04.26.717ad3e"),
        SAID.format("0.2025.05.31.abcdef0"),
        SAID.format("Unknown"),
        SAID.format("1.0.0"),
        "Verus 0.2026.05.24",
        json.dumps({"verus": {"version": "0.2026.05.24.ecee80a"}}),
        "x\nVersion: 0.2026.05.24.ecee80a\n",
        "bash: nope",
        "",
    ],
)
def test_other_versions_are_refused(said: str) -> None:
    """What is older than the floor or said in another form: with advice, not with a guess."""
    with pytest.raises(ToolError) as caught:
        VERIFIER.tool(("v",), RawRun(0, said.encode(), b"", {}), "id")
    assert caught.value.fix
