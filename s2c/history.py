"""What each run left: one row in the store, so that a report can show trends.

Law: rows are kept by this machine and are no part of any key. A run that found nothing to do leaves none, and stays as
cheap as it is. An unknown cost is "unknown", never 0. What can't be read is left out.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields

from s2c.digest import Json
from s2c.store import Store

FORM = "runs.1"
MOST = 500  # runs; older ones are forgotten


@dataclass(frozen=True)
class Run:
    """One run. `began`: seconds since 1970; `cost`: as the summary tells it."""

    began: int
    seconds: int
    code: int
    files: int
    verified: int
    failed: int
    waiting: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cost: str
    verifier_runs: int
    origins: Mapping[str, int] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


def keep(store: Store, run: Run) -> None:
    """Put it behind the others."""
    known = store.analysis(FORM)
    rows = known if isinstance(known, list) else []
    store.put_analysis(FORM, [*rows[-MOST + 1 :], asdict(run)])


def runs(store: Store) -> tuple[Run, ...]:
    """All that are kept, oldest first."""
    known = store.analysis(FORM)
    rows = [_run(one) for one in known] if isinstance(known, list) else []
    return tuple(one for one in rows if one is not None)


def _run(row: Json) -> Run | None:
    if not isinstance(row, Mapping) or set(row) != {one.name for one in fields(Run)}:
        return None
    plain = Run(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "", 0)
    same = all(isinstance(row[name], type(value)) for name, value in asdict(plain).items())
    return Run(**row) if same else None  # type: ignore[arg-type]  # each is of its type
