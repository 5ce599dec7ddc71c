"""Whatever happens to the bytes of records and databases: never a wrong output, never a traceback."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from s2c import records
from s2c.codec import Stored
from s2c.errors import StoreError
from s2c.store import Store
from tests.damage import HEADER, damaged, whole_runs
from tests.test_store import REQUEST, SECRET, answer, attempt, made

KEYS = [f"b2:obligation.1:{number:02x}{number:038x}" for number in range(6)]
SIZES = [pytest.param(1, marks=pytest.mark.slow), 41]  # every byte; in the fast tier every 41st


def everything(store: Store) -> list[object]:
    """All that a store answers about what was put into it below."""
    found: list[object] = [one for key in KEYS for one in (*store.implementations(key), *store.attempts(key))]
    found += [one for number in range(6) for one in store.latest_for_path(f"{number}.dfy")]
    found += [*store.unread_answers(), *(one.answer for one in store.orphans()), store.answer(REQUEST.key)]
    found += [store.verdict(key) for key in KEYS] + [store.analysis(key) for key in KEYS]
    return [one for one in found if one is not None]


def filled(folder: Path) -> Store:
    """A store that has some of everything."""
    with Store.open(folder, secret=SECRET) as store:
        for number, key in enumerate(KEYS):
            store.add_implementation(made(f"fill {number}", key=key, path=f"{number}.dfy"))
            store.add_attempt(replace(attempt(number), obligation=key))
            store.put_verdict(key, {"kind": "verified", "number": number})
            store.put_analysis(key, ["finding", number])
        store.put_answer(answer("some text"))
    return store


def told(*calls: Callable[[], object]) -> list[object]:
    """What each call gives, or the one error that a user can be told."""
    found: list[object] = []
    for call in calls:
        try:
            found.append(call())
        except StoreError as error:
            found.append(error)
    wrong = [one for one in found if isinstance(one, StoreError) and (not one.fix or "\n" in one.what)]
    assert wrong == []
    return found


# --- records ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", SIZES)
def test_damaged_records_bring_nothing_wrong(step: int, tmp_path: Path) -> None:
    """A shard of 2 kB, cut at and one bit flipped in every byte: no error, no record but those that were written."""
    source = filled(tmp_path / "source")
    source.export_records()
    lines = b"".join(path.read_bytes() for path in sorted(source.records_folder.glob("*.jsonl")))
    whole = lines[: lines.rindex(b"\n", 0, 2400) + 1]
    assert 1500 < len(whole) < 2500
    good = {records.line(one) for one in records.read(whole, "whole").records.values()}
    folder, clone = tmp_path / "records", Store.open(tmp_path / "clone", secret=SECRET)
    folder.mkdir()
    for what, content in damaged(whole, step):
        (folder / "00.jsonl").write_bytes(content)
        clone.import_records(folder)
        whole_lines = whole.startswith(content) and (not content or content[-1:] in b"\n}")
        assert whole_lines or records.read(content, "00.jsonl").problems, what
    assert clone.problems
    found: list[Stored] = list(clone.unread_answers())
    found += [one for key in KEYS for one in clone.implementations(key)]
    found += [one for key in KEYS for one in clone.attempts(key)]
    assert {records.line(one) for one in found} <= good


# --- databases --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["store", "verdicts"])
@pytest.mark.parametrize(("step", "header"), [pytest.param(256, HEADER, marks=pytest.mark.slow), (4001, 18)])
def test_a_damaged_database_says_nothing_wrong(name: str, step: int, header: int, tmp_path: Path) -> None:
    """Every 256th byte and all of the header: what is read was written, else one clear error; and it can be mended.

    Every 64th byte: script/prove crash bytes.
    """
    assert damaged_databases(tmp_path, name, step, header) > 0


def damaged_databases(tmp_path: Path, name: str, step: int, header: int) -> int:
    """Use a store with each damage to one of its databases; how many there were. Raises AssertionError."""
    good = filled(tmp_path / "good")
    more = answer("one more")
    known = {*map(repr, everything(good)), repr(replace(more, request=replace(REQUEST, messages=())))}
    good.close()
    content = (good.folder / "db" / name / "cache.db").read_bytes()
    number = 0
    for number, (what, bad) in enumerate(damaged(content, step, header), start=1):
        folder = tmp_path / str(number)
        shutil.copytree(good.folder, folder)
        (folder / "db" / name / "cache.db").write_bytes(bad)
        with Store.open(folder, secret=SECRET) as store:
            seen = told(
                partial(everything, store),
                partial(store.put_answer, more),
                partial(store.export_records, everything=True),
                partial(store.put_verdict, "x", {}),
            )
            if store.is_damaged:
                store.mend()
                assert not store.is_damaged, what
            seen += told(partial(everything, store))
        for one in (one for one in seen if isinstance(one, list)):
            assert {repr(part) for part in one} <= known, what
        shutil.rmtree(folder)
    return number


def test_what_can_be_read_is_saved(tmp_path: Path) -> None:
    """Pages in the midst of a database are lost, the others are not: their rows are in the new one, and it is told."""
    store = filled(tmp_path / "store")
    known = {repr(one) for one in everything(store)}
    with store:
        for number in range(60):
            store.put_answer(answer("text " * 400, request=replace(REQUEST, key=f"request {number}")))
    place = store.folder / "db/store/cache.db"
    content = bytearray(place.read_bytes())
    content[-8192:-4096] = b"\xff" * 4096
    place.write_bytes(content)
    (place.parent / "damaged").touch()
    with Store.open(store.folder, secret=SECRET) as again:
        again.mend()
        answers = [again.answer(f"request {number}") for number in range(60)]
        assert sum(one is not None for one in answers) >= 50
        assert len(known & {repr(one) for one in everything(again)}) > len(known) // 2
        assert "could be saved" in again.problems[0]


def test_a_setting_with_a_flipped_bit_is_damage(tmp_path: Path) -> None:
    """Its name is one that s2c never wrote, and one of s2c's is missing: the rows are saved, nobody is sent away."""
    with filled(tmp_path / "store") as store:
        known = everything(store)
    place = tmp_path / "store/db/store/cache.db"
    content = place.read_bytes()
    assert b"cull_limit" in content
    place.write_bytes(content.replace(b"cull_limit", b"cull_lilit"))
    with Store.open(tmp_path / "store", secret=SECRET) as again:
        with pytest.raises(StoreError, match="the store is damaged"):
            everything(again)
        again.mend()
        assert everything(again) == known


