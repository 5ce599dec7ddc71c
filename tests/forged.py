"""Forged verifier output: real output of Dafny, damaged, recombined and completed with lines of a pass.

Law: whoever controls what is printed controls no verdict. A run that ended with another exit code than 0 is no pass,
whatever it printed and logged; one whose own log lacks a proof is none, whatever it printed. What a pass is, the
judge's own rule says (`passes`), on the obligations that `Laid` finds owed.
"""

import dataclasses
import json
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from s2c.case import Case, Laid
from s2c.languages.base import Job, Outcome, Reading
from s2c.languages.dafny.verifier import LEGACY, MODERN
from s2c.model import VerdictKind
from s2c.process import RawRun, Tool
from s2c.settings import Config
from tests.dafny_tools import VERIFIER, tool
from tests.fuzz import ODD
from tests.picture import graph_of
from tests.test_dafny_verifier import LOG, replay, xml

FOLDERS = {LEGACY: "dafny23", MODERN: "dafny411"}
SOURCE = """function Twice(n: int): int
  ensures Twice(n) == 2 * n
{ n + n }
lemma Fine(n: int)
  ensures Twice(n) == n + n
{ }
method Open(n: int) returns (r: int)
  ensures r > n
{ r := n; }
"""
PASSING = ("finished with {} verified, 0 errors", "finished with {} verified, 0 errors, 0 time outs")
COUNTS = range(6)


@dataclass(frozen=True)
class Real:
    """One transcript: what was to be proved, and what came of it. `passed`: untouched, it is a pass."""

    name: str
    tool: Tool
    job: Job
    raw: RawRun = field(repr=False)
    owed: tuple[str, ...]
    lacking: bool  # its own log lacks a proof that is owed, or there is none
    passed: bool


def passes(owed: Sequence[str], reading: Reading) -> bool:
    """The judge's rule: the tool has nothing against it, and all that is owed, and all that is told, is proved."""
    proved = all(one is Outcome.PROVED for one in reading.outcomes.values())
    return reading.kind is VerdictKind.VERIFIED and proved and set(owed) <= set(reading.outcomes) and not reading.unkept


def transcripts(shared: Path) -> dict[str, list[Real]]:
    """The runs of each generation; each log-less one of a failure also with logs that such a run writes."""
    found = {}
    for generation, folder in FOLDERS.items():
        paths = sorted((shared / "transcripts" / folder).glob("*.txt"))
        found[generation] = [one for path in paths if (one := _real(path, generation)) is not None]
        found[generation] += [_half(generation, exit_) for exit_ in (0, 4)]
    return found


def _real(path: Path, generation: str) -> Real | None:
    job, raw = replay(path)
    texts = {name: text for name, text in job.files.items() if name.endswith(".dfy")}
    if raw.exit is None or not texts:
        return None
    return _of(path.stem, tool(generation), job, raw, next(iter(texts.values())).decode())


def _half(generation: str, code: int) -> Real:
    """A run on a source of ours of which two of three obligations are proved."""
    outcomes = {"Impl$$_module.__default.Fine": "correct", "Impl$$_module.__default.Open": "errors"}
    logs = {LEGACY: xml({"CheckWellformed$$_module.__default.Twice": "correct", **outcomes}), MODERN: _log()}
    said = "a.dfy(9,0): Error: A postcondition might not hold on this return path.\n\n"
    said += "Dafny program verifier finished with 2 verified, 1 error\n"
    raw = RawRun(code, said.encode(), b"", {LOG: logs[generation]})
    return _of(f"half-{code}", tool(generation), Job({"a.dfy": SOURCE.encode()}, ("a.dfy",)), raw, SOURCE)


def _log() -> bytes:
    def entry(name: str, line: int, outcome: str) -> dict[str, object]:
        places = [{"filename": "a.dfy", "line": line, "col": 20, "description": "this postcondition holds"}]
        batch = {"vcNum": 1, "outcome": outcome, "assertions": places}
        return {"name": name, "outcome": "Correct" if outcome == "Valid" else "Errors", "vcResults": [batch]}

    told = [
        ("Twice (well-formedness)", 2, "Valid"),
        ("Fine (correctness)", 5, "Valid"),
        ("Open (correctness)", 8, "Invalid"),
    ]
    return json.dumps({"verificationResults": [entry(*one) for one in told]}).encode()


def _of(name: str, own: Tool, job: Job, raw: RawRun, text: str) -> Real:
    graph = graph_of(a=re.sub(r'include ".*"', lambda found: " " * len(found[0]), text))
    outline = graph.specs["a.dfy"].outline
    fills = {hole.id: "" for hole in outline.holes}
    laid = Laid(graph, Config(Path("/")), Case(graph.components["a.dfy"], {"a.dfy": fills}, {}), own)
    if not (outline.problems or fills):
        job = dataclasses.replace(job, promises=laid.promises, files={**job.files, "a.dfy": text.encode()})
    reading = VERIFIER.read(own, job, raw)
    lacking = any(reading.outcomes.get(one) is not Outcome.PROVED for one in laid.owed) or LOG not in raw.collected
    return Real(name, own, job, raw, laid.owed, lacking, passes(laid.owed, reading))


