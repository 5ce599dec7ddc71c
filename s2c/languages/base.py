"""What a language must answer.

Law: a language describes and reads, it does nothing. Its `verifier` runs no process: it returns runs as data and reads
their raw output. Everything that the rest of s2c knows of a language goes through these protocols, and folders are
discovered by name, so no list of languages stands anywhere.
"""

import ctypes
import functools
import importlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

import tree_sitter

from s2c.errors import ConfigError, S2cError
from s2c.languages.known import known
from s2c.languages.lints import Lint
from s2c.model import Assumption, Declaration, Diagnostic, Hole, Import, Outline, Refusal, Span, VerdictKind
from s2c.process import RawRun, Run, Tool
from s2c.settings import LanguageSettings

UNDECLARED = "undeclared"
"""The rule for a helper that defines a name which the given text uses and nothing declares."""


class Outcome(StrEnum):
    """What a verifier said of one obligation. `open`: it gave up (time, resources, unknown)."""

    PROVED = "proved"
    FAILED = "failed"
    OPEN = "open"


@dataclass(frozen=True)
class Budget:
    """How much one check may use. `factor` multiplies the language's own deterministic budget (1, then 3)."""

    factor: int = 1
    wall_seconds: int = 120


@dataclass(frozen=True)
class Target:
    """Where the file that an import names may lie: `paths` from the root, of which the first that exists counts.

    `outside`: it may be in a library that is no part of the project, so that no file is no problem. `advice`: what to
    do where there is none, if the language knows better than "correct the path, or make it".
    """

    paths: tuple[str, ...]
    outside: bool = False
    advice: str = ""


@dataclass(frozen=True)
class Promise:
    """One given `ensures` of an owed declaration: where it lies, in bytes, in the file as laid out."""

    name: str  # of the obligation, as `Verifier.owed` gives it
    path: str
    span: Span
    text: str = ""


class Layout(Protocol):
    """What a project's own files (`Known.manifests`) and settings say to one language. Paths are from the root."""

    @property
    def notes(self) -> tuple[Diagnostic, ...]:
        """What in those files s2c does not honour, or can't read: told, never dropped."""

    @property
    def apart(self) -> bool:
        """Whether files depend on nothing but what their imports name: then those not tied by them are read apart."""

    def target(self, importer: str, item: Import) -> Target:
        """Where an import of this file may lie; no paths where it names no file by itself."""

    def companions(self, loaded: Collection[str], others: Sequence[str]) -> tuple[str, ...]:
        """Those of the project's other files that `loaded` ones may depend on without naming them: read as well."""

    def relations(self, outlines: Mapping[str, Outline]) -> Mapping[str, tuple[str, ...]]:
        """For each path, other files among these that it depends on beside those that its imports name."""

    def options(self, path: str) -> tuple[str, ...]:
        """What the project and the settings pass to the verifier for this file. In its keys: no machine's paths."""


@dataclass(frozen=True)
class Job:
    """What one check is about: `files` as laid out in the scratch folder, `members` the paths to be verified.

    `lenient`: the given text takes a fact on trust in a way that the strictest mode refuses, so the strictest mode that
    it passes is used. What fills may contain is the policy's to say, whatever the mode.
    """

    files: Mapping[str, bytes] = field(repr=False)
    members: tuple[str, ...]
    budget: Budget = Budget()
    lenient: bool = False
    imports: tuple[str, ...] = ()  # the other files, each after those that it imports itself
    options: tuple[str, ...] = ()  # what the project sets for the members
    owed: tuple[str, ...] = ()  # names that must be reported proved, as `Verifier.owed` gives them
    promises: tuple[Promise, ...] = ()  # their given `ensures`, each to be proved at its own place if the tool tells
    trusted: frozenset[str] = frozenset()  # names of axioms that the given text, or a stand-in, takes on trust
    layout: Layout | None = None  # None: nothing but these files (a self-test)
    origin: Mapping[str, str] = field(default_factory=dict)  # path in `files` -> path from the root, where they differ


@dataclass(frozen=True)
class Reading:
    """A verifier's output, read.

    `kind` is VERIFIED only in the sense "the tool itself had nothing to say against it": exit code, trailer and
    warnings are as they must be. Whether that is a verdict is the judge's to say, who looks at `outcomes` by name.
    Output that can't be read is TOOL_CRASH, never a pass.
    """

    kind: VerdictKind
    outcomes: Mapping[str, Outcome]  # obligation name, as `owed` spells it -> the worst outcome reported for it
    diagnostics: tuple[Diagnostic, ...] = ()
    reason: str = ""
    unkept: tuple[Promise, ...] = ()  # those that a tool which tells places did not report proved at theirs


@dataclass(frozen=True)
class SelfTest:
    """A job with a known end, run before anything is paid for."""

    name: str
    job: Job
    must_be: VerdictKind  # VERIFIED means: this kind, and every name in `proved` PROVED
    proved: tuple[str, ...] = ()


