"""`s2c cache`: counted rightly, carried elsewhere whole, checked to the last row, and nothing paid for lost by it."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from s2c import records
from s2c.codec import seal, unseal
from s2c.model import Implementation, VerdictKind
from s2c.store import Store
from tests import stand_in
from tests.crashes import VALUES
from tests.loopback import Server
from tests.openai_server import AnswerBook, answer_fills
from tests.projects import Ended, Tree
from tests.stocked import NOBODY, built, stock
from tests.test_store import attempt

__all__ = ["built", "stock"]

SECRET = ("11" * 32).encode()
ANOTHER_MACHINE = {"S2C_VERDICT_KEY": "22" * 32}
PAID = ("answer", "implementation", "attempt")
COUNT = {"answer": 2, "implementation": 4, "attempt": 4, "verdict": 5}


def cache(tree: Tree, *words: str, code: int = 0) -> Ended:
    """Run the command; it ended with this code, and no traceback reached the user."""
    done = tree.s2c("cache", *words)
    assert "Traceback" not in done.text
    assert done.code == code, done.text
    return done


def told(tree: Tree, *words: str, code: int = 0) -> dict[str, Any]:
    """What it says to a program."""
    found: dict[str, Any] = json.loads(cache(tree, *words, "--json", code=code).out)
    return found


def stored(tree: Tree) -> dict[str, bytes]:
    """Every row of both databases, as stored."""
    found = {}
    for file in sorted((tree.root / "cache/db").glob("*/cache.db")):
        with closing(sqlite3.connect(file)) as connection:
            found.update(connection.execute("SELECT key, value FROM Cache").fetchall())
    return found


def kinds(tree: Tree) -> dict[str, int]:
    """How many rows there are of each kind."""
    names = [key.partition(" ")[0] for key in stored(tree)]
    return {name: names.count(name) for name in sorted({*names, *COUNT})}


def idle(tree: Tree) -> None:
    """A run has nothing to do."""
    done = tree.doit()
    assert done.code == 0, done.text
    assert [tree.summary[name] for name in ("requests", "verifier_runs")] == [0, 0]


def fresh(tree: Tree, folder: Path) -> Tree:
    """The same sources on another machine, without store, records and build."""
    clone = Tree(folder)
    for name in VALUES:
        shutil.copy(tree.root / f"{name}.dfy", clone.root)
    clone.settings, clone.tables, clone.env = dict(tree.settings), tree.tables, {**tree.env, **ANOTHER_MACHINE}
    return clone


# --- stats ------------------------------------------------------------------------------------------------------------


def test_stats_count_what_is_there(built: Tree) -> None:
    """Each kind with count, bytes and times; tokens as the run counted them; where the fills came from."""
    found = told(built, "stats")
    assert {name: found["kinds"][name]["count"] for name in COUNT} == COUNT
    for name in COUNT:
        size = sum(len(value) for key, value in stored(built).items() if key.startswith(f"{name} "))
        assert found["kinds"][name]["bytes"] == size > 0
        assert found["kinds"][name]["oldest"][:2] == "20"
        assert found["kinds"][name]["oldest"] <= found["kinds"][name]["newest"]
    spent, summary = found["spent"], built.summary
    assert (spent["prompt"], spent["completion"]) == (summary["prompt_tokens"], summary["completion_tokens"])
    assert (found["standing"], found["pending"], found["unread"], found["unknown"]) == (4, 0, 0, [])
    assert found["last_run"] == {"asked": 4, "up to date": 0, "requests": 2}
    assert found["sizes"]["records"] == sum(one.stat().st_size for one in (built.root / "cache/records").iterdir())
    text = cache(built, "stats").out
    assert "\n4 implementations stand for specs of today\n" in text
    assert "0 of 4 fills cost nothing" in text


def test_stats_know_what_nothing_uses(built: Tree) -> None:
    """What is stored for a spec that is gone, or that owes something else now, is counted as unused."""
    (built.root / "c.dfy").unlink()
    built.write("d.dfy", stand_in.spec("D", "n + 7"))
    found = told(built, "stats")
    unused = {name: found["kinds"][name]["unused"] for name in ("implementation", "answer", "verdict")}
    assert unused == {"implementation": 1, "answer": 1, "verdict": 2}  # d's older fill may be tried again
    assert found["standing"] == 2
    assert "4 implementations: " in (text := cache(built, "stats").out)
    assert ", 1 of them used by nothing today\n" in text


def test_stats_of_an_empty_project(tree: Tree) -> None:
    """Nothing stored, nothing built: zeros, and no error."""
    found = told(tree, "stats")
    assert all(one["count"] == one["bytes"] == 0 for name, one in found["kinds"].items() if name != "analysis")
    assert found["last_run"] is None


# --- export and import ------------------------------------------------------------------------------------------------


def test_export_brings_the_records_up_to_date(built: Tree) -> None:
    """Records that are gone are written again, byte for byte; a second export changes nothing."""
    folder = built.root / "cache/records"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    shutil.rmtree(folder)
    assert told(built, "export")["changed"] == len(before) - 1  # one of them is .gitattributes
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert told(built, "export")["changed"] == 0


def test_one_file_carries_everything_but_verdicts(built: Tree, tmp_path: Path) -> None:
    """Export to a file, import elsewhere: nothing is asked there, all is judged there; again, all is known."""
    file = tmp_path / "all.jsonl"
    count = told(built, "export", str(file))["records"]
    lines = file.read_bytes().splitlines()
    assert count == len(lines) == len(stored_records(built))
    assert not any(b'"verified"' in line and b'"kind":"verdict"' in line for line in lines)
    clone = fresh(built, tmp_path / "clone")
    assert told(clone, "import", str(file)) == {"files": 1, "new": count, "known": 0, "refused": []}
    assert kinds(clone)["verdict"] == 0
    done = clone.doit()
    assert done.code == 0, done.text
    assert (clone.summary["requests"], clone.summary["verified"]) == (0, 4)
    assert clone.summary["verifier_runs"] >= 8
    assert told(clone, "import", str(file)) == {"files": 1, "new": 0, "known": count, "refused": []}


def stored_records(tree: Tree) -> list[object]:
    """Every record in the store."""
    with Store.open(tree.root / "cache", secret=SECRET) as store:
        return list(store.care.records())


def test_records_of_another_project_are_taken_in(built: Tree, tmp_path: Path) -> None:
    """A folder of records is taken in as it is, and travels on with this project's own records."""
    clone = fresh(built, tmp_path / "clone")
    text = cache(clone, "import", str(built.root / "cache/records")).out
    assert "10 new, 0 known, 0 refused\n" in text
    assert text.endswith("what is new is a candidate: `doit` judges it before it stands\n")
    cache(clone, "export")
    own, theirs = (sorted((one.root / "cache/records").glob("*.jsonl")) for one in (clone, built))
    assert [path.read_bytes() for path in own] == [path.read_bytes() for path in theirs]


