"""What Verus' output is read as: every known transcript, replayed through a small program under s2c's own run."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from s2c.errors import ToolError
from s2c.languages.base import Reading
from s2c.languages.verus import report as reports
from s2c.model import VerdictKind
from s2c.process import RawRun
from tests.verus_tools import VERIFIER, fence, message, replay, report, transcript

CRASH, POLICY, SYNTAX, TYPE = (VerdictKind(one) for one in ("tool-crash", "policy", "syntax", "type"))
FAILED, RESOURCE = VerdictKind.FAILED, VerdictKind.RESOURCE
Told = tuple[int, int, str, str]
Cut = Callable[[str], str]


@dataclass(frozen=True)
class Case:
    """A part of a transcript: how it is cut out, its stream and exit code, and what it must be read as."""

    kind: VerdictKind
    told: tuple[Told, ...] = ()
    cut: Cut = str
    stream: str = "stderr"
    code: int = 1


def fenced(marker: str, number: int = 0) -> Cut:
    """The block between backquotes that has these words."""
    return lambda text: fence(text, marker, number)


def between(first: str, last: str) -> Cut:
    """What stands after one line and before another."""
    return lambda text: text.partition(f"{first}\n")[2].partition(f"\n{last}")[0]


def error(line: int, column: int, text: str) -> Told:
    """An error as a diagnostic tells it."""
    return (line, column, "error", text)


def profiled(cost: str, times: str, share: str, each: str, place: int) -> str:
    """What the profiler says of a quantifier."""
    count = f"Instantiated {times} times - {share} of the total, cost {each}"
    return f"Cost * Instantiations: {cost} ({count}) top {place} of 3 user-level quantifiers."


UNPLACED = (1, 1)
LIMIT = "Resource limit (rlimit) exceeded"
PRE, POST, END = "precondition not satisfied", "postcondition not satisfied", "at the end of the function body"
MISMATCHED = "[E0308] mismatched types: expected `int`, found integer"
NO_METHOD = (
    "[E0599] no method named `spec_index` found for struct `std::vec::Vec<builtin::int>` in the current scope"
    " (help: there is a method `index` with a similar name)"
)
RECOMMENDED = (
    "recommendation not met: value may be out of range of the target type (use `#[verifier::truncate]` on the cast to"
    " silence this warning)"
)
UNSUPPORTED = (
    "`alloc::string::impl&%0::len` is not supported (note: you may be able to add a Verus specification to this"
    " function with `assume_specification`) (note: the vstd library provides some specification for the Rust std"
    " library, but it is currently limited)"
)
CRATE_NAME = (
    "invalid character `' '` in crate name: `Dafny_tmp_tmp0wu8wmfr_Heimaverkefni 3_SelectionSortMultiset_spec_task_2`"
    ' (help: you can either pass `--crate-name` on the command line or add `#![crate_name="…"]` to set the crate name)'
)

CASES: dict[str, tuple[Case, ...]] = {
    "a01": (
        Case(CRASH, (), fenced("1 verified, 0 errors"), "stdout", 0),
        Case(FAILED, (error(19, 12, "assertion failed"),), fenced("error: assertion")),
    ),
    "a02": (
        Case(
            RESOURCE,
            (
                error(66, 7, "function body check: Resource limit (rlimit) exceeded"),
                (70, 93, "info", profiled("2269911826", "8,981", "49%", "252746", 1)),
                (69, 32, "info", profiled("397732566", "8,981", "49%", "44286", 2)),
                (68, 24, "info", profiled("3", "1", "0%", "3", 3)),
            ),
            fenced("rlimit) exceeded"),
        ),
    ),
    "a07": (
        Case(
            RESOURCE,
            (error(*UNPLACED, f"while loop: {LIMIT}; consider rerunning with --profile for more details"),),
            fenced("rlimit) exceeded"),
        ),
    ),
    "a08": (
        Case(FAILED, (error(*UNPLACED, "possible arithmetic underflow/overflow"),), fenced("error: possible")),
        Case(FAILED, (error(*UNPLACED, "possible arithmetic underflow/overflow"),), fenced("error: possible", 1)),
        Case(FAILED, (error(*UNPLACED, f"{PRE} [failed precondition]"),), fenced("error: precondition")),
        Case(FAILED, (error(*UNPLACED, "assertion failed"),), fenced("error: assertion")),
    ),
    "a10": (
        Case(FAILED, (error(18, 34, f"{POST}: {END}"),), between("$ verus wat.rs", "$ verus --expand-errors")),
        Case(CRASH, (), between("$ verus --expand-errors wat.rs", "\0")),
    ),
    "a11": (Case(CRASH, (error(62, 40, PRE),)),),
    "a12": (
        Case(CRASH, (), lambda text: text.partition("\n")[0], "stdout", 0),  # not the whole report
        Case(CRASH, (), lambda text: text[text.index("{\n") :], "stdout"),  # it failed, and no error is told
    ),
    "a13": (Case(CRASH, (), between("## output", "\0"), "stdout", 0),),
    "a15": (Case(FAILED, (error(21, 17, f"{POST}: {END}"),)),),
    "a16": (Case(CRASH, code=101),),
    "b01": (Case(CRASH, stream="stdout", code=0),),
    "b02": (Case(FAILED, (error(19, 12, "assertion failed"),)),),
    "b03": (
        Case(CRASH, (), between("[stdout of a success]", "[stdout"), "stdout", 0),
        Case(CRASH, (), between("[stdout of a failure]", "[stderr"), "stdout"),
        Case(FAILED, (error(7, 13, f"{POST}: failed this postcondition"),), between("[stderr of that failure]", "\0")),
    ),
    "b04": (
        Case(
            FAILED,
            (error(24, 13, "invariant not satisfied at end of loop body"), (27, 18, "info", RECOMMENDED)),
        ),
    ),
    "b05": (Case(FAILED, (error(176, 9, f"{POST}: failed this postcondition"),)),),
    "b06": (Case(POLICY, (error(53, 1, "external_body/assume_specification not allowed with --no-cheating"),)),),
    "b07": (Case(SYNTAX, (error(22, 9, "expected curly braces"),)),),
    "b08": (Case(TYPE, (error(21, 12, MISMATCHED),)),),
    "b09": (Case(TYPE, (error(17, 1, "[E0428] the name `main` is defined multiple times: `main` redefined here"),)),),
    "b10": (Case(TYPE, (error(19, 21, UNSUPPORTED),)),),
    "b11": (Case(CRASH, (error(*UNPLACED, CRATE_NAME),)),),  # never the model's: s2c names the crate
    "b12": (Case(TYPE, (error(21, 14, "[E0425] cannot find function `gcd` in this scope: not found in this scope"),)),),
    "b13": (Case(TYPE, (error(22, 31, NO_METHOD), error(24, 12, MISMATCHED))),),
    "b14": (Case(SYNTAX, (error(17, 29, "mismatched closing delimiter: `}`: unclosed delimiter"),)),),
}

# Sources of Verus, not output of it; what each says is read in a test of its own below.
SOURCES = {
    "a03": "how the report is built",
    "a04": "the cases of --no-cheating",
    "a05": "the words of --no-cheating",
    "a06": "a missing installation: exit codes",
    "a09": "when the final line is printed",
    "a14": "a proof that a bug let pass, without its output",
}


def told(reading: Reading) -> tuple[Told, ...]:
    """The diagnostics, without the further places that a message names."""
    return tuple((one.line, one.column, one.severity, plain(one.message)) for one in reading.diagnostics)


def plain(text: str) -> str:
    """A message without what stands in brackets behind it."""
    return re.split(r" \[(?=\S+:\d+:\d+)", text)[0]


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_transcript_is_read_as_what_it_is(shared: Path, tmp_path: Path, name: str) -> None:
    """Kind and diagnostics of each part; none of them, whatever it claims, is a pass."""
    for case in CASES[name]:
        said = case.cut(transcript(shared, name)) + "\n"
        assert said.strip(), "the markers cut nothing out"
        reading = replay(tmp_path, **{case.stream: said}, code=case.code)  # type: ignore[arg-type]
        assert (reading.kind, told(reading)) == (case.kind, case.told), reading.reason
        assert reading.reason


def test_no_transcript_is_forgotten(shared: Path) -> None:
    """Each file is replayed, or is a source that has no output in it."""
    found = {path.stem for path in (shared / "transcripts" / "verus").glob("*.txt")}
    assert found == {*CASES, *SOURCES}
    assert not CASES.keys() & SOURCES


def test_further_places_are_told_beside_a_drawing(shared: Path, tmp_path: Path) -> None:
    """A label stands at the column of the source, whatever is drawn to its left (a15); or in another file (a11)."""
    for name, place in (
        ("a15", "assertions.rs:22:13: failed this postcondition"),
        ("a11", "host_impl_t.rs:99:13: failed"),
    ):
        assert place in replay(tmp_path, stderr=transcript(shared, name), code=1).diagnostics[0].message


def literals(text: str, words: str) -> Iterator[str]:
    """The string literals of a source that have these words."""
    return (one for one in re.findall(r'"((?:[^"\\\n]|\\.)*)"', text) if words in one)


def test_the_words_of_no_cheating_are_policy(shared: Path, tmp_path: Path) -> None:
    """Each refusal in the sources (a04, a05), told as rustc tells it, is the model's to repair."""
    text = transcript(shared, "a04") + transcript(shared, "a05")
    found = sorted(set(literals(text, "not allowed with --no-cheating")))
    assert len(found) == 4
    for words in found:
        line = message(words, "error", "", ("a.rs", 1, 2, ""))
        reading = replay(tmp_path, report(encountered_vir_error=True, verified=None), line, 1)
        assert (reading.kind, told(reading)) == (POLICY, (error(1, 2, words),))


