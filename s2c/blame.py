"""What was said of an attempt: which holes it speaks of, and so much of it as helps who mends them.

Law: where it can't be told who is at fault, nobody is blamed. What is handed on is bounded in tokens, whatever a
verifier prints: the first errors of each hole, none twice, each with the line of the implementation that it speaks of.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TypeVar

from s2c import keys
from s2c.graph import Component
from s2c.languages.base import language
from s2c.model import Diagnostic, Hole, HoleKind, Refusal, Slot, Spec, Verdict
from s2c.project import Project
from s2c.prompts import SHOWN_DIAGNOSTICS
from s2c.splice import Region, Spliced, splice
from s2c.tokens import count

T = TypeVar("T", Diagnostic, Refusal)

EACH = 4  # errors of one hole that are shown: those behind them mostly follow from them
MOST_TOKENS = 1500  # of all that is shown against one component
LONGEST = 1500  # characters of one message
LINE = 200  # characters of a line that is quoted
_PLACE = re.compile(r"[^\s\[(]*:\d+:\d+|\bline \d+|\(\d+,\d+\)")


@dataclass(frozen=True)
class Said:
    """What is handed on of what was said, and how many more there were."""

    diagnostics: tuple[Diagnostic, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    left_out: int = 0


def failed(project: Project, component: Component, fills: Mapping[str, str], verdict: Verdict) -> frozenset[str]:
    """The slots at fault, with all helpers; empty if that can't be told."""
    found: set[str] = set()
    spliced = _implementations(project, component, fills)
    for rank, path in enumerate(keys.ranking(project.graph, component)):
        spec = project.graph.specs[path]
        holes = {hole.id: hole for hole in spec.outline.holes}
        blamed = {one.hole for one in verdict.refusals if one.hole in holes}
        lines = [one.line for one in verdict.diagnostics if one.path == path and one.severity == "error"]
        blamed |= {hole for line in lines for hole in _at(spec, spliced[path], line)}
        if blamed:
            blamed |= {hole.id for hole in holes.values() if hole.kind is HoleKind.HELPERS}
        found |= {str(Slot(rank, hole)) for hole in blamed}
    return frozenset(found)


