"""How soon `s2c watch` tells a syntax error after it was saved: python bench/watch.py [SPECS] [SAVES].

The first build of the project runs meanwhile, as it does when somebody begins to work. Prints median, 95th percentile
and the longest, in milliseconds.
"""

import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from bench import many  # noqa: E402

PATIENCE = 20.0  # seconds


def delays(root: Path, specs: int, saves: int) -> list[float]:
    """Milliseconds from a save to the line that tells its error."""
    env = {**many.environment(root), "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "-m", "s2c.cli", "watch"]
    watcher = subprocess.Popen(command, cwd=root, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if watcher.stdout is not None:
        os.set_blocking(watcher.stdout.fileno(), False)
    until(watcher, b"run 1 begins")
    chance, found = random.Random(1), []  # noqa: S311 - the same files each time
    for number in range(saves):
        path = many.path_of(chance.randrange(specs))
        good = (root / path).read_text(encoding="utf-8")
        time.sleep(0.5 + chance.random() / 2)
        begun = time.monotonic()
        (root / path).write_text("\n" * number + "}\n" + good, encoding="utf-8")
        until(watcher, f"{path}:{number + 1}:".encode(), b": error: ")  # a place of its own for each save
        found.append(1000 * (time.monotonic() - begun))
        (root / path).write_text(good, encoding="utf-8")
        until(watcher, f"{path}: ".encode())
    for signalled in (watcher.terminate, watcher.terminate):  # the second does not wait for the build
        signalled()
        time.sleep(0.5)
    watcher.wait(60)
    return found


def until(watcher: "subprocess.Popen[bytes]", *words: bytes) -> None:
    """Read lines until one has all of these."""
    ends, text = time.monotonic() + PATIENCE, b""
    while time.monotonic() < ends:
        text += (watcher.stdout.read() if watcher.stdout is not None else b"") or b""
        if any(all(word in line for word in words) for line in text.splitlines()):
            return
        time.sleep(0.002)
    raise TimeoutError(f"{words}: {text.decode()}")


def main() -> None:
    """One project of so many specs."""
    given = [int(one) for one in sys.argv[1:]]
    specs, saves = (*given, *(10, 50)[len(given) :])
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "project"
        many.write(root, specs)
        found = sorted(delays(root, specs, saves))
    tail = found[int(len(found) * 0.95)]
    told = f"median {statistics.median(found):.0f} ms, 95 % {tail:.0f}, longest {found[-1]:.0f}"
    print(f"{specs} specs, {saves} saves: {told}")


if __name__ == "__main__":
    main()