def test_a_missing_installation_is_the_tools_trouble(shared: Path, tmp_path: Path) -> None:
    """What `verus` says before it starts anything (a06): exit codes 128 and 1."""
    text = transcript(shared, "a06")
    incomplete = next(literals(text, "installation is incomplete"))
    assert replay(tmp_path, stderr=f"{incomplete}\n  z3\n", code=128).kind is CRASH
    for words in literals(text, "verus: "):
        assert replay(tmp_path, stderr=words.replace("{}", "1.95.0") + "\n", code=1).kind is CRASH


def test_the_keys_of_the_report_are_those_of_its_source(shared: Path) -> None:
    """What `main.rs` puts into the report (a03) is what is known here."""
    text = transcript(shared, "a03")
    results = text[text.index("let mut res =") : text.index("let mut out:")]
    keys = set(re.findall(r'"([a-z-]+)"', results))
    assert keys == reports.RESULTS | reports.RESULTS_OPTIONAL
    top = set(re.findall(r'insert\("([a-z-]+)"', text))
    assert top <= reports.TOP | reports.TOP_OPTIONAL
    assert "verification-results" in top


def test_a_partial_run_in_words_is_no_pass(shared: Path, tmp_path: Path) -> None:
    """The final line as its source writes it (a09), for a whole crate and for a part."""
    text = transcript(shared, "a09")
    line = next(literals(text, "verification results::")).replace("{}", "3", 1).replace("{}", "0", 1)
    part = next(literals(text, "partial verification"))
    for end in ("", part):
        reading = replay(tmp_path, line.replace("{}", end) + "\n")
        assert reading.kind is CRASH


