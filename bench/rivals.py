"""The same build for the tools that s2c is measured against: as many files, as many edges, nothing but copies.

Law: a rival does what a rival's user would write by hand, one edge a target: from each spec its implementation, from
each implementation its verdict.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import many

DODO = '''"""As many tasks as specs have targets."""

import shutil
from pathlib import Path

DOIT_CONFIG = {"default_tasks": ["verify"], "verbosity": 0, "reporter": "zero"}
SPECS = Path("specs.txt").read_text().splitlines()


def copy(source, target):
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def task_generate():
    for spec in SPECS:
        target = f"build/{spec}"
        yield {"name": spec, "actions": [(copy, [spec, target])], "file_dep": [spec], "targets": [target]}


def task_verify():
    for spec in SPECS:
        source, target = f"build/{spec}", f"ok/{spec}"
        yield {"name": spec, "actions": [(copy, [source, target])], "file_dep": [source], "targets": [target]}
'''


@dataclass(frozen=True)
class Cost:
    """What a command took: seconds of processor and of the clock, MB at most."""

    cpu: float
    wall: float
    megabytes: float

    def __str__(self) -> str:
        return f"{self.cpu:6.2f} s CPU, {self.wall:6.2f} s wall, {self.megabytes:4.0f} MB"


def cost(command: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> Cost:
    """Run it in this folder. Raises RuntimeError if it fails."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    with (folder / ".said").open("wb") as said:
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=said, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(command, (folder / ".said").read_text(encoding="utf-8")[-2000:])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(cpu, wall, used.ru_maxrss / 1024)


def lay_out(root: Path, count: int) -> dict[str, Sequence[str]]:
    """The same specs under `root`/NAME for each rival; its command by its name."""
    commands: dict[str, Sequence[str]] = {
        "doit": [sys.executable, "-m", "doit"],
        "make": ["make", "-s", "-j2"],
        "ninja": ["ninja", "--quiet"],
    }
    specs = [many.path_of(number) for number in range(count)]
    for name in commands:
        many.write(root / name, count)
        (root / name / "dodo.py").unlink()
    (root / "doit" / "dodo.py").write_text(DODO, encoding="utf-8")
    (root / "doit" / "specs.txt").write_text("\n".join(specs), encoding="utf-8")
    (root / "make" / "Makefile").write_text(_makefile(specs), encoding="utf-8")
    (root / "ninja" / "build.ninja").write_text(_ninja(specs), encoding="utf-8")
    return commands


def _makefile(specs: Sequence[str]) -> str:
    rules = "".join(f"build/{one}: {one}\n\t@cp $< $@\nok/{one}: build/{one}\n\t@cp $< $@\n" for one in specs)
    folders = sorted({f"{top}/{Path(one).parent}" for one in specs for top in ("build", "ok")})
    return (
        ".SUFFIXES:\nMAKEFLAGS += -r\n$(shell mkdir -p "
        + " ".join(folders)
        + ")\nall: "
        + " ".join(f"ok/{one}" for one in specs)
        + "\n"
        + rules
    )


def _ninja(specs: Sequence[str]) -> str:
    head = "rule copy\n  command = cp $in $out\n"
    return head + "".join(f"build build/{one}: copy {one}\nbuild ok/{one}: copy build/{one}\n" for one in specs)
