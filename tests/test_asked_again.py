"""What is asked again when an endpoint can't answer all of a request: by halves, or what is missing and nothing else.

Each row is a whole run against a real server; the specs are judged by the verifier's stand-in.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from s2c import again, wire
from tests import loopback as lb
from tests.openai_server import AnswerBook, asked
from tests.runs import Done, book, lay_out, named, names, run

COUNT = 8
BAD = named(3)  # the one at fault, where one is

Play = Callable[[lb.Exchange, AnswerBook], None]


def text_of(exchange: lb.Exchange, solver: AnswerBook, until: Callable[[int, str], bool] = lambda *_: False) -> str:
    """The answer of a played model, up to the first spec for which `until` holds (its place, its name)."""
    nonce, ids = asked(exchange.received.prompt)
    shown = names(exchange.received)
    kept = [one for one in ids if not any(until(at, shown[at]) for at in range(int(one[1:].partition(".")[0])))]
    text = wire.render(nonce, {one: solver(one, exchange.received.prompt) or "" for one in kept})
    return text if kept == ids else text.rpartition(wire.MARKER)[0]


def answered(exchange: lb.Exchange, text: str, finish: str) -> None:
    """This text, ended so; "" for a connection that breaks."""
    usage = {"prompt_tokens": exchange.received.prompt_tokens, "completion_tokens": 9}
    if finish:
        lb.stream_text(text, finish, usage, 400)(exchange)
    else:
        lb.dropped(lb.chunk(text) if text else lb.chunk("", reasoning="hm"), reset=True)(exchange)


def whole(exchange: lb.Exchange, solver: AnswerBook) -> None:
    """A good answer."""
    answered(exchange, text_of(exchange, solver), "stop")


def refused(code: int, error: object, when: Callable[[Sequence[str]], bool]) -> Play:
    """This error where the request's specs are such, else a good answer."""

    def play(exchange: lb.Exchange, solver: AnswerBook) -> None:
        if when(names(exchange.received)):
            lb.status(code, error)(exchange)
        else:
            whole(exchange, solver)

    return play


def ended(finish: str, until: Callable[[int, str], bool]) -> Play:
    """An answer that ends so at the first spec for which this holds."""

    def play(exchange: lb.Exchange, solver: AnswerBook) -> None:
        text = text_of(exchange, solver, until)
        cut = any(until(at, name) for at, name in enumerate(names(exchange.received)))
        answered(exchange, text, finish if cut else "stop")

    return play


def once(play: Play) -> Play:
    """So at the first request, and well from then on."""
    return lambda exchange, solver: (play if exchange.received.number == 1 else whole)(exchange, solver)


@dataclass(frozen=True)
class Row:
    """What the endpoint does, how many specs its requests hold, one after the other, and which spec is told why."""

    play: Play
    sizes: tuple[int, ...]
    told: Mapping[str, str] = field(default_factory=dict)
    again: int = 0  # specs of which an answer came, or half of one, that are asked for once more
    settings: Mapping[str, object] = field(default_factory=dict)


def more_than(count: int) -> Callable[[Sequence[str]], bool]:
    """Whether there are more specs than that."""
    return lambda shown: len(shown) > count


OVERFLOW = {"message": "no", "code": "context_length_exceeded"}
LLAMA = {"message": "request (31264 tokens) exceeds the available context size", "type": "exceed_context_size_error"}
FILTER = {"message": "The response was filtered", "code": "content_filter"}
BY_HALVES = (8, 4, 4, 2, 2, 1, 1)