def test_damaged_lines_are_told_with_their_number(built: Tree, tmp_path: Path) -> None:
    """One line with a flipped bit: it is refused by file and line, the others are taken in, exit code 2."""
    file = tmp_path / "all.jsonl"
    cache(built, "export", str(file))
    lines = file.read_bytes().splitlines()
    lines[2] = lines[2][:60] + bytes([lines[2][60] ^ 1]) + lines[2][61:]
    file.write_bytes(b"\n".join(lines) + b"\n")
    clone = fresh(built, tmp_path / "clone")
    done = cache(clone, "import", str(file), code=2)
    assert done.out.startswith(f"{file}:3: this line is skipped, and kept: ")
    assert f"1 file: {len(lines) - 1} new, 0 known, 1 refused\n" in done.out
    file.write_bytes(os.urandom(100) + b"\n" * 40 + b"x\n" * 40)
    assert "... and 2" in cache(clone, "import", str(file), code=2).out


def test_an_imported_implementation_is_only_a_candidate(built: Tree, tmp_path: Path) -> None:
    """One that claims to be verified and a person's, and is wrong: it is judged, and nothing is built from it."""
    with Store.open(built.root / "cache", secret=SECRET) as store:
        (good,) = store.latest_for_path("c.dfy")
    wrong = replace(good, fills={**good.fills, "0.h2": "  r := 0;\n"}, author="human", verified=True)
    file = tmp_path / "wrong.jsonl"
    file.write_bytes(records.line(wrong) + b"\n")
    clone = fresh(built, tmp_path / "clone")
    clone.configure(specs=["c.dfy"], offline=True)
    assert told(clone, "import", str(file))["new"] == 1
    done = clone.doit()
    assert done.code == 1, done.text
    assert not (clone.root / "build/c.dfy").exists()
    assert clone.states == {"c.dfy": "failed"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import", "no.jsonl"), "no.jsonl: these records can't be read: No such file or directory"),
        (("import", "."), "there is no file of records (*.jsonl) in this folder"),
        (("export", "c.dfy"), "c.dfy: this file exists\n  -> name another one"),
        (("export", "no/where.jsonl"), "no/where.jsonl: records can't be written: No such file or directory"),
    ],
)
def test_what_can_not_be_carried_is_told(built: Tree, words: tuple[str, ...], said: str) -> None:
    """A file that is not there, a folder without records, a file that exists: one message, nothing is written."""
    before = built.read("c.dfy")
    assert said in cache(built, *words, code=2).err
    assert built.read("c.dfy") == before


