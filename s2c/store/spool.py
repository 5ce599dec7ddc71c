"""A request that is out: its text as it arrives, and who waits for it.

Law: text is with the operating system before the next piece is awaited, so a kill loses only what was not read yet. A
file that can't be written never ends a stream that is being paid for.
"""

import codecs
import os
import secrets
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from s2c.codec import DamagedError, from_json, to_json
from s2c.digest import Json
from s2c.model import Answer, Request

_DEAD = (b"Z", b"X")  # states of a process that has ended
BROKEN = "broken: "  # how `finish` begins when the endpoint gave no reason


@dataclass(frozen=True)
class Orphan:
    """A request whose process is gone before it stored an answer: possibly billed. `answer` is what had arrived."""

    id: str
    answer: Answer
    pid: int
    started: str  # when the process started, in the system's own form: tells it from a later one with the same pid
    host: str
    time: str  # when the request was sent, UTC, as text
    reserved: str  # what it could have cost at most, decimal text in US dollars; "" when no price is known

    @property
    def is_ours(self) -> bool:
        """Whether this very process sent it."""
        return (self.pid, self.started, self.host) == (os.getpid(), _started(os.getpid()), _host())

    @property
    def is_gone(self) -> bool:
        """Whether the process that sent it has ended. One of another machine, or of before a restart, has."""
        if self.pid <= 0 or self.host != _host():
            return True
        with suppress(PermissionError):
            try:
                os.kill(self.pid, 0)
            except (ProcessLookupError, OverflowError):
                return True
        return _started(self.pid) != self.started


def pending(request: Request, reserved: str) -> Orphan:
    """The row for a request that this process is about to send."""
    answer = Answer(replace(request, messages=()), "", f"{BROKEN}process ended")
    now = datetime.now(UTC).isoformat(timespec="seconds")
    pid = os.getpid()
    return Orphan(secrets.token_hex(8), answer, pid, _started(pid), _host(), now, reserved)


def pending_to_json(row: Orphan) -> Json:
    """The row as plain data."""
    return {**vars(row), "answer": to_json(row.answer)}


def pending_from_json(data: Json) -> Orphan:
    """The row that `pending_to_json` wrote. Raises DamagedError."""
    match data:
        case {
            "id": str(one), "pid": int(pid), "started": str(started), "host": str(host), "time": str(time),
            "reserved": str(reserved), "answer": answer,
        }:  # fmt: skip
            found = from_json("answer", answer)
            if isinstance(found, Answer) and one.isalnum():
                return Orphan(one, found, pid, started, host, time, reserved)
    raise DamagedError("it is no pending request")


def text_file(folder: Path, row_id: str) -> Path:
    """Where the text of a pending request lies."""
    return folder / f"{row_id}.txt"


def read_text(path: Path) -> str:
    """What has arrived so far; a character that was cut in two is left out."""
    try:
        content = path.read_bytes()
    except OSError:
        return ""
    return codecs.getincrementaldecoder("utf-8")("surrogatepass").decode(content)


class Spool:
    """Takes the text of one request as it arrives: `with store.spool(request) as spool: spool.write(text)`.

    Left without an answer in the store: after an S2cError, or in the normal way, the request is known to have ended;
    its text, if there is any, is kept as a broken answer. After anything else (Ctrl-C) it stays pending for the next
    run.
    """

    def __init__(self, path: Path, end: Callable[[BaseException | None], None]) -> None:
        self._path = path
        self._end = end
        self._file: int | None = None
        self.problem = ""  # why the text is not on disk, if it is not

    def write(self, text: str) -> None:
        """Put one piece of text on disk; a failure is kept in `problem`."""
        if self._file is None or self.problem:
            return
        try:
            rest = memoryview(text.encode("utf-8", "surrogatepass"))
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            self.problem = f"{self._path}: {error.strerror}"

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            self.problem = f"{self._path}: {error.strerror}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None
        self._end(value)


def _host() -> str:
    """This machine since it was started: pids of before mean nothing."""
    boot = ""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{socket.gethostname()} {boot}".strip()


def _started(pid: int) -> str:
    """When a process started, in ticks since the machine did; "" where the system does not tell, or for a dead one.

    A dead process keeps its number until its parent asks for it, in some containers for ever.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return "" if fields[0] in _DEAD else fields[19].decode("ascii")
    except (OSError, IndexError):
        return ""
