"""Fills in and out of their holes: normalised, rendered, and stood in for.

Law: s2c owns the braces. A fill is stored without them and gets them back here, so no text of a model can end a
contract or begin one. `normalise(hole, render(hole, fill))` is `fill`.
"""

from collections.abc import Mapping

from s2c.languages import cuts
from s2c.languages.cuts import edited
from s2c.languages.fills import trimmed
from s2c.languages.verus import lexer
from s2c.languages.verus.holes import BODILESS, SECTION
from s2c.languages.verus.outline import read
from s2c.languages.verus.reader import words
from s2c.languages.verus.syntax import tokens, tree
from s2c.model import Hole, HoleKind, Outline, Span

AXIOM = b"#[verifier::external_body] "
UNWRITTEN = b"{ unimplemented!() }"


def normalise(hole: Hole, text: str) -> str:
    """A fill as stored: LF line ends, the braces that s2c owns taken off, one final newline or empty."""
    plain = trimmed(text.replace("\r\n", "\n"))
    return plain if hole.kind is HoleKind.HELPERS else trimmed(_unbraced(plain))


def render(hole: Hole, fill: str) -> str:
    """What stands in the hole's span for this normalised fill."""
    return fill if hole.kind is HoleKind.HELPERS else _placed(hole, f"{{\n{fill}}}")


def spliced(source: bytes, outline: Outline, fills: Mapping[str, str]) -> tuple[bytes, dict[str, Span]]:
    """The source with these fills; a hole without one gets an empty one. With it, where each hole ended up."""
    return cuts.spliced(
        source, outline, fills, lambda hole, fill: render(hole, fill or "").encode("utf-8", "surrogatepass")
    )


def stand_in(source: bytes, fills: Mapping[str, str]) -> bytes:
    """The source as importers may rely on it: each unfilled hole's owner an explicit axiom, other helpers empty.

    Verus takes `external_body` for every mode: the contract is believed, and of a spec function nothing but its type.
    """
    edits: list[tuple[int, int, bytes]] = []
    for place in read(source).places:
        hole, span = place.hole, place.hole.span
        if hole.id in fills:
            edits.append((span.start, span.end, render(hole, fills[hole.id]).encode("utf-8", "surrogatepass")))
        elif place.owner is None:
            edits.append((span.start, span.end, b""))
        else:
            edits.append((span.start, span.end, _placed(hole, UNWRITTEN.decode()).encode()))
            edits.append((place.owner.span.start, place.owner.span.start, AXIOM))
    return edited(source, edits)


def _placed(hole: Hole, block: str) -> str:
    """A block as it stands in a hole of this form."""
    if hole.form == SECTION:
        return block + "\n"  # the closing tag begins its own line
    return f"\n{block}" if hole.form == BODILESS else block


def _unbraced(text: str) -> str:
    """The text without the pairs of braces that hold all of it but for comments: a block in a block says the same."""
    code = b" " + text.encode("utf-8", "surrogatepass")  # not at the start of a file, where `#!` hides a line
    root = tree(b"" if lexer.problems(code) else code)
    found = words([] if root.has_error else tokens(root, code))
    first, last = 0, len(found.tokens) - 1
    edits: list[tuple[int, int, bytes]] = []
    while first < last and found.tokens[first].text == b"{" and found.close[first] == last:
        edits += [(one.start, one.end, b"") for one in (found.tokens[first], found.tokens[last])]
        first, last = first + 1, last - 1
    return edited(code, edits)[1:].decode("utf-8", "surrogatepass")
