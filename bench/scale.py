"""A simulation of scale: a real Dask scheduler and workers whose verifiers only sleep, by a measured distribution.

Usage: python bench/scale.py [THREADS...]   (1 4 16 64 unless given)

Each thread gets 195 components, so 64 get 12,480. A run sleeps half of what one of real Dafny took, so that one
machine carries them all; what travels, the fleet, the scheduler and the workers are real, the project and the judge are
left out. Efficiency is the time of the sleeps divided by threads, over the time it took.
"""

import os
import random
import resource
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from s2c.fleet import Fleet  # noqa: E402
from s2c.process import Limits, Run  # noqa: E402
from s2c.settings import DaskSettings  # noqa: E402
from tests.machines import Machines  # noqa: E402

# CPU milliseconds of 24 components with their twins: Dafny 2.3, script/prove machines
MEASURED = (
    2294, 2418, 2597, 2644, 2700, 2726, 2778, 2807, 2867, 2917, 3187, 3209,
    3250, 3282, 3435, 3511, 3542, 3583, 3597, 3688, 4064, 4579, 6501, 20558,
)  # fmt: skip
FASTER = 2
EACH = 195  # components a thread
PER_WORKER = 16  # threads
SOURCE = b"// a component's text\n" * 150


def main() -> int:
    """Every size, small ones first."""
    for threads in [int(word) for word in sys.argv[1:]] or [1, 4, 16, 64]:
        with tempfile.TemporaryDirectory() as folder, Machines(Path(folder) / "m") as machines:
            for number in range(0, threads, PER_WORKER):
                preload = ["--preload", str(ROOT / "bench/replay.py")]
                machines.worker(f"w{number}", min(threads, PER_WORKER), words=preload)
            measure(machines, threads)
    return 0


def measure(machines: Machines, threads: int) -> None:
    """One size: all components, as many at a time as there are threads."""
    chosen = random.Random(threads)  # noqa: S311 - the same components in every run
    sleeps = [chosen.choice(MEASURED) / 1000 / FASTER for _ in range(EACH * threads)]
    settings = DaskSettings(address=machines.address)
    passed: set[str] = set()
    while seats(settings, passed) < threads:
        time.sleep(1)
    with Fleet(settings, (), 0, print, passed) as fleet, ThreadPoolExecutor(fleet.jobs) as pool:
        before, own, begun = busy(machines.scheduler.pid), time.process_time(), time.monotonic()
        list(pool.map(lambda seconds: fleet.submit(component(seconds)).result(), sleeps))
        took, own = time.monotonic() - begun, time.process_time() - own
        scheduler = busy(machines.scheduler.pid) - before
    count, ideal = len(sleeps), sum(sleeps) / threads
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{threads:3} threads, {count:6} components: {took:6.1f} s, ideal {ideal:6.1f} s, "
        f"efficiency {ideal / took:.3f}; "
        f"CPU a component: scheduler {scheduler / count * 1000:.2f} ms, client {own / count * 1000:.2f} ms; "
        f"memory of the client {memory:.0f} MB; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def component(seconds: float) -> Run:
    """A run of which the worker knows how long it takes."""
    return Run(("verify", f"{seconds:.6f}"), {"component.dfy": SOURCE}, Limits(600))


def seats(settings: DaskSettings, passed: set[str]) -> int:
    """The threads that are there."""
    with Fleet(settings, (), 0, print, passed) as fleet:
        return fleet.jobs


def busy(pid: int) -> float:
    """CPU seconds that a process has used."""
    words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
