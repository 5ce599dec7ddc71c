"""What is free, best first, and what stands while a run goes on: candidates, accepted fills, names that are taken."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import pytest

from s2c import keys, policy, reuse, stands
from s2c.accepted import Accepted
from s2c.languages.base import language
from s2c.model import Implementation
from s2c.project import Project
from s2c.reuse import Candidate
from s2c.schedule import in_order
from tests.picture import HELPERS, HOLE, Bench, graph_of
from tests.projects import Tree

SPEC = f"{HELPERS}lemma L()\n  ensures true\n{HOLE}"
KEY = "b2:obligation.1:key"


@pytest.fixture
def project(tree: Tree) -> Iterator[Project]:
    """One spec with two holes that was built."""
    tree.write("a.dfy", SPEC)
    bench = Bench(tree)
    bench.build({"a.dfy": {"h2": "assert 0 == 0;\n"}})
    with bench.project() as made:
        yield made


def fills(text: str) -> dict[str, str]:
    """Fills for both holes."""
    return {"0.h1": "", "0.h2": f"assert {text};\n"}


def store(project: Project, text: str, key: str = KEY, author: str = "model") -> None:
    """An implementation that some run stored."""
    project.store.add_implementation(Implementation(key, fills(text), author, "m-1", "a.dfy"))


def found(
    project: Project, late: Mapping[str, Sequence[Mapping[str, str]]] | None = None, *, exact: bool = False
) -> list[tuple[str, str]]:
    """The candidates: where each comes from, and what it says."""
    made = reuse.candidates(project, project.component("a.dfy"), KEY, late or {}, exact=exact)
    return [(one.origin, one.fills["0.h2"].removeprefix("assert ").strip()) for one in made]


# --- candidates ---------------------------------------------------------------------------------------------------


def test_candidates_come_best_first(project: Project) -> None:
    """A person's edit, what is stored under this obligation, an answer nobody read, older fills of the same file."""
    store(project, "1 == 1")
    edited = project.outputs.read("a.dfy")
    assert edited is not None
    project.outputs.write("a.dfy", edited.replace(b"0 == 0", b"2 == 2"))
    late = {KEY: [{"0.h1": "\n", "0.h2": "{\nassert 3 == 3;\n}"}]}
    assert found(project, late) == [
        ("edited", "2 == 2;"), ("stored", "1 == 1;"), ("answered", "3 == 3;"), ("previous", "0 == 0;"),
    ]  # fmt: skip
    assert found(project, late, exact=True) == [("stored", "1 == 1;"), ("answered", "3 == 3;")]


def test_no_candidate_is_tried_twice(project: Project) -> None:
    """The same fills from two places are one candidate, under the better name."""
    store(project, "0 == 0")
    assert found(project, {KEY: [fills("0 == 0"), fills("0 == 0")]}) == [("stored", "0 == 0;")]


def test_of_older_fills_the_newest_are_tried(project: Project) -> None:
    """Only the newest few of the same file, and last what lies in build/: older ones rarely fit where these do not."""
    for number in range(1, 8):
        store(project, f"{number} == {number}", f"other obligation {number}")
    assert found(project) == [("previous", f"{number} == {number};") for number in (7, 6, 5, 0)]


def test_what_lacks_a_hole_is_no_candidate(project: Project) -> None:
    """Fills of another shape, as after a hole was added, are not tried."""
    made = [{"0.h2": "x;\n"}, {**fills("1 == 1"), "0.h3": ""}, {}]
    for number, one in enumerate(made):
        project.store.add_implementation(Implementation(f"other {number}", one, "model", path="a.dfy"))
    assert found(project, {KEY: [made[0]]}) == [("previous", "0 == 0;")]


def test_a_file_that_is_as_written_is_no_edit(project: Project) -> None:
    """What lies in build/ as it was written is nobody's edit, and an edit outside the holes gives no fills."""
    component = project.component("a.dfy")
    assert stands.edited(project, component) is None
    content = project.outputs.read("a.dfy")
    assert content is not None
    project.outputs.write("a.dfy", content.replace(b"ensures true", b"ensures 1 == 1"))
    assert stands.edited(project, component) is None


def test_a_file_without_holes_is_its_own_candidate(tree: Tree) -> None:
    """There is nothing to fill: it is only checked."""
    tree.write("g.dfy", "lemma G() {}\n")
    with Bench(tree).project() as project:
        assert reuse.candidates(project, project.component("g.dfy"), KEY, {}, exact=False) == [Candidate({}, "given")]


