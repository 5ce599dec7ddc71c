"""What makes what stale, as far as files and the store decide it: plans of small projects, no verifier."""

import shutil
from collections.abc import Mapping

import pytest

from s2c import keys, stands
from s2c.model import Attempt, Implementation, VerdictKind
from tests.picture import HELPERS, HOLE, Bench, nothing
from tests.projects import Tree

LIB = f"""lemma Half(n: nat)
  ensures n / 2 <= n
{HOLE}
"""
TOP = f"""include "lib/half.dfy"
{HELPERS}
method Top(n: nat) returns (r: nat)
  ensures r <= n
{HOLE}
"""
GIVEN = """method Twice(n: nat) returns (r: nat)
  ensures r == 2 * n
{
  r := n + n;
}
"""
VALUE = f"function Value(n: nat): nat\n{HOLE}"
READER = f'include "value.dfy"\nlemma Reads(n: nat)\n  ensures Value(n) >= 0\n{HOLE}'


@pytest.fixture
def bench(tree: Tree) -> Bench:
    """A spec that imports another one."""
    tree.write("lib/half.dfy", LIB)
    tree.write("top.dfy", TOP)
    return Bench(tree)


def edit(bench: Bench, path: str, old: str, new: str) -> None:
    """Change a source as a person does."""
    text = bench.tree.read(path)
    assert text.count(old) == 1
    bench.tree.write(path, text.replace(old, new))


def fail(bench: Bench, path: str, times: int, **settings: str) -> None:
    """Leave behind what a run leaves that asked for this spec so often in vain."""
    with bench.project(**settings) as project:
        component = project.component(path)
        key = keys.obligation(project.graph, component, stands.standing(project).fills.get)
        assert key is not None
        for number in range(1, times + 1):
            fills = {str(slot): f"assert {number} == 0;\n" for slot in keys.slots(project.graph, component)}
            said = (VerdictKind.FAILED, "not proved")
            project.store.add_attempt(Attempt(key, project.asking(component), number, fills, *said))


# --- nothing changed ----------------------------------------------------------------------------------------------


def test_new_specs_are_asked_for_together(bench: Bench) -> None:
    """Specs that were never built are to be asked for: tied by an import they go in one request, the import first."""
    made = bench.plan()
    assert {one: (str(item.state), item.reason) for one, item in made.items.items()} == {
        "lib/half.dfy": ("ask", "never built here"),
        "top.dfy": ("ask", "never built here"),
    }
    assert [one.components for one in made.requests] == [("lib/half.dfy", "top.dfy")]
    assert made.tokens > 20


def test_what_is_built_is_current(bench: Bench) -> None:
    """With build/ as today's keys ask for it, nothing is stale and nothing is to be asked."""
    bench.build()
    made = bench.plan()
    assert {str(item.state) for item in made.items.values()} == {"current"}
    assert made.requests == ()
    assert made.tokens == 0


def test_build_and_records_of_doit_can_be_lost(bench: Bench) -> None:
    """Without build/, and without doit's database, everything comes from the store: no request."""
    bench.build()
    shutil.rmtree(bench.tree.root / "build")
    assert bench.item("top.dfy").reason == "its file in the build folder is gone"
    bench.recorded.clear()
    made = bench.plan()
    assert {str(item.state) for item in made.items.values()} == {"stored"}
    assert made.requests == ()


def test_only_what_is_selected_and_imported_is_planned(bench: Bench) -> None:
    """A selection brings what it imports, and nothing else."""
    bench.tree.write("other.dfy", GIVEN)
    assert set(bench.plan("lib/half.dfy").items) == {"lib/half.dfy"}
    assert set(bench.plan("top.dfy").items) == {"lib/half.dfy", "top.dfy"}


# --- edits --------------------------------------------------------------------------------------------------------


def test_a_comment_costs_no_request(bench: Bench) -> None:
    """A comment in a spec makes that file alone stale, for its text; its fills are in the store."""
    bench.build()
    edit(bench, "lib/half.dfy", "lemma Half", "// the smaller half\nlemma   Half")
    item = bench.item("lib/half.dfy")
    assert (str(item.state), item.reason) == ("stored", "its text changed, not its meaning")
    assert bench.states()["top.dfy"] == "current"
    assert bench.plan().requests == ()


