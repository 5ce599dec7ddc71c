"""Holes and fills to bytes and back, on generated Dafny specs: sections, stubs and missing bodies."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from s2c.languages.base import language
from s2c.model import HoleKind, Spec
from s2c.splice import Spliced, splice, unchanged, unsplice
from tests.picture import HELPERS, HOLE, spec_of

DAFNY = language("dafny")
QUICK = settings(
    max_examples=70, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)

GAPS = st.sampled_from(["", "\n", "// a comment\n", "/* é€ */\n", "const c: int := 1\n", '// "quoted // <b>\n', "\n\n"])
OLD = st.sampled_from(["", "{\n}\n", "{\n  assume {:axiom} false;\n}\n", "  old text é\n", "\n"])
KINDS = st.sampled_from(["method", "lemma", "function"])
CONTRACTS = st.sampled_from(
    ["", "  requires true\n", '  ensures "é{" == "é{"\n', "  ensures true // {\n  ensures 1 == 1\n"]
)


@dataclass(frozen=True)
class Filled:
    """A generated spec with a fill for each hole."""

    spec: Spec
    fills: Mapping[str, str]

    @property
    def made(self) -> Spliced:
        """The implementation."""
        return splice(self.spec, DAFNY, self.fills)


def header(kind: str, number: int, contract: str) -> str:
    """The header of a declaration, with a line end."""
    result = ": int" if kind == "function" else ""
    return f"{kind} N{number}(n: int){result}\n{contract}"


@st.composite
def tagged(draw: st.DrawFn) -> str:
    """A file with section tags."""
    parts = []
    for number in range(draw(st.integers(1, 4))):
        if draw(st.booleans()):
            parts.append(f"// <vc-helpers>\n{draw(OLD)}// </vc-helpers>\n")
        tag = draw(st.sampled_from(["vc-code", "vc-proof"]))
        parts += [draw(GAPS), header(draw(KINDS), number, draw(CONTRACTS))]
        parts += [f"// <{tag}>\n{draw(OLD)}// </{tag}>\n", draw(GAPS)]
    return "".join(parts)


@st.composite
def untagged(draw: st.DrawFn) -> str:
    """A file whose holes are stubs and missing bodies, between declarations that are whole."""
    parts = []
    for number in range(draw(st.integers(1, 5))):
        kind = draw(KINDS)
        whole = "{ 0 }\n" if kind == "function" else "{ }\n"
        bodies = ["", "{ assume false; }\n", "{\n  assume {:axiom} false;\n}", whole]
        body = draw(st.sampled_from(bodies if kind != "function" else ["", whole]))
        parts += [draw(GAPS), header(kind, number, draw(CONTRACTS)), body, "\n"]
    return "".join(parts)


@st.composite
def specs(draw: st.DrawFn) -> Spec:
    """A spec with at least one hole; LF or CRLF line ends; perhaps no line end at the end."""
    text = draw(st.one_of(tagged(), untagged()))
    if draw(st.booleans()):
        text = text.rstrip("\n")
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    made = spec_of(text)
    assume(made.outline.holes)
    assert made.outline.problems == ()
    return made


LINES = ["  x := 1;", "  assert true;", "// é€", "  if n > 0 { x := n; }", "", '  print "}{";', "\tvar x := 0;"]
STATEMENTS = st.lists(st.sampled_from(LINES), min_size=1, max_size=4).map("\n".join)
EXPRESSIONS = st.sampled_from(["n + 1", "if n > 0 then 1 else 0", "// é\n  n", "{n}", "var x := 1;\n  x"])
DECLARATIONS = st.sampled_from(
    ["", "lemma H()\n{\n}", "// nothing", "function F(n: int): int { n }\n\n\nlemma G() { }"]
)


@st.composite
def filled(draw: st.DrawFn) -> Filled:
    """A spec with fills as a model writes them."""
    spec = draw(specs())
    fills = {}
    for hole in spec.outline.holes:
        texts = DECLARATIONS if hole.kind is HoleKind.HELPERS else EXPRESSIONS if hole.visible else STATEMENTS
        fills[hole.id] = DAFNY.normalise(hole, draw(texts))
    return Filled(spec, fills)


# --- splice -------------------------------------------------------------------------------------------------------


@given(filled())
@QUICK
def test_what_goes_in_comes_out(made: Filled) -> None:
    """unsplice(splice(fills)) is fills, and every region holds exactly what its hole was rendered to."""
    assert unsplice(made.spec, DAFNY, made.made.content) == made.fills
    for hole, region in zip(made.spec.outline.holes, made.made.regions, strict=True):
        assert region.hole == hole.id
        assert made.made.content[region.start : region.end].decode() == DAFNY.render(hole, made.fills[hole.id])


@given(filled())
@QUICK
def test_every_other_byte_is_the_specs(made: Filled) -> None:
    """With the regions taken out, the implementation is the spec with its holes taken out; `unchanged` says so too."""
    rest, given_text = made.made.content, made.spec.source
    for region in reversed(made.made.regions):
        rest = rest[: region.start] + b"|" + rest[region.end :]
    for hole in reversed(made.spec.outline.holes):
        given_text = given_text[: hole.span.start] + b"|" + given_text[hole.span.end :]
    assert rest == given_text
    assert unchanged(made.spec, made.made)


@given(filled(), st.data())
@QUICK
def test_a_flipped_byte_outside_holes_is_seen(made: Filled, data: st.DataObject) -> None:
    """Any byte outside the holes changed, taken out or put in: `unchanged` says no, and no fill is read from it."""
    content = made.made.content
    inside = {at for region in made.made.regions for at in range(region.start, region.end)}
    at = data.draw(st.sampled_from([at for at in range(len(content)) if at not in inside]))
    flipped = content[:at] + bytes([content[at] ^ data.draw(st.integers(1, 255))]) + content[at + 1 :]
    assert not unchanged(made.spec, replace(made.made, content=flipped))
    assert unsplice(made.spec, DAFNY, flipped) is None
    assert not unchanged(made.spec, replace(made.made, content=content[:at] + content[at + 1 :]))
    assert not unchanged(made.spec, replace(made.made, content=content + b"\n"))


@given(filled(), st.data())
@QUICK
def test_a_moved_region_is_seen(made: Filled, data: st.DataObject) -> None:
    """A region that claims a byte too much, or one too few, is no hole's."""
    regions = list(made.made.regions)
    at = data.draw(st.integers(0, len(regions) - 1))
    wider = replace(regions[at], end=regions[at].end + 1)
    assume(wider.end <= len(made.made.content))
    regions[at] = wider
    assert not unchanged(made.spec, replace(made.made, regions=tuple(regions)))


