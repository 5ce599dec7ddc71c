"""Verus as a verifier: its command line, its version, and what a run of it amounts to.

Law: it runs nothing; it describes runs and reads their output. The whole crate that is laid out is verified, never a
part of it: only then does Verus say `success`. The budget is `--rlimit`, a count of solver resources that is the same
on every machine; the wall clock outside only guards.

Not run against the real tool: command line, report and names are those of its sources and of public output.

* Always `--crate-type=lib`: a library may have a `fn main` and need not, so one form fits every root.
* Always `--crate-name`: a file's own name may be no identifier, and in a crate named `vstd` Verus allows cheating.
* `RUSTUP_HOME` is set because `verus` starts through rustup, and a run has no HOME of its user's.
* Versions before 0.2025.06.01 are refused: `assert(..) by {}` in a `#[via_fn]` proof was believed unproved
  (verus-lang/verus issue 1624, reported on 3 May 2025 of 0.2025.04.26), even with `--no-cheating`.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from s2c.errors import ToolError
from s2c.languages.base import Budget, Job, Layout, Reading, SelfTest
from s2c.languages.ended import early
from s2c.languages.verus import names, output
from s2c.languages.verus.identity import ADVICE, identity_files, rustup_home
from s2c.languages.verus.outline import parse
from s2c.languages.verus.report import Report
from s2c.languages.verus.unit import unit
from s2c.model import Assumption, Declaration, VerdictKind
from s2c.process import Limits, RawRun, Run, Tool

VERSION = re.compile(r"^\s*Version: (0\.(\d{4})\.(\d\d)\.(\d\d)\.[0-9a-f]{6,40}(?:\.dirty)?)\s*$", re.MULTILINE)
FLOOR = ("2025", "06", "01")
RLIMIT = 10  # Verus' own default, at factor 1; about two seconds of z3
ERRORS = 5  # failed assertions told of one function
MARGIN = 15  # seconds of wall clock for rustc and for starting up
MEMORY = 8 * 1024**3  # bytes of data for each process

GOOD = b"""use vstd::prelude::*;

