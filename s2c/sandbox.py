"""One process in its own group, directory, limits and environment.

Law: a run leaves behind its output and nothing else: no process, no file. What it sees is its command, its files and
an environment built here; keys never reach it. It knows nothing of verifiers and judges nothing.

Per process: CPU seconds, data memory, size of any one file. Per run: wall clock, what its directory takes of the disk
(looked at each second), every descendant killed. The network is taken away where the system allows it
(`network_isolation` says). The rest of the file system is not: a run may read and write there what its user may. A
process dies with s2c itself, even if that is killed by SIGKILL.
"""

import contextlib
import functools
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from s2c.errors import S2cError
from s2c.process import RawRun, Run

FILE_BYTES = 64 * 1024 * 1024  # of stdout, of stderr, of any one file: beyond that a run is stopped
DISK_BYTES = 2 * 1024**3  # of all that lies in a run's directory
SUPERVISOR = Path(__file__).with_name("supervise.py")
PASSED = ("PATH", "DOTNET_ROOT")  # found by name there; everything else a tool needs is its wrapper's to set
OWN_NETWORK = Path("/proc/self/ns/net")
SWEEP = 5.0  # seconds in which what a killed supervisor left must go
GRACE = 30  # seconds for the supervisor to clean up after the wall clock, before it is given up


