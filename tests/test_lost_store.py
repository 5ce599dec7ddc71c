"""A store that was lost while build/ was not: what was paid for lies there too, and comes back before it is needed."""

import shutil

from tests.projects import Tree
from tests.stocked import built, stock

__all__ = ["built", "stock"]


def test_an_idle_run_gives_back_what_build_holds(built: Tree) -> None:
    """A run that finds all up to date has filled the lost store again: build/ may go as well, and nothing is asked."""
    files = {path: path.read_bytes() for path in (built.root / "build").glob("*.dfy")}
    shutil.rmtree(built.root / "cache")
    for _ in range(2):  # the second leaves unread what the first marked
        done = built.doit()
        assert done.code == 0, done.text
        assert built.summary["tasks_executed"] == 0
    shutil.rmtree(built.root / "build")
    done = built.doit("offline=1")
    assert done.code == 0, done.text
    assert {path: path.read_bytes() for path in files} == files


def test_an_edit_after_an_idle_run_is_free(built: Tree) -> None:
    """The store was lost, a run was idle, then a comment changed: the fills are those that were paid for."""
    shutil.rmtree(built.root / "cache")
    assert built.doit().code == 0
    for spec in sorted(built.root.glob("*.dfy")):
        spec.write_text(f"// another comment\n{spec.read_text()}")
    done = built.doit()
    assert done.code == 0, done.text
    assert built.summary["requests"] == 0


def test_a_run_of_one_file_gives_back_that_one(built: Tree) -> None:
    """What a run does not read is given back by the run that does."""
    shutil.rmtree(built.root / "cache")
    assert built.doit("generate:a.dfy").code == 0
    assert built.doit().code == 0
    shutil.rmtree(built.root / "build")
    done = built.doit("offline=1")
    assert done.code == 0, done.text
