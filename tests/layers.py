"""The layers of trust taken one by one: what each alone says of a set of fills, with a real Dafny.

Law: every layer is the product's own code; only their order is given up. `bare` is what a reader of exit codes would
believe, and is no layer.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from s2c.case import Case, Laid
from s2c.graph import Graph
from s2c.languages.base import Job, Outcome, Reading, language
from s2c.languages.dafny.verifier import MODERN
from s2c.model import VerdictKind
from s2c.process import RawRun, Run, Tool
from s2c.settings import Config
from tests.picture import graph_of

DAFNY = language("dafny")
PATH = "a.dfy"
LAYERS = ("structure", "policy", "strict", "names", "places", "twin")
Execute = Callable[[Run], RawRun]


@dataclass(frozen=True)
class Tried:
    """One row: which layers refuse it, each taken alone, and whether exit code 0 would have passed it."""

    row: str
    category: str
    attack: bool
    bare: bool
    refusing: frozenset[str]


def catalogue(shared: Path) -> list[dict[str, Any]]:
    """The Dafny rows of the catalogue, attacks and look-alikes, each with the fills of all its holes."""
    folder = shared / "cheats"
    honest = json.loads((folder / "honest.json").read_text(encoding="utf-8"))["dafny"]
    lines = (folder / "cheats.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["language"] == "dafny"]
    return [
        row
        | {
            "source": (folder / f"{row['spec']}.dfy").read_text(encoding="utf-8"),
            "texts": honest | row.get("with", {}) | {row["hole"]: row["text"]},
        }
        for row in rows
    ]


def case_of(row: Mapping[str, Any], *, modern: bool) -> tuple[Graph, Case]:
    """A row as the judge would get it; written for Dafny 2.3, so `function method` goes where Dafny 4 has none."""
    graph = graph_of(a=re.sub(r"\{\{HOLE:\w+\}\}\n", "", row["source"]))
    texts = {name: re.sub(r"\b(function|predicate) method\b", r"\1", text) for name, text in row["texts"].items()}
    chosen = texts if modern else row["texts"]
    fills = {hole.id: DAFNY.normalise(hole, chosen[str(hole.kind)]) for hole in graph.specs[PATH].outline.holes}
    return graph, Case(graph.components[PATH], {PATH: fills}, {})


def laid_out(graph: Graph, case: Case, tool: Tool) -> Laid:
    """The case laid out for a tool, as in a project that says nothing."""
    return Laid(graph, Config(Path("/")), case, tool)


def tried(row: Mapping[str, Any], tool: Tool, execute: Execute) -> Tried:
    """What each layer alone says of one row. The verifier's layers but `strict` get runs without strict flags."""
    graph, case = case_of(row, modern=tool.generation == MODERN)
    spec, fills = graph.specs[PATH], case.fills[PATH]
    laid = laid_out(graph, case, tool)
    loose = replace(laid.job({}), lenient=True)
    raw = execute(DAFNY.verifier.check(tool, loose))
    reading = DAFNY.verifier.read(tool, loose, raw)
    found = {
        "structure": bool(DAFNY.structure(spec.source, spec.outline, fills)),
        "policy": bool(DAFNY.policy(spec.outline, fills)),
        "strict": _read(tool, laid.job({}), execute).kind is not VerdictKind.VERIFIED,
        "names": any(reading.outcomes.get(name) is not Outcome.PROVED for name in laid.owed),
        "places": bool(reading.unkept),
        "twin": any(_twins(graph, laid, tool, execute)),
    }
    refusing = frozenset(name for name, refuses in found.items() if refuses)
    return Tried(row["id"], row["category"], row["must_reject"], raw.exit == 0, refusing)


def _read(tool: Tool, job: Job, execute: Execute) -> Reading:
    return DAFNY.verifier.read(tool, job, execute(DAFNY.verifier.check(tool, job)))


def _twins(graph: Graph, laid: Laid, tool: Tool, execute: Execute) -> Iterator[bool]:
    """For each owner of a hole whether its twin is proved, or its run says nothing of it."""
    outline = graph.specs[PATH].outline
    owners = {hole.owner for hole in outline.holes}
    for one in laid.declarations(PATH):
        found = DAFNY.twin(outline, one) if one.name in owners else None
        if isinstance(found, tuple):
            job = replace(laid.job({PATH: found}), lenient=True)
            outcomes = _read(tool, job, execute).outcomes
            yield outcomes.get(DAFNY.verifier.twin_owed(tool, one)) in {None, Outcome.PROVED}


def table(found: list[Tried]) -> str:
    """What each layer catches alone, what only it catches, and what it refuses that is honest."""
    attacks = [one for one in found if one.attack]
    passed = [one for one in attacks if one.bare]
    honest = [one for one in found if not one.attack]
    lines = [
        f"  {len(attacks)} attacks, of which exit code 0 passes {len(passed)}; {len(honest)} look-alikes",
        f"  {'layer':10} {'of all':>7} {'of passed':>10} {'only it':>8} {'look-alikes':>12}",
    ]
    for name in LAYERS:
        alone = [sum(name in one.refusing for one in group) for group in (attacks, passed, honest)]
        only = sum(one.refusing == {name} for one in attacks)
        lines.append(f"  {name:10} {alone[0]:7} {alone[1]:10} {only:8} {alone[2]:12}")
    together = [sum(bool(one.refusing) for one in group) for group in (attacks, passed, honest)]
    lines.append(f"  {'all':10} {together[0]:7} {together[1]:10} {'':8} {together[2]:12}")
    verifier = sum(not one.refusing & {"strict", "names", "places", "twin"} for one in attacks)
    lines.append(f"  without structure and policy {verifier} attacks would pass")
    return "\n".join(lines)
