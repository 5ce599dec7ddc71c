"""The key goes out in one header of a request, and is nowhere else, whatever an endpoint does with it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from s2c import wire
from s2c.codec import MAGIC, unseal
from tests import loopback as lb
from tests import stand_in
from tests.endpoints import KEY
from tests.openai_server import AnswerBook, answer_fills, asked
from tests.projects import Ended, Tree

pytestmark = pytest.mark.endtoend


def echoing(exchange: lb.Exchange) -> None:
    """A right answer with the key in its text, in the model's name, in its ids and in its usage."""
    nonce, ids = asked(exchange.received.prompt)
    text = f"your key is {KEY}\n{wire.render(nonce, dict.fromkeys(ids, f'  r := n + 1; // {KEY}'))}"
    event = {**lb.chunk(text), "model": f"model-{KEY}", "id": KEY}
    usage = {"prompt_tokens": exchange.received.prompt_tokens, "completion_tokens": 9, "cost": "0.01", "note": KEY}
    lb.stream_events(event, lb.chunk(finish="stop"), lb.usage_chunk(usage), "[DONE]")(exchange)


def rows(database: Path) -> Iterator[str]:
    """Every row of a database of the store, unpacked."""
    with closing(sqlite3.connect(database)) as connection:
        for key, value in connection.execute("SELECT key, value FROM Cache"):
            packed = isinstance(value, bytes) and value.startswith(MAGIC)
            yield f"{key} {unseal(key, value) if packed else value!r}"


def left(tree: Tree, *ended: Ended) -> Iterator[str]:
    """Everything that runs have left: what they said, every file of the project, every row of the store."""
    yield from (one.text for one in ended)
    for place in sorted(tree.root.rglob("*")):
        if place.is_file():
            yield place.read_bytes().decode("utf-8", "replace")
    yield from rows(tree.root / "cache/db/store/cache.db")


def test_the_key_is_nowhere(tree: Tree, tmp_path: Path) -> None:
    """Not on the console, in events, reports, records, the store or build/, though the endpoint sends it back."""
    stand_in.install(tree, tmp_path / "tool")
    tree.write("a.dfy", stand_in.spec("A", "n + 1"))
    tree.env = {"OPENAI_API_KEY": KEY, "S2C_VERDICT_KEY": "11" * 32}
    refusal = lb.status(401, {"message": f"Incorrect API key provided: {KEY}", "code": KEY, "type": KEY})
    cut = lb.dropped({**lb.chunk(f"// {KEY}"), "id": KEY}, reset=True)
    right = answer_fills(AnswerBook([{"match": stand_in.head("A"), "fills": stand_in.fill("n + 1")}]))
    with lb.Server(refusal, cut, echoing, right) as server:
        tree.configure(model="m-1", base_url=server.url)
        ended = [tree.doit(), tree.doit(), tree.s2c("why", "a.dfy"), tree.s2c("report"), tree.s2c("cache", "export")]
        told = list(left(tree, *ended))
    assert [one.headers["authorization"] for one in server.requests] == [f"Bearer {KEY}"] * len(server.requests)
    assert len(server.requests) > 2
    assert [text for text in told if KEY in text] == []
    assert any("your key is ***" in text for text in told)
