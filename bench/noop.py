"""A run that has nothing to do, and one that is asked for a single spec, beside bare doit, make and ninja.

Run by hand: `python bench/noop.py [SPECS] [ROUNDS]`, 12,500 specs (25,000 targets) unless told otherwise. Each figure
is the best of its rounds, taken in one run: what other work on the machine adds is no property of a tool. MB are those
of the largest process, at least this bench's own.
"""

import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import many, rivals

SPECS, ROUNDS = 12_500, 5


def main(count: int, rounds: int) -> None:
    """Lay all of it out, build it once, then measure."""
    with tempfile.TemporaryDirectory(prefix="s2c-noop-") as folder:
        root = Path(folder)
        own = root / "s2c"
        many.write(own, count)
        many.answer(own)
        whole = [sys.executable, "-m", "doit"]
        commands = {"s2c": whole, "s2c, one spec": [*whole, f"verify:{many.path_of(count // 2)}"]}
        rival = {tool: line for tool, line in rivals.lay_out(root, count).items() if shutil.which(line[0])}
        folders = {name: own if name.startswith("s2c") else root / name for name in (*commands, *rival)}
        commands |= rival
        for name in ("s2c", *rival):  # the second run finds all of it done, the third that nothing changed
            for _ in range(3):
                rivals.cost(commands[name], folders[name], many.environment(own))
        found = {
            name: [rivals.cost(line, folders[name], many.environment(own)) for _ in range(rounds)]
            for name, line in commands.items()
        }
        best = {name: min(costs, key=lambda one: one.cpu) for name, costs in found.items()}
        print(f"{count} specs, {2 * count} targets, nothing to do; best of {rounds}")
        for name, one in best.items():
            print(f"{name:14} {one}, {one.cpu / best['s2c'].cpu:5.2f} of s2c")
        if "ninja" in best:
            print(f"s2c takes {best['s2c'].cpu / best['ninja'].cpu:.1f} times ninja's time")


if __name__ == "__main__":
    main(*([int(word) for word in sys.argv[1:]] + [SPECS, ROUNDS][len(sys.argv) - 1 :]))
