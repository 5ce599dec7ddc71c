"""The response format: what may come out of an answer, and what never may."""

import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2c import wire

NONCE = "abcdefghjkmnpq"
MARK = f"@@S2C-{NONCE} "

IDS = ["F1.h1", "F1.h2", "F1.h12", "F2.h1", "F12.h1"]
BODY_LINES = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"), exclude_characters="`~@"), min_size=1, max_size=12
).filter(lambda line: bool(line.strip()))
BODIES = st.lists(BODY_LINES, min_size=1, max_size=4).map(lambda lines: "\n".join(lines) + "\n")
FILLS = st.dictionaries(st.sampled_from(IDS), BODIES, min_size=1)


@dataclass(frozen=True)
class Valid:
    """A valid answer and what it says."""

    text: str
    fills: dict[str, str]
    expected: dict[str, bool]


@st.composite
def answers(draw: st.DrawFn) -> Valid:
    """Valid answers, some with prose, thoughts, one fence round a fill, CRLF, or a hole given up."""
    fills = draw(FILLS)
    fenced = {name: f"```dafny\n{body}```\n" if draw(st.booleans()) else body for name, body in fills.items()}
    spare = [name for name in IDS if name not in fills]
    unanswered = draw(st.lists(st.sampled_from(spare), unique=True)) if spare else []
    gave_up = dict.fromkeys(unanswered, "too hard")
    text = draw(st.sampled_from(["", "Here it is.\n", f"<think>\n{MARK}BEGIN F1.h1\nno\n{MARK}END F1.h1\n</think>\n"]))
    text += wire.render(NONCE, fenced, gave_up) + draw(st.sampled_from(["", "That is all.\n"]))
    text = text.replace("\n", "\r\n") if draw(st.booleans()) else text
    return Valid(text, fills, dict.fromkeys([*fills, *gave_up], False))


@given(answers(), st.data())
def test_prefix_law(valid: Valid, data: st.DataObject) -> None:
    """Every byte prefix of a valid answer yields only whole and correct fills, and never loses one it had."""
    content = valid.text.encode()
    cut = data.draw(st.integers(0, len(content)))
    result = wire.parse(content[:cut].decode(errors="ignore"), NONCE, valid.expected, "length")
    assert result.fills.items() <= valid.fills.items()
    assert not result.rejected
    assert not result.complete
    ended = [name for name in valid.fills if f"{MARK}END {name}\n".encode() in content[:cut].replace(b"\r\n", b"\n")]
    thoughts_over = b"<think>" not in content or b"</think>" in content[:cut]
    assert set(result.fills) >= {name for name in ended if thoughts_over and name != "F1.h1"}


@given(answers())
def test_whole_answer(valid: Valid) -> None:
    """A whole valid answer gives every fill, exactly, and is complete."""
    result = wire.parse(valid.text, NONCE, valid.expected, "stop")
    assert result.fills == valid.fills
    assert result.complete
    assert (result.rejected, result.missing, result.notes) == ({}, (), ())
    assert set(result.gave_up) == valid.expected.keys() - valid.fills.keys()


@given(answers(), st.data())
def test_mutated_markers(valid: Valid, data: st.DataObject) -> None:
    """Marker lines deleted, doubled, swapped, cut or renamed never give an unknown id or a text of another."""
    lines = valid.text.replace("\r\n", "\n").split("\n")
    markers = [number for number, line in enumerate(lines) if line.startswith(MARK)]
    at, other = data.draw(st.sampled_from(markers)), data.draw(st.sampled_from(markers))
    how = data.draw(st.sampled_from(["delete", "double", "swap", "cut", "rename", "nonce"]))
    if how == "delete":
        del lines[at]
    elif how == "double":
        lines.insert(other, lines[at])
    elif how == "swap":
        lines[at], lines[other] = lines[other], lines[at]
    elif how == "cut":
        lines[at] = lines[at][: data.draw(st.integers(0, len(lines[at])))]
    elif how == "rename":
        lines[at] = re.sub(r"F\d+\.h\d+", data.draw(st.sampled_from([*IDS, "F9.h9"])), lines[at])
    else:
        lines[at] = lines[at].replace(NONCE, "zzzzzzzzzzzzzz")
    for finish in ("stop", "length"):
        result = wire.parse("\n".join(lines), NONCE, valid.expected, finish)
        assert result.fills.keys() <= valid.expected.keys()
        assert all(valid.fills.get(name) == fill for name, fill in result.fills.items())


@given(st.text(), st.sampled_from(["stop", "length", "broken: x"]))
def test_any_text(text: str, finish: str) -> None:
    """Any text at all is read without an error, and every expected id stands in exactly one place."""
    marked = text.replace("0", MARK).replace("1", "BEGIN F1.h1\n").replace("2", f"\n{MARK}END F1.h1\n")
    expected = {"F1.h1": False, "F1.h2": True}
    result = wire.parse(marked, NONCE, expected, finish)
    places = [*result.fills, *result.rejected, *result.gave_up, *result.missing]
    assert sorted(places) == sorted(expected)


def block(name: str, text: str) -> str:
    """One block, as a model writes it."""
    return f"{MARK}BEGIN {name}\n{text}{MARK}END {name}\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (block("F1.h1", ""), "empty"),
        (block("F1.h1", " \n\t\n"), "empty"),
        (block("F1.h1", "```\n```\n"), "empty"),
        (block("F1.h1", "```dafny\nx := 1;\n"), "fences"),
        (block("F1.h1", "x := 1;\n```\n"), "fences"),
        (block("F1.h1", "```\nx\n```\nand also\n```\ny\n```\n"), "fences"),
        (block("F1.h1", "````\nx\n```\n"), "fences"),
        (block("F1.h1", "```\nx\n```\nas you wished\n"), "fences"),
        (block("F1.h1", "x\n@@S2C-other END F1.h1\n"), "inside"),
        (block("F1.h1", f"x {MARK}\n"), "inside"),
        (block("F1.h1", f"x\n{MARK}END\n"), "can't be read"),
        (block("F1.h1", f"x\n{MARK}DONE 1\n"), "DONE stands before"),
        (block("F1.h1", f"x\n{MARK}GIVEUP F1.h2 no\n"), "GIVEUP stands before"),
        (block("F1.h1", f"x\n{MARK}BEGIN F1.h1\ny\n"), "BEGIN stands before"),
        (block("F1.h1", "x\n") + block("F1.h1", "y\n"), "twice"),
        (block("F1.h1", "x\n") + f"{MARK}END F1.h1\n", "without its BEGIN"),
        (block("F1.h1", "x\n") + f"{MARK}GIVEUP F1.h1 no\n", "given up"),
        (f"{MARK}GIVEUP F1.h1 no\n" + block("F1.h1", "x\n"), "given up"),
        (block("F1.h1", "x\x00\n"), "U+0000"),
        (block("F1.h1", "// a\u2028assume false;\n"), "U+2028"),
        (block("F1.h1", "\ud800\n"), "U+D800"),
        (block("F1.h1", "x" * (wire.MAX_FILL_BYTES + 1) + "\n"), "longer"),
    ],
)
def test_rejected(text: str, why: str) -> None:
    """What is doubtful is rejected, with a reason that can be told."""
    result = wire.parse(text, NONCE, {"F1.h1": False}, "stop")
    assert not result.fills
    assert why in result.rejected["F1.h1"]
    assert not result.complete


