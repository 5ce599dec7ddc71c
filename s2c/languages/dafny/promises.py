"""Whether each given `ensures` was proved where it stands: Dafny 4 logs every assertion with its line and column.

Law: a clause of a contract is kept if its own obligation has at least one proved assertion `this postcondition holds`
inside its span, and none that is not proved. A clause without one was swallowed, weakened or never looked at.

Measured with Dafny 4.11.0 on 770 clauses of 355 verified solutions, `ensures true` and other trivial ones: all have
one, one more for each conjunct, at an operator of the clause. Lines and columns count from 1, columns in UTF-16 units.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from s2c.languages.base import Job, Promise
from s2c.languages.dafny.places import in_utf16

POSTCONDITION = "this postcondition holds"
Place = tuple[int, int]


def unkept(job: Job, results: list[Any]) -> tuple[Promise, ...]:
    """The promises of a job that the results of its log do not bear out. Raises what a log of another form raises."""
    if not job.promises:
        return ()
    told: dict[str, dict[Place, bool]] = {}
    for result in results:
        places = told.setdefault(str(result["name"]), {})
        for place, proved in _postconditions(result):
            places[place] = places.get(place, True) and proved
    lines = {path: job.files[path].split(b"\n") for path in {one.path for one in job.promises}}
    return tuple(one for one in job.promises if not _kept(one, told.get(one.name, {}), lines[one.path]))


def _postconditions(result: Mapping[str, Any]) -> Iterator[tuple[Place, bool]]:
    for batch in result["vcResults"]:
        for one in batch.get("assertions", ()):
            if one["description"] == POSTCONDITION:
                yield (int(one["line"]), int(one["col"])), batch["outcome"] == "Valid"


def _kept(promise: Promise, places: Mapping[Place, bool], lines: list[bytes]) -> bool:
    inside = [proved for place, proved in places.items() if _offset(lines, *place) in range(*_ends(promise))]
    return bool(inside) and all(inside)


def _ends(promise: Promise) -> Place:
    return promise.span.start, promise.span.end


def _offset(lines: list[bytes], line: int, column: int) -> int:
    """The byte at a line and column; -1 if there is none."""
    if not 1 <= line <= len(lines):
        return -1
    text = lines[line - 1].decode("utf-8", "replace")
    before = text[: in_utf16(text, column - 1)].encode()
    return sum(len(one) + 1 for one in lines[: line - 1]) + len(before)