@given(specs(), st.data())
@QUICK
def test_any_text_at_all_is_kept_in_its_hole(spec: Spec, data: st.DataObject) -> None:
    """Whatever text a fill is, it stays between the spec's bytes; what may stand there at all is read back."""
    wild = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=30)
    lines = spec.source.decode().splitlines(keepends=True)
    stolen = st.lists(st.sampled_from(["}", "{", "//", "/*", "*/", "\n", "x := 1;", *lines]), max_size=6).map("".join)
    fills = {one.id: DAFNY.normalise(one, data.draw(st.one_of(wild, stolen))) for one in spec.outline.holes}
    made = splice(spec, DAFNY, fills)
    assert unchanged(spec, made)
    if not DAFNY.structure(spec.source, spec.outline, fills):
        assert unsplice(spec, DAFNY, made.content) == fills


@given(filled(), st.data())
@QUICK
def test_an_edit_inside_a_hole_is_that_holes_fill(made: Filled, data: st.DataObject) -> None:
    """A line added by hand inside one hole is read back as that hole's fill, the others as they were."""
    at = data.draw(st.integers(0, len(made.made.regions) - 1))
    region, hole = made.made.regions[at], made.spec.outline.holes[at]
    assume(hole.kind is not HoleKind.HELPERS)
    start = made.made.content.index(b"{\n", region.start) + 2
    content = made.made.content[:start] + b"// by hand\n" + made.made.content[start:]
    found = unsplice(made.spec, DAFNY, content)
    assert found == {**made.fills, hole.id: "// by hand\n" + made.fills[hole.id]}


