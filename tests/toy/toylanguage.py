"""The toy language as s2c sees it; in a real language each part is a module of its own.

Law: whatever is not understood is a problem or a refusal, never a guess.
"""

import os
import re
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from s2c.errors import ToolError
from s2c.languages.base import Job, Layout, Outcome, Reading, SelfTest, Target
from s2c.languages.lints import Silent
from s2c.model import (
    Assumption,
    Clause,
    Declaration,
    Diagnostic,
    Hole,
    HoleKind,
    Import,
    Outline,
    Problem,
    Refusal,
    Span,
    VerdictKind,
)  # fmt: skip
from s2c.process import Limits, RawRun, Run, Tool
from s2c.settings import LanguageSettings

LINE = re.compile(rb"(?P<import>import (\S+))|(?P<contract>(\w+): (.+))|(?P<value>(\w+) = (\?|\d+))|(#.*)?")
NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class ToyLayout:
    """The Layout protocol: an import is relative to its file, and the settings' options go to the verifier."""

    settings: LanguageSettings
    notes: tuple[Diagnostic, ...] = ()

    def target(self, importer: str, item: Import) -> Target:
        """The one place that an import can mean."""
        return Target((os.path.normpath(Path(importer).parent / item.target),))

    @property
    def apart(self) -> bool:
        """Imports say it all."""
        return True

    def companions(self, loaded: Collection[str], others: Sequence[str]) -> tuple[str, ...]:
        """None: imports say it all."""
        del loaded, others
        return ()

    def relations(self, outlines: Mapping[str, Outline]) -> Mapping[str, tuple[str, ...]]:
        """None: imports say it all."""
        del outlines
        return {}

    def options(self, path: str) -> tuple[str, ...]:
        """The settings' own."""
        del path
        return self.settings.options


class ToyVerifier:
    """The Verifier protocol for `toyproof`."""

    def default_command(self, layout: Layout) -> tuple[str, ...]:
        """From PATH."""
        del layout
        return ("toyproof",)

    def version_run(self, command: Sequence[str]) -> Run:
        """It says `toyproof 1.0`."""
        return Run((*command, "--version"), {}, Limits(wall_seconds=10))

    def tool(self, command: Sequence[str], raw: RawRun, identity: str) -> Tool:
        """The tool as found."""
        said = raw.stdout.decode().split()
        if said[:1] != ["toyproof"]:
            raise ToolError("this is no toyproof", where=" ".join(command))
        return Tool("toy", "toyproof", said[1], "1", tuple(command), identity)

    def identity_files(self, command: Sequence[str], layout: Layout) -> tuple[Path, ...]:
        """The program is all that it loads."""
        del layout
        found = shutil.which(command[0])
        if found is None:
            raise ToolError("the command is not there", where=command[0])
        return (Path(found),)

    def trouble(self, tool: Tool, job: Job) -> str:
        """None: whatever the settings say is passed."""
        del tool, job
        return ""

    def self_tests(self, tool: Tool) -> tuple[SelfTest, ...]:
        """A promise that is kept and one that is not."""
        del tool
        good, bad = Job({"t.toy": b"n: > 3\nn = 4\n"}, ("t.toy",)), Job({"t.toy": b"n: > 3\nn = 2\n"}, ("t.toy",))
        return SelfTest("good", good, VerdictKind.VERIFIED, ("n",)), SelfTest("bad", bad, VerdictKind.FAILED)

    def lenient(self, own: Sequence[Assumption], imported: Sequence[Assumption]) -> str:
        """Nothing can be assumed."""
        del own, imported
        return ""

    def check(self, tool: Tool, job: Job) -> Run:
        """The members, with what the project sets."""
        return Run((*tool.command, *job.options, *job.members), job.files, Limits(job.budget.wall_seconds))

    def read(self, tool: Tool, job: Job, raw: RawRun) -> Reading:
        """A line for each name, then their count; anything else is a crash."""
        del tool, job
        lines = raw.stdout.decode("utf-8", "replace").splitlines()
        said = [re.fullmatch(r"(\S+): (\w+) (proved|failed)", line) for line in lines[:-1]]
        if raw.exit not in {0, 1} or None in said or lines[-1:] != [f"done {len(said)}"]:
            return Reading(VerdictKind.TOOL_CRASH, {}, reason="not understood")
        outcomes = {m[2]: Outcome.PROVED if m[3] == "proved" else Outcome.FAILED for m in said if m is not None}
        told = tuple(
            Diagnostic(m[1], 1, 1, "error", f"{m[2]} breaks a promise") for m in said if m and m[3] == "failed"
        )
        return Reading(VerdictKind.FAILED if raw.exit else VerdictKind.VERIFIED, outcomes, told)

    def audit(self, tool: Tool, job: Job) -> Run | None:
        """None: it has no such list."""
        del tool, job
        return None

    def audited(self, job: Job, raw: RawRun, owners: Collection[str]) -> Mapping[str, tuple[Assumption, ...]] | str:
        """Nothing."""
        del job, raw, owners
        return {}

    def owed(self, tool: Tool, declaration: Declaration) -> str | None:
        """Whoever promises owes."""
        return self.twin_owed(tool, declaration) if declaration.clauses else None

    def twin_owed(self, tool: Tool, declaration: Declaration) -> str:
        """Its name."""
        del tool
        return declaration.name


