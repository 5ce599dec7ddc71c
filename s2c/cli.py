"""The console script `s2c`: what a person asks about a project beside building it with doit.

Law: each command is a few lines over the engine; what it prints for a program (`--json`) says the same as what it
prints for a person. Errors are one message and the documented exit code.
"""

import argparse
import io
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from s2c import __version__, connect, lint, plan, recorded, tokens
from s2c import config as configs
from s2c import project as projects
from s2c.errors import S2cError
from s2c.lint import Finding
from s2c.plan import Plan
from s2c.session import Session


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is the documented one."""
    parsed = _parser().parse_args(arguments)
    try:
        return _run(parsed)
    except S2cError as error:
        sys.stderr.write(f"s2c: {error}\n")
        return error.exit_code
    except BrokenPipeError:  # whoever read our output has seen enough
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device; what is still buffered goes there
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        return 0


def _run(parsed: argparse.Namespace) -> int:
    for stream in (sys.stdout, sys.stderr):  # the name of a file may be nothing that the terminal can show
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    code = int(parsed.run(parsed))
    sys.stdout.flush()
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="s2c", description="An incremental build tool for verified code.")
    parser.add_argument("--version", action="version", version=f"s2c {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    planned = commands.add_parser("plan", help="what `doit generate` would do, and what it would cost at most")
    planned.add_argument("specs", nargs="*", help="only these specs and what they import (default: all)")
    planned.add_argument("--json", action="store_true", help="for programs")
    planned.add_argument("--all", action="store_true", help="every remark on specs, not only the first")
    planned.set_defaults(run=_plan)
    return parser


def _plan(parsed: argparse.Namespace) -> int:
    session = _session()
    made = plan.make(session.project, session.identities, _selected(session, parsed.specs))
    remarks = session.remarks(list(made.items))
    rekeyed = plan.rekeyed(item.reason for item in made.items.values())
    notes = [*(note.text for note in session.project.graph.notes), *([rekeyed] if rekeyed else []), *remarks.notes]
    if parsed.json:
        sys.stdout.write(_plan_json(made, notes, remarks.findings))
    else:
        told = lint.listed(remarks.findings, everything=parsed.all)
        runs = [f"lint=deep ran the verifier {session.runs} times; without it a plan runs none"] if session.runs else []
        sys.stdout.write(_plan_text(made, [*notes, *told, *runs]))
    return 0


def _session() -> Session:
    settings = configs.load(configs.find_root(Path.cwd()))
    store = connect.open_store(settings)
    project = projects.load(settings, store, recorded.read(settings.root / recorded.FILE).get)
    return Session(project, lambda _: None, lambda: connect.Connection(settings, store, lambda _: None))


def _selected(session: Session, paths: Sequence[str]) -> list[str] | None:
    home = session.project.graph.home
    unknown = [path for path in paths if path not in home]
    if unknown:
        raise S2cError(f"{unknown[0]} is not a spec of this project", fix="`s2c plan` lists all of them")
    return [home[path] for path in paths] or None


def _plan_json(made: Plan, notes: Sequence[str], findings: Sequence[Finding]) -> str:
    specs = [
        {"specs": list(item.component.members), "state": str(item.state), "reason": item.reason, "key": item.key}
        for item in made.items.values()
    ]
    batches = [{"specs": [work.id for work in batch], "tokens": sum(w.tokens for w in batch)} for batch in made.batches]
    told = {"specs": specs, "batches": batches, "requests_at_most": len(batches), "notes": list(notes)}
    told["lint"] = [asdict(one) for one in findings]
    return json.dumps(told, indent=1) + "\n"


def _plan_text(made: Plan, notes: Sequence[str]) -> str:
    lines = [*notes]
    lines += [
        f"{', '.join(item.component.members)}: {item.state}" + (f" ({item.reason})" if item.reason else "")
        for item in made.items.values()
        if item.state is not plan.State.CURRENT
    ]
    if made.batches and tokens.fallback_reason():
        lines.append(f"token counts are estimates: {tokens.fallback_reason()}")
    current = sum(1 for item in made.items.values() if item.state is plan.State.CURRENT)
    lines.append(f"{current} up to date; round 1: at most {len(made.batches)} requests, {made.tokens} prompt tokens")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
