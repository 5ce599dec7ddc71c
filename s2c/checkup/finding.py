"""One finding of a check, and the guard that makes each check independent of all others.

Law: a check never raises. What an exception says is a finding with the state `FAIL`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from s2c.errors import S2cError

SHORTEST_SECRET = 8  # characters: what is shorter keeps nobody out, and stands in any text by chance


class State(StrEnum):
    """`warn`: a run works, but not as well, or not for everything. `FAIL`: something will go wrong."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True)
class Finding:
    """`what` was looked at, what was `said` about it, and how to `fix` it ("" where nothing is to be done)."""

    what: str
    state: State
    said: str
    fix: str = ""


Check = Callable[[], Iterable[Finding]]


def ok(what: str, said: str) -> Finding:
    """All is well with it."""
    return Finding(what, State.OK, said)


def warn(what: str, said: str, fix: str) -> Finding:
    """It works, but."""
    return Finding(what, State.WARN, said, fix)


def fail(what: str, said: str, fix: str) -> Finding:
    """It does not work."""
    return Finding(what, State.FAIL, said, fix)


def guarded(what: str, check: Check) -> tuple[Finding, ...]:
    """The findings of a check; what it raises is one more."""
    found: list[Finding] = []
    try:
        found.extend(check())
    except S2cError as error:
        found.append(of_error(what, error))
    except OSError as error:
        said = f"this can't be looked at: {type(error).__name__}: {error}"
        found.append(fail(what, said, "see to it that what is named is there and can be read"))
    except Exception as error:  # noqa: BLE001 - whatever it is, the other checks still count
        said = f"this check itself failed: {type(error).__name__}: {error}"
        found.append(fail(what, said, "this may be a fault of s2c: please report it with this line"))
    return tuple(found)


def of_error(what: str, error: S2cError, state: State = State.FAIL) -> Finding:
    """An error that a user can see, as a finding."""
    where = f"{error.where}: " if error.where not in {"", what} else ""
    return Finding(what, state, f"{where}{error.what}", error.fix)


def without(secret: str, found: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings with this secret blotted out, wherever an endpoint or an exception repeats it."""
    secret = secret.strip()
    if len(secret) < SHORTEST_SECRET:
        return tuple(found)
    return tuple(
        replace(one, said=one.said.replace(secret, "***"), fix=one.fix.replace(secret, "***")) for one in found
    )