def test_frozen_writes_nothing(built: Tree) -> None:
    """With frozen set, whatever would write is refused with exit code 3."""
    built.configure(frozen=True)
    before = stored(built)
    for words in (("export",), ("import", "cache/records"), ("gc", "--yes")):
        assert "frozen is set" in cache(built, *words, code=3).err
    assert stored(built) == before


# --- gc ---------------------------------------------------------------------------------------------------------------


def gone(tree: Tree, *names: str) -> None:
    """These specs are gone."""
    for name in names:
        (tree.root / f"{name}.dfy").unlink()


def test_gc_is_dry_unless_told(built: Tree) -> None:
    """Without --yes it lists what would go, and every row stays as it is."""
    gone(built, "c", "d")
    shutil.rmtree(built.root / "cache/records")
    assert built.s2c("plan").code == 0  # whoever reads the project notes what it imports
    before = stored(built)
    text = cache(built, "gc", "--answers").out
    assert "2 verdicts: " in text
    assert "would be dropped by --yes\n" in text
    assert "2 implementations: " in text
    assert "paid for: only --answers --yes drops them\n" in text
    assert stored(built) == before


def test_gc_drops_cheap_things_only(built: Tree) -> None:
    """--yes takes out verdicts and analyses that nothing uses; what is used, and all that was paid for, stays."""
    gone(built, "c", "d")
    shutil.rmtree(built.root / "cache/records")
    before = stored(built)
    with Store.open(built.root / "cache", secret=SECRET) as store:
        store.put_analysis("of another time", [1])
    found = told(built, "gc", "--yes")["kinds"]
    assert (found["verdict"]["count"], found["verdict"]["dropped"], found["analysis"]["count"]) == (2, True, 1)
    assert not found["answer"]["dropped"]
    lost = before.keys() - stored(built).keys()
    assert [key.partition(" ")[0] for key in lost] == ["verdict", "verdict"]
    assert "analysis of another time" not in stored(built)
    idle(built)
    for name in ("build", ".doit.db"):
        place = built.root / name
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    idle(built)


def test_gc_keeps_what_is_used_and_shrinks_the_rest(built: Tree) -> None:
    """With nothing unused it drops nothing, also after build/ is gone; with much unused the database gets smaller."""
    shutil.rmtree(built.root / "build")
    assert all(one["count"] == 0 for one in told(built, "gc", "--answers", "--yes")["kinds"].values())
    idle(built)
    with Store.open(built.root / "cache", secret=SECRET) as store:
        for number in range(300):
            store.put_analysis(f"of another time {number}", os.urandom(600).hex())
    file = built.root / "cache/db/verdicts/cache.db"
    large = file.stat().st_size
    assert "the databases are compacted" in cache(built, "gc", "--yes").out
    assert file.stat().st_size < large / 2
    idle(built)


def test_gc_of_answers_keeps_what_the_records_hold(built: Tree) -> None:
    """With --answers --yes nothing goes that cache/records holds, and that is said."""
    gone(built, "c", "d")
    before = kinds(built)
    text = cache(built, "gc", "--answers", "--yes").out
    assert "kept: 3 records that nothing uses, since cache/records holds them\n" in text
    assert kinds(built) == {**before, "verdict": before["verdict"] - 2}


def test_gc_of_answers_drops_what_was_paid_for_nothing_of_today(built: Tree) -> None:
    """Without records, what was made for specs that are gone goes; what another spec still uses stays."""
    shutil.rmtree(built.root / "cache/records")
    old = built.read("c.dfy")
    gone(built, "c")
    found = told(built, "gc", "--answers")["kinds"]
    assert (found["answer"]["count"], found["implementation"]["count"]) == (0, 1)  # the answer had d's fill too
    gone(built, "d")
    found = told(built, "gc", "--answers", "--yes")["kinds"]
    assert (found["answer"]["count"], found["implementation"]["count"]) == (1, 2)
    assert (kinds(built)["answer"], kinds(built)["implementation"], kinds(built)["attempt"]) == (1, 2, 4)
    assert told(built, "verify")["damaged"] == []
    idle(built)
    built.write("c.dfy", old)
    (built.root / "build/c.dfy").unlink()
    assert "c.dfy: ask" in built.s2c("plan").out


