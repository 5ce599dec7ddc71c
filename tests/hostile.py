"""Verifiers that misbehave, in the place of a real one, and what must be true after each.

Law: what stands here is a program of its own (`tests/replay/dafny`), started by s2c as it starts any verifier. Whatever
it starts itself carries a mark in its environment or on its command line, so that nothing of it is overlooked.
"""

import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from s2c.case import Case
from s2c.executor import LocalExecutor
from s2c.graph import Graph
from s2c.judge import Judge
from s2c.model import Verdict
from s2c.process import RawRun, Run, Tool
from s2c.settings import Config
from s2c.store import Store
from tests.picture import graph_of

DAFNY = Path(__file__).resolve().parent / "replay" / "dafny"
GENERATIONS = ("legacy", "modern")
SECRET = b"a secret of thirty-two characters"
SPEC = """// <vc-helpers>
// </vc-helpers>

method Max(a: int, b: int) returns (m: int)
  ensures m == a || m == b
  ensures m >= a && m >= b
// <vc-code>
{
}
// </vc-code>
"""
LINE = "method Max(a: int, b: int) returns (m: int)"
RIGHT = "  if a >= b { m := a; } else { m := b; }\n"
WRONG = "  m := a;  // WRONG\n"
PATIENCE = 5.0  # seconds after which nothing of a run may be left


def new_mark(files: int = 0) -> str:
    """A word that no other process carries; `files` is how many the behaviour `many` writes."""
    return f"s2c-mark-{uuid.uuid4().hex}-{files}"


def command(generation: str, behaviour: str, mark: str, program: Path = DAFNY) -> tuple[str, ...]:
    """The verifier's own words."""
    return (sys.executable, "-I", "-S", str(program), generation, behaviour, mark)


def carriers(mark: str) -> list[str]:
    """Every living process that carries a mark: its id and command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                line = (entry / "cmdline").read_bytes()
                state = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
                if state != "Z" and mark.encode() in line + (entry / "environ").read_bytes():
                    found.append(f"{entry.name} {line.decode('utf-8', 'replace')}")
    return found


def left(mark: str) -> list[str]:
    """What still carries the mark when patience ends."""
    end = time.monotonic() + PATIENCE
    while (found := carriers(mark)) and time.monotonic() < end:
        time.sleep(0.02)
    return found


@dataclass
class Bench:
    """One wrong fill before the judge, with a verifier that misbehaves. `runs` are those that were really started."""

    judge: Judge
    case: Case
    tool: Tool
    store: Store
    mark: str
    runs: list[Run] = field(default_factory=list)

    def verdict(self) -> Verdict:
        """What the judge says."""
        return self.judge.judge(self.case, self.tool)

    @property
    def key(self) -> str:
        """The key under which the verdict is stored."""
        return self.judge.key(self.case, self.tool)


@contextmanager
def bench(  # noqa: PLR0913 - what a bench is made of, each with a default
    folder: Path, generation: str, behaviour: str, *, fill: str = WRONG, wall: int = 30, files: int = 0
) -> Iterator[Bench]:
    """A bench whose runs end after `wall` seconds; runs have their directories in `folder`/runs."""
    mark = new_mark(files)
    graph: Graph = graph_of(a=SPEC)
    case = Case(graph.components["a.dfy"], {"a.dfy": {"h1": "", "h2": fill}}, {})
    tool = Tool("dafny", "Dafny", "0", generation, command(generation, behaviour, mark), "none")
    (folder / "runs").mkdir()
    runs: list[Run] = []
    with Store.open(folder / "cache", secret=SECRET) as store, LocalExecutor(2, root=folder / "runs") as executor:

        def submit(run: Run) -> Future[RawRun]:
            runs.append(run)
            return executor.submit(replace(run, limits=replace(run.limits, wall_seconds=wall)))

        yield Bench(Judge(graph, Config(folder), store, submit), case, tool, store, mark, runs)