@pytest.mark.parametrize(
    ("text", "fill"),
    [
        (block("F1.h1", "x\n"), "x\n"),
        (block("F1.h1", "x\n") * 2, "x\n"),
        (block("F1.h1", "\n```lean\n  x\n```\n\n"), "  x\n"),
        (block("F1.h1", "~~~\nx\n~~~\n"), "x\n"),
        (block("F1.h1", "/-- so:\n```\ny\n```\n-/\nx\n"), "/-- so:\n```\ny\n```\n-/\nx\n"),
        (block("F1.h1", "<think>\nx\n"), "<think>\nx\n"),
        ("<think>" + block("F1.h1", "a\n") + "</think>" + block("F1.h1", "x\n"), "x\n"),
        (block("F1.h1", "draft\n") + "</think>\n" + block("F1.h1", "x\n"), "x\n"),
        ("```\n" + block("F1.h1", "x\n") + "```\n", "x\n"),
        ("  " + block("F1.h1", "x\n").replace("\n", " \r\n"), "x \n"),
        (block("F1.h1", "x\n").rstrip("\n"), "x\n"),
        (block("F1.h1", "x\n") + f"{MARK}BEGIN F1.h1\nx", "x\n"),
    ],
)
def test_accepted(text: str, fill: str) -> None:
    """What is odd but without doubt is taken, and comes out exactly."""
    assert wire.parse(text, NONCE, {"F1.h1": False}, "length").fills == {"F1.h1": fill}


def test_helpers_may_stay_empty() -> None:
    """An id that may stay empty is filled by an empty block, also in a fence."""
    text = block("F1.h1", "") + block("F1.h2", "```\n\n```\n") + f"{MARK}DONE 2\n"
    result = wire.parse(text, NONCE, {"F1.h1": True, "F1.h2": True}, "stop")
    assert result.fills == {"F1.h1": "", "F1.h2": ""}
    assert result.complete


