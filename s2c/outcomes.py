"""What became of each task of a run: its cases, for reports that know tasks and not rows.

Law: what is not green has no case that passed both kinds; each case says why in the words of the summary. A place in an
implementation is told as the nearest one in the source: only that is a file which a person has.
"""

import shlex
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from s2c import __version__, keys, shards
from s2c.errors import S2cError
from s2c.graph import position
from s2c.history import Run
from s2c.languages.base import language
from s2c.model import Diagnostic, Spec, Verdict
from s2c.report.result import Case, Result
from s2c.report.summary import Row, Summary
from s2c.session import Session
from s2c.splice import Region, splice

NAMED = 5  # specs that a command names; of more it fills all
MOST = 50  # diagnostics of one file that are told
LONGEST = 2000  # characters of each
TROUBLE = frozenset({"tool-crash", "tool-missing", "unreadable"})  # states that are not a fill's fault
NOT_REACHED = "the run ended before its turn"


@dataclass(frozen=True)
class Tasks:
    """Paths of a run: whose generate: or verify: was selected, whose generate: is over, and which was refused."""

    generate: Collection[str]
    verify: Collection[str]
    over: Collection[str]
    refused: Collection[str]


def result(
    session: Session, tasks: Tasks, told: tuple[Summary, Sequence[Row]], code: int, error: S2cError | None
) -> Result:
    """The whole run."""
    summary, rows = told
    graph, ended = session.project.graph, error or session.limit or session.refused
    return Result(
        code=code,
        shard=session.config.shard,
        project=shards.project(graph),
        files=sum(1 for path in graph.specs if not path.startswith("../")),
        error="" if ended is None else str(ended),
        summary=summary,
        rows=tuple(rows),
        cases=cases(session, tasks, rows),
    )


def past(summary: Summary, code: int, began: float) -> Run:
    """The run as its row in the history."""
    return Run(
        began=int(began),
        seconds=round(time.time() - began),
        code=code,
        files=summary.files,
        verified=summary.verified,
        failed=summary.failed,
        waiting=summary.waiting,
        requests=summary.requests,
        prompt_tokens=summary.prompt_tokens,
        completion_tokens=summary.completion_tokens,
        cached_tokens=summary.cached_tokens,
        cost=summary.cost,
        verifier_runs=summary.verifier_runs,
        origins=summary.origins,
        versions={"s2c": __version__, **summary.tools},
    )


def lacking(rows: Sequence[Row], refused: Collection[str]) -> str:
    """What fills what `frozen` found no record for, as a line for a person."""
    missed = [one.path for one in rows if one.state == "not generated" and one.path in refused]
    named = " ".join(shlex.quote(f"generate:{path}") for path in missed) if len(missed) <= NAMED else "generate"
    fill = f"`doit {named}` fills them where a model may be asked; commit cache/records then"
    return f"the records lack {len(missed)} of these: {fill}\n" if missed else ""


def cases(session: Session, tasks: Tasks, rows: Sequence[Row]) -> tuple[Case, ...]:
    """The cases of these rows, first all of one kind."""
    made = [_generated(session, one, tasks) for one in rows if one.path in tasks.generate]
    checked = [_verified(session, one, tasks.refused) for one in rows if one.path in tasks.verify]
    home, times = session.project.graph.home, session.times
    return (*made, *(replace(one, milliseconds=times.took(home[one.path])) for one in checked))


def _generated(session: Session, row: Row, tasks: Tasks) -> Case:
    if row.path not in tasks.over:
        return Case("generate", row.path, "skipped", row.state, row.reason or NOT_REACHED)
    failed = row.path in tasks.refused
    return _told(session, "generate", row) if failed else Case("generate", row.path, "passed", row.state)


def _verified(session: Session, row: Row, refused: Collection[str]) -> Case:
    if row.state == "verified":
        return Case("verify", row.path, "passed", row.state)
    if row.state == "waiting" or row.path in refused:
        return Case("verify", row.path, "skipped", row.state, row.reason)
    return _told(session, "verify", row)


def _told(session: Session, kind: str, row: Row) -> Case:
    outcome = "error" if row.state in TROUBLE else "skipped" if row.state == "waiting" else "failed"
    said = list(_said(session, row.path))
    kept = [f"the attempt and what was said of it: {row.kept}"] if row.kept else []
    line, column = _place(session, row.path, said)
    told = tuple(one.text[:LONGEST] for one in said[:MOST])
    return Case(kind, row.path, outcome, row.state, row.reason, (*told, *kept), line, column)


def _said(session: Session, path: str) -> Iterator[Diagnostic]:
    graph = session.project.graph
    yield from graph.broken(graph.home[path])
    verdict = _verdict(session, graph.home[path])
    yield from verdict.diagnostics if verdict is not None else ()


def _verdict(session: Session, one: str) -> Verdict | None:
    solution = session.solutions.get(one)
    return session.verdicts.get(one) or (solution.verdict if solution is not None else None)


def _place(session: Session, path: str, said: Sequence[Diagnostic]) -> tuple[int, int]:
    """Where in the source the first of what was said is; where it begins, if that can't be told."""
    spec = session.project.graph.specs[path]
    own = next((one for one in said if one.path == path and one.line > 0), None)
    holes = sorted(spec.outline.holes, key=lambda hole: hole.span)
    if own is not None and (not holes or session.project.graph.problems[path]):
        return own.line, max(own.column, 1)
    first = position(spec.source, holes[0].span.start) if holes else (1, 1)
    regions = _regions(session, path)
    return first if own is None or regions is None else source_place(spec, *regions, own)


def _regions(session: Session, path: str) -> tuple[bytes, tuple[Region, ...]] | None:
    """The implementation that was judged last, and where its holes are; None if it is not known."""
    graph = session.project.graph
    solution = session.solutions.get(graph.home[path])
    fills = (solution.fills or solution.last) if solution is not None else None
    spec = graph.specs[path]
    if solution is None or fills is None:
        return None
    own = keys.member_fills(graph, solution.component, fills)[path]
    if not {hole.id for hole in spec.outline.holes} <= set(own):
        return None
    made = splice(spec, language(spec.language), own)
    return made.content, made.regions


def source_place(spec: Spec, content: bytes, regions: Sequence[Region], said: Diagnostic) -> tuple[int, int]:
    """The place in the source of a place in its implementation; for one inside a fill, where its hole begins."""
    lines = content.split(b"\n")
    if said.line > len(lines):
        return 1, 1
    before = lines[said.line - 1].decode("utf-8", "replace")[: max(said.column - 1, 0)]
    offset = sum(len(one) + 1 for one in lines[: said.line - 1]) + len(before.encode())
    spans = {hole.id: hole.span for hole in spec.outline.holes}
    moved = 0
    for one in sorted(regions, key=lambda region: region.start):
        span = spans[one.hole]
        if offset < one.start:
            break
        if offset < one.end:
            return position(spec.source, span.start)
        moved = span.end - one.end
    return position(spec.source, offset + moved)
