"""Repair in whole builds: what stood in the second, third and fourth prompt for a spec that is not proved at once."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import stand_in
from tests.crashes import heard
from tests.loopback import Server
from tests.openai_server import answer_fills, spec_text
from tests.projects import Ended, Tree

pytestmark = pytest.mark.endtoend

STUCK = "mid.dfy"
NAMES = {"low.dfy": "Low", STUCK: "Mid", "top.dfy": "Top", "else.dfy": "Else"}
IMPORTS = {"low.dfy": (), STUCK: ("low.dfy",), "top.dfy": (STUCK,), "else.dfy": ()}
EARLIER, AFRESH = "an earlier attempt at ", "a fresh start: "


def lay(tree: Tree, folder: Path, url: str, **settings: object) -> None:
    """A spec in the middle of three, and one that has nothing to do with them."""
    stand_in.install(tree, folder)
    for path, name in NAMES.items():
        tree.write(path, stand_in.spec(name, f"n + {len(name)}", *IMPORTS[path]))
    tree.configure(model="m-1", base_url=url, **settings)


def model(stuck: Callable[[int], str], asked: list[str]) -> Any:
    """Knows all but one spec; for that it says `stuck(time)`, from 1. Its part of each prompt goes to `asked`."""

    def solve(wire_id: str, prompt: str) -> str:
        text = spec_text(prompt, wire_id)
        own = text.partition("\n----- ")[0]  # the spec itself, without what is shown with it
        name = next(one for one in NAMES.values() if f"method {one}(" in own)
        if name != NAMES[STUCK]:
            return stand_in.fill(f"n + {len(name)}")[wire_id.partition(".")[2]]
        if wire_id.endswith(".h1"):
            return ""
        asked.append(text)
        return stuck(len(asked))

    return answer_fills(solve)


def clean(ended: Ended, code: int) -> Ended:
    """A run with this exit code, and no traceback."""
    assert ended.code == code, ended.text
    assert "Traceback" not in ended.text
    return ended


def starts(tree: Tree) -> list[tuple[object, object, object]]:
    """The fresh starts of the last run, as events tell them."""
    found = [one for one in heard(tree) if one["event"] == "fresh-start"]
    return [(one["component"], one["attempt"], one["reason"]) for one in found]


def test_the_same_answer_twice_changes_the_approach(tree: Tree, tmp_path: Path) -> None:
    """1: the spec. 2: the answer, what was said. 3 and 4: nothing of it, but what is proved around; and it says so."""
    asked: list[str] = []
    with Server(model(lambda _: "  r := 0; // as ever", asked)) as server:
        lay(tree, tmp_path / "tool", server.url, max_attempts=4)
        said = clean(tree.doit(), 1)
    assert len(asked) == 4
    assert (EARLIER in asked[0], AFRESH in asked[0]) == (False, False)
    assert (EARLIER in asked[1], AFRESH in asked[1]) == (True, False)
    assert "  r := 0; // as ever" in asked[1]
    assert "a postcondition could not be proved on this return path\n    ensures r == n + 3" in asked[1]
    for text in asked[2:]:
        assert (EARLIER in text, "as ever" in text) == (False, False)
        assert "a fresh start: the same answer came twice for this spec" in text
        assert "----- low.dfy (imported), with what was proved for it -----" in text
        assert "r := n + 3;" in text.partition("low.dfy (imported)")[2]
        assert "----- else.dfy (another file of the project), with what was proved for it -----" in text
        assert text.index("low.dfy (imported)") < text.index("top.dfy (a neighbour)") < text.index("else.dfy (another")
        assert all(f".{hole} " in text for hole in ("h1", "h2"))  # everything is asked for
    reason = "the same answer came twice"
    assert starts(tree) == [(STUCK, 3, reason), (STUCK, 4, reason)]
    assert f"{STUCK}: {reason}: asked afresh" in said.err


def test_a_neighbour_that_is_not_proved_shows_its_interface(tree: Tree, tmp_path: Path) -> None:
    """What stands in the same group and is not proved is shown as importers may rely on it."""
    asked: list[str] = []
    with Server(model(lambda _: "  r := 0;", asked)) as server:
        lay(tree, tmp_path / "tool", server.url, max_attempts=3)
        clean(tree.doit(f"generate:{STUCK}", f"verify:{STUCK}"), 1)
    assert "----- top.dfy (a neighbour), not proved yet -----" in asked[2]
    assert "ensures r == n + 3" in asked[2].partition("top.dfy (a neighbour)")[2]
    assert "else.dfy" not in asked[2]  # nothing is known of it that could help


def test_the_same_errors_twice_change_the_approach(tree: Tree, tmp_path: Path) -> None:
    """Other answers, the same errors: 3 is a fresh start, 4 mends what came of that, 5 is the next fresh start."""
    asked: list[str] = []
    with Server(model(lambda time: f"  r := {time};", asked)) as server:
        lay(tree, tmp_path / "tool", server.url, max_attempts=5)
        clean(tree.doit(), 1)
    assert [EARLIER in text for text in asked] == [False, True, False, True, False]
    assert [AFRESH in text for text in asked] == [False, False, True, False, True]
    assert ["r := 1;" in asked[1], "r := 2;" in asked[2], "r := 3;" in asked[3]] == [True, False, True]
    reason = "the same errors came twice"
    assert starts(tree) == [(STUCK, 3, reason), (STUCK, 5, reason)]


def test_progress_is_no_reason_to_begin_anew(tree: Tree, tmp_path: Path) -> None:
    """As long as other things go wrong each answer is mended, and shown; what came of it is proved."""
    asked: list[str] = []
    wrong = ["  assume false;", "  r := 0;", "  var s := (;"]
    with Server(model(lambda time: wrong[time - 1] if time <= 3 else "  r := n + 3;", asked)) as server:
        lay(tree, tmp_path / "tool", server.url)
        clean(tree.doit(), 0)
    assert len(asked) == 4
    assert all(EARLIER in later and before in later for before, later in zip(wrong, asked[1:], strict=True))
    assert starts(tree) == []


@pytest.mark.parametrize("times", [1, 2, 3])
def test_the_next_run_goes_on_as_planned(tree: Tree, tmp_path: Path, times: int) -> None:
    """After `times` attempts in vain the next run asks as this one would have: within its plan, and as --check says."""
    asked: list[str] = []
    with Server(model(lambda _: "  r := 0;", asked)) as server:
        lay(tree, tmp_path / "tool", server.url, max_attempts=times)
        clean(tree.doit(), 1)
        tree.configure(max_attempts=times + 1)
        shown = tree.s2c("prompt", STUCK).out
        bound, exact = (json.loads(tree.s2c("plan", *more, "--json").out)["requests"] for more in ((), ("--check",)))
        clean(tree.doit(), 1)
    tokens = [one["tokens"] for one in heard(tree) if one["event"] == "request"]
    assert [one["tokens"] for one in exact] == tokens
    assert [one["tokens"] for one in bound] >= tokens
    assert len(asked) == times + 1
    assert asked[-1] in shown
    assert (AFRESH in asked[-1]) == (times > 1)


def test_repairs_go_out_in_smaller_batches(tree: Tree, tmp_path: Path) -> None:
    """Twenty specs that nobody proves: at most 16, 8, 4 and then 1 in a request."""
    stand_in.install(tree, tmp_path / "tool")
    for number in range(20):
        tree.write(f"s{number}.dfy", stand_in.spec(f"S{number}", "n + 1"))
    with Server(answer_fills(lambda wire_id, _: "" if wire_id.endswith(".h1") else "  r := 0;")) as server:
        tree.configure(model="m-1", base_url=server.url, max_attempts=4)
        clean(tree.doit(), 1)
        count = len(server.requests)
    sizes = [int(str(one["specs"])) for one in heard(tree) if one["event"] == "request"]
    assert sorted(sizes, reverse=True) == [16, 8, 8, *[4] * 7, *[1] * 20]
    assert count == len(sizes)


SUM = """method Sum(n: nat) returns (r: nat)
  ensures r == n * (n + 1) / 2
