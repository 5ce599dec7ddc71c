"""Ctrl-C, once and twice, SIGTERM, SIGHUP: how a run ends, what is left of it, and that the next one goes on."""

import contextlib
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from s2c import wire
from tests import loopback, stand_in
from tests.crashes import Undisturbed, implementations, lay_out, model, times_asked, undisturbed
from tests.loopback import Behaviour, Exchange, Server, chunk, usage_chunk
from tests.openai_server import AnswerBook, answer_fills, asked
from tests.projects import Ended, Tree

PATIENCE = 120.0
SOON = 20.0  # seconds in which a run must be over on a busy machine; its answers would take longer
THREADS = ("-n", "2", "-P", "thread")
MODES = [pytest.param((), id="in-order"), pytest.param(THREADS, id="in-threads", marks=pytest.mark.slow)]


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """The same build without a signal, once for all tests."""
    return undisturbed(tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture
def project(tmp_path: Path) -> Tree:
    """Four specs, never built; what runs for them has its temporary files in a folder of its own."""
    tree = lay_out(Tree(tmp_path / "project"), tmp_path / "tool")
    (tmp_path / "scratch").mkdir()
    tree.env["TMPDIR"] = str(tmp_path / "scratch")
    return tree


def gated(solver: AnswerBook, go: threading.Event) -> Behaviour:
    """Streams half of a right answer, and the rest when it may."""

    def behave(exchange: Exchange) -> None:
        prompt = exchange.received.prompt
        nonce, ids = asked(prompt)
        text = wire.render(nonce, {one: solver(one, prompt) or "" for one in ids})
        exchange.open()
        exchange.event(chunk(text[: len(text) // 2]))
        while not go.wait(0.05):
            if exchange.closing.is_set():
                return
        counts = {"prompt_tokens": exchange.received.prompt_tokens, "completion_tokens": len(text) // 4}
        for event in (chunk(text[len(text) // 2 :]), chunk(finish="stop"), usage_chunk(counts), "[DONE]"):
            exchange.event(event)
        exchange.end()

    return behave


def until(condition: Callable[[], object]) -> None:
    """Wait until it holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


def over(process: "subprocess.Popen[bytes]", code: int) -> Ended:
    """Wait for a started doit; it ended with this code, without a traceback or a warning."""
    out, err = process.communicate(timeout=PATIENCE)
    ended = Ended(process.returncode, out.decode(), err.decode())
    assert ended.code == code, ended.text
    assert "Traceback" not in ended.text, ended.text
    assert "Warning" not in ended.text, ended.text
    return ended


def living(folder: Path) -> list[str]:
    """The command lines of processes that work in this folder or name it."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes().decode("utf-8", "replace") if entry.name.isdigit() else ""
            if command and (str(folder) in command or (entry / "cwd").readlink().is_relative_to(folder)):
                found.append(command.replace("\0", " "))
    return found


def streaming(tree: Tree, count: int) -> bool:
    """Whether text of so many requests lies on disk."""
    return sum(1 for path in (tree.root / "cache/db/spool").glob("*.txt") if path.stat().st_size) >= count


def said(process: "subprocess.Popen[bytes]", word: bytes) -> None:
    """Wait until a line with this word comes."""
    assert process.stderr is not None
    too_late = threading.Timer(PATIENCE, process.kill)
    too_late.start()
    try:
        assert any(word in line for line in process.stderr), f"it never said {word!r}"
    finally:
        too_late.cancel()


# --- answers are out --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_ctrl_c_waits_for_answers(project: Tree, whole: Undisturbed, mode: tuple[str, ...]) -> None:
    """Ctrl-C while two answers stream: it says that it waits, gets them whole, sends no more; nothing is paid twice."""
    go = threading.Event()
    with Server(gated(model(), go)) as server:
        project.configure(base_url=server.url)
        run = project.start(*mode)
        until(lambda: streaming(project, 2))
        run.send_signal(signal.SIGINT)
        said(run, b"waiting for 2 answers")
        assert run.poll() is None
        go.set()
        over(run, 128 + signal.SIGINT)
        assert len(server.requests) == 2
        next_run = project.doit()
    assert next_run.code == 0, next_run.text
    assert "possibly billed" not in next_run.text
    assert times_asked(server.requests) == whole.asked
    assert implementations(project) == whole.built


@pytest.mark.parametrize("mode", MODES)
def test_ctrl_c_twice_leaves_at_once(project: Tree, mode: tuple[str, ...]) -> None:
    """The second Ctrl-C waits for nothing; what had come of the answers is kept and read by the next run."""
    with Server(*[gated(model(), threading.Event())] * 2, answer_fills(model())) as server:
        project.configure(base_url=server.url)
        run = project.start(*mode)
        until(lambda: streaming(project, 2))
        run.send_signal(signal.SIGINT)
        said(run, b"Ctrl-C again leaves at once")
        begun = time.monotonic()
        run.send_signal(signal.SIGINT)
        over(run, 128 + signal.SIGINT)
        assert time.monotonic() - begun < SOON
        next_run = project.doit()
    assert next_run.code == 0, next_run.text
    assert "answers that were paid for earlier" in next_run.text


@pytest.mark.parametrize("number", [signal.SIGTERM, pytest.param(signal.SIGHUP, marks=pytest.mark.slow)])
@pytest.mark.parametrize("mode", MODES)
def test_others_leave_at_once(project: Tree, number: signal.Signals, mode: tuple[str, ...]) -> None:
    """SIGTERM and SIGHUP wait for no answer; what had come is kept and read by the next run."""
    with Server(*[gated(model(), threading.Event())] * 2, answer_fills(model())) as server:
        project.configure(base_url=server.url)
        run = project.start(*mode)
        until(lambda: streaming(project, 2))
        begun = time.monotonic()
        run.send_signal(number)
        ended = over(run, 128 + number)
        assert time.monotonic() - begun < SOON
        next_run = project.doit()
    assert f"ended by {number.name}" in ended.err
    assert next_run.code == 0, next_run.text
    assert "answers that were paid for earlier" in next_run.text


@pytest.mark.slow
def test_sigterm_while_ctrl_c_waits(project: Tree) -> None:
    """Whoever waits after a Ctrl-C still leaves at once on SIGTERM, with its code."""
    with Server(gated(model(), threading.Event())) as server:
        project.configure(base_url=server.url)
        run = project.start()
        until(lambda: streaming(project, 2))
        run.send_signal(signal.SIGINT)
        said(run, b"waiting for 2 answers")
        run.send_signal(signal.SIGTERM)
        over(run, 128 + signal.SIGTERM)


@pytest.mark.slow
def test_ctrl_c_does_not_wait_for_another_try(project: Tree) -> None:
    """A request that waits to be sent again has nothing to lose: Ctrl-C leaves, and nothing is told as lost."""
    with Server(loopback.status(429, headers={"retry-after": "100"})) as server:
        project.configure(base_url=server.url)
        run = project.start()
        until(lambda: '"retry"' in (project.read("build/events.jsonl") if (project.root / "build").exists() else ""))
        begun = time.monotonic()
        run.send_signal(signal.SIGINT)
        over(run, 128 + signal.SIGINT)
        assert time.monotonic() - begun < SOON
    with Server(answer_fills(model())) as server:
        project.configure(base_url=server.url)
        next_run = project.doit()
    assert next_run.code == 0, next_run.text
    assert "possibly billed" not in next_run.text


@pytest.mark.slow
def test_an_ignored_signal_stays_ignored(project: Tree, whole: Undisturbed) -> None:
    """Under nohup a SIGHUP ends nothing."""
    go = threading.Event()
    with Server(gated(model(), go)) as server:
        project.configure(base_url=server.url)
        before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
        try:
            run = project.start()
        finally:
            signal.signal(signal.SIGHUP, before)
        until(lambda: streaming(project, 2))
        run.send_signal(signal.SIGHUP)
        go.set()
        over(run, 0)
    assert implementations(project) == whole.built


# --- verifiers run ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number", [signal.SIGINT, *(pytest.param(one, marks=pytest.mark.slow) for one in (signal.SIGTERM, signal.SIGHUP))]
)
@pytest.mark.parametrize("mode", MODES)
def test_no_verifier_outlives_a_run(
    project: Tree, tmp_path: Path, number: signal.Signals, mode: tuple[str, ...]
) -> None:
    """While verifiers run: over at once, no process and no file of theirs is left; the next run goes on for nothing."""
    scratch = tmp_path / "scratch"
    with Server(answer_fills(model(wrong_first=""))) as server:
        project.configure(base_url=server.url)
        run = project.start(*mode, env={"END_KIND": "none"})
        until(lambda: stand_in.runs(tmp_path / "tool") >= 3)  # its self-tests are done
        (tmp_path / "tool/pause").write_text("1000")
        until(lambda: len(living(scratch)) >= 2)
        begun = time.monotonic()
        run.send_signal(number)
        over(run, 128 + number)
        assert time.monotonic() - begun < SOON
        until(lambda: not living(scratch))
        assert not list(scratch.iterdir())
        (tmp_path / "tool/pause").unlink()
        sent = len(server.requests)
        next_run = project.doit()
    assert next_run.code == 0, next_run.text
    assert len(server.requests) == max(sent, 2)


@pytest.mark.slow
def test_killed_while_verifiers_run(project: Tree, tmp_path: Path) -> None:
    """After kill -9 too no process of a verifier is left, and the next run goes on for free."""
    scratch = tmp_path / "scratch"
    with Server(answer_fills(model(wrong_first=""))) as server:
        project.configure(base_url=server.url)
        run = project.start()
        until(lambda: stand_in.runs(tmp_path / "tool") >= 3)
        (tmp_path / "tool/pause").write_text("1000")
        until(lambda: len(living(scratch)) >= 2)
        run.kill()
        over(run, -signal.SIGKILL)
        until(lambda: not living(scratch))
        (tmp_path / "tool/pause").unlink()
        sent = len(server.requests)
        next_run = project.doit()
    assert next_run.code == 0, next_run.text
    assert len(server.requests) == max(sent, 2)


# --- it waits for another run -----------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_who_waits_for_the_lock_can_leave(project: Tree, whole: Undisturbed, number: signal.Signals) -> None:
    """A run that waits for another leaves at once; the other one is not touched, and its holder is still told."""
    go = threading.Event()
    with Server(gated(model(), go)) as server:
        project.configure(base_url=server.url)
        first = project.start()
        until(lambda: streaming(project, 2))
        second = project.start()
        said(second, f"waiting for process {first.pid}".encode())
        second.send_signal(number)
        over(second, 128 + number)
        assert str(first.pid) in project.read("cache/db/solve.holder")
        go.set()
        over(first, 0)
    assert implementations(project) == whole.built
