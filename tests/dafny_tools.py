"""Real Dafnys for tests: whichever of the two generations this machine has."""

import atexit
import dataclasses
import functools
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from s2c.errors import ToolError
from s2c.languages.dafny.dafny import Dafny
from s2c.languages.dafny.verifier import MODERN, DafnyVerifier
from s2c.model import Clause, Declaration, Span
from s2c.process import Tool
from s2c.sandbox import execute
from s2c.settings import LanguageSettings

ROOT = Path(__file__).resolve().parent.parent
VERIFIER = DafnyVerifier()
LAYOUT = Dafny().layout(ROOT, {}, LanguageSettings())  # of a project that says nothing


@functools.cache
def available() -> Mapping[str, tuple[str, ...]]:
    """The command of each Dafny that is here and says its version: `2.3`, `4.x`."""
    found: dict[str, tuple[str, ...]] = {}
    for command in _candidates():
        try:
            tool = installed(command)
        except ToolError:
            continue
        found.setdefault("4.x" if tool.generation == MODERN else "2.3", command)
    return found


def _candidates() -> Iterator[tuple[str, ...]]:
    own = ROOT / ".tools" / "bin" / "dafny"
    if own.exists():
        yield (str(own),)
    if on_path := shutil.which("dafny"):
        yield (on_path,)
    shared = Path(os.environ.get("S2C_TEST_DATA", ROOT.parent / "shared")) / "tools" / "dafny4"
    if (shared / "dafny").is_file():
        yield (str(_usable(shared) / "dafny"),)


def _usable(folder: Path) -> Path:
    """A ready-to-run Dafny 4, or links to it with a working z3: some copies lose the link that `z3/bin/z3` is."""
    if os.access(folder / "z3" / "bin" / "z3", os.X_OK):
        return folder
    mirror = Path(tempfile.mkdtemp(prefix="s2c-dafny4-"))
    atexit.register(shutil.rmtree, mirror, ignore_errors=True)
    (mirror / "z3" / "bin").mkdir(parents=True)
    shutil.copy(folder / "dafny", mirror / "dafny")
    for part in ("lib", "dotnet"):
        (mirror / part).symlink_to(folder / part)
    solver = next((folder / "z3" / "bin").glob("z3-*"))
    for name in ("z3", solver.name):
        (mirror / "z3" / "bin" / name).symlink_to(solver)
    return mirror


@functools.cache
def installed(command: tuple[str, ...]) -> Tool:
    """The tool that a command is."""
    return VERIFIER.tool(command, execute(VERIFIER.version_run(command)), "none")


def tool(generation: str, *command: str) -> Tool:
    """A tool of that generation."""
    return Tool("dafny", "Dafny", "0", generation, command, "none")


def declaration(name: str, kind: str = "method", clause: str = "ensures", *, body: bool = True) -> Declaration:
    """A declaration with one clause."""
    clauses = (Clause(clause, Span(0, 1), *("x",) * (len(dataclasses.fields(Clause)) - 2)),)
    return Declaration(name, kind, Span(0, 1), 1, Span(0, 1) if body else None, clauses)
