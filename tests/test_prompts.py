"""What the model is shown: golden prompts of a first request and of a repair, and the laws of their parts."""

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import takewhile
from pathlib import Path

import pytest

from s2c import asking, blame, prompts, repair
from s2c.asking import Composed, Wanted, compose
from s2c.languages.base import language
from s2c.model import Answer, Diagnostic, Refusal, Verdict, VerdictKind
from s2c.plan import whole
from s2c.project import Project
from s2c.tokens import Counter
from s2c.wire import render
from tests.picture import HELPERS, HOLE, Bench
from tests.projects import Tree

GOLDEN = Path(__file__).parent / "golden"
DAFNY = language("dafny")

LIB = f"""// what others stand on
function Value(n: nat): nat
  ensures Value(n) >= n
{HOLE}
lemma Grows(n: nat)
  ensures Value(n) >= 0
{HOLE}"""
TOP = f"""include "lib/value.dfy"
{HELPERS}
method Sum(n: nat) returns (r: nat)
  ensures r >= n
{HOLE}
lemma Twice(n: nat)
  ensures 2 * n >= n
{HOLE}"""
PLAIN = "lemma Bare(n: nat)\n  ensures n >= 0\n\nmethod Stub() { assume false; } // é\n"
WRONG = {"0.h1": "", "0.h2": "  r := 0;\n", "0.h3": "  assert n >= 0;\n"}


@pytest.fixture
def bench(tree: Tree) -> Bench:
    """A spec that imports a file with holes, and one without tags."""
    tree.write("lib/value.dfy", LIB)
    tree.write("top.dfy", TOP)
    tree.write("plain.dfy", PLAIN)
    return Bench(tree)


def ask(
    project: Project,
    *wanted: Wanted,
    context: str = "",
    standing: Mapping[str, Mapping[str, str]] | None = None,
) -> Composed:
    """The request for these components."""
    return compose(project, wanted, context, Counter(), standing or {})


def want(project: Project, path: str, attempt: int = 1) -> Wanted:
    """Everything of a component, asked for."""
    return whole(project, project.component(path), f"key-of-{path}", attempt)


def user(composed: Composed) -> str:
    """The text of the user's message."""
    return composed.request.messages[-1].content


def golden(name: str, composed: Composed) -> None:
    """Compare with the golden text. The nonce follows from every word, so its value is no part of it."""
    text = user(composed).replace(composed.request.nonce, "NONCE")
    assert text == (GOLDEN / name).read_text(encoding="utf-8")


# --- golden -------------------------------------------------------------------------------------------------------


def test_a_first_request_is_golden(bench: Bench) -> None:
    """Imports as importers may rely on them, specs with their holes marked, the answer format: word for word."""
    with bench.project(model="m-1") as project:
        golden("prompt-first.txt", ask(project, want(project, "plain.dfy"), want(project, "top.dfy")))


def test_a_repair_is_golden(bench: Bench) -> None:
    """The holes at fault and helpers asked for, others pinned, the failed fills and what was said: word for word."""
    said = (
        Diagnostic("top.dfy", 9, 1, "error", "a postcondition could not be proved", "}"),
        Diagnostic("top.dfy", 6, 11, "info", "this is the postcondition", "  ensures r >= n"),
    )
    verdict = Verdict(VerdictKind.FAILED, "", "1 error", said)
    with bench.project(model="m-1") as project:
        again = repair.after(project, want(project, "top.dfy", 2), WRONG, verdict)
        standing = {"lib/value.dfy": {"0.h1": "n + 1\n", "0.h2": "assert Value(n) >= n;\n"}}
        golden("prompt-repair.txt", ask(project, again, standing=standing))


# --- order --------------------------------------------------------------------------------------------------------


def test_the_stable_part_stands_first(bench: Bench) -> None:
    """Two requests share their beginning: rules, examples, context and imports; the nonce stands behind the specs."""
    with bench.project(model="m-1") as project:
        one = ask(project, want(project, "top.dfy"), context="CONTEXT\n")
        two = ask(project, want(project, "top.dfy"), want(project, "plain.dfy"), context="CONTEXT\n")
    first, second = one.request.messages, two.request.messages
    assert first[0] == second[0]
    assert DAFNY.prompt in first[0].content
    assert [message.role for message in first] == ["system", "user"]
    shared = "".join(one for one, other in takewhile(_alike, zip(first[1].content, second[1].content, strict=False)))
    parts = ["CONTEXT\n", "imported file lib/value.dfy", "spec F1 (dafny)", "end of spec F1"]
    assert sorted(parts, key=shared.index) == parts
    for composed in (one, two):
        text = "".join(message.content for message in composed.request.messages)
        assert text.index(composed.request.nonce) > text.rindex("----- end of spec ")