def test_a_proved_file_as_measured_by_others(shared: Path, tmp_path: Path) -> None:
    """The results of a12, in a whole report: a pass; the same for a refused construct: the model's to repair."""
    inner, _, refused = transcript(shared, "a12").partition("\n#")
    results = inner.strip()
    proved = report({"s2c_a::a": True}).replace(report_results(report({"s2c_a::a": True})), results)
    assert replay(tmp_path, proved).kind is VerdictKind.VERIFIED
    line = message("The verifier does not yet support this", "error", "", ("a.rs", 1, 1, ""))
    assert replay(tmp_path, refused[refused.index("{") :], line, 1).kind is TYPE


def report_results(text: str) -> str:
    """The object of results in a report."""
    start = text.index('"verification-results": ') + len('"verification-results": ')
    return text[start : text.index("}", start) + 1]


def test_the_version_of_a_bug_is_refused(shared: Path) -> None:
    """The version that believed an unproved assertion (a13)."""
    path = shared / "transcripts" / "verus" / "a13.txt"
    version = re.search(r"0\.\d{4}\.\d\d\.\d\d\.\w+", path.read_text(encoding="utf-8"))
    assert version is not None
    raw = RawRun(0, f"Verus\n  Version: {version[0]}\n".encode(), b"", {})
    with pytest.raises(ToolError, match="1624"):
        VERIFIER.tool(("verus",), raw, "id")
