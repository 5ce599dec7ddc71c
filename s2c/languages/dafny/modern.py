"""Dafny 4: how it is called and what its output means.

Law: the budget is a count of solver resources, the same on every machine; no time limit of Dafny's own is set, the
wall clock outside only guards. Obligations are named as its JSON log names them: `M.C.Inc (correctness)`.

Measured with Dafny 4.11.0: members on the command line are verified, files they include are not; so all members of an
include cycle must be named. `--allow-warnings` is never given: without it every warning ends in exit code 2.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from s2c.languages.base import Job, Outcome, Promise, Reading
from s2c.languages.dafny import promises
from s2c.languages.dafny.output import Said, conclude, parse_lines, text_of, worst
from s2c.languages.dafny.places import diagnostics, in_utf16
from s2c.languages.ended import early
from s2c.model import VerdictKind
from s2c.process import RawRun

RESOURCES = 50_000_000  # for each obligation, at factor 1; the hardest of 770 measured ones took 19 million
# What .NET gathers while it runs, to compile again what runs often, is not earned back in seconds: a tenth (measured).
ENVIRONMENT = {"DOTNET_TieredPGO": "0"}
SEVERITIES = {1: "error", 2: "warning", 4: "info"}
OUTCOMES = {
    "Valid": Outcome.PROVED,
    "Correct": Outcome.PROVED,
    "Invalid": Outcome.FAILED,
    "Errors": Outcome.FAILED,
}  # every other word (TimeOut, OutOfResource, OutOfMemory, Undetermined, ...) leaves it open


def arguments(job: Job, log: str, inputs: Sequence[str]) -> tuple[str, ...]:
    """The command line after the command itself."""
    return (
        "verify",
        "--json-output",
        "--show-snippets:false",
        f"--log-format:json;LogFileName={log}",
        "--cores:1",
        f"--resource-limit:{RESOURCES * job.budget.factor}",
        "--verification-time-limit:0",
        *job.options,
        *inputs,
    )


def read(job: Job, raw: RawRun, log: str) -> Reading:
    """What a run said."""
    if (ended := early(raw)) is not None:
        return ended
    text = text_of(raw)
    if text is None:
        return Reading(VerdictKind.TOOL_CRASH, {}, reason="the output is not UTF-8")
    said, lines = _take_apart(text)
    output = parse_lines(lines, said)
    batches, unkept = _logged(job, raw.collected.get(log)) or (None, job.promises)
    outcomes = None if batches is None else worst(batches)
    # An entry comes as its own outcome and then one for each batch; the trailer counts batches.
    proofs = sum(outcome is Outcome.PROVED for _, outcome in batches or ()) - len(outcomes or ())
    reading = conclude(raw, output, outcomes, proofs, diagnostics(job.files, output.said, in_utf16))
    return replace(reading, unkept=unkept)


def _take_apart(text: str) -> tuple[list[Said], list[str]]:
    """Messages that came as JSON, and every other line (the values of `status` objects among them)."""
    said: list[Said] = []
    lines: list[str] = []
    for line in text.split("\n"):
        kind, value = _object(line)
        if kind == "diagnostic" and (one := _said(value)) is not None:
            said.append(one)
        elif kind == "status" and isinstance(value, str):
            lines += value.split("\n")
        else:
            lines.append(line)
    return said, lines


def _object(line: str) -> tuple[str, Any]:
    """Type and value of a line of JSON, or two empty ones."""
    if line.startswith("{"):
        try:
            found = json.loads(line)
            return str(found["type"]), found["value"]
        except (ValueError, KeyError, TypeError, RecursionError):
            pass
    return "", None


def _said(value: Any) -> Said | None:  # noqa: ANN401 - JSON of another program, checked here
    """A diagnostic, or None if it does not have the known form."""
    try:
        related = tuple(one for one in map(_said, value.get("relatedInformation") or ()) if one is not None)
        start = value["location"]["range"]["start"]
        return Said(
            path=str(value["location"].get("uri") or value["location"]["filename"]),
            line=int(start["line"]),
            column=int(start["character"]),
            severity=SEVERITIES.get(value.get("severity", 4), "error"),
            message=_message(value),
            source=str(value.get("source", "")),
            related=related,
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _message(value: dict[str, Any]) -> str:
    """The message with its arguments put in: `{0}`, `{1}`; other braces stay."""
    message = str(value["defaultFormatMessage"])
    arguments_ = [str(argument) for argument in value.get("arguments") or ()]
    for place, argument in enumerate(arguments_):
        message = message.replace(f"{{{place}}}", argument)
    return message


def _logged(job: Job, log: bytes | None) -> tuple[list[tuple[str, Outcome]], tuple[Promise, ...]] | None:
    """For each obligation its own outcome and that of each of its batches, and the promises that are not kept.

    None if no log can be read.
    """
    try:
        results = json.loads(log.decode("utf-8-sig"))["verificationResults"] if log is not None else None
        if results is None:
            return None
        return [pair for result in results for pair in _of(result)], promises.unkept(job, results)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _of(result: dict[str, Any]) -> Iterator[tuple[str, Outcome]]:
    name = str(result["name"])
    batches = result["vcResults"]
    yield name, OUTCOMES.get(result["outcome"], Outcome.OPEN) if batches else Outcome.OPEN
    for batch in batches:
        yield name, OUTCOMES.get(batch["outcome"], Outcome.OPEN)
