"""One process as data: what is to be run, what came of it, and the verifier that it belongs to.

Law: a language makes a `Run` and reads a `RawRun`; only the sandbox starts anything.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Limits:
    """What one process may use. 0 is no limit."""

    wall_seconds: int
    cpu_seconds: int = 0
    memory_bytes: int = 0


@dataclass(frozen=True)
class Run:
    """One process to be run, as data: `files` are laid out in an empty directory of its own, where it starts.

    `then`: commands that follow in the same directory, each a process of its own under the same limits, as long as the
    one before ended with exit code 0. `environment`: variables beside those that every run has; they name places of
    this machine (a search path), whose content is part of the tool's identity, or make a process cheaper and nothing
    else, so they are in no key.
    """

    command: tuple[str, ...]
    files: Mapping[str, bytes] = field(repr=False)
    limits: Limits
    collect: tuple[str, ...] = ()  # files it writes that are wanted back, relative
    then: tuple[tuple[str, ...], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class RawRun:
    """What came of a run, unread."""

    exit: int | None  # None: it did not end by itself; negative: the signal that ended it
    stdout: bytes = field(repr=False)
    stderr: bytes = field(repr=False)
    collected: Mapping[str, bytes] = field(repr=False)
    killed: str = ""  # "" | wall | output | disk: what ended it if exit is None
    missing: str = ""  # why it could not be started at all
    wall_ms: int = 0
    cpu_ms: int = 0  # of this process and of those in `then`
    then: tuple["RawRun", ...] = ()  # what came of the commands that followed, as far as they were reached


@dataclass(frozen=True)
class Tool:
    """A verifier as found: `command` runs it, `identity` is the digest of every file that it loads."""

    language: str
    name: str
    version: str
    generation: str  # the language's word for the command line it speaks
    command: tuple[str, ...]
    identity: str
