"""Edits by hand in build/: a candidate before all others inside a hole, kept beside outside, lost never."""

from pathlib import Path

import pytest

from tests import stand_in
from tests.crashes import VALUES, implementations, lay_out, model
from tests.loopback import Server
from tests.openai_server import answer_fills
from tests.projects import Ended, Tree

FILL = "  r := n + 3;"
MINE = "  var mine := n;\n  r := n + 3;"


@pytest.fixture
def built(tmp_path: Path) -> Tree:
    """The project as it is after a build; nobody answers at its endpoint any more."""
    tree = lay_out(Tree(tmp_path / "project"), tmp_path / "tool")
    with Server(answer_fills(model(wrong_first=""))) as server:
        tree.configure(base_url=server.url)
        assert tree.doit().code == 0
    tree.configure(base_url="http://127.0.0.1:9/v1")
    return tree


def edit(tree: Tree, old: str, new: str) -> str:
    """Edit build/c.dfy as a person does; the text before."""
    text = tree.read("build/c.dfy")
    assert old in text
    tree.write("build/c.dfy", text.replace(old, new))
    return text


def green(ended: Ended) -> Ended:
    """All is verified."""
    assert ended.code == 0, ended.text
    assert "Traceback" not in ended.text
    return ended


def test_an_edit_in_a_hole_stands_and_travels(built: Tree) -> None:
    """An edit in a hole that proves is kept as a person's, whatever is deleted afterwards, and in the records."""
    edit(built, FILL, MINE)
    green(built.doit())
    assert built.summary["origins"] == {"edited": 1}
    assert (built.summary["requests"], MINE in built.read("build/c.dfy")) == (0, True)
    green(built.doit())
    assert built.summary["tasks_executed"] == 0
    assert not (built.root / "build/c.dfy.edited").exists()


@pytest.mark.slow
@pytest.mark.parametrize("lost", [False, True])
def test_an_edit_outside_holes_is_never_lost(built: Tree, lost: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """The spec's text comes back, the edit lies beside; where doit forgot what it wrote, it lies in .stale."""
    whole = edit(built, "ensures r == n + 3", "ensures true  // mine")
    if lost:
        (built.root / ".doit.db").unlink()
    said = green(built.doit()).text
    assert built.read("build/c.dfy") == whole
    kept = "build/.stale/c.dfy" if lost else "build/c.dfy.edited"
    assert "// mine" in built.read(kept)
    assert lost or "c.dfy.edited" in said


@pytest.mark.slow
def test_edits_do_not_replace_each_other(built: Tree) -> None:
    """A second edit that is not accepted lies beside the first, and the same once more takes no third place."""
    for count in (1, 2, 2):
        edit(built, FILL, f"  r := n;  // mine, {count}")
        green(built.doit())
    assert "mine, 1" in built.read("build/c.dfy.edited")
    assert "mine, 2" in built.read("build/c.dfy.edited-2")
    assert not (built.root / "build/c.dfy.edited-3").exists()


@pytest.mark.slow
def test_an_edit_meets_a_changed_spec(built: Tree) -> None:
    """The spec got a comment and build/ an edit in a hole: the edit is judged in today's spec, and stands."""
    edit(built, FILL, MINE)
    built.write("c.dfy", "// today\n" + stand_in.spec("C", VALUES["c"]))
    said = green(built.doit()).text
    text = built.read("build/c.dfy")
    assert text.startswith("// today\n")
    assert MINE in text or MINE in built.read("build/c.dfy.edited"), said


@pytest.mark.slow
def test_an_edit_that_frozen_meets_is_kept(built: Tree) -> None:
    """frozen=1 takes exact obligations of the records only: the edit is not tried, not stored, and lies beside."""
    whole = implementations(built)
    edit(built, FILL, MINE)
    said = green(built.doit("frozen=1")).text
    assert implementations(built) == {**whole, "c.dfy.edited": built.read("build/c.dfy.edited").encode()}
    assert "c.dfy.edited" in said


@pytest.mark.slow
def test_verify_alone_judges_an_edit_as_it_lies(built: Tree) -> None:
    """`doit verify` writes nothing into build/: an edit in a hole is judged as it is, right or wrong."""
    edit(built, FILL, "  r := n;")
    ended = built.doit("-s", "verify:c.dfy")
    assert ended.code == 1, ended.text
    assert "c.dfy: failed" in ended.out
    assert "  r := n;" in built.read("build/c.dfy")
