"""Checking at a fraction of the cost: real Dafny 4, bare, by s2c with cold twins, and with warm ones; and the attacks.

Run by `script/prove warm [cost|repairs|attacks|solutions] [SPECS]`. Needs the test data (S2C_TEST_DATA) and a Dafny 4.
Prints processor and wall seconds of each, children included; ends with exit code 1 where verdicts differ, or a cost is
over its goal.
"""

import contextlib
import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(HERE)]

from main_job import HEADLESS, NOT_IN_4, contract, fills, path_of  # noqa: E402

from s2c.case import Case, Laid  # noqa: E402
from s2c.executor import LocalExecutor  # noqa: E402
from s2c.graph import Graph  # noqa: E402
from s2c.judge import Judge  # noqa: E402
from s2c.languages.base import Job, language  # noqa: E402
from s2c.model import VerdictKind  # noqa: E402
from s2c.process import Tool  # noqa: E402
from s2c.settings import Config  # noqa: E402
from s2c.store import Store  # noqa: E402
from s2c.supervise import PR_SET_CHILD_SUBREAPER  # noqa: E402
from s2c.warm import FEW, Cold, Warm  # noqa: E402
from tests import layers  # noqa: E402
from tests.dafny_tools import available, installed  # noqa: E402
from tests.loopback import Server  # noqa: E402
from tests.openai_server import AnswerBook, answer_fills  # noqa: E402
from tests.picture import graph_of  # noqa: E402
from tests.projects import Tree  # noqa: E402

WARM, COLD = 1.4, 2.1  # times the bare cost, at most
REPAIRS = 0.6  # times the cost of cold processes alone, at most
TRIES = 3
LEAVING = 10.0  # seconds for what was left behind to end
JOBS = len(os.sched_getaffinity(0))


@dataclass(frozen=True)
class Cost:
    """Seconds of processor, children's children included, and of wall clock; and what came of it."""

    cpu: float
    wall: float
    verdicts: Mapping[str, str]


def measured(work: Callable[[], Mapping[str, str]]) -> Cost:
    """What it costs.

    Dafny leaves its solver behind, which then is nobody's: a bare run would seem to cost a ninth less than it does
    (175 and 197 s for 158 files). So this process takes in what is left behind.
    """
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    verdicts = work()
    wall = time.monotonic() - began
    reap()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, wall, verdicts)


def reap() -> None:
    """Wait for what others left behind: only then does it count."""
    end = time.monotonic() + LEAVING
    with contextlib.suppress(ChildProcessError):  # there is none any more
        while time.monotonic() < end:
            if not os.waitpid(-1, os.WNOHANG)[0]:
                time.sleep(0.05)


def solved(count: int) -> list[dict[str, Any]]:
    """So many real specs with their published fills."""
    folder = Path(os.environ.get("S2C_TEST_DATA", ROOT.parent / "shared"))
    rows = [json.loads(line) for line in (folder / "corpus" / "dafny_solved.jsonl").open(encoding="utf-8")]
    return [row for row in rows if row["id"] not in {HEADLESS, NOT_IN_4}][:count]


def lay_out(folder: Path, dafny: Sequence[str], rows: Sequence[dict[str, Any]], *, warm: bool, tries: int) -> Tree:
    """A project of these specs."""
    tree = Tree(folder)
    tree.dafny, tree.timeout = tuple(dafny), 7200
    tree.env = {"HOME": str(folder.parent), "NO_PROXY": "127.0.0.1", "S2C_VERDICT_KEY": "11" * 32}
    tree.configure(model="played-model-1", model_may_define=True, warm=warm, max_attempts=tries)
    for row in rows:
        tree.write(path_of(row), row["spec"])
    return tree


