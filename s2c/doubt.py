"""Which candidates are held against a warm verifier before a cold one: those of whose kind enough were wrong.

Law: it decides about cost alone, and from this run alone. Held against a warm one first, a candidate that is wrong
costs a quarter of a cold check, and one that is right a quarter more: that pays where more than one in four is wrong.
"""

import threading
from collections.abc import Set as AbstractSet

from s2c.model import TOOL_TROUBLE, Verdict, VerdictKind

PAYS = 0.25  # wrong candidates of all
LIKELY, UNLIKELY = (1, 2), (0, 2)  # wrong, of how many: what is expected before any was seen
OLDER: AbstractSet[str] = frozenset({"previous", "elsewhere"})  # origins of fills that were made for something else


class Doubts:
    """What came of the candidates of one run. Safe in any thread."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int]] = {}
        self._failed: set[str] = set()
        self._lock = threading.Lock()

    def doubted(self, component: str, origin: str) -> bool:
        """Whether to hold a candidate of this origin against a warm verifier first."""
        with self._lock:
            wrong, all_ = self._seen[kind] if (kind := self._kind(component, origin)) in self._seen else _expected(kind)
        return wrong > PAYS * all_

    def note(self, component: str, origin: str, verdict: Verdict) -> None:
        """It was judged so. What no process was started for tells nothing."""
        if verdict.refusals or verdict.kind in TOOL_TROUBLE:
            return
        with self._lock:
            kind = self._kind(component, origin)
            wrong, all_ = self._seen.get(kind, _expected(kind))
            failed = verdict.kind is not VerdictKind.VERIFIED
            self._seen[kind] = wrong + failed, all_ + 1
            if failed:
                self._failed.add(component)

    def _kind(self, component: str, origin: str) -> str:
        """Fills for what failed before are a kind of their own: repairs, and further candidates."""
        return f"{origin} again" if component in self._failed else origin


def _expected(kind: str) -> tuple[int, int]:
    return LIKELY if kind in OLDER or kind.endswith(" again") else UNLIKELY
