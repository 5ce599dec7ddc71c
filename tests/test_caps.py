"""Caps in whole builds: with eight requests in flight, prices, delays, failures and cuts by chance, none is broken.

The server keeps a book of its own: what a provider would bill, for answers that were cut off too.
"""

import json
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from s2c import tokens, wire
from tests import loopback as lb
from tests import stand_in
from tests.crashes import DODO
from tests.openai_server import answer_fills, asked, spec_text
from tests.projects import Ended, Tree

pytestmark = pytest.mark.endtoend

MILLION = Decimal(1_000_000)
SPECS = 24


@dataclass
class Book:
    """What the server has billed. Prices in dollars per million tokens."""

    input: Decimal
    output: Decimal
    read: int = 0
    written: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def bill(self, prompt: int, completion: int) -> None:
        """One request that was worked on."""
        with self.lock:
            self.read += prompt
            self.written += completion

    @property
    def dollars(self) -> Decimal:
        """All that is billed."""
        return (self.input * self.read + self.output * self.written) / MILLION


def value(name: str) -> str:
    """What proves the spec of this name."""
    return f"n + {name[1:]}"


def known(wire_id: str, prompt: str) -> str | None:
    """The right fill for a hole of one of our specs."""
    name = spec_text(prompt, wire_id).partition("method ")[2].partition("(")[0]
    return stand_in.fill(value(name))[wire_id.partition(".")[2]]


def answer(prompt: str) -> str:
    """A right answer to all that a prompt asks for."""
    nonce, ids = asked(prompt)
    return wire.render(nonce, {one: known(one, prompt) or "" for one in ids})


def moody(seed: int, book: Book, *, reports: bool) -> lb.Behaviour:
    """Answers well, late, cut off, without usage, or not at all, by chance; bills whatever it works on."""
    chance, lock = random.Random(seed), threading.Lock()  # noqa: S311 - no secret

    def behave(exchange: lb.Exchange) -> None:
        with lock:
            mood, at, wait = chance.random(), chance.random(), chance.random() * 0.05
        exchange.closing.wait(wait)
        received = exchange.received
        if mood < 0.15:  # refused: nobody pays
            lb.status(429 if at < 0.5 else 503, headers={"retry-after-ms": "20"})(exchange)
            return
        text = "so it is " * (20 + int(20 * wait / 0.05)) + "\n" + answer(received.prompt)
        if mood < 0.25:  # worked on, and the connection breaks before a byte is seen
            book.bill(received.prompt_tokens, int(received.max_output * at))
            lb.dropped(reset=at < 0.5)(exchange)
            return
        whole = tokens.count(text)
        if mood < 0.35:  # cut off: what was written is billed, and told to nobody
            book.bill(received.prompt_tokens, whole)
            lb.dropped(*[lb.chunk(text[: int(len(text) * at) + 1])], reset=at < 0.5)(exchange)
            return
        book.bill(received.prompt_tokens, whole)
        usage: dict[str, Any] = {"prompt_tokens": received.prompt_tokens, "completion_tokens": whole}
        if reports and at < 0.5:
            usage["cost"] = float((book.input * received.prompt_tokens + book.output * whole) / MILLION)
        lb.stream_text(text, "stop", {} if mood < 0.45 else usage, 60)(exchange)

    return behave


def lay(tree: Tree, tool: Path, url: str, **settings: object) -> Path:
    """A project with SPECS specs, its verifier played; the folder of that."""
    folder = stand_in.install(tree, tool)
    for number in range(SPECS):
        tree.write(f"s{number}.dfy", stand_in.spec(f"S{number}", value(f"S{number}")))
    tree.configure(model="m-1", base_url=url, requests=8, batch_specs=1, max_output=256, **settings)
    return folder


def events(tree: Tree, kind: str) -> list[dict[str, Any]]:
    """The events of this kind of the last run, in order."""
    log = (tree.root / "build" / "events.jsonl").read_text(encoding="utf-8")
    return [one for line in log.splitlines() if (one := json.loads(line))["event"] == kind]


def clean(ended: Ended, *codes: int) -> Ended:
    """A run with one of these exit codes, and no traceback."""
    assert ended.code in codes, ended.text
    assert "Traceback" not in ended.text
    return ended


