"""Builds killed at every step and at random moments, over damaged stores, at once, merged: what each comes to."""

import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from tests.crashes import (  # noqa: E402 - the line above
    POINTS,
    Undisturbed,
    crash,
    from_records,
    idle,
    implementations,
    lay_out,
    model,
    times_asked,
    undisturbed,
    wrong,
)
from tests.damage import HEADER, whole_runs  # noqa: E402
from tests.loopback import Server  # noqa: E402
from tests.openai_server import answer_fills  # noqa: E402
from tests.projects import Tree  # noqa: E402
from tests.test_sharing import conflicts  # noqa: E402
from tests.test_stored_damage import damaged_databases  # noqa: E402
from tests.together import disjoint, together  # noqa: E402

MODES = {"in order": (), "in threads": ("-n", "2", "-P", "thread")}
RANDOM = 40  # kills at random moments
DAMAGED = 100  # whole runs over a damaged database
PAIRS = 20  # of branches that add records


def main() -> int:
    """Print a table for each part (all, or those named); the exit code says whether all is as it must be."""
    parts = sys.argv[1:] or list(PARTS)
    with folder() as own:
        whole = undisturbed(own / "whole")
    print(f"undisturbed: {len(whole.built)} files, {whole.requests} requests, asked {dict(whole.asked)}\n", flush=True)
    good = [PARTS[name](whole) for name in parts]  # all of them, whatever the first says
    return 0 if all(good) else 1


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for one build."""
    with tempfile.TemporaryDirectory(prefix="s2c-crash-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def _points(whole: Undisturbed) -> bool:
    print(f"{'killed when':34} {'mode':10}  out  told  asked again  the next run")
    bad = 0
    for name, (kind, number) in POINTS.items():
        for mode, arguments in MODES.items():
            with folder() as own:
                found = crash(own, kind, number, whole, mode=arguments)
                trouble = wrong(found, whole) or idle(found) or from_records(found, whole)
            bad += bool(trouble)
            figures = f"{found.lost.stop - 1:4} {found.told:5} {found.again:12}"
            print(f"{name:34} {mode:10} {figures}  {trouble or 'equal; a third is idle; a clone too'}", flush=True)
    print(f"{len(POINTS)} points, {len(MODES)} modes: {bad} not as they must be\n", flush=True)
    return not bad


def _random(whole: Undisturbed) -> bool:
    """Kills at random moments of a build, until it is whole: at each only what is out may be asked for again."""
    rng = random.Random(6)  # noqa: S311 - the same moments in every run, as far as a clock allows
    bad = again = 0
    for number in range(RANDOM // 4):
        with folder() as own, Server(answer_fills(model(), seconds=0.2)) as server:
            tree = lay_out(Tree(own / "project"), own / "tool")
            tree.configure(base_url=server.url)
            ends = [_killed_after(tree, rng.uniform(0.3, 3)) for _ in range(4)]
            said = "".join(ends) + (last := tree.doit()).text
            count = times_asked(server.requests)
            again += (more := sum((count - whole.asked).values()))
            good = last.code == 0 and implementations(tree) == whole.built and "Traceback" not in said and more <= 4 * 4
            bad += not good
            print(f"build {number:2}: 4 kills, {more} specs asked again: {'equal' if good else last.text}", flush=True)
    print(
        f"{RANDOM} kills at random moments: {bad} builds not as they must be, {again} specs asked again\n", flush=True
    )
    return not bad


def _killed_after(tree: Tree, seconds: float) -> str:
    run = tree.start()
    time.sleep(seconds)
    run.send_signal(signal.SIGKILL)
    return "".join(part.decode("utf-8", "replace") for part in run.communicate())


def _damage(_whole: Undisturbed) -> bool:
    """Whole runs over a damaged database: doit's, the store's, the verdicts'."""
    counts: Counter[str] = Counter()
    bad = []
    with folder() as own:
        for one in whole_runs(own, DAMAGED):
            bad += [one.trouble] if one.trouble else []
            counts[f"{one.what.split()[0]}: exit {one.first.code}" + (", then 0" if one.second else "")] += 1
    for what, count in sorted(counts.items()):
        print(f"{count:4} x {what}", flush=True)
    print("\n".join([*bad, f"{DAMAGED} runs over a damaged database: {len(bad)} not as they must be\n"]), flush=True)
    return not bad


def _bytes(_whole: Undisturbed) -> bool:
    """Each database cut off at, and one bit flipped in, every 64th byte and each of its header, in one process."""
    for name in ("store", "verdicts"):
        with folder() as own:
            count = damaged_databases(own, name, 64, HEADER)
        print(f"{count:5} damages of the database {name}: nothing wrong was read, and it could be mended", flush=True)
    return True


def _together(_whole: Undisturbed) -> bool:
    """Several builds at once in one tree."""
    print(f"{'at once':8} {'specs':9} {'mode':11} each asked")
    bad = 0
    for count in (2, 8):
        for mode, arguments in MODES.items():
            for what, selections, specs in (
                ("the same", [arguments] * count, 4),
                ("disjoint", [[*arguments, *one] for one in disjoint(count)], 16),
            ):
                with folder() as own:
                    found = together(own, selections, specs)
                bad += bool(found.trouble)
                print(f"{count:7} {what:9} {mode:11} {set(found.asked)} {found.trouble or 'all green'}", flush=True)
    print(f"builds at once: {bad} not as they must be\n", flush=True)
    return not bad


def _merges(_whole: Undisturbed) -> bool:
    """Branches that add records, merged by git with and without the attributes that s2c writes beside them."""
    with folder() as own:
        found = {union: conflicts(own, PAIRS, union=union) for union in (True, False)}
    print(f"{PAIRS} pairs of branches, 16 records each: {found[True]} conflict; without merge=union {found[False]}\n")
    return not found[True]


PARTS: Mapping[str, Callable[[Undisturbed], bool]] = {
    "points": _points,
    "random": _random,
    "damage": _damage,
    "bytes": _bytes,
    "together": _together,
    "merges": _merges,
}

if __name__ == "__main__":
    sys.exit(main())
