"""Runs that say nothing: never started, or ended from outside.

Law: only the wall clock may be a fill's fault.
"""

from s2c.languages.base import Reading
from s2c.model import VerdictKind
from s2c.process import RawRun


def early(raw: RawRun) -> Reading | None:
    """What is plain without reading any output; None where there is output to read."""
    if raw.missing:
        return Reading(VerdictKind.TOOL_MISSING, {}, reason=raw.missing)
    if raw.killed == "wall":
        return Reading(VerdictKind.TIMEOUT, {}, reason=f"stopped by the wall clock after {raw.wall_ms / 1000:.0f} s")
    if raw.exit is None:
        return Reading(VerdictKind.TOOL_CRASH, {}, reason=f"the run was stopped: {raw.killed or 'no exit code'}")
    return None
