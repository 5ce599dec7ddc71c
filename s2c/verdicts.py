"""Verdicts, attempts and their diagnostics as JSON, and back.

Law: what is read back equals what was written, field by field; anything of another form is None, never a guess.
"""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, TypeVar

from s2c.digest import Json
from s2c.model import Diagnostic, Refusal, Verdict, VerdictKind

T = TypeVar("T")


def to_json(verdict: Verdict) -> dict[str, Json]:
    """A verdict as plain data."""
    return asdict(verdict)


def from_json(payload: Mapping[str, Json]) -> Verdict | None:
    """The verdict that `to_json` wrote."""
    try:
        data: dict[str, Any] = dict(payload)
        data["kind"] = VerdictKind(str(data["kind"]))
        data["diagnostics"] = tuple(_made(Diagnostic, one) for one in _list(data["diagnostics"]))
        data["refusals"] = tuple(_made(Refusal, one) for one in _list(data["refusals"]))
        for name in ("remarks", "obligations", "assumptions"):
            data[name] = tuple(_text(one) for one in _list(data[name]))
        return _made(Verdict, data)
    except (KeyError, TypeError, ValueError):
        return None


def _list(value: Json) -> list[Json]:
    if not isinstance(value, (list, tuple)):
        raise TypeError(value)
    return list(value)


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _made(kind: type[T], data: Any) -> T:  # noqa: ANN401 - whatever a row holds
    """An instance from exactly its fields, texts and numbers being such. Raises KeyError or TypeError."""
    if any(type(data[one.name]) is not one.type for one in fields(kind) if one.type in {str, int}):  # type: ignore[arg-type]
        raise TypeError(data)
    return kind(**data)
