"""A small program in Dafny's place that decides by content: same command line, same output as Dafny 4.11.

Law: it judges what is in the files that it is given, and lies about nothing. `ensures r == n + 3 || r == n + 4` is kept
by `r := n + 3;`, and by `r := F(n);` where what F promises (or, of a function, what F is) leaves no other choice. Every
other clause is not kept, `ensures false` least of all. Only files on the command line are proved; what they include is
read, and must be there.

Run by `python -I -S`; it takes some twenty milliseconds where Dafny takes seconds.
"""

# ruff: noqa: ANN001, ANN201, D103, PTH100, PTH118, PTH120, PTH123, T201 - it must start within milliseconds
import json
import os
import re
import sys

WORDS = r"\b(method|lemma|function)\b\s*(\{:axiom\})?\s*(\w+)\(([^)]*)\)([^{]*)"
HEAD = re.compile(WORDS)
CLAUSE = re.compile(r"ensures ((?:[^\n;{/]|/(?![/*]))*[^\s;{/])")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
INCLUDE = re.compile(r'^include "([^"]+)"', re.MULTILINE)
GIVEN = {"r >= 0": "r := n * n;"}  # what the self-test rests on
ALWAYS = {"n + 0 == n"}


def blanked(text):
    return COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return blanked(file.read())


def body_of(text, at):
    """The text within the braces that begin at `at`; None where none do."""
    rest = text[at:]
    if not rest.startswith("{"):
        return None
    depth = 0
    for place, letter in enumerate(rest):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth == 0:
            return rest[1:place]
    return rest[1:]


def declarations(text):
    for head in HEAD.finditer(text):
        clauses = [(one[1], head.start(5) + one.start(1)) for one in CLAUSE.finditer(head[5])]
        yield head[1], head[3], clauses, body_of(text, head.end())


def choices(clause, result):
    """The values that a clause leaves, or None if it has another form."""
    found = [re.fullmatch(re.escape(result) + r" == (n \+ \d+)", part.strip()) for part in clause.split("||")]
    return {one[1] for one in found} if all(found) else None


def files_below(path, seen):
    """Every file that one includes, through others too. Raises OSError where one is missing."""
    if path not in seen:
        seen[path] = read(path)
        for name in INCLUDE.findall(seen[path]):
            files_below(os.path.normpath(os.path.join(os.path.dirname(path), name)), seen)
    return seen


def promised(texts):
    """Name -> the sets of values that calling it may leave."""
    found = {}
    for text in texts:
        for kind, name, clauses, body in declarations(text):
            result = f"{name}(n)" if kind == "function" else "r"
            sets = [one for one in (choices(clause, result) for clause, _ in clauses) if one]
            if kind == "function" and body is not None:
                sets.append({" ".join(body.split())})
            if name in found:
                raise ValueError(f"Duplicate member name: {name}")
            found[name] = sets
    return found


def keeps(kind, name, clause, body, known):
    if clause in ALWAYS:
        return True
    if body is None:
        return False
    if clause in GIVEN:
        return GIVEN[clause] in body
    wanted = choices(clause, f"{name}(n)" if kind == "function" else "r")
    if wanted is None:
        return False
    if kind == "function":
        return " ".join(body.split()) in wanted
    given = re.findall(r"r := (n \+ \d+);", body)
    called = re.findall(r"r := (\w+)\(n\);", body)
    return any(one in wanted for one in given) or any(
        values <= wanted for one in called if one != name for values in known.get(one, ())
    )  # a call of itself would never end: Dafny refuses it


def place(text, at):
    return text.count("\n", 0, at) + 1, at - (text.rfind("\n", 0, at) + 1) + 1


def say(kind, value):
    sys.stdout.write(json.dumps({"type": kind, "value": value}) + "\n")


def error(path, text, at, message):
    line, column = place(text, at)
    start = {"line": line, "character": column - 1}
    say("diagnostic", {
        "location": {"filename": path, "range": {"start": start}}, "severity": 1, "source": "Verifier",
        "defaultFormatMessage": message,
    })  # fmt: skip


def prove(path, text, known):
    """The log's entries for one file; how many are wrong."""
    results, wrong = [], 0
    for kind, name, clauses, body in declarations(text):
        kept = [keeps(kind, name, clause, body, known) for clause, _ in clauses]
        asserted = [
            {"filename": path, "line": place(text, at)[0], "col": place(text, at)[1],
             "description": "this postcondition holds"} for _, at in clauses
        ]  # fmt: skip
        good = all(kept)
        wrong += not good
        if not good:
            at = next((at for (_, at), one in zip(clauses, kept, strict=True) if not one), 0)
            error(path, text, at, "a postcondition could not be proved on this return path")
        word = "well-formedness" if kind == "function" else "correctness"
        batch = {"vcNum": 1, "outcome": "Valid" if good else "Invalid", "assertions": asserted}
        told = "Correct" if good else "Errors"
        results.append({"name": f"{name} ({word})", "outcome": told, "vcResults": [batch]})
    return results, wrong


def main(arguments):
    if arguments == ["/version"]:
        print("Dafny 4.11.0")
        return 0
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "runs"), "a") as runs:
        runs.write(f"{os.getpid()}\n")
    log = next(one.partition("LogFileName=")[2] for one in arguments if "LogFileName=" in one)
    members = [one for one in arguments[1:] if one.endswith(".dfy")]
    seen = {}
    try:
        for path in members:
            files_below(os.path.normpath(path), seen)
        known = promised(seen.values())
    except (OSError, ValueError) as wrong:
        error(members[0], "", 0, str(wrong))
        say("status", f"1 resolution/type errors detected in {members[0]}")
        return 2
    results, bad = [], 0
    for path in members:
        found, wrong = prove(path, seen[os.path.normpath(path)], known)
        results += found
        bad += wrong
    with open(log, "w", encoding="utf-8") as file:
        json.dump({"verificationResults": results}, file)
    errors = "1 error" if bad == 1 else f"{bad} errors"
    say("status", f"\nDafny program verifier finished with {len(results) - bad} verified, {errors}")
    return 4 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