def built(tree: Tree, rows: Sequence[dict[str, Any]], wrong: Callable[[int], int] = lambda _: 0) -> Mapping[str, str]:
    """Build it, answers being the published ones, after `wrong(n)` others for the n-th; state and remarks by file."""
    book = AnswerBook([{"match": contract(row), "fills": after(row, wrong(n))} for n, row in enumerate(rows)])
    with Server(answer_fills(book)) as server:
        tree.configure(base_url=server.url)
        tree.doit("generate")
    return {one["path"]: f"{one['state']} {one['remarks']} {one['reason']}" for one in tree.summary["rows"]}


def after(row: dict[str, Any], wrong: int) -> dict[str, list[str]]:
    """The fills of a row, by hole, after so many that are wrong, each in a way of its own."""
    found = fills(row, wrong=False)
    return {**found, "h2": [*(f"  assert {one} == {one + 1};\n{found['h2'][0]}" for one in range(wrong)), *found["h2"]]}


def heavy(number: int) -> int:
    """How many candidates of a spec are wrong before the right one comes: every second of all that are judged."""
    return next((one for one in range(TRIES) if number >> one & 1), TRIES)


def bare(dafny: Sequence[str], folder: Path, paths: Sequence[str]) -> Mapping[str, str]:
    """One process a file, two at a time, as a person would."""

    def one(path: str) -> tuple[str, str]:
        command = [*dafny, "verify", "--cores:1", "--resource-limit:50000000", "--verification-time-limit:0", path]
        done = subprocess.run(command, cwd=folder, check=False, capture_output=True)
        return path, "verified" if done.returncode == 0 else f"exit code {done.returncode}"

    with ThreadPoolExecutor(2) as pool:
        return dict(pool.map(one, paths))


def told(name: str, one: Cost, base: Cost) -> None:
    """One line of a table."""
    print(f"     {name}: {one.cpu:.0f} s of processor ({one.cpu / base.cpu:.2f}), {one.wall:.0f} s", flush=True)


def compared(held: bool, cold: Cost, warm: Cost) -> bool:  # noqa: FBT001 - the point of the line
    """The last line of a table."""
    same = cold.verdicts == warm.verdicts
    green = sum(one.startswith("verified") for one in warm.verdicts.values())
    print(
        f"{'ok  ' if held and same else 'FAIL'} {len(cold.verdicts)} specs, {green} verified, equal: {same}", flush=True
    )
    for path, one in cold.verdicts.items():
        if one != warm.verdicts.get(path):
            print(f"     {path}: cold {one}; warm {warm.verdicts.get(path)}")
    return held and same


def cost(dafny: Sequence[str], count: int) -> bool:
    """Row 1: all right at once."""
    rows = solved(count)
    paths = [path_of(row) for row in rows]
    found = []
    with tempfile.TemporaryDirectory() as name:
        for warm_too in (False, True):  # bare beside each, since a machine is not as fast all the time
            tree = lay_out(Path(name) / f"warm-{warm_too}", dafny, rows, warm=warm_too, tries=1)
            found.append(measured(lambda tree=tree: built(tree, rows)))
            found.append(measured(lambda tree=tree: bare(dafny, tree.root / "build", paths)))
    cold, first, warm, second = found
    plain = Cost((first.cpu + second.cpu) / 2, (first.wall + second.wall) / 2, first.verdicts)
    for what, one in (("bare", first), ("bare again", second), ("s2c, cold twins", cold), ("s2c, warm twins", warm)):
        told(what, one, plain)
    return compared(warm.cpu <= WARM * plain.cpu and cold.cpu <= COLD * plain.cpu, cold, warm)


def repairs(dafny: Sequence[str], count: int) -> bool:
    """Row 2: every second candidate is wrong, up to three attempts."""
    rows = solved(count)
    with tempfile.TemporaryDirectory() as name:
        trees = [lay_out(Path(name) / f"warm-{one}", dafny, rows, warm=one, tries=TRIES) for one in (False, True)]
        cold, warm = (measured(lambda tree=tree: built(tree, rows, heavy)) for tree in trees)
    told("cold", cold, cold)
    told("warm", warm, cold)
    return compared(warm.cpu <= REPAIRS * cold.cpu, cold, warm)


