"""What happened in one run, counted: the listener of the event stream that the summary is made from.

Law: it only listens. Every number in a summary is the number of events or results that came by.
"""

import os
import threading
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from s2c import keys, weak
from s2c.errors import LimitReached
from s2c.lint import Finding
from s2c.model import Event, VerdictKind
from s2c.report.summary import Row, Summary, row
from s2c.sandbox import network_isolation
from s2c.session import Session


class Ledger:
    """Counts events and task results of one run. Safe in any thread."""

    def __init__(self) -> None:
        self.refused: dict[str, str] = {}  # path -> why generate: gave no implementation
        self.current: set[str] = set()  # paths whose verify: task was up to date
        self.skipped: set[str] = set()  # paths whose generate: task was up to date
        self.left: set[str] = set()  # paths that were not read, since nothing of theirs changed
        self.executed = 0
        self._tokens: Counter[str] = Counter()
        self._money: Mapping[str, object] = {"spent": "0", "unpriced": 0}  # the last of these events
        self._requests = 0
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Take note of one event."""
        with self._lock:
            if event.kind == "request":
                self._requests += 1
            elif event.kind == "answer":
                for name in ("prompt", "completion", "cached"):
                    self._tokens[name] += int(str(event.data[name]))
            elif event.kind == "money":
                self._money = event.data

    def rows(self, session: Session, paths: Collection[str]) -> list[Row]:
        """One row for each of these paths, sorted."""
        return [_with_attempt(session, self._row(session, path)) for path in sorted(paths)]

    def summary(self, session: Session, rows: list[Row], remarks: Iterable[Finding]) -> Summary:
        """The whole run."""
        return Summary(
            files=len(rows),
            specs=sum(1 for one in rows if one.holes),
            verified=sum(1 for one in rows if one.state == "verified"),
            failed=sum(1 for one in rows if one.state not in {"verified", "waiting"}),
            waiting=sum(1 for one in rows if one.state == "waiting"),
            up_to_date=len({one.path for one in rows} & (self.left | (self.current or self.skipped))),
            origins=dict(
                Counter(
                    one.origin
                    for one in rows
                    if one.origin not in {"", "current"} and one.state in {"verified", "waiting"}
                )
            ),
            requests=self._requests,
            requests_failed=len(session.failed_requests),
            prompt_tokens=self._tokens["prompt"],
            completion_tokens=self._tokens["completion"],
            cached_tokens=self._tokens["cached"],
            cost="unknown" if self._money["unpriced"] else f"{Decimal(str(self._money['spent'])).normalize():f} USD",
            verifier_runs=session.runs,
            tasks_executed=self.executed,
            isolation=network_isolation() if session.runs else "",
            tools=session.versions,
            remarks=dict(Counter(remark.split(":")[0] for one in rows for remark in one.remarks)),
            lint=tuple(remarks),
        )

    def remarks(self, session: Session, rows: list[Row]) -> list[Finding]:
        """The remarks on the specs of these rows."""
        home, paths = session.project.graph.home, {one.path for one in rows}
        found = weak.known(session.project, list(dict.fromkeys(home[path] for path in sorted(paths)))).findings
        return [one for one in found if one.path in paths]

    def _row(self, session: Session, path: str) -> Row:
        project = session.project
        component = project.component(path)
        solution = session.solutions.get(component.id)
        holes = len(project.graph.specs[path].outline.holes)
        origin = solution.origin if solution else ""
        attempts = _attempts(session, path)
        broken = project.graph.broken(component.id)
        if broken:
            said = f"{broken[0].path}:{broken[0].line}:{broken[0].column}: {broken[0].severity}: {broken[0].message}"
            return Row(path, "unreadable", reason=said, holes=holes)
        if component.id in session.verdicts:
            verdict, waiting = session.verdict(path)
            judged = verdict.kind is not VerdictKind.INCOMPLETE or verdict.key
            if judged or (path not in self.refused and (solution is None or solution.fills is None)):
                return row(path, verdict, waiting, origin=origin, attempts=attempts, holes=holes)
        if path in self.refused:
            return self._refused(session, path, attempts, holes)
        if solution is not None and solution.verdict is not None:
            return row(path, solution.verdict, solution.waiting, origin=origin, attempts=attempts, holes=holes)
        if solution is not None and solution.waiting:
            reason = f"verified, waiting for {', '.join(solution.waiting)}"
            return Row(path, "waiting", reason=reason, attempts=attempts, holes=holes)
        known = path in self.current or path in self.skipped
        return Row(path, "verified" if known else "not generated", attempts=attempts, holes=holes)

    def _refused(self, session: Session, path: str, attempts: int, holes: int) -> Row:
        solution = session.solutions.get(session.project.component(path).id)
        if solution is None or solution.verdict is None or solution.fills is not None:
            return Row(path, "not generated", "", self.refused[path], attempts, holes)
        made = row(path, solution.verdict, (), origin=solution.origin, attempts=attempts, holes=holes)
        return Row(
            path, made.state if made.state != "verified" else "not generated", made.origin, solution.reason, attempts,
            holes, made.remarks, made.assumptions, made.first,
        )  # fmt: skip


def _with_attempt(session: Session, row: Row) -> Row:
    """With the place of the attempt that failed, where one is kept."""
    place = session.project.outputs.failed_file(row.path)
    if row.state in {"verified", "waiting"} or not place.is_file():
        return row
    return replace(row, kept=os.path.relpath(place, session.config.root))


def _attempts(session: Session, path: str) -> int:
    """Attempts on record for a path's obligation; only asked where this run looked at it."""
    solution = session.solutions.get(session.project.component(path).id)
    if solution is None or solution.key is None or not keys.slots(session.project.graph, solution.component):
        return 0
    return len(session.project.store.attempts(solution.key))


def codes(rows: Collection[Row], session: Session, asked: Mapping[str, str]) -> int:
    """The exit code that the documentation promises for these rows. `asked`: reasons for what was refused by mode."""
    if session.limit is not None:
        return LimitReached.exit_code
    bad = [one for one in rows if one.state != "verified"]
    if not bad:
        return 0
    if session.refused is not None:
        return session.refused.exit_code
    if any(one.state in {"tool-crash", "tool-missing", "unreadable"} for one in bad):
        return 2
    missed = any(one.state == "not generated" and one.path in asked for one in bad)
    return 4 if session.config.frozen and missed else 1