@given(filled(), st.data())
@QUICK
def test_an_insertion_stands_beside_the_fills(made: Filled, data: st.DataObject) -> None:
    """One more clause at a contract's end stands before the body, and taken out again leaves the implementation."""
    one = data.draw(st.sampled_from(made.spec.outline.declarations))
    clause = b" ensures false"
    twin = splice(made.spec, DAFNY, made.fills, [(one.contract_end, clause)])
    assert twin.content.count(clause) == 1
    assert not unchanged(made.spec, twin)
    at = twin.content.index(clause)
    assert twin.content[:at] + twin.content[at + len(clause) :] == made.made.content
    for hole, region in zip(made.spec.outline.holes, twin.regions, strict=True):
        assert hole.owner != one.name or region.start >= at + len(clause)
    for was, now in zip(made.made.regions, twin.regions, strict=True):
        assert twin.content[now.start : now.end] == made.made.content[was.start : was.end]
        assert now.start - was.start == (len(clause) if was.start >= at else 0)


# --- by example ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "fill", "made"),
    [
        (f"lemma L()\n{HOLE}", "x;\n", "lemma L()\n// <vc-code>\n{\nx;\n}\n// </vc-code>\n"),
        (
            "lemma L()\n  ensures true\n\nlemma M() {}\n",
            "x;\n",
            "lemma L()\n  ensures true\n{\nx;\n}\n\nlemma M() {}\n",
        ),
        ("lemma L() { assume false; } // end", "x;\n", "lemma L() {\nx;\n} // end"),
        ("lemma L()", "x;\n", "lemma L()\n{\nx;\n}"),
    ],
)
def test_each_form_has_its_braces(source: str, fill: str, made: str) -> None:
    """s2c writes the braces of a body: between tags, in place of a stub, after a header that has none."""
    assert splice(spec_of(source), DAFNY, {"h1": fill}).content.decode() == made


def test_an_edit_of_the_braces_is_understood() -> None:
    """Blanks round a body, and braces doubled by hand, are the same fill."""
    spec = spec_of(f"lemma L()\n{HOLE}")
    for body in ("{ x; }\n", "{\n\n x;\n\n}\n\n", "\n{{ x; }}\n"):
        content = f"lemma L()\n// <vc-code>\n{body}// </vc-code>\n".encode()
        found = unsplice(spec, DAFNY, content)
        assert found is not None
        assert found["h1"].strip() == "x;"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"lemma L()\n",
        b"lemma L()\n// <vc-code>\n\xff\n// </vc-code>\n",
        b"// </vc-code>\n",
        b"lemma L()\n// </vc-code>\n",
    ],
)
def test_what_is_no_implementation_gives_nothing(content: bytes) -> None:
    """A file cut off, emptied, not UTF-8, or of another spec is no edit of a hole."""
    assert unsplice(spec_of(f"lemma L()\n{HOLE}"), DAFNY, content) is None


def test_a_file_without_holes_is_itself() -> None:
    """Without holes the spec's own bytes are the only implementation."""
    spec = spec_of("lemma L() {}\n")
    assert splice(spec, DAFNY, {}).content == spec.source
    assert unsplice(spec, DAFNY, spec.source) == {}
    assert unsplice(spec, DAFNY, spec.source + b"\n") is None
    assert unsplice(spec, DAFNY, b"\n" + spec.source) is None
    assert unsplice(spec, DAFNY, spec.source * 2) is None


def test_a_hole_without_a_fill_is_an_error() -> None:
    """A hole is never left out in silence."""
    spec = spec_of(f"{HELPERS}lemma L()\n{HOLE}")
    with pytest.raises(KeyError, match="h2"):
        splice(spec, DAFNY, {"h1": ""})
