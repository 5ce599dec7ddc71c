"""The processes of one check: each import compiled, then the members, then a last one that asks for axioms.

Law: what a file says of itself counts for nothing. Each file is compiled by a process of its own, imports first, into
one folder of compiled modules that exists for this run only; then a fresh process that has none of the sources imports
what was compiled and prints on which axioms each owed declaration rests.
"""

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from s2c.languages.base import Job
from s2c.languages.lean.layout import LeanLayout
from s2c.languages.lean.names import guarded, joined

HEARTBEATS = 200_000  # Lean's own default, for each declaration; the same on every machine
SETTING = "-DmaxHeartbeats="
Module = tuple[str, ...]


class Role(StrEnum):
    """What a process is for."""

    IMPORT = "import"
    MEMBER = "member"
    AXIOMS = "axioms"


@dataclass(frozen=True)
class Step:
    """One process: what follows the tool's command. `path`: the file in the scratch folder."""

    role: Role
    path: str
    arguments: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """All processes of a check in order, the files that they need beside the job's, and the folder of modules."""

    steps: tuple[Step, ...]
    files: dict[str, bytes]
    folder: str


def plan(job: Job) -> Plan:
    """How this job is checked."""
    folder, asking = _free(job, "s2c-modules"), _free(job, "s2c-axioms.lean")
    files: dict[str, bytes] = {}
    steps: list[Step] = []
    for path in (*job.imports, *job.members):
        root, module = _module(job, path)
        compiled = posixpath.join(folder, *module) + ".olean"
        files[posixpath.join(posixpath.dirname(compiled), ".s2c")] = b""  # lean makes no folders
        role = Role.MEMBER if path in job.members else Role.IMPORT
        options = job.options if role is Role.MEMBER else _options(job, path)
        steps.append(Step(role, path, (*_common(job, options), "-R", root, "-o", compiled, path)))
    files[asking] = _question(job)
    steps.append(Step(Role.AXIOMS, asking, ("--json", "--threads=1", asking)))
    return Plan(tuple(steps), files, folder)


def _common(job: Job, options: tuple[str, ...]) -> tuple[str, ...]:
    """What every compilation is told. The project's own count comes later and wins, times the budget's factor."""
    return ("--json", "--threads=1", f"{SETTING}{HEARTBEATS * job.budget.factor}", *_scaled(options, job.budget.factor))


def _scaled(options: tuple[str, ...], factor: int) -> Iterator[str]:
    for one in options:
        count = one.removeprefix(SETTING)
        yield f"{SETTING}{int(count) * factor}" if one != count and count.isdecimal() and len(count) <= 18 else one  # noqa: PLR2004 - digits


def _options(job: Job, path: str) -> tuple[str, ...]:
    return job.layout.options(_origin(job, path)) if job.layout is not None else ()


def _module(job: Job, path: str) -> tuple[str, Module]:
    """The source root of a file as it is laid out (`.` for the scratch folder itself), and the parts of its name."""
    if not isinstance(job.layout, LeanLayout):
        return ".", tuple(path.removesuffix(".lean").split("/"))
    module = job.layout.module_parts(_origin(job, path))
    root = path.removesuffix("/".join(module) + ".lean").rstrip("/")
    return root or ".", module


def _origin(job: Job, path: str) -> str:
    return job.origin.get(path, path)


def _question(job: Job) -> bytes:
    """The file that asks: it imports the members and nothing else."""
    modules = [joined(_module(job, path)[1]) for path in job.members]
    names = [f"#print axioms {guarded(name)}" for name in job.owed]
    return "\n".join([*(f"import {module}" for module in modules), *names, ""]).encode()


def _free(job: Job, name: str) -> str:
    """A name at the top of the scratch folder that no file of the job has."""
    taken = {path.partition("/")[0] for path in job.files}
    stem, dot, ending = name.partition(".")
    while stem + dot + ending in taken:
        stem += "-"
    return stem + dot + ending