class Stop:
    """A way to end runs from another thread: `now()` kills every run that was given this, later ones too."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: set[subprocess.Popen[bytes]] = set()
        self._now = False

    def now(self) -> None:
        """End them all. Returns at once; each `execute` returns when its processes are gone."""
        with self._lock:
            self._now = True
            for process in self._live:
                process.terminate()

    @property
    def was_called(self) -> bool:
        """Whether `now` was called."""
        return self._now

    def watch(self, process: subprocess.Popen[bytes]) -> None:
        """Count `process` (a supervisor) among those to be ended."""
        with self._lock:
            self._live.add(process)
            if self._now:
                process.terminate()

    def forget(self, process: subprocess.Popen[bytes]) -> None:
        """`process` has been waited for."""
        with self._lock:
            self._live.discard(process)


def execute(run: Run, *, root: Path | None = None, stop: Stop | None = None) -> RawRun:
    """Run it to its end, or to a limit, and return what came of it. Safe to call from many threads at once.

    `root` is where the private directory is made (default: the system's temporary directory). What can't be started
    has `missing` set. `killed` is `wall`, `output`, `disk`, `stopped` (by `stop`), or `lost` (something else killed
    what watches over it). Raises S2cError for file names that would lie outside the directory.
    """
    program = _program(run.command)
    if program is None:
        return _missing(f"{run.command[0]}: no such program" if run.command else "no command")
    place = Path(tempfile.mkdtemp(prefix="s2c-run-", dir=root)).resolve()
    try:
        work = _lay_out(place, run.files)
        first = _raw(run, _supervise(_order(run, program, place, ""), stop), place, work, "")
        later = _follow(run, first, place, work, stop)
        return replace(first, then=later, cpu_ms=first.cpu_ms + sum(one.cpu_ms for one in later))
    finally:
        _remove(place)


def _follow(run: Run, last: RawRun, place: Path, work: Path, stop: Stop | None) -> tuple[RawRun, ...]:
    """The commands that follow the first, until one does not end with exit code 0."""
    done: list[RawRun] = []
    for number, command in enumerate(run.then, 1):
        if last.exit != 0:
            break
        program = _program(command)
        one = replace(run, command=command)
        if program is None:
            last = _missing(f"{command[0]}: no such program")
        else:
            last = _raw(one, _supervise(_order(one, program, place, f"-{number}"), stop), place, work, f"-{number}")
        done.append(last)
    return tuple(done)


@functools.cache
def network_isolation() -> str:
    """How runs are kept from the network on this machine, or `not enforced: WHY`."""
    command = [sys.executable, "-I", "-S", str(SUPERVISOR), "probe"]
    answer = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False, timeout=60)
    return answer.stdout.decode("utf-8", "replace") or "not enforced: the probe gave no answer"


def _program(command: tuple[str, ...]) -> str | None:
    """The absolute path of what is to be started; a name without a slash is looked up on PATH."""
    if not command or not command[0]:
        return None
    if "/" in command[0]:
        path = str(Path(command[0]).absolute())
        return path if Path(path).exists() else None
    return shutil.which(command[0])


def _missing(why: str) -> RawRun:
    return RawRun(exit=None, stdout=b"", stderr=b"", collected={}, missing=why)


def _lay_out(place: Path, files: Mapping[str, bytes]) -> Path:
    """`place`/work with exactly these files, and the directories that HOME and TMPDIR name."""
    for name in ("work", "home", "tmp"):
        (place / name).mkdir(mode=0o700)
    work = place / "work"
    for name, content in sorted(files.items()):
        target = work / _relative(name)
        try:
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with target.open("xb") as out:
                out.write(content)
        except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
            raise S2cError(f"two files of one run stand in each other's way: {error.filename}", where=name) from error
    return work


def _relative(name: str) -> PurePosixPath:
    """`name` if it stays inside the directory it is put in."""
    path = PurePosixPath(name)
    if not name or "\0" in name or path.is_absolute() or ".." in path.parts or path == PurePosixPath():
        raise S2cError("a file of a run must lie inside its directory", where=repr(name))
    return path


def _order(run: Run, program: str, place: Path, number: str) -> str:
    """What the supervisor is told, as JSON. `number` tells the outputs of commands in one directory apart."""
    return json.dumps(
        {
            "command": [program, *run.command[1:]],
            "cwd": str(place / "work"),
            "environment": {**_environment(place), **run.environment},
            "stdout": str(place / f"stdout{number}"),
            "stderr": str(place / f"stderr{number}"),
            "wall_seconds": run.limits.wall_seconds,
            "cpu_seconds": run.limits.cpu_seconds,
            "memory_bytes": run.limits.memory_bytes,
            "file_bytes": FILE_BYTES,
            "disk_bytes": DISK_BYTES,
            "parent": os.getpid(),
            "place": str(place),
        }
    )


def _environment(place: Path) -> dict[str, str]:
    temporary = str(place / "tmp")
    return {
        **{name: os.environ[name] for name in PASSED if name in os.environ},
        "HOME": str(place / "home"),
        **dict.fromkeys(("TMPDIR", "TMP", "TEMP"), temporary),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "DOTNET_CLI_TELEMETRY_OPTOUT": "1",
        "DOTNET_NOLOGO": "1",
    }


def _supervise(order: str, stop: Stop | None) -> dict[str, Any]:
    """Start the supervisor and wait for its report. On any exception, Ctrl-C too, it is told to end and waited for."""
    watcher = stop or Stop()
    limit: int = json.loads(order)["wall_seconds"]
    # A session of its own: Ctrl-C in the terminal reaches s2c, which then ends its runs in order.
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(SUPERVISOR), order],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={"PATH": os.environ.get("PATH", os.defpath)},
    )
    answer = b""
    why = "lost"
    try:
        watcher.watch(process)
        answer, _ = process.communicate(timeout=limit + GRACE if limit else None)
        why = "stopped" if watcher.was_called else why
    except subprocess.TimeoutExpired:
        why = "wall"
    finally:
        _end(process)
        watcher.forget(process)
    network, _, report = answer.decode().rpartition("\n")
    if not report:
        _sweep(network)
    return dict(json.loads(report)) if report else {"killed": why}


def _sweep(network: str) -> None:
    """Kill every process in a run's own network: its supervisor was killed and could not do it."""
    end = time.monotonic() + SWEEP
    while network and network != str(OWN_NETWORK.readlink()) and time.monotonic() < end:
        found = [int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit() and _is_in(one, network)]
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if not found:
            return
        time.sleep(0.02)


def _is_in(process: Path, network: str) -> bool:
    try:
        return str((process / "ns" / "net").readlink()) == network
    except OSError:  # it is gone, or is not ours
        return False


def _end(process: subprocess.Popen[bytes]) -> None:
    """Make sure that the supervisor, and through it everything below, is gone."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _raw(run: Run, report: dict[str, Any], place: Path, work: Path, number: str) -> RawRun:
    if report.get("missing"):
        return _missing(f"{run.command[0]}: {report['missing']}")
    stdout, stderr = _read(place / f"stdout{number}") or b"", _read(place / f"stderr{number}") or b""
    flooded = max(len(stdout), len(stderr)) >= FILE_BYTES
    killed = "output" if flooded and not report.get("killed") else report.get("killed", "")
    found = {name: _read(work / _relative(name), within=work) for name in run.collect}
    return RawRun(
        exit=None if killed else report.get("exit"),
        stdout=stdout,
        stderr=stderr,
        collected={name: content for name, content in found.items() if content is not None},
        killed=killed,
        wall_ms=report.get("wall_ms", 0),
        cpu_ms=report.get("cpu_ms", 0),
    )


def _read(path: Path, within: Path | None = None) -> bytes | None:
    """The bytes of a plain file, or None. A link, or a way to it through one, is not followed out of `within`."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        if within is not None and not path.resolve().is_relative_to(within):
            return None
        with path.open("rb") as file:
            return file.read(FILE_BYTES)
    except OSError:
        return None


def _remove(place: Path) -> None:
    """Remove the directory, also where a tool took its own permissions away."""
    shutil.rmtree(place, ignore_errors=True)
    if place.exists():
        for folder, _, _ in os.walk(place):
            Path(folder).chmod(0o700)
        shutil.rmtree(place, ignore_errors=True)
