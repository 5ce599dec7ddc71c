"""The picture of one file: its declarations as others may remember them, and what became of them since.

Law: a picture is a function of the text alone, and bounded. Comments and blanks make no difference, since they are in
no key; a text that is too long to keep whole is told apart by its mark.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from s2c.digest import Json, digest_bytes, digest_tokens
from s2c.languages.base import language
from s2c.model import Clause, Declaration, Span, Spec

FORM = "picture.1"
MOST = 500  # declarations of one file; of a longer one no picture is kept
LONGEST = 300  # characters of a text as it is shown
_MARK = 16  # hex digits
_COMMENTS = re.compile(
    rb"^[ \t]*(?://|--)[^\n]*$", re.MULTILINE
)  # lines of their own: the tags of holes are among them


@dataclass(frozen=True)
class Text:
    """A piece of a source: as it is shown, and the mark that tells it from others."""

    shown: str
    mark: str


@dataclass(frozen=True)
class Declared:
    """One declaration: its head, its clauses (keyword, text), and the mark of what else is given of it."""

    name: str
    kind: str
    head: Text
    clauses: tuple[tuple[str, Text], ...]
    rest: str


@dataclass(frozen=True)
class Picture:
    """What one file declares, in its order, and the mark of what stands outside declarations."""

    declared: tuple[Declared, ...]
    other: str


@dataclass(frozen=True)
class Change:
    """One thing that is not what it was; `was` and `now` hold the texts where there are some."""

    what: str
    was: str = ""
    now: str = ""

    def __str__(self) -> str:
        texts = [f"{word} `{text}`" for word, text in (("was", self.was), ("is", self.now)) if text]
        return f"{self.what} ({', '.join(texts)})" if texts else self.what


# --- from a source ------------------------------------------------------------------------------------------------


def picture(spec: Spec) -> Picture | None:
    """The picture of a source; None of one that is too large for one."""
    declarations = spec.outline.declarations
    if len(declarations) > MOST:
        return None
    spans = [one.span for one in declarations]
    own = [*spans, *(hole.span for hole in spec.outline.holes), *(one.span for one in spec.outline.imports)]
    return Picture(tuple(_declared(spec, one) for one in declarations), _mark(spec, _outside(spec.source, None, own)))


def _declared(spec: Spec, one: Declaration) -> Declared:
    source, head = spec.source, one.head
    within = [other.span for other in spec.outline.declarations if _contains(one.span, other.span)]
    clauses = [clause.span for clause in one.clauses]
    rest = _outside(source, one.span, [head, *clauses, *within, *(hole.span for hole in spec.outline.holes)])
    return Declared(
        one.name, one.kind, _text(spec, head), tuple(_clause(source, c) for c in one.clauses), _mark(spec, rest)
    )


def _contains(outer: Span, inner: Span) -> bool:
    return outer != inner and outer.start <= inner.start and inner.end <= outer.end


def _outside(source: bytes, span: Span | None, cut: Sequence[Span]) -> bytes:
    """What is left of a span (None: of the source) without these."""
    position, end = (0, len(source)) if span is None else (span.start, span.end)
    parts = []
    for one in sorted(cut):
        parts.append(source[position : min(one.start, end)])
        position = max(position, one.end)
    return b"\n".join(part for part in (*parts, source[position:end]) if part.strip())


def _text(spec: Spec, span: Span) -> Text:
    raw = spec.source[span.start : span.end]
    return Text(_shown(_COMMENTS.sub(b"", raw).decode("utf-8", "replace")), _mark(spec, raw))


def _clause(source: bytes, one: Clause) -> tuple[str, Text]:
    raw = source[one.span.start : one.span.end].decode("utf-8", "replace")
    return one.kind, Text(_shown(raw), digest_bytes((one.text or " ".join(raw.split())).encode())[:_MARK])


def _shown(text: str) -> str:
    line = " ".join(text.split()).rstrip(",")
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}..."


def _mark(spec: Spec, text: bytes) -> str:
    """A piece is read by its own language, which knows what a comment is; pieces that are no whole text too."""
    text = _COMMENTS.sub(b"", text)
    if not text.strip():
        return ""
    tokens = language(spec.language).parse(text).skeleton
    return digest_tokens(tokens or text.split())[:_MARK]


# --- kept ---------------------------------------------------------------------------------------------------------


def to_json(one: Picture) -> Json:
    """A picture as plain data."""
    return {"declared": [_row(declared) for declared in one.declared], "other": one.other}


def _row(one: Declared) -> Json:
    clauses: list[Json] = [[kind, text.shown, text.mark] for kind, text in one.clauses]
    return [one.name, one.kind, one.head.shown, one.head.mark, clauses, one.rest]


def from_json(value: Json) -> Picture | None:
    """The picture that `to_json` wrote; None for anything of another form."""
    try:
        data: Any = value
        return Picture(tuple(_read(row) for row in data["declared"]), str(data["other"]))
    except (TypeError, ValueError, KeyError):
        return None


def _read(row: Sequence[Any]) -> Declared:
    name, kind, shown, mark, clauses, rest = row
    if not all(isinstance(one, str) for one in (name, kind, shown, mark, rest, *(t for ones in clauses for t in ones))):
        raise TypeError(row)
    return Declared(name, kind, Text(shown, mark), tuple((word, Text(*text)) for word, *text in clauses), rest)


# --- compared -----------------------------------------------------------------------------------------------------


def changes(path: str, was: Picture, now: Picture, *, inside: bool) -> list[Change]:
    """What changed in a file. `inside`: what is not for others to see counts too, as it does for the file itself."""
    before, after = _by_name(was), _by_name(now)
    found = [
        Change(f"{name} in {path} is gone", _says(one)) for (name, _), one in before.items() if (name, _) not in after
    ]
    for key, one in after.items():
        if key not in before:
            found.append(Change(f"{one.name} in {path} is new", now=_says(one)))
        else:
            found += _changed(path, before[key], one)
    if inside or not found:  # else the rest is most likely nothing that importers see
        found += [
            Change(f"what is given in the body of {one.name} in {path} changed")
            for key, one in after.items()
            if key in before and before[key].rest != one.rest
        ]
        found += [Change(f"what {path} says outside its declarations changed")] if was.other != now.other else []
    same = not found and list(before) != list(after)
    return [*found, *([Change(f"the declarations of {path} stand in another order")] if same else [])]


def _by_name(one: Picture) -> Mapping[tuple[str, int], Declared]:
    """Each by its name, and by its number among those of that name."""
    seen: Counter[str] = Counter()
    found = {}
    for declared in one.declared:
        found[declared.name, seen[declared.name]] = declared
        seen[declared.name] += 1
    return found


def _says(one: Declared) -> str:
    return one.head.shown


def _changed(path: str, was: Declared, now: Declared) -> Iterator[Change]:
    place = f"{now.name} in {path}"
    if was.kind != now.kind:
        yield Change(f"{place} is a {now.kind} now", _says(was), _says(now))
    elif was.head.mark != now.head.mark:
        yield Change(f"the head of {place} changed", was.head.shown, now.head.shown)
    found = list(_clauses(place, was, now))
    yield from found
    if not found and was.clauses != now.clauses and _marks(was) != _marks(now):
        yield Change(f"the clauses of {place} stand in another order")


def _marks(one: Declared) -> list[tuple[str, str]]:
    return [(kind, text.mark) for kind, text in one.clauses]


def _clauses(place: str, was: Declared, now: Declared) -> Iterator[Change]:
    """Clauses that are no longer there and those that are new, in pairs of one kind where there are both."""
    gone, new = _left(was, now), _left(now, was)
    for kind in dict.fromkeys([*gone, *new]):
        pairs = min(len(gone[kind]), len(new[kind]))
        name = f"`{kind}`" if kind else "a clause"
        for before, after in zip(gone[kind], new[kind], strict=False):
            yield Change(f"{name} of {place} changed", before.shown, after.shown)
        yield from (Change(f"{name} of {place} is gone", one.shown) for one in gone[kind][pairs:])
        yield from (Change(f"{name} of {place} is new", now=one.shown) for one in new[kind][pairs:])


def _left(one: Declared, other: Declared) -> dict[str, list[Text]]:
    """The clauses of one that the other does not have, by kind."""
    there = Counter(_marks(other))
    found: dict[str, list[Text]] = defaultdict(list)
    for kind, text in one.clauses:
        if there[kind, text.mark] > 0:
            there[kind, text.mark] -= 1
        else:
            found[kind].append(text)
    return found