def attacks(dafny: Sequence[str], count: int) -> bool:
    """Row 3: each attack and each look-alike, judged whole and shown to the verifier whatever else refuses it."""
    del count
    folder = Path(os.environ.get("S2C_TEST_DATA", ROOT.parent / "shared"))
    return both_ways(dafny, [layers.case_of(row, modern=True) for row in layers.catalogue(folder)])


def solutions(dafny: Sequence[str], count: int) -> bool:
    """What is right is not refuted; what is wrong is refuted in the words of a cold run."""
    cases = []
    for row in solved(count):
        graph = graph_of(a=row["spec"])
        spoken = language("dafny")
        for wrong in (0, 1):
            texts = {one: text[0] for one, text in after(row, wrong).items()}
            holes = graph.specs["a.dfy"].outline.holes
            chosen = {hole.id: spoken.normalise(hole, texts[hole.id]) for hole in holes}
            cases.append((graph, Case(graph.components["a.dfy"], {"a.dfy": chosen}, {})))
    return both_ways(dafny, cases)


def both_ways(dafny: Sequence[str], cases: Sequence[tuple[Graph, Case]]) -> bool:
    """Each case in both ways."""
    tool = installed(dafny)
    with LocalExecutor(JOBS) as cold, Warm(JOBS) as warm, ThreadPoolExecutor(4 * JOBS) as pool:
        for _ in range(FEW):
            warm.refutes(tool, Job({}, ("x.dfy",)), "x.dfy")
        found = list(pool.map(lambda one: alike(*one, tool, cold, warm), cases))
    differing = [(number, text) for number, (_, text) in enumerate(found) if text]
    kinds = Counter(kind for one, _ in found for kind in one)
    print(f"{'FAIL' if differing else 'ok  '} {len(cases)} cases: {dict(sorted(kinds.items()))}", flush=True)
    for number, text in differing:
        print(f"     {number}: {text}")
    return not differing


def alike(graph: Graph, case: Case, tool: Tool, cold: LocalExecutor, warm: Warm) -> tuple[list[str], str]:
    """What was found of one case, and what differs."""
    config = Config(Path("/"), model_may_define=True)
    verdicts = []
    for refuter in (Cold(), warm):
        with tempfile.TemporaryDirectory() as name, Store.open(Path(name) / "cache", secret=b"1" * 32) as store:
            verdict = Judge(graph, config, store, cold.submit, refuter).judge(case, tool, doubted=True)
            verdicts.append(replace(verdict, cpu_ms=0))
    found = [f"verdict {verdicts[0].kind}"]
    wrong = "" if verdicts[0] == verdicts[1] else f"cold {verdicts[0]}; warm {verdicts[1]}"
    dafny = language("dafny")
    job = Laid(graph, config, case, tool).job({})
    reading = dafny.verifier.read(tool, job, cold.submit(dafny.verifier.check(tool, job)).result())
    refuted = warm.refutes(tool, job, "a.dfy").result()
    if refuted is not None:
        found.append("refuted by the warm one, whatever else refuses it")
        said = (reading.kind, reading.reason, reading.diagnostics)
        wrong = wrong or ("" if said == (refuted.kind, refuted.reason, refuted.diagnostics) else f"{said}; {refuted}")
    elif reading.kind is not VerdictKind.VERIFIED:
        found.append(f"{reading.kind} for the cold one alone")
    return found, wrong


ROWS = {"cost": cost, "repairs": repairs, "attacks": attacks, "solutions": solutions}


def main() -> int:
    """The rows that were named, or all."""
    dafny = available().get("4.x")
    if dafny is None:
        print("this needs a Dafny 4", file=sys.stderr)
        return 2
    names = [one for one in sys.argv[1:] if one in ROWS] or list(ROWS)
    count = next((int(one) for one in sys.argv[1:] if one.isdigit()), 160)
    held = True
    for name in names:
        print(f"--- {name}", flush=True)
        held = ROWS[name](dafny, count) and held
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
