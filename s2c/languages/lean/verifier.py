"""Lean 4 as a verifier: which processes, under which limits, and what they amount to.

Law: it runs nothing; it describes runs and reads their output. The toolchain's own `lean` is called, not Lake or elan.
Not run against the real tool: command lines, messages and exit codes are from its documentation, its sources and public
logs. Every unknown form is read as `tool-crash`, never as a pass.

What is owed by name: each given theorem, lemma, definition and named instance that another module can name. A private
one can't be asked for from outside. It is covered otherwise: axioms are collected through everything that a public
declaration uses, private ones too; the compiler itself warns of a `sorry` in each declaration, and that is no pass; and
no fill may contain what brings in other axioms (policy.py).
"""

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from s2c.errors import ToolError
from s2c.languages.base import Budget, Job, Layout, Reading, SelfTest
from s2c.languages.lean import identity, reading, steps
from s2c.languages.lean.layout import LeanLayout
from s2c.model import Assumption, Declaration, VerdictKind
from s2c.process import Limits, RawRun, Run, Tool

VERSION = re.compile(r"^Lean \(version (\d+)\.(\d+)\.(\d+)([-+.\w]*)", re.MULTILINE)
LEAST = (4, 9, 1)
MARGIN = 30  # seconds of wall clock for starting up and loading modules
# Lean maps compiled modules as private, writable memory, which counts as data: all of Mathlib is some 6 GiB by itself
MEMORY = 16 * 1024**3
ADVICE = "install Lean 4 with elan, or name the program: [tool.s2c.lean] command"
OWED = frozenset({"theorem", "lemma", "def", "abbrev", "opaque", "instance"})
NAMELESS = re.compile(r"(?:.*\.)?_instance\d+")  # how an instance without a name is called in an outline
# what given text may take on trust without an axiom that has a name of its own
LENIENT = frozenset(
    {"sorry", "admit", "sorryAx", "native_decide", "bv_decide", "ofReduceBool", "ofReduceNat", "trustCompiler"}
)

LIBRARY = b"axiom given : \xe2\x88\x80 n : Nat, n \xe2\x89\xa4 n * n\n"
GOOD = "import Library\n\ntheorem solve (n : Nat) : n ≤ n * n := given n\n\ndef two : Nat := 2\n".encode()
BAD = b"theorem solve : 1 + 1 = 3 := by decide\n"
SORRY = b"theorem solve : 1 + 1 = 3 := by sorry\n"
COMPILED = b"theorem solve : 1 + 1 = 2 := by native_decide\n"


