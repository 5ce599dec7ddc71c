"""The codebase context: what the specs of a project have in common, the same for every request of a run."""

import re

import pytest

from s2c.patterns import MOST_TOKENS, describe
from s2c.tokens import Counter
from tests.picture import HELPERS, HOLE, Bench
from tests.projects import Tree

VALUE = f"""datatype Shape = Dot | Line(n: nat)
function Value(n: nat): nat
  ensures Value(n) >= n
{HOLE}"""


def using(name: str, *clauses: str) -> str:
    """A file with one lemma, that imports the others' one."""
    told = "\n".join(f"  {clause}" for clause in clauses)
    return f'include "value.dfy"\n{HELPERS}lemma {name}(n: nat)\n{told}\n{HOLE}'


@pytest.fixture
def bench(tree: Tree) -> Bench:
    """Three files that import a fourth, two with the same clauses."""
    tree.write("value.dfy", VALUE)
    tree.write("a.dfy", using("A", "requires n > 0", "ensures n >= 0"))
    tree.write("b.dfy", using("B", "requires n > 0", "ensures n + 1 > 0"))
    tree.write("c.dfy", using("C", "requires n  >  0", "ensures n < n + 1"))
    return Bench(tree)


def told(bench: Bench, *, context_aware: bool = True) -> str:
    """The context as it is today."""
    with bench.project(context_aware=str(context_aware).lower()) as project:
        return describe(project)


def sections(text: str) -> dict[str, list[str]]:
    """Its lines, by the title above them."""
    parts = re.split(r"^----- (.*) -----\n", text, flags=re.MULTILINE)[1:]
    return {title: body.splitlines() for title, body in zip(parts[::2], parts[1::2], strict=True)}


def test_it_is_off_unless_asked_for(bench: Bench) -> None:
    """Without `context_aware` there is none."""
    assert told(bench, context_aware=False) == ""


def test_a_project_whose_specs_share_nothing_has_none(tree: Tree) -> None:
    """One file, or files that know nothing of each other: no section, not even a title."""
    tree.write("a.dfy", f"lemma A()\n  ensures true\n{HOLE}")
    assert told(Bench(tree)) == ""


def test_it_shows_what_is_imported_and_declared(bench: Bench) -> None:
    """A file that several import, how many do, and its declarations: types whole, others up to their bodies."""
    found = sections(told(bench))
    assert found["files that several specs of this project import"] == ["value.dfy: 3"]
    assert found["declarations that several specs of this project share"] == [
        "value.dfy: datatype Shape = Dot | Line(n: nat)",
        "value.dfy: function Value(n: nat): nat ensures Value(n) >= n",
    ]


def test_it_shows_clauses_that_recur(bench: Bench) -> None:
    """A clause that stands in three files, however it is spaced there."""
    found = sections(told(bench))
    assert found["clauses that recur in its contracts"] == ["requires n > 0 (in 3 files)"]
    assert found["its specs"] == ["4 with at most 2 clauses, 0 with up to 6, 0 with more"]


def test_it_shows_helpers_that_were_proved(bench: Bench) -> None:
    """The header of a helper that stands for another spec, without its proof."""
    bench.build({"a.dfy": {"h1": "lemma Help(n: nat)\n  ensures n >= 0\n{\n  assert true;\n}\n"}})
    proved = sections(told(bench))["helpers that were proved in it (to write alike, not to call)"]
    assert proved == ["lemma Help(n: nat) ensures n >= 0"]


def test_what_it_does_not_speak_of_does_not_change_it(bench: Bench) -> None:
    """A comment in a spec, or another proof, leaves every byte: the provider's cache of the prefix holds."""
    before = told(bench)
    bench.tree.write("a.dfy", "// changed\n" + using("A", "requires n > 0", "ensures n >= 0"))
    assert told(bench) == before


def test_it_is_bounded(bench: Bench) -> None:
    """However large the project, it has at most so many tokens, and ends with a whole line."""
    for number in range(60):
        clauses = [f"ensures n + {one} >= {'n + ' * 60}0" for one in range(20)]
        bench.tree.write(f"many/m{number:02}.dfy", using(f"M{number}", *clauses).replace("value.dfy", "../value.dfy"))
    assert Counter().count(told(bench)) <= MOST_TOKENS
    assert Counter().count(told(bench)) > MOST_TOKENS // 2
    assert told(bench).endswith("\n")
