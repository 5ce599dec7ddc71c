"""What a run left up to date is known again by marks of the file system, and by nothing that others could have made."""

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from s2c import settled
from s2c.digest import digest_bytes
from s2c.settled import Entry, Settled
from s2c.store import Store
from tests.picture import SECRET


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two groups: a and b, and c."""
    for name in "abc":
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, (1, 1))
    return tmp_path


def entry(root: Path, path: str, group: str) -> Entry:
    """A file that is up to date."""
    marks = settled.stamp(f"{root}/{path}")
    assert marks is not None
    return Entry(group, generated=True, verified=True, stamps={path: marks}, row="{}")


@pytest.fixture
def known(files: Path) -> Settled:
    """The files as a run left them."""
    return Settled.of("head", {path: entry(files, path, "c" if path == "c" else "a") for path in "abc"})


def test_nothing_changed(files: Path, known: Settled) -> None:
    """No file is read again."""
    assert known.changed(files, verified=True, apart=True) == frozenset()


def test_one_file_brings_its_group(files: Path, known: Settled) -> None:
    """Whoever is tied to a changed file by imports is read again, nobody else; where files are not apart, all are."""
    (files / "b").write_text("other")
    assert known.changed(files, verified=True, apart=True) == {"a", "b"}
    assert known.changed(files, verified=True, apart=False) == {"a", "b", "c"}
    (files / "c").unlink()
    assert known.changed(files, verified=True, apart=True) == {"a", "b", "c"}


def test_a_change_of_the_same_size_and_time_is_seen(files: Path, known: Settled) -> None:
    """Setting a file's time back does not hide that it was written."""
    (files / "b").write_text("x")
    os.utime(files / "b", (1, 1))
    assert known.changed(files, verified=True, apart=True) == {"a", "b"}


def test_what_is_not_known_to_be_verified_is_looked_at(files: Path, known: Settled) -> None:
    """`doit generate` may leave out what `doit verify` must look at."""
    entries = {path: replace(one, verified=path != "c") for path, one in known.entries.items()}
    partly = Settled.of("head", entries)
    assert partly.changed(files, verified=False, apart=True) == frozenset()
    assert partly.changed(files, verified=True, apart=True) == {"c"}
    assert partly.groups_of(["b", "unknown"]) == {"a", "b"}


def test_a_note_comes_back_as_it_was_left(tmp_path: Path, known: Settled) -> None:
    """Under the same secret; odd names too."""
    store = Store.open(tmp_path / "cache", secret=SECRET)
    more = Settled.of("head", {**known.entries, "\udcff é.dfy": replace(known.entries["a"], row='{"é": 1}')})
    settled.write(tmp_path, store.sign, more)
    assert settled.read(tmp_path, store.sign) == more
    assert more.entry("\udcff é.dfy").row == '{"é": 1}'
    settled.write(tmp_path, store.sign, Settled.of("head", {**known.entries, "a\tb": known.entries["a"]}))
    assert settled.read(tmp_path, store.sign) is None


def test_a_note_of_someone_else_is_none(tmp_path: Path, known: Settled) -> None:
    """Another secret, a changed byte, a part of it, nothing at all."""
    store = Store.open(tmp_path / "cache", secret=SECRET)
    stranger = Store.open(tmp_path / "cache", secret=b"x" * 32)
    assert settled.read(tmp_path, store.sign) is None
    settled.write(tmp_path, stranger.sign, known)
    assert settled.read(tmp_path, store.sign) is None
    settled.write(tmp_path, store.sign, known)
    whole = (tmp_path / settled.FILE).read_bytes()
    for other in (whole.replace(b"head", b"heap"), whole[:-1], whole[:64], b"\n", b""):
        (tmp_path / settled.FILE).write_bytes(other)
        assert settled.read(tmp_path, store.sign) is None


def test_a_file_that_was_just_written_is_not_marked(files: Path) -> None:
    """A write in the same tick of the clock could leave the same marks; nor is one that holds something else."""
    old = settled.marked(files, {"a": digest_bytes(b"a"), "b": None})
    assert old is None  # its inode was changed just now, when its times were set back
    (files / "d").write_text("d")
    assert settled.marked(files, {"d": digest_bytes(b"d")}) is None
    assert settled.marked(files, {"none": None}) is None


def test_a_file_is_marked_if_it_holds_what_it_must(files: Path) -> None:
    """After a moment its marks are believed."""
    while settled.marked(files, {"a": digest_bytes(b"a"), "b": None}) is None:
        time.sleep(0.001)
    assert settled.marked(files, {"a": digest_bytes(b"b")}) is None


def test_every_part_counts_in_the_head() -> None:
    """Settings, rules, tools: each by itself."""
    heads = {settled.head(parts) for parts in (["a", "b"], ["ab"], ["a", "c"], ["a"], ["b", "a"])}
    assert len(heads) == 5