def _alike(pair: tuple[str, str]) -> bool:
    return pair[0] == pair[1]


def test_a_prompt_depends_on_what_is_shown_alone(bench: Bench) -> None:
    """The same specs make the same request, byte for byte, nonce and key included; other files don't count."""
    with bench.project(model="m-1") as project:
        one = ask(project, want(project, "top.dfy"))
    bench.tree.write("other.dfy", PLAIN)
    with bench.project(model="m-1", jobs="3") as project:
        two = ask(project, want(project, "top.dfy"))
        later = ask(project, want(project, "top.dfy", 2))
    assert one == two
    assert later.request.key != one.request.key
    assert later.request.nonce != one.request.nonce


def test_templates_have_a_version() -> None:
    """The version of the prompt is a digest of its words."""
    assert prompts.version().startswith(f"b2:{prompts.FORM}:")


# --- holes --------------------------------------------------------------------------------------------------------


def test_every_asked_hole_has_its_marker(bench: Bench) -> None:
    """Each hole is marked on a line of its own with its id and kind; its old content is not shown."""
    with bench.project(model="m-1") as project:
        composed = ask(project, want(project, "plain.dfy"), want(project, "top.dfy"))
    lines = user(composed).split("\n")
    for marker in ("F1.h1 proof", "F1.h2 body", "F2.h1 helpers", "F2.h2 body", "F2.h3 proof"):
        assert lines.count(f"<<HOLE {marker}>>") == 1
    assert "assume false" not in user(composed)
    assert composed.optional == {
        "F1.h1": False, "F1.h2": False, "F2.h1": True, "F2.h2": False, "F2.h3": False,
    }  # fmt: skip
    assert composed.ids["F2.h3"] == ("top.dfy", "0.h3")
    assert composed.request.expected["F2.h3"] == "key-of-top.dfy 0.h3"


def test_every_other_byte_of_a_spec_is_shown(bench: Bench) -> None:
    """Apart from holes the spec stands in the prompt as it is, comments and all."""
    with bench.project(model="m-1") as project:
        text = user(ask(project, want(project, "plain.dfy"), want(project, "top.dfy")))
    assert "lemma Bare(n: nat)\n  ensures n >= 0\n<<HOLE F1.h1 proof>>\n" in text
    assert "method Stub() \n<<HOLE F1.h2 body>>\n // é\n" in text
    assert "ensures r >= n\n// <vc-code>\n<<HOLE F2.h2 body>>\n// </vc-code>\n" in text


def test_a_pinned_fill_stands_in_its_place(bench: Bench) -> None:
    """What is not asked for again stands in the spec as in the implementation, with its braces and without a marker."""
    with bench.project(model="m-1") as project:
        again = Wanted(project.component("top.dfy"), "k", 2, frozenset({"0.h1", "0.h2"}), {"0.h3": "  assert true;\n"})
        composed = ask(project, again)
    assert "// <vc-code>\n{\n  assert true;\n}\n// </vc-code>\n" in user(composed)
    assert set(composed.ids) == {"F1.h1", "F1.h2"}
    assert "F1.h3" not in user(composed)


def test_members_of_a_cycle_stand_side_by_side(bench: Bench) -> None:
    """A component of several files is shown whole, each file with a name of its own, and none as an import."""
    bench.tree.write("c1.dfy", f'include "c2.dfy"\nlemma One()\n  ensures true\n{HOLE}')
    bench.tree.write("c2.dfy", f'include "c1.dfy"\nlemma Two()\n  ensures true\n{HOLE}')
    with bench.project(model="m-1") as project:
        composed = ask(project, want(project, "c1.dfy"))
    assert {slot for _, slot in composed.ids.values()} == {"0.h1", "1.h1"}
    assert set(composed.ids) == {"F1.h1", "F2.h1"}
    assert "imported file" not in user(composed)


# --- imports and context ------------------------------------------------------------------------------------------