class Verifier(Protocol):
    """How one language's verifier is called and understood. Runs nothing."""

    def default_command(self, layout: Layout) -> tuple[str, ...]:
        """The command when the settings name none: a path, or a name that is looked up on PATH."""

    def version_run(self, command: Sequence[str]) -> Run:
        """The run that makes the tool say its version."""

    def tool(self, command: Sequence[str], raw: RawRun, identity: str) -> Tool:
        """The tool as found, from its version output. Raises ToolError for a version that is not supported."""

    def identity_files(self, command: Sequence[str], layout: Layout) -> tuple[Path, ...]:
        """Every file that the tool loads: programs, libraries, preludes, solvers; sorted. Raises ToolError."""

    def trouble(self, tool: Tool, job: Job) -> str:
        """Why this tool can't check this job under its project's settings, or ""; asked before anything is paid for.

        The job may have no files yet.
        """

    def self_tests(self, tool: Tool) -> tuple[SelfTest, ...]:
        """At least a good file and a bad one."""

    def lenient(self, own: Sequence[Assumption], imported: Sequence[Assumption]) -> str:
        """Why given text with these assumptions needs a check that is not the strictest; "" if it does not.

        `own` are those of the members, `imported` those of the imports as laid out (stand-ins among them).
        """

    def check(self, tool: Tool, job: Job) -> Run:
        """The run that verifies the members of `job` in the strictest mode."""

    def read(self, tool: Tool, job: Job, raw: RawRun) -> Reading:
        """What a `check` run said. Never raises: what can't be read is TOOL_CRASH."""

    def audit(self, tool: Tool, job: Job) -> Run | None:
        """The run in which the tool itself lists what the job's members take on trust; None if it can't.

        The members are stand-ins with no hole filled.
        """

    def audited(self, job: Job, raw: RawRun, owners: Collection[str]) -> Mapping[str, tuple[Assumption, ...]] | str:
        """By member, what an `audit` run listed, without the axioms of ours; or why it can't be read.

        `owners`: last names of the declarations that are axioms only because they stand in for themselves.
        """

    def owed(self, tool: Tool, declaration: Declaration) -> str | None:
        """The name under which this declaration's own contract is reported proved, or None if it owes nothing by name.

        A declaration without `ensures` owes nothing by name. `twin_owed` gives the name once `ensures false` is there.
        """

    def twin_owed(self, tool: Tool, declaration: Declaration) -> str:
        """The name under which the twin of this declaration is reported."""


class Language(Protocol):
    """One language. All texts are bytes of UTF-8; no method raises for bad input but returns problems or refusals."""

    name: str
    version: str  # of grammar and reading: part of every obligation key of this language
    policy_version: str  # of structure and policy: part of every verdict key
    prompt: str  # rules and examples for the model, stable text
    batch_specs: int  # how many specs a first request may hold: quality falls with more, price hardly does
    verifier: Verifier
    lint: Lint  # what it can say of a spec before anyone fills it
    settings: type[LanguageSettings]  # the schema of `[tool.s2c.NAME]`
    cycles: bool  # whether files may import each other in a cycle

    def layout(self, root: Path, manifests: Mapping[str, bytes], settings: LanguageSettings) -> Layout:
        """What these manifests (by path) and settings say. `root`: the project's folder on this machine."""

    def parse(self, source: bytes) -> Outline:
        """The outline of a source. Problems are in it; with problems, the rest may be partial."""

    def normalise(self, hole: Hole, text: str) -> str:
        """A fill as stored: LF line ends, outer braces that s2c owns taken off, one final newline or empty."""

    def render(self, hole: Hole, fill: str) -> str:
        """What stands in the hole's span for this normalised fill: s2c's braces round it where the form needs them."""

    def stand_in(self, source: bytes, outline: Outline, fills: Mapping[str, str]) -> bytes:
        """The source as importers may rely on it.

        Holes in `fills` are rendered; the owner of each other hole is an explicit axiom; other helpers are empty.
        """

    def structure(self, source: bytes, outline: Outline, fills: Mapping[str, str]) -> tuple[Refusal, ...]:
        """Layer 2: each fill parses alone as its kind, the whole re-parses, nothing outside holes changed."""

    def policy(self, outline: Outline, fills: Mapping[str, str]) -> tuple[Refusal, ...]:
        """Layer 3: allow lists on real tokens; no declaration of a name that the spec declares or uses."""

    def helper_names(self, fill: str) -> tuple[str, ...]:
        """Names that a helpers fill declares, unqualified, sorted: importers can see them."""

    def twin(self, outline: Outline, declaration: Declaration) -> tuple[int, bytes] | str | None:
        """Where (offset in the source) and what to insert so that only this contract gains `ensures false`.

        Or why the twin is skipped: its contract already has `ensures false`, or `decreases *`. None where a declaration
        of this kind has no contract of that form.
        """

    def vacuity(self, source: bytes, outline: Outline, declaration: Declaration) -> tuple[int, bytes, str] | None:
        """What is proved only if this contract's `requires` contradict themselves: offset, text, declared name.

        It is inserted into the source with its holes as stand-ins. None where the language has no such form.
        """


@functools.cache
def language(name: str) -> Language:
    """The language of that name. Raises ConfigError if there is none."""
    if name not in known():
        raise ConfigError(f"no language {name!r}", fix=f"known: {', '.join(known())}")
    module, _, made = known()[name].make.partition(":")
    found: Language = getattr(importlib.import_module(f"s2c.languages.{name}.{module}"), made)()
    return found


def languages() -> Mapping[str, Language]:
    """Every language, by name."""
    return {name: language(name) for name in known()}


def load_grammar(library: Path, name: str) -> tree_sitter.Language:
    """The grammar in a compiled shared library (no Python in it), as built from the committed parser.c."""
    try:
        entry = getattr(ctypes.CDLL(str(library)), f"tree_sitter_{name}")
    except (OSError, AttributeError) as error:
        raise S2cError(
            f"the {name} grammar is not built: {error}", fix="run script/setup, or install a wheel of s2c"
        ) from error
    entry.restype = ctypes.c_void_p
    capsule: Callable[..., object] = ctypes.pythonapi.PyCapsule_New
    ctypes.pythonapi.PyCapsule_New.restype = ctypes.py_object
    ctypes.pythonapi.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    return tree_sitter.Language(capsule(entry(), b"tree_sitter.Language", None))
