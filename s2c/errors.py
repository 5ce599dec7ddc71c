"""The errors a user can see: what happened, where, what to do.

Law: nothing else reaches a user. Whatever is raised on purpose in this package is one of these, and each carries the
exit code that the documentation promises for it.
"""

from typing import ClassVar


class S2cError(Exception):
    """One clear message. `what` happened, `where` (file, line, key; may be empty), what to do (`fix`; may be empty)."""

    exit_code: ClassVar[int] = 2

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(what, where, fix)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f"\n  -> {self.fix}" if self.fix else ""
        return f"{place}{self.what}{advice}"


class ConfigError(S2cError):
    """A setting is wrong; nothing was started."""

    exit_code: ClassVar[int] = 3


class SpecError(S2cError):
    """A source can't be read as a spec: it does not parse, or what it imports is not there."""


class ToolError(S2cError):
    """A verifier is missing, broken, or not what its self-test says it must be."""


class StoreError(S2cError):
    """The store can't be read or written; whatever was paid for stays where the message says."""


class AskError(S2cError):
    """The endpoint gave no usable answer, after every retry that made sense."""


class LimitReached(S2cError):  # noqa: N818 - what happened, not what broke
    """A limit that the user set (money, requests) stops the run; what was paid for is kept."""

    exit_code: ClassVar[int] = 5
