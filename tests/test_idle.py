"""A run that has nothing to do says again what the last one said, as long as every mark is as it was."""

from collections.abc import Callable
from pathlib import Path

import pytest

from s2c import idle
from s2c.idle import Idle
from s2c.store import Store
from tests.picture import SECRET
from tests.projects import Tree
from tests.stocked import built, stock

__all__ = ["built", "stock"]


def rest(tree: Tree) -> str:
    """Run until a run has nothing to do and nothing to write; what it said."""
    said = [tree.doit() for _ in range(3)]
    assert [one.code for one in said] == [0, 0, 0]
    assert said[1].out == said[2].out
    return said[2].out


def test_it_says_the_same_and_writes_nothing(built: Tree) -> None:
    """The same lines, and summary.json and results.csv stay what they are, byte and time."""
    said = rest(built)
    written = [built.root / "build" / name for name in ("summary.json", "results.csv")]
    before = [(one.read_bytes(), one.stat().st_mtime_ns) for one in written]
    assert built.doit().out == said
    assert [(one.read_bytes(), one.stat().st_mtime_ns) for one in written] == before
    assert built.summary["up_to_date"] == built.summary["files"] == 4


def rewrite(place: Path) -> None:
    """The same bytes once more."""
    place.write_bytes(place.read_bytes())


EDITS: dict[str, tuple[str, Callable[[Path], object], int]] = {
    "a source": ("a.dfy", lambda one: one.write_text(f"// more\n{one.read_text()}"), 0),
    "a source, the same bytes": ("a.dfy", rewrite, 0),
    "an implementation": ("build/a.dfy", Path.unlink, 0),
    "an implementation, edited": ("build/a.dfy", lambda one: one.write_text("edited"), 0),
    "a new source that is wrong": ("new.dfy", lambda one: one.write_text("method ("), 2),
    "a source that is gone": ("c.dfy", Path.unlink, 0),
    "the summary": ("build/summary.json", Path.unlink, 0),
    "the settings": ("pyproject.toml", lambda one: one.write_text(f"{one.read_text()}\n[tool.other]\n"), 0),
    "the note": ("cache/db/idle", lambda one: one.write_bytes(one.read_bytes()[:-1]), 0),
}


@pytest.mark.parametrize("what", EDITS)
def test_any_edit_ends_it(built: Tree, what: str) -> None:
    """What changed is looked at: the project is as it must be after, and the summary says so."""
    rest(built)
    path, edit, code = EDITS[what]
    edit(built.root / path)
    done = built.doit()
    assert done.code == code, done.text
    sources = {one.name for one in built.root.glob("*.dfy")}
    assert {one["path"] for one in built.summary["rows"]} == sources
    assert {one.name for one in (built.root / "build").glob("*.dfy")} >= sources - {"new.dfy"}
    assert (built.root / "build/a.dfy").read_text() != "edited"


def test_another_call_is_another_run(built: Tree) -> None:
    """With --quiet nothing is said; a named file is told alone; and both leave the next plain run what it was."""
    said = rest(built)
    assert built.doit("quiet=1").out == ""
    assert "1 of 1 files" in built.doit("verify:a.dfy").out
    assert rest(built) == said


def test_a_note_of_someone_else_is_none(tmp_path: Path) -> None:
    """Another secret, or nothing at all; with a line break in a path there is none."""
    store, stranger = (Store.open(tmp_path / "cache", secret=one) for one in (SECRET, b"x" * 32))
    note = Idle("head", "text\n", 1, idle.digest([("a", None)]), ("a",))
    assert idle.read(tmp_path, store.sign) is None
    idle.write(tmp_path, stranger.sign, note)
    assert idle.read(tmp_path, store.sign) is None
    idle.write(tmp_path, store.sign, note)
    assert idle.read(tmp_path, store.sign) == note
    assert idle.holds(note, tmp_path)
    (tmp_path / "a").write_text("a")
    assert not idle.holds(note, tmp_path)
    (tmp_path / idle.FILE).unlink()
    idle.write(tmp_path, store.sign, Idle("head", "", 1, "", ("a\nb",)))
    assert idle.read(tmp_path, store.sign) is None
