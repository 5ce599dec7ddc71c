"""Random edits of fills, and what must hold: no byte of the skeleton moves, nothing raises, no contract changes.

Law: what is compared here is compared by code of its own: regions are cut out of the bytes and what is left is held
against the source without its holes; of a fill that is let pass, the file is read again and its contracts compared.
Round `number` of a language is always the same round.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from s2c import policy
from s2c.languages.base import Language, language
from s2c.model import HoleKind, Outline, Refusal, Spec
from s2c.splice import Region, splice, unchanged, unsplice
from tests.catalogue import SUFFIXES, Row, rows

PIECE = re.compile(r"\w+|\s+|[^\w\s]")
# what texts are rarely made of, and readers often trip over
ODD = (
    "\0", "\r", "\r\n", "\t", "\v", "\f", "\x1b", "\x7f", "\x85", "\xa0", "\u200b", "\u202e", "\u2028", "\u2029",
    "\ufeff", "\ud800", "\udcff", "\U0001f600", "\u0430", "\uff4d", "\u017f", "\u0130", "\xdf", "e\u0301", "\xab",
    "\xbb", "\u27e8", "\u03bb", "\u2200", "\U000e0041",
    "/*", "*/", "//", "/-", "-/", "--", '"', "'", '@"', 'r#"', '"#', "`", "\\", "{", "}", "(", ")", "[", "]", "{:",
    "|{", "#if", "#endif", "#!", "#", "@", "$", ";", "<", ">", "// </vc-code>", "-- </vc-helpers>", "@@S2C-", "||",
    "==>", ",", "\n", "\n\n", "\n}\n", "\n{\n", "}\n{", "{" * 300, "(" * 300 + ")" * 300, "/*" * 50, "a" * 5000, "0x",
    "1e9", "",
)  # fmt: skip
OF_THE_WHOLE = frozenset({"syntax", "given-text"})  # rules that may speak of all fills together, and then of no line
MOST = 60_000  # characters of a fill: edits of edits would grow without an end


@dataclass(frozen=True)
class Subject:
    """A spec with the fills that are edited: those of one row of the catalogue, and the honest ones."""

    row: Row
    spec: Spec
    bases: tuple[Mapping[str, str], ...]  # hole id -> text as a model would write it


@dataclass(frozen=True)
class Field:
    """Everything that rounds of one language draw from."""

    spoken: Language
    subjects: tuple[Subject, ...]
    texts: tuple[str, ...]
    pieces: tuple[str, ...]


@dataclass
class Found:
    """What came of many rounds. `faults`: what must not be, each with the round that shows it."""

    rounds: int = 0
    accepted: int = 0
    changed: int = 0  # accepted ones that are not the text that they began as
    rules: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def add(self, other: "Found") -> None:
        """The rounds of another process."""
        self.rounds += other.rounds
        self.accepted += other.accepted
        self.changed += other.changed
        self.rules += other.rules
        self.faults += other.faults


def field_of(shared: Path, name: str) -> Field:
    """What is drawn from for one language."""
    spoken = language(name)
    found = rows(shared, name)
    texts = tuple(dict.fromkeys(text for row in found for text in (*row.fills.values(), *row.honest.values())))
    pieces = tuple(dict.fromkeys(piece for text in texts for piece in PIECE.findall(text)))
    return Field(spoken, tuple(_subject(row, spoken) for row in found), texts, pieces)


def _subject(row: Row, spoken: Language) -> Subject:
    source = row.source.encode()
    spec = Spec(f"Max.{SUFFIXES[row.language]}", row.language, source, spoken.parse(source))
    kinds = [dict(row.honest), {**row.honest, **row.fills}]
    return Subject(row, spec, tuple({one.id: each[one.kind] for one in spec.outline.holes} for each in kinds))


# --- edits --------------------------------------------------------------------------------------------------------


def edited(text: str, own: Field, rng: random.Random) -> str:
    """The text after one random edit."""
    edit = rng.choice(_EDITS)
    return edit(text, own, rng)[:MOST]


def _tokens(text: str, own: Field, rng: random.Random) -> str:
    """One token is taken out, doubled, put in another's place, or swapped with another."""
    pieces = PIECE.findall(text) or [""]
    at, other = rng.randrange(len(pieces)), rng.randrange(len(pieces))
    match rng.randrange(5):
        case 0:
            del pieces[at]
        case 1:
            pieces.insert(other, pieces[at])
        case 2:
            pieces[at] = rng.choice(own.pieces)
        case 3:
            pieces.insert(at, rng.choice(own.pieces))
        case _:
            pieces[at], pieces[other] = pieces[other], pieces[at]
    return "".join(pieces)


