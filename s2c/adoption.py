"""Verified fills go back into the source: from then on it is a file without holes, and all of it a person's.

Law: only what lies in build/ under today's keys, green by a verdict that this machine signed, is adopted. An adopted
source is that implementation, byte for byte, but for the tags of its sections: a section would stay a hole whatever
stands in it, so what was adopted would be asked for again. If what comes of it still has a hole, it is not adopted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from s2c.errors import SpecError
from s2c.graph import Component
from s2c.languages.base import language
from s2c.languages.cuts import edited
from s2c.languages.untagged import SECTION, without_tags
from s2c.model import Span, Spec
from s2c.session import Session
from s2c.splice import splice
from s2c.stands import fills_in

AGAIN = "run `doit`, and when it is green adopt again"


@dataclass(frozen=True)
class Adoption:
    """One source as it is, and as it will be."""

    path: str
    before: bytes = field(repr=False)
    after: bytes = field(repr=False)


def adoptions(session: Session, green: Mapping[str, str], component: Component) -> list[Adoption]:
    """What becomes of those sources of a component that have holes. Raises SpecError where it can't be adopted.

    `green`: path -> the signed key under which doit recorded it as verified.
    """
    specs = session.project.graph.specs
    broken = session.project.graph.broken(component.id)
    if broken:
        raise SpecError(f"it can't be read: {broken[0].text}", where=component.id, fix=f"correct it; then {AGAIN}")
    with_holes = [path for path in component.members if specs[path].outline.holes]
    for path in component.members if with_holes else ():
        _check(session, green, path)
    return [_adoption(session, specs[path]) for path in with_holes]


def _check(session: Session, green: Mapping[str, str], path: str) -> None:
    """Raises SpecError unless build/PATH is today's implementation, verified on this machine."""
    project = session.project
    if path.startswith("../"):
        raise SpecError("it lies outside this project, so it is not touched", where=path, fix="adopt it in its own")
    why = session.stale(path)
    if why:
        raise SpecError(
            f"the build folder does not hold today's implementation: {'; '.join(why)}", where=path, fix=AGAIN
        )
    key = session.verdict_key(path)
    if not key or green.get(path) != project.store.sign(key.encode()):
        said = "what lies in the build folder for it is not verified, by a verdict of this machine, with all it imports"
        raise SpecError(said, where=path, fix=AGAIN)


def _adoption(session: Session, spec: Spec) -> Adoption:
    content = session.project.outputs.read(spec.path)
    if content is None:
        raise SpecError("its file in the build folder is gone", where=spec.path, fix=AGAIN)
    return Adoption(spec.path, spec.source, adopted(spec, content))


def adopted(spec: Spec, content: bytes) -> bytes:
    """The source that says what this implementation of it says, without holes. Raises SpecError if there is none."""
    spoken = language(spec.language)
    fills = fills_in(spec, content)
    if fills is None:
        raise SpecError("the build folder does not hold it as it is today", where=spec.path, fix=AGAIN)
    regions = {one.hole: Span(one.start, one.end) for one in splice(spec, spoken, fills).regions}
    sections = [regions[hole.id] for hole in spec.outline.holes if hole.form == SECTION]
    edits = [(line.start, line.end, text) for one in sections for line, text in without_tags(content, one)]
    source = edited(content, edits)
    outline = spoken.parse(source)
    if outline.problems:
        first = outline.problems[0]
        said = f"without the tags of its sections it can't be read: {first.line}:{first.column}: {first.message}"
        raise SpecError(said, where=spec.path, fix="adopt it by hand")
    if outline.holes:
        raise SpecError(
            f"without the tags of its sections {_owners(hole.owner for hole in outline.holes)} would be a hole",
            where=spec.path,
            fix="complete it, or mark it as an axiom, in the source; then " + AGAIN,
        )
    return source


def _owners(names: Iterable[str]) -> str:
    return ", ".join(sorted({name or "a section for helpers" for name in names}))
