"""Records in rows: under each kind and key one row with the list of its records.

Law: a record is put in once, whoever brings it and however often; none is ever taken out but by `drop`, for which a
person asks. What can't be read here, as a record of a newer s2c, stays where it is.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import TypeVar

from s2c import records
from s2c.codec import KINDS, DamagedError, Stored, belongs_to, from_json, identity, kind_of, to_json
from s2c.digest import Json
from s2c.model import Implementation
from s2c.store.rows import Rows

T = TypeVar("T", bound=Stored)
MOST_FOR_PATH = 5  # fills older than that rarely fit a spec that has changed since

Topic = tuple[str, str]  # kind and key
SEEN = ("path", "shape")  # kinds of rows that name implementations
_MADE = frozenset({"implementation", "supersede"})


class Book:
    """The records in one database."""

    def __init__(self, rows: Rows, tell: Callable[[str], None]) -> None:
        self.rows = rows
        self.tell = tell
        self.made = 0  # how many implementations, or words on which of them stands, were new with this process

    def of(self, kind: type[T], key: str) -> list[T]:
        """The records of one kind under one key, in the order in which they came."""
        found = (self._read(kind.__name__.lower(), key, data) for data in items(self._row(kind.__name__.lower(), key)))
        return [one for one in found if isinstance(one, kind)]

    def on(self, topic: Topic) -> list[Stored]:
        """The records on one topic."""
        kind, key = topic
        return [one for data in items(self._row(kind, key)) if (one := self._read(kind, key, data)) is not None]

    def topics(self) -> list[Topic]:
        """Every kind and key there is."""
        found = (key.partition(" ") for key in self.rows.keys())  # noqa: SIM118 - no mapping
        return [(kind, key) for kind, _, key in found if kind in KINDS]

    def add(self, new: Iterable[Stored], *, mark: bool = True, older: bool = False) -> int:
        """Put records in; how many were not known. `mark`: to be exported. `older`: they stand behind what is here."""
        count = 0
        with self.rows.transaction():
            for topic, group in groupby(sorted(new, key=_topic), key=_topic):
                count += self._add(topic, list(group), mark=mark, older=older)
        return count

    def all(self) -> Iterator[Stored]:
        """Every record."""
        for topic in self.topics():
            yield from self.on(topic)

    def drop(self, gone: Iterable[Stored]) -> None:
        """Take these records out. What else could be read again from text counts as not known any more."""
        by_topic = sorted(gone, key=_topic)
        if not by_topic:
            return
        made: set[tuple[str, ...]] = set()
        with self.rows.transaction():
            for (kind, key), group in groupby(by_topic, key=_topic):
                ones = list(group)
                names = {identity(one) for one in ones}
                made |= {(key, identity(one)) for one in ones if isinstance(one, Implementation)}
                left = [data for data in items(self._row(kind, key)) if self._name(kind, key, data) not in names]
                self._leave(f"{kind} {key}", left)
            for row in self.rows.keys():  # noqa: SIM118 - no mapping
                if row.startswith("shard "):
                    self.rows.delete(row)
                elif made and row.partition(" ")[0] in SEEN:
                    known = items(self.rows.get(row))
                    self._leave(row, [one for one in known if tuple(texts(one)) not in made])
            self.rows.put("made", self.count + 1)

    def latest(self, row: str) -> list[Implementation]:
        """The implementations that `see` put into this row, newest first."""
        found = []
        for one in items(self.rows.get(row)):
            obligation, fills = texts(one)
            found += [made for made in self.of(Implementation, obligation) if identity(made) == fills]
        return found

    @property
    def count(self) -> int:
        """How many were ever new here: while it is the same, the same stands for each obligation."""
        known = self.rows.get("made")
        return known if isinstance(known, int) else 0

    def changed(self, shard: str) -> list[Topic]:
        """What was added to a shard since `settled` was called for it."""
        pairs = (texts(one) for one in items(self.rows.get(f"changed {shard}")))
        return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2]  # noqa: PLR2004 - kind and key

    def settled(self, shard: str) -> None:
        """What was added to it is exported."""
        self.rows.delete(f"changed {shard}")

    def see(self, row: str, made: Implementation, *, older: bool = False) -> None:
        """It is the newest in this row (of a path, of a shape); or, if it is `older`, one more if there is room."""
        own = [made.obligation, identity(made)]
        known = [texts(one) for one in items(self.rows.get(row))]
        others = [one for one in known if one[-1:] != own[-1:]]  # the same fills are no other try
        now = (known if len(others) < len(known) else [*known, own]) if older else [own, *others]
        if now[:MOST_FOR_PATH] != known:
            self.rows.put(row, now[:MOST_FOR_PATH])

    def _add(self, topic: Topic, new: list[Stored], *, mark: bool, older: bool) -> int:
        kind, key = topic
        row = items(self._row(kind, key))
        before = list(row)
        place = {identity(one): at for at, data in enumerate(row) if (one := self._read(kind, key, data)) is not None}
        count = 0
        for record in new:
            own = identity(record)
            if own in place:
                row[place[own]] = to_json(records.better(from_json(kind, row[place[own]]), record))
                continue
            row.append(to_json(record))
            place[own] = len(row) - 1
            count += 1
        if count and kind in _MADE:
            self.made += count
            self.rows.put("made", self.count + count)
        if row != before:
            if older and kind == "answer":  # the last one is the newest
                row = row[len(before) :] + row[: len(before)]
            self.rows.put(f"{kind} {key}", row)
            if mark:
                self._mark(topic)
        for record in new:
            if isinstance(record, Implementation) and record.path:
                self.see(f"path {record.path}", record, older=older)
        return count

    def _mark(self, topic: Topic) -> None:
        shard = records.shard(topic[1])
        known = self.changed(shard)
        if topic not in known:
            self.rows.put(f"changed {shard}", [list(one) for one in (*known, topic)])

    def _leave(self, row: str, left: list[Json]) -> None:
        if left:
            self.rows.put(row, left)
        else:
            self.rows.delete(row)

    def _name(self, kind: str, key: str, data: Json) -> str:
        one = self._read(kind, key, data)
        return "" if one is None else identity(one)

    def _row(self, kind: str, key: str) -> Json:
        return self.rows.get(f"{kind} {key}")

    def _read(self, kind: str, key: str, data: Json) -> Stored | None:
        try:
            record = from_json(kind, data)
        except DamagedError as error:
            self.tell(f"a stored record under {key} is ignored: {error}")
            return None
        return record if belongs_to(record) == key else None


def items(value: Json) -> list[Json]:
    """A JSON list as it is; anything else is an empty one."""
    return list(value) if isinstance(value, list) else []


def texts(value: Json) -> list[str]:
    """The texts in a JSON list."""
    return [one for one in items(value) if isinstance(one, str)]


def _topic(record: Stored) -> Topic:
    return kind_of(record), belongs_to(record)
