"""`s2c plan`: what a run would do, why, and what round 1 would cost at most.

Law: it is the plan that a run makes, told before anything is paid.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from s2c import lint, tokens
from s2c import plan as plans
from s2c.commands import Subparsers
from s2c.commands.shared import selected, session
from s2c.lint import Finding
from s2c.plan import Plan


def add(commands: Subparsers) -> None:
    """Tell the parser of it."""
    planned = commands.add_parser("plan", help="what `doit generate` would do, and what it would cost at most")
    planned.add_argument("specs", nargs="*", help="only these specs and what they import (default: all)")
    planned.add_argument("--json", action="store_true", help="for programs")
    planned.add_argument("--all", action="store_true", help="every remark on specs, not only the first")
    planned.set_defaults(run=_plan)


def _plan(parsed: argparse.Namespace) -> int:
    opened = session()
    made = plans.make(opened.project, opened.identities, selected(opened, parsed.specs))
    remarks = opened.remarks(list(made.items))
    rekeyed = plans.rekeyed(item.reason for item in made.items.values())
    notes = [*(note.text for note in opened.project.graph.notes), *([rekeyed] if rekeyed else []), *remarks.notes]
    if parsed.json:
        sys.stdout.write(_to_json(made, notes, remarks.findings))
    else:
        told = lint.listed(remarks.findings, everything=parsed.all)
        runs = [f"lint=deep ran the verifier {opened.runs} times; without it a plan runs none"] if opened.runs else []
        sys.stdout.write(_to_text(made, [*notes, *told, *runs]))
    return 0


def _to_json(made: Plan, notes: Sequence[str], findings: Sequence[Finding]) -> str:
    specs = [
        {"specs": list(item.component.members), "state": str(item.state), "reason": item.reason, "key": item.key}
        for item in made.items.values()
    ]
    batches = [{"specs": [work.id for work in batch], "tokens": sum(w.tokens for w in batch)} for batch in made.batches]
    told = {"specs": specs, "batches": batches, "requests_at_most": len(batches), "notes": list(notes)}
    told["lint"] = [asdict(one) for one in findings]
    return json.dumps(told, indent=1) + "\n"


def _to_text(made: Plan, notes: Sequence[str]) -> str:
    lines = [*notes]
    lines += [
        f"{', '.join(item.component.members)}: {item.state}" + (f" ({item.reason})" if item.reason else "")
        for item in made.items.values()
        if item.state is not plans.State.CURRENT
    ]
    if made.batches and tokens.fallback_reason():
        lines.append(f"token counts are estimates: {tokens.fallback_reason()}")
    current = sum(1 for item in made.items.values() if item.state is plans.State.CURRENT)
    lines.append(f"{current} up to date; round 1: at most {len(made.batches)} requests, {made.tokens} prompt tokens")
    return "\n".join(lines) + "\n"
