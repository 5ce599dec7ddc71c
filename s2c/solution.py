"""Where a component stands while it is worked on, one candidate judged, and how it ended.

Law: only the solver's thread changes an `Open`; a `Solution` is what is left of it, for everyone else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from s2c.graph import Component
from s2c.model import Verdict
from s2c.reuse import Candidate

Fills: TypeAlias = Mapping[str, str]


@dataclass(frozen=True)
class Solution:
    """How it ended for one component. `fills` (by slot) only if they were accepted; `waiting`: imports not green."""

    component: Component
    key: str | None = None
    fills: Mapping[str, str] | None = None
    verdict: Verdict | None = None
    origin: str = ""
    reason: str = ""
    last: Mapping[str, str] | None = None  # fills of the last attempt that failed
    waiting: tuple[str, ...] = ()

    @property
    def green(self) -> bool:
        """Verified, strictly, and everything that it imports too."""
        return self.fills is not None and not self.waiting

    @property
    def told(self) -> list[str]:
        """Why there is no implementation, for a person: the reason, then every refusal and diagnostic."""
        lines = [self.reason]
        if self.verdict is not None:
            lines += [f"{one.rule}: {one.message}" for one in self.verdict.refusals]
            lines += [one.text for one in self.verdict.diagnostics]
        return lines


@dataclass
class Open:
    """What is known of a component while it is worked on."""

    component: Component
    key: str | None = None
    verdict: Verdict | None = None
    origin: str = ""
    stands: Candidate | None = None  # the candidate of this run that was accepted: who wrote it must not get lost
    reason: str = ""
    last: Mapping[str, str] | None = None
    beside: Mapping[str, Fills | None] = field(default_factory=dict)  # what stood for its imports when it was judged
    tried: bool = False  # its free candidates were judged
    again: bool = False  # they were judged once more, after a copy of it was solved
    stopped: bool = False  # nothing more can be done for it in this run
    asked: int = 0  # attempts of this run
    company: int = 0  # specs that a request for it may hold, after one that held too many; 0: as many as ever


@dataclass(frozen=True)
class Trial:
    """One candidate judged: what came of it, and what stood for its imports (None: a stand-in)."""

    candidate: Candidate
    verdict: Verdict
    beside: Mapping[str, Fills | None]
