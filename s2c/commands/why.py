"""`s2c why SPEC`: what the state of one spec is and why, and all else that is known of it.

Law: the state is the one that `s2c plan` tells, and what can't be known is said, never left out.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict

from s2c import inquiry
from s2c.commands import Subparsers
from s2c.commands.shared import known, session
from s2c.inquiry import Changes, Inquiry, Neighbours, Said
from s2c.pictures import Change


def add(commands: Subparsers) -> None:
    """Tell the parser of it."""
    why = commands.add_parser("why", help="the state of one spec: why, what changed, its verdict and attempts")
    why.add_argument("spec", help="its path in the project")
    why.add_argument("--json", action="store_true", help="for programs")
    why.set_defaults(run=_why)


def _why(parsed: argparse.Namespace) -> int:
    opened = session()
    found = inquiry.ask(opened.project, opened.identities, known(opened, parsed.spec))
    sys.stdout.write(json.dumps(asdict(found), indent=1) + "\n" if parsed.json else "\n".join([*_text(found), ""]))
    return 0


def _text(found: Inquiry) -> Iterator[str]:
    yield f"{found.path}: {found.state}" + (f" ({found.reason})" if found.reason else "")
    if found.changes is not None:
        yield from _changes(found.changes)
    yield f"key today: {found.today or 'not known yet'}"
    yield f"key of what was built: {_recorded(found)}"
    yield from _verdict(found.verdict, found.path)
    if found.failed:
        yield "the last attempt that failed:"
        yield from (f"  {line}" for line in found.failed)
    yield from _attempts(found)
    if found.cycle:
        yield f"in an import cycle with {', '.join(found.cycle)}"
    yield f"imported by: {_neighbours(found.imported_by)}"
    yield f"imports: {_neighbours(found.imports)}"


def _recorded(found: Inquiry) -> str:
    if not found.recorded:
        return "never built here"
    return "the same" if found.recorded == found.today else found.recorded


def _changes(changes: Changes) -> Iterator[str]:
    if changes.found is None:
        yield f"what changed can't be said: no note is left on this machine of how it was {changes.since}"
        return
    yield f"not as it was {changes.since}:"
    if not changes.found:
        yield "  the notes of that show no difference"
    for one in changes.found:
        yield from _change(one)


def _change(one: Change) -> Iterator[str]:
    yield f"  {one.what}"
    if one.was:
        yield f"    was: {one.was}"
    if one.now:
        yield f"    now: {one.now}"


def _verdict(said: Said | None, path: str) -> Iterator[str]:
    if said is None:
        yield f"verdict: none (`doit verify:{path}` writes one)"
        return
    yield f"verdict when last verified: {said.kind}" + (f": {said.reason}" if said.reason else "")
    yield from (f"  {line}" for line in said.lines)
    if said.waiting:
        yield f"  waiting for {', '.join(said.waiting)}"


def _attempts(found: Inquiry) -> Iterator[str]:
    counting = sum(1 for one in found.attempts if one.counts)
    cost = f"; cost {found.cost}" if found.cost else ""
    used = f"; {found.used_up}" if found.used_up else ""
    yield f"attempts: {counting} of {found.attempts_allowed}{cost}{used}"
    for one in found.attempts:
        other = "" if one.counts else " (under another model, template or setting: it does not count)"
        yield f"  {one.number}. {one.model or 'unknown model'}: {one.verdict}: {one.first}{other}"


def _neighbours(found: Neighbours) -> str:
    more = f"{found.others} more through others" if found.others else ""
    return ", ".join(part for part in (*found.direct, more) if part) or "nothing"
