"""A setting as written, in TOML or as text, becomes a value of its field's type.

Law: what can't be understood is a ConfigError that names the key, the place and what was written.
"""

import re
from dataclasses import Field
from decimal import Decimal, InvalidOperation

from s2c.errors import ConfigError

WHOLE = re.compile("-?[0-9]{1,18}")
_INTS = ("int", "int | None")


def _kind(item: Field[object]) -> str:
    return str(item.type).removeprefix("<class '").removesuffix("'>").replace("decimal.", "")


def convert(item: Field[object], value: object, where: str) -> object:
    """A value of a TOML table. Raises ConfigError."""
    kind = _kind(item)
    if kind == "bool" and isinstance(value, bool):
        return value
    if kind in _INTS and isinstance(value, int) and not isinstance(value, bool):
        return value
    if kind == "str" and isinstance(value, str):
        return value
    if kind.startswith("tuple") and isinstance(value, list) and all(isinstance(part, str) for part in value):
        return tuple(value)
    if kind.startswith("Decimal") and isinstance(value, (int, float, str)) and not isinstance(value, bool):
        return from_text(item, str(value), where)
    raise ConfigError(f"{item.name} must be {_wanted(kind)}, not {value!r}", where=where)


def from_text(item: Field[object], text: str, where: str) -> object:
    """A value that was typed, or stands in the environment. Raises ConfigError."""
    kind = _kind(item)
    lowered = text.strip().lower()
    if kind == "bool" and lowered in {"1", "true", "yes", "on", "0", "false", "no", "off"}:
        return lowered in {"1", "true", "yes", "on"}
    if kind in _INTS and WHOLE.fullmatch(lowered):
        return int(lowered)
    if kind == "int | None" and not lowered:
        return None
    if kind == "str":
        return text
    if kind.startswith("tuple"):
        return tuple(part for part in text.split(",") if part)
    if kind.startswith("Decimal"):
        return _decimal(item.name, text, where)
    raise ConfigError(f"{item.name} must be {_wanted(kind)}, not {text!r}", where=where)


def _decimal(name: str, text: str, where: str) -> Decimal | None:
    if not text.strip():
        return None
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise ConfigError(f"{name} must be a number, not {text!r}", where=where)
    return value


def _wanted(kind: str) -> str:
    names = {"bool": "true or false", **dict.fromkeys(_INTS, "a whole number"), "str": "text"}
    return names.get(kind, "a list of texts" if kind.startswith("tuple") else "a number")