// <vc-code>
{
  assume {:axiom} false;
}
// </vc-code>

lemma Half(n: nat)
  ensures n / 2 * 2 == n
// <vc-code>
{
  assume {:axiom} false;
}
// </vc-code>
"""


def test_what_dafny_says_goes_back_trimmed(tree: Tree, any_dafny: tuple[str, ...]) -> None:
    """Real Dafny on a fill with many wrong asserts: the first few of each hole, each with its line, none twice."""
    tree.dafny = any_dafny
    tree.write("sum.dfy", SUM)
    asserts = "".join(f"  assert n == {number};\n" for number in range(40, 50))
    with Server(answer_fills(lambda wire_id, _: asserts if wire_id.endswith("h1") else "  assert n == 7;")) as server:
        tree.configure(model="m-1", base_url=server.url, max_attempts=2)
        clean(tree.doit(), 1)
        second = spec_text(server.requests[1].prompt, "F1.h1")
    said = second.partition("What was said against it:\n")[2]
    lines = re.findall(r"^line (\d+), column \d+: error: .*\n    (.*)$", said, re.MULTILINE)
    source = ["", *_implementation(asserts).splitlines()]
    assert len(lines) == len(set(lines))
    assert all(source[int(number)].strip() == quoted for number, quoted in lines)
    assert 1 <= sum(quoted.startswith("assert n == 4") for _, quoted in lines) <= 4
    assert any(quoted == "assert n == 7;" for _, quoted in lines)


def _implementation(asserts: str) -> str:
    first, second, third = SUM.split("  assume {:axiom} false;\n")
    return f"{first}{asserts}{second}  assert n == 7;\n{third}"
