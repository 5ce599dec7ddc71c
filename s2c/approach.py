"""When the way that a spec is asked for changes: what came twice is not mended a third time.

Law: what was tried decides, and nothing else: the attempts on record make the same decision in a plan, in a run and in
the next run. A fresh start shows nothing of what was tried; it shows more of what is proved around it, bounded in
tokens.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from s2c import blame, keys
from s2c.graph import Component
from s2c.languages.base import language
from s2c.model import Attempt, Verdict, VerdictKind
from s2c.project import Project
from s2c.splice import splice
from s2c.tokens import count

ANSWER, ERRORS = "the same answer came twice", "the same errors came twice"
MORE_TOKENS = 2000  # of what is proved around a spec, for its first fresh start; twice that for the second, ...
MOST_ROOM = 6000  # ... and no more than that
SEAMS = 16  # tokens that texts may have more together than each alone

Standing = Mapping[str, Mapping[str, str]]
"""Component id -> the fills by slot that stand for it now."""


@dataclass(frozen=True)
class Start:
    """A fresh start: which one it is for this obligation, from 1, and why."""

    number: int
    why: str

    @property
    def room(self) -> int:
        """Tokens of what is shown with it, at most."""
        return min(MORE_TOKENS * self.number, MOST_ROOM)


def start(made: Sequence[Attempt]) -> Start | None:
    """The fresh start that is due after these attempts, in their order; None if the last one is to be mended.

    An answer is held against all earlier ones, errors against those since the last fresh start.
    """
    number, why = 0, ""
    answers: list[Mapping[str, str]] = []
    errors: list[frozenset[str]] = []
    for one in made:
        if one.verdict is VerdictKind.INCOMPLETE:  # it did not arrive whole: nothing was tried
            why = ""
            continue
        seen = blame.signature(_verdict(one))
        why = ANSWER if one.fills in answers else ERRORS if seen in errors else ""
        number += bool(why)
        errors = [] if why else [*errors, seen]
        answers.append(one.fills)
    return Start(number, why) if why else None


def more(project: Project, component: Component, start: Start, standing: Standing) -> str:
    """What is shown with a fresh start: files around the spec, nearest first, as far as they fit."""
    lines = [
        f"----- a fresh start: {start.why} for this spec and was not accepted; it is not shown -----",
        "Go another way than the one that comes first to mind: other helpers, other invariants, smaller steps.",
    ]
    left = start.room - SEAMS - count("\n".join(lines))
    for title, text in _around(project, component, standing):
        shown = f"----- {title} -----\n{text.rstrip()}"
        if (size := count(shown) + 1) <= left:
            lines.append(shown)
            left -= size
    return "\n".join(lines)


def _around(project: Project, component: Component, standing: Standing) -> Iterator[tuple[str, str]]:
    """Title and text of files that may help: imports with their proofs, the rest of the group, then other proofs."""
    graph = project.graph
    below = graph.closures[component.id]
    imported = [*component.imports, *(one for one in reversed(below) if one not in component.imports)]
    group = [one for one, name in graph.groups.items() if name == graph.groups[component.id]]
    beside = [one for one in group if one != component.id and one not in below]
    for one in imported:
        if one in standing:
            yield from _proved(project, graph.components[one], standing[one], "imported")
    for one in beside:
        if one in standing:
            yield from _proved(project, graph.components[one], standing[one], "a neighbour")
        else:
            yield from _promised(project, graph.components[one])
    for one, other in graph.components.items():
        if one in standing and one not in group and other.language == component.language:
            yield from _proved(project, other, standing[one], "another file of the project")


def _proved(project: Project, component: Component, fills: Mapping[str, str], what: str) -> Iterator[tuple[str, str]]:
    by_path = keys.member_fills(project.graph, component, fills)
    for path in component.members:
        spec = project.graph.specs[path]
        if spec.outline.holes:
            content = splice(spec, language(spec.language), by_path[path]).content
            yield f"{path} ({what}), with what was proved for it", content.decode("utf-8", "replace")


def _promised(project: Project, component: Component) -> Iterator[tuple[str, str]]:
    for path in component.members:
        spec = project.graph.specs[path]
        if not spec.outline.problems:
            content = language(spec.language).stand_in(spec.source, spec.outline, {})
            yield f"{path} (a neighbour), not proved yet", content.decode("utf-8", "replace")


def _verdict(one: Attempt) -> Verdict:
    return Verdict(one.verdict, "", one.reason, one.diagnostics, one.refusals)
