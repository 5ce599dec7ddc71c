"""Faults put into a copy of the engine: each must be found by random edits against the oracle within 60 steps.

Run by `script/prove faults [NAME...]`. Prints what each fault was found by; ends with exit code 1 if one was not.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from tests.faults import FAULTS, killed_by  # noqa: E402


def main(arguments: Sequence[str]) -> int:
    """Each fault that is named, or every one."""
    held = True
    for name in arguments or FAULTS:
        begun = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="s2c-fault-") as folder:
            found = killed_by(name, Path(folder))
        told = found.splitlines()[0] if found else "NOT FOUND"
        seconds = time.monotonic() - begun
        print(f"{'ok  ' if found else 'FAIL'} {name} ({FAULTS[name].what}): {told} [{seconds:.0f} s]", flush=True)
        held = held and bool(found)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
