"""A project that was never built here: its plan, and its build from what the store has, beside doit, make and ninja.

Run by hand: `python bench/cold.py [SPECS]`, 12,500 specs (25,000 targets) unless told otherwise. Everything is measured
in one run. Cold is without anything that a run left on this machine: no parsed outlines, no notes, no doit database, no
build/. The rivals copy files, which takes each of make's and ninja's targets a process.
"""

import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bench import many, rivals

SPECS = 12_500


def main(count: int) -> None:
    """Lay all of it out, then build each once."""
    with tempfile.TemporaryDirectory(prefix="s2c-cold-") as folder:
        root = Path(folder)
        own = root / "s2c"
        many.write(own, count)
        env, planned = many.environment(own), [sys.executable, "-m", "s2c.cli", "plan"]
        print(f"{count} specs, {2 * count} targets, nothing built yet")
        print(f"s2c plan, no store   {rivals.cost(planned, own, env)}", flush=True)
        shutil.rmtree(own / "cache", ignore_errors=True)
        many.answer(own)
        print(f"s2c plan, all stored {rivals.cost(planned, own, env)}", flush=True)
        for tool, line in {"s2c": [sys.executable, "-m", "doit"], **rivals.lay_out(root, count)}.items():
            if shutil.which(line[0]):
                print(f"{tool:20} {rivals.cost(line, root / tool, env)}", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SPECS)
