"""Files that depend on each other: cycles, shared names, imports that are not proved, fills that importers can see."""

import pytest

from tests.loopback import Server
from tests.openai_server import AnswerBook, answer_fills
from tests.projects import Tree

pytestmark = pytest.mark.endtoend

HOLE = "// <vc-code>\n{\n}\n// </vc-code>\n"


def serve(tree: Tree, dafny: tuple[str, ...], answers: dict[str, dict[str, str]]) -> Server:
    """An endpoint that gives these fills by a line of the spec, for a project that asks it."""
    tree.dafny = dafny
    server = Server(answer_fills(AnswerBook({"match": line, "fills": fills} for line, fills in answers.items())))
    tree.configure(model="played-model-1", base_url=server.url, max_attempts=2)
    return server


def test_a_cycle_that_proves_itself_false_is_never_green(tree: Tree, dafny: tuple[str, ...]) -> None:
    """Two lemmas that prove each other false through an include cycle are refused, both, however often they come."""
    tree.write("a.dfy", f'include "b.dfy"\nlemma A()\n  ensures 0 == 1\n{HOLE}')
    tree.write("b.dfy", f'include "a.dfy"\nlemma B()\n  ensures 0 == 1\n{HOLE}')
    with serve(tree, dafny, {"lemma A()": {"h1": "  B();"}, "lemma B()": {"h1": "  A();"}}):
        ended = tree.doit()
    assert ended.code == 1, ended.text
    assert tree.states == {"a.dfy": "failed", "b.dfy": "failed"}
    assert not (tree.root / "build/a.dfy").exists()


def test_an_honest_cycle_is_verified_together(tree: Tree, dafny: tuple[str, ...]) -> None:
    """Files that include each other are one unit: one request, one run, both green."""
    even = (
        "function Even(n: nat): bool\n{\n  n == 0 || Odd(n - 1)\n}\nlemma EvenDouble(n: nat)\n  ensures Even(2 * n)\n"
    )
    odd = (
        "function Odd(n: nat): bool\n{\n  n != 0 && Even(n - 1)\n}\nlemma OddDouble(n: nat)\n  ensures Odd(2 * n + 1)\n"
    )
    tree.write("even.dfy", f'include "odd.dfy"\n{even}  decreases 2 * n\n{HOLE}')
    tree.write("odd.dfy", f'include "even.dfy"\n{odd}  decreases 2 * n + 1\n{HOLE}')
    fills = {
        "lemma EvenDouble(n: nat)": {"h1": "  if n > 0 { OddDouble(n - 1); }"},
        "lemma OddDouble(n: nat)": {"h1": "  EvenDouble(n);"},
    }
    with serve(tree, dafny, fills) as server:
        ended = tree.doit()
        assert ended.code == 0, ended.text
        assert len(server.requests) == 1
    assert tree.states == {"even.dfy": "verified", "odd.dfy": "verified"}
    assert tree.doit().code == 0
    assert tree.summary["tasks_executed"] == 0


def test_fills_are_put_together_when_an_edit_closes_a_cycle(tree: Tree, dafny: tuple[str, ...]) -> None:
    """Files that were filled one by one and now include each other keep their fills, and when that ends they do too."""
    lemma = {name: f"lemma {name}(n: nat)\n  ensures n + 0 == n\n{HOLE}" for name in ("One", "Two")}
    tree.write("one.dfy", lemma["One"])
    tree.write("two.dfy", f'include "one.dfy"\n{lemma["Two"]}')
    answers = {f"lemma {name}(n: nat)": {"h1": f"  assert n == n + {len(name) - 3};"} for name in lemma}
    with serve(tree, dafny, answers) as server:
        assert tree.doit().code == 0
        asked = len(server.requests)
        tree.write("one.dfy", f'include "two.dfy"\n{lemma["One"]}')
        assert tree.doit().code == 0
        assert len(tree.states) == 2
        tree.write("two.dfy", lemma["Two"].replace("+ 0 == n", "+ 0 <= n"))
        ended = tree.doit()
        assert ended.code == 0, ended.text
        assert len(server.requests) == asked
    assert tree.states == {"one.dfy": "verified", "two.dfy": "verified"}


