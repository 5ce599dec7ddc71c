"""What a worker does: run one process in its sandbox, and say with which tool and which s2c it did.

Law: it judges nothing, keeps nothing, and returns only when nothing that it started still runs. The identity of a tool
is taken before and after the run: what changed in between has none.
"""

import functools
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from s2c import __version__, carrier, identity
from s2c.carrier import Reply, Wanted
from s2c.digest import digest
from s2c.errors import S2cError, ToolError
from s2c.identity import Stamp
from s2c.languages.base import language
from s2c.process import RawRun, Run
from s2c.sandbox import Stop, execute

_ONE = threading.Lock()
NOWHERE = Path("/nonexistent")  # a worker has no project's folder
OWN = ("carrier.py", "identity.py", "process.py", "sandbox.py", "supervise.py", "worker.py")


def work(message: bytes) -> bytes:
    """Do an errand."""
    errand = carrier.errand(message)
    found = identities(errand.tools)
    raw = None if errand.run is None else _executed(errand.run, errand.client)
    after = identities(errand.tools) if raw is not None else found
    told = {name: one if one == after[name] else "!its files changed during a run" for name, one in found.items()}
    return carrier.pack_reply(Reply(rules(), told, raw))


def stop(client: str) -> None:
    """End every run of this client, also those that begin later."""
    _stop_of(client).now()


@functools.cache
def rules() -> str:
    """The version of s2c, and the digest of what decides how a run is carried and kept in its limits."""
    folder = Path(__file__).parent
    return f"{__version__}/{digest('worker.1', [identity.content_hash(folder / name) for name in OWN])}"


def identities(tools: Sequence[Wanted]) -> Mapping[str, str]:
    """Language -> identity of its verifier on this machine, or `!` and what is wrong with it."""
    return {one.language: _identity(one) for one in tools}


def _executed(run: Run, client: str) -> RawRun:
    try:
        return execute(run, stop=_stop_of(client))
    except (OSError, S2cError) as error:
        return RawRun(None, b"", b"", {}, missing=f"a worker could not run it: {error}")


def _identity(wanted: Wanted) -> str:
    try:
        own = language(wanted.language)
        layout = own.layout(NOWHERE, {}, own.settings(command=wanted.command, files=wanted.files))
        command = wanted.command or own.verifier.default_command(layout)
        files = identity.loaded(own, layout, NOWHERE, command, wanted.files)
        hashes = [(path, identity.hashed(path, lambda path: _hash(path, identity.stamp(path)))) for path in files]
        return identity.combined(own.name, NOWHERE, command, hashes)
    except (ToolError, OSError) as error:
        return f"!{error}"


@functools.lru_cache(maxsize=65536)
def _hash(path: Path, stamp: Stamp | None) -> str:
    del stamp  # it is in the cache's key: another one is another content
    return identity.content_hash(path)


def _stop_of(client: str) -> Stop:
    with _ONE:  # two threads that ask at once get the same
        return _made(client)


@functools.lru_cache(maxsize=64)
def _made(client: str) -> Stop:
    del client
    return Stop()
