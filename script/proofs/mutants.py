"""Every attack and look-alike in twenty other words; of Dafny's, those count that bare Dafny accepts.

Run by `script/prove mutants`. Needs the test data (S2C_TEST_DATA). MUTANTS=n makes n of each row. Of Dafny a mutant
counts only if Dafny itself, called as anyone would, ends with exit code 0 on it; what each generation said of a text
is kept in a file of the system's temporary folder, so that a second run is quick.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from tests.catalogue import Row, judged, rows  # noqa: E402 - the line above
from tests.dafny_tools import available, installed  # noqa: E402
from tests.mutants.engine import mutants, spoken  # noqa: E402
from tests.test_cheats import LANGUAGES, table  # noqa: E402

COUNT = int(os.environ.get("MUTANTS", "20"))
AT_ONCE = 2
SECONDS = 120  # a bare run that takes longer counts as not accepted
CALLS = {"2.3": ("/compile:0",), "4.x": ("verify",)}
KEPT = Path(tempfile.gettempdir()) / "s2c-bare-dafny.jsonl"


@dataclass(frozen=True)
class Said:
    """One mutant: its row, its number (-1: the row itself), and the layer that refuses it."""

    row: Row
    number: int
    names: tuple[str, ...]
    fills: dict[str, str] = field(repr=False)
    layer: str
    rules: tuple[str, ...]

    @property
    def wrong(self) -> bool:
        """Whether an attack passes, or a look-alike is refused."""
        return (self.layer != "none") is not self.row.attack

    @property
    def content(self) -> bytes:
        """The file that a careless tool would make of it."""
        return self.row.spliced(self.fills).encode("utf-8", "surrogatepass")


def main() -> int:
    """Print the tables; the exit code says whether all are as they must be."""
    data = Path(os.environ.get("S2C_TEST_DATA", ROOT.parent / "shared"))
    if not data.is_dir():
        print(f"no test data at {data}: set S2C_TEST_DATA", file=sys.stderr)
        return 2
    good = [_language(data, name) for name in LANGUAGES]  # all of them, whatever the first says
    return int(not all(good))


def _language(data: Path, name: str) -> bool:
    found = [one for row in rows(data, name) for one in _row(row)]
    made = [one for one in found if one.number >= 0]
    print(table(f"{name}: {len(found) - len(made)} rows, {len(made)} mutants", _layers(made)))
    shown = Counter(mutation for one in made for mutation in one.names)
    print(
        "  by mutation: " + ", ".join(f"{mutation.name} {shown[mutation.name]}" for mutation in spoken(name).MUTATIONS)
    )
    few = Counter(one.row.id for one in made)
    print(f"  rows with fewer than {COUNT} mutants: {sorted(one for one in few if few[one] < COUNT)}")
    wrong = _bare(found) if name == "dafny" else [one for one in found if one.wrong]
    attacks = [one for one in found if one.row.attack]
    told = f"{len(attacks)} attacks, {len(found) - len(attacks)} look-alikes, with their rows"
    print(f"  {'ok  ' if not wrong else 'FAIL'} {told}: {len(wrong)} wrong", flush=True)
    for one in wrong:
        print(f"    {one.row.id} {one.number} {one.names}: {one.layer} {one.rules}\n{one.fills}")
    return not wrong


def _row(row: Row) -> Iterable[Said]:
    layer, told = judged(row)
    yield Said(row, -1, (), {}, layer, tuple(one.rule for one in told))
    for mutant in islice(mutants(row.language, row.id, row.hole, row.fills, row.template), COUNT):
        layer, told = judged(row, mutant.fills)
        yield Said(row, mutant.number, mutant.names, mutant.fills, layer, tuple(one.rule for one in told))


def _layers(found: Iterable[Said]) -> Iterable[tuple[str, str]]:
    return ((one.row.category, one.layer) for one in found)


# --- bare Dafny ---------------------------------------------------------------------------------------------------


def _bare(found: Sequence[Said]) -> list[Said]:
    """What is wrong among those that a generation accepts; without a Dafny, among all."""
    tools = available()
    if not tools:
        print("  no Dafny on this machine: every mutant counts")
        return [one for one in found if one.wrong]
    accepted: set[int] = set()
    for generation, command in sorted(tools.items()):
        taken = _taken(generation, command, found)
        accepted |= set(taken)
        _tell(generation, [found[at] for at in taken], found)
    unsure = [one for at, one in enumerate(found) if one.wrong and at not in accepted]
    for one in unsure:
        print(f"  no Dafny accepts it, so it counts for nothing: {one.row.id} {one.number} {one.names}: {one.layer}")
    return [one for at, one in enumerate(found) if one.wrong and at in accepted]


def _taken(generation: str, command: Sequence[str], found: Sequence[Said]) -> list[int]:
    """Which of them a generation accepts: rows, and then mutants of those rows only, since they mean the same."""
    rows_at = [at for at, one in enumerate(found) if one.number < 0]
    good = _accepted(generation, command, found, rows_at)
    standing = {found[at].row.id for at in good}
    mutants_at = [at for at, one in enumerate(found) if one.number >= 0 and one.row.id in standing]
    mutants_at.sort(key=lambda at: found[at].number)
    return good + _accepted(generation, command, found, mutants_at)


def _accepted(generation: str, command: Sequence[str], found: Sequence[Said], chosen: Sequence[int]) -> list[int]:
    codes = _codes(generation, command, [found[at].content for at in chosen])
    return [at for at, code in zip(chosen, codes, strict=True) if code == 0]


def _tell(generation: str, taken: Sequence[Said], found: Sequence[Said]) -> None:
    for attack, word in ((True, "attacks"), (False, "look-alikes")):
        several = [one for one in taken if one.row.attack is attack and one.number >= 0]
        own = [one for one in taken if one.row.attack is attack and one.number < 0]
        standing = {one.row.id for one in own}
        every = sum(one.row.id in standing and one.number >= 0 for one in found)
        refused = sum(one.layer != "none" for one in several)
        told = f"accepts {len(own)} rows and {len(several)} of {every} mutants, of which s2c refuses {refused}"
        print(f"  bare Dafny {generation}, {word}: {told}", flush=True)


def _codes(generation: str, command: Sequence[str], contents: Sequence[bytes]) -> list[int]:
    """The exit code of a bare run on each of these files."""
    known = _known()
    version = installed(tuple(command)).version
    names = [hashlib.sha256(f"{version} ".encode() + one).hexdigest() for one in contents]
    lock = threading.Lock()

    def run(name: str, content: bytes) -> None:
        known[name] = _run([*command, *CALLS[generation]], content)
        with lock, KEPT.open("a", encoding="utf-8") as kept:
            kept.write(json.dumps([name, known[name]]) + "\n")

    missing = {name: content for name, content in zip(names, contents, strict=True) if name not in known}
    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(run, missing, missing.values()))
    return [known[name] for name in names]


def _known() -> dict[str, int]:
    text = KEPT.read_text(encoding="utf-8") if KEPT.exists() else ""
    return dict(json.loads(line) for line in text.splitlines())


def _run(command: Sequence[str], content: bytes) -> int:
    """The exit code, in a folder and a process group of its own; -1 if it takes too long."""
    with tempfile.TemporaryDirectory(prefix="s2c-bare-") as folder:
        (Path(folder) / "Max.dfy").write_bytes(content)
        process = subprocess.Popen(
            [*command, "Max.dfy"],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return -1


if __name__ == "__main__":
    sys.exit(main())
