"""What is asked again after a request brought no whole answer, and in how large a company.

Law: of an answer that was cut off all that is whole counts, and only what is missing is asked for again. What got
nothing of an answer that it shared has used no attempt. Each such request is smaller than the one before it, so it
ends, at the latest with every spec alone; one that fails alone is told why.
"""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from s2c.errors import AskError
from s2c.trouble import ContentFilter, ContextOverflow

T = TypeVar("T")

WHOLE = "stop"  # the endpoint's word for an answer that the model itself ended
CUT = "length"
BROKEN = "broken"
FILTERED = frozenset({"content_filter", "refusal"})


def splits(error: AskError, specs: int) -> bool:
    """Whether fewer specs at once may get the answer that so many did not get."""
    return specs > 1 and isinstance(error, (ContextOverflow, ContentFilter))


def halves(batch: Sequence[T]) -> tuple[Sequence[T], Sequence[T]]:
    """It in two, the first no smaller than the second."""
    middle = (len(batch) + 1) // 2
    return batch[:middle], batch[middle:]


def company(finish: str, specs: int, missing: int) -> int:
    """How many specs a request may hold, at most, for those that a cut answer to `specs` left out; 0: as ever.

    A filter is looked for by halves. What was too long is asked for with half as many. A stream that only broke off
    says nothing about size, unless it brought nothing at all.
    """
    if finish in FILTERED:
        return max(1, missing // 2)
    if finish.startswith(BROKEN) and missing < specs:
        return 0
    return max(1, specs // 2)


def pieces(batch: Sequence[T], most: int) -> Iterator[Sequence[T]]:
    """The batch in as few pieces as have at most so many, of about the same size. `most` 0: in one."""
    count = -(-len(batch) // most) if most else 1
    for number in range(count):
        yield batch[len(batch) * number // count : len(batch) * (number + 1) // count]


def hopeless(finish: str, written: int, max_output: int) -> str:
    """Why it makes no sense to ask again for a spec that was alone in a request and got nothing; "" if it does.

    `written`: the tokens of the answer as the endpoint counted them, 0 if it did not.
    """
    if finish in FILTERED:
        return f"the endpoint refuses this spec, or what a model would answer to it ({finish})"
    if finish == CUT and 0 < written < max_output // 2:  # beyond doubt not ours, however each side counts
        return f"the endpoint ended its answer after {written} tokens (max_output is {max_output}): raise its own limit"
    if finish == CUT:
        return f"its answer alone is longer than max_output ({max_output} tokens): set a larger one"
    return ""