def test_imports_show_what_can_be_relied_on(bench: Bench) -> None:
    """An import's lemma is an axiom without a body; a function's accepted body, which can be seen, is shown."""
    with bench.project(model="m-1") as project:
        bare = user(ask(project, want(project, "top.dfy")))
        stands = {"lib/value.dfy": {"0.h1": "n + 1\n", "0.h2": "assert Value(n) >= n;\n"}}
        seen = user(ask(project, want(project, "top.dfy"), standing=stands))
    assert "function {:axiom} Value" in bare
    assert "lemma {:axiom} Grows" in bare
    assert "n + 1" in seen
    assert "assert Value(n) >= n" not in seen


def test_what_is_asked_for_is_not_repeated_as_an_import(bench: Bench) -> None:
    """An import that is in the same request is shown once, as a spec."""
    with bench.project(model="m-1") as project:
        text = user(ask(project, want(project, "lib/value.dfy"), want(project, "top.dfy")))
    assert "imported file" not in text
    assert text.count("lemma Grows(n: nat)") == 1


def test_size_is_counted_on_what_is_shown(bench: Bench) -> None:
    """A component's share of a prompt has its specs and its imports; its answer grows with its holes."""
    with bench.project(model="m-1") as project:
        counter = Counter()
        top = asking.work(project, want(project, "top.dfy"), counter, {})
        lib = asking.work(project, want(project, "lib/value.dfy"), counter, {})
        composed = ask(project, want(project, "top.dfy"))
    assert (top.group, top.depth, lib.depth) == ("lib/value.dfy", 1, 0)
    assert top.tokens > lib.tokens > 0
    assert top.output > 3 * asking.OUTPUT_PER_HOLE
    assert composed.request.prompt_tokens > top.tokens


# --- repair -------------------------------------------------------------------------------------------------------


def failed(line: int, path: str = "top.dfy", *, beside: int = 0) -> Verdict:
    """A verdict with one error at a line of the implementation, and a hint at the line `beside`."""
    hint = (Diagnostic(path, beside, 1, "info", "this is the clause"),) if beside else ()
    return Verdict(VerdictKind.FAILED, "", "", (Diagnostic(path, line, 1, "error", "not proved"), *hint))


@pytest.mark.parametrize(
    ("verdict", "asked"),
    [
        (failed(9), {"0.h1", "0.h2"}),  # inside the method's fill
        (failed(6), {"0.h1", "0.h2"}),  # its contract
        (failed(14), {"0.h1", "0.h3"}),  # the lemma's contract, behind a fill that is longer than its hole
        (failed(17), {"0.h1", "0.h3"}),
        (failed(9, beside=14), {"0.h1", "0.h2"}),  # only errors blame
        (failed(1), {"0.h1", "0.h2", "0.h3"}),  # it can't be told who
        (failed(9, "lib/value.dfy"), {"0.h1", "0.h2", "0.h3"}),  # not here
        (failed(999), {"0.h1", "0.h2", "0.h3"}),
        (Verdict(VerdictKind.TIMEOUT, "", "time-out"), {"0.h1", "0.h2", "0.h3"}),
        (Verdict(VerdictKind.POLICY, "", "", refusals=(Refusal("assume", "no", "h3", 1),)), {"0.h1", "0.h3"}),
    ],
)
def test_a_repair_asks_for_what_failed(bench: Bench, verdict: Verdict, asked: set[str]) -> None:
    """The holes of the owners that failed, and helpers, are asked for again; the others are pinned as they were."""
    fills = {**WRONG, "0.h2": f"  r := 0; // {'a long remark, ' * 30}\n  r := r;\n"}
    with bench.project() as project:
        again = repair.after(project, want(project, "top.dfy", 2), fills, verdict)
    assert again.slots == asked
    assert again.pinned == {slot: text for slot, text in fills.items() if slot not in asked}
    assert again.previous is not None
    assert again.previous.verdict == verdict.kind


def test_what_did_not_arrive_is_asked_for_alone(bench: Bench) -> None:
    """After a cut answer the holes that came are pinned, and the others asked for without a word of blame."""
    some = {slot: text for slot, text in WRONG.items() if slot != "0.h3"}
    with bench.project() as project:
        again = repair.after(project, want(project, "top.dfy", 2), some, Verdict(VerdictKind.INCOMPLETE, "", "cut"))
    assert (set(again.slots), dict(again.pinned), again.previous) == ({"0.h3"}, some, None)


def told(bench: Bench, *said: Diagnostic, refusals: tuple[Refusal, ...] = ()) -> str:
    """What a repair of WRONG shows of what was said against it."""
    verdict = Verdict(VerdictKind.FAILED, "", "as it was said", said, refusals)
    with bench.project(model="m-1") as project:
        text = user(ask(project, repair.after(project, want(project, "top.dfy", 2), WRONG, verdict)))
    return text.partition("What was said against it:\n")[2].partition("----- end of spec")[0]


