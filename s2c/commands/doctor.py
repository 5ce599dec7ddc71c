"""`s2c doctor`: whether this machine, this project and its endpoint are such that a run will work.

Law: each check stands alone and none can end another. Nothing is asked without `--ping`, and no project is changed.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from s2c import config as configs
from s2c import graph as graphs
from s2c import scaffold, spec
from s2c.checkup import asking, cache, machine, places, verifiers, workers
from s2c.checkup.finding import Check, Finding, State, fail, guarded, ok, warn, without
from s2c.commands import Subparsers
from s2c.commands.shared import here
from s2c.settings import Config

SHOWN = 5  # files that can't be read


def add(commands: Subparsers) -> None:
    """Tell the parser of it."""
    doctor = commands.add_parser("doctor", help="look whether a run would work here, and say what to do if not")
    doctor.add_argument("--ping", action="store_true", help="send the endpoint one tiny request")
    doctor.add_argument("--json", action="store_true", help="for programs")
    doctor.set_defaults(run=_doctor)


def _doctor(parsed: argparse.Namespace) -> int:
    found = tuple(_findings(ping=parsed.ping))
    sys.stdout.write(_to_json(found) if parsed.json else "".join(f"{_line(one)}\n" for one in found))
    return 2 if any(one.state is State.FAIL for one in found) else 0


def _findings(*, ping: bool) -> Iterator[Finding]:
    yield from guarded("python", machine.interpreter)
    yield from guarded("packages", machine.packages)
    root: list[Path] = []
    yield from guarded("project", partial(_project, root.append))
    config: list[Config] = []
    for place in root:
        yield from guarded("settings", partial(_settings, place, config.append))
    yield from guarded("sandbox", machine.network)
    for one in config:
        secret = os.environ.get(one.api_key_env, "")
        yield from without(secret, (found for what, check in _checks(one, ping=ping) for found in guarded(what, check)))


def _checks(config: Config, *, ping: bool) -> Iterator[tuple[str, Check]]:
    """Every check of a project, by the name under which it is told if it fails itself."""
    languages: list[str] = []
    yield "specs", partial(_specs, config, languages.extend)
    yield from ((name, partial(verifiers.check, config, name)) for name in languages)
    yield "workers", partial(workers.check, config, languages)
    for what, check in (("model", asking.model), ("endpoint", asking.reach), ("price", asking.price)):
        yield what, partial(check, config)
    if ping:
        yield "ping", partial(asking.ping, config)
    yield "cache", partial(cache.databases, config)
    yield "records", partial(cache.written, config)
    yield "verdict key", cache.verdict_key
    yield "folders", partial(places.check, config)


def _project(keep: Callable[[Path], object]) -> Iterator[Finding]:
    start = here()
    dodo = start / "dodo.py"
    root = configs.project_around(start) or (
        start if dodo.is_file() and scaffold.has_tasks(dodo.read_bytes()) else None
    )
    if root is None:
        yield warn("project", f"there is none in {start}", "`s2c init` in a folder with specs makes it one")
        return
    keep(root)
    dodo = root / "dodo.py"
    if not dodo.exists():
        yield fail("project", f"{root} has no dodo.py, so doit finds no task", "`s2c init` writes it")
    elif not scaffold.has_tasks(dodo.read_bytes()):
        yield fail("project", f"{dodo} takes no tasks from s2c", f"add the line `{scaffold.TASKS}`")
    else:
        yield ok("project", str(root))


def _settings(root: Path, keep: Callable[[Config], object]) -> Iterator[Finding]:
    keep(configs.load(root))
    yield ok("settings", "all of them are known and fit together")


def _specs(config: Config, keep: Callable[[Sequence[str]], object]) -> Iterator[Finding]:
    paths = spec.find(config)
    keep(verifiers.spoken(paths))
    if not paths:
        yield warn("specs", f"none is found by specs = {json.dumps(config.specs)}", "correct `specs`, or write one")
        return
    graph = graphs.load(config)
    wrong = [told.text for problems in graph.problems.values() for told in problems]
    for text in wrong[:SHOWN]:
        yield warn("specs", text, "correct it: this file, and what imports it, can't be built")
    if len(wrong) > SHOWN:
        yield warn("specs", f"{len(wrong) - SHOWN} more problems like these", "`s2c plan` lists them")
    holes = sum(len(one.outline.holes) for one in graph.specs.values())
    yield ok("specs", f"{len(paths)} found, holes to fill: {holes}")


def _line(one: Finding) -> str:
    fix = f" -> {one.fix}" if one.fix else ""
    return " ".join(f"{one.state:<5} {one.what}: {one.said}{fix}".splitlines())


def _to_json(found: Sequence[Finding]) -> str:
    return json.dumps([asdict(one) for one in found], indent=1) + "\n"