# --- accepted -----------------------------------------------------------------------------------------------------

HELP = "lemma Help()\n  ensures true\n{\n}\n"
GRAPH = graph_of(
    one=SPEC.replace("L()", "One()"),
    two=SPEC.replace("L()", "Two()"),
    both=f'include "one.dfy"\ninclude "two.dfy"\n{SPEC.replace("L()", "Both()")}',
    alone=SPEC.replace("L()", "Alone()"),
)
WITH_HELP = {"0.h1": HELP, "0.h2": "Help();\n"}


def clashes(accepted: Accepted, name: str, own: Mapping[str, str]) -> list[tuple[str, str]]:
    """Rules and holes that these fills break beside what stands."""
    return [(one.rule, one.hole) for one in accepted.clashes(GRAPH.components[name], own)]


def test_a_helper_name_is_taken_once() -> None:
    """Of files that someone imports together the second with a helper of that name is refused; a stranger is not."""
    accepted = Accepted(GRAPH)
    assert clashes(accepted, "two.dfy", WITH_HELP) == []
    accepted.add(GRAPH.components["one.dfy"], WITH_HELP)
    assert clashes(accepted, "one.dfy", WITH_HELP) == []
    assert clashes(accepted, "two.dfy", WITH_HELP) == [("name-taken", "h1")]
    assert clashes(accepted, "both.dfy", WITH_HELP) == [("name-taken", "h1")]
    assert clashes(accepted, "alone.dfy", WITH_HELP) == []
    said = accepted.clashes(GRAPH.components["two.dfy"], WITH_HELP)[0].message
    assert said == "name taken by one.dfy: Help is declared there; choose another name"
    accepted.remove(GRAPH.components["one.dfy"])
    assert clashes(accepted, "two.dfy", WITH_HELP) == []


def test_a_name_is_held_while_it_is_judged() -> None:
    """Fills that are about to be judged hold their names until they are accepted or given up."""
    accepted, one = Accepted(GRAPH), GRAPH.components["one.dfy"]
    accepted.reserve(one, WITH_HELP)
    assert clashes(accepted, "two.dfy", WITH_HELP) == [("name-taken", "h1")]
    accepted.release(one)
    assert clashes(accepted, "two.dfy", WITH_HELP) == []
    accepted.add(one, WITH_HELP)
    accepted.release(one)
    assert clashes(accepted, "two.dfy", WITH_HELP) == [("name-taken", "h1")]


def test_a_given_name_of_a_neighbour_is_taken() -> None:
    """What an imported, or an importing, file declares is no name for a helper."""
    own = {"0.h1": HELP.replace("Help", "Two"), "0.h2": "Two();\n"}
    assert clashes(Accepted(GRAPH), "both.dfy", own) == [("name-taken", "h1")]
    assert clashes(Accepted(GRAPH), "one.dfy", own) == [("name-taken", "h1")]
    assert clashes(Accepted(GRAPH), "alone.dfy", own) == []


def test_importers_are_judged_beside_what_stands() -> None:
    """An import that is accepted is its implementation, byte for byte; one that is not is an axiom without a body."""
    accepted, both = Accepted(GRAPH), GRAPH.components["both.dfy"]
    accepted.add(GRAPH.components["one.dfy"], WITH_HELP)
    case = accepted.case(both, {"0.h1": "", "0.h2": "One();\n"})
    assert case.fills == {"both.dfy": {"h1": "", "h2": "One();\n"}}
    assert set(case.imports) == {"one.dfy", "two.dfy"}
    assert b"Help();" in case.imports["one.dfy"]
    assert b"lemma {:axiom} Two()" in case.imports["two.dfy"]
    assert accepted.beside(both) == {"one.dfy": WITH_HELP, "two.dfy": None}


def test_structure_is_asked_before_policy() -> None:
    """A fill that is no body at all is told as that, not by the words in it."""
    spec, dafny = GRAPH.specs["one.dfy"], language("dafny")
    assert policy.check(spec, dafny, {"h1": "", "h2": "assert true;\n"}) == ()
    broken = policy.check(spec, dafny, {"h1": "", "h2": "} lemma X() { assume false;\n"})
    assert broken == dafny.structure(spec.source, spec.outline, {"h1": "", "h2": "} lemma X() { assume false;\n"})
    assert broken
    assumed = policy.check(spec, dafny, {"h1": "", "h2": "assume false;\n"})
    assert [one.hole for one in assumed] == ["h2"]