def test_a_helper_may_not_take_a_name_that_a_neighbour_has(tree: Tree, dafny: tuple[str, ...]) -> None:
    """Of two files whose helpers share a name the second is refused, with the first one's path; importers wait."""
    helper = "lemma Help(n: nat)\n  ensures n + 0 == n\n{\n}\n"
    for name in ("One", "Two"):
        lemma = f"lemma {name}(n: nat)\n  ensures n + 0 == n\n"
        tree.write(f"{name.lower()}.dfy", f"// <vc-helpers>\n// </vc-helpers>\n{lemma}{HOLE}")
    both = 'include "one.dfy"\ninclude "two.dfy"\nlemma Both(n: nat)\n  ensures n + 0 == n\n'
    tree.write("uses.dfy", f"{both}{HOLE}")
    answers = {f"lemma {name}(n: nat)": {"h1": helper, "h2": "  Help(n);"} for name in ("One", "Two")}
    answers["lemma Both(n: nat)"] = {"h1": "  One(n); Two(n);"}
    with serve(tree, dafny, answers) as server:
        ended = tree.doit()
        assert ended.code == 1, ended.text
        assert "name taken by one.dfy" in server.requests[1].prompt
    assert tree.states == {"one.dfy": "verified", "two.dfy": "policy", "uses.dfy": "waiting"}
    reasons = {row["path"]: row["reason"] for row in tree.summary["rows"]}
    assert "name taken by one.dfy" in reasons["two.dfy"]
    assert "two.dfy" in reasons["uses.dfy"]


def test_an_importer_of_an_unproved_file_is_not_green(tree: Tree, dafny: tuple[str, ...]) -> None:
    """What is proved on the word of an import that is not proved waits for it, and says so."""
    tree.write("base.dfy", f"lemma Base(n: nat)\n  ensures n * n >= n\n{HOLE}")
    tree.write("top.dfy", f'include "base.dfy"\nlemma Top(n: nat)\n  ensures n * n >= n\n{HOLE}')
    answers = {"lemma Base(n: nat)": {"h1": "  assert 1 == 2;"}, "lemma Top(n: nat)": {"h1": "  Base(n);"}}
    with serve(tree, dafny, answers):
        ended = tree.doit()
    assert ended.code == 1, ended.text
    assert tree.states == {"base.dfy": "failed", "top.dfy": "waiting"}


def test_a_visible_fill_comes_before_those_who_see_it(tree: Tree, dafny: tuple[str, ...]) -> None:
    """The importer of a function whose body is a hole is asked only after that body stands, and is shown it."""
    tree.write("twice.dfy", "function Twice(n: nat): nat\n  ensures Twice(n) >= n\n")
    tree.write("uses.dfy", f'include "twice.dfy"\nlemma Uses(n: nat)\n  ensures Twice(n) == n + n\n{HOLE}')
    answers = {
        "function Twice(n: nat): nat": {"h1": "  n + n"},
        "lemma Uses(n: nat)": {"h1": "  assert Twice(n) == n + n;"},
    }
    with serve(tree, dafny, answers) as server:
        ended = tree.doit()
        assert ended.code == 0, ended.text
        first, second = (one.prompt for one in server.requests)
    assert "lemma Uses" not in first
    assert "n + n" in second.split("----- spec F1")[0]
    assert tree.states == {"twice.dfy": "verified", "uses.dfy": "verified"}


def test_a_missing_include_stops_its_file_and_importers_only(tree: Tree, dafny: tuple[str, ...]) -> None:
    """An include that is not there is one clear message with its place; other files are built all the same."""
    tree.write("lost.dfy", f'include "gone.dfy"\nlemma Lost()\n  ensures true\n{HOLE}')
    tree.write("top.dfy", f'include "lost.dfy"\nlemma Top()\n  ensures true\n{HOLE}')
    tree.write("fine.dfy", f"lemma Fine(n: nat)\n  ensures n + 0 == n\n{HOLE}")
    with serve(tree, dafny, {"lemma Fine(n: nat)": {"h1": "  assert n + 0 == n;"}}) as server:
        ended = tree.doit()
        assert len(server.requests) == 1
    assert ended.code == 2, ended.text
    assert "lost.dfy:1:9" in ended.text
    assert "no file 'gone.dfy'" in ended.text
    assert tree.states["fine.dfy"] == "verified"
    assert "Traceback" not in ended.text


def test_an_include_outside_the_project_must_be_allowed(tree: Tree, dafny: tuple[str, ...]) -> None:
    """A file outside the project is read only if `external` names its folder."""
    tree.write("../library/given.dfy", "lemma Given(n: nat)\n  ensures n + 0 == n\n{\n}\n")
    tree.write("uses.dfy", f'include "../library/given.dfy"\nlemma Uses(n: nat)\n  ensures n + 0 == n\n{HOLE}')
    with serve(tree, dafny, {"lemma Uses(n: nat)": {"h1": "  Given(n);"}}):
        ended = tree.doit()
        assert ended.code == 2, ended.text
        assert "external" in ended.text
        tree.configure(external=["../library"])
        ended = tree.doit()
    assert ended.code == 0, ended.text
    assert tree.states == {"uses.dfy": "verified"}
