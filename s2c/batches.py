"""Stale specs become batches, deterministic: the same specs always make the same batches.

Law: output binds a batch, not the model's window. A batch holds one language, at most `specs` components, at most
`tokens` of prompt, and a predicted output of at most OUTPUT_SHARE of the request's limit, since an answer that is cut
off is paid for and asked again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from s2c.parting import parted

OUTPUT_SHARE = 0.6
REPAIR = (8, 4, 1)  # the harder a spec has shown itself, the fewer neighbours it gets


@dataclass(frozen=True)
class Work:
    """A component to be asked for.

    `tokens` is its part of the prompt, `output` the answer it is likely to need, `depth` orders imports first, `most`
    is how many of its language a first batch may hold, `imports` are the ids of what it imports directly.
    """

    id: str
    language: str
    group: str
    depth: int
    tokens: int
    output: int
    most: int
    imports: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limits:
    """What one batch may hold. `specs` 0 leaves it to the language; `tokens` and `output` are per request.

    `first`: language -> how many specs a first batch may hold, where that was learned.
    """

    specs: int
    tokens: int
    output: int
    batch_mode: bool = True
    smart: bool = True
    first: Mapping[str, int] = field(default_factory=dict)


def specs_at_most(limits: Limits, most: int, attempt: int) -> int:
    """How many components a batch may hold at this attempt (1 is the first), where a first one may hold `most`."""
    if not limits.batch_mode:
        return 1
    if limits.specs:
        return limits.specs
    return most if attempt <= 1 else min(REPAIR[min(attempt - 2, len(REPAIR) - 1)], most)


def pack(works: Iterable[Work], limits: Limits, attempt: int) -> list[tuple[Work, ...]]:
    """The works in batches. Smart: groups stay together where they fit, dependencies stand before dependents."""
    batches: list[tuple[Work, ...]] = []
    by_language: dict[str, list[Work]] = {}
    for work in sorted(works, key=_smart if limits.smart else _plain):
        by_language.setdefault(work.language, []).append(work)
    for name, ordered in sorted(by_language.items()):
        most = specs_at_most(limits, limits.first.get(name, ordered[0].most), attempt)
        units = _groups(ordered) if limits.smart else [[work] for work in ordered]
        batches += _fill(units, limits, most)
    return batches


def _smart(work: Work) -> tuple[str, int, str]:
    return work.group, work.depth, work.id


def _plain(work: Work) -> str:
    return work.id


def _groups(ordered: Sequence[Work]) -> list[list[Work]]:
    groups: dict[str, list[Work]] = {}
    for work in ordered:
        groups.setdefault(work.group, []).append(work)
    return list(groups.values())


def _fill(units: Sequence[Sequence[Work]], limits: Limits, most: int) -> list[tuple[Work, ...]]:
    """A unit that fits into what is left goes in whole; one larger than a batch is cut where few imports are."""
    batches: list[tuple[Work, ...]] = []
    current: list[Work] = []

    def fits(works: Sequence[Work]) -> bool:
        return _fits(works, limits, most)

    for piece in (piece for unit in units for piece in ([unit] if fits(unit) else parted(unit, fits))):
        if current and not fits([*current, *piece]):
            batches.append(tuple(current))
            current = []
        current += piece
    return [*batches, tuple(current)] if current else batches


def _fits(works: Sequence[Work], limits: Limits, most: int) -> bool:
    return (
        len(works) <= most
        and sum(work.tokens for work in works) <= limits.tokens
        and sum(work.output for work in works) <= limits.output * OUTPUT_SHARE
    )
