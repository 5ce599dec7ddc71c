"""Dafny as a verifier: which command line for which version, and what a run of it amounts to.

Law: it runs nothing; it describes runs and reads their output. Two generations of the command line are known: 2.3
(`legacy`) and 4.x (`modern`); another version is refused, not guessed at.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from s2c.errors import ToolError
from s2c.languages.base import Budget, Job, Layout, Promise, Reading, SelfTest
from s2c.languages.dafny import audit, implied, legacy, modern, options
from s2c.languages.dafny.identity import identity_files
from s2c.languages.dafny.server import DafnyScreen
from s2c.model import Assumption, Declaration, Span, VerdictKind
from s2c.process import Limits, RawRun, Run, Tool

VERSION = re.compile(r"^[Dd]afny (\d+)\.(\d+)\.(\d+)", re.MULTILINE)
LEGACY, MODERN = "legacy", "modern"
MARGIN = 15  # seconds of wall clock for starting up and for writing logs
MEMORY = 4 * 1024**3  # bytes of data for each process
ADVICE = "put Dafny 2.3 or 4.x on PATH, or name it: [tool.s2c.dafny] command"

LIBRARY = b"lemma {:axiom} Given(n: int)\n  ensures n * n >= 0\n"
GOOD = b"""include "library.dfy"
method Solve(n: int) returns (r: int)
  ensures r >= 0
{
  Given(n);
  r := n * n;
}
"""
BAD = GOOD.replace(b"r := n * n;", b"r := n;")
CHEAT = (
    b"lemma Cheat()\n  ensures 1 == 2\nmethod Solve() returns (r: int)\n  ensures r > 0\n{\n  Cheat();\n  r := 0;\n}\n"
)


class DafnyVerifier:
    """How Dafny is called and understood. See `s2c.languages.base.Verifier`."""

    def default_command(self, layout: Layout) -> tuple[str, ...]:
        """`dafny`, from PATH."""
        del layout
        return ("dafny",)

    def version_run(self, command: Sequence[str]) -> Run:
        """`/version` is the one word that both generations answer (2.3 with exit code 1)."""
        return Run((*command, "/version"), {}, Limits(wall_seconds=60))

    def tool(self, command: Sequence[str], raw: RawRun, identity: str) -> Tool:
        """The tool as found. Raises ToolError for what does not run, or is neither 2.3 nor 4.x."""
        name = " ".join(command)
        if raw.missing:
            raise ToolError(f"Dafny can't be started: {raw.missing}", where=name, fix=ADVICE)
        match = VERSION.search(raw.stdout.decode("utf-8", "replace"))
        if match is None:
            said = (raw.stdout + raw.stderr).decode("utf-8", "replace").strip().partition("\n")[0][:200]
            raise ToolError(f"this does not say its version like Dafny: {said!r}", where=name, fix=ADVICE)
        version = ".".join(match.groups())
        generation = {"2.3": LEGACY}.get(f"{match[1]}.{match[2]}", MODERN if match[1] == "4" else "")
        if not generation:
            raise ToolError(f"Dafny {version} is not supported, only 2.3 and 4.x", where=name, fix=ADVICE)
        return Tool("dafny", "Dafny", version, generation, tuple(command), identity)

    def identity_files(self, command: Sequence[str], layout: Layout) -> tuple[Path, ...]:
        """Every file that the tool loads, but for the system's C libraries."""
        del layout
        return identity_files(command)

    def trouble(self, tool: Tool, job: Job) -> str:
        """Options that this generation has not, or under which files that see each other mean different things."""
        return options.trouble(job, old=tool.generation == LEGACY)

    def self_tests(self, tool: Tool) -> tuple[SelfTest, ...]:
        """A proof that holds and rests on an included file, one that fails, and one whose exit code 0 would lie."""
        refused = VerdictKind.SYNTAX if tool.generation == LEGACY else VerdictKind.FAILED
        name = "Solve (correctness)"
        promise = Promise(name, "test.dfy", Span(GOOD.index(b"ensures"), GOOD.index(b"\n{")))
        return (
            SelfTest("good", replace(_small(GOOD), promises=(promise,)), VerdictKind.VERIFIED, (name,)),
            SelfTest("bad", _small(BAD), VerdictKind.FAILED),
            SelfTest("lemma without a proof", _small(CHEAT), refused),
        )

    def lenient(self, own: Sequence[Assumption], imported: Sequence[Assumption]) -> str:
        """Why these members need a check that is not the strictest: they have an `assume`. Imports are not verified."""
        del imported
        return "the given text has an assume" if any(one.what.startswith("assume") for one in own) else ""

    def check(self, tool: Tool, job: Job) -> Run:
        """The run that verifies the members, and only them, in the strictest mode."""
        log = _log(job)
        more = implied.inputs(job)
        wall = job.budget.wall_seconds * job.budget.factor
        environment: Mapping[str, str] = {}
        if tool.generation == LEGACY:
            arguments = legacy.arguments(job, log, (*job.members, *more))
            wall = max(wall, 2 * legacy.SECONDS * job.budget.factor)
        else:
            arguments, environment = modern.arguments(job, log, (*job.members, *more)), modern.ENVIRONMENT
        limits = Limits(wall_seconds=wall + MARGIN, cpu_seconds=2 * (wall + MARGIN), memory_bytes=MEMORY)
        command = (*tool.command, *arguments)
        return Run(command, {**job.files, **more}, limits, (log,), environment=environment)

    def read(self, tool: Tool, job: Job, raw: RawRun) -> Reading:
        """What a `check` run said: kind, outcomes by name, diagnostics at places of the job's files."""
        trouble = self.trouble(tool, job)
        if trouble and not raw.missing:
            return Reading(VerdictKind.TOOL_CRASH, {}, reason=trouble)
        if tool.generation == LEGACY:
            return legacy.read(job, raw, _log(job))
        return modern.read(job, raw, _log(job))

    def audit(self, tool: Tool, job: Job) -> Run | None:
        """`dafny audit`, which 2.3 has not."""
        return None if tool.generation == LEGACY else audit.run(tool, job)

    def audited(self, job: Job, raw: RawRun, owners: Collection[str]) -> Mapping[str, tuple[Assumption, ...]] | str:
        """By member, what it takes on trust in Dafny's own words."""
        return audit.read(job, raw, owners)

    def screen(self, tool: Tool) -> DafnyScreen | None:
        """Its language server, which 2.3 has not."""
        return DafnyScreen(tool) if tool.generation == MODERN else None

    def owed(self, tool: Tool, declaration: Declaration) -> str | None:
        """None without an `ensures` or without a body. An axiom that has a body is verified like any other (measured).

        The owner of a hole that stands where no body is has none in the skeleton: what it owes is `twin_owed`.
        """
        contract = any(clause.kind == "ensures" for clause in declaration.clauses)
        return self.twin_owed(tool, declaration) if contract and declaration.body is not None else None

    def twin_owed(self, tool: Tool, declaration: Declaration) -> str:
        """`M.C.Inc (correctness)`; functions and predicates are proved by their `(well-formedness)`."""
        del tool  # both generations are read into the same names
        words = set(declaration.kind.split())
        if any(word.endswith(("function", "predicate")) for word in words):
            return f"{declaration.name} (well-formedness)"
        extreme = words & {"least", "greatest", "inductive", "colemma", "comethod"} and words & {"lemma", "colemma"}
        return f"{declaration.name}{'#' if extreme else ''} (correctness)"


def _small(source: bytes) -> Job:
    return Job({"test.dfy": source, "library.dfy": LIBRARY}, ("test.dfy",), Budget())


def _log(job: Job) -> str:
    """A name for the log that no file of the job has."""
    name = "s2c-log"
    while name in job.files:
        name += "-"
    return name
