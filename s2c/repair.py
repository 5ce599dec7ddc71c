"""What failed goes back: which holes are asked for again, and what the model is told of the attempt before.

Law: a repair asks for the holes of the owners that failed, and for helpers; what was not at fault stands pinned in the
prompt. Where it can't be told who failed, everything is asked for.
"""

from collections.abc import Mapping
from dataclasses import replace

from s2c import keys
from s2c.asking import Wanted
from s2c.graph import Component
from s2c.languages.base import language
from s2c.model import Hole, HoleKind, Slot, Spec, Verdict, VerdictKind
from s2c.plan import attempts, whole
from s2c.project import Project
from s2c.prompts import Previous
from s2c.splice import Region, Spliced, splice


def wanted(
    project: Project,
    component: Component,
    key: str,
    last: Mapping[str, str] | None = None,
    verdict: Verdict | None = None,
) -> Wanted:
    """What to ask for: after an attempt of this run (`last`), else after the last one on record, else everything."""
    made = attempts(project, component, key)
    if last is None and made:
        one = made[-1]
        last, verdict = one.fills, Verdict(one.verdict, "", one.reason, one.diagnostics, one.refusals)
    asked = whole(project, component, key, len(made) + 1)
    return asked if last is None or verdict is None else after(project, asked, last, verdict)


def after(project: Project, whole: Wanted, last: Mapping[str, str], verdict: Verdict) -> Wanted:
    """What to ask for instead of the whole component, after `verdict` on the fills `last`."""
    every = whole.slots
    absent = every - set(last)
    if verdict.kind is VerdictKind.INCOMPLETE and absent and last:
        return replace(whole, slots=absent, pinned={slot: last[slot] for slot in every - absent})
    asked = (failed(project, whole.component, last, verdict) if not absent else frozenset()) or every
    pinned = {slot: text for slot, text in last.items() if slot not in asked}
    said = Previous({}, str(verdict.kind), verdict.reason, verdict.diagnostics, verdict.refusals)
    return replace(whole, slots=asked, pinned=pinned, previous=said, previous_fills=last)


def failed(project: Project, component: Component, fills: Mapping[str, str], verdict: Verdict) -> frozenset[str]:
    """The slots at fault, with all helpers; empty if that can't be told."""
    found: set[str] = set()
    by_path = keys.member_fills(project.graph, component, fills)
    for rank, path in enumerate(keys.ranking(project.graph, component)):
        spec = project.graph.specs[path]
        holes = {hole.id: hole for hole in spec.outline.holes}
        blamed = {one.hole for one in verdict.refusals if one.hole in holes}
        spliced = splice(spec, language(spec.language), by_path[path])
        lines = [one.line for one in verdict.diagnostics if one.path == path and one.severity == "error"]
        blamed |= {hole for line in lines for hole in _at(spec, spliced, line)}
        if blamed:
            blamed |= {hole.id for hole in holes.values() if hole.kind is HoleKind.HELPERS}
        found |= {str(Slot(rank, hole)) for hole in blamed}
    return frozenset(found)


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