# --- order --------------------------------------------------------------------------------------------------------


def run(ids: list[str], rests_on: Mapping[str, list[str]], work: Callable[[str], str]) -> list[tuple[str, str]]:
    """What was settled, in its order."""
    settled: list[tuple[str, str]] = []
    in_order(ids, rests_on, 2, work, lambda one, result: settled.append((one, result)))
    return settled


def test_nothing_starts_before_what_it_rests_on() -> None:
    """A piece begins when all that it rests on was settled; what it rests on elsewhere does not count."""
    rests_on = {"d": ["b", "c"], "b": ["a", "elsewhere"], "c": ["a"], "a": []}
    done: list[str] = []

    def work(one: str) -> str:
        return f"{one} after {''.join(sorted(done))}"

    in_order("dcba", rests_on, 4, work, lambda one, _: done.append(one))
    assert done[0] == "a"
    assert sorted(done[1:3]) == ["b", "c"]
    assert done[3] == "d"
    assert run(["b"], rests_on, str.upper) == [("b", "B")]
    assert run([], rests_on, str.upper) == []


def test_an_exception_ends_it() -> None:
    """What goes wrong in a piece is raised to the caller, and what rests on it never starts."""
    started: list[str] = []

    def work(one: str) -> str:
        started.append(one)
        raise ValueError(one)

    with pytest.raises(ValueError, match="a"):
        run(["a", "b"], {"a": [], "b": ["a"]}, work)
    assert started == ["a"]


# --- files that are alike -----------------------------------------------------------------------------------------

OLD = """// <vc-helpers>
// </vc-helpers>
method M(n: int) returns (r: int)
  ensures r == n + 1
// <vc-code>
{
}
// </vc-code>
"""


def moved(tree: Tree, text: str) -> tuple[str, ...]:
    """Where candidates for a file come from that was moved and edited in one go."""
    bench = Bench(tree)
    bench.build({"old.dfy": {"h2": "r := n + 1;\n"}})
    (tree.root / "old.dfy").unlink()
    tree.write("deep/new.dfy", text)
    with bench.project() as made:
        component = made.component("deep/new.dfy")
        key = keys.obligation(made.graph, component, lambda _: None)
        found = reuse.candidates(made, component, key or "", {}, exact=False)
        assert [one for one in found if reuse.to_mend(component, one) is not None] == []
        return tuple(one.origin for one in found)


@pytest.mark.parametrize(
    ("text", "origins"),
    {
        "other contract": (OLD.replace("== n + 1", ">= n + 1"), ("elsewhere",)),
        "comment in its head": (OLD.replace("(r: int)", "(r: int) // > n").replace("==", ">"), ("elsewhere",)),
        "other name": (OLD.replace("M(", "N("), ()),
        "other parameter": (OLD.replace("n: int", "n: nat"), ()),
        "one more hole": (OLD + OLD.replace("M(", "N("), ()),
    }.values(),
)
def test_fills_of_a_file_that_was_moved_are_found(tree: Tree, text: str, origins: tuple[str, ...]) -> None:
    """By the heads of what is to be filled, not by contracts or comments; they are tried, never shown to a model."""
    tree.write("old.dfy", OLD)
    assert moved(tree, text) == origins


def test_only_what_is_gone_is_tried_elsewhere(tree: Tree) -> None:
    """After a file's own fills: what a run finds for others that are there can't count in that very run."""
    tree.write("old.dfy", OLD)
    tree.write("new.dfy", OLD.replace("n + 1", "n + 2"))
    bench = Bench(tree)
    bench.build({"old.dfy": {"h2": "r := n + 1;\n"}, "new.dfy": {"h2": "r := n + 2;\n"}})
    (tree.root / "old.dfy").unlink()
    tree.write("new.dfy", OLD.replace("n + 1", "n + 3"))
    tree.write("copy.dfy", OLD.replace("n + 1", "n + 4"))
    with bench.project() as made:

        def found(path: str) -> list[tuple[str, str]]:
            tried = reuse.candidates(made, made.component(path), "", {}, exact=False)
            return [(one.origin, one.fills["0.h2"]) for one in tried]

        assert found("new.dfy") == [("previous", "r := n + 2;\n"), ("elsewhere", "r := n + 1;\n")]
        assert found("copy.dfy") == [("elsewhere", "r := n + 1;\n")]
