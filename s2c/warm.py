"""Warm verifiers: a few processes that answer, at a fraction of the cost, what a cold one would be asked to refute.

Law: an answer counts only if the same process, before it and after it, proved what is right, refuted what is wrong and
proved `false` where that follows; until then it is held back. Whatever is in doubt is not refuted, and goes cold. So a
process that lies, hangs, dies or answers for another file costs time, and nothing else.
"""

import queue
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from types import TracebackType
from typing import Protocol, Self

from s2c.languages.base import Job, Reading, language
from s2c.languages.screens import Conversation, Gone, Question, Screen, Screens
from s2c.model import Span
from s2c.process import Tool
from s2c.resident import Resident

FEW = 6  # questions that are left to cold processes: to start a warm one costs as much
MANY = 2 * FEW  # checks ahead, of which it is known at the start that they will be worth it
HELD = 8  # answers at most that wait for the next test of a process
LIVES = 200  # questions for one process: what it gathers goes with it
TROUBLES = 3  # processes in a row that failed before an answer of theirs counted, after which all goes cold
SHARE = 2  # jobs for each warm process: where half is wrong, three questions take as long as the one cold check
WAIT = 4.0  # seconds that an answer waits for others at most, before the test that lets it count
LOOK = 0.1  # seconds between two looks at what is asked
WIDE = 4  # cases for each job that may be judged side by side: while one waits for a warm answer another is run

Answer = Reading | None  # what refutes it; None says nothing
Asked = tuple[Question, "Future[Answer]"]


class Refuter(Protocol):
    """Whoever may refute a clause, or a file."""

    def refutes(self, tool: Tool, job: Job, path: str, clause: Span | None = None) -> "Future[Answer]":
        """Why this clause of the job's file, or the whole of it, is surely not proved. None says nothing."""


class Cold:
    """No warm verifiers: nothing is refuted."""

    wide = 1

    def refutes(self, tool: Tool, job: Job, path: str, clause: Span | None = None) -> "Future[Answer]":
        """Never."""
        del tool, job, path, clause
        return _nothing()

    def close(self) -> None:
        """Nothing runs."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Nothing runs."""