SEEDS = [1, 2, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(3, 13))]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_moment_is_over_the_cap(tree: Tree, tmp_path: Path, seed: int) -> None:
    """max_cost with 8 in flight: spent + set aside is within it at every change; so is what the server has billed."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    book = Book(Decimal(chance.randrange(50, 500)), Decimal(chance.randrange(50, 2000)))
    with lb.Server(moody(seed, book, reports=seed % 2 == 0)) as server:
        prices = {"price_input": str(book.input), "price_output": str(book.output)}
        lay(tree, tmp_path / "tool", server.url, **prices)
        planned = json.loads(tree.s2c("plan", "--json").out)
        one = Decimal(planned["cost"]["high"]) / SPECS
        cap = (one * chance.randrange(20, 110) / 10).quantize(Decimal("0.0001"))
        tree.configure(max_cost=str(cap))
        ended = clean(tree.doit(), 5)
        seen = events(tree, "money")
        assert len(seen) > 5
        assert [told for told in seen if Decimal(told["spent"]) + Decimal(told["reserved"]) > cap] == []
        assert Decimal(seen[-1]["reserved"]) == 0
        assert book.dollars <= Decimal(seen[-1]["spent"]) <= cap
        assert seen[-1]["requests"] == len(server.requests)
        assert tree.summary["cost"] == f"{Decimal(seen[-1]['spent']).normalize():f} USD"
        assert max(Decimal(told["reserved"]) for told in seen) > one * (min(int(cap / one), 8) // 2)
        assert "of max_cost" in ended.text
        green = set(tree.states) - {path for path, state in tree.states.items() if state != "verified"}
        stored = {told["component"] for told in events(tree, "judged") if told["verdict"] == "verified"}
        assert green == stored  # what was out when the cap was reached was awaited, and counts


@pytest.mark.parametrize("seed", SEEDS)
def test_tokens_and_requests_are_capped_alike(tree: Tree, tmp_path: Path, seed: int) -> None:
    """max_tokens and max_requests, without any price: neither is broken at any change, nor by the server's count."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    book = Book(Decimal(1), Decimal(1))
    most = {"max_tokens": chance.randrange(4000, 9000)} if seed % 2 else {"max_requests": chance.randrange(5, 20)}
    with lb.Server(moody(seed, book, reports=False)) as server:
        lay(tree, tmp_path / "tool", server.url, **most)
        said = clean(tree.doit(), 5).text
        seen = events(tree, "money")
        used = max(told["tokens"] + told["tokens_reserved"] for told in seen)
        assert used <= most.get("max_tokens", used)
        assert book.read + book.written <= seen[-1]["tokens"]
        assert len(server.requests) == seen[-1]["requests"] <= most.get("max_requests", len(server.requests))
        assert tree.summary["cost"] == "unknown"
        assert next(iter(most)) in said


def test_what_may_be_billed_twice_is_set_aside_twice(tree: Tree, tmp_path: Path) -> None:
    """A connection that breaks before a token may cost all of it: with a cap for one request no other try goes out."""
    with lb.Server(lb.dropped(), answer_fills(known)) as server:
        lay(tree, tmp_path / "tool", server.url, price_input=100, price_output=100)
        one = Decimal(json.loads(tree.s2c("plan", "--json", "s0.dfy").out)["cost"]["high"])
        tree.configure(max_cost=str(one * Decimal("1.9")), requests=1)
        clean(tree.doit("generate:s0.dfy", "verify:s0.dfy"), 5)
        assert len(server.requests) == 1
        assert Decimal(events(tree, "money")[-1]["spent"]) == one
        tree.configure(max_cost=str(one * 2), requests=1)
    with lb.Server(lb.dropped(), answer_fills(known)) as server:
        tree.configure(base_url=server.url)
        clean(tree.doit("generate:s0.dfy", "verify:s0.dfy"), 0)
        assert len(server.requests) == 2
        assert one < Decimal(events(tree, "money")[-1]["spent"]) < one * 2


@pytest.mark.parametrize("name", ["max_cost", "max_cost_per_spec"])
def test_a_cap_in_dollars_needs_a_price(tree: Tree, tmp_path: Path, name: str) -> None:
    """With a cap and a price that nobody knows nothing is sent, also where a proxy would report a cost of 0."""
    free = lb.USAGE | {"cost": 0}
    with lb.Server(lambda exchange: lb.stream_text(answer(exchange.received.prompt), usage=free)(exchange)) as server:
        lay(tree, tmp_path / "tool", server.url, **{name: 1})
        said = clean(tree.doit(), 3)
        assert f"{name} is set, but no price is known for the model 'm-1'" in said.text
        assert server.requests == []
        del tree.settings[name]
        free |= {"prompt_tokens": 5000}  # no prompt of ours is longer
        clean(tree.doit(), 0)
        assert tree.summary["cost"] == "unknown"