def _characters(text: str, own: Field, rng: random.Random) -> str:
    """Something odd is put in, or a character is lost, doubled or turned into its neighbour."""
    del own
    at = rng.randrange(len(text) + 1)
    match rng.randrange(4):
        case 0:
            return text[:at] + text[at + 1 :]
        case 1:
            return text[:at] + text[at : at + 1] * 2 + text[at + 1 :]
        case 2 if at < len(text):
            return text[:at] + chr(max(ord(text[at]) ^ 1 << rng.randrange(8), 0)) + text[at + 1 :]
        case _:
            return text[:at] + rng.choice(ODD) + text[at:]


def _lines(text: str, own: Field, rng: random.Random) -> str:
    """A line is lost, doubled, moved, pushed in or out."""
    del own
    lines = text.split("\n")
    at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
    match rng.randrange(4):
        case 0:
            del lines[at]
        case 1:
            lines.insert(other, lines[at])
        case 2:
            lines[at], lines[other] = lines[other], lines[at]
        case _:
            lines[at] = lines[at].lstrip() if rng.random() < 0.5 else f"  {lines[at]}"
    return "\n".join(lines)


def _spliced(text: str, own: Field, rng: random.Random) -> str:
    """A part of an attack is put in, or put in the place of a part."""
    other = rng.choice(own.texts)
    start, end = sorted((rng.randrange(len(other) + 1), rng.randrange(len(other) + 1)))
    fragment = other if rng.random() < 0.4 else other[start:end]
    at = rng.randrange(len(text) + 1)
    gap = rng.choice(("", "", " ", "\n", "\n\n"))
    until = at if rng.random() < 0.7 else rng.randrange(at, len(text) + 1)
    return f"{text[:at]}{gap}{fragment}{gap}{text[until:]}"


def _shape(text: str, own: Field, rng: random.Random) -> str:
    """Cut off, put in braces, joined with another, or another one altogether."""
    match rng.randrange(4):
        case 0:
            return text[: rng.randrange(len(text) + 1)]
        case 1:
            return f"{{\n{text}\n}}"
        case 2:
            return f"{text}\n{rng.choice(own.texts)}"
        case _:
            return rng.choice(own.texts)


_EDITS: Sequence[Callable[[str, Field, random.Random], str]] = (_tokens, _tokens, _characters, _lines, _spliced, _shape)


# --- one round ----------------------------------------------------------------------------------------------------


def fills_of(own: Field, number: int) -> tuple[Subject, dict[str, str], bool]:
    """The spec and the fills of a round, and whether they are still those that they began as."""
    rng = random.Random(f"{own.spoken.name} {number}")  # noqa: S311 - the same round each time
    subject = rng.choice(own.subjects)
    base = rng.choice(subject.bases)
    fills = dict(base)
    for _ in range(rng.randint(1, 5)):
        hole = rng.choice(sorted(fills))
        fills[hole] = edited(fills[hole], own, rng)
    return subject, fills, fills == base


