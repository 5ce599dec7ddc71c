"""The tie to Dask: its workers, a message to one of them, the end. The only importer of `distributed`.

Law: Dask schedules, retries and replaces; here its words are only turned into ours. What it runs is one function of
s2c, with bytes in and bytes out. A scheduler that is gone is `LostError`, a message that killed its workers
`DeadlyError`.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from distributed import Client, Future, KilledWorker, Security

from s2c import worker
from s2c.errors import ConfigError, S2cError
from s2c.settings import DaskSettings

# Loggers to which Dask gives a level of their own, so that a parent's does not count, and its event loop's.
OWN_LEVELS = ("distributed", "distributed.client", "distributed.gc", "tornado.application", "asyncio")


class LostError(Exception):
    """The scheduler, or a message with it, is gone."""


class DeadlyError(Exception):
    """A message whose workers died, each time."""


@dataclass(frozen=True)
class Seat:
    """A worker: its address for Dask, what names it in this life, and how many runs it takes at a time."""

    address: str
    life: str
    threads: int


class Cluster:
    """A client of one scheduler. Raises S2cError where there is none, or it does not let us in."""

    def __init__(self, settings: DaskSettings) -> None:
        self.address = settings.address
        for name in OWN_LEVELS:  # what matters of it is told by us
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            security = _security(settings)
            self._client: Any = Client(
                settings.address, timeout=settings.timeout, security=security, set_as_default=False, name="s2c"
            )
        except Exception as error:  # noqa: BLE001 - of Dask, asyncio or ssl: all mean the same here
            raise S2cError(
                f"no Dask scheduler answers: {str(error) or type(error).__name__}",
                where=settings.address,
                fix='start it (docs/scale.md), correct `address` in [tool.s2c.dask], or set executor = "local"',
            ) from None

    @property
    def lost(self) -> bool:
        """Whether the scheduler is gone."""
        comm = self._client.scheduler_comm
        return self._client.status != "running" or comm is None or comm.comm.closed()

    def seats(self) -> Mapping[str, Seat]:
        """The workers, by address. Raises LostError."""
        try:
            told = self._client.sync(self._client.scheduler.identity, n_workers=-1)["workers"]
        except Exception as error:  # noqa: BLE001 - of Dask, asyncio or ssl: all mean the same here
            raise LostError(str(error)) from None
        return {one: Seat(one, str(about["id"]) + one, int(about["nthreads"])) for one, about in told.items()}

    def send(self, message: bytes, to: Sequence[str], ended: "Callable[[Sent], None]") -> "Sent":
        """Have one of these workers do it; `ended` is called once, in some thread."""
        try:
            future = self._client.submit(worker.work, message, workers=list(to), pure=False, retries=0)
        except Exception as error:  # noqa: BLE001 - of Dask, asyncio or ssl: all mean the same here
            raise LostError(str(error)) from None
        sent = Sent(future)
        future.add_done_callback(lambda _: ended(sent))
        return sent

    def close(self, client: str, workers: Sequence[str]) -> None:
        """End what runs for this client on these workers, and let go of the scheduler."""
        try:
            if not self.lost and workers:
                told = threading.Thread(target=self._end_runs, args=(client, workers), daemon=True)
                told.start()
                told.join(10)  # a worker that hangs is not waited for
        finally:
            self._client.close(timeout=5)

    def _end_runs(self, client: str, workers: Sequence[str]) -> None:
        with suppress(Exception):
            self._client.run(worker.stop, client, workers=list(workers), on_error="ignore")


class Sent:
    """A message on its way."""

    def __init__(self, future: Future) -> None:
        self._future = future

    def result(self) -> object:
        """What the worker gave. Raises LostError, DeadlyError, or what the worker raised."""
        try:
            return self._future.result()
        except KilledWorker as error:
            raise DeadlyError(str(error).partition("\n")[0]) from None
        except CancelledError as error:
            raise LostError(str(error)) from None

    def drop(self) -> None:
        """It is not wanted any more."""
        self._future.cancel(force=True)


def _security(settings: DaskSettings) -> Security | None:
    if not settings.address.startswith("tls://"):
        return None
    try:
        return Security(
            tls_ca_file=settings.tls_ca,
            tls_client_cert=settings.tls_cert,
            tls_client_key=settings.tls_key,
            require_encryption=True,
        )
    except (OSError, ValueError) as error:
        raise ConfigError(f"certificates can't be used: {error}", where="[tool.s2c.dask]") from None