def trimmed(project: Project, component: Component, fills: Mapping[str, str], verdict: Verdict) -> Said:
    """So much of what was said against these fills as helps. With some of them missing nobody is at fault."""
    whole = {str(slot) for slot in keys.slots(project.graph, component)} <= set(fills)
    spliced = _implementations(project, component, fills) if whole else {}
    by_path = keys.member_fills(project.graph, component, fills)

    def place(one: Diagnostic) -> tuple[str, ...]:
        known = one.path in spliced
        return one.path, *(sorted(_at(project.graph.specs[one.path], spliced[one.path], one.line)) if known else ())

    errors = _picked([(place(one[0]), one) for one in _told(verdict.diagnostics)])
    refused = _picked([((one.hole,), [one]) for one in dict.fromkeys(verdict.refusals)])
    quoted = [[_quoted(each, spliced) for each in one] for one in errors]
    broken = [[_shown(each, by_path)] for (each,) in refused]
    most = MOST_TOKENS // len(component.members)  # each member may be shown with all of it
    kept, used = _bounded(broken, most // 2 if quoted else most, SHOWN_DIAGNOSTICS)
    said, _ = _bounded(quoted, most - used, SHOWN_DIAGNOSTICS)
    all_of_it = {*_plain(verdict.diagnostics), *verdict.refusals}
    return Said(tuple(said), tuple(kept), max(len(all_of_it) - len(said) - len(kept), 0))


def signature(verdict: Verdict) -> frozenset[str]:
    """What tells one set of errors from another, wherever their lines lie now."""
    errors = [one for one in verdict.diagnostics if one.severity == "error"] or verdict.diagnostics
    found = {_what(one) for one in errors}
    found |= {f"{one.hole}: {one.rule}: {one.message}" for one in verdict.refusals}
    return frozenset({str(verdict.kind), *(found or {_PLACE.sub("", verdict.reason)})})


def _what(one: Diagnostic) -> str:
    """A message without places. Where it points to none itself, the line that it speaks of says what it is about."""
    message = _PLACE.sub("", one.message)
    return message if message != one.message else f"{one.excerpt.strip()}: {message}"


def cut(text: str) -> str:
    """A text of a verifier's, not too long."""
    return text if len(text) <= LONGEST else text[:LONGEST] + " ..."


def _implementations(project: Project, component: Component, fills: Mapping[str, str]) -> dict[str, Spliced]:
    by_path = keys.member_fills(project.graph, component, fills)
    specs = (project.graph.specs[path] for path in component.members)
    return {spec.path: splice(spec, language(spec.language), by_path[spec.path]) for spec in specs}


# --- places -------------------------------------------------------------------------------------------------------


def _at(spec: Spec, spliced: Spliced, line: int) -> set[str]:
    """The holes that a line of the implementation speaks of: the one that it is in, else those of its declaration."""
    lines = spliced.content.split(b"\n")
    start = sum(len(text) + 1 for text in lines[: line - 1])
    end = start + len(lines[line - 1]) if line <= len(lines) else start
    inside = {region.hole for region in spliced.regions if region.start < end and start < region.end}
    if inside:
        return inside
    offset = start + sum(
        (hole.span.end - hole.span.start) - (region.end - region.start)
        for hole, region in _pairs(spec, spliced)
        if region.end <= start
    )
    owners = [
        one for one in spec.outline.declarations if one.span.start <= offset <= max(one.span.end, one.contract_end)
    ]
    smallest = min(owners, key=lambda one: one.span.end - one.span.start, default=None)
    return set() if smallest is None else {h.id for h in spec.outline.holes if h.owner == smallest.name}


def _pairs(spec: Spec, spliced: Spliced) -> list[tuple[Hole, Region]]:
    by_id = {hole.id: hole for hole in spec.outline.holes}
    return [(by_id[region.hole], region) for region in spliced.regions]


# --- so much of it ------------------------------------------------------------------------------------------------


def _plain(said: Sequence[Diagnostic]) -> dict[Diagnostic, None]:
    """Each once: the same at another column of the line is the same."""
    first: dict[tuple[str, int, str, str], Diagnostic] = {}
    for one in said:
        first.setdefault((one.path, one.line, one.severity, one.message), one)
    return dict.fromkeys(first.values())


def _told(said: Sequence[Diagnostic]) -> Iterator[list[Diagnostic]]:
    """Each error with the hints that follow it; where there is no error, each remark alone."""
    plain = list(_plain(said))
    heads = {"error"} if any(one.severity == "error" for one in plain) else {one.severity for one in plain}
    current: list[Diagnostic] = []
    for one in plain:
        if one.severity in heads:
            if current:
                yield current
            current = [one]
        elif current:  # what comes before the first error says nothing of it
            current.append(one)
    if current:
        yield current


def _picked(told: Sequence[tuple[tuple[str, ...], list[T]]]) -> list[list[T]]:
    """The first few of each hole: first the first of every hole, then the second ones."""
    by_place: dict[tuple[str, ...], list[list[T]]] = {}
    for place, one in told:
        by_place.setdefault(place, []).append(one)
    turns = zip_longest(*(ones[:EACH] for ones in by_place.values()))
    return [one for turn in turns for one in turn if one is not None]


def _bounded(told: Sequence[Sequence[T]], tokens: int, most: int) -> tuple[list[T], int]:
    """What fits, in its order, the first error at any rate; and its tokens. An error goes with its hints or alone."""
    found: list[T] = []
    used = 0
    for group in told:
        for one in group:
            size = _size(one)
            if len(found) == most or (used + size > tokens and (found or one is not group[0])):
                break
            kept = one if used + size <= tokens else _shortened(one, tokens)
            found.append(kept)
            used += _size(kept)
    return found, used


def _shortened(one: T, tokens: int) -> T:
    while _size(one) > tokens and len(one.message) > 1:
        one = replace(one, message=one.message[: len(one.message) // 2])
    return one


def _size(one: Diagnostic | Refusal) -> int:
    words = f"{one.rule} {one.hole}" if isinstance(one, Refusal) else f"{one.severity} {one.excerpt}"
    return count(f"line {one.line}, column 1: {words}: {one.message}\n")


def _quoted(one: Diagnostic, spliced: Mapping[str, Spliced]) -> Diagnostic:
    """With the line of the implementation that it speaks of."""
    excerpt = one.excerpt
    if not excerpt.strip() and one.path in spliced:
        lines = spliced[one.path].content.split(b"\n")
        excerpt = b"".join(lines[one.line - 1 : one.line]).decode("utf-8", "replace")
    return replace(one, message=cut(one.message), excerpt=excerpt.strip()[:LINE])


def _shown(one: Refusal, fills: Mapping[str, Mapping[str, str]]) -> Refusal:
    """With the line of the fill that it speaks of, where only one member has that hole."""
    texts = [holes[one.hole] for holes in fills.values() if one.hole in holes]
    lines = texts[0].splitlines() if len(texts) == 1 else []
    line = "".join(lines[one.line - 1 : one.line]).strip()[:LINE] if one.line else ""
    message = cut(one.message)
    return replace(one, message=f"{message}\n    {line}" if line else message)
