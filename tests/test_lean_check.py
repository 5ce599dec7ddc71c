"""How Lean is called: which processes, on which files, of which version; and what is owed by name."""

import re
from pathlib import Path

import pytest

from s2c.errors import ToolError
from s2c.languages.base import Budget, Job, Outcome
from s2c.languages.lean.verifier import LeanVerifier
from s2c.model import Declaration, Span, VerdictKind
from s2c.process import RawRun
from s2c.sandbox import execute
from tests.lean_tools import VERIFIER, program, tool

PROVED = Outcome.PROVED

FAKE = """
from pathlib import Path
import json, os
arguments = sys.argv[1:]
source = Path(arguments[-1]).read_text()
with open("log", "a") as log: log.write(json.dumps([arguments, os.environ["LEAN_PATH"]]) + "\\n")
if "-o" in arguments:
    Path(arguments[arguments.index("-o") + 1]).write_bytes(b"olean")
for line in source.splitlines():
    if line.startswith("import "):
        module = line[7:].replace(".", "/")
        assert Path(os.environ["LEAN_PATH"].split(":")[0], module + ".olean").is_file()
    if line.startswith("#print axioms "):
        data = "'" + line[14:] + "' does not depend on any axioms"
        print(json.dumps({"severity": "information", "pos": {"line": 1, "column": 0}, "data": data, "fileName": "x"}))
"""


def test_each_file_is_compiled_by_itself_and_axioms_are_asked_of_a_fresh_process(tmp_path: Path) -> None:
    """Imports first, into folders that are there; the last process sees only what was compiled."""
    files = {"Lib/A.lean": b"def a := 1\n", "B.lean": b"import Lib.A\n", "Top.lean": b"import B\nimport Lib.A\n"}
    what = Job(files, ("Top.lean",), Budget(3), imports=("Lib/A.lean", "B.lean"), owed=("t", "N.u"))
    lean = tool(program(tmp_path, FAKE))
    run = VERIFIER.check(lean, what)
    reading = VERIFIER.read(lean, what, execute(run))
    assert (reading.kind, reading.outcomes) == (VerdictKind.VERIFIED, {"t": PROVED, "N.u": PROVED}), reading.reason
    budget = ("--json", "--threads=1", "-DmaxHeartbeats=600000", "-R", ".", "-o")
    assert [command[1:] for command in (run.command, *run.then)] == [
        (*budget, "s2c-modules/Lib/A.olean", "Lib/A.lean"),
        (*budget, "s2c-modules/B.olean", "B.lean"),
        (*budget, "s2c-modules/Top.olean", "Top.lean"),
        ("--json", "--threads=1", "s2c-axioms.lean"),
    ]
    assert run.files["s2c-axioms.lean"] == "import Top\n#print axioms «t»\n#print axioms «N».«u»\n".encode()


def test_the_names_of_its_own_files_are_free_ones() -> None:
    """A job with such names gets others."""
    what = Job({"s2c-modules/A.lean": b"", "s2c-axioms.lean": b""}, ("s2c-axioms.lean",))
    run = VERIFIER.check(tool(), what)
    assert "s2c-axioms-.lean" in run.files
    assert run.environment == {"LEAN_PATH": "s2c-modules-"}


VERSIONS = [
    ("Lean (version 4.23.0, x86_64-unknown-linux-gnu, commit abc, Release)", 0, "4.23.0"),
    ("Lean (version 4.24.0-rc1, commit abc, Release)", 0, "4.24.0-rc1"),
    ("Lean (version 4.9.1, commit abc, Release)", 0, "4.9.1"),
    ("Lean (version 4.9.0, commit abc, Release)", 0, "apply?"),
    ("Lean (version 3.51.1, commit abc, Release)", 0, "only Lean 4"),
    ("Lean (version 4.23.0, commit abc, Release)", 1, "does not say its version"),
    ("Coq 8.20", 0, "does not say its version"),
]


@pytest.mark.parametrize(("said", "code", "end"), VERSIONS)
def test_only_a_lean_that_is_sound_as_far_as_known_is_taken(said: str, code: int, end: str) -> None:
    """Lean 4 from 4.9.1 on; anything else is refused with its reason."""
    raw = RawRun(code, said.encode(), b"", {})
    if end[0].isdigit():
        assert VERIFIER.tool(("lean",), raw, "id").version == end
    else:
        with pytest.raises(ToolError, match=re.escape(end)):
            VERIFIER.tool(("lean",), raw, "id")


def test_what_is_owed_by_name() -> None:
    """Theorems, definitions and named instances; not types, examples, axioms, or what no other module can name."""

    def owed(kind: str, name: str = "N.x", *attributes: str) -> str | None:
        return LeanVerifier().owed(tool(), Declaration(name, kind, Span(0, 1), 1, attributes=attributes))

    assert {owed(kind) for kind in ("theorem", "lemma", "def", "abbrev", "opaque", "instance")} == {"N.x"}
    assert {owed(kind) for kind in ("structure", "inductive", "class abbrev", "example", "axiom", "")} == {None}
    assert owed("theorem", "N.x", "private") is None
    assert owed("instance", "N._instance2") is None
    assert owed("theorem", "N.x", "simp") == "N.x"
