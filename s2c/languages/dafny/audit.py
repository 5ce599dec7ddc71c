"""What Dafny 4 itself says that a text takes on trust: `dafny audit`, a second opinion beside our own reading.

Law: it is asked of given text only, with each hole's owner an axiom of ours, which is left out of what is told. It
verifies nothing, and nothing is verified because of it. A report that can't be read, or whose count does not fit, is
none.

Measured with 4.11.0 on the 280 specs of the corpus: it tells nothing that `trust.py` does not tell. It needs a process
of its own for each file, two thirds of the cost of verifying it, so only deep lint asks for it.
"""

import re
from collections.abc import Collection, Sequence

from s2c.languages.base import Job
from s2c.languages.dafny.modern import ENVIRONMENT
from s2c.languages.dafny.output import text_of
from s2c.model import Assumption
from s2c.process import Limits, RawRun, Run, Tool

FINDING = re.compile(
    r"(?P<path>.*?)\((?P<line>\d+),\d+\): Warning: (?P<name>\S+): (?P<what>.*)\. Possible mitigation: .*"
)
TRAILER = re.compile(r"Dafny auditor completed with (\d+) findings")
OURS = "Declaration has explicit `{:axiom}` attribute"
LIMITS = Limits(wall_seconds=60, cpu_seconds=120, memory_bytes=4 * 1024**3)


def run(tool: Tool, job: Job) -> Run:
    """The run over a job whose members are stand-ins with no hole filled."""
    return Run((*tool.command, "audit", *job.options, *job.members), dict(job.files), LIMITS, environment=ENVIRONMENT)


def read(job: Job, raw: RawRun, owners: Collection[str]) -> dict[str, tuple[Assumption, ...]] | str:
    """By member what it takes on trust in Dafny's own words; or why the report can't be read.

    `owners` are unqualified names of declarations that the stand-ins have as axioms.
    """
    text = text_of(raw) if raw.exit == 0 else None
    if text is None:
        told = (raw.stdout + raw.stderr).decode("utf-8", "replace").strip().partition("\n")[0]
        return f"dafny audit says: {told[:200] or raw.missing or raw.killed}"
    lines = text.split("\n")
    found = [match for line in lines if (match := FINDING.fullmatch(line))]
    counts = [int(match[1]) for line in lines if (match := TRAILER.fullmatch(line))]
    if counts != [len(found)]:
        return f"dafny audit counts {counts} findings and tells {len(found)}"
    told_of = [one for one in found if not (one["what"] == OURS and one["name"] in owners)]
    return {path: _of(path, told_of) for path in job.members}


def _of(path: str, found: Sequence[re.Match[str]]) -> tuple[Assumption, ...]:
    # its text names files as the command line does
    return tuple(Assumption(f"{one['name']}: {one['what']}", int(one["line"])) for one in found if one["path"] == path)
