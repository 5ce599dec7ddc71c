"""The engine at full size: random edits against an oracle, 2,000 steps with a program in Dafny's place, 100 with Dafny.

Run by `script/prove engine [STEPS] [SEED]`. Prints its figures. Where a build did something else than it must, it ends
with exit code 1 and the steps that led there, as few as could be found in some minutes.
"""

import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from tests.dafny_tools import available  # noqa: E402
from tests.faults import copy_of_the_package  # noqa: E402
from tests.oracle.machine import DeviationError, play, shrink  # noqa: E402

STEPS, SHARE = 2000, 20  # one step in so many is played with real Dafny, in a run of its own
STRETCH = 250  # steps of one project: another one has other cycles and copies


def stretch(folder: Path, package: Path, seed: str, steps: int, verifier: Sequence[str] = ()) -> bool:
    """Play one project; print what came of it."""
    try:
        counts = play(folder, seed, range(steps), package=package, verifier=verifier)
    except DeviationError as found:
        print(f"FAIL {found}")
        fewer = shrink(folder, seed, range(steps), package=package, verifier=verifier)
        print(f"     fewer steps that fail: {fewer}", flush=True)
        return False
    edits = ", ".join(f"{count} {name}" for name, count in sorted(counts.edits.items()))
    print(
        f"ok   {'Dafny' if verifier else 'the program'}, seed {seed!r}: {counts.steps} steps, {counts.runs} runs, "
        f"{counts.kills} killed, {counts.changed} edited during a request, {counts.clean} clean builds compared, "
        f"{counts.requests} requests for {counts.specs} specs, {counts.seconds / counts.steps:.2f} s a step; {edits}",
        flush=True,
    )
    return True


def main(arguments: Sequence[str]) -> int:
    """Every stretch, whatever became of those before."""
    steps = int(arguments[0]) if arguments else STEPS
    seed = arguments[1] if len(arguments) > 1 else str(random.randrange(1 << 32))  # noqa: S311 - no secret
    real = available().get("4.x")
    held = True
    with tempfile.TemporaryDirectory(prefix="s2c-engine-") as name:
        folder = Path(name)
        package = copy_of_the_package(folder / "package")
        for number in range(0, steps, STRETCH):
            own = f"{seed}/{number}"
            held = stretch(folder / f"played{number}", package, own, min(STRETCH, steps - number)) and held
        if real is None:
            print("FAIL no Dafny 4 on this machine")
            return 1
        return 0 if stretch(folder / "real", package, f"{seed}/real", max(1, steps // SHARE), real) and held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