def round_of(own: Field, number: int, found: Found) -> None:
    """One round; what is wrong is noted."""
    subject, texts, same = fills_of(own, number)
    found.rounds += 1
    try:
        refusals, faults = _tried(subject.spec, own.spoken, texts)
    except Exception as error:  # noqa: BLE001 - that there is none is what is tested
        found.faults.append(f"{own.spoken.name} {number}: {type(error).__name__}: {error}")
        return
    found.faults += [f"{own.spoken.name} {number}: {one}" for one in faults]
    found.rules.update({one.rule for one in refusals})
    found.accepted += not refusals
    found.changed += not refusals and not same


def _tried(spec: Spec, spoken: Language, texts: Mapping[str, str]) -> tuple[tuple[Refusal, ...], list[str]]:
    """The refusals of fills as a model wrote them, and what is wrong with how they were dealt with."""
    plain = {hole.id: spoken.normalise(hole, texts[hole.id]) for hole in spec.outline.holes}
    faults = [f"normalised twice is another text: {one}" for one in _unsettled(spoken, spec, plain)]
    refusals = policy.check(spec, spoken, plain)
    policy.names(spec, spoken, plain)
    faults += [f"no place or no words: {one}" for one in refusals if not _is_told(one, plain)]
    made = splice(spec, spoken, plain)
    if not unchanged(spec, made) or not _skeleton_kept(spec, made.content, made.regions):
        faults.append("a byte outside the holes changed")
    if not refusals:
        faults += _of_accepted(spec, spoken, plain, made.content, made.regions)
    return refusals, faults


def _unsettled(spoken: Language, spec: Spec, plain: Mapping[str, str]) -> Iterator[str]:
    """Holes whose fill is not yet as it is stored. A carriage return, which is refused, may hide a line's end."""
    for hole in spec.outline.holes:
        text = plain[hole.id]
        if "\r" not in text and spoken.normalise(hole, text) != text:
            yield hole.id


def _is_told(one: Refusal, plain: Mapping[str, str]) -> bool:
    if one.hole not in plain:
        return one.hole == "" and bool(one.rule and one.message)
    last = plain[one.hole].count("\n") + 1
    return bool(one.rule and one.message) and (1 <= one.line <= last or (one.line == 0 and one.rule in OF_THE_WHOLE))


def _skeleton_kept(spec: Spec, content: bytes, regions: Sequence[Region]) -> bool:
    """What is left of the file without its fills is what is left of the source without its holes, piece by piece."""
    holes = [(spec.source, one.span.start, one.span.end) for one in spec.outline.holes]
    fills = [(content, one.start, one.end) for one in regions]
    return _without(spec.source, holes) == _without(content, fills)


def _without(text: bytes, parts: Sequence[tuple[bytes, int, int]]) -> list[bytes]:
    left = []
    for _, start, end in sorted(parts, key=lambda part: -part[1]):
        left.append(text[end:])
        text = text[:start]
    return [*left, text]


def _of_accepted(
    spec: Spec, spoken: Language, plain: Mapping[str, str], content: bytes, regions: Sequence[Region]
) -> Iterator[str]:
    """What is wrong with a file whose fills were let pass."""
    again = spoken.parse(content)
    if again.problems:
        yield f"accepted, and does not parse: {again.problems[0]}"
    helpers = {one.id for one in spec.outline.holes if one.kind is HoleKind.HELPERS}
    inside = [(one.start, one.end) for one in regions if one.hole in helpers]
    if _contracts(spec.outline, ()) != _contracts(again, inside):
        yield "accepted, and given contracts read differently"
    if unsplice(spec, spoken, content) != plain:
        yield "accepted, and the fills can't be told from the file"


def _contracts(outline: Outline, left_out: Sequence[tuple[int, int]]) -> list[tuple[object, ...]]:
    return [
        (one.name, one.kind, one.attributes, tuple((clause.kind, clause.text) for clause in one.clauses))
        for one in outline.declarations
        if not any(start <= one.span.start and one.span.end <= end for start, end in left_out)
    ]