def test_gc_of_answers_keeps_what_nobody_has_read(built: Tree) -> None:
    """An answer that no run has read yet stays, whatever it is for."""
    shutil.rmtree(built.root / "cache/records")
    with Store.open(built.root / "cache", secret=SECRET) as store:
        for one in {row.partition(" ")[2] for row in stored(built) if row.startswith("answer ")}:
            answer = store.answer(one)
            assert answer is not None
            store.put_answer(replace(answer, request_id="another"))
    gone(built, "c", "d")
    assert told(built, "gc", "--answers", "--yes")["kinds"]["answer"]["count"] == 0


def test_gc_of_attempts_of_models_that_are_not_set(built: Tree) -> None:
    """Attempts of a model that is not set go with --answers; those of today's, under whatever settings, stay."""
    shutil.rmtree(built.root / "cache/records")
    with Store.open(built.root / "cache", secret=SECRET) as store:
        store.add_attempt(replace(attempt(1), model="an older model", verdict=VerdictKind.FAILED))
    built.configure(temperature=0.5)
    assert told(built, "gc")["kinds"]["attempt"]["count"] == 1
    cache(built, "gc", "--yes")
    assert kinds(built)["attempt"] == 5
    cache(built, "gc", "--answers", "--yes")
    assert kinds(built)["attempt"] == 4
    idle(built)


def test_gc_takes_no_paid_thing_while_a_spec_can_not_be_read(built: Tree) -> None:
    """A spec that does not parse may owe anything: nothing that was paid for is taken out, and that is said."""
    shutil.rmtree(built.root / "cache/records")
    gone(built, "d")
    built.write("c.dfy", "method {")
    before = kinds(built)
    text = cache(built, "gc", "--answers", "--yes").out
    assert "kept: nothing that was paid for: what c.dfy owes is not known; run `doit` first\n" in text
    assert {name: kinds(built)[name] for name in PAID} == {name: before[name] for name in PAID}


def test_gc_takes_no_verdict_while_the_verifier_is_missing(built: Tree) -> None:
    """Without the verifier nobody knows which verdicts are used: all stay."""
    built.tables["dafny"] = {"command": ["no-such-dafny"]}
    before = kinds(built)
    assert "kept: no verdict and no finding: " in cache(built, "gc", "--yes").out
    assert kinds(built) == before


def test_gc_drops_nothing_while_records_can_not_be_read(built: Tree) -> None:
    """A file of records that can't be read may hold anything: one message, exit code 2, every row stays."""
    gone(built, "c", "d")
    (built.root / "cache/records/zz.jsonl").mkdir()
    before = kinds(built)
    assert "these records can't be read" in cache(built, "gc", "--answers", "--yes", code=2).err
    assert {name: kinds(built)[name] for name in COUNT} == {name: before[name] for name in COUNT}