# --- damage -------------------------------------------------------------------------------------------------------


def forge(real: Real, others: Sequence[Real], rng: random.Random) -> bytes:
    """What is printed instead: lines of this output and of others, in any order, lines of a pass among them."""
    lines = real.raw.stdout.decode("utf-8", "replace").split("\n")
    for _ in range(rng.randint(1, 6)):
        lines = rng.choice(_DAMAGE)(lines, others, rng)
    text = "\n".join(lines).encode("utf-8", "surrogatepass")
    if rng.random() < 0.1:
        at = rng.randrange(len(text) + 1)
        text = text[:at] if rng.random() < 0.5 else text[:at] + rng.randbytes(3) + text[at:]
    return text


Damage = Callable[[list[str], Sequence[Real], random.Random], list[str]]


def _lost(lines: list[str], others: Sequence[Real], rng: random.Random) -> list[str]:
    del others
    start = rng.randrange(len(lines) + 1)
    return lines[:start] + lines[start + rng.randint(1, 4) :]


def _mixed(lines: list[str], others: Sequence[Real], rng: random.Random) -> list[str]:
    more = rng.choice(others).raw.stdout.decode("utf-8", "replace").split("\n")
    start = rng.randrange(len(more))
    at = rng.randrange(len(lines) + 1)
    return lines[:at] + more[start : start + rng.randint(1, 6)] + lines[at:]


def _shuffled(lines: list[str], others: Sequence[Real], rng: random.Random) -> list[str]:
    del others
    rng.shuffle(lines)
    return lines


def _trailed(lines: list[str], others: Sequence[Real], rng: random.Random) -> list[str]:
    """The last line of a pass, plain or as JSON, at the end, in the middle, or as all there is."""
    del others
    line = "Dafny program verifier " + rng.choice(PASSING).format(rng.choice(COUNTS))
    if rng.random() < 0.5:
        line = json.dumps({"type": "status", "value": f"\n{line}"})
    at = rng.choice((len(lines), rng.randrange(len(lines) + 1)))
    return rng.choice(([line], ["", line, ""], [*lines[:at], line, *lines[at:]], [*lines[:at], line, ""]))


def _within(lines: list[str], others: Sequence[Real], rng: random.Random) -> list[str]:
    """A pass inside a message."""
    del others
    line = "Dafny program verifier " + PASSING[0].format(rng.choice(COUNTS))
    start = {"line": 1, "character": 0}
    place = {"filename": "a.dfy", "uri": "a.dfy", "range": {"start": start, "end": start}}
    value = {"location": place, "severity": rng.choice((1, 2, 4)), "defaultFormatMessage": f"x\n{line}", "source": "x"}
    said = json.dumps(
        {"type": rng.choice(("diagnostic", "status", "x")), "value": rng.choice((value, line, [line], None))}
    )
    return [*lines, rng.choice((said, f"a.dfy(1,0): Error: {line}", f"a.dfy(1,0): Info: {line}", f"  {line}"))]


def _odd(lines: list[str], others: Sequence[Real], rng: random.Random) -> list[str]:
    del others
    at = rng.randrange(len(lines) or 1)
    line = lines[at] if lines else ""
    where = rng.randrange(len(line) + 1)
    return [*lines[:at], line[:where] + rng.choice(ODD) + line[where:], *lines[at + 1 :]]


_DAMAGE: Sequence[Damage] = (_lost, _mixed, _shuffled, _trailed, _trailed, _within, _odd)


def logs(real: Real, rng: random.Random) -> Mapping[str, bytes]:
    """Its log, or a damaged one; never one that tells of more proofs."""
    own = real.raw.collected.get(LOG)
    if own is None or rng.random() < 0.5:
        return real.raw.collected
    at = rng.randrange(len(own))
    return rng.choice(({}, {LOG: own[:at]}, {LOG: own[at:]}, {LOG: b""}, {LOG: own + b"x"}, {LOG: own + own}))


def fault(real: Real, others: Sequence[Real], rng: random.Random) -> str:
    """What is wrong with how one forgery is read; nothing if nothing is."""
    code = rng.choice((real.raw.exit, 0, 0, 0, 1, 2, 3, 4, -9, 134, 255))
    raw = dataclasses.replace(real.raw, exit=code, stdout=forge(real, others, rng), collected=logs(real, rng))
    try:
        reading = VERIFIER.read(real.tool, real.job, raw)
    except Exception as error:  # noqa: BLE001 - that there is none is what is tested
        return f"{real.name}: {type(error).__name__}: {error}: {raw.stdout[:200]!r}"
    passed = passes(real.owed, reading)
    if reading.kind is VerdictKind.VERIFIED and code != 0:
        return f"{real.name}: exit code {code} is called verified: {raw.stdout[:200]!r}"
    return f"{real.name}: a pass without what is owed: {raw.stdout[:200]!r}" if passed and real.lacking else ""
