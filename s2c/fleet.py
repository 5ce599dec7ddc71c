"""Runs on many machines: which workers are fit, and what becomes of a run whose worker is not any more.

Law: a worker gets work only when it has this s2c, the host's very verifiers by identity, and has just passed their
self-tests, read here; which it has not is named. Each result says again by what it was made; one that is by anything
else does not count. A run that kills its workers is lost, like one whose watcher was killed; a lost scheduler ends the
runs that are out with an error, never with a result.
"""

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from s2c import carrier
from s2c.carrier import Errand, Reply, UnreadableError, Wanted
from s2c.cluster import Cluster, DeadlyError, LostError, Seat, Sent
from s2c.errors import S2cError
from s2c.languages.base import language
from s2c.process import RawRun, Run, Tool
from s2c.settings import DaskSettings
from s2c.tools import REPLACED, wrong
from s2c.worker import rules

LOOK_SECONDS = 1.0  # between two looks at who is there


@dataclass(frozen=True)
class Owned:
    """A verifier as the host has it, and how a worker is told to find it."""

    tool: Tool
    wanted: Wanted


@dataclass(eq=False)
class _Out:
    """A run that is out: where it may be done, and the message of it that counts now."""

    message: bytes = field(repr=False)
    told: "Future[RawRun]"
    workers: Sequence[str] = ()
    sent: Sent | None = None


