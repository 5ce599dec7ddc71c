"""JUnit XML of a run: its form, what stands in it, and that it is there however the run ended."""

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2c.report import junit, result
from s2c.report.result import Case, Result
from s2c.report.summary import Row
from tests import chain, stand_in
from tests.chain import clean, served
from tests.openai_server import AnswerBook, Server, answer_fills
from tests.projects import Tree
from tests.test_report import NOTHING, QUICK, Summary

# the schema that Jenkins checks such files against: element -> attributes (! if they must be there), children
TOLD = ({"type", "message"}, set[str]())
SCHEMA = {
    "testsuites": ({"name", "tests", "failures", "errors", "time"}, {"testsuite"}),
    "testsuite": ({"name!", "tests!", "failures!", "errors!", "skipped", "time", "timestamp"}, {"testcase"}),
    "testcase": ({"name!", "classname", "time"}, {"failure", "error", "skipped"}),
    "failure": TOLD,
    "error": TOLD,
    "skipped": TOLD,
}
EMPTY = Summary(**{**NOTHING, "lint": ()})
CASES = (
    Case("generate", "a.dfy", "failed", "failed", "not proved", ("a.dfy:3:7: error: <no> & \x1b[31m", "]]>"), 3, 7),
    Case("generate", "b.dfy", "passed", "verified"),
    Case("verify", "a.dfy", "skipped", "failed", "not proved"),
    Case("verify", "c.dfy", "error", "tool-crash", "no \udcff output"),
)


def made(*cases: Case, error: str = "") -> Result:
    """A result with these cases."""
    return Result(1, "", "b2:1", 3, error, EMPTY, (Row("a.dfy", "failed"),), cases)


def read(content: bytes) -> ET.Element:
    """The document, checked against the schema and its own counts."""
    top = ET.fromstring(content)  # noqa: S314 - our own file
    check(top)
    assert top.tag == "testsuites"
    for one in (top, *top):
        found = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}
        assert {name: int(one.attrib[name]) for name in found if name in one.attrib} == {
            name: sum(1 for _ in one.iter(tag)) for name, tag in found.items() if name in one.attrib
        }
    return top


def check(element: ET.Element) -> None:
    """An element and all in it have the attributes and the children of the schema, and no others."""
    attributes, children = SCHEMA[element.tag]
    assert {one.rstrip("!") for one in attributes} >= set(element.attrib), element.attrib
    assert {one[:-1] for one in attributes if one.endswith("!")} <= set(element.attrib), element.attrib
    assert {one.tag for one in element} <= children
    if element.tag == "testcase":
        assert len(element) <= 1
    for one in element:
        check(one)


def told(top: ET.Element) -> dict[str, str]:
    """`KIND PATH` -> what became of it, with its message."""
    found = {}
    for case in top.iter("testcase"):
        outcome = next(iter(case), None)
        key = f"{case.attrib['classname']} {case.attrib['name']}"
        found[key] = "passed" if outcome is None else f"{outcome.tag}: {outcome.attrib['message']}"
    return found


def test_each_task_of_each_file_is_a_test_once() -> None:
    """Outcomes, messages and diagnostics are those of the cases, and the counts are right."""
    top = read(junit.render(made(*CASES)))
    assert told(top) == {
        "generate a.dfy": "failure: not proved",
        "generate b.dfy": "passed",
        "verify a.dfy": "skipped: not proved",
        "verify c.dfy": "error: no \\udcff output",
    }
    (failure,) = top.iter("failure")
    assert failure.attrib["type"] == "failed"
    assert failure.text == "a.dfy:3:7: error: <no> & \\x1b[31m\n]]>"


def test_what_ended_a_run_is_an_error_of_its_own() -> None:
    """A run that was ended early is never all green: its end is an error beside the files'."""
    top = read(junit.render(made(Case("generate", "b.dfy", "passed"), error="max_requests = 1 is used up")))
    assert told(top) == {"generate b.dfy": "passed", "run s2c": "error: max_requests = 1 is used up"}


def test_a_check_has_the_time_that_its_verdict_took() -> None:
    """In seconds of processor, and their sum for all of them; a generated file has none."""
    cases = [Case("verify", f"{one}.dfy", "passed", "verified", milliseconds=one) for one in (1500, 20)]
    top = read(junit.render(made(Case("generate", "b.dfy", "passed"), *cases)))
    assert [one.get("time") for one in top.iter("testcase")] == [None, "1.500", "0.020"]
    assert [one.get("time") for one in top.iter("testsuite")] == [None, "1.520"]