class Warm:
    """Warm verifiers of one run, `jobs` being how many cold ones run beside them. Started when they are worth it.

    `ahead`: how many checks are known to come.
    """

    wide = WIDE

    def __init__(self, jobs: int, ahead: int = 0) -> None:
        self._most = -(-jobs // SHARE)
        self._few = 0 if ahead >= MANY else FEW
        self._lock = threading.Lock()
        self._lines: dict[str, _Line] = {}
        self._closed = False

    def refutes(self, tool: Tool, job: Job, path: str, clause: Span | None = None) -> "Future[Answer]":
        """Asks a warm process, if this tool has such and they are worth it by now."""
        verifier = language(tool.language).verifier
        screen = verifier.screen(tool) if isinstance(verifier, Screens) else None
        question = screen.question(job, path, clause) if screen is not None else None
        with self._lock:
            if screen is None or question is None or self._closed:
                return _nothing()
            line = self._lines.setdefault(tool.identity, _Line(screen, self._most, self._few))
        return line.ask(question)

    def close(self) -> None:
        """End every process; what was asked is not refuted. May be called twice."""
        with self._lock:
            self._closed = True
            lines = list(self._lines.values())
        for line in lines:
            line.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


class _Line:
    """The questions for one tool, and the processes that answer them."""

    def __init__(self, screen: Screen, most: int, few: int) -> None:
        self._screen = screen
        self._most = most
        self._few = few
        self._asked = 0
        self._troubles = 0
        self._waiting: queue.Queue[Asked] = queue.Queue()
        self._threads: list[threading.Thread] = []
        self._over = threading.Event()
        self._lock = threading.Lock()

    def ask(self, question: Question) -> "Future[Answer]":
        with self._lock:
            self._asked += 1
            if self._asked <= self._few or self._over.is_set():
                return _nothing()
            told: Future[Answer] = Future()
            self._waiting.put((question, told))
            if len(self._threads) < self._most and (not self._threads or self._waiting.qsize() > HELD):
                self._threads.append(threading.Thread(target=self._serve, name="s2c-warm", daemon=True))
                self._threads[-1].start()
        return told

    def close(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        self._empty()

    def _empty(self) -> None:
        """What still waits goes cold."""
        while True:
            try:
                _tell(self._waiting.get_nowait()[1], None)
            except queue.Empty:
                return

    def _serve(self) -> None:
        """One process after another, until the end or until too many failed."""
        while not self._over.is_set():
            try:
                served = _Process(self._screen)
            except OSError:  # no room, no more processes: it must not hold up a run
                self._trouble(0)
                continue
            try:
                served.serve(self._waiting, self._over)
            except Gone:
                self._trouble(served.counted)
            finally:
                served.close()
        self._empty()

    def _trouble(self, counted: int) -> None:
        with self._lock:
            self._troubles = 1 if counted else self._troubles + 1
            if self._troubles >= TROUBLES:
                self._over.set()


class _Process:
    """One warm process, and the answers of it that are held back."""

    def __init__(self, screen: Screen) -> None:
        self._resident = Resident(screen.run())
        self._screen = screen
        self._held: list[tuple[Future[Answer], Reading]] = []
        self.counted = 0  # answers that did
        self._tests = self._number = 0
        self._since = 0.0  # when the first of those was held back

    def serve(self, waiting: "queue.Queue[Asked]", over: threading.Event) -> None:
        """Answer until the end, or until it has lived long enough. Raises Gone."""
        with _understood():
            talk = self._screen.converse(self._resident)
        self._test(talk)
        while not over.is_set() and self._number < LIVES:
            if self._held and (len(self._held) >= HELD or time.monotonic() > self._since + WAIT):
                self._give(talk)
            try:
                question, told = waiting.get(timeout=LOOK)
            except queue.Empty:
                continue
            self._answer(talk, question, told)
        if self._held and not over.is_set():
            self._give(talk)

    def close(self) -> None:
        """End it; what was held back is in doubt."""
        for told, _ in self._held:
            _tell(told, None)
        self._resident.close()

    def _answer(self, talk: Conversation, question: Question, told: "Future[Answer]") -> None:
        """What is refuted is held back; what is not goes cold at once."""
        self._number += 1
        try:
            with self._document(f"q{self._number}") as place:
                _lay_out(place, question)
                refuted = talk.ask(place, question)
        except Gone:
            _tell(told, None)
            raise
        if refuted is None:
            _tell(told, None)
            return
        self._since = self._since if self._held else time.monotonic()
        self._held.append((told, refuted))

    def _give(self, talk: Conversation) -> None:
        """Test it, and let its answers count."""
        self._test(talk)
        held, self._held = self._held, []
        self.counted += len(held)
        for told, refuted in held:
            _tell(told, refuted)

    def _test(self, talk: Conversation) -> None:
        """Raises Gone where it is not what it must be."""
        self._tests += 1
        with self._document(f"t{self._tests}") as place:
            if not talk.is_sound(place, self._tests):
                raise Gone("it does not prove what is right, and only that")

    @contextmanager
    def _document(self, name: str) -> Iterator[Path]:
        """A folder for one exchange. Raises Gone."""
        place = self._resident.folder / name
        try:
            with _understood():
                place.mkdir()
                yield place
        finally:
            rmtree(place, ignore_errors=True)


@contextmanager
def _understood() -> Iterator[None]:
    """Whatever goes wrong in an exchange ends the process: Gone, so that nobody waits for an answer of it."""
    try:
        yield
    except Gone:
        raise
    except Exception as error:  # noqa: BLE001 - of another program's words, in any form
        raise Gone(f"{type(error).__name__}: {error}") from None


def _lay_out(place: Path, question: Question) -> None:
    for name, content in question.files.items():
        target = (place / name).resolve()
        if not target.is_relative_to(place):
            raise ValueError(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _nothing() -> "Future[Answer]":
    told: Future[Answer] = Future()
    told.set_result(None)
    return told


def _tell(told: "Future[Answer]", answer: Answer) -> None:
    if not told.done():
        told.set_result(answer)
