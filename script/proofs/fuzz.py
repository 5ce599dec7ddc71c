"""Random edits of fills through splice, structure and policy; forged output of Dafny through its reader and the rule.

Run by `script/prove fuzz [ROUNDS] [LANGUAGE | output]...` (default: 100,000 rounds in all). Needs the test data
(S2C_TEST_DATA). `script/prove fuzz show LANGUAGE NUMBER` prints the fills of one round and what is said of them. Ends
with exit code 1 if a byte of the skeleton changed, a contract reads differently, anything raised, or a forgery passed.
"""

import os
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from s2c import policy  # noqa: E402 - the line above
from tests import forged, fuzz  # noqa: E402

DATA = Path(os.environ.get("S2C_TEST_DATA", ROOT.parent / "shared"))
LANGUAGES = ("dafny", "lean", "verus")
PROCESSES = 2
CHUNK = 500


@cache
def _field(name: str) -> fuzz.Field:
    return fuzz.field_of(DATA, name)


@cache
def _transcripts() -> dict[str, list[forged.Real]]:
    return forged.transcripts(DATA)


def fills(name: str, start: int, count: int) -> fuzz.Found:
    """Some rounds of one language."""
    found = fuzz.Found()
    for number in range(start, start + count):
        fuzz.round_of(_field(name), number, found)
    return found


def output(name: str, start: int, count: int) -> fuzz.Found:
    """Some forgeries of one generation's output."""
    found, real = fuzz.Found(), _transcripts()[name]
    for number in range(start, start + count):
        rng = random.Random(f"{name} {number}")  # noqa: S311 - the same forgery each time
        fault = forged.fault(rng.choice(real), real, rng)
        found.rounds += 1
        found.faults += [f"{name} {number}: {fault}"] if fault else []
    return found


def _many(pool: ProcessPoolExecutor, name: str, rounds: int) -> fuzz.Found:
    began, whole = time.monotonic(), fuzz.Found()
    step = fills if name in LANGUAGES else output
    starts = list(range(0, rounds, CHUNK))
    counts = [min(CHUNK, rounds - start) for start in starts]
    for found in pool.map(step, [name] * len(starts), starts, counts):
        whole.add(found)
    print(
        f"{name}: rounds (seeds) 0 to {whole.rounds - 1}, {time.monotonic() - began:.0f} s, {len(whole.faults)} faults"
    )
    if step is fills:
        share = f"{whole.accepted} let pass, {whole.changed} of them other texts than they began as"
        print(f"  {share}; refused by {_told(whole.rules)}")
    for fault in whole.faults[:20]:
        print(f"  FAULT {fault[:400]}")
    sys.stdout.flush()
    return whole


def _told(rules: Counter[str]) -> str:
    return ", ".join(f"{rule} {count}" for rule, count in rules.most_common())


def show(name: str, number: int) -> None:
    """One round, for whoever looks into a fault."""
    own = _field(name)
    subject, texts, _ = fuzz.fills_of(own, number)
    plain = {hole.id: own.spoken.normalise(hole, texts[hole.id]) for hole in subject.spec.outline.holes}
    print(f"row {subject.row.id}")
    for hole, text in plain.items():
        print(f"--- {hole}\n{text!a}")
    for one in policy.check(subject.spec, own.spoken, plain):
        print(f"{one.hole}:{one.line}: {one.rule}: {one.message!a}")


def _wanted(words: list[str]) -> Iterator[tuple[str, int]]:
    rounds = next((int(word) for word in words if word.isdigit()), 100_000)
    chosen = [word for word in words if not word.isdigit()] or [*LANGUAGES, "output"]
    languages = [one for one in LANGUAGES if one in chosen]
    for at, name in enumerate(languages):
        yield name, rounds // len(languages) + (at < rounds % len(languages))
    for name in forged.FOLDERS if "output" in chosen else ():
        yield name, rounds


def main() -> int:
    """What the command line names."""
    words = sys.argv[1:]
    if not DATA.is_dir():
        print(f"no test data at {DATA}: set S2C_TEST_DATA", file=sys.stderr)
        return 2
    if words[:1] == ["show"]:
        show(words[1], int(words[2]))
        return 0
    with ProcessPoolExecutor(PROCESSES) as pool:
        faults = [one for name, rounds in _wanted(words) for one in _many(pool, name, rounds).faults]
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
