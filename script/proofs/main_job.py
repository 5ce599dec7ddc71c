"""The main job at full size: 99 real specs, real Dafny of each generation, a real endpoint on 127.0.0.1.

Run by `script/prove main_job`. Needs the test data (S2C_TEST_DATA). Prints one row for each promise, with its figures;
ends with exit code 1 if one does not hold.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from tests.dafny_tools import available  # noqa: E402
from tests.loopback import Server  # noqa: E402
from tests.openai_server import AnswerBook, answer_fills  # noqa: E402
from tests.projects import Ended, Tree  # noqa: E402

NOT_IN_4 = "DA0172"  # Dafny 4.11 does not verify it
HEADLESS = "DA0538"  # it has no contract: its published fill holds the method's header itself, so s2c refuses it
ROWS = int(os.environ.get("ROWS", "100"))
STALE = 20
REQUESTS = 7  # at most, for these rows
TRIES = 2
TAGS = ("vc-spec", "vc-preamble")


class Proof:
    """One project of real specs, and what was found about it."""

    def __init__(self, tree: Tree, rows: list[dict[str, Any]], server: Server) -> None:
        self.tree = tree
        self.rows = rows
        self.server = server
        self.held = True

    def run(self, *arguments: str) -> tuple[Ended, dict[str, Any], int, float]:
        """doit, its summary, the requests that the server saw in it, and seconds."""
        before, begun = len(self.server.requests), time.monotonic()
        ended = self.tree.doit(*arguments)
        return ended, self.tree.summary, len(self.server.requests) - before, time.monotonic() - begun

    def say(self, name: str, held: bool, **figures: object) -> None:  # noqa: FBT001 - the point of the line
        """One line of the table."""
        self.held = self.held and held
        told = ", ".join(f"{key} {value}" for key, value in figures.items())
        print(f"{'ok  ' if held else 'FAIL'} {name}: {told}", flush=True)

    def path(self, number: int) -> str:
        """The path of a row's file."""
        return path_of(self.rows[number])

    def edit(self, number: int, *, weaker: bool) -> None:
        """A contract edited so that its fills still verify (a clause twice), or so that they can't (a false one)."""
        path = self.path(number)
        clause = first_ensures(self.tree.read(path))
        added = f"{clause}\n" if weaker else "  ensures 0 == 1 + 0\n"
        self.tree.write(path, self.tree.read(path).replace("// </vc-spec>", f"{added}// </vc-spec>"))


def path_of(row: dict[str, Any]) -> str:
    """Files in two folders, so that paths differ from names."""
    return f"{row['id'][:4].lower()}/{row['id']}.dfy"


def first_ensures(text: str) -> str:
    """The first one-line `ensures` clause of the spec's contract, as it stands."""
    contract = text[text.index("// <vc-spec>") : text.index("// </vc-spec>")]
    found = re.search(r"^\s*ensures [^\n]*$", contract, re.MULTILINE)
    return found.group() if found else "  ensures true"


def all_verified(proof: Proof) -> None:
    """Row 3: every spec verified, twin included, in at most 7 requests, and the report counts what the server saw."""
    ended, summary, requests, seconds = proof.run()
    prompt = sum(one.prompt_tokens for one in proof.server.requests)
    held = ended.code == 0 and summary["verified"] == len(proof.rows) and requests <= REQUESTS
    held = held and summary["requests"] == requests and summary["prompt_tokens"] == prompt
    proof.say(
        "all verified", held, verified=summary["verified"], of=len(proof.rows), requests=requests,
        told=summary["requests"], prompt_tokens=summary["prompt_tokens"], at_the_server=prompt,
        verifier_runs=summary["verifier_runs"], seconds=round(seconds), remarks=summary["remarks"], code=ended.code,
    )  # fmt: skip
    for row in summary["rows"]:
        if row["state"] != "verified":
            print(f"     {row['path']}: {row['state']}: {row['reason']} {row['first']}")
    if not held:
        print(ended.err[-4000:])


def nothing_lost(proof: Proof) -> None:
    """Row 4: nothing changed, a comment, build/ gone, doit's database gone, a branch and back: 0 requests each."""
    _free(proof, "nothing changed", idle=True)
    path = proof.path(0)
    proof.tree.write(path, f"// a comment\n{proof.tree.read(path)}")
    _free(proof, "a comment edited")
    shutil.rmtree(proof.tree.root / "build")
    _free(proof, "build/ deleted")
    (proof.tree.root / ".doit.db").unlink()
    _free(proof, "doit's database deleted")
    git(proof, "init", "-q")
    git(proof, "add", "-A")
    git(proof, "commit", "-qm", "here")
    git(proof, "checkout", "-qb", "there")
    proof.edit(1, weaker=True)
    git(proof, "commit", "-qam", "there")
    _free(proof, "another branch")
    git(proof, "checkout", "-q", "-")
    _free(proof, "and back")


def _free(proof: Proof, name: str, *, idle: bool = False) -> None:
    ended, summary, requests, seconds = proof.run()
    held = ended.code == 0 and requests == 0 and summary["verified"] == len(proof.rows)
    if idle:
        held = held and summary["tasks_executed"] == 0 and summary["verifier_runs"] == 0
    proof.say(
        name, held, requests=requests, tasks=summary["tasks_executed"], verifier_runs=summary["verifier_runs"],
        verified=summary["verified"], seconds=round(seconds, 1),
    )  # fmt: skip


