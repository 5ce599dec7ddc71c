"""Settings from pyproject.toml, the environment and `name=value` become one frozen Config.

Law: read once, checked whole, never changed. `name=value` on the command line wins over `S2C_NAME` in the environment,
which wins over `[tool.s2c]`, which wins over the default. Whatever can't be understood is a ConfigError that names the
key, the place and the nearest key that exists; nothing that a person wrote in a table or on a command line is dropped.
"""

import difflib
import os
import re
import shlex
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from s2c.errors import ConfigError
from s2c.values import convert, from_text

TABLE = "tool.s2c"
FILE = f"pyproject.toml [{TABLE}]"
VARIABLE = re.compile("[A-Za-z_][A-Za-z0-9_]*")
OTHERS = frozenset({"S2C_VERDICT_KEY", "S2C_PYTHON", "S2C_TEST_DATA"})  # no settings of a project


@dataclass(frozen=True)
class LanguageSettings:
    """`[tool.s2c.LANG]`, what every language has; a language's folder may add fields of its own.

    `command` calls the verifier, `files` (globs) are those it loads, where s2c can't tell, `options` go to it as well.
    """

    command: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


Settings = TypeVar("Settings", bound=LanguageSettings)


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
    frozen: bool = False
    offline: bool = False
    fresh: bool = False
    retry: bool = False
    recheck: bool = False
    quiet: bool = False
    languages: Mapping[str, Mapping[str, object]] = field(default_factory=dict)  # as written: its folder has the schema

    @property
    def build_folder(self) -> Path:
        """Where implementations are written."""
        return self.root / self.build

    @property
    def cache_folder(self) -> Path:
        """Where the store and the records lie."""
        return self.root / self.cache

    def language(self, name: str, schema: type[Settings]) -> Settings:
        """The table of one language, checked against its schema; its defaults where there is none."""
        return _language(self.languages.get(name, {}), schema, f"pyproject.toml [{TABLE}.{name}]")


def find_root(start: Path) -> Path:
    """The nearest folder upward from `start` whose pyproject.toml has [tool.s2c]; `start` itself if there is none."""
    return project_around(start) or start


def project_around(start: Path) -> Path | None:
    """The nearest folder upward from `start` whose pyproject.toml has [tool.s2c]. Raises ConfigError for bad TOML."""
    return next((one for one in (start, *start.parents) if _table(one / "pyproject.toml") is not None), None)


def load(root: Path, *, overrides: Mapping[str, str] | None = None, environ: Mapping[str, str] | None = None) -> Config:
    """The Config of the project at `root`. `overrides` are `name=value` pairs as typed."""
    environ = os.environ if environ is None else environ
    known = _known()
    values: dict[str, object] = {}
    places: dict[str, str] = {}
    table = dict(_table(root / "pyproject.toml") or {})
    languages = {name: value for name, value in table.items() if isinstance(value, dict)}
    table = {name: value for name, value in table.items() if name not in languages}
    for name, value in table.items():
        values[name] = convert(_field(name, known, FILE), value, FILE)
    for name, item in known.items():
        variable = f"S2C_{name.upper()}"
        if variable in environ:
            places[name] = f"environment variable {variable}"
            values[name] = from_text(item, environ[variable], places[name])
    for variable in sorted(environ):
        if variable.startswith("S2C_") and variable not in OTHERS:
            _field(variable.removeprefix("S2C_").lower(), known, f"environment variable {variable}")
    for name, text in (overrides or {}).items():
        places[name] = "command line"
        values[name] = from_text(_field(name, known, places[name]), text, places[name])
    if "base_url" not in values and environ.get("OPENAI_BASE_URL"):
        values["base_url"], places["base_url"] = environ["OPENAI_BASE_URL"], "environment variable OPENAI_BASE_URL"
    return _checked(
        Config(root=root, languages=languages, **values),  # type: ignore[arg-type]  # checked by convert
        lambda name: places.get(name, FILE),
    )


def _known() -> dict[str, Field[object]]:
    return {item.name: item for item in fields(Config) if item.name not in {"root", "languages"}}


def _table(path: Path) -> Mapping[str, object] | None:
    try:
        with path.open("rb") as file:
            tool = tomllib.load(file).get("tool", {})
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"can't be read: {error.strerror}", where=str(path)) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"not valid TOML: {error}", where=str(path)) from None
    if not isinstance(tool, dict):
        raise ConfigError("[tool] must be a table", where=str(path))
    table = tool.get("s2c")
    if table is not None and not isinstance(table, dict):
        raise ConfigError(f"[{TABLE}] must be a table", where=str(path))
    return table