verus! {

spec fn double(n: nat) -> nat {
    2 * n
}

proof fn more(n: nat)
    ensures
        double(n + 1) == double(n) + 2,
{
}

fn solve(n: u32) -> (r: u32)
    requires
        n < 1000,
    ensures
        r == double(n as nat),
{
    proof {
        more(n as nat);
    }
    n + n
}

} // verus!
"""
BAD = GOOD.replace(b"    n + n\n", b"    n\n")
CHEAT = BAD.replace(b"        more(n as nat);\n", b"        assume(false);\n")


class VerusVerifier:
    """How Verus is called and understood. See `s2c.languages.base.Verifier`."""

    def default_command(self, layout: Layout) -> tuple[str, ...]:
        """`verus`, from PATH."""
        del layout
        return ("verus",)

    def version_run(self, command: Sequence[str]) -> Run:
        """`--version`."""
        return Run((*command, "--version"), {}, Limits(wall_seconds=60), environment=_environment())

    def tool(self, command: Sequence[str], raw: RawRun, identity: str) -> Tool:
        """The tool as found. Raises ToolError for what does not run, is not Verus, or is older than the floor."""
        name = " ".join(command)
        if raw.missing:
            raise ToolError(f"Verus can't be started: {raw.missing}", where=name, fix=ADVICE)
        said = raw.stdout.decode("utf-8", "replace")
        match = VERSION.search(said)
        if match is None or not said.lstrip().startswith("Verus"):
            first = (raw.stdout + raw.stderr).decode("utf-8", "replace").strip().partition("\n")[0][:200]
            raise ToolError(f"this does not say its version like Verus: {first!r}", where=name, fix=ADVICE)
        if match.groups()[1:] < FLOOR:
            floor = f"0.{'.'.join(FLOOR)}"
            message = (
                f"Verus {match[1]} is not supported: versions before {floor} believe unproved assertions (issue 1624)"
            )
            raise ToolError(message, where=name, fix=f"install {floor} or later")
        return Tool("verus", "Verus", match[1], "verus", tuple(command), identity)

    def identity_files(self, command: Sequence[str], layout: Layout) -> tuple[Path, ...]:
        """Every file that the tool loads, but for the system's C libraries."""
        del layout
        return identity_files(command)

    def trouble(self, tool: Tool, job: Job) -> str:
        """None: what can't be passed is told by the layout."""
        del tool, job
        return ""

    def self_tests(self, tool: Tool) -> tuple[SelfTest, ...]:
        """A crate that holds, one that does not, and one that cheats."""
        del tool
        return (
            SelfTest("good", _small(GOOD), VerdictKind.VERIFIED, ("more", "solve")),
            SelfTest("bad", _small(BAD), VerdictKind.FAILED),
            SelfTest("assume(false)", _small(CHEAT), VerdictKind.POLICY),
        )

    def lenient(self, own: Sequence[Assumption], imported: Sequence[Assumption]) -> str:
        """Why these files can't be checked with `--no-cheating`, which is about the whole crate, imports too."""
        for whose, assumptions in (("the given text", own), ("an import as laid out", imported)):
            found = next((one for one in assumptions if names.refused(one.what)), None)
            if found is not None:
                return f"{whose} has {found.what}"
        return ""

    def check(self, tool: Tool, job: Job) -> Run:
        """The run that verifies the crate as laid out, in the strictest mode that its given text allows."""
        whole = unit(job)
        wall = job.budget.wall_seconds * job.budget.factor + MARGIN
        strict = () if job.lenient else ("--no-cheating",)
        command = (
            *tool.command,
            *strict,
            "--output-json",
            "--time",
            "--num-threads",
            "1",
            "--rlimit",
            str(RLIMIT * job.budget.factor),
            "--multiple-errors",
            str(ERRORS),
            "--crate-type=lib",
            f"--crate-name={_crate(whole.root)}",
            whole.root,
            *job.options,
            "--error-format=json",
        )
        limits = Limits(wall_seconds=wall, cpu_seconds=2 * wall, memory_bytes=MEMORY)
        return Run(command, {**job.files, **whole.files}, limits, environment=_environment())

    def read(self, tool: Tool, job: Job, raw: RawRun) -> Reading:
        """What a `check` run said: kind, outcomes by name, diagnostics at places of the job's files."""
        del tool
        if (ended := early(raw)) is not None:
            return ended
        told = output.take_apart(raw)
        if told is None:
            return Reading(VerdictKind.TOOL_CRASH, {}, reason="the output is not UTF-8")
        functions = told.report.functions if isinstance(told.report, Report) else ()
        outcomes = names.outcomes(functions, _members(job))
        return output.conclude(job.files, told, outcomes, owed=bool(job.owed))

    def audit(self, tool: Tool, job: Job) -> Run | None:
        """None: it has no such list."""
        del tool, job
        return None

    def audited(self, job: Job, raw: RawRun, owners: Collection[str]) -> Mapping[str, tuple[Assumption, ...]] | str:
        """Nothing."""
        del job, raw, owners
        return {}

    def owed(self, tool: Tool, declaration: Declaration) -> str | None:
        """None without a contract or a body, for a `spec fn` (its termination is not told by name), and for axioms."""
        return self.twin_owed(tool, declaration) if names.owes(declaration) else None

    def twin_owed(self, tool: Tool, declaration: Declaration) -> str:
        """`module::Type::method`, as it is named in its file."""
        del tool
        return names.plain(declaration.name)


def _members(job: Job) -> list[names.Member]:
    """Each member as it is laid out: filled helpers are no declarations of it, and go by their full names."""
    modules = unit(job).modules
    return [names.Member(modules[path], parse(job.files[path]).declarations) for path in job.members if path in modules]


def _small(source: bytes) -> Job:
    return Job({"test.rs": source}, ("test.rs",), Budget())


def _crate(root: str) -> str:
    """A crate's name for a root file: an identifier, and none that Verus knows."""
    stem = root.rpartition("/")[2].removesuffix(".rs")
    return "s2c_" + re.sub(r"[^A-Za-z0-9_]", "_", stem)


def _environment() -> dict[str, str]:
    return {"RUSTUP_HOME": str(rustup_home())}
