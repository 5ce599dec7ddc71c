"""Settings from pyproject.toml, the environment and `name=value` become one frozen Config.

Law: read once, checked whole, never changed. `name=value` on the command line wins over `S2C_NAME` in the environment,
which wins over `[tool.s2c]`, which wins over the default. Whatever can't be understood is a ConfigError that names the
key, the place and the nearest key that exists; nothing that a person wrote in a table or on a command line is dropped.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from pathlib import Path

from s2c.errors import ConfigError
from s2c.sensible import checked
from s2c.settings import TABLE, Config, DaskSettings, known_field, language_settings
from s2c.values import convert, from_text

FILE = f"pyproject.toml [{TABLE}]"
OTHERS = frozenset({"S2C_VERDICT_KEY", "S2C_PYTHON", "S2C_TEST_DATA"})  # no settings of a project


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
    dask = language_settings(languages.pop("dask", {}), DaskSettings, f"pyproject.toml [{TABLE}.dask]")
    for name, value in table.items():
        values[name] = convert(known_field(name, known, FILE), value, FILE)
    for name, item in known.items():
        variable = f"S2C_{name.upper()}"
        if variable in environ:
            places[name] = f"environment variable {variable}"
            values[name] = from_text(item, environ[variable], places[name])
    for variable in sorted(environ):
        if variable.startswith("S2C_") and variable not in OTHERS:
            known_field(variable.removeprefix("S2C_").lower(), known, f"environment variable {variable}")
    for name, text in (overrides or {}).items():
        places[name] = "command line"
        values[name] = from_text(known_field(name, known, places[name]), text, places[name])
    if "base_url" not in values and environ.get("OPENAI_BASE_URL"):
        values["base_url"], places["base_url"] = environ["OPENAI_BASE_URL"], "environment variable OPENAI_BASE_URL"
    return checked(
        Config(root=root, languages=languages, dask=dask, **values),  # type: ignore[arg-type]  # checked by convert
        lambda name: places.get(name, FILE),
    )


def _known() -> dict[str, Field[object]]:
    return {item.name: item for item in fields(Config) if item.name not in {"root", "languages", "dask"}}


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


def defaults() -> Mapping[str, object]:
    """Every setting and its default, as documented."""
    return {name: None if item.default is MISSING else item.default for name, item in _known().items()}
