"""What can be said of a spec before anyone fills it: remarks that cost no verifier and no request.

Law: a remark is told and counted, and stops nothing; what a spec says is its author's. Each says what is there and what
to do. In doubt there is none: a file that can't be read has problems, not remarks.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from s2c.graph import Graph, position
from s2c.languages.base import language
from s2c.languages.lints import Lint
from s2c.model import HoleKind, Spec

SHOWN = 20  # remarks that a plan lists unless it is asked for all


class Rule(StrEnum):
    """What a remark is about; docs/lint.md says what each means."""

    ASSUMES = "assumes"
    UNDEFINED = "undefined"
    NO_CONTRACT = "no-contract"
    NO_OBLIGATION = "no-obligation"
    WEAK = "weak"  # with lint=deep
    VACUOUS = "vacuous"  # with lint=deep


@dataclass(frozen=True, order=True)
class Finding:
    """One remark on a spec. `line` is 1-based."""

    path: str
    line: int
    rule: str
    message: str

    @property
    def text(self) -> str:
        """It as one line that editors jump to."""
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


@dataclass(frozen=True)
class Remarks:
    """What was found, sorted; and in `notes` what could not be looked at, and why."""

    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()


def plain(graph: Graph, paths: Iterable[str]) -> tuple[Finding, ...]:
    """The remarks on these files, sorted. Those of `external` folders are not this project's to change."""
    found = [one for path in paths if not path.startswith("../") for one in _of(graph, path)]
    return tuple(sorted(found))


def _of(graph: Graph, path: str) -> Iterator[Finding]:
    spec = graph.specs[path]
    if spec.outline.problems:
        return
    for one in spec.outline.assumptions:
        advice = "nothing proves it, and what uses it rests on it: prove it, or be sure of it"
        yield Finding(path, one.line, Rule.ASSUMES, f"{one.what}: {advice}")
    spoken = language(spec.language).lint
    if not graph.broken(graph.home[path]):
        yield from _undefined(graph, spec, spoken)
    yield from _unpromised(spec, spoken)


def _undefined(graph: Graph, spec: Spec, spoken: Lint) -> Iterator[Finding]:
    seen = [graph.specs[one].outline for one in graph.files_of(graph.home[spec.path])]
    for unknown in spoken.undefined(spec.source, spec.outline, seen):
        message = f"{unknown.name} is declared nowhere that this file can see: declare it outside every hole"
        yield Finding(spec.path, position(spec.source, unknown.start)[0], Rule.UNDEFINED, message)


def _unpromised(spec: Spec, spoken: Lint) -> Iterator[Finding]:
    """Owners of holes that promise nothing; one remark if nothing in the file does."""
    promising = spoken.promising(spec.outline)
    free = [one for one in spec.outline.holes if one.owner and one.owner not in promising]
    if spec.outline.holes and not promising:
        line = line_of(spec, free[0].owner) if free else 1
        message = "nothing in this file is promised, so whatever stands in its holes is accepted: write a contract"
        yield Finding(spec.path, line, Rule.NO_OBLIGATION, message)
        return
    for owner in dict.fromkeys(one.owner for one in free if one.kind in {HoleKind.BODY, HoleKind.PROOF}):
        message = f"{owner} promises nothing, so whatever its hole holds is accepted: say what its result must be"
        yield Finding(spec.path, line_of(spec, owner), Rule.NO_CONTRACT, message)


def line_of(spec: Spec, owner: str) -> int:
    """The line on which a declaration begins."""
    starts = [one.span.start for one in spec.outline.declarations if one.name == owner]
    return position(spec.source, starts[0])[0] if starts else 1


def counted(findings: Collection[Finding]) -> str:
    """How many there are of each rule: `3 remarks on specs: 2 assumes, 1 weak`; "" if there are none."""
    if not findings:
        return ""
    counts = Counter(one.rule for one in findings)
    parts = ", ".join(f"{counts[rule]} {rule}" for rule in Rule if counts[rule])
    return f"{len(findings)} {'remark' if len(findings) == 1 else 'remarks'} on specs: {parts}"


def listed(findings: Sequence[Finding], *, everything: bool = False) -> list[str]:
    """The count, then one line each, of which the first are shown and the rest counted unless `everything` is asked."""
    shown = findings if everything else findings[:SHOWN]
    rest = len(findings) - len(shown)
    more = [f"  and {rest} more: s2c plan --all lists them"] if rest else []
    return [counted(findings), *(f"  {one.text}" for one in shown), *more] if findings else []