def test_gc_waits_for_a_build(built: Tree) -> None:
    """While the project's lock is held it says for whom it waits, and goes on when that one is done."""
    gone(built, "c")
    built.write_settings()
    with FileLock(built.root / "cache/db/solve.lock"):
        waiting = subprocess.Popen(
            [sys.executable, "-m", "s2c.cli", "cache", "gc", "--yes"],
            cwd=built.root, env={**os.environ, **built.env}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert waiting.stderr is not None
        assert waiting.stderr.readline() == b"s2c: waiting for another process\n"
        assert kinds(built)["verdict"] == COUNT["verdict"]
    out, _ = waiting.communicate(timeout=60)
    assert (waiting.returncode, b"1 verdict: " in out) == (0, True)
    assert kinds(built)["verdict"] == COUNT["verdict"] - 1


# --- verify -----------------------------------------------------------------------------------------------------------


def test_verify_reads_everything(built: Tree) -> None:
    """A sound store: every row is read, none is damaged, exit code 0; nothing is changed."""
    with Store.open(built.root / "cache", secret=SECRET) as store:
        for number in range(401):  # more than are read at a time
            store.put_analysis(f"of another time {number}", number)
    before = stored(built)
    assert told(built, "verify") == {"rows": len(before), "damaged": []}
    assert stored(built) == before
    assert cache(built, "verify").out == f"{len(before)} rows read, 0 damaged\n"


def test_verify_tells_each_damaged_row(built: Tree) -> None:
    """One bit of any row flipped, one row after the other: exactly this row is named, exit code 2."""
    rows = stored(built)
    for name, key in samples(rows):
        put(built, name, key, rows[key][:40] + bytes([rows[key][40] ^ 4]) + rows[key][41:])
        found = told(built, "verify", code=2)["damaged"]
        assert any(f"row {key!r}: " in one for one in found)
        assert all(f"row {key!r}: " in one or "names an implementation that is not there" in one for one in found)
        put(built, name, key, rows[key])
    assert told(built, "verify")["damaged"] == []


def samples(rows: dict[str, bytes]) -> Iterator[tuple[str, str]]:
    """A row of each kind, with the database that it lies in."""
    for kind in ("answer", "implementation", "attempt", "path", "verdict", "analysis"):
        key = min(one for one in rows if one.startswith(f"{kind} "))
        yield "verdicts" if kind in {"verdict", "analysis"} else "store", key


def put(tree: Tree, name: str, key: str, value: bytes) -> None:
    """Write a row as nobody but a test does."""
    with closing(sqlite3.connect(tree.root / f"cache/db/{name}/cache.db")) as connection:
        connection.execute("UPDATE Cache SET value = ? WHERE key = ?", (value, key))
        connection.commit()


def test_verify_holds_rows_against_their_keys(built: Tree) -> None:
    """A sealed row whose content belongs under another key is damaged: a record, a verdict, a path, a row twice."""
    rows = stored(built)
    names = sorted(key for key in rows if key.startswith("verdict "))
    one, other = [key for key in names if unseal(key, rows[key], SECRET) != {"self-test": "passed"}][:2]
    with Store.open(built.root / "cache", secret=SECRET) as store:
        verdict = store.verdict(one.partition(" ")[2])
        made = sorted(key for key in rows if key.startswith("implementation "))
        first = next(one for one in store.care.records() if isinstance(one, Implementation))
    assert verdict is not None
    put(built, "verdicts", other, seal(other, dict(verdict), SECRET))
    data = {name: value for name, value in vars(first).items() if name != "verified"}
    wrong = next(key for key in made if not key.endswith(first.obligation))
    put(built, "store", wrong, seal(wrong, [data, data]))
    put(built, "store", "made", seal("made", "text"))
    found = "\n".join(told(built, "verify", code=2)["damaged"])
    assert f"row {other!r}: it is " in found
    assert f"row {wrong!r}: record 1 belongs to {first.obligation}" in found
    assert f"row {wrong!r}: record 2 is there twice" in found


def test_verify_knows_whose_verdicts_they_are(built: Tree) -> None:
    """On another machine every verdict and every finding is told: their signature is not of that machine."""
    built.env.update(ANOTHER_MACHINE)
    found = told(built, "verify", code=2)["damaged"]
    signed = [key for key in stored(built) if key.startswith(("verdict ", "analysis "))]
    assert len(found) == len(signed)
    assert all("its signature is not of this machine" in one for one in found)


def test_verify_reads_the_records_too(built: Tree) -> None:
    """A damaged line of cache/records is told by file and line, and so is a record in a file that is not its own."""
    first, other = sorted((built.root / "cache/records").glob("*.jsonl"))[:2]
    first.write_bytes(first.read_bytes() + b"{}\n" + other.read_bytes())
    found = told(built, "verify", code=2)["damaged"]
    assert any(one.startswith(f"{first}:") and "it has schema None" in one for one in found)
    assert any(f"belongs into {other.name}" in one for one in found)


def test_verify_of_a_broken_database_is_told(built: Tree) -> None:
    """A database with pages of nothing: one line says so, exit code 2, no traceback; the next run mends it."""
    place = built.root / "cache/db/store/cache.db"
    content = bytearray(place.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    place.write_bytes(content)
    for name in ("-wal", "-shm"):
        place.with_name(place.name + name).unlink(missing_ok=True)
    assert "the store is damaged" in cache(built, "verify", code=2).out
    assert built.doit().code == 0
    assert NOBODY in built.read("pyproject.toml")


def test_gc_keeps_the_notes_of_why(tree: Tree, tmp_path: Path) -> None:
    """What obligations looked like is kept: `s2c why` still says what changed after everything unused was dropped."""
    stand_in.install(tree, tmp_path / "tool")
    tree.write("A.dfy", stand_in.spec("A", "n + 1"))
    book = AnswerBook([{"match": stand_in.head("A"), "fills": stand_in.fill("n + 1")}])
    with Server(answer_fills(book)) as server:
        tree.configure(model="m-1", base_url=server.url)
        assert tree.doit().code == 0
    tree.write("A.dfy", stand_in.spec("A", "n + 2"))
    assert tree.s2c("cache", "gc", "--yes").code == 0
    assert "`ensures` of A in A.dfy changed" in tree.s2c("why", "A.dfy").out
