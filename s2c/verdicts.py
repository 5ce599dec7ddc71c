"""Verdicts, attempts and their diagnostics as JSON, and back.

Law: what is read back equals what was written, field by field; anything of another form is None, never a guess.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from s2c.digest import Json
from s2c.model import Diagnostic, Refusal, Verdict, VerdictKind


def to_json(verdict: Verdict) -> dict[str, Json]:
    """A verdict as plain data."""
    return asdict(verdict)


def from_json(payload: Mapping[str, Json]) -> Verdict | None:
    """The verdict that `to_json` wrote."""
    try:
        data: dict[str, Any] = dict(payload)
        data["kind"] = VerdictKind(str(data["kind"]))
        data["diagnostics"] = tuple(Diagnostic(**one) for one in _rows(data["diagnostics"]))
        data["refusals"] = tuple(Refusal(**one) for one in _rows(data["refusals"]))
        for name in ("remarks", "obligations", "assumptions"):
            data[name] = tuple(str(one) for one in _list(data[name]))
        return Verdict(**data)
    except (KeyError, TypeError, ValueError):
        return None


def _list(value: Json) -> list[Json]:
    if not isinstance(value, (list, tuple)):
        raise TypeError(value)
    return list(value)


def _rows(value: Json) -> list[dict[str, Any]]:
    return [dict(one) for one in _list(value) if isinstance(one, Mapping)]
