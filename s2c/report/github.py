"""A run for GitHub Actions: annotations at the places in the sources, and a summary of the job in Markdown.

Law: every text from a spec, a model or a verifier is data: none can start a line that the runner takes for a command,
end a property or a table's cell, or be HTML. What GitHub would not show is not sent, and how much that is, is said.
"""

import html
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO

from s2c.lint import Finding
from s2c.report.result import Case, Result

EACH = 10  # annotations of one severity that GitHub shows of a step
MOST = 1024 * 1024  # bytes of a step's summary: of a larger one GitHub shows nothing
SHOWN = 1000  # characters of a reason in the summary
FROZEN = 4  # the exit code where records lack something
FILL = "\nWhat the records lack, `doit generate` fills where a model may be asked; commit `cache/records` then.\n"
_MARKS = re.compile(r"([\\`*_{}\[\]()#+\-.!|~@:$])")


def is_on(environ: Mapping[str, str] | None = None) -> bool:
    """Whether this is a step of GitHub Actions."""
    return (os.environ if environ is None else environ).get("GITHUB_ACTIONS") == "true"


def annotations(result: Result, root: Path, environ: Mapping[str, str]) -> str:
    """The commands, a line each, and a line for what was left out. `root`: the project's."""
    prefix = _prefix(root, environ)
    found: dict[str, list[str]] = {"error": [], "warning": [], "notice": []}
    for case in _worst(result.cases):
        kind = "warning" if case.state == "waiting" else "error"
        told = "\n".join((f"{case.path}: {case.state}: {case.reason}", *case.details[:3]))
        place = {"file": prefix + case.path, "line": str(case.line), "col": str(case.column)}
        found[kind].append(command(kind, place, told))
    for one in result.summary.lint:
        place = {"file": prefix + one.path, "line": str(one.line)}
        found["notice"].append(command("notice", place, f"{one.rule}: {one.message}"))
    lines = [line for some in found.values() for line in some[:EACH]]
    more = [f"{len(some) - EACH} more of severity {kind}" for kind, some in found.items() if len(some) > EACH]
    left = f"GitHub shows {EACH} annotations of a severity; not shown: {', '.join(more)}. The summary has all of them."
    return "".join(f"{line}\n" for line in (*lines, *([left] if more else [])))


def command(name: str, properties: Mapping[str, str], message: str) -> str:
    """One workflow command, escaped as GitHub's own toolkit does."""
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {told}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _prefix(root: Path, environ: Mapping[str, str]) -> str:
    """What stands before a path of the project in the repository: annotations are found by that."""
    top = environ.get("GITHUB_WORKSPACE", "")
    found = os.path.relpath(os.path.realpath(root), os.path.realpath(top)) if top else "."
    return "" if found == "." or found.startswith("..") else found.replace(os.sep, "/") + "/"


def _worst(cases: Iterable[Case]) -> list[Case]:
    """One case for each file that is not green: its first that says why."""
    found: dict[str, Case] = {}
    for one in cases:
        if one.outcome != "passed" and (one.path not in found or found[one.path].outcome == "skipped"):
            found[one.path] = one
    return list(found.values())


# --- the summary of the job ---------------------------------------------------------------------------------------


def summary(result: Result, room: int = MOST) -> str:
    """It as Markdown, of at most so many bytes in UTF-8; what did not fit is counted."""
    counted = result.summary
    title = f"## s2c: {counted.verified} of {counted.files} files verified"
    shard = f" (shard {cell(result.shard)})" if result.shard else ""
    money = (
        f"{counted.requests} requests, {counted.prompt_tokens} + {counted.completion_tokens} tokens, "
        f"cost {cell(counted.cost)}; {counted.verifier_runs} verifier runs; exit code {result.code}"
    )
    error = f"\n\n**{cell(result.error)}**" if result.error else ""
    head = f"{title}{shard}\n\n{money}{error}\n{FILL if result.code == FROZEN else ''}"
    bad = [one for one in result.rows if one.state != "verified"]
    lines = [_line(one.path, one.state, one.reason, one.first) for one in bad]
    remarks = [_remark(one) for one in counted.lint]
    parts = [head, *_table("| file | state | why | first diagnostic |", lines)]
    parts += _table("| place | remark | what |", remarks)
    return _cut(parts, room)


def _line(path: str, state: str, reason: str, first: str) -> str:
    return f"| {cell(path)} | {cell(state)} | {cell(reason)} | {cell(first)} |\n"


def _remark(one: Finding) -> str:
    return f"| {cell(one.path)}{cell(f':{one.line}')} | {cell(one.rule)} | {cell(one.message)} |\n"


def _table(head: str, lines: list[str]) -> list[str]:
    return [f"\n{head}\n{'| --- ' * (head.count('|') - 1)}|\n", *lines] if lines else []


def _cut(parts: list[str], room: int) -> str:
    """So many of these parts as fit, and how many do not."""
    sizes = [len(one.encode()) for one in parts]
    if sum(sizes) <= room:
        return "".join(parts)
    left, kept = room - 100, 0
    while kept < len(parts) and sizes[kept] <= left:
        left -= sizes[kept]
        kept += 1
    return "".join(parts[:kept]) + f"\n{len(parts) - kept} more lines did not fit\n" if room > MOST // 100 else ""


def cell(text: str) -> str:
    """A text as what it is, in a cell of a Markdown table."""
    short = text if len(text) <= SHOWN else f"{text[:SHOWN]}..."
    one_line = " ".join("".join(sign if sign.isprintable() else " " for sign in short).split())
    return _MARKS.sub(r"\\\1", html.escape(one_line, quote=False))


def append(result: Result, environ: Mapping[str, str]) -> None:
    """Add it to the summary of this step, as far as there is room. Raises OSError."""
    name = environ.get("GITHUB_STEP_SUMMARY", "")
    if not name:
        return
    with Path(name).open("ab") as file:
        file.write(summary(result, MOST - file.tell()).encode())


# --- what else is printed ------------------------------------------------------------------------------------------


class Guarded:
    """A stream in which no text becomes a command of the runner's: `::` that begins a line, and `##[` anywhere."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._begun: str | None = ""  # the line so far, while no letter and no digit is in it; None: one is
        self._last = ""

    def write(self, text: str) -> int:
        """Write it, with those marks broken up by a blank."""
        self._stream.write("".join(self._piece(one) for one in re.split(r"([\r\n])", text)))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write them likewise."""
        for one in lines:
            self.write(one)

    def command(self, text: str) -> None:
        """Write our own commands, at the beginning of a line."""
        self._stream.write(("" if self._begun == "" else "\n") + text)
        self._begun, self._last = "", ""

    def _piece(self, text: str) -> str:
        if text in {"\r", "\n"}:
            self._begun, self._last = "", ""
            return text
        signs = []
        for sign in text:
            if (sign == ":" == self._last[-1:] and self._begun is not None) or self._last + sign == "##[":
                signs.append(" ")
            signs.append(sign)
            self._last = (self._last + sign)[-2:]
            if self._begun is not None:
                self._begun = None if sign.isalnum() else self._begun + sign
        return "".join(signs)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)
