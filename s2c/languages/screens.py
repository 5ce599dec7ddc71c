"""Verifiers that can stay warm: one process that answers many questions, each far cheaper than a process of its own.

Law: a screen can only refute. What it does not refute, it has said nothing of, whatever else it said. A language whose
verifier can do that has a `screen` beside its other methods; a language that has none is asked nothing here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from s2c.languages.base import Job, Reading
from s2c.model import Span
from s2c.process import Run, Tool


class Gone(Exception):  # noqa: N818 - it is a state of the other side, not a mistake
    """The process does not answer any more, or says what nobody can read."""


@dataclass(frozen=True)
class Question:
    """Is it refuted? `files` as they are laid out, `path` the one that is meant, `clause` bytes of it; None: all."""

    files: Mapping[str, bytes] = field(repr=False)
    path: str
    clause: Span | None = None


class Pipe(Protocol):
    """Both directions of a process. Raises Gone."""

    def write(self, content: bytes) -> None:
        """Send these bytes."""

    def read(self) -> bytes:
        """Some bytes that came; none if nothing came for a moment."""


class Conversation(Protocol):
    """What is said with one process."""

    def ask(self, place: Path, question: Question) -> Reading | None:
        """What refutes it, as a cold run would be read; None says nothing. `place` holds the files. Raises Gone."""

    def is_sound(self, place: Path, salt: int) -> bool:
        """Whether it proves what is right, refutes what is wrong, and proves even `false` where that follows.

        `place` is an empty folder; `salt` makes the files of each such test its own. Raises Gone.
        """


class Screen(Protocol):
    """How a verifier stays warm. Runs nothing."""

    def run(self) -> Run:
        """The process; it speaks on its standard input and output."""

    def question(self, job: Job, path: str, clause: Span | None) -> Question | None:
        """A question about this job's file; None where the process would see other than `check` does."""

    def converse(self, pipe: Pipe) -> Conversation:
        """Begin to speak with a process that was just started. Raises Gone."""


@runtime_checkable
class Screens(Protocol):
    """A verifier that may have a screen."""

    def screen(self, tool: Tool) -> Screen | None:
        """The screen of this tool, if it has one."""
