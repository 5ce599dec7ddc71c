"""A run's ties to the outside: the store that it opens, the lock that it holds, the endpoint that it asks.

Law: money is set aside before a request goes out; its text is on disk as it arrives; the answer is in the store before
anyone reads it. One solver works in a project at a time; another waits and is told for whom.
"""

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from decimal import Decimal

from filelock import FileLock, Timeout

from s2c.endpoint import Endpoint
from s2c.errors import AskError, ConfigError, StoreError
from s2c.llm import Client
from s2c.model import Answer, Event, Request
from s2c.money import Budget, Reservation, caps
from s2c.pace import Turn
from s2c.prices import prices
from s2c.settings import Config
from s2c.store import Store, verdict_secret
from s2c.trouble import PromptCut

Listen = Callable[[Event], None]


def open_store(config: Config) -> Store:
    """The project's store, with the records that others committed. Read-only for `frozen`.

    One that is damaged is put right first: what is seen of it only later, the next run does.
    """
    store = Store.open(config.cache_folder, secret=verdict_secret(os.environ), read_only=config.frozen)
    try:
        store.import_records()
        store.verdict("")  # there is none, but the other database is open now
    except StoreError:
        if not store.is_damaged:
            raise
    if store.is_damaged:
        with solving(config, said):
            store.mend()
        store.import_records()
    return store


def exported(config: Config, store: Store) -> int:
    """Write what is new into the records, unless the settings keep them as they are; how many files changed."""
    return store.export_records() if config.records else 0


def said(event: Event) -> None:
    """For whom a command waits, told on standard error."""
    if event.kind == "waiting":
        sys.stderr.write(f"s2c: waiting for {event.data['holder']}\n")


@contextmanager
def solving(config: Config, listen: Listen) -> Iterator[None]:
    """Hold the project's lock; wait for who has it, and say so. The system frees it when its owner dies."""
    folder = config.cache_folder / "db"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock, holder = FileLock(folder / "solve.lock"), folder / "solve.holder"
    try:
        lock.acquire(timeout=0)
    except Timeout:
        who = holder.read_text(encoding="utf-8").strip() if holder.is_file() else "another process"
        listen(Event("waiting", {"holder": who, "lock": str(folder / "solve.lock")}))
        lock.acquire()
    try:
        holder.write_text(f"process {os.getpid()}: {' '.join(sys.argv)}\n", encoding="utf-8")
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def settle_orphans(store: Store, listen: Listen) -> None:
    """What an earlier run left behind when it was killed: its text is kept, and it is told."""
    for orphan in store.orphans() if not store.read_only else ():
        kept = f"{len(orphan.answer.text)} characters of its answer are kept" if orphan.answer.text else "answer lost"
        listen(Event("orphan", {"state": f"possibly billed, {kept} (sent {orphan.time})"}))
        store.settle_orphan(orphan)


def endpoint(config: Config) -> Endpoint:
    """Where and how a run asks: the settings, and the key from the environment."""
    return Endpoint(
        base_url=config.base_url,
        model=config.model,
        api_key=os.environ.get(config.api_key_env, ""),
        temperature="" if config.temperature is None else str(config.temperature),
        deadline=float(config.request_seconds),
        requests=config.requests,
    )


@dataclass
class _Out:
    """One request: `stop` ends it; while it `waits` for its turn or for another try nothing of it can get lost."""

    reservation: Reservation
    stop: threading.Event = field(default_factory=threading.Event)
    waits: bool = True