def _language(raw: Mapping[str, object], schema: type[Settings], where: str) -> Settings:
    known = {item.name: item for item in fields(schema)}
    read = {}
    for key, value in raw.items():
        split = _words(value, where) if key == "command" and isinstance(value, str) else value
        read[key] = convert(_field(key, known, where), split, where)
    return schema(**read)  # type: ignore[arg-type]  # checked by convert


def _words(command: str, where: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError as error:
        raise ConfigError(f"command can't be split into words: {error}", where=where) from None


def _field(name: str, known: Mapping[str, Field[object]], where: str) -> Field[object]:
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=1)
    fix = f"did you mean {near[0]!r}?" if near else "docs/configuration.md lists every setting"
    raise ConfigError(f"unknown setting {name!r}", where=where, fix=fix)


LINTS = ("plain", "deep", "off")

NOT_NEGATIVE = (
    "max_cost", "max_cost_per_spec", "max_requests", "max_tokens", "price_input", "price_output", "temperature",
)  # fmt: skip
LOWEST = {
    "max_output": 256, "max_attempts": 1, "batch_size": 1000, "batch_specs": 0, "requests": 1, "request_seconds": 1,
    "jobs": 0, "check_seconds": 1,
}  # fmt: skip


def _checked(config: Config, place: Callable[[str], str]) -> Config:
    """What each setting may be, and which go together. `place`: where a setting was made."""
    for name, least in LOWEST.items():
        if getattr(config, name) < least:
            raise ConfigError(f"{name} must be at least {least}, not {getattr(config, name)}", where=place(name))
    for name in NOT_NEGATIVE:
        value = getattr(config, name)
        if value is not None and value < 0:
            raise ConfigError(f"{name} must not be negative", where=place(name))
    if config.lint not in LINTS:
        raise ConfigError(f"lint must be one of {', '.join(LINTS)}, not {config.lint!r}", where=place("lint"))
    _check_endpoint(config, place)
    _check_together(config, place)
    for name in ("specs", "exclude"):
        for glob in getattr(config, name):
            _check_glob(name, glob, place(name))
    _check_folders(config, place)
    return config


def _check_endpoint(config: Config, place: Callable[[str], str]) -> None:
    if not _is_url(config.base_url):
        shown = "" if "@" in config.base_url else f", not {config.base_url!r}"  # it may hold a password
        raise ConfigError(
            f"base_url must be a URL{shown}",
            where=place("base_url"),
            fix='like "https://api.openai.com/v1"',
        )
    if not VARIABLE.fullmatch(config.api_key_env):  # never shown: it may be the key itself
        raise ConfigError(
            "api_key_env must be the name of an environment variable, never a key",
            where=place("api_key_env"),
            fix="put the key into a variable, and that variable's name here",
        )


def _is_url(text: str) -> bool:
    try:
        return text.startswith(("http://", "https://")) and bool(urlsplit(text).hostname)
    except ValueError:  # half an address in brackets
        return False


def _check_together(config: Config, place: Callable[[str], str]) -> None:
    if config.fresh and (config.frozen or config.offline):
        raise ConfigError(
            "fresh=1 asks again, frozen and offline never ask", where=place("fresh"), fix="set only one of them"
        )
    if config.retry and (config.frozen or config.offline):
        raise ConfigError(
            "retry=1 asks once more, frozen and offline never ask", where=place("retry"), fix="set only one of them"
        )
    if (config.price_input is None) != (config.price_output is None):
        known = "price_output" if config.price_input is None else "price_input"
        raise ConfigError(
            f"{known} is set without the other price", where=place(known), fix="set price_input and price_output"
        )


def _check_glob(name: str, glob: str, where: str) -> None:
    wrong = {
        "is empty": not glob.strip(),
        "must be relative to the project's root": glob.startswith("/"),
        "must not lead out of the project": ".." in glob.split("/"),
        "must have `/` between folders": "\\" in glob,
    }
    for what, holds in wrong.items():
        if holds:
            raise ConfigError(f"a glob of {name} {what}: {glob!r}", where=where, fix='like "src/**/*.dfy"')
    if glob.startswith("!"):
        raise ConfigError(f"{name} has no negated globs: {glob!r}", where=where, fix="set `exclude` to leave files out")


def _check_folders(config: Config, place: Callable[[str], str]) -> None:
    for name in ("build", "cache"):
        value = getattr(config, name)
        if not Path(value).parts or Path(value).is_absolute() or ".." in Path(value).parts:
            raise ConfigError(f"{name} must be a folder inside the project, not {value!r}", where=place(name))
    build, cache = config.build_folder, config.cache_folder
    if build.is_relative_to(cache) or cache.is_relative_to(build):
        raise ConfigError("build and cache must be two folders, neither inside the other", where=place("build"))


def defaults() -> Mapping[str, object]:
    """Every setting and its default, as documented."""
    return {name: None if item.default is MISSING else item.default for name, item in _known().items()}
