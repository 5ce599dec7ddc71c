"""How a run ended, in numbers: for the console, as summary.json and as results.csv in build/.

Law: every number is counted from what happened in this run or from what lies on disk; none is taken from a plan.
"""

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from s2c.lint import Finding, counted
from s2c.model import Verdict, VerdictKind


@dataclass(frozen=True)
class Row:
    """One file at the end of a run. `state`: verified | waiting | the verdict that it has instead | not generated."""

    path: str
    state: str
    origin: str = ""  # where its fills came from in this run; "" if it was up to date
    reason: str = ""
    attempts: int = 0
    holes: int = 0
    remarks: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    first: str = ""  # its first diagnostic, file:line:col: severity: message
    kept: str = ""  # where the last attempt lies, with all that was said against it; "" if there is none


@dataclass(frozen=True)
class Summary:
    """The whole run. `specs` are files with holes; `files` are all that were looked at."""

    files: int
    specs: int
    verified: int
    failed: int
    waiting: int
    up_to_date: int
    origins: Mapping[str, int]
    requests: int
    requests_failed: int  # those that brought no usable answer
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost: str  # dollars as decimal text; "unknown" when a price is
    verifier_runs: int
    tasks_executed: int
    isolation: str  # how verifiers were kept from the network; "" if none ran
    tools: Mapping[str, str] = field(default_factory=dict)
    remarks: Mapping[str, int] = field(default_factory=dict)  # on verdicts
    lint: tuple[Finding, ...] = ()  # remarks on the specs themselves


def row(  # noqa: PLR0913 - a row has that many columns
    path: str, verdict: Verdict, waiting: tuple[str, ...], *, origin: str, attempts: int, holes: int
) -> Row:
    """The row of a file that has a verdict."""
    state = str(verdict.kind)
    reason = verdict.reason
    if verdict.kind is VerdictKind.VERIFIED and waiting:
        state, reason = "waiting", f"verified, waiting for {', '.join(waiting)}"
    first = next(iter(verdict.diagnostics), None)
    shown = first.text if first else ""
    return Row(path, state, origin, reason, attempts, holes, verdict.remarks, verdict.assumptions, shown)


def to_json(summary: Summary, rows: list[Row]) -> str:
    """The summary and its rows as one JSON document, a line a row: a project has thousands."""
    told = json.dumps(asdict(summary), indent=1, sort_keys=True).removesuffix("\n}")
    lines = ",\n  ".join(json.dumps(vars(one), sort_keys=True) for one in rows)
    return f'{told},\n "rows": [\n  {lines}\n ]\n}}\n'


def to_csv(rows: list[Row]) -> str:
    """The rows as CSV, one file a line, with a header."""
    out = io.StringIO()
    names = ["path", "state", "origin", "attempts", "holes", "reason", "first"]
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*names, "remarks", "assumptions"])
    for one in rows:
        writer.writerow([*(getattr(one, name) for name in names), "; ".join(one.remarks), "; ".join(one.assumptions)])
    return out.getvalue()


def to_text(summary: Summary, rows: list[Row], *, quiet: bool = False) -> str:
    """The last lines on the console; `quiet`: only what is not verified."""
    lines = [_line(one) for one in rows if one.state != "verified"]
    if quiet:
        return "".join(f"{line}\n" for line in lines)
    origins = ", ".join(
        f"{count} {_ORIGINS.get(name, name)}" for name, count in sorted(summary.origins.items()) if count
    )
    tools = ", ".join(f"{name} {version}" for name, version in sorted(summary.tools.items()))
    lines.append(
        f"{summary.verified} of {summary.files} files verified"
        + (f" by {tools}" if tools else "")
        + (f", {summary.failed} not" if summary.failed else "")
        + (f", {summary.waiting} waiting" if summary.waiting else "")
        + (f", {summary.up_to_date} were up to date" if summary.up_to_date else "")
    )
    failed = f" ({summary.requests_failed} failed)" if summary.requests_failed else ""
    if origins:
        lines.append(f"fills: {origins}")
    lines.append(
        f"{summary.requests} requests{failed}, {summary.prompt_tokens} + {summary.completion_tokens} tokens "
        f"({summary.cached_tokens} cached), cost {summary.cost}; {summary.verifier_runs} verifier runs; "
        f"{summary.tasks_executed} tasks executed"
    )
    lines += [f"{count} x {name}" for name, count in sorted(summary.remarks.items())]
    if summary.lint:
        lines.append(f"{counted(summary.lint)} (s2c plan lists them)")
    return "\n".join(lines) + "\n"


_PLACE = re.compile(r"\S.*?:\d+:\d+: \w+: ")

_ORIGINS = {
    "stored": "from the store",
    "answered": "from answers that were paid for earlier",
    "previous": "reused from an earlier version",
    "elsewhere": "reused from a file that was moved",
    "edited": "edited by hand",
    "asked": "from the model",
    "given": "files without holes",
}


def _line(one: Row) -> str:
    first = f"\n    {one.first}" if one.first and one.first not in one.reason else ""
    kept = f"\n    the attempt and what was said of it: {one.kept}" if one.kept else ""
    between = ":\n    " if _PLACE.match(one.reason) else ": "  # what an editor jumps to stands in a line of its own
    told = f"{one.path}: {one.state}{between}{one.reason}" if one.reason else f"{one.path}: {one.state}"
    return told + first + kept