class Connection:
    """One endpoint, asked under one budget, with every answer stored before it is given back."""

    def __init__(self, config: Config, store: Store, listen: Listen) -> None:
        if not config.model:
            raise ConfigError("no model is set, so nothing can be asked", fix='set model = "..." in [tool.s2c]')
        self._budget = Budget(prices(config), caps(config), listen)
        self._store = store
        self._listen = listen
        self._ending = False  # nothing more is sent
        self._out: dict[int, _Out] = {}
        self._lock = threading.RLock()  # a signal may come while it is held, and asks what is out
        self._client = Client(endpoint(config))

    def ask(self, request: Request, begin: Callable[[], None] = lambda: None) -> Answer:
        """Ask once; `begin` is called when its turn has come.

        Raises AskError when no usable answer came, LimitReached when the budget does not allow it.
        """
        reservation = self._budget.reserve(request)
        reserved = "" if reservation.amount is None else str(reservation.amount)
        try:
            with self._counted(reservation) as out, self._client.turn(request, out.stop) as turn:
                self._goes(out)
                begin()
                answer = self._send(request, reserved, out, turn)
        except PromptCut as error:
            self._budget.settle(reservation, error.answer.usage, error.answer.cost)
            raise
        except AskError as error:
            if getattr(error, "maybe_billed", False):
                self._budget.settle(reservation, None)
            else:
                self._budget.release(reservation)
            raise
        except BaseException:
            self._budget.settle(reservation, None)  # as when the answer can't be kept: others may wait for its money
            raise
        cost = self._budget.settle(reservation, answer.usage, answer.cost)
        self._told(answer, cost)
        return answer

    def finish(self) -> int:
        """Send nothing more; how many answers are still awaited. Safe in any thread, and in a signal's handler."""
        with self._lock:
            self._ending = True
            for one in self._out.values():
                if one.waits:
                    one.stop.set()
            return sum(1 for one in self._out.values() if not one.waits)

    def close(self) -> None:
        """End what is out: what has come of it is stored. Nothing more is asked. Safe in any thread."""
        with self._lock:
            self._ending = True
            for one in self._out.values():
                one.stop.set()
            if not self._out:
                self._client.close()

    @contextmanager
    def _counted(self, reservation: Reservation) -> Iterator[_Out]:
        """Among the requests that are out, for as long as it takes."""
        out = _Out(reservation)
        with self._lock:
            if self._ending:
                raise AskError("the run ended before it was asked for")
            self._out[id(out)] = out
        try:
            yield out
        finally:
            with self._lock:
                del self._out[id(out)]

    def _send(self, request: Request, reserved: str, out: _Out, turn: Turn) -> Answer:
        """The answer, stored. Each step that a kill may come before or after is told."""
        about = {"request": request.key}
        self._listen(Event("reserved", {**about, "amount": reserved}))
        with self._store.spool(request, reserved) as spool:
            self._listen(Event("sending", about))
            first = [Event("first-text", about)]

            def arrived(text: str) -> None:
                spool.write(text)
                with suppress(IndexError):
                    self._listen(first.pop())

            answer = self._client.ask(request, arrived, out.stop, lambda event: self._heard(event, out), turn)
            self._listen(Event("arrived", {**about, "finish": answer.finish}))
            self._store.put_answer(answer)
            self._listen(Event("stored", about))
        return answer

    def _goes(self, out: _Out) -> None:
        with self._lock:
            if self._ending:
                raise AskError("the run ended before it was asked for")
            out.waits = False

    def _heard(self, event: Event, out: _Out) -> None:
        with self._lock:
            out.waits = event.kind == "retry"
            if out.waits and self._ending:
                out.stop.set()
        self._listen(event)
        if event.kind == "retry":  # before it is sent again, and no more is if that could break a limit
            self._budget.again(out.reservation, billed=bool(event.data["maybe_billed"]))

    def _told(self, answer: Answer, cost: Decimal | None) -> None:
        data = {
            "request": answer.request.key,
            "prompt": answer.usage.prompt,
            "completion": answer.usage.completion,
            "cached": answer.usage.cached,
            "cost": "" if cost is None else str(cost),
            "finish": answer.finish,
            "seconds": answer.seconds,
            "model": answer.served_model,
        }
        self._listen(Event("answer", data))
