"""What Verus prints with `--output-json` and `--error-format=json`, taken apart.

Law: only the known form counts. A report with a key that is not known, a value of another type, a key told twice or a
byte after its end is no report, and the reason is told.

The form is that of `main.rs` and of rustc's own JSON, read in their sources; it was not run against the real tool. One
version says `is-verifying-entire-crate`, another leaves it out; both say `success` only when the whole crate is
verified.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from s2c.languages.verus.said import Place, Said

TOP = frozenset({"verification-results", "times-ms", "verus"})
TOP_OPTIONAL = frozenset({"func-details"})
RESULTS = frozenset({"encountered-error", "encountered-vir-error", "success", "verified", "errors"})
RESULTS_OPTIONAL = frozenset({"is-verifying-entire-crate"})
COUNTS = ("verified", "errors")


@dataclass(frozen=True)
class Report:
    """The report of a run. None: the key is absent. `functions`: name and success, as often as told."""

    error: bool
    vir_error: bool
    success: bool | None
    verified: int | None
    errors: int | None
    whole: bool
    functions: tuple[tuple[str, bool], ...]
    missing: frozenset[str]  # keys that a report of a pass has and this one has not


def parse(text: str) -> Report | str:
    """The report, or why it is none."""
    try:
        told = json.loads(text, object_pairs_hook=_once)
        return _report(told)
    except RecursionError:
        return "the report is nested too deeply"
    except (ValueError, KeyError, TypeError) as error:
        return f"the report can't be read: {error}"


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is told twice")
    return found


def _report(told: Any) -> Report:  # noqa: ANN401 - JSON of another program, checked here
    results = _object(told["verification-results"])
    _unknown(_object(told), TOP | TOP_OPTIONAL)
    _unknown(results, RESULTS | RESULTS_OPTIONAL)
    verified, errors = (_count(results[key]) if key in results else None for key in COUNTS)
    return Report(
        error=_flag(results["encountered-error"]),
        vir_error=_flag(results["encountered-vir-error"]),
        success=_flag(results["success"]) if "success" in results else None,
        verified=verified,
        errors=errors,
        whole=_flag(results.get("is-verifying-entire-crate", "success" in results)),
        functions=_functions(told),
        missing=(TOP - told.keys()) | (RESULTS - results.keys()),
    )


def _functions(told: dict[str, Any]) -> tuple[tuple[str, bool], ...]:
    solver = _object(told.get("times-ms", {})).get("smt", {})
    modules = _list(_object(solver).get("smt-run-module-times", []))
    entries = [one for module in modules for one in _list(_object(module).get("function-breakdown", []))]
    return tuple((_text(_object(one)["function"]), _flag(one["success"])) for one in entries)


def _unknown(told: dict[str, Any], known: frozenset[str]) -> None:
    strange = sorted(told.keys() - known)
    if strange:
        raise ValueError(f"unknown key {strange[0]!r}")


def _object(value: Any) -> dict[str, Any]:  # noqa: ANN401 - see _report
    if not isinstance(value, dict):
        raise TypeError(f"an object is due, not {type(value).__name__}")
    return value


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - see _report
    if not isinstance(value, list):
        raise TypeError(f"a list is due, not {type(value).__name__}")
    return value


def _text(value: Any) -> str:  # noqa: ANN401 - see _report
    if not isinstance(value, str):
        raise TypeError(f"a text is due, not {type(value).__name__}")
    return value


def _flag(value: Any) -> bool:  # noqa: ANN401 - see _report
    if not isinstance(value, bool):
        raise TypeError(f"true or false is due, not {type(value).__name__}")
    return value


def _count(value: Any) -> int:  # noqa: ANN401 - see _report
    if type(value) is not int or value < 0:
        raise TypeError(f"a count is due, not {value!r}")
    return value


# --- rustc's messages ---------------------------------------------------------------------------------------------


def messages(lines: Iterable[str]) -> tuple[tuple[Said, ...], tuple[str, ...]]:
    """The messages among these lines, and the other lines."""
    said: list[Said] = []
    others: list[str] = []
    for line in lines:
        one = _message(line) if line.startswith("{") else None
        if one is not None:
            said.append(one)
        else:
            others.append(line)
    return tuple(said), tuple(others)


def _message(line: str) -> Said | None:
    """A message of rustc's JSON, or None if the line does not have that form."""
    try:
        told = json.loads(line)
        code = told.get("code")
        hints = [child for child in told.get("children", ()) if child["message"]]
        return Said(
            level=_text(told["level"]),
            message=_text(told["message"]),
            code=_text(code["code"]) if code else "",
            places=tuple(_place(span) for span in told["spans"]),
            hints=tuple(f"{child['level']}: {child['message']}" for child in hints),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _place(span: dict[str, Any]) -> Place:
    shown = span.get("text") or []
    return Place(
        path=_text(span["file_name"]),
        line=_count(span["line_start"]),
        column=_count(span["column_start"]),
        label=span.get("label") or "",
        primary=_flag(span["is_primary"]),
        text=_text(shown[0]["text"]) if shown else "",
    )
