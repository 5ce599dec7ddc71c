"""Dafny's own list of what given text takes on trust, beside ours."""

from pathlib import Path

import pytest

from s2c.audit import Audit
from s2c.executor import LocalExecutor
from s2c.languages.base import Job
from s2c.languages.dafny import audit
from s2c.lint import Remarks
from s2c.model import Assumption
from s2c.process import RawRun, Tool
from s2c.settings import Config
from s2c.store import Store
from tests.dafny_tools import available, installed
from tests.picture import HOLE, SECRET, graph_of

SPEC = f"""include "low.dfy"
lemma Early()
  ensures 1 == 1
{HOLE}lemma {{:axiom}} Ax()
  ensures 1 == 2
method M(n: int)
  decreases *
{{
  assume n > 0;
}}
lemma L()
  ensures 1 == 1
{HOLE}"""
LOW = f"lemma Low()\n  ensures 2 == 2\n{HOLE}"


@pytest.fixture
def modern() -> Tool:
    """A real Dafny 4."""
    if "4.x" not in available():
        pytest.skip("no Dafny 4 on this machine")
    return installed(available()["4.x"])


def raw(text: str, code: int = 0) -> RawRun:
    """A run that printed this."""
    return RawRun(code, text.encode(), b"", {})


JOB = Job({"a.dfy": b"", "b/a.dfy": b""}, ("a.dfy", "b/a.dfy"))
AXIOM = "a.dfy(3,15): Warning: Ax: Declaration has explicit `{:axiom}` attribute. Possible mitigation: Provide a proof."
LOOP = "b/a.dfy(9,1): Warning: L: Definition contains loop with no body. Possible mitigation: Provide a body."


def test_findings_are_told_by_file() -> None:
    """Each in the file that it names; axioms that only stand in are left out; other warnings are no findings."""
    said = f"a.dfy(1,1): Warning: something else\n{AXIOM}\n{LOOP}\nDafny auditor completed with 2 findings\n\n"
    loop = Assumption("L: Definition contains loop with no body", 9)
    axiom = Assumption("Ax: Declaration has explicit `{:axiom}` attribute", 3)
    assert audit.read(JOB, raw(said), set()) == {"a.dfy": (axiom,), "b/a.dfy": (loop,)}
    assert audit.read(JOB, raw(said), {"Ax", "L"}) == {"a.dfy": (), "b/a.dfy": (loop,)}


@pytest.mark.parametrize(
    "run",
    [
        raw(f"{AXIOM}\nDafny auditor completed with 2 findings\n"),
        raw(AXIOM),
        raw("Dafny auditor completed with 0 findings\n", 2),
        raw("a.dfy(1,1): Error: unresolved identifier: x\n1 resolution/type errors detected in a.dfy\n", 2),
        RawRun(None, b"", b"", {}, killed="wall"),
    ],
)
def test_a_list_that_cannot_be_read_is_told(run: RawRun) -> None:
    """A count that does not fit, none, another exit code: no list, and why."""
    found = audit.read(JOB, run, set())
    assert isinstance(found, str)
    assert found.startswith("dafny audit")


@pytest.mark.dafny
def test_it_tells_nothing_that_we_do_not_tell(modern: Tool, tmp_path: Path) -> None:
    """A real run over all that Dafny counts as trusted: our own reading has each line; asked once."""
    graph, config = graph_of(a=SPEC, low=LOW), Config(Path("/"))
    with Store.open(tmp_path, secret=SECRET) as store, LocalExecutor() as executor:
        asked = Audit(graph, config, store, executor.submit)
        assert asked.remarks(graph.components["a.dfy"], modern) == Remarks()
        assert {one.line for one in graph.specs["a.dfy"].outline.assumptions} == {8, 11, 13}
        assert Audit(graph, config, store, None).remarks(graph.components["a.dfy"], modern) == Remarks()
        bare = {path: spec.source.replace(b"\n{\n}\n", b"\n\n\n") for path, spec in graph.specs.items()}
        job = Job(bare, ("a.dfy",))
        told = audit.read(job, executor.submit(audit.run(modern, job)).result(), set())
        assert isinstance(told, dict)
        assert {one.line for one in told["a.dfy"]} == {2, 8, 10, 13, 15}  # 2, 15: what are holes, without their axioms
