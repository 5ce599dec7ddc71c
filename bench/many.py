"""A project of N small specs that was built and verified, without having run a verifier N times: for benches.

Law: what a run would have left in the store is laid down by s2c's own code under this bench's own secret; the first
`doit` then writes build/ and its records as always, and finds every verdict stored.
"""

import os
import subprocess
import sys
from pathlib import Path

from s2c import config, connect, keys, project, tools
from s2c.case import Case
from s2c.executor import LocalExecutor
from s2c.judge import Judge
from s2c.languages.base import language
from s2c.model import Implementation, Verdict, VerdictKind
from s2c.process import Tool
from s2c.splice import splice
from s2c.verdicts import to_json

SECRET = "22" * 32
CHAIN = 5  # every fifth spec begins a chain of imports
SPEC = """{include}// <vc-helpers>
// </vc-helpers>

method M{number}(a: int, b: int) returns (m: int)
  ensures m == a || m == b
  ensures m >= a && m >= b + {number} - {number}
// <vc-code>
{{
}}
// </vc-code>
"""
FILL = "if a >= b {\n  m := a;\n} else {\n  m := b;\n}\n"
SETTINGS = """[tool.s2c]
specs = ["**/*.dfy"]
model = "none"
[tool.s2c.dafny]
command = ["{tool}"]
files = ["{tool}"]
"""


def environment(root: Path) -> dict[str, str]:
    """What a process that works in this project is given."""
    path = os.pathsep.join([str(Path(__file__).resolve().parent.parent), os.environ.get("PYTHONPATH", "")])
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}  # as users have it
    return {**env, "S2C_VERDICT_KEY": SECRET, "HOME": str(root), "PYTHONPATH": path}


def write(root: Path, count: int) -> None:
    """The sources and settings: `count` specs in 50 folders, a fifth of them at the end of an import chain."""
    root.mkdir(parents=True)
    tool = root / "tool"
    tool.write_text("#!/bin/sh\necho 'Dafny 4.11.0'\n", encoding="utf-8")
    tool.chmod(0o755)
    (root / "dodo.py").write_text('"""The build."""\n\nfrom s2c.tasks import *\n', encoding="utf-8")
    (root / "pyproject.toml").write_text(SETTINGS.format(tool=tool), encoding="utf-8")
    for number in range(count):
        place = root / path_of(number)
        place.parent.mkdir(exist_ok=True)
        include = f'include "../{path_of(number - 1)}"\n' if number % CHAIN else ""
        place.write_text(SPEC.format(number=number, include=include), encoding="utf-8")


def path_of(number: int) -> str:
    """Where the spec with this number lies."""
    return f"f{number % 50}/s{number}.dfy"


def answer(root: Path) -> None:
    """Lay down an implementation and a verdict for each spec, as a run would have."""
    os.environ["S2C_VERDICT_KEY"] = SECRET
    settings = config.load(root, environ={})
    with connect.open_store(settings) as store, LocalExecutor() as executor:
        made = project.load(settings, store, lambda _: None)
        spoken, layout = language("dafny"), made.graph.layouts["dafny"]
        tool = tools.find(settings, spoken, layout, store, executor.submit)
        _pass_self_test(tool, store)
        judge = Judge(made.graph, settings, store, executor.submit)
        content: dict[str, bytes] = {}
        for component in made.graph.components.values():
            key = keys.obligation(made.graph, component, lambda _: None) or ""
            fills = {str(slot): FILL if slot.hole == "h2" else "" for slot in keys.slots(made.graph, component)}
            store.add_implementation(Implementation(key, fills, "model", "none", component.id))
            own = {path: dict(one) for path, one in keys.member_fills(made.graph, component, fills).items()}
            paths = [path for one in made.graph.closures[component.id] for path in made.graph.components[one].members]
            below = {path: content[path] for path in paths}
            case = Case(component, own, below)
            content |= _spliced(made, case)
            verdict = judge.key(case, tool)
            store.put_verdict(verdict, to_json(Verdict(VerdictKind.VERIFIED, verdict)))


def _spliced(made: project.Project, case: Case) -> dict[str, bytes]:
    spoken = language("dafny")
    return {path: splice(made.graph.specs[path], spoken, case.fills[path]).content for path in case.component.members}


def _pass_self_test(tool: Tool, store: connect.Store) -> None:
    tests = language("dafny").verifier.self_tests(tool)
    runs = [language("dafny").verifier.check(tool, test.job) for test in tests]
    store.put_verdict(keys.verdict(tool, "self-test.1", runs, [test.name for test in tests]), {"self-test": "passed"})


def doit(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run doit in this project."""
    return subprocess.run(
        [sys.executable, "-m", "doit", *words],
        cwd=root,
        env=environment(root),
        capture_output=True,
        text=True,
        check=False,
    )
