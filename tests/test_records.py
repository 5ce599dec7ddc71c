"""Records: a set of lines that git can carry and merge, and that no damage turns into something else."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2c import records
from s2c.codec import DamagedError, Stored, Supersede, encode, identity, unseal
from s2c.digest import digest_bytes
from s2c.model import Answer, Attempt, Diagnostic, Implementation, Message, Refusal, Request, Usage, VerdictKind
from s2c.store import Store

GOLDEN = Path(__file__).parent / "golden"
SECRET = b"s" * 32
KEY = "b2:obligation.1:" + "ab" * 20
OTHER = "b2:obligation.1:" + "ac" * 20
REQUEST = Request(
    "b2:request.1:" + "ab" * 20, "m", (Message("user", "PROMPT"),), 9, "0.5", {"F1.h1": f"{KEY} 0.h1"}, "n", 7
)
ANSWER = Answer(
    REQUEST, "line\r\n\u2028\u00e9\U0001f600\udcff", "stop", Usage(1, 2, 3, 4, 5), "m-1", "id", "0.01", "2.5"
)
MADE = Implementation(KEY, {"0.h1": "x := 1;\n", "0.h2": ""}, "model", "m-1", "a/b.dfy", verified=True)
ATTEMPT = Attempt(
    KEY, "b2:asking.1:00", 2, {"0.h1": "bad"}, VerdictKind.FAILED, "it fails",
    (Diagnostic("a/b.dfy", 3, 4, "error", "message", "excerpt"),), (Refusal("rule", "message", "h1", 5),),
    "m-1", "request",
)  # fmt: skip
WISH = Supersede(KEY, identity(MADE), ("00" * 20,))
ALL: tuple[Stored, ...] = (ANSWER, ATTEMPT, MADE, WISH)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store that has one record of each kind."""
    with Store.open(tmp_path / "cache", secret=SECRET) as opened:
        opened.add_implementation(MADE)
        opened.add_attempt(ATTEMPT)
        opened.supersede(MADE)
        opened.put_answer(ANSWER)
        opened.put_verdict(KEY, {"kind": "verified"})
        yield opened


def empty(folder: Path) -> Store:
    """A store of another clone."""
    return Store.open(folder, secret=SECRET)


def shards(store: Store) -> dict[str, bytes]:
    """The record files of a store."""
    return {path.name: path.read_bytes() for path in sorted(store.records_folder.glob("*.jsonl"))}


def content(store: Store) -> tuple[object, ...]:
    """What a store answers about the records of this module."""
    return store.implementations(KEY), store.attempts(KEY), store.answer(REQUEST.key), store.latest_for_path("a/b.dfy")


# --- the form -----------------------------------------------------------------------------------------------------


def test_golden_lines() -> None:
    """The exact bytes of one record of each kind.

    They lie in the git history of other people's projects: whoever changes them raises records.SCHEMA in the same
    commit, adds a reader for the old schema, and adds the new lines to the golden file instead of replacing these.
    """
    golden = (GOLDEN / "records.jsonl").read_bytes()
    assert b"".join(records.line(one) + b"\n" for one in ALL) == golden
    read = records.read(golden, "golden")
    assert set(read.records) == {records.place(one) for one in ALL}
    assert read.problems == []


def test_golden_row() -> None:
    """A row as this version seals it, signed and not, is read by every later version; else codec.MAGIC must change."""
    rows = json.loads((GOLDEN / "rows.json").read_text(encoding="utf-8"))
    assert unseal("key", bytes.fromhex(rows["plain"])) == {"text": "\u00e9", "number": 1}
    assert unseal("key", bytes.fromhex(rows["signed"]), SECRET) == {"text": "\u00e9", "number": 1}


@given(st.text(st.characters(codec=None)), st.text(), st.dictionaries(st.text(min_size=1), st.text()))
def test_any_text_survives(text: str, name: str, fills: dict[str, str]) -> None:
    """Whatever is in a text, its line is one line of valid UTF-8 and comes back the same."""
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    for one in (replace(ANSWER, text=joined), replace(MADE, path=name, fills=fills, verified=False)):
        line = records.line(one)
        assert b"\n" not in line
        assert line.decode()
        assert records.line(records.parse(line)) == line
    assert encode(text) == encode(joined)


def test_nothing_that_is_not_a_record_travels(store: Store) -> None:
    """No verdict, no prompt and no `verified` leaves this machine."""
    store.export_records()
    text = b"".join(shards(store).values())
    assert b"verified" not in text
    assert b"PROMPT" not in text
    assert b'"verdict":"failed"' in text


