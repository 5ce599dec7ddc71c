"""Runs leave nothing behind, see nothing they should not, and end in time."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from s2c.errors import S2cError
from s2c.process import Limits, RawRun, Run
from s2c.sandbox import FILE_BYTES, Stop, execute, network_isolation

PATIENCE = 20.0  # seconds until something that must happen soon counts as not happening


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """An empty folder where runs get their directories."""
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


def shell(script: str, wall: int = 60, **more: object) -> Run:
    """A run of a shell script."""
    limits = Limits(wall, **{k: int(str(v)) for k, v in more.items()})
    return Run(("sh", "-c", script), {}, limits)


def alive(pid: int) -> bool:
    """Whether a process of that id still runs."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def gone(pids: list[int]) -> bool:
    """Whether all of them end before patience does."""
    end = time.monotonic() + PATIENCE
    while any(map(alive, pids)) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(map(alive, pids))


def pids(raw: RawRun) -> list[int]:
    """Process ids that a script printed."""
    return [int(word) for word in raw.stdout.split()]


def test_a_run_sees_exactly_its_files(place: Path) -> None:
    """The working directory holds the run's files and nothing else, in directories that only we can enter."""
    run = Run(
        ("sh", "-c", "find . -type f | sort; cat a/b.txt; stat -c %a . .."),
        {"a/b.txt": b"x\xff\n", "c": b""},
        Limits(60),
    )
    raw = execute(run, root=place)
    assert raw.exit == 0
    assert raw.stdout == b"./a/b.txt\n./c\nx\xff\n700\n700\n"


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "", ".", "a\0b"])
def test_no_file_lands_outside(name: str, place: Path) -> None:
    """A name that would lead out of the directory is refused before anything is started."""
    with pytest.raises(S2cError):
        execute(Run(("true",), {name: b""}, Limits(60)), root=place)
    assert not list(place.iterdir())


def test_files_in_each_others_way_are_an_error(place: Path) -> None:
    """`a` and `a/b` can't both be laid out; the error is ours, and nothing is left."""
    with pytest.raises(S2cError):
        execute(Run(("true",), {"a": b"", "a/b": b""}, Limits(60)), root=place)
    assert not list(place.iterdir())


def test_keys_do_not_reach_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is built from an allow list: what s2c knows of keys stays with it."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("LD_PRELOAD_X", "whatever")
    names = {line.partition(b"=")[0] for line in execute(shell("env")).stdout.splitlines()}
    assert b"PATH" in names
    given = b"PATH DOTNET_ROOT HOME TMPDIR TMP TEMP LANG TZ DOTNET_CLI_TELEMETRY_OPTOUT DOTNET_NOLOGO"
    assert names - {b"PWD", b"OLDPWD", b"SHLVL", b"_"} <= set(given.split())  # the shell adds those


def test_home_and_temporary_files_are_private(place: Path) -> None:
    """HOME and TMPDIR lie in the run's own directory, and go with it."""
    raw = execute(shell('touch "$HOME/x" "$TMPDIR/y"; echo "$HOME $TMPDIR"'), root=place)
    assert all(name.startswith(str(place)) for name in raw.stdout.decode().split())
    assert not list(place.iterdir())


def test_standard_input_is_empty() -> None:
    """A tool that reads standard input meets its end at once."""
    assert execute(shell("cat; echo done")).stdout == b"done\n"


def test_the_wall_clock_ends_every_descendant() -> None:
    """At the limit the whole group is killed, and so is what left the group."""
    raw = execute(
        shell("sleep 1000 & echo $!; setsid sleep 1000 & echo $!; (setsid sh -c 'echo $$; exec sleep 1000' &); wait", 1)
    )
    assert (raw.exit, raw.killed) == (None, "wall")
    assert len(pids(raw)) == 3
    assert not any(map(alive, pids(raw)))


def test_orphans_do_not_outlive_a_run_that_ends() -> None:
    """A child that exits and leaves children behind leaves none."""
    raw = execute(shell("(setsid sleep 1000 & echo $!); sleep 1000 & echo $!; exit 7"))
    assert (raw.exit, raw.killed) == (7, "")
    assert len(pids(raw)) == 2
    assert not any(map(alive, pids(raw)))


def test_output_is_bounded(place: Path) -> None:
    """A flood is cut off at the limit and told as such."""
    raw = execute(shell("exec yes"), root=place)
    assert (raw.exit, raw.killed) == (None, "output")
    assert len(raw.stdout) == FILE_BYTES


def test_what_cannot_start_is_missing() -> None:
    """No such program, no right to run it, no program at all: told, not raised."""
    assert "no such program" in execute(Run(("no-such-program-here",), {}, Limits(60))).missing
    assert "no such program" in execute(Run(("/no/such/program",), {}, Limits(60))).missing
    assert "/etc/passwd" in execute(Run(("/etc/passwd",), {}, Limits(60))).missing
    assert execute(Run((), {}, Limits(60))).missing


def test_a_signal_is_a_negative_exit() -> None:
    """What a signal ended says which."""
    assert execute(shell("kill -ABRT $$")).exit == -signal.SIGABRT


def test_only_plain_files_are_collected() -> None:
    """Wanted files come back; absent ones, links and what lies behind a linked directory do not."""
    script = "echo hi > out; ln -s /etc/passwd link; ln -s /etc dir; mkdir sub; echo deep > sub/x"
    run = Run(("sh", "-c", script), {}, Limits(60), collect=("out", "link", "dir/passwd", "sub/x", "absent"))
    assert execute(run).collected == {"out": b"hi\n", "sub/x": b"deep\n"}


