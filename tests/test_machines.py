"""Verifiers on other machines: a real Dask scheduler, real workers, and what is left when they die."""

import importlib.util
import os
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests import runs, stand_in
from tests.dafny_tools import available
from tests.loopback import Server
from tests.machines import Machines, Noted, judged
from tests.openai_server import AnswerBook, answer_fills
from tests.projects import Tree

if importlib.util.find_spec("distributed") is None:
    pytest.skip("distributed is not installed: pip install 's2c[dask]'", allow_module_level=True)

from s2c.fleet import Fleet
from s2c.process import Limits, Run
from s2c.settings import DaskSettings

COUNT = 8
KILL = "kill -9 $(ps -o ppid= -p $PPID)"  # of what started the supervisor of this process: a worker


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    """A scheduler without workers."""
    with Machines(tmp_path / "machines") as made:
        yield made


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """A project with some specs and the small verifier."""
    made = runs.lay_out(tmp_path, COUNT)
    made.env = {"S2C_VERDICT_KEY": "11" * 32}
    return made


@pytest.fixture
def server(tree: Tree) -> Iterator[Server]:
    """An endpoint that knows them all."""
    with Server(answer_fills(runs.book(COUNT))) as made:
        tree.configure(base_url=made.url)
        yield made


def on(tree: Tree, machines: Machines, **settings: object) -> None:
    """Have the project use these machines."""
    tree.configure(executor="dask")
    tree.tables["dask"] = {"address": machines.address, **settings}


def outputs(tree: Tree) -> Mapping[str, bytes]:
    """What was built."""
    return {path.name: path.read_bytes() for path in sorted((tree.root / "build").glob("*.dfy"))}


def until_judged(tree: Tree, count: int) -> set[str]:
    """Wait until so many components are judged, and not all of them; those that are."""
    end = time.monotonic() + 120
    while len(found := judged(tree.root)) < count:
        assert time.monotonic() < end
        time.sleep(0.02)
    assert len(found) < COUNT
    return found


def test_a_run_survives_its_workers(tmp_path: Path, tree: Tree, server: Server, machines: Machines) -> None:
    """One worker is killed and one stopped in the middle: the outputs are those of a local run, all are verified."""
    assert server.url
    assert tree.doit("generate").code == 0
    local = outputs(tree)
    for name in ("build", "cache"):
        (tree.root / name).rename(tmp_path / f"local-{name}")
    (tree.root / ".doit.db").unlink()
    workers = [machines.worker(f"w{number}") for number in range(4)]
    on(tree, machines)
    (tmp_path / "tool" / "pause").write_text("0.5")
    running = tree.start("generate")
    until_judged(tree, 1)
    workers[0].kill()
    workers[1].send_signal(signal.SIGSTOP)
    told = running.communicate(timeout=120)
    assert running.returncode == 0, told
    assert outputs(tree) == local
    assert tree.summary["verified"] == COUNT


def test_a_lost_scheduler_ends_the_run_and_loses_no_verdict(
    tmp_path: Path, tree: Tree, server: Server, machines: Machines
) -> None:
    """The scheduler is killed: a clear end. The next run judges only what was not judged."""
    assert server.url
    noted = Noted(tmp_path / "noted", tmp_path / "tool" / "dafny")
    tree.tables["dafny"] = noted.table
    machines.worker("w")
    on(tree, machines)
    (tmp_path / "tool" / "pause").write_text("0.3")
    running = tree.start("generate")
    until_judged(tree, 2)
    machines.scheduler.kill()
    out, err = running.communicate(timeout=120)
    assert running.returncode == 2, (out, err)
    assert b"the Dask scheduler is gone" in out + err
    assert b"Traceback" not in out + err, (out + err).decode()[-6000:]
    requests, first = len(server.requests), judged(tree.root)
    assert first <= set(noted.take())
    machines.begin()
    machines.worker("again")
    on(tree, machines)
    ended = tree.doit("generate")
    assert ended.code == 0, ended.text
    assert len(server.requests) == requests
    again = set(noted.take())
    assert not first & again
    assert judged(tree.root) - first == again & judged(tree.root)


def test_a_component_that_kills_three_workers_is_a_tool_crash(
    tmp_path: Path, tree: Tree, server: Server, machines: Machines
) -> None:
    """It is told as one; every other component is judged by the worker that is left."""
    assert server.url
    deadly = f'case "$one" in S03.dfy) {KILL};; esac'
    tree.tables["dafny"] = Noted(tmp_path / "deadly", tmp_path / "tool" / "dafny", deadly).table
    workers = [machines.worker(f"w{number}") for number in range(4)]
    on(tree, machines)
    tree.configure(jobs=1)
    ended = tree.doit("generate")
    assert ended.code == 2, ended.text
    assert "S03.dfy: tool-crash: the run was stopped: lost" in ended.text
    states = tree.states
    assert states.pop("S03.dfy") != "verified"
    assert set(states.values()) == {"verified"}
    assert sum(worker.poll() is None for worker in workers) == 1


