"""What each setting may be, and which go together.

Law: a Config that comes out of `checked` makes sense as a whole; what does not is a ConfigError that names the setting,
the place where it was made, and what to do.
"""

import re
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from s2c.errors import ConfigError
from s2c.settings import Config, DaskSettings

VARIABLE = re.compile("[A-Za-z_][A-Za-z0-9_]*")
SHARD = re.compile("([0-9]{1,4})/([0-9]{1,4})")
EXECUTORS = ("local", "dask")
LINTS = ("plain", "deep", "off")

NOT_NEGATIVE = (
    "max_cost", "max_cost_per_spec", "max_requests", "max_tokens", "price_input", "price_output", "temperature",
)  # fmt: skip
LOWEST = {
    "max_output": 256, "max_attempts": 1, "batch_size": 1000, "batch_specs": 0, "requests": 1, "request_seconds": 1,
    "jobs": 0, "check_seconds": 1,
}  # fmt: skip


def checked(config: Config, place: Callable[[str], str]) -> Config:
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
    _check_executor(config, place)
    _check_endpoint(config, place)
    _check_together(config, place)
    _check_reports(config, place)
    for name in ("specs", "exclude"):
        for glob in getattr(config, name):
            _check_glob(name, glob, place(name))
    _check_folders(config, place)
    return config


def _check_executor(config: Config, place: Callable[[str], str]) -> None:
    if config.executor not in EXECUTORS:
        raise ConfigError(f'executor must be "local" or "dask", not {config.executor!r}', where=place("executor"))
    if config.executor == "dask":
        _check_dask(config.dask)


def _check_dask(dask: DaskSettings) -> None:
    where = "pyproject.toml [tool.s2c.dask]"
    try:
        url = urlsplit(dask.address)
        usable = url.scheme in {"tcp", "tls"} and bool(url.hostname) and url.port is not None
    except ValueError:
        usable = False
    if not usable:
        fix = 'like "tls://scheduler:8786"'
        raise ConfigError(f"address must be that of a Dask scheduler, not {dask.address!r}", where=where, fix=fix)
    if dask.timeout < 1:
        raise ConfigError(f"timeout must be at least 1, not {dask.timeout}", where=where)
    if url.scheme == "tls" and not (dask.tls_ca and dask.tls_cert and dask.tls_key):
        raise ConfigError("tls:// needs tls_ca, tls_cert and tls_key", where=where, fix="docs/scale.md makes them")
    if url.scheme == "tcp" and not _is_loopback(url.hostname or "") and not dask.insecure:
        fix = "use tls:// (docs/scale.md); insecure = true where the network itself keeps strangers out"
        what = "tcp:// to another machine: whoever reaches the scheduler runs code on every machine"
        raise ConfigError(what, where=where, fix=fix)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


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


def _check_reports(config: Config, place: Callable[[str], str]) -> None:
    if config.junit and (not config.junit.endswith(".xml") or (config.root / config.junit).is_dir()):
        raise ConfigError(
            f"junit must name an .xml file, not {config.junit!r}", where=place("junit"), fix='like "build/junit.xml"'
        )
    found = SHARD.fullmatch(config.shard)
    if config.shard and (found is None or not 1 <= int(found[1]) <= int(found[2])):
        raise ConfigError(
            f"shard must be K/N, the K-th of N, not {config.shard!r}", where=place("shard"), fix='like "1/4"'
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