def test_what_is_stored_costs_nothing(tree: Tree, tmp_path: Path) -> None:
    """A run that is killed with answers in the store: the next one reads them under a cap of 0 dollars, 0 requests."""
    with lb.Server(answer_fills(known)) as server:
        lay(tree, tmp_path / "tool", server.url, price_input=1, price_output=1)
        tree.write("dodo.py", DODO)
        assert tree.doit(env={"END_KIND": "stored", "END_NUMBER": str(SPECS)}).code < 0
        paid = len(server.requests)
        tree.configure(max_cost=0, max_requests=0, max_tokens=0)
        clean(tree.doit(), 0)
        assert (len(server.requests), paid) == (SPECS, SPECS)
        assert (tree.summary["cost"], tree.summary["requests"]) == ("0 USD", 0)


# --- what a spec has cost -----------------------------------------------------------------------------------------


def stubborn(book: Book, wrong: Callable[[int], str]) -> lb.Behaviour:
    """Never proves S0, and says ever other things for it; proves all others at once."""

    def solve(wire_id: str, prompt: str) -> str | None:
        right = known(wire_id, prompt)
        return right if not right or f"n + {0};" not in right else wrong(book.read)

    def behave(exchange: lb.Exchange) -> None:
        received = exchange.received
        nonce, ids = asked(received.prompt)
        text = wire.render(nonce, {one: solve(one, received.prompt) or "" for one in ids})
        book.bill(received.prompt_tokens, tokens.count(text))
        usage = {"prompt_tokens": received.prompt_tokens, "completion_tokens": tokens.count(text)}
        lb.stream_text(text, usage=usage)(exchange)

    return behave


def test_a_spec_that_has_cost_too_much_is_left(tree: Tree, tmp_path: Path) -> None:
    """max_cost_per_spec: counted over runs, told by the plan, by `s2c why` and by the run; a higher one asks again."""
    book = Book(Decimal(100), Decimal(1000))
    with lb.Server(stubborn(book, lambda count: f"  r := {count};")) as server:
        lay(tree, tmp_path / "tool", server.url, price_input=100, price_output=1000, max_attempts=50)
        for number in range(1, SPECS):
            (tree.root / f"s{number}.dfy").unlink()
        tree.configure(max_requests=1)
        clean(tree.doit(), 5)
        first = book.dollars
        del tree.settings["max_requests"]
        tree.configure(max_cost_per_spec=str(first + Decimal("0.0001")))
        said = clean(tree.doit(), 1).text
        assert len(server.requests) == 2  # that run sent one more, and with that it was over
        assert f"it has cost ${book.dollars:.4f}, more than max_cost_per_spec" in said
        for words in ((), ("retry=1",), ("fresh=1",)):
            said = clean(tree.doit(*words), 1)
            assert f"it has cost ${book.dollars:.4f}, more than max_cost_per_spec" in said.text
        assert len(server.requests) == 2
        planned = tree.s2c("plan").out
        assert f"s0.dfy: exhausted (never built here; it has cost ${book.dollars:.4f}, more than" in planned
        assert "at most 0 requests" in planned
        assert f"attempts: 2 of 50; cost ${book.dollars:.4f}; it has cost" in tree.s2c("why", "s0.dfy").out
        tree.configure(max_cost_per_spec=str(book.dollars))
        clean(tree.doit(), 1)  # not more than that: one more goes out
        assert len(server.requests) == 3


def test_a_request_is_shared_by_prompt_and_answer(tree: Tree, tmp_path: Path) -> None:
    """Two specs in one request: half the prompt each, of the answer what came for each; together, all that it cost."""
    book = Book(Decimal(100), Decimal(1000))
    long = "  r := 0; // " + "so it goes, and so on and so forth " * 20
    with lb.Server(stubborn(book, lambda _: long)) as server:
        lay(tree, tmp_path / "tool", server.url, price_input=100, price_output=1000, max_attempts=1)
        for number in range(2, SPECS):
            (tree.root / f"s{number}.dfy").unlink()
        tree.configure(batch_specs=2, max_output=2000)
        clean(tree.doit(), 1)
        assert len(server.requests) == 1
    costs = [cost(tree, path) for path in ("s0.dfy", "s1.dfy")]
    assert abs(sum(costs) - book.dollars) < Decimal("0.0002")
    for_prompt, for_answer = book.input * book.read / MILLION, book.output * book.written / MILLION
    short = stand_in.fill(value("S1"))["h2"]
    share = Decimal(len(long) + 1) / (len(long) + len(short) + 2)
    assert abs(costs[0] - (for_prompt / 2 + for_answer * share)) < Decimal("0.0002")


def cost(tree: Tree, path: str) -> Decimal:
    """What `s2c why` says that a spec's attempts have cost."""
    told = json.loads(tree.s2c("why", path, "--json").out)["cost"]
    return Decimal(told.removeprefix("$"))
