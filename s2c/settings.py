"""Every setting as one frozen Config: its name, its type, its default.

Law: data only. What a setting may be is in sensible.py, where it comes from in config.py, what it means for a person in
docs/configuration.md.
"""

import difflib
import shlex
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import TypeVar

from s2c.errors import ConfigError
from s2c.values import convert

TABLE = "tool.s2c"


@dataclass(frozen=True)
class LanguageSettings:
    """`[tool.s2c.LANG]`, what every language has; a language's folder may add fields of its own.

    `command` calls the verifier, `files` (globs) are those it loads, where s2c can't tell, `options` go to it as well.
    """

    command: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class DaskSettings:
    """`[tool.s2c.dask]`: the scheduler, who may speak to it (paths of PEM files), how long it is waited for."""

    address: str = ""
    tls_ca: str = ""
    tls_cert: str = ""
    tls_key: str = ""
    insecure: bool = False
    timeout: int = 30


Settings = TypeVar("Settings")


@dataclass(frozen=True)
class Config:
    """Every setting, with its meaning and default in docs/configuration.md. `root` holds pyproject.toml and dodo.py."""

    root: Path
    specs: tuple[str, ...] = ("**/*",)
    exclude: tuple[str, ...] = ()
    external: tuple[str, ...] = ()
    build: str = "build"
    cache: str = "cache"
    model: str = ""
    base_url: str = "https://api.openai.com/v1"
    api_key_env: str = "OPENAI_API_KEY"
    temperature: Decimal | None = None
    max_output: int = 32_000
    max_attempts: int = 5
    batch_mode: bool = True
    batch_size: int = 800_000
    batch_specs: int = 0
    smart_batching: bool = True
    context_aware: bool = False
    model_may_define: bool = False
    lint: str = "plain"
    max_cost: Decimal | None = None
    max_cost_per_spec: Decimal | None = None
    max_requests: int | None = None
    max_tokens: int | None = None
    price_input: Decimal | None = None
    price_output: Decimal | None = None
    requests: int = 4
    request_seconds: int = 1800
    jobs: int = 0
    check_seconds: int = 120
    executor: str = "local"
    frozen: bool = False
    offline: bool = False
    fresh: bool = False
    retry: bool = False
    recheck: bool = False
    warm: bool = True
    quiet: bool = False
    watch_asks: bool = False
    junit: str = ""
    shard: str = ""
    records: bool = True
    languages: Mapping[str, Mapping[str, object]] = field(default_factory=dict)  # as written: its folder has the schema
    dask: DaskSettings = DaskSettings()

    @property
    def build_folder(self) -> Path:
        """Where implementations are written."""
        return self.root / self.build

    @property
    def cache_folder(self) -> Path:
        """Where the store and the records lie."""
        return self.root / self.cache

    @property
    def part(self) -> tuple[int, int]:
        """Which shard this run is, of how many."""
        number, _, count = (self.shard or "1/1").partition("/")
        return int(number), int(count)

    def language(self, name: str, schema: type[Settings]) -> Settings:
        """The table of one language, checked against its schema; its defaults where there is none."""
        return language_settings(self.languages.get(name, {}), schema, f"pyproject.toml [{TABLE}.{name}]")


def language_settings(raw: Mapping[str, object], schema: type[Settings], where: str) -> Settings:
    """A table as its schema has it. Raises ConfigError, with the place `where`."""
    known = {item.name: item for item in fields(schema)}  # type: ignore[arg-type]  # each is a dataclass
    read = {}
    for key, value in raw.items():
        split = _words(value, where) if key == "command" and isinstance(value, str) else value
        read[key] = convert(known_field(key, known, where), split, where)
    return schema(**read)  # checked by convert


def _words(command: str, where: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"command can't be split into words: {error}", where=where) from None


def known_field(name: str, known: Mapping[str, Field[object]], where: str) -> Field[object]:
    """The field of this name. Raises ConfigError with the nearest name that there is."""
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    fix = f"did you mean {near[0]!r}?" if near else "docs/configuration.md lists every setting"
    raise ConfigError(f"unknown setting {name!r}", where=where, fix=fix)