@QUICK
@given(st.lists(st.text(), min_size=3, max_size=3), st.sampled_from(["failed", "error", "skipped", "passed"]))
def test_any_text_is_well_formed(texts: list[str], outcome: str) -> None:
    """Whatever a path, a reason or a verifier says, the file can be read, and no case is lost."""
    path, reason, detail = texts
    top = read(junit.render(made(Case("verify", path, outcome, "failed", reason, (detail,)), error=reason)))
    assert len(list(top.iter("testcase"))) == (2 if reason else 1)


@QUICK
@given(st.text(), st.integers(0, 5), st.sampled_from(CASES))
def test_a_result_reads_back_as_it_was_written(text: str, code: int, case: Case) -> None:
    """The file of a shard is JSON that says the same after reading."""
    whole = Result(code, "1/2", "b2:1", 3, text, EMPTY, (Row(text, text),), (case,))
    assert result.from_json(result.to_json(whole), "here") == whole


@pytest.fixture
def project(tree: Tree, tmp_path: Path) -> Tree:
    """Three specs in a row."""
    return chain.lay(tree, tmp_path / "tool")


def test_a_green_run_has_two_tests_a_file(project: Tree) -> None:
    """`--junit` as an option, a variable and a word; a run with nothing to do tells all files again."""
    with served(project):
        clean(project.doit("generate", "--junit", "out/a.xml"))
        clean(project.doit("junit=b.xml"))
        clean(project.doit(env={"S2C_JUNIT": "c.xml"}))
        clean(project.doit())
        clean(project.doit(env={"S2C_JUNIT": "d.xml"}))
    assert told(read(project.read("out/a.xml").encode())) == dict.fromkeys(
        [f"generate {path}" for path in chain.NAMES], "passed"
    )
    both = dict.fromkeys([f"{kind} {path}" for kind in ("generate", "verify") for path in chain.NAMES], "passed")
    for name in ("b.xml", "c.xml", "d.xml"):
        assert told(read(project.read(name).encode())) == both
        times = [one.get("time", "") for one in read(project.read(name).encode()).iter("testcase")]
        assert all(times[len(chain.NAMES) :])
        assert min(map(float, times[len(chain.NAMES) :])) > 0
    clean(project.doit("junit=e.xml", "verify:top.dfy"))
    assert {key for key in told(read(project.read("e.xml").encode())) if key.startswith("verify")} == {"verify top.dfy"}


def test_what_fails_says_why_and_what_waits_is_skipped(project: Tree) -> None:
    """A spec that is not proved fails with the verifier's words; its importer is judged, and waits."""
    fills = [
        {"match": stand_in.head(name), "fills": stand_in.fill("0" if name == "Max" else chain.VALUE)}
        for name in chain.NAMES.values()
    ]
    with Server(answer_fills(AnswerBook(fills))) as server:
        project.configure(base_url=server.url, max_attempts=1)
        clean(project.doit("junit=a.xml"), 1)
    top = read(project.read("a.xml").encode())
    found = told(top)
    assert found["generate lib/math.dfy"].startswith("failure: its 1 attempts are used up")
    assert found["verify lib/math.dfy"].startswith("skipped")
    assert re.match("skipped: verified, waiting for lib/math.dfy", found["verify top.dfy"])
    (failure,) = top.iter("failure")
    assert "lib/math.dfy:" in (failure.text or "")
    assert "a postcondition could not be proved" in (failure.text or "")
    assert "build/.failed/lib/math.dfy" in (failure.text or "")


def test_a_limit_and_frozen_leave_their_report(project: Tree) -> None:
    """A run that a limit ends (5), or that lacks a record (4), has its file all the same, and no older one."""
    project.configure(model="m-1", max_requests=0)
    project.write("a.xml", "old")
    with served(project):
        clean(project.doit("junit=a.xml"), 5)
    found = told(read(project.read("a.xml").encode()))
    assert found["run s2c"].startswith("error: ")
    assert found["generate lib/math.dfy"].startswith("failure: ")
    clean(project.doit("junit=a.xml", "frozen=1"), 4)
    found = told(read(project.read("a.xml").encode()))
    assert found["generate lib/math.dfy"].startswith("failure: frozen; the records hold nothing for it")


def test_a_report_that_cannot_be_written_is_an_error(project: Tree) -> None:
    """It is told, with the place, and the run is not green."""
    project.write("file", "")
    with served(project):
        ended = clean(project.doit("junit=file/a.xml"), 2)
    assert "a report can't be written" in ended.err


def test_only_xml_files_are_written_to(project: Tree) -> None:
    """A name that is no .xml file is a wrong setting: no source is overwritten by a slip."""
    assert "junit must name an .xml file" in clean(project.doit("junit=top.dfy"), 3).err