def test_a_time_out_stays_here(store: Store) -> None:
    """A time-out is a word about this machine: another one judges the same answer for itself."""
    store.add_attempt(replace(ATTEMPT, number=3, verdict=VerdictKind.TIMEOUT))
    store.export_records()
    assert b'"timeout"' not in b"".join(shards(store).values())
    assert len(store.attempts(KEY)) == 2


def test_a_line_that_says_verified_is_no_record() -> None:
    """A line made by hand, its checksum right, that calls an implementation verified is refused."""
    body: Any = {
        "kind": "implementation",
        "record": {**json.loads(records.line(MADE))["record"], "verified": True},
        "schema": 1,
    }
    forged = encode({"check": digest_bytes(encode(body)), **body})
    with pytest.raises(DamagedError):
        records.parse(forged)


# --- out and in ---------------------------------------------------------------------------------------------------


def test_another_clone_reads_everything(store: Store, tmp_path: Path) -> None:
    """A store that was made from the text alone answers as the first one, but calls nothing verified or unread."""
    store.export_records()
    clone = empty(tmp_path / "clone")
    assert clone.import_records(store.records_folder) == 4
    expected = tuple(replace(one, verified=False) for one in store.implementations(KEY))
    assert content(clone) == (expected, store.attempts(KEY), store.answer(REQUEST.key), expected)
    assert clone.unread_answers() == ()
    assert clone.verdict(KEY) is None
    assert clone.import_records(store.records_folder) == 0


def test_an_import_takes_nothing_away(store: Store, tmp_path: Path) -> None:
    """Records from elsewhere stand behind what is here: no verified mark, no newest path, no newest answer is lost."""
    clone = empty(tmp_path / "clone")
    clone.add_implementation(replace(MADE, model="other", verified=False))
    clone.add_implementation(replace(MADE, fills={"0.h1": "other"}, verified=False))
    clone.put_answer(replace(ANSWER, text="older"))
    clone.export_records()
    store.import_records(clone.records_folder)
    assert [one.fills for one in store.latest_for_path("a/b.dfy")] == [MADE.fills, {"0.h1": "other"}]
    assert next(one for one in store.implementations(KEY) if one.fills == MADE.fills) == MADE
    newest = store.answer(REQUEST.key)
    assert newest is not None
    assert newest.text == ANSWER.text


def test_an_export_touches_only_what_is_new(store: Store) -> None:
    """A second export writes nothing; a new record changes one file by one line; a deleted folder is made again."""
    store.add_implementation(replace(MADE, obligation=OTHER))
    assert store.export_records() == 2
    before = shards(store)
    times = {path: path.stat().st_mtime_ns for path in store.records_folder.iterdir()}
    assert store.export_records() == store.export_records(everything=True) == 0
    assert {path: path.stat().st_mtime_ns for path in store.records_folder.iterdir()} == times
    store.add_implementation(replace(MADE, fills={"0.h1": "new"}))
    assert store.export_records() == 1
    after = shards(store)
    assert after["ac.jsonl"] == before["ac.jsonl"]
    assert set(before["ab.jsonl"].splitlines()) < set(after["ab.jsonl"].splitlines())
    assert len(after["ab.jsonl"].splitlines()) == len(before["ab.jsonl"].splitlines()) + 1
    for path in store.records_folder.iterdir():
        path.unlink()
    store.records_folder.rmdir()
    assert store.export_records() == 2
    assert shards(store) == after


def test_the_text_does_not_depend_on_the_order(store: Store, tmp_path: Path) -> None:
    """The same records, put in in another order by another clone, are the same bytes."""
    clone = empty(tmp_path / "clone")
    clone.put_answer(ANSWER)
    clone.add_attempt(ATTEMPT)
    clone.add_implementation(MADE)
    clone.supersede(MADE)
    assert clone.export_records() == store.export_records() == 1
    assert shards(clone) == shards(store)


def test_records_of_another_folder_are_exported_to_ours(store: Store, tmp_path: Path) -> None:
    """What was imported from a folder that is not the project's own goes into the project's own."""
    store.export_records()
    clone = empty(tmp_path / "clone")
    clone.import_records(store.records_folder)
    clone.export_records()
    assert shards(clone) == shards(store)


