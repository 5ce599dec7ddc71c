"""How one run came out, whole: what other reports are made of, and what the shards of a run leave for `merge`.

Law: it says of each selected file and each kind of task what became of it, once. It is JSON that reads back as it was
written; what does not is an error, never a guess.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from s2c import __version__
from s2c.errors import S2cError
from s2c.lint import Finding
from s2c.report.summary import Row, Summary

FORM = "result.2"
OUTCOMES = ("passed", "failed", "error", "skipped")


@dataclass(frozen=True)
class Case:
    """One task of one file. `outcome`: passed | failed | error (a tool's or a source's trouble) | skipped.

    `state` is that of its row; `details` are lines of what was said of it; `line` and `column` a place in the source;
    `milliseconds` of processor the last check of it took here, in whichever run that was.
    """

    kind: str  # generate | verify
    path: str
    outcome: str
    state: str = ""
    reason: str = ""
    details: tuple[str, ...] = ()
    line: int = 1
    column: int = 1
    milliseconds: int = 0


@dataclass(frozen=True)
class Result:
    """One run. `shard` is K/N, "" for a whole one; `project` a digest of all `files` sources, of every shard."""

    code: int
    shard: str
    project: str
    files: int
    error: str  # what ended the run early
    summary: Summary
    rows: tuple[Row, ...]
    cases: tuple[Case, ...]

    def count(self, outcome: str, kind: str = "") -> int:
        """How many cases ended so."""
        return sum(1 for one in self.cases if one.outcome == outcome and kind in {"", one.kind})


def to_json(result: Result) -> str:
    """It as text, a line a row and a line a case."""
    told = {"form": FORM, "version": __version__}
    told |= {name: value for name, value in vars(result).items() if name not in {"summary", "rows", "cases"}}
    head = json.dumps(told, indent=1, sort_keys=True).removesuffix("\n}")
    parts = [f'"summary": {json.dumps(asdict(result.summary), sort_keys=True)}']
    parts += [f'"rows": {_lines(result.rows)}', f'"cases": {_lines(result.cases)}']
    return f"{head},\n {(',' + chr(10) + ' ').join(parts)}\n}}\n"


def from_json(text: str, where: str) -> Result:
    """The result in a text. Raises S2cError, with the place `where`."""
    fix = "name files that runs with `shard` left: result.json in the build folder"
    try:
        raw = json.loads(text)
        form, version = raw.pop("form"), raw.pop("version")
        if (form, version) != (FORM, __version__):
            raise S2cError(f"was written by s2c {version} ({form}), this is {__version__} ({FORM})", where=where)
        summary = dict(raw.pop("summary"))
        summary["lint"] = tuple(Finding(**one) for one in summary["lint"])
        rows = tuple(Row(**_tuples(one)) for one in raw.pop("rows"))
        cases = tuple(Case(**_tuples(one)) for one in raw.pop("cases"))
        made = Result(**raw, summary=Summary(**summary), rows=rows, cases=cases)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise S2cError(f"is no result of a run: {type(error).__name__}: {error}", where=where, fix=fix) from None
    if not _sound(made):
        raise S2cError("is no result of a run: a value in it is of another kind", where=where, fix=fix)
    return made


def _lines(items: Iterable[Row | Case]) -> str:
    lines = ",\n  ".join(json.dumps(vars(one), sort_keys=True) for one in items)
    return f"[\n  {lines}\n ]" if lines else "[]"


def _tuples(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in raw.items()}


def _sound(made: Result) -> bool:
    """Whether each value has its kind: it may have come from a stranger."""
    texts = [made.shard, made.project, made.error, *(value for one in made.cases for value in _texts(one))]
    texts += [value for one in made.rows for value in _texts(one)]
    numbers = [made.code, made.files, *(getattr(made.summary, one.name) for one in fields(Summary) if one.type is int)]
    numbers += [getattr(case, one.name) for case in made.cases for one in fields(Case) if one.type is int]
    return (
        all(isinstance(one, str) for one in texts)
        and all(type(one) is int and one >= 0 for one in numbers)
        and all(one.outcome in OUTCOMES for one in made.cases)
    )


def _texts(one: Row | Case) -> Iterable[object]:
    for item in fields(one):
        value = getattr(one, item.name)
        if item.type is str:
            yield value
        elif item.type is not int:
            yield from value if isinstance(value, tuple) else (None,)
