"""Every spec of three corpora, read by the grammars and, beside them, by hand or by a reader that shares no code."""

import json
import random
from pathlib import Path

import pytest

from s2c.languages.base import languages
from s2c.model import Hole, HoleKind, Outline, Spec
from s2c.splice import splice, unsplice
from tests.corpus import FILES, Entry, entries, parse, reader, specs

ROOT = Path(__file__).resolve().parent
ROUNDS = 1000  # random changes of each kind, for each language
OTHER = {
    ("dafny", HoleKind.BODY): "var other := 1;\nassert other == 1;\n",
    ("dafny", HoleKind.PROOF): "assert 1 == 1;\n",
    ("lean", HoleKind.BODY): "(fun other => other)\n",
    ("lean", HoleKind.PROOF): "first\n| exact other\n| simp\n",
    ("verus", HoleKind.BODY): "let other = 1;\nother\n",
    ("verus", HoleKind.PROOF): "assert(1 == 1);\n",
}

every_language = pytest.mark.parametrize("name", list(FILES))


def clean(shared: Path, name: str) -> dict[str, str]:
    """The specs of a corpus that the parser reads without a problem."""
    return {one: text for one, text in specs(shared, name).items() if not parse(name, text).problems}


@every_language
def test_only_files_with_a_known_reason_are_not_read(shared: Path, name: str) -> None:
    """A corpus file has a problem only where the language's own parser refuses it too, or a section holds no body."""
    refused = {one for one, text in specs(shared, name).items() if parse(name, text).problems}
    assert refused == set(json.loads((ROOT / "marks" / "refused.json").read_text())[name])


@every_language
def test_holes_and_tags_are_counted_right(shared: Path, name: str) -> None:
    """As many holes as an independent count finds, and every tag of a section seen."""
    own = reader(name)
    for one, text in clean(shared, name).items():
        outline = parse(name, text)
        assert len(outline.holes) == own.holes(text), one
        assert own.tags(text), one
        for tag in own.tags(text):
            assert any(tag.encode() in word for word in outline.skeleton if b"vc-" in word), (one, tag)


@every_language
def test_declarations_are_as_marked_by_hand(shared: Path, name: str) -> None:
    """Kind, first and last line of every declaration in 15 files that were marked before any parser read them."""
    texts = specs(shared, name)
    marked = json.loads((ROOT / "marks" / f"{name}.json").read_text())
    assert len(marked) == 15
    found = {one: [list(entry) for entry in entries(parse(name, texts[one]), texts[one])] for one in marked}
    assert found == marked


@every_language
def test_declarations_are_as_an_independent_reader_finds_them(shared: Path, name: str) -> None:
    """The same on every other file, against a reader by indentation and brackets; each exception has its reason."""
    own = reader(name)
    differ: dict[str, tuple[list[Entry], list[Entry]]] = {}
    for one, text in clean(shared, name).items():
        found, other = entries(parse(name, text), text), own.declarations(text)
        if found != other:
            differ[one] = ([e for e in found if e not in other], [e for e in other if e not in found])
    assert {one: pair for one, pair in differ.items() if one not in own.KNOWN} == {}
    assert len(own.KNOWN) <= 5


@every_language
def test_a_body_replaced_by_itself_gives_the_same_bytes(shared: Path, name: str) -> None:
    """Fills spliced in and read back are the same fills, and spliced again the same bytes."""
    language = languages()[name]
    for one, text in clean(shared, name).items():
        spec = Spec(one, name, text.encode(), parse(name, text))
        fills = {hole.id: _other(name, hole) for hole in spec.outline.holes}
        content = splice(spec, language, fills).content
        assert unsplice(spec, language, content) == fills, one
        assert splice(spec, language, unsplice(spec, language, content) or {}).content == content, one


@every_language
def test_another_body_leaves_everything_else_as_it_was(shared: Path, name: str) -> None:
    """With other fills, the text of every other declaration and everything outside the holes is unchanged."""
    language = languages()[name]
    for one, text in clean(shared, name).items():
        spec = Spec(one, name, text.encode(), parse(name, text))
        fills = {hole.id: _other(name, hole) for hole in spec.outline.holes}
        spliced = splice(spec, language, fills)
        before = _untouched(spec.source, spec.outline, [(h.span.start, h.span.end) for h in spec.outline.holes])
        after = _untouched(
            spliced.content, language.parse(spliced.content), [(r.start, r.end) for r in spliced.regions]
        )
        assert before == after, one


def _other(name: str, hole: Hole) -> str:
    language = languages()[name]
    return "" if hole.kind is HoleKind.HELPERS else language.normalise(hole, OTHER[name, hole.kind])


def _untouched(source: bytes, outline: Outline, holes: list[tuple[int, int]]) -> list[bytes]:
    """The texts of the declarations that no hole has a part in: a body's hole may begin where its header ends."""
    spans = [one.span for one in outline.declarations]
    return [
        source[span.start : span.end]
        for span in spans
        if not any(start <= span.end and end >= span.start for start, end in holes)
    ]


@every_language
def test_comments_and_blanks_never_reach_a_key(shared: Path, name: str) -> None:
    """Of a thousand random changes of comments and blanks none changes a skeleton."""
    own, rng = reader(name), random.Random(7)  # noqa: S311 - the same changes in every run
    texts = list(clean(shared, name).items())
    changed = []
    for _ in range(ROUNDS):
        one, text = rng.choice(texts)
        other = own.rewrite(text, rng)
        if parse(name, other).skeleton != parse(name, text).skeleton:
            changed.append((one, other))
    assert [one for one, _ in changed] == []


@every_language
def test_every_token_reaches_the_key(shared: Path, name: str) -> None:
    """Of a thousand random changes of one token each changes the skeleton."""
    own, rng = reader(name), random.Random(11)  # noqa: S311 - the same changes in every run
    texts = list(clean(shared, name).items())
    unseen = []
    for _ in range(ROUNDS):
        one, text = rng.choice(texts)
        other = own.edit(text, rng)
        assert other != text, one
        if parse(name, other).skeleton == parse(name, text).skeleton:
            unseen.append((one, other))
    assert [one for one, _ in unseen] == []