def test_one_run_that_kills_three_workers_is_lost_and_not_the_run(machines: Machines) -> None:
    """The fourth worker goes on with other work."""
    workers = [machines.worker(f"w{number}") for number in range(4)]
    with Fleet(DaskSettings(address=machines.address), (), 1, print, set()) as fleet:
        deadly = Run(("sh", "-c", KILL), {}, Limits(30))
        assert fleet.submit(deadly).result(90).killed == "lost"
        assert sum(worker.poll() is None for worker in workers) == 1
        assert fleet.submit(Run(("echo", "on"), {}, Limits(30))).result(60).stdout == b"on\n"


def test_a_dead_worker_leaves_no_process(tmp_path: Path, machines: Machines) -> None:
    """What a worker had started dies with it; closing ends what still runs elsewhere."""
    machines.worker("w")
    fleet = Fleet(DaskSettings(address=machines.address), (), 1, print, set())
    note = tmp_path / "pid"
    for end in ("close", "kill"):
        note.unlink(missing_ok=True)
        worker = machines.worker(end) if end == "kill" else None
        if worker is not None:
            fleet = Fleet(DaskSettings(address=machines.address), (), 1, print, set())
        fleet.submit(Run(("sh", "-c", f"echo $$ > {note}; sleep 600"), {}, Limits(700)))
        _wait_for(note)
        pid = int(note.read_text())
        if end == "close":
            fleet.close()
        else:
            machines.end_workers()
        _gone(pid)
    fleet.close()


def _wait_for(note: Path) -> None:
    end = time.monotonic() + 30
    while not (note.exists() and note.read_text().endswith("\n")):
        assert time.monotonic() < end
        time.sleep(0.02)


def _runs(pid: int) -> bool:
    try:  # one that ended and that nobody has waited for yet does not run
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _gone(pid: int) -> None:
    end = time.monotonic() + 30
    while _runs(pid):
        assert time.monotonic() < end, "it still runs"
        time.sleep(0.05)


@pytest.mark.dafny
def test_only_workers_with_the_hosts_own_dafny_are_used(tmp_path: Path, machines: Machines) -> None:
    """Of three workers, with this Dafny, another one, and none, two are named; the result is real Dafny's."""
    found = available()
    if len(found) < 2:
        pytest.skip("needs Dafny 2.3 and 4")
    mine, other = (str(Path(found[name][0]).parent) for name in ("4.x", "2.3"))
    rest = os.pathsep.join(["/usr/bin", "/bin"])
    tree = Tree(tmp_path / "project")
    tree.dafny = ("dafny",)
    tree.env = {"PATH": f"{mine}:{Path(sys.executable).parent}:{rest}", "S2C_VERDICT_KEY": "11" * 32}
    tree.write("a.dfy", stand_in.spec("A", "n + 1"))
    for name, path in (("mine", f"{mine}:{rest}"), ("other", f"{other}:{rest}"), ("none", rest)):
        machines.worker(name, environment={"PATH": path})
    time.sleep(4)  # all three are to be there when the run looks first
    on(tree, machines)
    book = AnswerBook([{"match": stand_in.head("A"), "fills": stand_in.fill("n + 1")}])
    with Server(answer_fills(book)) as server:
        tree.configure(base_url=server.url, model="m-1", price_input=1, price_output=1)
        ended = tree.doit("generate")
    assert ended.code == 0, ended.text
    assert ended.text.count("worker not used: ") == 2
    assert "its files are others than on this machine" in ended.text
    assert "the command is not there" in ended.text
    said = [line for line in tree.s2c("doctor").out.splitlines() if " workers: " in line]
    assert said[-1] == f"ok    workers: {machines.address} has workers that are fit, for 1 runs at a time"
    assert [line.partition(":")[0] for line in said[:-1]] == ["warn  workers"] * 2


def test_doctor_says_that_no_scheduler_answers(tree: Tree) -> None:
    """An address where nobody listens is a FAIL that names it, and says what to do."""
    tree.configure(executor="dask")
    tree.tables["dask"] = {"address": "tcp://127.0.0.1:9", "timeout": 2}
    ended = tree.s2c("doctor")
    assert ended.code == 2
    assert "FAIL  workers: tcp://127.0.0.1:9: no Dask scheduler answers" in ended.out
