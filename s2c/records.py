"""The portable form of records: one line of JSON each, in files that git can merge.

Law: a file is a set of lines; their order and their repetition mean nothing. Each line carries its kind, its schema and
a checksum; a line that is not exactly what `line` writes is no record, is told with its place, and is never thrown
away. A verdict is no record: whoever reads these lines has to verify for himself.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from s2c.codec import DamagedError, Stored, belongs_to, decode, encode, from_json, identity, kind_of, to_json
from s2c.digest import Json, digest_bytes
from s2c.model import Implementation

SCHEMA = 1  # of every record; a change of codec.to_json needs the next number here and a reader for this one
SUFFIX = ".jsonl"

Place = tuple[str, str, str]


def line(record: Stored) -> bytes:
    """One line without its end. An implementation goes without `verified`: elsewhere that word means nothing."""
    record = replace(record, verified=False) if isinstance(record, Implementation) else record
    body: dict[str, Json] = {"kind": kind_of(record), "record": to_json(record), "schema": SCHEMA}
    return encode({"check": digest_bytes(encode(body)), **body})


def parse(raw: bytes) -> Stored:
    """The record in a line. Raises DamagedError."""
    body = decode(raw)
    if not isinstance(body, Mapping):
        raise DamagedError("it is no JSON object")
    if body.get("schema") != SCHEMA:
        raise DamagedError(f"it has schema {body.get('schema')!r}, this s2c reads {SCHEMA}")
    record = from_json(str(body.get("kind")), body.get("record"))
    if line(record) != raw:
        raise DamagedError("its checksum is wrong, or it was written by hand")
    return record


def place(record: Stored) -> Place:
    """Where a record stands in its file, and what it shares with another form of itself: kind, key, identity."""
    return belongs_to(record), kind_of(record), identity(record)


def shard(key: str) -> str:
    """The name of the file for everything under this key: the first two digits of its digest."""
    found = re.fullmatch(r".*:([0-9a-f]{2})[0-9a-f]{38}", key)
    return (found[1] if found else digest_bytes(key.encode("utf-8", "surrogatepass"))[:2]) + SUFFIX


def better(old: Stored, new: Stored) -> Stored:
    """Which of two forms of one record stays: the person's, else the first; `verified` if either is."""
    if not isinstance(old, Implementation) or not isinstance(new, Implementation):
        return old
    stays = new if new.author == "human" and old.author != "human" else old
    return replace(stays, verified=old.verified or new.verified)


@dataclass
class Shard:
    """What one file holds: its records, the lines that can't be read, and what is wrong with those."""

    records: dict[Place, Stored] = field(default_factory=dict)
    unread: list[bytes] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, record: Stored) -> None:
        """Put a record in, if it is not there."""
        where = place(record)
        known = self.records.get(where)
        self.records[where] = record if known is None else better(known, record)


def read(content: bytes, where: str) -> Shard:
    """Everything in a file. `where` names it in the problems, as in `ab.jsonl:3: ...`."""
    found = Shard()
    for number, raw in enumerate(content.split(b"\n"), start=1):
        text = raw.removesuffix(b"\r")
        try:
            if text:
                found.add(parse(text))
        except DamagedError as error:
            found.unread.append(text)
            found.problems.append(f"{where}:{number}: this line is skipped, and kept: {error}")
    return found


def render(content: Shard) -> bytes:
    """The file: records by key, kind and identity, then the lines that could not be read, as they were."""
    lines = [line(content.records[where]) for where in sorted(content.records)]
    return b"".join(one + b"\n" for one in (*lines, *content.unread))