TABLE: Mapping[str, Row] = {
    # --- the prompt is too long
    "400, context_length_exceeded": Row(refused(400, OVERFLOW, more_than(4)), (8, 4, 4)),
    "413": Row(refused(413, "too large", more_than(4)), (8, 4, 4)),
    "llama.cpp: exceeds the available context size": Row(refused(400, LLAMA, more_than(2)), (8, 4, 4, 2, 2, 2, 2)),
    "one spec alone is too long": Row(refused(400, OVERFLOW, lambda shown: BAD in shown), BY_HALVES, {BAD: "400: no"}),
    "what did not fit is not tried again": Row(
        refused(400, OVERFLOW, more_than(2)), (4, 2, 2, 2, 2), settings={"batch_specs": 4, "requests": 1}
    ),
    # --- a filter
    "400, content_filter": Row(
        refused(400, FILTER, lambda shown: BAD in shown), BY_HALVES, {BAD: "The response was filtered"}
    ),
    "finish_reason content_filter, nothing came": Row(
        ended("content_filter", lambda at, _: at == 0), (8, 4, 4, 2, 2, 2, 2, *[1] * 8),
        {named(number): "(content_filter)" for number in range(8)},
    ),
    "finish_reason content_filter, at one spec": Row(
        ended("content_filter", lambda _, name: name == BAD), (8, 1, 2, 2), {BAD: "(content_filter)"}
    ),
    # --- too long an answer
    "finish_reason length, half came": Row(once(ended("length", lambda at, _: at == 4)), (8, 4)),
    "finish_reason length, three came": Row(once(ended("length", lambda at, _: at == 3)), (8, 2, 3)),
    "finish_reason length, nothing came": Row(once(ended("length", lambda at, _: at == 0)), (8, 4, 4)),
    "finish_reason length, whatever is asked": Row(
        ended("length", lambda at, _: at == 2), (8, 3, 3, 1, 1), settings={"max_attempts": 1}
    ),
    "finish_reason length, alone": Row(
        ended("length", lambda at, _: at == 0), (1,) * 8,
        {named(number): "raise its own limit" for number in range(8)}, settings={"batch_mode": False},
    ),
    # --- a stream that breaks
    "broken after five": Row(once(ended("", lambda at, _: at == 5)), (8, 3)),
    "broken before the first fill": Row(once(ended("", lambda at, _: at == 0)), (8, 4, 4)),
    "an odd finish reason after five": Row(once(ended("tool_calls", lambda at, _: at == 5)), (8, 3)),
    # --- an answer that its model ended
    "the model left one out": Row(once(ended("stop", lambda at, _: at == 7)), (8, 1), again=1),
}  # fmt: skip


def played(folder: Path, row: Row) -> tuple[Done, list[list[str]]]:
    """A run against that endpoint, and the specs of each request."""
    solver = book(COUNT)
    tree = lay_out(folder, COUNT)
    with lb.Server(lambda exchange: row.play(exchange, solver)) as server:
        done = run(tree, server.url, **row.settings)
        return done, [names(one) for one in server.requests]


@pytest.mark.parametrize("name", TABLE)
def test_row(name: str, tmp_path: Path) -> None:
    """The requests hold as many specs as they must; who is at fault is told why, and all others are verified."""
    row = TABLE[name]
    done, requests = played(tmp_path, row)
    assert sorted(map(len, requests), reverse=True) == sorted(row.sizes, reverse=True)
    every = [named(number) for number in range(COUNT)]
    assert done.green == [one for one in every if one not in row.told]
    for one, why in row.told.items():
        assert why in done.solutions[one].reason
    attempts = Counter(str(one["component"]).removesuffix(".dfy") for one in done.told("attempt"))
    assert attempts.total() <= COUNT + row.again  # what got nothing of an answer that it shared used no attempt


def test_what_came_is_not_asked_for_again(tmp_path: Path) -> None:
    """After a stream that broke after five fills the others are asked for, and those alone."""
    _, requests = played(tmp_path, TABLE["broken after five"])
    assert requests == [[named(number) for number in range(8)], [named(number) for number in range(5, 8)]]


def test_a_split_is_told(tmp_path: Path) -> None:
    """What was too long is no failure of the run: it is told, and each request that went out is counted."""
    done, requests = played(tmp_path, TABLE["413"])
    assert [one["specs"] for one in done.told("split")] == [8]
    assert not done.told("request-failed")
    assert len(done.told("request")) == len(requests) == 3


@pytest.mark.parametrize(("count", "most", "sizes"), [(6, 5, [3, 3]), (6, 8, [6]), (7, 2, [1, 2, 2, 2]), (1, 1, [1])])
def test_pieces(count: int, most: int, sizes: list[int]) -> None:
    """As few pieces as can be, of about the same size, in order."""
    found = list(again.pieces(range(count), most))
    assert [len(one) for one in found] == sizes
    assert [one for piece in found for one in piece] == list(range(count))


@pytest.mark.parametrize(
    ("written", "told"),
    [(256, "set a larger one"), (0, "set a larger one"), (200, "set a larger one"), (24, "raise its own limit")],
)
def test_whose_limit_cut_a_lone_answer(written: int, told: str) -> None:
    """Ours is blamed, unless the endpoint stopped long before it: a setting that changes nothing is no advice."""
    assert told in again.hopeless(again.CUT, written, 256)