def test_a_renamed_file_is_found_again(bench: Bench) -> None:
    """Renamed, with the import path that names it, a spec is found by its key, and its importer did not change."""
    bench.build()
    before = bench.item("lib/half.dfy").key
    (bench.tree.root / "lib/half.dfy").rename(bench.tree.root / "lib/renamed.dfy")
    edit(bench, "top.dfy", "lib/half.dfy", "lib/renamed.dfy")
    made = bench.plan()
    assert {one: str(item.state) for one, item in made.items.items()} == {
        "lib/renamed.dfy": "stored",
        "top.dfy": "stored",
    }
    assert made.items["lib/renamed.dfy"].key == before
    assert made.items["top.dfy"].reason == "its text changed, not its meaning"
    assert made.requests == ()


def test_a_moved_member_of_a_cycle_is_found_again(bench: Bench) -> None:
    """A component of several files keeps its key when renaming turns their order by path round."""
    for path in ("top.dfy", "lib/half.dfy"):
        (bench.tree.root / path).unlink()
    even = f'include "OTHER.dfy"\nlemma Even(n: nat)\n  ensures n % 2 < 2\n{HOLE}'
    odd = f'include "OTHER.dfy"\n{HELPERS}lemma Odd(n: nat)\n  ensures n % 3 < 3\n{HOLE}'
    bench.tree.write("a.dfy", even.replace("OTHER", "b"))
    bench.tree.write("b.dfy", odd.replace("OTHER", "a"))
    bench.build()
    bench.tree.write("b.dfy", even.replace("OTHER", "a"))
    bench.tree.write("a.dfy", odd.replace("OTHER", "b"))
    assert bench.states() == {"a.dfy": "stored"}


def test_an_edited_contract_tries_the_old_fills(bench: Bench) -> None:
    """A changed contract is another obligation: the old fills are candidates, and it may cost a request."""
    bench.build()
    edit(bench, "top.dfy", "ensures r <= n", "ensures r <= n + 1")
    made = bench.plan()
    item = made.items["top.dfy"]
    assert (str(item.state), item.reason) == ("candidate", "its contract, or what it imports, changed")
    assert str(made.items["lib/half.dfy"].state) == "current"
    assert [one.components for one in made.requests] == [("top.dfy",)]


def test_an_edited_contract_makes_importers_stale(bench: Bench) -> None:
    """What importers can see of a file is part of their obligation."""
    bench.build()
    edit(bench, "lib/half.dfy", "ensures n / 2 <= n", "ensures n / 2 <= n && n >= 0")
    assert bench.states() == {"lib/half.dfy": "candidate", "top.dfy": "candidate"}


def test_an_edited_body_leaves_importers_alone(bench: Bench) -> None:
    """A method's given body is no part of the interface: early cutoff."""
    bench.tree.write("lib/half.dfy", GIVEN)
    bench.build()
    edit(bench, "lib/half.dfy", "r := n + n;", "r := 2 * n;")
    item = bench.item("lib/half.dfy")
    assert (str(item.state), item.reason) == ("given", "its contract, or what it imports, changed")
    assert bench.states()["top.dfy"] == "current"


def test_going_back_is_free(bench: Bench) -> None:
    """An edit that is taken back, as by a checkout of another branch and back, finds all that it had."""
    bench.build()
    was = bench.tree.read("lib/half.dfy")
    edit(bench, "lib/half.dfy", "n / 2 <= n", "n / 2 <= n + 1")
    bench.build()
    bench.tree.write("lib/half.dfy", was)
    assert bench.states() == {"lib/half.dfy": "stored", "top.dfy": "stored"}
    bench.build()
    assert set(bench.states().values()) == {"current"}


