"""How long checks took here, by component: what takes longest begins first, and what is left can be told.

Law: machine-local, made of verdicts' own times, no part of any key. Order changes no result: what is judged, and beside
what, is decided elsewhere. What was never checked is taken to be like the middle of all that was.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median_low

from s2c.store import Store

FORM = "times.1"
UNKNOWN = 3000  # milliseconds of a check where nothing is known yet: about what one of Dafny takes with its twin


@dataclass(frozen=True)
class Estimate:
    """Checks that are ahead: how many, of how many the time is known, and their processor time in seconds."""

    checks: int
    known: int
    seconds: int

    def wall(self, jobs: int) -> int:
        """Seconds on so many jobs, if nothing waits."""
        return round(self.seconds / max(1, min(jobs, self.checks)))


class Times:
    """The times of one project. Read once; `keep` writes what is new."""

    def __init__(self, store: Store) -> None:
        row = store.analysis(FORM)
        known = row if isinstance(row, dict) else {}
        self._store = store
        self._known = {str(one): ms for one, ms in known.items() if isinstance(ms, int) and ms > 0}
        self._middle = median_low(self._known.values()) if self._known else UNKNOWN
        self._new: dict[str, int] = {}

    def of(self, component: str) -> int:
        """Milliseconds that a check of it takes."""
        return self._known.get(component, self._middle)

    def took(self, component: str) -> int:
        """Milliseconds that the last check of it took; 0 where none is known."""
        return self._new.get(component, self._known.get(component, 0))

    def note(self, component: str, milliseconds: int) -> None:
        """It took so long."""
        if milliseconds > 0:
            self._new[component] = milliseconds

    def keep(self) -> None:
        """Write down what was noted."""
        if any(self._known.get(one) != ms for one, ms in self._new.items()):
            self._store.put_analysis(FORM, {**self._known, **self._new})

    def ahead(self, components: Iterable[str]) -> Estimate:
        """What checks of these take."""
        ids = list(components)
        return Estimate(len(ids), sum(one in self._known for one in ids), round(sum(map(self.of, ids)) / 1000))
