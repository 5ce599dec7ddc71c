"""The small program that stands between s2c and a verifier: it starts one command and leaves nothing of it behind.

Law: when this program ends, no process that the command started still runs, whatever ended it: the command itself, a
limit, a word from s2c (SIGTERM), or the death of s2c. It is the only program that s2c starts directly, it imports only
the standard library, and it is one thread, so what it does between fork and exec is safe; `sandbox.py`, which may be
called from many threads, could not do that itself.

Called as `python -I -S supervise.py ORDER`, ORDER being JSON: command, cwd, environment, stdout, stderr (paths),
wall_seconds, cpu_seconds, memory_bytes, file_bytes, disk_bytes (0: no limit), parent (process id), place (the directory
that goes with the run if s2c dies). It prints a line that names the command's network, if that has one of its own (by
which s2c finds what is left should this program be killed), and one of JSON: exit, killed, missing, wall_ms, cpu_ms.
With ORDER `probe` it prints how the network is kept away.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
WATCHED = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
CPU_GRACE = 5  # seconds between the signal that a program may catch and the one that it can't
LOOK_SECONDS = 1.0  # between two looks at what lies in the run's directory
SMALLEST = 4096  # bytes that any file or folder counts for: a million empty ones fill a disk too
REAP_SECONDS = 10  # a process that SIGKILL does not end in this time hangs in the kernel: nothing more can be done


def main(order: str) -> None:
    """Run what `order` says, or answer the probe, and print the result."""
    if order == "probe":
        sys.stdout.write(isolate_network())
        return
    plan: dict[str, Any] = json.loads(order)
    signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    _prctl(PR_SET_CHILD_SUBREAPER, 1)  # orphans of the command become ours, even those that left its session
    _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != plan["parent"]:
        return  # s2c died before the line above took hold
    report = _run(plan)
    if os.getppid() != plan["parent"]:
        _remove(plan["place"])  # s2c is dead: nobody else will
        return
    sys.stdout.write(json.dumps(report))


def _run(plan: dict[str, Any]) -> dict[str, Any]:
    began = time.monotonic()
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        _become(plan, tell)
    os.close(tell)
    status, killed = _wait(child, plan)
    status = _reap(child, status)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "exit": None if killed or status is None else os.waitstatus_to_exitcode(status),
        "killed": killed,
        "missing": os.read(told, 4096).decode("utf-8", "replace"),
        "wall_ms": round((time.monotonic() - began) * 1000),
        "cpu_ms": round((usage.ru_utime + usage.ru_stime) * 1000),
    }


def _become(plan: dict[str, Any], tell: int) -> NoReturn:
    """Turn this forked process into the command; what goes wrong before that is told through `tell`."""
    try:
        os.setsid()
        with contextlib.suppress(OSError):
            isolate_network()
            os.write(1, f"{Path('/proc/self/ns/net').readlink()}\n".encode())
        _redirect(plan)
        _limit(plan)
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)  # after the network's isolation, which would clear it
        os.chdir(plan["cwd"])
        signal.pthread_sigmask(signal.SIG_UNBLOCK, WATCHED)
        for ignored in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them; a program expects them
            signal.signal(ignored, signal.SIG_DFL)
        os.execve(plan["command"][0], plan["command"], plan["environment"])  # noqa: S606 - no shell is the point
    except BaseException as error:  # noqa: BLE001 - a forked copy must never return into the caller's code
        os.write(tell, str(error).encode("utf-8", "replace")[:4096])
    os._exit(127)


def _redirect(plan: dict[str, Any]) -> None:
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for target, path in ((1, plan["stdout"]), (2, plan["stderr"])):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600), target)


def _limit(plan: dict[str, Any]) -> None:
    """RLIMIT_DATA and not RLIMIT_AS: .NET reserves hundreds of GB of addresses that it never fills (measured)."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    seconds, memory, size = plan["cpu_seconds"], plan["memory_bytes"], plan["file_bytes"]
    for what, soft, hard in (
        (resource.RLIMIT_CPU, seconds, seconds + CPU_GRACE),
        (resource.RLIMIT_DATA, memory, memory),
        (resource.RLIMIT_FSIZE, size, size),
    ):
        ceiling = resource.getrlimit(what)[1]
        if soft and (ceiling == resource.RLIM_INFINITY or hard <= ceiling):
            resource.setrlimit(what, (soft, hard))


def isolate_network() -> str:
    """Move this process to a network of its own, no device up; says how. Raises OSError where that is barred."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) == 0:
        return "network namespace"
    user, group = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    # Without these three the process would be nobody; with them it is who it was.
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with contextlib.suppress(OSError):
            Path("/proc/self", name).write_text(text, encoding="ascii")
    return "user and network namespace"


def _wait(child: int, plan: dict[str, Any]) -> tuple[int | None, str]:
    """The status of `child` once it ends, or why it may not go on: `wall`, `disk`, `stopped`."""
    now = time.monotonic()
    deadline = now + plan["wall_seconds"] if plan["wall_seconds"] else float("inf")
    look = now + LOOK_SECONDS if plan["disk_bytes"] else float("inf")
    while True:
        status = _collect(child)
        if status is not None:
            return status, ""
        now = time.monotonic()
        if now >= deadline:
            return None, "wall"
        if now >= look:
            if _is_larger(plan["place"], plan["disk_bytes"]):
                return None, "disk"
            look = time.monotonic() + LOOK_SECONDS
        info = signal.sigtimedwait(WATCHED, max(min(deadline, look, now + 3600) - now, 0))
        if info is not None and info.si_signo != signal.SIGCHLD:
            return None, "stopped"


def _is_larger(place: str, limit: int) -> bool:
    """Whether the files below a folder take more than that; what can't be looked at counts for nothing."""
    size = 0
    for folder, folders, files in os.walk(place):
        for name in (*folders, *files):
            with contextlib.suppress(OSError):
                size += max(os.lstat(f"{folder}/{name}").st_blocks * 512, SMALLEST)
        if size > limit:
            return True
    return False


def _collect(child: int) -> int | None:
    """Reap whatever has ended; the status of `child` if it is among them."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            if ended[0] == child:
                return ended[1]
    return None


def _reap(child: int, status: int | None) -> int | None:
    """Kill and reap every process that is left, until there is none; the status of `child`."""
    deadline = time.monotonic() + REAP_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
        for pid in _children():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        try:
            ended = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return status
        if ended[0] == child:
            status = ended[1]
        elif not ended[0]:
            signal.sigtimedwait({signal.SIGCHLD}, 0.05)
    return status


def _children() -> list[int]:
    """Process ids of our own children (a killed one's children become ours in turn)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                if int(fields[1]) == os.getpid() and fields[0] != "Z":
                    found.append(int(entry.name))
    return found


def _remove(place: str) -> None:
    import shutil  # noqa: PLC0415 - rarely needed, and slow to load for every run

    shutil.rmtree(place, ignore_errors=True)


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, ctypes.c_ulong(value), 0, 0, 0)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except OSError as error:
        sys.stdout.write(f"not enforced: {error.strerror}" if sys.argv[1] == "probe" else "")
