"""What tests of Lean share: a tool, jobs, and small executables that stand in for `lean`. No real Lean is needed."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from s2c.languages.base import Job, Reading
from s2c.languages.lean.verifier import LeanVerifier
from s2c.process import Tool
from s2c.sandbox import execute

VERIFIER = LeanVerifier()
QUESTION = "s2c-axioms.lean"


def tool(*command: str) -> Tool:
    """A Lean of this command."""
    return Tool("lean", "Lean", "4.23.0", "lean4", command or ("lean",), "identity")


def job(*owed: str, lenient: bool = False, trusted: Sequence[str] = (), imports: Sequence[str] = ()) -> Job:
    """A job of one member, Test.lean, and imports that are there."""
    files = dict.fromkeys(imports, b"def given := 1\n") | {"Test.lean": "theorem π : 1 = 1 := foo\n".encode()}
    return Job(files, ("Test.lean",), owed=owed, lenient=lenient, trusted=frozenset(trusted), imports=tuple(imports))


def program(folder: Path, body: str) -> str:
    """An executable in Python."""
    path = folder / "bin" / "lean"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!{sys.executable}\nimport sys\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def saying(folder: Path, compiled: bytes, asked: bytes | None = None, code: int = 0, complaint: bytes = b"") -> str:
    """A `lean` that says this when it compiles, that when it is asked for axioms (None: the same), and ends so."""
    answer = compiled if asked is None else asked
    return program(
        folder,
        f"said = {answer!r} if sys.argv[-1].endswith({QUESTION!r}) else {compiled!r}\n"
        f"sys.stdout.buffer.write(said)\nsys.stderr.buffer.write({complaint!r})\nsys.exit({code})",
    )


def judged(command: str, what: Job) -> Reading:
    """What is read from a real run of this command."""
    lean = tool(command)
    return VERIFIER.read(lean, what, execute(VERIFIER.check(lean, what)))


def message(data: str, severity: str = "information", line: int = 1, column: int = 0, **more: object) -> bytes:
    """A line of `lean --json`."""
    place = {"line": line, "column": column}
    value = {"severity": severity, "pos": place, "endPos": None, "fileName": "Test.lean", "data": data, "caption": ""}
    return json.dumps({**value, **more}).encode() + b"\n"


def proved(*names: str, axioms: str = "") -> bytes:
    """What `#print axioms` says of names."""
    ends = f"depends on axioms: [{axioms}]" if axioms else "does not depend on any axioms"
    return b"".join(message(f"'{name}' {ends}") for name in names)