class Fleet:
    """The workers of one scheduler as an executor. `passed`: lives of workers known to be fit, kept by the caller."""

    def __init__(
        self, settings: DaskSettings, owned: Sequence[Owned], jobs: int, say: Callable[[str], None], passed: set[str]
    ) -> None:
        self._settings = settings
        self._owned = owned
        self._say = say
        self._passed = passed
        self._name = secrets.token_hex(8)
        self._refused: dict[str, str] = {}  # life of a worker -> why it is not used
        self._fit: dict[str, Seat] = {}
        self._out: set[_Out] = set()
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._cluster = Cluster(settings)
        try:
            self._muster()
        except BaseException:
            self._cluster.close(self._name, ())
            raise
        self.jobs = jobs or sum(seat.threads for seat in self._fit.values())
        self._watcher = threading.Thread(target=self._watch, name="s2c-fleet", daemon=True)
        self._watcher.start()

    def submit(self, run: Run) -> "Future[RawRun]":
        """Run it on a fit worker; Dask says on which."""
        out = _Out(carrier.pack_errand(Errand(self._name, self._tools, run)), Future())
        with self._lock:
            if self._ended.is_set():
                out.told.cancel()
                return out.told
            self._out.add(out)
            self._send(out)
        return out.told

    def close(self) -> None:
        """End what runs, drop what waits. May be called twice."""
        with self._lock:
            if self._ended.is_set():
                return
            self._ended.set()
            left, self._out = self._out, set()
        for out in left:
            out.told.cancel()
        self._cluster.close(self._name, list(self._fit))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # --- who is fit ---------------------------------------------------------------------------------------------

    @property
    def _tools(self) -> tuple[Wanted, ...]:
        return tuple(one.wanted for one in self._owned)

    def _muster(self) -> None:
        """Wait until a worker is fit. Raises S2cError when none is in time."""
        for _ in range(self._settings.timeout):
            try:
                self._look()
            except LostError as error:
                raise self._lost(str(error)) from None
            if self._fit:
                return
            if self._ended.wait(LOOK_SECONDS):
                break
        why = "; ".join(self._refused.values()) or "none is there"
        raise S2cError(f"no worker of the Dask scheduler can be used: {why}", where=self._settings.address, fix=FIX)

    def _look(self) -> None:
        """Take in who came, let go of who went."""
        seats = self._cluster.seats()
        known = {seat.life for seat in self._fit.values()}
        new = [seat for seat in seats.values() if seat.life not in known and seat.life not in self._refused]
        if new:
            with ThreadPoolExecutor(min(32, len(new))) as pool:
                found = dict(zip(new, pool.map(self._problem, new), strict=True))
        for seat in new:
            if found[seat]:
                self._refused[seat.life] = f"{seat.address}: {found[seat]}"
                self._say(f"worker not used: {self._refused[seat.life]}")
            else:
                self._passed.add(seat.life)
        with self._lock:
            fit = {one: seat for one, seat in seats.items() if seat.life in self._passed}
            self._fit = fit

    def _problem(self, seat: Seat) -> str:
        """Why this worker can't be used, or ""."""
        if seat.life in self._passed:
            return ""
        try:
            if problem := self._stranger(self._asked(seat, None)):
                return problem
            return next((problem for one in self._owned if (problem := self._untrue(seat, one))), "")
        except (LostError, DeadlyError, UnreadableError) as error:
            return f"it gives no answer ({error})"
        except TimeoutError:
            return "it gave no answer in time, or went away"
        except Exception as error:  # noqa: BLE001 - whatever another machine raises: it speaks against it
            return f"it can't do what it must: {type(error).__name__}: {error}"[:500]

    def _asked(self, seat: Seat, run: Run | None) -> Reply:
        done: Future[object] = Future()
        message = carrier.pack_errand(Errand(self._name, self._tools, run))
        sent = self._cluster.send(message, [seat.address], lambda sent: _into(done, sent))
        end = time.monotonic() + self._settings.timeout + (0 if run is None else run.limits.wall_seconds)
        while not _is_done(done):
            if time.monotonic() > end or seat.address not in self._cluster.seats():
                sent.drop()
                raise TimeoutError
        return carrier.reply(done.result())

    def _stranger(self, reply: Reply) -> str:
        """What is other there than here, or ""."""
        if reply.rules != rules():
            return f"it has another s2c ({reply.rules.partition('/')[0]}); install this one there"
        for one in self._owned:
            found = reply.tools.get(one.tool.language, "!it does not say")
            if found != one.tool.identity:
                told = found[1:] if found.startswith("!") else "its files are others than on this machine"
                return f"its {one.tool.name} is not {one.tool.version} as here: {told}"
        return ""

    def _untrue(self, seat: Seat, owned: Owned) -> str:
        """How its verifier fails a self-test, or ""."""
        verifier = language(owned.tool.language).verifier
        for test in verifier.self_tests(owned.tool):
            reply = self._asked(seat, verifier.check(owned.tool, test.job))
            if reply.raw is None or self._stranger(reply):
                return self._stranger(reply) or "it ran nothing"
            if problem := wrong(test, verifier.read(owned.tool, test.job, reply.raw)):
                return f"its {owned.tool.name} fails the self-test {test.name!r}: {problem}"
        return ""

    # --- what is out --------------------------------------------------------------------------------------------

    def _send(self, out: _Out) -> None:
        """Give it to Dask, for whoever is fit now; where nobody is, it waits for the next look."""
        out.workers = list(self._fit)
        try:
            out.sent = self._cluster.send(out.message, out.workers, lambda sent: self._came(out, sent))
        except LostError as error:
            self._out.discard(out)
            out.told.set_exception(self._lost(str(error)))

    def _came(self, out: _Out, sent: Sent) -> None:
        """Something came of a run."""
        with self._lock:
            if out not in self._out or (out.sent is not None and sent is not out.sent):
                return
            self._out.discard(out)
        try:
            reply = carrier.reply(sent.result())
        except DeadlyError as error:
            out.told.set_result(RawRun(None, b"", str(error).encode(), {}, killed="lost"))
        except LostError as error:
            out.told.set_exception(self._lost(str(error)))
        except Exception as error:  # noqa: BLE001 - a worker's trouble, of any kind, is no result
            out.told.set_result(RawRun(None, b"", f"{type(error).__name__}: {error}".encode(), {}, killed="lost"))
        else:
            other = self._stranger(reply) or ("" if reply.raw else "it ran nothing")
            missing = RawRun(None, b"", b"", {}, missing=f"a worker is not any more what it was ({other}): {REPLACED}")
            out.told.set_result(missing if other or reply.raw is None else reply.raw)

    def _watch(self) -> None:
        """Until the end: who is there, and whose runs need another place."""
        empty = 0
        while not self._ended.wait(LOOK_SECONDS):
            try:
                self._look()
            except (LostError, RuntimeError) as error:
                return self._give_up(self._lost(str(error)))
            empty = 0 if self._fit else empty + 1
            if empty > self._settings.timeout:
                return self._give_up(S2cError("every worker is gone", where=self._settings.address, fix=FIX))
            self._replace()
        return None

    def _replace(self) -> None:
        """Send again what waits for workers that are all gone: Dask would keep it for them for ever."""
        with self._lock:
            if not self._fit:
                return
            for out in [one for one in self._out if not self._fit.keys() & set(one.workers)]:
                before, out.sent = out.sent, None
                self._send(out)
                if before is not None:
                    before.drop()

    def _give_up(self, error: S2cError) -> None:
        with self._lock:
            left, self._out = self._out, set()
        for out in left:
            out.told.set_exception(error)

    def _lost(self, why: str) -> S2cError:
        what = f"the Dask scheduler is gone{f' ({why[:200]})' if why else ''}; what was judged is kept"
        return S2cError(what, where=self._settings.address, fix="start it and run again: only the rest is judged")


FIX = "`dask worker` on machines with this s2c and these verifiers: docs/scale.md"


def _into(done: "Future[object]", sent: Sent) -> None:
    try:
        done.set_result(sent.result())
    except Exception as error:  # noqa: BLE001 - it is the asker's, in another thread
        done.set_exception(error)


def _is_done(done: "Future[object]") -> bool:
    """Whether it is, or is within a second."""
    return bool(wait([done], LOOK_SECONDS).done)