def test_what_stands_in_a_hole_is_nothing(bench: Bench) -> None:
    """The text that a spec has inside a hole is no part of any key: another stub, the same obligation, no request."""
    bench.build()
    keyed = {one: item.key for one, item in bench.plan().items.items()}
    edit(bench, "lib/half.dfy", "{\n}\n", "{\n  assume {:axiom} false; // to do\n}\n")
    made = bench.plan()
    assert {one: item.key for one, item in made.items.items()} == keyed
    assert str(made.items["lib/half.dfy"].state) == "stored"
    assert str(made.items["top.dfy"].state) == "current"
    assert made.requests == ()


def test_another_verifier_asks_for_nothing(bench: Bench) -> None:
    """A new verifier makes files stale by name, and their fills are still in the store."""
    bench.build()
    item = bench.item("top.dfy", tool="tool-2")
    assert (str(item.state), item.reason) == ("stored", "the verifier is another one")


@pytest.mark.parametrize(
    "settings",
    [{"model": "m-2"}, {"temperature": "0.7"}, {"batch_size": "1000"}, {"batch_mode": "no"}, {"max_output": "256"}],
)
def test_settings_of_the_request_leave_what_is_verified(bench: Bench, settings: Mapping[str, str]) -> None:
    """Model, temperature and batch size never make a verified spec stale."""
    bench.build()
    assert set(bench.states(**settings).values()) == {"current"}


def test_fresh_asks_again(bench: Bench) -> None:
    """fresh=1 passes over what the store has."""
    bench.build(written=False)
    assert set(bench.states().values()) == {"stored"}
    assert set(bench.states(fresh="1").values()) == {"ask"}


# --- edits in build/ ----------------------------------------------------------------------------------------------


def test_an_edit_by_hand_is_a_candidate(bench: Bench) -> None:
    """A fill edited in build/ is told, and is tried before anything is asked."""
    bench.build()
    edit(bench, "build/top.dfy", 'print "Top";', "r := 0;")
    item = bench.item("top.dfy")
    assert item.reason == "its file in the build folder was edited"
    assert str(item.state) in {"stored", "candidate"}
    shutil.rmtree(bench.tree.root / "cache")
    assert str(bench.item("top.dfy").state) == "candidate"


def test_an_edit_outside_holes_is_no_candidate(bench: Bench) -> None:
    """A build/ file whose contract was edited gives no fills."""
    bench.build()
    edit(bench, "build/top.dfy", "ensures r <= n", "ensures true")
    shutil.rmtree(bench.tree.root / "cache")
    assert str(bench.item("top.dfy").state) == "ask"


# --- fills that importers can see ---------------------------------------------------------------------------------


def test_who_sees_a_missing_fill_waits(bench: Bench) -> None:
    """A function's body is interface: while it is a hole, the importer has no key, and the plan says after which."""
    bench.tree.write("value.dfy", VALUE)
    bench.tree.write("reader.dfy", READER)
    item = bench.item("reader.dfy")
    assert (str(item.state), item.reason, item.key) == ("waiting", "after value.dfy", None)
    assert bench.states()["value.dfy"] == "ask"


def test_another_visible_fill_is_another_obligation(bench: Bench) -> None:
    """The importer's key has the function's body that stands: another body, another key."""
    bench.tree.write("value.dfy", VALUE)
    bench.tree.write("reader.dfy", READER)
    bench.build({"value.dfy": {"h1": "0\n"}})
    assert bench.states()["reader.dfy"] == "current"
    before = bench.item("reader.dfy").key
    with bench.project() as project:
        component = project.component("value.dfy")
        key = keys.obligation(project.graph, component, nothing)
        made = Implementation(str(key), {"0.h1": "1\n"}, "human", path="value.dfy")
        project.store.add_implementation(made)
    item = bench.item("reader.dfy")
    assert item.key != before
    assert str(item.state) == "candidate"


def test_a_wait_names_only_what_is_missing(bench: Bench) -> None:
    """Of two files whose fills are seen, the one that stands already is not waited for."""
    bench.tree.write("value.dfy", VALUE)
    bench.tree.write("more.dfy", VALUE.replace("Value", "More"))
    bench.tree.write("reader.dfy", f'include "more.dfy"\n{READER}')
    bench.build(only="value.dfy")
    assert bench.item("reader.dfy").reason == "after more.dfy"


