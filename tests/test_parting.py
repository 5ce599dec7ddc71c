"""A group that is too large for one request: cut where few imports are, within limits, never worse than in order."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2c.parting import cut, in_order, parted, price

MOST = 16


@dataclass(frozen=True)
class File:
    """A file by its name, and those that it imports."""

    id: str
    imports: tuple[str, ...] = ()


def fits(files: Sequence[File]) -> bool:
    """Sixteen at once."""
    return len(files) <= MOST


def by_number(imports: dict[int, list[int]]) -> list[File]:
    """Files whose imports have lower numbers: so imports stand first."""
    return [File(f"{one}", tuple(f"{other}" for other in sorted(set(others)))) for one, others in imports.items()]


def scattered(clusters: int, size: int) -> list[File]:
    """Clusters that hang together closely and on each other by one import, their files in turn."""
    found: dict[int, list[int]] = {}
    for number in range(clusters * size):
        before = number - clusters
        own = [before, before - clusters] if before >= clusters else [before] if before >= 0 else []
        found[number] = own or ([number - 1] if number else [])
    return by_number(found)


def a_tree(count: int) -> list[File]:
    """Each file imports one that has two importers."""
    return by_number({one: [(one - 1) // 2] if one else [] for one in range(count)})


def at_random(count: int, seed: int) -> list[File]:
    """Each file imports up to three of the forty before it."""
    chance = random.Random(seed)  # noqa: S311 - the same each time
    return by_number(
        {one: [chance.randrange(max(0, one - 40), one) for _ in range(min(one, 3))] for one in range(count)}
    )


@pytest.mark.parametrize(
    ("files", "share"),
    [(scattered(4, 16), 0.2), (a_tree(255), 0.35), (at_random(400, 1), 0.75)],
    ids=["clusters", "tree", "random"],
)
def test_fewer_imports_are_cut_than_in_order(files: list[File], share: float) -> None:
    """Hardly more requests than in the plain order, and only this share of the imports that the order cuts."""
    pieces, plain = parted(files, fits), in_order(files, fits)
    assert len(pieces) <= len(plain) + 2
    assert cut(pieces) <= share * cut(plain)


def test_a_chain_is_cut_into_lengths() -> None:
    """Nothing is better than the order there."""
    files = by_number({one: [one - 1] if one else [] for one in range(40)})
    assert [[one.id for one in piece] for piece in parted(files, fits)] == [
        [f"{one}" for one in range(start, min(start + MOST, 40))] for start in range(0, 40, MOST)
    ]


@given(st.lists(st.lists(st.integers(0, 59), max_size=4), max_size=60), st.integers(1, 9))
@settings(max_examples=150, deadline=None)
def test_every_file_is_in_one_piece_that_fits(drawn: list[list[int]], most: int) -> None:
    """Nothing is lost or doubled, imports stand first in a piece, the same comes out each time."""
    files = by_number({one: [other for other in others if other < one] for one, others in enumerate(drawn)})

    def few(some: Sequence[File]) -> bool:
        return len(some) <= most

    pieces = parted(files, few)
    assert sorted(one.id for piece in pieces for one in piece) == sorted(one.id for one in files)
    assert all(few(piece) for piece in pieces)
    assert all(list(piece) == sorted(piece, key=lambda one: int(one.id)) for piece in pieces)
    assert pieces == parted(files, few)
    assert price(pieces) <= price(in_order(files, few))