@pytest.mark.parametrize("name", ["store", "verdicts"])
def test_where_nothing_could_be_saved_the_same_run_goes_on(name: str, tmp_path: Path) -> None:
    """A database that was in use, and of which no row can be read, is made anew, and takes rows at once."""
    filled(tmp_path / "store").close()
    with Store.open(tmp_path / "store", secret=SECRET) as again:
        assert everything(again)
        place = again.folder / "db" / name
        (place / "cache.db").write_bytes(b"")
        (place / "damaged").touch()
        again.mend()
        again.put_verdict("x", {"a": 1})
        again.put_answer(answer("one more"))
        assert (again.verdict("x"), again.is_damaged) == ({"a": 1}, False)


def test_mending_that_is_killed_goes_on(tmp_path: Path) -> None:
    """Between putting the old one aside and the new one in its place nothing gets lost."""
    store = filled(tmp_path / "store")
    known = everything(store)
    store.close()
    folder = store.folder / "db/store"
    folder.rename(folder.with_name("store.mended"))
    with Store.open(store.folder, secret=SECRET) as again:
        assert again.is_damaged
        again.mend()
        assert everything(again) == known


# --- whole runs -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_runs_over_damaged_databases(tmp_path: Path) -> None:
    """Doit over a damaged database, its own among them: at most one error that the next run mends; never a request."""
    assert [one.trouble for one in whole_runs(tmp_path, 9) if one.trouble] == []
