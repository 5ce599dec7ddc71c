"""A small program in Dafny's place, for tests of everything around the verifier: it answers as Dafny 4.11 does.

Law: it judges by its own simple rule and lies about nothing else: an `ensures X == E` is proved where the body holds
`X := E;`, every other contract is not. So the impossible twin fails, and so do the self-tests that must. Each run is a
line in `runs` beside it; while `pause` lies there, a run waits for as many seconds as that file says.

It takes milliseconds where Dafny takes seconds. What Dafny itself says is tested with Dafny itself.
"""

import sys
from pathlib import Path
from typing import Any

from tests.projects import Tree

PROGRAM = r"""#!%s -IS
import json, os, re, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
HEAD = re.compile(r"^(?:method|lemma)\s+(?:\{:axiom\}\s+)?(\w+)[^{]*", re.M)
CLAUSE = re.compile(r"ensures ([^;\n{]*\S)")
GIVEN = {"r >= 0": "r := n * n;"}  # what Dafny's self-test rests on


def keeps(clause, body):
    name, equal, value = clause.partition(" == ")
    return (f"{name} := {value};" if equal else GIVEN.get(clause, "\0")) in body


def place(text, at):
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1


def declarations(text):
    heads = list(HEAD.finditer(text))
    for head, end in zip(heads, [*(one.start() for one in heads[1:]), len(text)]):
        clauses = [(one[1], head.start() + one.start(1)) for one in CLAUSE.finditer(head[0])]
        yield head[1], clauses, text[head.end():end]


def verify(name, clauses, body, text):
    done = [(clause, at, keeps(clause, body)) for clause, at in clauses]
    proved = all(kept for *_, kept in done)
    asserted = [
        {"filename": "t.dfy", "line": place(text, at)[0], "col": place(text, at)[1],
         "description": "this postcondition holds"} for _, at, _ in done
    ]
    batch = {"vcNum": 1, "outcome": "Valid" if proved else "Invalid", "assertions": asserted}
    log = {"name": f"{name} (correctness)", "outcome": "Correct" if proved else "Errors", "vcResults": [batch]}
    return log, [(clause, at) for clause, at, kept in done if not kept]


def say(kind, value):
    print(json.dumps({"type": kind, "value": value}), flush=True)


def wait():
    with open(os.path.join(HERE, "runs"), "a") as runs:
        runs.write(f"{os.getpid()}\n")
    try:
        with open(os.path.join(HERE, "pause")) as pause:
            seconds = float(pause.read() or 0)
    except OSError:
        return
    time.sleep(seconds)


def main(arguments):
    if arguments == ["/version"]:
        print("Dafny 4.11.0")
        return 0
    if arguments[:1] == ["audit"]:  # it finds nothing
        return 0
    wait()
    log = next(one.partition("LogFileName=")[2] for one in arguments if "LogFileName=" in one)
    results, wrong = [], 0
    for path in (one for one in arguments[1:] if one.endswith(".dfy")):
        with open(path, encoding="utf-8", newline="") as file:
            text = file.read()
        for declaration in declarations(text):
            result, broken = verify(*declaration, text)
            results.append(result)
            wrong += bool(broken)
            for clause, at in broken[:1]:
                line, column = place(text, at)
                start = {"line": line, "character": column - 1}
                say("diagnostic", {
                    "location": {"filename": path, "range": {"start": start}}, "severity": 1, "source": "Verifier",
                    "defaultFormatMessage": "a postcondition could not be proved on this return path",
                })
    with open(log, "w", encoding="utf-8") as file:
        json.dump({"verificationResults": results}, file)
    good, errors = len(results) - wrong, "1 error" if wrong == 1 else f"{wrong} errors"
    say("status", f"\nDafny program verifier finished with {good} verified, {errors}")
    return 4 if wrong else 0


sys.exit(main(sys.argv[1:]))
"""


def install(tree: Tree, folder: Path) -> Path:
    """Put it into `folder` and make it the project's Dafny; the folder, where its `runs` are counted."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "dafny"
    program.write_text(PROGRAM % sys.executable, encoding="utf-8")
    program.chmod(0o755)
    table: dict[str, Any] = {"command": [str(program)], "files": [str(program)]}
    tree.tables["dafny"] = table
    return folder


def runs(folder: Path) -> int:
    """How often it has judged something."""
    count = folder / "runs"
    return len(count.read_text().splitlines()) if count.exists() else 0


def spec(name: str, value: str, *imports: str) -> str:
    """A spec that is proved by `r := VALUE;`."""
    included = "".join(f'include "{one}"\n' for one in imports)
    return (
        f"{included}// <vc-helpers>\n// </vc-helpers>\n\nmethod {name}(n: int) returns (r: int)\n"
        f"  ensures r == {value}\n// <vc-code>\n{{\n  assume {{:axiom}} false;\n}}\n// </vc-code>\n"
    )


def head(name: str) -> str:
    """The line by which a model knows the spec of this name."""
    return f"method {name}(n: int) returns (r: int)"


def fill(value: str) -> dict[str, str]:
    """The fills that prove it."""
    return {"h1": "", "h2": f"  r := {value};"}
