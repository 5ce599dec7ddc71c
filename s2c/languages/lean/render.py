"""Fills in and out of their holes: normalised, rendered, and stood in for.

Law: s2c owns the place. A fill is stored as if it began in the first column and is moved here to where Lean reads it,
so no fill can end a block that it does not own. `normalise(hole, render(hole, fill))` is `fill`.
"""

import re
from collections.abc import Iterator, Mapping

from s2c.languages import cuts
from s2c.languages.cuts import edited
from s2c.languages.lean.brackets import unmatched
from s2c.languages.lean.holes import STEP, Form
from s2c.languages.lean.items import PROOFS, Item
from s2c.languages.lean.outline import read
from s2c.languages.lean.syntax import tokens, tree
from s2c.model import Hole, HoleKind, Outline, Span

_INDENT = re.compile(r"[ \t]*")
_ASSIGN = re.compile(r":=(?=\s|$)")
_OURS = re.compile(r"\(\n.+\n\)\n", re.DOTALL)  # as `render` writes several lines
_BY = re.compile(r"by(?=\s|$)")
_NOT_OF_AXIOMS = frozenset({"nonrec", "noncomputable", "partial"})
_NOTHING = b"example : True := True.intro"  # stands in for an example, wherever one may stand


def normalise(hole: Hole, text: str) -> str:
    """A fill as stored: LF line ends, in the first column, without the `:=`, `by` and brackets that s2c owns."""
    lines = [_plain(line) for line in text.replace("\r\n", "\n").split("\n")]
    if hole.kind is HoleKind.HELPERS:
        return _dedented(lines)
    form = Form.of(hole)
    fill = _dedented(lines)
    while (shorter := _unwrapped(fill, form, tactic=hole.form.startswith("tactic"))) != fill:
        fill = shorter
    return fill


def render(hole: Hole, fill: str) -> str:
    """What stands in the hole's span for this normalised fill."""
    if hole.kind is HoleKind.HELPERS:
        return fill
    if not fill:
        return ""
    form = Form.of(hole)
    lines = fill.removesuffix("\n").split("\n")
    comment = "--" in lines[-1]  # what follows on its line may not become part of it
    if form.paren:
        beside = f"({lines[0]})"
        several = len(lines) > 1 or comment or not _is_bracketed(beside)
        lines = ["(", *(f" {line}" if line else "" for line in lines), ")"] if several else [beside]
    elif form.tail and comment:
        return _placed(form, lines) + "\n" + " " * form.indent
    return _placed(form, lines)


def spliced(source: bytes, outline: Outline, fills: Mapping[str, str]) -> tuple[bytes, dict[str, Span]]:
    """The source with these fills; a hole without one stays as it is. With it, where each hole ended up."""

    def written(hole: Hole, fill: str | None) -> bytes:
        given = source[hole.span.start : hole.span.end]
        return given if fill is None else render(hole, fill).encode("utf-8", "surrogatepass")

    return cuts.spliced(source, outline, fills, written)


def stand_in(source: bytes, fills: Mapping[str, str]) -> bytes:
    """The source as importers may rely on it: each unfilled theorem an axiom, other helpers empty.

    An unfilled hole that importers can see stays: they wait until it is filled.
    """
    reading = read(source)
    edits: list[tuple[int, int, bytes]] = []
    replaced: list[Span] = []
    for item in reading.items.found:
        places = reading.owned.get(item.name, [])
        if any(one.hole.id not in fills and not one.hole.visible for one in places) and item.kind in PROOFS:
            own = list(_without_proof(item))
            edits += own
            replaced.append(Span(own[-1][0], item.span.end))
    for place in reading.places:
        hole = place.hole
        if any(span.start <= hole.span.start < span.end for span in replaced if place.owner is not None):
            continue
        if hole.id in fills or hole.kind is HoleKind.HELPERS:
            edits.append((hole.span.start, hole.span.end, render(hole, fills.get(hole.id, "")).encode()))
    return edited(source, edits)


def _without_proof(item: Item) -> Iterator[tuple[int, int, bytes]]:
    """The edits, in order, that leave of a theorem its statement, and of an example nothing."""
    if item.kind == "example":  # not just cut out: `open A in` or a comment before it would take the next command
        yield item.span.start, item.span.end, _NOTHING
        return
    for word in item.words:
        if word.kind == "modifier" and word.text.decode() in _NOT_OF_AXIOMS:
            yield word.start, word.end, b""
    yield item.keyword.start, item.keyword.end, b"axiom"
    yield item.signature_end, item.span.end, b""


def _placed(form: Form, lines: list[str]) -> str:
    """The lines where the form wants them: in place if it is one beside other text, else each on a line of its own."""
    if form.inline and len(lines) == 1:
        return (" " if form.spaced else "") + lines[0]
    block = "\n".join(" " * form.indent + line if line else "" for line in lines)
    return "\n" + block if form.inline else block


def _unwrapped(fill: str, form: Form, *, tactic: bool) -> str:
    """The fill without one more of the things that s2c writes itself; blanks stand for it, so that columns stay."""
    match = _ASSIGN.match(fill) or (_BY.match(fill) if tactic else None)
    if match is not None:
        return _shifted(" " * match.end() + fill[match.end() :])
    if form.paren and (_OURS.fullmatch(fill) or _is_bracketed(fill.removesuffix("\n"))):
        return _shifted(" " + fill[1:-2])
    return fill


def _is_bracketed(fill: str) -> bool:
    """Whether the first and the last character are one pair of brackets with something in it."""
    if not (fill.startswith("(") and fill.endswith(")")):
        return False
    code = fill.encode("utf-8", "surrogatepass")
    head = b"example := "
    words = [word for word in tokens(tree(head + code), head + code) if word.start >= len(head)]
    ends = len(words) > 2 and words[-1].kind == "close" and words[-1].end == len(head) + len(code)  # noqa: PLR2004
    return ends and unmatched(words) is None and unmatched(words[1:-1]) is None


def _shifted(text: str) -> str:
    lines = [_plain(line) for line in text.split("\n")]
    others = [len(line) - len(line.lstrip(" ")) for line in lines[1:] if line.strip()]
    if others and lines[0].strip() and len(lines[0]) - len(lines[0].lstrip(" ")) > min(others):
        lines[0] = lines[0].lstrip(" ")
    return _dedented(lines)


def _plain(line: str) -> str:
    """A line without trailing blanks, indented with blanks: Lean takes no tabs."""
    indent = _INDENT.match(line)
    width = indent.end() if indent is not None else 0
    return (line[:width].expandtabs(STEP) + line[width:]).rstrip(" \t")


def _dedented(lines: list[str]) -> str:
    """The lines without blank ones round them and without the indentation that they share; "" if there are none."""
    shared = min((len(line) - len(line.lstrip(" ")) for line in lines if line), default=0)
    kept = "\n".join(line[shared:] for line in lines).strip("\n")
    return kept + "\n" if kept else ""
