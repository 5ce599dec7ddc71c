"""Workers that die, a scheduler that dies: real specs, real Dafny, a real Dask scheduler and workers on 127.0.0.1.

Run by `script/prove machines [SPECS [GENERATION]]`. Needs the test data (S2C_TEST_DATA) and `s2c[dask]`. Every build
starts from nothing, but the last: it goes on where the one before lost its scheduler. Prints a row for each build;
ends with exit code 1 where an output is not that of a local run, a component was not judged, or one was judged again.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(HERE)]

from main_job import HEADLESS, NOT_IN_4, Proof, project  # noqa: E402

from tests.dafny_tools import available  # noqa: E402
from tests.machines import Machines, Noted, judged  # noqa: E402

LOST = 2  # exit code of a run whose scheduler is gone


def main() -> int:
    """Every build, one after the other."""
    count = int(sys.argv[1]) if sys.argv[1:] else 160
    generation = sys.argv[2] if sys.argv[2:] else "2.3"
    folder = Path(os.environ.get("S2C_TEST_DATA", ROOT.parent / "shared"))
    rows = [json.loads(line) for line in (folder / "corpus" / "dafny_solved.jsonl").open(encoding="utf-8")]
    left_out = {HEADLESS, *([NOT_IN_4] if generation != "2.3" else [])}
    rows = [row for row in rows if row["id"] not in left_out][:count]
    print(f"--- Dafny {generation}: {len(rows)} specs", flush=True)
    with project((), rows) as proof:
        noted = Noted(proof.tree.root.parent / "noted", Path(available()[generation][0]))
        proof.tree.tables["dafny"] = noted.table
        steps(proof, noted)
        return 0 if proof.held else 1


def steps(proof: Proof, noted: Noted) -> None:
    """A local build; 1, 2 and 4 workers, of the 4 one killed and one stopped; a scheduler lost, and the rest of it."""
    proof.tree.configure(exclude=["b-*/**", "c-*/**"])  # what earlier builds left
    local = build(proof, "local", None)
    for count in (1, 2):
        with Machines(proof.tree.root.parent / f"m{count}") as machines:
            workers(proof, machines, count)
            build(proof, f"{count} workers", local)
    with Machines(proof.tree.root.parent / "m4") as machines:
        all_four = workers(proof, machines, 4)

        def harm() -> None:
            all_four[0].kill()
            all_four[1].send_signal(signal.SIGSTOP)

        build(proof, "4 workers, one killed, one stopped", local, harm)
    with Machines(proof.tree.root.parent / "lost") as machines:
        workers(proof, machines, 2)
        lost(proof, noted, machines, local)


def workers(proof: Proof, machines: Machines, count: int) -> list[Any]:
    """Have so many workers, and the project use them."""
    proof.tree.configure(executor="dask")
    proof.tree.tables["dask"] = {"address": machines.address}
    return [machines.worker(f"w{number}") for number in range(count)]


def build(
    proof: Proof, name: str, local: Mapping[str, bytes] | None, harm: Callable[[], None] | None = None
) -> Mapping[str, bytes]:
    """One build from nothing; `harm` comes when half of it is judged. What it made, which is moved aside."""
    begun = time.monotonic()
    code, text = ended(proof, harm)
    seconds, made, ran = time.monotonic() - begun, outputs(proof), judged(proof.tree.root)
    held = code == 0 and proof.tree.summary["verified"] == len(proof.rows) == len(ran)
    figures = {"judged": len(ran), "equal": local is None or made == local, "seconds": round(seconds), "code": code}
    held = held and (local is None or made == local)
    proof.say(name, held, verified=proof.tree.summary["verified"], **figures)
    if not held:
        print(text[-4000:])
    for folder in ("build", "cache"):
        (proof.tree.root / folder).rename(proof.tree.root / f"{folder[0]}-{name.replace(' ', '-')}")
    (proof.tree.root / ".doit.db").unlink()
    return made


def lost(proof: Proof, noted: Noted, machines: Machines, local: Mapping[str, bytes]) -> None:
    """The scheduler is killed when half is judged; the next run, with another one, judges the rest and only that."""
    noted.take()
    code, text = ended(proof, machines.scheduler.kill)
    first, requests, ran = judged(proof.tree.root), len(proof.server.requests), set(noted.take())
    told = "the Dask scheduler is gone" in text and "Traceback" not in text
    held = code == LOST and told and first <= ran
    proof.say("scheduler killed", held, judged=len(first), begun=len(ran), code=code, told=told)
    machines.begin()
    workers(proof, machines, 2)
    code, text = ended(proof, None)
    second, asked, made = set(noted.take()), len(proof.server.requests) - requests, outputs(proof)
    again, verified = first & second, proof.tree.summary["verified"]
    held = code == 0 and not again and asked == 0 and made == local and verified == len(proof.rows)
    held = held and judged(proof.tree.root) - first <= second
    figures = {"judged_again": len(again), "requests": asked, "equal": made == local, "code": code}
    proof.say("the run after it", held, judged=len(judged(proof.tree.root) - first), verified=verified, **figures)
    if not held:
        print(text[-4000:])


def ended(proof: Proof, harm: Callable[[], None] | None) -> tuple[int, str]:
    """One doit; its exit code, and what it said."""
    with ThreadPoolExecutor(1) as pool:
        running = proof.tree.start("generate")
        said = pool.submit(running.communicate, timeout=proof.tree.timeout)
        while harm is not None and not said.done():
            if len(judged(proof.tree.root)) * 2 >= len(proof.rows):
                harm()
                break
            time.sleep(0.1)
        text = b"".join(said.result()).decode("utf-8", "replace")
        return int(running.returncode), text


def outputs(proof: Proof) -> dict[str, bytes]:
    """What is built, by path."""
    place = proof.tree.root / "build"
    return {str(path.relative_to(place)): path.read_bytes() for path in sorted(place.rglob("*.dfy"))}


if __name__ == "__main__":
    sys.exit(main())