class LeanVerifier:
    """How Lean is called and understood. See `s2c.languages.base.Verifier`."""

    def default_command(self, layout: Layout) -> tuple[str, ...]:
        """The `lean` of the toolchain that the workspace names, else the one on PATH. Raises ToolError for elan."""
        return identity.command(layout.workspace.toolchain if isinstance(layout, LeanLayout) else "")

    def version_run(self, command: Sequence[str]) -> Run:
        """The run that makes it say its version."""
        return Run((*command, "--version"), {}, Limits(wall_seconds=60))

    def tool(self, command: Sequence[str], raw: RawRun, identity: str) -> Tool:
        """The tool as found. Raises ToolError for what does not run, is not Lean 4, or is known to be unsound."""
        name = " ".join(command)
        if raw.missing:
            raise ToolError(f"Lean can't be started: {raw.missing}", where=name, fix=ADVICE)
        match = VERSION.search(raw.stdout.decode("utf-8", "replace"))
        if match is None or raw.exit != 0:
            said = (raw.stdout + raw.stderr).decode("utf-8", "replace").strip().partition("\n")[0][:200]
            raise ToolError(f"this does not say its version like Lean: {said!r}", where=name, fix=ADVICE)
        version = f"{match[1]}.{match[2]}.{match[3]}"
        numbers = tuple(int(part[:6]) for part in version.split("."))
        if numbers[0] != LEAST[0]:
            raise ToolError(f"Lean {version} is not supported, only Lean 4", where=name, fix=ADVICE)
        if numbers < LEAST:
            why = "in 4.9.0 `apply?` could end a proof that proves nothing, without a word"
            raise ToolError(f"Lean {version} is not supported: {why}", where=name, fix="take 4.9.1 or a newer one")
        return Tool("lean", "Lean", version + match[4], "lean4", tuple(command), identity)

    def identity_files(self, command: Sequence[str], layout: Layout) -> tuple[Path, ...]:
        """The toolchain's program, libraries and modules; the workspace's manifest and toolchain file."""
        return identity.identity_files(command, layout.workspace.files if isinstance(layout, LeanLayout) else ())

    def trouble(self, tool: Tool, job: Job) -> str:
        """None: what can't be passed is told by the layout."""
        del tool, job
        return ""

    def self_tests(self, tool: Tool) -> tuple[SelfTest, ...]:
        """A proof that rests on an import's axiom; one that fails; a `sorry`; a tactic that brings an axiom."""
        del tool
        return (
            SelfTest("good", _small(GOOD, ("solve", "two")), VerdictKind.VERIFIED, ("solve", "two")),
            SelfTest("bad", _small(BAD), VerdictKind.FAILED),
            SelfTest("sorry", _small(SORRY), VerdictKind.INCOMPLETE),
            SelfTest("native_decide", _small(COMPILED), VerdictKind.POLICY),
        )

    def lenient(self, own: Sequence[Assumption], imported: Sequence[Assumption]) -> str:
        """Why a `sorry`, or trust in the compiler, is let pass: the given text has it, here or in an import."""
        words = {word.strip("`").rpartition(".")[2] for one in (*own, *imported) for word in one.what.split()[:1]}
        found = sorted(words & LENIENT)
        return f"the given text has {', '.join(found)}" if found else ""

    def check(self, tool: Tool, job: Job) -> Run:
        """The processes that compile imports and members, then ask for axioms."""
        plan = steps.plan(job)
        wall = job.budget.wall_seconds * job.budget.factor + MARGIN
        search = job.layout.search if isinstance(job.layout, LeanLayout) else ()
        first, *later = [(*tool.command, *step.arguments) for step in plan.steps]
        return Run(
            command=first,
            files={**job.files, **plan.files},
            limits=Limits(wall_seconds=wall, cpu_seconds=2 * wall, memory_bytes=MEMORY),
            then=tuple(later),
            environment={"LEAN_PATH": ":".join((plan.folder, *search))},
        )

    def read(self, tool: Tool, job: Job, raw: RawRun) -> Reading:
        """What a `check` run said: kind, outcomes by name, diagnostics at places of the job's files."""
        del tool
        return reading.read(job, steps.plan(job).steps, raw)

    def audit(self, tool: Tool, job: Job) -> Run | None:
        """None: it has no such list."""
        del tool, job
        return None

    def audited(self, job: Job, raw: RawRun, owners: Collection[str]) -> Mapping[str, tuple[Assumption, ...]] | str:
        """Nothing."""
        del job, raw, owners
        return {}

    def owed(self, tool: Tool, declaration: Declaration) -> str | None:
        """Its name, if it has one that another module can use and is not itself an axiom or a type."""
        hidden = "private" in declaration.attributes or NAMELESS.fullmatch(declaration.name) or not declaration.name
        return None if hidden or declaration.kind not in OWED else self.twin_owed(tool, declaration)

    def twin_owed(self, tool: Tool, declaration: Declaration) -> str:
        """Its qualified name; there are no twins in Lean."""
        del tool
        return declaration.name.removeprefix("_root_.")


def _small(source: bytes, owed: tuple[str, ...] = ("solve",)) -> Job:
    files = {"Test.lean": source, "Library.lean": LIBRARY}
    return Job(files, ("Test.lean",), Budget(), imports=("Library.lean",), owed=owed, trusted=frozenset({"given"}))