def test_much_trouble_is_told_in_brief(bench: Bench) -> None:
    """The first errors of each hole are shown, first the first of every hole; and how many more there were."""
    first = [Diagnostic("top.dfy", 9, at, "error", f"trouble {at}") for at in range(1, 31)]
    second = [Diagnostic("top.dfy", 17, at, "error", f"other {at}") for at in range(1, 31)]
    shown = re.findall(r"(?:trouble|other) \d+", told(bench, *first, *second))
    each = range(1, blame.EACH + 1)
    assert shown == [text for at in each for text in (f"trouble {at}", f"other {at}")]
    assert f"(and {60 - 2 * blame.EACH} more)\n" in told(bench, *first, *second)


def test_a_repeat_is_told_once(bench: Bench) -> None:
    """The same message for the same line is one; hints go with the error before them, and warnings without it go."""
    error = Diagnostic("top.dfy", 9, 3, "error", "no proof")
    hint = Diagnostic("top.dfy", 6, 1, "info", "this clause", "ensures r >= n")
    warning = Diagnostic("top.dfy", 1, 1, "warning", "old syntax")
    text = told(bench, warning, error, hint, replace(error, column=7), hint)
    assert text == (
        "line 9, column 3: error: no proof\n    r := 0;\nline 6, column 1: info: this clause\n    ensures r >= n\n"
        "(and 1 more)\n"
    )
    assert told(bench, warning).startswith("line 1, column 1: warning: old syntax\n")


def test_the_line_that_is_spoken_of_is_quoted(bench: Bench) -> None:
    """Of the implementation for a verifier's error, of the fill for a rule that it broke."""
    assert told(bench, Diagnostic("top.dfy", 17, 1, "error", "e")).startswith(
        "line 17, column 1: error: e\n    assert n >= 0;\n"
    )
    refused = Refusal("assume", "takes something on trust", "h2", 1)
    assert told(bench, refusals=(refused, refused)) == (
        "F1.h2, line 1: assume: takes something on trust\n    r := 0;\n"
    )


@pytest.mark.parametrize("size", [10, 3000, 200_000])
def test_what_was_said_is_bounded(bench: Bench, size: int) -> None:
    """Whatever a verifier prints, the first error is there, and all of it stays under what a plan counts for it."""
    words = "λx.∀y∃z " * (size // 8)
    said = [
        Diagnostic("top.dfy", line, at, "error", f"first {at} {words}", words) for at in range(1, 9) for line in (9, 17)
    ]
    refused = tuple(Refusal("rule", f"broken {at} {words}", "h2", 1) for at in range(20))
    for text in (told(bench, *said), told(bench, refusals=refused), told(bench, *said, refusals=refused)):
        assert Counter().count(text) <= prompts.MOST_SAID
        assert "first 1" in text or "broken 0" in text
    assert "broken 0" in told(bench, *said, refusals=refused)
    assert "first 1" in told(bench, *said, refusals=refused)


# --- and back -----------------------------------------------------------------------------------------------------


def test_an_answer_becomes_fills_again(bench: Bench) -> None:
    """Fills come back by component and slot, normalised, beside what was pinned; what is missing is told by its id."""
    with bench.project(model="m-1") as project:
        pinned = Wanted(project.component("top.dfy"), "k", 2, frozenset({"0.h1", "0.h2"}), {"0.h3": "x;\n"})
        batch = [want(project, "plain.dfy"), pinned]
        composed = ask(project, *batch)
        given = {"F1.h1": "{\n  assert true;\n}\n", "F2.h1": "\n\n", "F2.h2": "r := n;\n"}
        text = render(composed.request.nonce, given, {"F1.h2": "too hard"})
        found = asking.fills_of(project, batch, composed, Answer(composed.request, text, "stop"))
        late = asking.late([Answer(composed.request, text, "stop")])
        assert asking.normalised(project, project.component("plain.dfy"), late["key-of-plain.dfy"][0]) == {
            "0.h1": "  assert true;\n"
        }
    assert found.fills == {
        "plain.dfy": {"0.h1": "  assert true;\n"},
        "top.dfy": {"0.h1": "", "0.h2": "r := n;\n", "0.h3": "x;\n"},
    }
    assert found.troubles == {"plain.dfy": ["F1.h2: too hard"], "top.dfy": []}
    assert set(late) == {"key-of-plain.dfy", "k"}
