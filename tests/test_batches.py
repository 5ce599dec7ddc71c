"""Packing: every spec once, within limits, the same way each time, what belongs together in one request."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2c.batches import OUTPUT_SHARE, Limits, Work, pack, specs_at_most

QUICK = settings(max_examples=150, deadline=None)
LANGUAGES = {"dafny": 16, "lean": 6, "verus": 8}
PLAIN = Limits(specs=0, tokens=800_000, output=32_000)

Batches = list[tuple[Work, ...]]


@st.composite
def works(draw: st.DrawFn) -> list[Work]:
    """Works with ids of their own; a group has one language, as imports do not cross languages."""
    made = []
    groups = [draw(st.sampled_from(sorted(LANGUAGES))) for _ in range(6)]
    for number in range(draw(st.integers(0, 40))):
        group = draw(st.integers(0, 5))
        name = groups[group]
        tokens, output = draw(st.integers(1, 3000)), draw(st.integers(1, 9000))
        depth = draw(st.integers(0, 4))
        below = [one.id for one in made if one.group == f"g{group}" and one.depth < depth]
        imports = tuple(draw(st.lists(st.sampled_from(below), max_size=3, unique=True)) if below else ())
        made.append(Work(f"{number:02}.x", name, f"g{group}", depth, tokens, output, LANGUAGES[name], imports))
    return made


LIMITS = st.builds(
    Limits,
    specs=st.sampled_from([0, 0, 1, 3, 20]),
    tokens=st.integers(1000, 12_000),
    output=st.integers(500, 32_000),
    batch_mode=st.sampled_from([True, True, True, False]),
    smart=st.booleans(),
)
ATTEMPTS = st.integers(1, 6)


def fits(batch: tuple[Work, ...], limits: Limits, attempt: int) -> bool:
    """Whether a batch is within its limits."""
    return (
        len(batch) <= specs_at_most(limits, batch[0].most, attempt)
        and sum(work.tokens for work in batch) <= limits.tokens
        and sum(work.output for work in batch) <= limits.output * OUTPUT_SHARE
    )


@given(works(), LIMITS, ATTEMPTS)
@QUICK
def test_every_spec_is_in_exactly_one_batch(given_works: list[Work], limits: Limits, attempt: int) -> None:
    """Nothing is left out, nothing goes out twice, and no batch is empty."""
    batches = pack(given_works, limits, attempt)
    assert all(batches)
    assert Counter(work for batch in batches for work in batch) == Counter(given_works)


@given(works(), LIMITS, ATTEMPTS)
@QUICK
def test_limits_hold(given_works: list[Work], limits: Limits, attempt: int) -> None:
    """A batch of more than one spec is within all three limits; one that is too large by itself goes alone."""
    for batch in pack(given_works, limits, attempt):
        assert len(batch) == 1 or fits(batch, limits, attempt)


@given(works(), LIMITS, ATTEMPTS, st.data())
@QUICK
def test_the_order_of_asking_does_not_count(
    given_works: list[Work], limits: Limits, attempt: int, data: st.DataObject
) -> None:
    """The same specs in any order make the same batches, which is what makes a request's key one to be found again."""
    shuffled = data.draw(st.permutations(given_works))
    assert pack(shuffled, limits, attempt) == pack(given_works, limits, attempt)


@given(works(), LIMITS, ATTEMPTS)
@QUICK
def test_a_batch_is_of_one_language(given_works: list[Work], limits: Limits, attempt: int) -> None:
    """Specs of two languages never share a prompt."""
    for batch in pack(given_works, limits, attempt):
        assert len({work.language for work in batch}) == 1


@given(works(), LIMITS, ATTEMPTS)
@QUICK
def test_what_is_imported_stands_first(given_works: list[Work], limits: Limits, attempt: int) -> None:
    """Smart: within a batch, imports stand before what imports them."""
    for batch in pack(given_works, replace(limits, smart=True), attempt):
        seen: dict[str, int] = {}
        for work in batch:
            assert work.depth >= seen.get(work.group, 0)
            seen[work.group] = work.depth


