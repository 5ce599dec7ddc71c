"""A Verus that is a small script: it prints what a test says, under the very run that s2c would make."""

import dataclasses
import json
import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from s2c.languages.base import Job, Reading
from s2c.languages.verus.verifier import VerusVerifier
from s2c.process import Limits, Run, Tool
from s2c.sandbox import execute

VERIFIER = VerusVerifier()
SMALL = Job({"a.rs": b"verus! { proof fn a() ensures true {} }\n"}, ("a.rs",), owed=("a",))


def tool(*command: str) -> Tool:
    """A tool of that command."""
    return Tool("verus", "Verus", "0", "verus", command, "none")


def fake(folder: Path, stdout: bytes, stderr: bytes, code: int, rest: str = "") -> Tool:
    """A program that prints both and ends with this exit code, after `rest` in its shell."""
    for name, content in (("stdout", stdout), ("stderr", stderr)):
        (folder / name).write_bytes(content)
    here = shlex.quote(str(folder))
    script = folder / "verus"
    script.write_text(f"#!/bin/sh\n{rest}\ncat {here}/stdout\ncat {here}/stderr >&2\nexit {code}\n")
    script.chmod(0o755)
    return tool(str(script))


def replay(  # noqa: PLR0913 - what a fake does, each with a default
    folder: Path, stdout: str = "", stderr: str = "", code: int = 0, *, job: Job = SMALL, rest: str = ""
) -> Reading:
    """The reading of a run that says this."""
    one = fake(folder, stdout.encode(), stderr.encode(), code, rest)
    run: Run = VERIFIER.check(one, job)
    return VERIFIER.read(one, job, execute(dataclasses.replace(run, limits=Limits(5))))


def report(
    functions: Mapping[str, bool] | Sequence[tuple[str, bool]] = (), *, drop: Sequence[str] = (), **results: object
) -> str:
    """A report as its source prints it; `results` (with `_` for `-`) change it, None takes the key away."""
    pairs = list(functions.items()) if isinstance(functions, Mapping) else list(functions)
    failed = sum(not success for _, success in pairs)
    told: dict[str, Any] = {
        "encountered-error": failed > 0,
        "encountered-vir-error": False,
        "success": failed == 0,
        "verified": len(pairs) - failed,
        "errors": failed,
        "is-verifying-entire-crate": True,
    }
    told |= {key.replace("_", "-"): value for key, value in results.items()}
    modules = [{"module": "root", "time": 1, "function-breakdown": [_entry(*pair) for pair in pairs]}]
    whole = {
        "func-details": {},
        "verification-results": {key: value for key, value in told.items() if value is not None},
        "times-ms": {"total": 9, "smt": {"total": 5, "smt-run-module-times": modules}},
        "verus": {"profile": "release", "version": "0.2026.05.24.ecee80a", "toolchain": "1.95.0", "commit": "ecee80a"},
    }
    return json.dumps({key: value for key, value in whole.items() if key not in drop}, indent=2) + "\n"


def _entry(name: str, success: bool) -> dict[str, Any]:  # noqa: FBT001 - a pair of the report
    return {"function": name, "mode:": "proof", "time": 1, "time-micros": 900, "rlimit": 4000, "success": success}


def message(text: str, level: str = "error", code: str = "", *spans: tuple[str, int, int, str]) -> str:
    """A line of rustc's JSON; the first span (path, line, column, label) is the primary one."""
    told = {
        "$message_type": "diagnostic",
        "message": text,
        "code": {"code": code, "explanation": None} if code else None,
        "level": level,
        "spans": [
            {
                "file_name": path,
                "byte_start": 0,
                "byte_end": 1,
                "line_start": line,
                "line_end": line,
                "column_start": column,
                "column_end": column + 1,
                "is_primary": not at,
                "text": [{"text": "shown", "highlight_start": 1, "highlight_end": 2}],
                "label": label or None,
            }
            for at, (path, line, column, label) in enumerate(spans)
        ],
        "children": [],
        "rendered": f"{level}: {text}\n",
    }
    return json.dumps(told) + "\n"


def transcript(shared: Path, name: str) -> str:
    """What one public file says, without the line that tells its source."""
    text = (shared / "transcripts" / "verus" / f"{name}.txt").read_text(encoding="utf-8")
    return text.partition("\n")[2]


def fence(text: str, marker: str, number: int = 0) -> str:
    """The block between two rows of backquotes that has these words, the first such or another."""
    return [block for block in re.split(r"^```.*$", text, flags=re.MULTILINE) if marker in block][number].strip("\n")
