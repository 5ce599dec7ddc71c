"""Checking at a fraction of the cost: real Dafny 4, bare, by s2c with cold twins, and with warm ones; and the attacks.

Run by `script/prove warm [SPECS]`. Needs the test data (S2C_TEST_DATA) and a Dafny 4. Prints processor and wall seconds
of each, children included; ends with exit code 1 where verdicts differ.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(HERE)]

from main_job import HEADLESS, NOT_IN_4, contract, fills, path_of  # noqa: E402

from tests.dafny_tools import available  # noqa: E402
from tests.loopback import Server  # noqa: E402
from tests.openai_server import AnswerBook, answer_fills  # noqa: E402
from tests.projects import Tree  # noqa: E402

WARM, COLD = 1.4, 2.1  # times the bare cost, at most


@dataclass(frozen=True)
class Cost:
    """Seconds of processor, children's children included, and of wall clock; and what came of it."""

    cpu: float
    wall: float
    verdicts: Mapping[str, str]


def measured(work: Callable[[], Mapping[str, str]]) -> Cost:
    """What it costs."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    verdicts = work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, time.monotonic() - began, verdicts)


def solved(count: int) -> list[dict[str, Any]]:
    """So many real specs with their published fills."""
    folder = Path(os.environ.get("S2C_TEST_DATA", ROOT.parent / "shared"))
    rows = [json.loads(line) for line in (folder / "corpus" / "dafny_solved.jsonl").open(encoding="utf-8")]
    return [row for row in rows if row["id"] not in {HEADLESS, NOT_IN_4}][:count]


def lay_out(folder: Path, dafny: Sequence[str], rows: Sequence[dict[str, Any]], *, warm: bool) -> Tree:
    """A project of these specs."""
    tree = Tree(folder)
    tree.dafny, tree.timeout = tuple(dafny), 7200
    tree.env = {"HOME": str(folder.parent), "NO_PROXY": "127.0.0.1", "S2C_VERDICT_KEY": "11" * 32}
    tree.configure(model="played-model-1", model_may_define=True, warm=warm, max_attempts=1)
    for row in rows:
        tree.write(path_of(row), row["spec"])
    return tree


def built(tree: Tree, rows: Sequence[dict[str, Any]]) -> Mapping[str, str]:
    """Build it, answers being what is published; the state of each file, and its remarks."""
    book = AnswerBook([{"match": contract(row), "fills": fills(row, wrong=False)} for row in rows])
    with Server(answer_fills(book)) as server:
        tree.configure(base_url=server.url)
        tree.doit("generate")
    return {one["path"]: f"{one['state']} {one['remarks']} {one['reason']}" for one in tree.summary["rows"]}


def bare(dafny: Sequence[str], folder: Path, paths: Sequence[str]) -> Mapping[str, str]:
    """One process a file, two at a time, as a person would."""

    def one(path: str) -> tuple[str, str]:
        command = [*dafny, "verify", "--cores:1", "--resource-limit:50000000", "--verification-time-limit:0", path]
        done = subprocess.run(command, cwd=folder, check=False, capture_output=True)
        return path, "verified" if done.returncode == 0 else f"exit code {done.returncode}"

    with ThreadPoolExecutor(2) as pool:
        return dict(pool.map(one, paths))


def cost(dafny: Sequence[str], count: int) -> bool:
    """Row 1."""
    rows = solved(count)
    with tempfile.TemporaryDirectory() as name:
        trees = {warm: lay_out(Path(name) / f"warm-{warm}", dafny, rows, warm=warm) for warm in (False, True)}
        cold = measured(lambda: built(trees[False], rows))
        warm = measured(lambda: built(trees[True], rows))
        plain = measured(lambda: bare(dafny, trees[True].root / "build", [path_of(row) for row in rows]))
    for told, one in (("bare", plain), ("s2c, cold twins", cold), ("s2c, warm twins", warm)):
        print(f"     {told}: {one.cpu:.0f} s of processor ({one.cpu / plain.cpu:.2f}), {one.wall:.0f} s", flush=True)
    same = cold.verdicts == warm.verdicts
    held = same and warm.cpu <= WARM * plain.cpu and cold.cpu <= COLD * plain.cpu
    green = sum(one.startswith("verified") for one in warm.verdicts.values())
    print(f"{'ok  ' if held else 'FAIL'} {len(rows)} specs, {green} verified, verdicts equal: {same}")
    for path, told in cold.verdicts.items():
        if told != warm.verdicts.get(path):
            print(f"     {path}: cold {told}; warm {warm.verdicts.get(path)}")
    return held


def main() -> int:
    """The rows that were named, or all."""
    dafny = available().get("4.x")
    if dafny is None:
        print("this needs a Dafny 4", file=sys.stderr)
        return 2
    count = int(sys.argv[1]) if sys.argv[1:] else 160
    return 0 if cost(dafny, count) else 1


if __name__ == "__main__":
    sys.exit(main())
