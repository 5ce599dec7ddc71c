"""Which reports of a run are made, beside those that every run has: by the settings, and by where it runs.

Law: what was made for an earlier run is gone before this one begins, so a report is always of this run. Each is written
whole or not at all.
"""

import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, cast

from s2c.errors import StoreError
from s2c.report import github, junit, result
from s2c.report.github import Guarded
from s2c.report.result import Result
from s2c.settings import Config
from s2c.store.files import write_atomic

FILE = "result.json"


def wanted(config: Config, environ: Mapping[str, str]) -> bool:
    """Whether any is: then every file is looked at, since all of them are told."""
    return bool(config.junit or config.shard) or github.is_on(environ)


def begin(config: Config) -> None:
    """Nothing of an earlier run may be taken for one of this. Where that fails, writing will, and tell."""
    for place in _files(config):
        with suppress(OSError):
            place.unlink(missing_ok=True)


def end(config: Config, made: Result, out: object, environ: Mapping[str, str]) -> None:
    """Write what is asked for. Raises StoreError."""
    if config.junit:
        write(config.root / config.junit, junit.render(made))
    if config.shard:
        write(config.build_folder / FILE, result.to_json(made).encode())
    if github.is_on(environ):
        tell_github(made, config.root, out, environ)


def tell_github(made: Result, root: Path, out: object, environ: Mapping[str, str]) -> None:
    """Annotations on `out`, and the summary of the job. Raises StoreError."""
    if isinstance(out, Guarded):
        out.command(github.annotations(made, root, environ))
    sum_up(made, environ)


def sum_up(made: Result, environ: Mapping[str, str]) -> None:
    """Add to the summary of a job on GitHub. Raises StoreError."""
    try:
        if github.is_on(environ):
            github.append(made, environ)
    except OSError as error:
        where = environ["GITHUB_STEP_SUMMARY"]
        raise StoreError(f"the summary of the job can't be written: {error.strerror}", where=where) from None


def write(place: Path, content: bytes) -> None:
    """Write one report whole, and its folder. Raises StoreError."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(place, content)
    except OSError as error:
        raise StoreError(f"a report can't be written: {error.strerror}", where=str(place)) from None


def guard(stream: IO[str]) -> IO[str]:
    """The stream, on GitHub one in which no text is a command."""
    if not github.is_on() or isinstance(stream, Guarded):
        return stream
    return cast("IO[str]", Guarded(stream))


def guard_output() -> None:
    """Likewise what this process prints from here on."""
    with suppress(AttributeError):  # no stream at all
        sys.stdout, sys.stderr = guard(sys.stdout), guard(sys.stderr)


def _files(config: Config) -> tuple[Path, ...]:
    named = (config.root / config.junit,) if config.junit else ()
    return (*named, config.build_folder / FILE)
