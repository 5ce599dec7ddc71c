"""The results of the shards of one run become the result of the whole.

Law: a whole is made of all shards, each once, of the same sources; anything else is an error. Numbers are added, and
the exit code is what one run would have ended with.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from decimal import Decimal

from s2c.errors import S2cError
from s2c.report.result import Result
from s2c.report.summary import Summary

_WORST = (5, 3, 2, 4, 1, 0)  # of two exit codes the one that a run over both would have


def merge(results: Mapping[str, Result]) -> Result:
    """One result of these, by name of the file that each is from. Raises S2cError."""
    _complete(results)
    found = list(results.values())
    first = found[0]
    return Result(
        code=_code(found),
        shard="",
        project=first.project,
        files=first.files,
        error="; ".join(dict.fromkeys(one.error for one in found if one.error)),
        summary=_summary([one.summary for one in found]),
        rows=tuple(sorted((row for one in found for row in one.rows), key=lambda row: row.path)),
        cases=tuple(sorted((case for one in found for case in one.cases), key=lambda case: (case.kind, case.path))),
    )


def _complete(results: Mapping[str, Result]) -> None:
    """Raises S2cError unless these are all shards of one run, each once."""
    by_shard: dict[str, str] = {}
    for name, one in results.items():
        if one.shard in by_shard:
            raise S2cError(f"is of shard {one.shard}, and so is {by_shard[one.shard]}", where=name)
        by_shard[one.shard] = name
    first = next(iter(results))
    for name, one in results.items():
        if one.project != results[first].project:
            fix = "let all shards run on the same commit, with the same settings"
            raise S2cError(f"is of other sources than {first}", where=name, fix=fix)
    count = results[first].shard.partition("/")[2]
    wanted = [f"{number}/{count}" for number in range(1, int(count) + 1)] if count.isdigit() else [""]
    missing = [one for one in wanted if one not in by_shard]
    if missing or len(wanted) != len(by_shard):
        odd = [one or "a whole run" for one in by_shard if one not in wanted]
        told = [f"there is no result of shard {', '.join(missing)}"] if missing else []
        told += [f"{', '.join(odd)} is not one of {count or 1} shards"] if odd else []
        fix = "a shard that left no result.json did not come to its end: see its log"
        raise S2cError("; ".join(told), where="merge", fix=fix)
    twice = [
        path for path, times in Counter(row.path for one in results.values() for row in one.rows).items() if times > 1
    ]
    if twice:
        raise S2cError(f"{twice[0]} is in two of these results", where="merge")


def _code(results: Sequence[Result]) -> int:
    broken = [one.code for one in results if one.error]
    return min(broken or [one.code for one in results], key=lambda code: _WORST.index(code) if code in _WORST else -1)


def _summary(found: Sequence[Summary]) -> Summary:
    numbers = {one.name: sum(getattr(part, one.name) for part in found) for one in fields(Summary) if one.type is int}
    return Summary(
        **numbers,
        origins=_added(one.origins for one in found),
        cost=_cost([one.cost for one in found]),
        isolation=", ".join(sorted({one.isolation for one in found} - {""})),
        tools={name: " and ".join(sorted(values)) for name, values in sorted(_tools(found).items())},
        remarks=_added(one.remarks for one in found),
        lint=tuple(sorted({finding for one in found for finding in one.lint})),
    )


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for one in counts:
        total.update(one)
    return dict(sorted(total.items()))


def _tools(found: Iterable[Summary]) -> dict[str, set[str]]:
    tools: dict[str, set[str]] = {}
    for one in found:
        for name, version in one.tools.items():
            tools.setdefault(name, set()).add(version)
    return tools


def _cost(costs: Sequence[str]) -> str:
    """Dollars as text, as a run tells them; unknown where one of them is."""
    if "unknown" in costs:
        return "unknown"
    return f"{sum((Decimal(one.removesuffix(' USD')) for one in costs), Decimal(0)).normalize():f} USD"
