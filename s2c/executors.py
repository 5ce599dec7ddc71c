"""Where this run's processes run, as the settings say: on this machine, or on the workers of a Dask scheduler.

Law: only where `executor = "dask"` is anything of Dask imported. The host has the verifiers too: what they are here is
what they must be on a worker, so keys and verdicts are the same wherever a run ran.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Protocol, Self

from s2c import tools
from s2c.carrier import Wanted
from s2c.errors import ConfigError, ToolError
from s2c.executor import Executor, LocalExecutor
from s2c.languages.base import Layout, language
from s2c.process import Tool
from s2c.settings import Config
from s2c.store import Store


class Place(Executor, Protocol):
    """An executor for as long as a `with` lasts, with `jobs` runs at a time."""

    jobs: int

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...


def make(
    config: Config, layouts: Mapping[str, Layout], store: Store, say: Callable[[str], None], passed: set[str]
) -> Place:
    """The executor of the settings. `passed`: workers found fit before. Raises ConfigError, S2cError."""
    if config.executor == "local":
        return LocalExecutor(config.jobs)
    try:
        from s2c.fleet import Fleet, Owned  # noqa: PLC0415 - needs an extra, and only here
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in {"distributed", "dask"}:
            raise
        what = 'executor = "dask" needs the package `distributed`, which is not installed'
        raise ConfigError(what, where="[tool.s2c]", fix="pip install 's2c[dask]'") from None
    owned = []
    with LocalExecutor(1) as here:
        for name, layout in layouts.items():
            with suppress(ToolError):  # said where it is needed
                tool = tools.find(config, language(name), layout, store, here.submit)
                owned.append(Owned(tool, _wanted(config, tool)))
    return Fleet(config.dask, owned, config.jobs, say, passed)


def _wanted(config: Config, tool: Tool) -> Wanted:
    return Wanted(tool.language, tool.command, config.language(tool.language, language(tool.language).settings).files)