@given(works(), LIMITS, ATTEMPTS)
@QUICK
def test_a_group_that_fits_is_not_cut(given_works: list[Work], limits: Limits, attempt: int) -> None:
    """Smart: a group that fits into one batch goes in one batch."""
    batches = pack(given_works, replace(limits, smart=True), attempt)
    for name in {work.group for work in given_works}:
        group = tuple(work for work in given_works if work.group == name)
        if fits(group, limits, attempt):
            assert sum(any(work.group == name for work in batch) for batch in batches) == 1


@given(works(), LIMITS, ATTEMPTS)
@QUICK
def test_no_request_is_wasted(given_works: list[Work], limits: Limits, attempt: int) -> None:
    """Plain: two batches of one language that follow each other would not have fitted into one."""
    batches = pack(given_works, replace(limits, smart=False), attempt)
    for one, other in pairwise(batches):
        assert one[0].language != other[0].language or not fits((*one, other[0]), limits, attempt)


@given(works(), LIMITS)
@QUICK
def test_without_batch_mode_each_goes_alone(given_works: list[Work], limits: Limits) -> None:
    """--no-batch-mode is one spec a request."""
    batches = pack(given_works, replace(limits, batch_mode=False), 1)
    assert {len(batch) for batch in batches} <= {1}


def test_plain_packing_goes_by_path() -> None:
    """--no-smart-batching: in the order of paths, groups or not."""
    made = [Work(f"{name}.dfy", "dafny", group, 0, 10, 10, 2) for name, group in zip("cabd", "xyxy", strict=True)]
    assert _ids(pack(made, replace(PLAIN, smart=False), 1)) == [["a.dfy", "b.dfy"], ["c.dfy", "d.dfy"]]
    assert _ids(pack(made, PLAIN, 1)) == [["b.dfy", "c.dfy"], ["a.dfy", "d.dfy"]]


def test_a_group_larger_than_a_batch_is_cut_along_its_order() -> None:
    """Imports go out first; what is left of a batch is filled."""
    made = [Work(f"{at}.dfy", "dafny", "g", 4 - at, 10, 10, 2) for at in range(5)]
    assert _ids(pack(made, PLAIN, 1)) == [["4.dfy", "3.dfy"], ["2.dfy", "1.dfy"], ["0.dfy"]]


@pytest.mark.parametrize(
    ("attempt", "many", "few", "own"), [(1, 16, 6, 20), (2, 8, 6, 20), (3, 4, 4, 20), (4, 1, 1, 20), (9, 1, 1, 20)]
)
def test_a_hard_spec_gets_fewer_neighbours(attempt: int, many: int, few: int, own: int) -> None:
    """Repairs go out with 8, 4, 1 specs, never more than a first request; a number that the user set stands."""
    assert specs_at_most(PLAIN, LANGUAGES["dafny"], attempt) == many
    assert specs_at_most(PLAIN, LANGUAGES["lean"], attempt) == few
    assert specs_at_most(replace(PLAIN, specs=20), LANGUAGES["lean"], attempt) == own


def test_output_binds_a_batch() -> None:
    """What an answer is likely to need stays below its share of the request's limit: a cut answer is paid for twice."""
    made = [Work(f"{at}.dfy", "dafny", f"g{at}", 0, 10, 3000, 16) for at in range(8)]
    assert [len(batch) for batch in pack(made, replace(PLAIN, output=20_000), 1)] == [4, 4]
    made = [replace(work, tokens=4000, output=1) for work in made]
    assert [len(batch) for batch in pack(made, replace(PLAIN, tokens=10_000), 1)] == [2, 2, 2, 2]


def _ids(batches: Batches) -> list[list[str]]:
    return [[work.id for work in batch] for batch in batches]