def test_cpu_time_is_limited_and_counted() -> None:
    """A busy loop ends at its CPU limit; time of grandchildren is in the sum."""
    raw = execute(shell("sh -c 'while :; do :; done'; exit 3", cpu_seconds=1))
    assert raw.exit == 3
    assert raw.cpu_ms >= 900


def test_memory_is_limited() -> None:
    """A process that asks for more data than allowed does not get it."""
    script = "b = bytearray(512 * 1024 * 1024)"
    greedy = Run((sys.executable, "-I", "-S", "-c", script), {}, Limits(60, memory_bytes=128 * 1024 * 1024))
    assert b"MemoryError" in execute(greedy).stderr


def test_the_network_is_away() -> None:
    """A server on this machine can't be reached from a run where isolation is said to be enforced."""
    if network_isolation().startswith("not enforced"):
        pytest.skip(network_isolation())
    with socket.create_server(("127.0.0.1", 0)) as server:
        code = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]}), 5)"
        raw = execute(Run((sys.executable, "-I", "-c", code), {}, Limits(60)))
    assert raw.exit == 1
    assert b"OSError" in raw.stderr or b"Error" in raw.stderr


def test_many_threads_at_once() -> None:
    """Runs started from many threads do not disturb each other."""
    found: dict[int, RawRun] = {}
    threads = [
        threading.Thread(target=lambda n=n: found.update({n: execute(shell(f"echo {n}; exit {n}"))})) for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {n: (raw.exit, raw.stdout) for n, raw in found.items()} == {n: (n, b"%d\n" % n) for n in range(12)}


def test_stop_ends_runs_from_another_thread() -> None:
    """What runs is killed, and what comes after ends at once."""
    stop = Stop()
    timer = threading.Timer(0.3, stop.now)
    timer.start()
    assert execute(shell("sleep 1000"), stop=stop).killed == "stopped"
    assert execute(shell("sleep 1000"), stop=stop).killed == "stopped"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_outlives_s2c(number: signal.Signals, tmp_path: Path, place: Path) -> None:
    """However s2c itself ends, by Ctrl-C or SIGKILL, the run, its descendants and its directory go too."""
    note = tmp_path / "pids"
    script = f"setsid sleep 1000 & echo $! > {note}.new; sleep 1000 & echo $! >> {note}.new; mv {note}.new {note}; wait"
    run = f"Run(('sh', '-c', {script!r}), {{}}, Limits(900))"
    code = (
        f"from s2c.sandbox import execute, Path; from s2c.process import *; execute({run}, root=Path({str(place)!r}))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stderr=subprocess.DEVNULL, cwd=Path(__file__).parent.parent
    ) as parent:
        end = time.monotonic() + PATIENCE
        while not note.exists() and time.monotonic() < end:
            time.sleep(0.02)
        parent.send_signal(number)
    left = [int(word) for word in note.read_text().split()]
    assert len(left) == 2
    assert gone(left)
    end = time.monotonic() + PATIENCE
    while list(place.iterdir()) and time.monotonic() < end:
        time.sleep(0.02)
    assert not list(place.iterdir())


def test_the_directory_goes_even_if_it_was_locked(place: Path) -> None:
    """A tool that takes permissions away from its own files does not leave them behind."""
    execute(shell("mkdir -p a/b; touch a/b/c; chmod 000 a/b; chmod 000 a"), root=place)
    assert not list(place.iterdir())


def test_a_relative_command_is_meant_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`tools/x` names the file below the directory where s2c was started, not below the run's."""
    tool = tmp_path / "tools" / "x"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho here\n")
    tool.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert execute(Run(("tools/x",), {}, Limits(60))).stdout == b"here\n"
    assert os.environ["PATH"]


def test_commands_that_follow_share_the_folder(place: Path) -> None:
    """What follows the first command finds what it wrote, and each has outputs of its own."""
    write, read = ("sh", "-c", "echo one; echo kept > file"), ("sh", "-c", "cat file; echo two >&2")
    raw = execute(Run(write, {}, Limits(60), ("file",), then=(read, ("sh", "-c", "exit 3"))), root=place)
    assert (raw.exit, raw.stdout) == (0, b"one\n")
    assert [(one.exit, one.stdout, one.stderr) for one in raw.then] == [(0, b"kept\n", b"two\n"), (3, b"", b"")]
    assert raw.then[0].collected == {"file": b"kept\n"}
    assert list(place.iterdir()) == []


@pytest.mark.parametrize(
    ("first", "reached"),
    [(("sh", "-c", "exit 1"), 0), (("sh", "-c", "kill -9 $$"), 0), (("no-such-program-here",), 0), (("true",), 2)],
)
def test_nothing_follows_a_command_that_failed(place: Path, first: tuple[str, ...], reached: int) -> None:
    """A later command runs only while those before it end with exit code 0; one that is missing says so."""
    raw = execute(Run(first, {}, Limits(60), then=(("true",), ("gone-too",), ("true",))), root=place)
    assert len(raw.then) == reached
    assert [one.missing for one in raw.then] == ["", "gone-too: no such program"][:reached]


def test_the_wall_clock_holds_for_what_follows(place: Path) -> None:
    """A command that follows is stopped by the same limit."""
    raw = execute(Run(("true",), {}, Limits(1), then=(("sleep", "50"),)), root=place)
    assert [(one.exit, one.killed) for one in raw.then] == [(None, "wall")]


def test_a_run_has_variables_of_its_own(place: Path) -> None:
    """`environment` is seen by every command of the run, beside what each run has."""
    show = ("sh", "-c", "echo $WHERE-$TZ")
    raw = execute(Run(show, {}, Limits(60), then=(show,), environment={"WHERE": "here"}), root=place)
    assert (raw.stdout, raw.then[0].stdout) == (b"here-UTC\n", b"here-UTC\n")
