"""GitHub Actions: annotations where a person can use them, a summary of the job, and no text that becomes a command."""

import io
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2c import outcomes
from s2c.languages.base import language
from s2c.lint import Finding
from s2c.model import Diagnostic, Spec
from s2c.report import github
from s2c.report.github import Guarded
from s2c.report.result import Case, Result
from s2c.report.summary import Row
from s2c.splice import splice
from tests import chain, stand_in
from tests.chain import clean
from tests.openai_server import AnswerBook, Server, answer_fills
from tests.projects import Tree
from tests.test_junit import EMPTY
from tests.test_report import QUICK

HOSTILE = "x\n::error file=a::b\r::set-env name=PATH::/evil\r\n  ::stop-commands::t\n##[add-mask]s | `</td>` % 100"
COMMAND = re.compile(r"(?:^|(?<=[\r\n]))\s*::|##\[")  # what the runner takes for a command: both of its forms
ANNOTATION = re.compile(r"::(error|warning|notice) ([^\r\n]*?)::([^\r\n]*)")


def made(*cases: Case, lint: tuple[Finding, ...] = (), error: str = "") -> Result:
    """A result with these cases, and a row for each."""
    rows = tuple(Row(one.path, one.state, reason=one.reason, first=HOSTILE) for one in cases)
    return Result(1, "", "b2:1", 3, error, replace(EMPTY, lint=lint), rows, cases)