def test_unknown_id_is_ignored() -> None:
    """A block for an id that was not asked for leaves a note and nothing else."""
    result = wire.parse(block("../../etc", "x\n") + block("F9.h9", "x\n"), NONCE, {"F1.h1": False}, "stop")
    assert not result.fills
    assert result.missing == ("F1.h1",)
    assert any("F9.h9" in note for note in result.notes)


@pytest.mark.parametrize(
    ("ending", "finish", "complete"),
    [
        (f"{MARK}DONE 1\n", "stop", True),
        (f"{MARK}DONE 1", "stop", True),
        (f"{MARK}DONE 2\n", "stop", False),
        (f"{MARK}DONE one\n", "stop", False),
        (f"{MARK}DONE 1\n", "length", False),
        (f"{MARK}DONE 1\n", "broken: cut", False),
        ("", "stop", False),
    ],
)
def test_complete(ending: str, finish: str, complete: bool) -> None:  # noqa: FBT001 - a column of the table
    """Complete means: `stop` was seen, DONE was seen, and its count is right. The fill counts in any case."""
    result = wire.parse(block("F1.h1", "x\n") + ending, NONCE, {"F1.h1": False}, finish)
    assert result.fills == {"F1.h1": "x\n"}
    assert result.complete is complete


def test_half_a_line_is_no_marker() -> None:
    """A cut `GIVEUP F1.h12` does not give up F1.h1, and a cut `END F1.h12` does not spoil the F1.h1 that is there."""
    expected = {"F1.h1": False, "F1.h12": False}
    assert wire.parse(f"{MARK}GIVEUP F1.h1", NONCE, expected, "length").missing == ("F1.h1", "F1.h12")
    cut = block("F1.h1", "x\n") + f"{MARK}BEGIN F1.h12\ny\n{MARK}END F1.h1"
    assert wire.parse(cut, NONCE, expected, "length").fills == {"F1.h1": "x\n"}


def test_echoed_instructions_do_no_harm() -> None:
    """A model that repeats the instructions before its answer fills, rejects and gives up nothing by that."""
    expected = {"F1.h1": False}
    text = wire.instructions(NONCE, expected) + wire.render(NONCE, {"F1.h1": "x\n"})
    result = wire.parse(text, NONCE, expected, "stop")
    assert result.fills == {"F1.h1": "x\n"}
    assert result.complete


def test_nonce_is_derived_and_redrawn() -> None:
    """The same request gives the same nonce; one that stands in a spec, in any case, is drawn again."""
    first = wire.nonce(b"request")
    assert first == wire.nonce(b"request", ["other text"])
    assert len(first) >= 14
    assert first != wire.nonce(b"request 2")
    second = wire.nonce(b"request", [f"a spec with {first.upper()} in it"])
    assert second != first
    assert wire.nonce(b"request", [first, second]) not in {first, second}


GOLDEN = """\
# How to answer

Answer in plain text, one block for each hole. A block is two marker lines with the text for the hole between them:

@@S2C-abcdefghjkmnpq BEGIN ID
text for the hole ID
@@S2C-abcdefghjkmnpq END ID

- ID is one of the ids listed below. Write each id once.
- Each marker stands alone on a line, exactly as shown.
- Between the markers stands only what goes into the hole: raw text, no Markdown fence, nothing that stands around it.
- A hole that you can't fill gets one line in place of its block: @@S2C-abcdefghjkmnpq GIVEUP ID reason
- After the last block comes this line, where COUNT is the number of blocks and GIVEUP lines:

@@S2C-abcdefghjkmnpq DONE COUNT

The ids:
F1.h1 (may stay empty)
F1.h2
"""

GOLDEN_ANSWER = """\
@@S2C-abcdefghjkmnpq BEGIN F1.h1
@@S2C-abcdefghjkmnpq END F1.h1
@@S2C-abcdefghjkmnpq BEGIN F1.h2
return x + 1;
@@S2C-abcdefghjkmnpq END F1.h2
@@S2C-abcdefghjkmnpq GIVEUP F1.h3 too hard
@@S2C-abcdefghjkmnpq DONE 3
"""


def test_golden() -> None:
    """The words of the format stand still: whoever changes them changes WIRE_VERSION too, and so the asking keys."""
    assert wire.WIRE_VERSION == "1"
    assert wire.instructions(NONCE, {"F1.h1": True, "F1.h2": False}) == GOLDEN
    assert wire.render(NONCE, {"F1.h1": "", "F1.h2": "return x + 1;"}, {"F1.h3": "too hard"}) == GOLDEN_ANSWER
    assert wire.nonce(b"golden") == "4wrds3mnsnpq84"