def test_git_merges_two_branches(store: Store, tmp_path: Path) -> None:
    """Two branches that each add records to one file merge without a conflict, and the result holds both."""

    def git(*arguments: str) -> None:
        settings = [
            "-c",
            "user.name=n",
            "-c",
            "user.email=e",
            "-c",
            "commit.gpgsign=false",
            "-c",
            "core.hooksPath=/dev/null",
        ]
        command = ["git", *settings, *arguments]  # whichever git is on PATH
        subprocess.run(command, cwd=store.records_folder, check=True, capture_output=True)

    def commit(text: str) -> None:
        clone = empty(tmp_path / text)
        clone.add_implementation(replace(MADE, fills={"0.h1": text}))
        clone.export_records(store.records_folder, everything=True)
        git("add", ".")
        git("commit", "-m", text)

    store.export_records()
    git("init", "-b", "main")
    git("add", ".")
    git("commit", "-m", "base")
    git("checkout", "-b", "side")
    commit("one")
    git("checkout", "main")
    commit("two")
    git("merge", "--no-edit", "side")
    assert store.import_records() == 2
    assert {one.fills["0.h1"] for one in store.implementations(KEY)} == {"x := 1;\n", "one", "two"}
    assert store.problems == []


# --- damage -------------------------------------------------------------------------------------------------------


def test_a_cut_at_every_byte_gives_no_wrong_record() -> None:
    """A file cut off anywhere holds the whole lines before the cut, one unread line at most, and nothing else."""
    whole = (GOLDEN / "records.jsonl").read_bytes()
    lines = whole.split(b"\n")
    for cut in range(len(whole)):
        read = records.read(whole[:cut], "f")
        ends = whole[:cut].count(b"\n")
        found = {records.line(one) for one in read.records.values()}
        assert found in (set(lines[:ends]), set(lines[: ends + 1])), cut
        assert len(read.unread) == len(read.problems) <= 1


def test_a_flipped_bit_gives_no_wrong_record() -> None:
    """One bit flipped in any byte: that line, or the two that became one, are unread; the others are as they were."""
    whole = (GOLDEN / "records.jsonl").read_bytes()
    good = set(whole.split(b"\n"))
    for at in range(len(whole)):
        damaged = bytearray(whole)
        damaged[at] ^= 1 << at % 8
        read = records.read(bytes(damaged), "f")
        found = {records.line(one) for one in read.records.values()}
        assert found < good, at
        assert len(found) >= len(ALL) - 2
        assert read.unread


def test_what_is_no_record_is_told_and_kept(store: Store, tmp_path: Path) -> None:
    """Merge markers, a newer schema, other JSON: told by file and line, skipped, and still there after an export."""
    store.export_records()
    path = store.records_folder / "ab.jsonl"
    strange = [
        b"<<<<<<< HEAD",
        b'{"check":"x","kind":"implementation","record":{},"schema":2}',
        b"[1]",
        b"\xff",
        b"1.5",
    ]
    strange += [b"[" * 100_000, b'{"schema":1}', b'{"schema":1,"kind":"answer","record":{"request":1}}']
    path.write_bytes(b"\n".join([*strange, path.read_bytes()]))
    clone = empty(tmp_path / "clone")
    assert clone.import_records(store.records_folder) == 4
    assert len(clone.problems) == len(strange)
    assert clone.problems[0].startswith(f"{path}:1: this line is skipped")
    assert "schema 2" in clone.problems[1]
    store.add_implementation(replace(MADE, fills={"0.h1": "new"}))
    assert store.export_records() == 1
    assert path.read_bytes().split(b"\n")[-len(strange) - 1 : -1] == strange
    for _ in range(2):
        again = empty(tmp_path / "clone")
        again.import_records(store.records_folder)
        assert len(again.problems) == len(strange)  # told until it is mended


def test_line_ends_and_repeats_do_not_matter(store: Store, tmp_path: Path) -> None:
    """A file that git gave CRLF, or whose lines a merge doubled or moved, says the same."""
    store.export_records()
    path = store.records_folder / "ab.jsonl"
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\r\n".join([*reversed(lines), *lines, b"", b""]))
    clone = empty(tmp_path / "clone")
    assert clone.import_records(store.records_folder) == 4
    assert clone.problems == []


def test_a_persons_name_on_fills_stays(store: Store, tmp_path: Path) -> None:
    """When two clones have the same fills, one from a person and one from a model, the person's record stays."""
    store.export_records()
    clone = empty(tmp_path / "clone")
    clone.add_implementation(replace(MADE, author="human"))
    clone.import_records(store.records_folder)
    assert clone.implementations(KEY)[0].author == "human"
    clone.export_records(store.records_folder, everything=True)
    store.import_records()
    assert store.implementations(KEY) == (replace(MADE, author="human"),)