class Toy:
    """The Language protocol for `.toy` files."""

    name = "toy"
    version = "toy.1"
    policy_version = "toy-policy.1"
    prompt = "# Toy: a hole is one number that keeps every promise of its line above.\n"
    batch_specs = 8
    settings = LanguageSettings
    cycles = False

    def __init__(self) -> None:
        self.verifier = ToyVerifier()
        self.lint = Silent()

    def layout(self, root: Path, manifests: Mapping[str, bytes], settings: LanguageSettings) -> Layout:
        """Nothing but the settings."""
        del root, manifests
        return ToyLayout(settings)

    def parse(self, source: bytes) -> Outline:
        """Line by line."""
        imports, declarations, holes, skeleton, problems = [], [], [], [], []
        contract: Clause | None = None
        for number, (start, line) in enumerate(_lines(source), 1):
            found = LINE.fullmatch(line)
            if found is None:
                problems.append(Problem(number, 1, "neither an import, nor a promise, nor a number"))
            elif found["import"]:
                imports.append(Import(found[2].decode(), Span(start + 7, start + len(line))))
            elif found["contract"]:
                contract = Clause("promises", Span(start, start + len(line)), found[5].decode())
                skeleton.append(line)
            elif found["value"]:
                name, span = found[7].decode(), Span(start, start + len(line))
                declarations.append(Declaration(name, "number", span, start, span, (contract,) if contract else ()))
                if found[8] == b"?":
                    place = Span(span.end - 1, span.end)
                    holes.append(Hole(f"h{len(holes) + 1}", HoleKind.BODY, place, name, "number", visible=True))
                skeleton.append(line)
        names = frozenset(one.name for one in declarations)
        tokens = tuple(skeleton)
        return Outline(
            tuple(imports), tuple(declarations), tuple(holes), tokens, tokens, names, names, (), tuple(problems)
        )

    def normalise(self, hole: Hole, text: str) -> str:
        """One number, one line."""
        del hole
        return f"{text.strip()}\n" if text.strip() else ""

    def render(self, hole: Hole, fill: str) -> str:
        """The number."""
        del hole
        return fill.strip()

    def stand_in(self, source: bytes, outline: Outline, fills: Mapping[str, str]) -> bytes:
        """Every hole can be seen, so nobody stands in."""
        del outline, fills
        return source

    def structure(self, source: bytes, outline: Outline, fills: Mapping[str, str]) -> tuple[Refusal, ...]:
        """A fill is a number and nothing else."""
        del source, outline
        return tuple(
            Refusal("syntax", "a fill is one number", hole, 1) for hole, text in fills.items() if not _is_number(text)
        )

    def policy(self, outline: Outline, fills: Mapping[str, str]) -> tuple[Refusal, ...]:
        """A number can do no harm."""
        del outline, fills
        return ()

    def helper_names(self, fill: str) -> tuple[str, ...]:
        """There are no helpers."""
        del fill
        return ()

    def twin(self, outline: Outline, declaration: Declaration) -> None:
        """A promise has no negation here."""
        del outline, declaration

    def vacuity(self, source: bytes, outline: Outline, declaration: Declaration) -> None:
        """Nor can it be vacuous."""
        del source, outline, declaration


def _is_number(text: str) -> bool:
    return NUMBER.fullmatch(text.strip()) is not None


def _lines(source: bytes) -> Iterator[tuple[int, bytes]]:
    start = 0
    for line in source.split(b"\n"):
        yield start, line
        start += len(line) + 1
