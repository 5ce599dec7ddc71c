"""`s2c plan`: what a run would do, why, and what round 1 would cost at most.

Law: it is the plan that a run makes, told before anything is paid.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from s2c import bill, lint, tokens
from s2c import plan as plans
from s2c.bill import Cost, Plan, Sent
from s2c.commands import Subparsers
from s2c.commands.shared import selected, session
from s2c.lint import Finding
from s2c.prices import prices
from s2c.report.live import duration
from s2c.session import Session
from s2c.stands import standing
from s2c.times import Estimate


def add(commands: Subparsers) -> None:
    """Tell the parser of it."""
    planned = commands.add_parser("plan", help="what `doit generate` would do, and what it would cost at most")
    planned.add_argument("specs", nargs="*", help="only these specs and what they import (default: all)")
    planned.add_argument("--check", action="store_true", help="judge first all that is free: then round 1 is exact")
    planned.add_argument("--json", action="store_true", help="for programs")
    planned.add_argument("--all", action="store_true", help="every remark on specs, not only the first")
    planned.set_defaults(run=_plan)


TOLD = 60  # seconds of checks; less is not worth a line
UNCHECKED = frozenset({plans.State.CURRENT, plans.State.BROKEN, plans.State.EXHAUSTED})


@dataclass(frozen=True)
class Round:
    """Round 1 as it is told: at most, or exactly."""

    requests: tuple[Sent, ...]
    cost: Cost | None
    exact: bool


def _plan(parsed: argparse.Namespace) -> int:
    opened = session()
    chosen = selected(opened, parsed.specs)
    made = bill.make(opened.project, opened.identities, chosen)
    first = _checked(opened, made) if parsed.check else _bounded(opened, made)
    remarks = opened.remarks(list(made.items))
    rekeyed = plans.rekeyed(item.reason for item in made.items.values())
    notes = [*(note.text for note in opened.project.graph.notes), *([rekeyed] if rekeyed else []), *remarks.notes]
    ahead = opened.times.ahead(one for one, item in made.items.items() if item.state not in UNCHECKED)
    if parsed.json:
        sys.stdout.write(_to_json(made, first, notes, remarks.findings, ahead))
    else:
        told = lint.listed(remarks.findings, everything=parsed.all)
        runs = [f"lint=deep ran the verifier {opened.runs} times; without it a plan runs none"] if opened.runs else []
        sys.stdout.write(_to_text(made, first, [*notes, *told, *(runs if not parsed.check else [])]))
        sys.stdout.write(_checks(ahead, opened.jobs))
    return 0


def _bounded(opened: Session, made: Plan) -> Round:
    cost = bill.cost(made.requests, made.sure, opened.project, prices(opened.config))
    return Round(made.requests, cost, exact=False)


def _checked(opened: Session, made: Plan) -> Round:
    found = opened.rehearse([path for item in made.items.values() for path in item.component.members])
    stands = standing(opened.project)
    sent = tuple(bill.sent(opened.project, *one, stands) for one in found)
    return Round(sent, bill.cost(sent, sent, opened.project, prices(opened.config)), exact=True)


def _to_json(made: Plan, first: Round, notes: Sequence[str], findings: Sequence[Finding], ahead: Estimate) -> str:
    specs = [
        {"specs": list(item.component.members), "state": str(item.state), "reason": item.reason, "key": item.key}
        for item in made.items.values()
    ]
    told = {
        "specs": specs,
        "requests": [{"specs": list(one.components), "tokens": one.prompt} for one in first.requests],
        "exact": first.exact,
        "cost": None if first.cost is None else {"low": str(first.cost.low), "high": str(first.cost.high)},
        "checks": asdict(ahead),
        "notes": list(notes),
        "lint": [asdict(one) for one in findings],
    }
    return json.dumps(told, indent=1) + "\n"


def _to_text(made: Plan, first: Round, notes: Sequence[str]) -> str:
    lines = [*notes]
    lines += [
        f"{', '.join(item.component.members)}: {item.state}" + (f" ({item.reason})" if item.reason else "")
        for item in made.items.values()
        if item.state is not plans.State.CURRENT
    ]
    if first.requests and tokens.fallback_reason():
        lines.append(f"token counts are estimates: {tokens.fallback_reason()}")
    current = sum(1 for item in made.items.values() if item.state is plans.State.CURRENT)
    return "\n".join([*lines, f"{current} up to date; {_round(first)}"]) + "\n"


def _checks(ahead: Estimate, jobs: int) -> str:
    """What checking takes, where that is more than a moment."""
    if ahead.wall(jobs) < TOLD:
        return ""
    guessed = ahead.checks - ahead.known
    return f"checks: {duration(ahead.wall(jobs))} on {jobs} jobs ({ahead.known} known, {guessed} guessed)\n"


def _round(first: Round) -> str:
    most = "exactly" if first.exact else "at most"
    specs = sum(len(one.components) for one in first.requests)
    read = sum(one.prompt for one in first.requests)
    told = f"round 1: {most} {len(first.requests)} requests for {specs} specs, {read} prompt tokens"
    if not first.requests:
        return told
    return f"{told}, {'cost unknown' if first.cost is None else f'{first.cost.low:.4f} to {first.cost.high:.4f} USD'}"
