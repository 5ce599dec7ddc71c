"""The store in numbers, what of it nothing uses any more, and what of it is damaged.

Law: what was paid for counts as waste only if no spec of today uses it, no run has still to read it and no file of
records holds it; where that can't be told, it is no waste. Verdicts and findings are cheap: those that a run of today
would not ask for are waste.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from s2c import history, past, pictures, records, tallies, times
from s2c.codec import Stored, kind_of
from s2c.digest import digest
from s2c.errors import StoreError
from s2c.model import Answer, Attempt, Implementation
from s2c.project import PLACES
from s2c.session import Session
from s2c.settings import Config
from s2c.store import Mark, Store
from s2c.store.care import damaged_records
from s2c.today import Today, obligations

KINDS = ("answer", "implementation", "attempt", "supersede", "verdict", "analysis")
PAID = KINDS[:3]
CHEAP = ("verdict ", "analysis ")
NOTES = (
    f"analysis {past.NODE} ",
    f"analysis {pictures.FORM} ",
    f"analysis {tallies.FORM} ",
    f"analysis {history.FORM}",
    f"analysis {times.FORM}",
)


@dataclass(frozen=True)
class Kind:
    """One kind of rows: how many records, their bytes as stored, when the first and the last row were written here."""

    name: str
    count: int
    size: int
    oldest: float
    newest: float
    unused: int | None = None  # of which nothing of today uses so many; None: that is not asked of this kind


@dataclass(frozen=True)
class Spent:
    """What the stored answers cost, as they say."""

    prompt: int
    completion: int
    cached: int
    cost: Decimal
    unpriced: int  # answers that say no cost


@dataclass(frozen=True)
class Waste:
    """What nothing uses. `kept`: why more than this can't be told to be unused."""

    rows: Sequence[Mark] = field(repr=False)  # verdicts and findings
    paid: Sequence[Stored] = field(repr=False)
    kept: tuple[str, ...]

    def of(self, kind: str) -> tuple[int, int]:
        """How many there are of a kind, and their bytes: rows as stored, records as text."""
        rows = [one.size for one in self.rows if one.key.startswith(f"{kind} ")]
        paid = [len(records.line(one)) for one in self.paid if kind_of(one) == kind]
        return len(rows) + len(paid), sum(rows) + sum(paid)


def kinds(store: Store, now: Today) -> list[Kind]:
    """Every kind, counted."""
    marks, found = store.care.marks(), store.care.records()
    unused = {"verdict": 0, "analysis": 0, "answer": 0, "implementation": 0}
    for one in found:
        unused["implementation"] += isinstance(one, Implementation) and not now.uses(one)
        unused["answer"] += isinstance(one, Answer) and not now.needs(one)
    for name in ("verdict", "analysis"):
        unused[name] = sum(one.key.startswith(f"{name} ") and not _is_used(one.key, now) for one in marks)
    return [_kind(name, marks, found, unused.get(name)) for name in KINDS]


def _kind(name: str, marks: Sequence[Mark], found: Sequence[Stored], unused: int | None) -> Kind:
    own = [one for one in marks if one.key.startswith(f"{name} ")]
    times = [one.time for one in own if one.time] or [0.0]
    count = len(own) if name in {"verdict", "analysis"} else sum(kind_of(one) == name for one in found)
    return Kind(name, count, sum(one.size for one in own), min(times), max(times), unused)


def spent(found: Sequence[Stored]) -> Spent:
    """What the answers among these cost."""
    answers = [one for one in found if isinstance(one, Answer)]
    return Spent(
        prompt=sum(one.usage.prompt for one in answers),
        completion=sum(one.usage.completion for one in answers),
        cached=sum(one.usage.cached for one in answers),
        cost=sum((Decimal(one.cost) for one in answers if one.cost), Decimal(0)),
        unpriced=sum(not one.cost for one in answers),
    )


def last_run(config: Config) -> Mapping[str, int] | None:
    """Where the fills of the last run came from, and how much it left as it was; None where no run is on record."""
    try:
        told = json.loads((config.build_folder / "summary.json").read_bytes())
        origins = {str(name): int(count) for name, count in told["origins"].items()}
        return {**origins, "up to date": int(told["up_to_date"]), "requests": int(told["requests"])}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def size(*places: Path) -> int:
    """The bytes of these files, and of all files in these folders."""
    files = [one for place in places for one in (place.rglob("*") if place.is_dir() else (place,))]
    found = 0
    for one in files:
        with suppress(OSError):  # it went just now, as a database's journal does
            found += one.stat().st_size if one.is_file() else 0
    return found


def waste(session: Session, now: Today) -> Waste:
    """What nothing of today uses."""
    store = session.project.store
    rows, kept = [], []
    if now.missing:
        kept.append(f"no verdict and no finding: what is used is not known without its verifier ({now.missing[0]})")
    else:
        rows = [one for one in store.care.marks() if one.key.startswith(CHEAP) and not _is_used(one.key, now)]
    if now.unknown:
        kept.append(f"nothing that was paid for: what {_some(now.unknown)} owes is not known; run `doit` first")
        return Waste(rows, (), tuple(kept))
    held, unused = _held(store.records_folder), list(_unused(session, now, store.care.records()))
    paid = [one for one in unused if records.place(one) not in held]
    if len(paid) < len(unused):
        kept.append(
            f"{len(unused) - len(paid)} records that nothing uses, since {session.config.cache}/records holds them"
        )
    return Waste(rows, paid, tuple(kept))


def _is_used(row: str, now: Today) -> bool:
    """Notes of what obligations looked like are of use to `s2c why` when the file is next edited, or goes back."""
    return row in now.found or row.startswith(NOTES)


def _unused(session: Session, now: Today, found: Sequence[Stored]) -> Iterator[Stored]:
    made = {one.obligation for one in found if isinstance(one, Implementation)}
    unread, models = session.project.store.care.unread, _models(session, now, found)
    for one in found:
        if isinstance(one, Implementation):
            unused = not now.uses(one)
        elif isinstance(one, Attempt):
            unused = one.asking not in now.asking and one.model not in models
        elif isinstance(one, Answer):
            unused = not now.needs(one) and one.request.key not in unread and obligations(one) <= made
        else:
            unused = False  # which of several stands: a few bytes, and it may matter again
        if unused:
            yield one


def _models(session: Session, now: Today, found: Sequence[Stored]) -> frozenset[str]:
    """The model that is set, and the names by which it answered."""
    served = (one.model for one in found if isinstance(one, Attempt) and one.asking in now.asking)
    return frozenset({session.config.model, *served})


def _held(folder: Path) -> frozenset[records.Place]:
    """Everything that the files of records hold. Raises StoreError where that can't be told."""
    found: set[records.Place] = set()
    for path in sorted(folder.glob(f"*{records.SUFFIX}")):
        try:
            found.update(records.read(path.read_bytes(), str(path)).records)
        except OSError as error:
            fix = "nothing is dropped before it is known what records hold: make it readable"
            raise StoreError(f"these records can't be read: {error.strerror}", where=str(path), fix=fix) from None
    return frozenset(found)


def _some(paths: Sequence[str]) -> str:
    return paths[0] if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def damage(store: Store) -> tuple[int, list[str]]:
    """How many rows there are, and every row and line of records that is not what was written."""
    rows, found = store.care.check()
    found += damaged_records(store.records_folder)
    with suppress(StoreError):  # it is among them
        places, told = store.analysis(PLACES), store.analysis(f"{PLACES} digest")
        if places is not None and told is not None and told != digest(PLACES, places):
            found.append(f"{store.folder}: what each file imports is not what its digest says")
    return rows, found
