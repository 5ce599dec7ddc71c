"""Four shards and their merge against one run: real specs, real Dafny, a real endpoint on 127.0.0.1.

Run by `script/prove shards`. Needs the test data (S2C_TEST_DATA). ROWS says how many specs, some of them with a wrong
fill; prints what each run took, and ends with exit code 1 where the whole is not the same.
"""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "script" / "proofs"))

from main_job import NOT_IN_4, Proof, project  # noqa: E402

from s2c.report import result  # noqa: E402
from tests.dafny_tools import available  # noqa: E402
from tests.test_shards import asked_for  # noqa: E402

ROWS = int(os.environ.get("ROWS", "24"))
COUNT = 4
ALIKE = ("files", "specs", "verified", "failed", "waiting", "up_to_date", "origins", "remarks", "lint", "tools")
WRONG = 6  # every so many-th spec is answered wrongly


def main() -> int:
    """The whole comparison."""
    folder = Path(os.environ.get("S2C_TEST_DATA", ROOT.parent / "shared"))
    rows = [json.loads(line) for line in (folder / "corpus" / "dafny_solved.jsonl").open(encoding="utf-8")]
    rows = [spoilt(row, number) for number, row in enumerate(row for row in rows if row["id"] != NOT_IN_4)][:ROWS]
    generation = max(available())
    print(f"--- Dafny {generation}: {len(rows)} specs")
    with project(available()[generation], rows) as proof:
        compare(proof)
        return 0 if proof.held else 1


def spoilt(row: dict[str, Any], number: int) -> dict[str, Any]:
    """Some rows have a last fill that proves nothing."""
    if number % WRONG:
        return row
    return {**row, "fills": [*row["fills"][:-1], {**row["fills"][-1], "text": "{\n  assert 1 == 2;\n}"}]}


def compare(proof: Proof) -> None:
    """One run, then four with stores of their own, their merge, and a run from their records."""
    tree, server = proof.tree, proof.server
    tree.configure(max_attempts=1, exclude=["b*/**", "c*/**"])  # folders of the runs
    once, files = run(proof, "one run", "shard=1/1", 0), []
    for number in range(1, COUNT + 1):
        run(proof, f"shard {number}/{COUNT}", f"shard={number}/{COUNT}", number)
        files.append(f"b{number}/result.json")
    asked = asked_for(server.requests)
    proof.say("asked for", sorted([*once, *once]) == asked, by_one_run=len(once), by_shards=len(asked) - len(once))
    merged = tree.s2c("report", "merge", *files, "--output", "whole.json", "--junit", "whole.xml")
    left, right = (result.from_json(tree.read(name), name) for name in ("whole.json", "b0/result.json"))
    same = left.rows == right.rows and sorted(map(repr, left.cases)) == sorted(map(repr, right.cases))
    same = same and all(getattr(left.summary, name) == getattr(right.summary, name) for name in ALIKE)
    proof.say("the same whole", same, rows=len(left.rows), cases=len(left.cases), verified=left.summary.verified)
    for one, other in zip(left.rows, right.rows, strict=False):
        if one != other:
            print(f"     {one}\n     {other}")
    proof.say("the same exit code", merged.code == right.code, merged=merged.code, one_run=right.code)
    taken = tree.s2c("cache", "import", *(f"c{number}/records" for number in range(1, COUNT + 1)), "--json")
    proof.say("records united", taken.code == 0, said=" ".join(taken.out.split()))
    before = len(server.requests)
    ended = tree.doit()
    asked_again, good = len(server.requests) - before, tree.summary["verified"]
    held = asked_again == 0 and good == right.summary.verified
    proof.say("a run from them", held, requests=asked_again, verified=good, code=ended.code)


def run(proof: Proof, name: str, word: str, number: int) -> list[str]:
    """One doit on a machine of its own: nothing is there before. What it leaves is moved aside; what it asked for."""
    before, begun = len(proof.server.requests), time.monotonic()
    ended = proof.tree.doit(word)
    sent = proof.server.requests[before:]
    seconds = round(time.monotonic() - begun)
    last = next((line for line in ended.out.splitlines() if "files verified" in line), ended.text[-300:])
    figures = {"requests": len(sent), "specs": len(asked_for(sent)), "seconds": seconds, "code": ended.code}
    proof.say(name, ended.code in {0, 1}, **figures, said=last)
    for made in ("build", "cache"):
        (proof.tree.root / made).rename(proof.tree.root / f"{made[0]}{number}")
    (proof.tree.root / ".doit.db").unlink()
    return asked_for(sent)


if __name__ == "__main__":
    sys.exit(main())