def annotated(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Severity, properties and message of each annotation, as GitHub reads them; nothing else is a command."""
    found = []
    for line in re.split(r"[\r\n]", text):
        whole = ANNOTATION.fullmatch(line)
        assert whole or not COMMAND.search(line), line
        if whole:
            pairs = dict(pair.split("=", 1) for pair in whole[2].split(","))
            found.append((whole[1], {name: decoded(value) for name, value in pairs.items()}, decoded(whole[3])))
    return found


def decoded(text: str) -> str:
    """A value as the runner decodes it."""
    for code, sign in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, sign)
    return text


def test_each_file_that_is_not_green_is_annotated_once(tmp_path: Path) -> None:
    """Failed ones are errors, waiting ones warnings, remarks on specs notices, each at its place."""
    cases = (
        Case("generate", "a,b:c.dfy", "failed", "failed", "50% proved", ("a.dfy:3:7: error: x", "second"), 3, 7),
        Case("generate", "d.dfy", "passed", "waiting"),
        Case("verify", "a,b:c.dfy", "skipped", "failed", "50% proved"),
        Case("verify", "d.dfy", "skipped", "waiting", "verified, waiting for a.dfy"),
    )
    text = github.annotations(made(*cases, lint=(Finding("e.dfy", 4, "weak", "says little"),)), tmp_path, {})
    assert annotated(text) == [
        ("error", {"file": "a,b:c.dfy", "line": "3", "col": "7"},
         "a,b:c.dfy: failed: 50% proved\na.dfy:3:7: error: x\nsecond"),
        ("warning", {"file": "d.dfy", "line": "1", "col": "1"}, "d.dfy: waiting: verified, waiting for a.dfy"),
        ("notice", {"file": "e.dfy", "line": "4"}, "weak: says little"),
    ]  # fmt: skip


def test_paths_are_those_of_the_repository(tmp_path: Path) -> None:
    """A project in a folder of the repository is annotated at the repository's own paths."""
    case = Case("generate", "a.dfy", "failed", "failed", "no")
    for top, file in ((tmp_path, "sub/a.dfy"), (tmp_path / "sub", "a.dfy"), (tmp_path / "other", "a.dfy")):
        (found,) = annotated(github.annotations(made(case), tmp_path / "sub", {"GITHUB_WORKSPACE": str(top)}))
        assert found[1]["file"] == file


def test_no_more_than_github_shows_and_the_rest_is_counted(tmp_path: Path) -> None:
    """Ten of a severity; how many more there are is said."""
    cases = [Case("generate", f"{number}.dfy", "failed", "failed", "no") for number in range(14)]
    text = github.annotations(made(*cases), tmp_path, {})
    assert [one[0] for one in annotated(text)] == ["error"] * 10
    assert "4 more of severity error" in text


@QUICK
@given(st.text() | st.just(HOSTILE), st.text() | st.just(HOSTILE))
def test_no_text_is_a_command_or_leaves_its_cell(path: str, said: str) -> None:
    """Whatever a path or a verifier says: one annotation with that very text, one line of the table, no HTML."""
    case = Case("verify", path, "failed", "failed", said, (said,))
    whole = made(case, error=said)
    (one,) = annotated(github.annotations(whole, Path("/nowhere"), {}))
    for coded in ("%0D", "%0A", "%3A", "%2C", "%25"):
        said, path = said.replace(coded, ""), path.replace(coded, "")
    told = github.summary(whole)
    rows = [line for line in told.split("\n") if line.startswith("| ")]
    assert len(rows) == 3  # head, line below it, and the row
    assert len(re.findall(r"(?<!\\)\|", re.sub(r"\\\\", "", rows[2]))) == 5
    assert not re.search(r"<(?!/?sub)", told)
    assert one[0] == "error"


@QUICK
@given(st.lists(st.text() | st.sampled_from([":", "::", "#", "##", "[", " ", "\n", "\r", "##[", HOSTILE])))
def test_what_is_printed_holds_no_command(pieces: list[str]) -> None:
    """However a text is cut into writes, no line of it is a command; but for that nothing is changed."""
    out = io.StringIO(newline="")
    guarded = Guarded(out)
    for one in pieces:
        assert guarded.write(one) == len(one)
    assert not COMMAND.search(out.getvalue())
    assert out.getvalue().replace(" ", "") == "".join(pieces).replace(" ", "")
    guarded.command("::error::ours\n")
    assert re.search("(^|[\r\n])::error::ours\n$", out.getvalue())


def test_a_quantifier_stays_as_it_is() -> None:
    """The `::` of a formula is no command, and is printed as it is."""
    out = io.StringIO()
    Guarded(out).write("  ensures forall i :: 0 <= i\n")
    assert out.getvalue() == "  ensures forall i :: 0 <= i\n"


def test_the_summary_is_never_larger_than_github_takes() -> None:
    """A megabyte at most, with what others wrote before; what is left out is counted."""
    cases = [Case("generate", f"{number}.dfy", "failed", "failed", "ö" * 900) for number in range(2000)]
    told = github.summary(made(*cases))
    assert len(told.encode()) <= github.MOST
    assert re.search(r"\n\d+ more lines did not fit\n$", told)
    assert len(github.summary(made(*cases), github.MOST // 2).encode()) <= github.MOST // 2
    assert github.summary(made(*cases), 10) == ""


SPEC = """method A(n: int) returns (r: int)
  ensures r == n
// <vc-code>
{
  assume {:axiom} false;
}
// </vc-code>

method B(n: int) returns (r: int)
  ensures r == n
// <vc-code>
{
  assume {:axiom} false;
}
// </vc-code>
"""


def test_a_place_in_an_implementation_is_told_as_one_in_the_spec() -> None:
    """Before, inside and behind a fill of several lines: the line of the spec that a person has."""
    spoken = language("dafny")
    spec = Spec("a.dfy", "dafny", SPEC.encode(), spoken.parse(SPEC.encode()))
    made = splice(spec, spoken, {"h1": "  var x := n;\n  var ü := x;\n  r := ü;", "h2": "  r := n;"})
    lines = made.content.decode().split("\n")

    def place(text: str, word: str) -> tuple[int, int]:
        line = next(number for number, one in enumerate(lines, start=1) if text in one)
        said = Diagnostic("a.dfy", line, lines[line - 1].index(word) + 1, "error", "no")
        return outcomes.source_place(spec, made.content, made.regions, said)

    assert place("method A", "returns") == (1, 18)
    assert place("r := ü", "r")[0] in {3, 4}
    assert place("method B", "returns") == (9, 18)
    assert place("  r := n;", "r")[0] in {11, 12}
    assert outcomes.source_place(spec, made.content, made.regions, Diagnostic("a.dfy", 999, 1, "error", "")) == (1, 1)


@pytest.fixture
def step(tree: Tree, tmp_path: Path) -> Mapping[str, str]:
    """The environment of a step in a repository whose folder `project` is the project."""
    chain.lay(tree, tmp_path / "tool")
    (tmp_path / "summary.md").write_text("before\n")
    return {
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "GITHUB_WORKSPACE": str(tmp_path),
        "CI": "true",
    }


def test_a_step_annotates_and_sums_up(tree: Tree, tmp_path: Path, step: Mapping[str, str]) -> None:
    """A run in a step: an error at the spec, a warning for who waits, and the table behind what was there."""
    values = dict.fromkeys(chain.NAMES.values(), chain.VALUE) | {"Max": "0"}
    fills = [{"match": stand_in.head(name), "fills": stand_in.fill(value)} for name, value in values.items()]
    with Server(answer_fills(AnswerBook(fills))) as server:
        tree.configure(base_url=server.url, max_attempts=1)
        ended = clean(tree.doit(env=step), 1)
    found = annotated(ended.out)
    assert [(kind, place["file"]) for kind, place, _ in found] == [
        ("error", "project/lib/math.dfy"), ("warning", "project/far.dfy"), ("warning", "project/top.dfy"),
    ]  # fmt: skip
    assert "a postcondition could not be proved" in found[0][2]
    assert annotated(ended.err) == []
    told = (tmp_path / "summary.md").read_text()
    assert told.startswith("before\n## s2c: 0 of 3 files verified")
    assert "| lib/math\\.dfy | failed |" in told
    assert "::" not in tree.doit().out  # elsewhere nothing of this is printed


def test_a_hostile_project_gives_no_command(tree: Tree, step: Mapping[str, str]) -> None:
    """File names, fills and a spec's own text that look like commands reach the log as text only."""
    evil = "\n::error file=a::pwned\n##[add-mask]x\n"
    tree.write("::error::a.dfy", stand_in.spec("A", "n") + "// ::set-env name=PATH::/evil\nmethod ((\n::warning::x\n")
    tree.write("::stop-commands::b.dfy", stand_in.spec("B", "n"))
    fills = [{"match": stand_in.head("B"), "fills": {"h1": "", "h2": f"  r := 0;{evil}"}}]
    with Server(answer_fills(AnswerBook(fills))) as server:
        tree.configure(base_url=server.url, max_attempts=1)
        ended = tree.doit(env=step)
    assert "::error::a.dfy" in [place["file"].removeprefix("project/") for _, place, _ in annotated(ended.out)]
    assert annotated(ended.err) == []
    assert annotated(tree.s2c("plan", env=step).text) == []