@pytest.mark.parametrize("fills", [{}, {"0.h2": "0\n"}, {"0.h1": "0\n", "0.h2": "0\n"}])
def test_a_stored_row_of_other_holes_stands_for_nothing(bench: Bench, fills: Mapping[str, str]) -> None:
    """A record that lacks a fill of its obligation, or has one too many, is no implementation of it."""
    bench.tree.write("value.dfy", VALUE)
    bench.tree.write("reader.dfy", READER)
    with bench.project() as project:
        key = keys.obligation(project.graph, project.component("value.dfy"), nothing)
        project.store.add_implementation(Implementation(str(key), fills, "model", path="value.dfy"))
    states = bench.states()
    assert (states["value.dfy"], states["reader.dfy"]) == ("ask", "waiting")


# --- what can't be built ------------------------------------------------------------------------------------------


def test_a_missing_import_breaks_its_importers_alone(bench: Bench) -> None:
    """A missing include makes that file and its importers unusable, with the place, and no other file."""
    bench.tree.write("lib/half.dfy", f'\n  include "gone.dfy"\n{LIB}')
    bench.tree.write("fine.dfy", GIVEN)
    made = bench.plan()
    assert {one: str(item.state) for one, item in made.items.items()} == {
        "fine.dfy": "given",
        "lib/half.dfy": "broken",
        "top.dfy": "broken",
    }
    assert made.items["top.dfy"].reason.startswith("lib/half.dfy:2:11: imports 'gone.dfy', but there is no file")
    assert made.requests == ()


def test_a_file_that_does_not_parse_is_broken(bench: Bench) -> None:
    """Wrong syntax is told with its place, and nothing is asked for it."""
    bench.tree.write("top.dfy", TOP.replace("method Top(", "method Top(("))
    item = bench.item("top.dfy")
    assert str(item.state) == "broken"
    assert "syntax error" in item.reason
    assert item.reason.startswith("top.dfy:")


def test_used_up_attempts_cost_nothing(bench: Bench) -> None:
    """A spec that used up its attempts is not asked for again; what is not used up is."""
    bench.build(only="lib/half.dfy")
    fail(bench, "top.dfy", 4)
    assert bench.states()["top.dfy"] == "ask"
    fail(bench, "top.dfy", 5)
    made = bench.plan()
    assert str(made.items["top.dfy"].state) == "exhausted"
    assert made.requests == ()
    assert bench.states(max_attempts="6")["top.dfy"] == "ask"


@pytest.mark.parametrize("settings", [{"model": "m-2"}, {"temperature": "0.5"}, {"retry": "1"}, {"fresh": "1"}])
def test_what_matters_allows_new_attempts(bench: Bench, settings: Mapping[str, str]) -> None:
    """Another model, other settings of the request or retry=1 make a used-up spec worth asking for again."""
    fail(bench, "top.dfy", 5)
    assert bench.states()["top.dfy"] == "exhausted"
    assert bench.states(**settings)["top.dfy"] == "ask"


@pytest.mark.parametrize(
    "settings", [{"batch_size": "1000"}, {"smart_batching": "no"}, {"context_aware": "yes"}, {"jobs": "3"}]
)
def test_what_does_not_matter_allows_none(bench: Bench, settings: Mapping[str, str]) -> None:
    """Packing and processes are nothing that makes an attempt worth its money again."""
    fail(bench, "top.dfy", 5)
    assert bench.states(**settings)["top.dfy"] == "exhausted"


def test_used_up_with_old_fills_is_at_most_a_check(bench: Bench) -> None:
    """A used-up spec whose older fills are tried again is in no batch: the plan's bound is the run's."""
    bench.build()
    edit(bench, "top.dfy", "ensures r <= n", "ensures r < n")
    fail(bench, "top.dfy", 5)
    made = bench.plan()
    assert str(made.items["top.dfy"].state) == "candidate"
    assert made.requests == ()
