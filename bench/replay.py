"""Loaded into a Dask worker (`dask worker --preload`): a run sleeps as long as its command says, and starts nothing.

Law: all else of the worker is s2c's own. Only for bench/scale.py, where two cores are to carry many machines.
"""

import time

from s2c import worker
from s2c.process import RawRun, Run
from s2c.sandbox import Stop


def dask_setup(_: object) -> None:
    """Dask calls it when the worker starts."""
    worker.execute = replayed


def replayed(run: Run, *, stop: Stop) -> RawRun:
    """What a verifier of that time would send back."""
    del stop
    time.sleep(float(run.command[1]))
    return RawRun(0, b"verified\n" * 40, b"", {}, wall_ms=int(float(run.command[1]) * 1000))