def edits(proof: Proof) -> None:
    """Row 5: an edit that keeps the proof is free; one that breaks it costs one request with one spec."""
    proof.edit(2, weaker=True)
    ended, summary, requests, _ = proof.run()
    proof.say("an edit that keeps the proof", ended.code == 0 and requests == 0, requests=requests, code=ended.code)
    proof.tree.configure(max_attempts=1)
    proof.edit(3, weaker=False)
    ended, summary, requests, _ = proof.run()
    asked = specs_in(proof.server.requests[-1].prompt)
    held = requests == 1 and asked == 1 and summary["verified"] == len(proof.rows) - 1
    proof.say("an edit that breaks it", held, requests=requests, specs=asked, verified=summary["verified"])


def one_of_many(proof: Proof) -> None:
    """Row 6: one spec asked for by name while 20 are stale."""
    for number in range(4, 4 + STALE):
        proof.edit(number, weaker=False)
    path = proof.path(4)
    _, _, requests, _ = proof.run(f"generate:{path}")
    asked = specs_in(proof.server.requests[-1].prompt)
    proof.say("one of 20 stale", requests == 1 and asked == 1, requests=requests, specs=asked)


def specs_in(prompt: str) -> int:
    """How many specs a prompt shows."""
    return len(re.findall(r"^----- spec F\d+ ", prompt, re.MULTILINE))


def git(proof: Proof, *arguments: str) -> None:
    """Run git in the project."""
    own = ["-c", "user.name=s2c", "-c", "user.email=s2c@example.invalid"]
    proof.tree.write(".gitignore", "build/\ncache/\n.doit.db*\n__pycache__/\npyproject.toml\n")
    subprocess.run(["git", *own, *arguments], cwd=proof.tree.root, check=True, capture_output=True)  # noqa: S607


def wrong_first(proof: Proof) -> None:
    """Row 7: a wrong fill first, the right one after the errors were sent back."""
    row = next(one for one in proof.rows if "assume" in one["spec"])
    with project(proof.tree.dafny, [row], wrong=True) as again:
        ended, summary, requests, _ = again.run()
        second = again.server.requests[-1].prompt
        attempts = {one["path"]: one["attempts"] for one in summary["rows"]}[path_of(row)]
        told = "What was said against it:" in second and "line " in second
        held = ended.code == 0 and requests == TRIES and attempts == TRIES and told
        proof.say("wrong first", held, requests=requests, attempts=attempts, diagnostics_in_the_second=told)


def headless(dafny: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    """The one row that is refused: what s2c says of it."""
    with project(dafny, rows) as proof:
        ended, summary, requests, _ = proof.run()
        told = summary["rows"][0]
        print(f"     {told['path']}: {told['state']}: {told['reason']}; {requests} requests, exit code {ended.code}")


@contextmanager
def project(dafny: tuple[str, ...], rows: list[dict[str, Any]], *, wrong: bool = False) -> Iterator[Proof]:
    """A project of these rows, with an endpoint that knows their true fills (`wrong`: after a wrong one)."""
    records = [{"match": contract(row), "fills": fills(row, wrong=wrong)} for row in rows]
    with tempfile.TemporaryDirectory() as folder, Server(answer_fills(AnswerBook(records))) as server:
        tree = Tree(Path(folder) / "project")
        tree.dafny = dafny
        tree.timeout = 7200
        tree.env = {"HOME": folder, "NO_PROXY": "127.0.0.1"}
        # two of these specs call a function that they don't declare: their published fills define it
        tree.configure(model="played-model-1", base_url=server.url, model_may_define=True)
        for row in rows:
            tree.write(path_of(row), row["spec"])
        yield Proof(tree, rows, server)


def contract(row: dict[str, Any]) -> str:
    """The text by which the endpoint knows a spec again: its contract, or, where it has none, what stands before."""
    spec = row["spec"]
    found = (spec[spec.index(f"// <{tag}>") + len(tag) + 5 : spec.index(f"// </{tag}>")].strip() for tag in TAGS)
    return next(text for text in found if text)


def fills(row: dict[str, Any], *, wrong: bool) -> dict[str, list[str]]:
    """The true fills of a row by hole id."""
    found = {f"h{number}": [fill["text"]] for number, fill in enumerate(row["fills"], 1)}
    if wrong:
        found["h2"] = ["  assert 1 == 2;\n", *found["h2"]]
    return found


def main() -> int:
    """Every promise with every Dafny that is here."""
    folder = Path(os.environ.get("S2C_TEST_DATA", ROOT.parent / "shared"))
    rows = [json.loads(line) for line in (folder / "corpus" / "dafny_solved.jsonl").open(encoding="utf-8")][:ROWS]
    rows = [row for row in rows if row["id"] != NOT_IN_4]
    held = True
    chosen = sys.argv[1:] or sorted(available(), reverse=True)
    for generation in chosen:
        print(f"--- Dafny {generation}: {len(rows)} specs")
        with project(available()[generation], [row for row in rows if row["id"] != HEADLESS]) as proof:
            headless(proof.tree.dafny, [row for row in rows if row["id"] == HEADLESS])
            for step in (all_verified, nothing_lost, edits, one_of_many, wrong_first):
                step(proof)
            held = held and proof.held
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
