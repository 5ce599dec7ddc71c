"""`s2c init`: makes a folder of specs a project, and says what was found in it.

Law: nothing that a person wrote is written over, and nothing is written before all of it is known to fit. A second run
changes nothing.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from s2c import config as configs
from s2c import graph as graphs
from s2c import scaffold, spec
from s2c.checkup import asking, verifiers
from s2c.commands import Subparsers
from s2c.commands.shared import here
from s2c.errors import S2cError
from s2c.graph import Graph
from s2c.languages.known import known
from s2c.settings import Config

SHOWN = 10  # names or problems in one list


def add(commands: Subparsers) -> None:
    """Tell the parser of it."""
    init = commands.add_parser("init", help="make this folder of specs a project; writes over nothing")
    init.set_defaults(run=_init)


def _init(_parsed: argparse.Namespace) -> int:
    config, notes = _settings(here())
    planned = scaffold.plan(config)
    graph = graphs.load(config)
    told = [*_found(config, graph), *_asking(config), "next: s2c plan"]
    scaffold.write(planned.changes)
    by_hand = [*planned.by_hand, *notes]
    nothing = "nothing was written" + ("" if by_hand else ": all that s2c needs is here already")
    done = [one.what for one in planned.changes] + [f"left as it is: {one}" for one in planned.kept]
    lines = (
        *(done if planned.changes else [nothing]),
        *(f"to be done by hand: {one}" for one in by_hand),
        *planned.notes,
        *told,
    )
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return 0


def _settings(root: Path) -> tuple[Config, list[str]]:
    """The settings under which specs are found here, and what to add to them. Raises S2cError if there is no spec."""
    around = configs.project_around(root)
    if around not in {None, root}:
        raise S2cError(
            f"this folder is part of the project {around}, which finds its specs already",
            fix="run s2c there; for a project of its own, move the folder out of that one",
        )
    config = configs.load(root)
    if spec.find(config):
        return config, []
    wider = replace(config, specs=scaffold.SPECS, exclude=())
    if not spec.find(wider):
        raise S2cError("there is no spec in this folder", where=str(root), fix=_what_a_spec_is())
    own, wide = json.dumps(config.specs), json.dumps(scaffold.SPECS)
    return wider, [f"specs = {own} finds none; what is here is found by specs = {wide}"]


def _what_a_spec_is() -> str:
    shown = [
        f"a file that ends in {' or '.join(one.suffixes)} ({name}), with a hole for the model:\n\n{one.sample}"
        for name, one in known().items()
        if one.sample
    ]
    return "write one, and run `s2c init` again. A spec is\n\n" + "\n".join(shown)


# --- what was found -----------------------------------------------------------------------------------------------


def _found(config: Config, graph: Graph) -> Iterator[str]:
    holes = {path: len(one.outline.holes) for path, one in graph.specs.items()}
    yield f"found {_count(len(holes), 'spec')} with {_count(sum(holes.values()), 'hole')}"
    by_language = Counter(one.language for one in graph.specs.values())
    for name in sorted(by_language):
        own = sum(holes[path] for path, one in graph.specs.items() if one.language == name)
        yield f"  {name}: {_count(by_language[name], 'spec')}, {_count(own, 'hole')}; {_verifier(config, name)}"
    wrong = [told.text for problems in graph.problems.values() for told in problems]
    whole = [path for path in sorted(holes) if not holes[path] and not graph.problems[path]]
    if whole:
        yield f"  {_count(len(whole), 'file')} without holes, only checked: {_some(whole)}"
    if wrong:
        yield f"  {_count(len(wrong), 'problem')}, to be corrected before these files can be built:"
        yield from (f"    {text}" for text in wrong[:SHOWN])
        yield from [f"    and {len(wrong) - SHOWN} more; `s2c plan` lists them"] if len(wrong) > SHOWN else []


def _verifier(config: Config, name: str) -> str:
    try:
        tool = verifiers.look(config, name, test=False)
    except S2cError as error:
        where = f"{error.where}: " if error.where not in {"", name} else ""
        return f"no verifier: {where}{error.what} -> {error.fix}"
    return f"verifier {tool.name} {tool.version} ({verifiers.where(tool)})"


def _asking(config: Config) -> Iterator[str]:
    if config.model:
        yield f"model: {config.model}"
    else:
        yield f"no model is set: {asking.SET_MODEL}; without one nothing is asked"
    yield from (f"{one.said} -> {one.fix}" for one in asking.reach(config) if one.fix)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
