"""When a request goes out: repairs wait for nobody but those that may join them, and verdicts for no other verdict.

Each is a whole run; the endpoint holds back the answers to some specs until the test has seen what it came for.
"""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from s2c import wire
from s2c.model import Event
from tests import loopback as lb
from tests import stand_in
from tests.openai_server import asked
from tests.runs import Done, book, lay_out, named, names, run

PATIENCE = 60.0
A_MOMENT = 0.5  # seconds in which a request would have come that must not
SLOW = """
    for path in (one for one in arguments[1:] if one.endswith(".dfy")):
        while "method S00(" in open(path).read() and os.path.exists(os.path.join(HERE, "slow")):
            time.sleep(0.02)
"""


def until(condition: Callable[[], bool]) -> None:
    """Wait until it holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.01)


class Played:
    """A run over so many specs, and the endpoint that it asks.

    `came`: the specs of each request, by number. `heard`: every event.
    """

    def __init__(self, folder: Path, count: int, wrong_first: Sequence[int] = (), **settings: object) -> None:
        self.came: list[tuple[int, ...]] = []
        self.tree = lay_out(folder, count)
        self._tool = folder / "tool"
        self._solver = book(count, wrong_first=wrong_first)
        self._settings = settings
        self._held: dict[tuple[tuple[int, ...], int], threading.Event] = {}
        self.heard: list[Event] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._server = self._stack.enter_context(lb.Server(self._answer))
        self._pool = self._stack.enter_context(ThreadPoolExecutor(1))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for event in self._held.values():
            event.set()
        (self._tool / "slow").unlink(missing_ok=True)
        self._stack.close()

    def hold(self, *specs: int, time: int = 1) -> threading.Event:
        """The answer to the first, second, ... request for exactly these waits for this event."""
        return self._held.setdefault((specs, time), threading.Event())

    def slow(self) -> Path:
        """While this file lies there, what is judged of S00 takes for ever."""
        program = self._tool / "dafny"
        program.write_text(program.read_text().replace("    wait()\n", f"    wait()\n{SLOW}", 1), encoding="utf-8")
        place = self._tool / "slow"
        place.touch()
        return place

    def start(self) -> None:
        """Now it begins."""
        self._done = self._pool.submit(run, self.tree, self._server.url, self.heard, **self._settings)

    def result(self) -> Done:
        """What it came to."""
        return self._done.result(PATIENCE)

    def asked(self, *specs: int, times: int = 1) -> None:
        """Wait until a request for exactly these has come so often."""
        until(lambda: self.came.count(specs) >= times)

    def sent(self, rounds: int) -> None:
        """Wait until so many rounds are due."""
        until(lambda: sum(one.kind == "round" for one in tuple(self.heard)) >= rounds)

    def silent(self) -> bool:
        """Whether no request comes for a moment."""
        before = len(self.came)
        time.sleep(A_MOMENT)
        return len(self.came) == before

    def _answer(self, exchange: lb.Exchange) -> None:
        """Begin to answer at once, so that nobody waits for a first token; the rest when it may."""
        received = exchange.received
        specs = tuple(int(name[1:]) for name in names(received))
        self.came.append(specs)
        exchange.open()
        exchange.event(lb.chunk("", reasoning="hm"))
        if held := self._held.get((specs, self.came.count(specs))):
            held.wait(PATIENCE)
        nonce, ids = asked(received.prompt)
        text = wire.render(nonce, {one: self._solver(one, received.prompt) or "" for one in ids})
        usage = {"prompt_tokens": received.prompt_tokens, "completion_tokens": 9}
        for event in (lb.chunk(text), lb.chunk(finish="stop"), lb.usage_chunk(usage), "[DONE]"):
            exchange.event(event)
        exchange.end()


def test_a_full_repair_waits_for_no_other_answer(tmp_path: Path) -> None:
    """Both specs of one request fail while another request is out: their repair is full, and goes at once."""
    with Played(tmp_path, 4, wrong_first=(0, 1), batch_specs=2) as played:
        slowest = played.hold(2, 3)
        played.start()
        played.asked(0, 1, times=2)
        slowest.set()
        assert len(played.result().green) == 4
    assert sorted(played.came) == [(0, 1), (0, 1), (2, 3)]


def test_a_repair_with_room_waits_for_those_that_may_join_it(tmp_path: Path) -> None:
    """One of each request fails: the two go back together, in one request."""
    with Played(tmp_path, 4, wrong_first=(0, 2), batch_specs=2) as played:
        slowest = played.hold(2, 3)
        played.start()
        played.asked(2, 3)
        played.asked(0, 1)
        assert played.silent()
        slowest.set()
        assert len(played.result().green) == 4
    assert sorted(played.came) == [(0, 1), (0, 2), (2, 3)]


def test_a_repair_with_room_waits_for_no_stranger(tmp_path: Path) -> None:
    """What is out is a repair itself, which no first failure can join: one alone goes back at once."""
    with Played(tmp_path, 4, wrong_first=(0, 1, 2), batch_specs=2) as played:
        first, repair = played.hold(2, 3), played.hold(0, 1, time=2)
        played.start()
        played.asked(0, 1, times=2)
        first.set()
        played.asked(2)
        repair.set()
        assert len(played.result().green) == 4
    assert sorted(played.came) == [(0, 1), (0, 1), (2,), (2, 3)]


def test_what_was_tried_most_often_goes_first(tmp_path: Path) -> None:
    """With one request at a time a repair goes before what has not been asked for yet: it has the longest way."""
    with Played(tmp_path, 4, wrong_first=(0,), batch_specs=1, requests=1) as played:
        slow = played.hold(1)
        played.start()
        played.asked(1)
        played.sent(rounds=2)
        slow.set()
        assert len(played.result().green) == 4
    assert played.came == [(0,), (1,), (0,), (2,), (3,)]


def test_a_slow_verdict_holds_up_no_other(tmp_path: Path) -> None:
    """While one fill is judged for ever, other answers are read, judged and repaired, and more is asked."""
    with Played(tmp_path, 4, wrong_first=(1, 3), batch_specs=2, requests=1) as played:
        slow = played.slow()
        played.start()
        played.asked(1, 3)
        assert not any(one.kind == "judged" and one.data["component"] == "S00.dfy" for one in played.heard)
        slow.unlink()
        assert played.result().green == [named(number) for number in range(4)]
    assert played.came == [(0, 1), (2, 3), (1, 3)]


def test_what_a_run_asked_is_told_by_round(tmp_path: Path) -> None:
    """Round 1 is what a plan tells; what goes out later is no part of it."""
    with Played(tmp_path, 3, wrong_first=(1,)) as played:
        played.start()
        done = played.result()
    assert [(one["round"], one["specs"]) for one in done.told("request")] == [(1, 3), (2, 1)]
    assert [(one["specs"], one["requests"]) for one in done.told("round")] == [(3, 1), (1, 1)]


def test_the_stand_in_is_as_it_was(tmp_path: Path) -> None:
    """The line by which a verdict is made slow is one of the program."""
    tree = lay_out(tmp_path, 1)
    assert tree.tables["dafny"]["command"] == [str(tmp_path / "tool" / "dafny")]
    assert stand_in.PROGRAM.count("    wait()\n") == 1
