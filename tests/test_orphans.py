"""`s2c clean --orphans`: what was built for specs that are gone goes on request, and nothing else ever does."""

import shutil

import pytest

from tests.projects import Ended, Tree
from tests.stocked import built, stock

__all__ = ["built", "stock"]


@pytest.fixture
def nested(built: Tree) -> Tree:
    """The project with one more spec in folders of its own, without holes, built."""
    built.write("far/away/e.dfy", "// nothing to prove\n")
    assert built.doit().code == 0
    return built


def clean(tree: Tree, *words: str, code: int = 0) -> Ended:
    """Run the command; it ended with this code, and no traceback reached the user."""
    done = tree.s2c("clean", "--orphans", *words)
    assert "Traceback" not in done.text
    assert done.code == code, done.text
    return done


def files(tree: Tree) -> dict[str, bytes]:
    """Every file of the project but the store."""
    return {
        str(path.relative_to(tree.root)): path.read_bytes()
        for path in sorted(tree.root.rglob("*"))
        if path.is_file() and path.relative_to(tree.root).parts[0] != "cache"
    }


def without(found: dict[str, bytes], *names: str) -> dict[str, bytes]:
    """All but these."""
    assert set(names) <= set(found)
    return {name: content for name, content in found.items() if name not in names}


def test_orphans_are_listed_and_nothing_is_deleted(nested: Tree) -> None:
    """Without --yes the files of a spec that is gone are listed, and every file stays."""
    shutil.rmtree(nested.root / "far")
    nested.write_settings()
    before = files(nested)
    assert clean(nested).out == (
        "build/.verdict/far/away/e.dfy.json: its spec is gone\n"
        "build/far/away/e.dfy: its spec is gone\n"
        "2 orphans, 2 to delete; --yes deletes them\n"
    )
    assert files(nested) == before


def test_orphans_are_deleted_with_their_folders(nested: Tree) -> None:
    """With --yes they go, and folders that are empty then; everything else stays, and a build has nothing to do."""
    shutil.rmtree(nested.root / "far")
    before = files(nested)
    clean(nested, "--yes")
    left = without(before, "build/far/away/e.dfy", "build/.verdict/far/away/e.dfy.json")
    assert files(nested) == left
    assert not (nested.root / "build/far").exists()
    assert not (nested.root / "build/.verdict/far").exists()
    assert clean(nested, "--yes").out == "0 orphans, 0 deleted\n"
    assert nested.doit().code == 0
    assert (nested.summary["tasks_executed"], nested.summary["verified"]) == (0, 4)


def test_without_orphans_nothing_is_touched(built: Tree) -> None:
    """A project that is whole has none, whatever lies in its build folder beside what is built."""
    for name in ("notes.txt", "c.txt", ".verdict/notes.json", "deep/mine.md", ".dfy", "deep/.hidden.dfy"):
        built.write(f"build/{name}", "mine")
    built.write("build/old.dfy", "// mine")
    (built.root / "build/link.dfy").symlink_to(built.root / "c.dfy")
    (built.root / "build/folder.dfy").mkdir()
    built.write_settings()
    before = files(built)
    done = clean(built, "--yes")
    assert done.out.startswith("build/old.dfy: kept, it is not known what was written there (--edited takes it too)\n")
    assert files(built) == before
    clean(built, "--yes", "--edited")
    assert files(built) == without(before, "build/old.dfy")
    assert (built.root / "build/folder.dfy").is_dir()


def test_an_edited_orphan_is_kept(built: Tree) -> None:
    """One that is not what was written, and an edit that was set aside, are told and kept unless --edited is said."""
    (built.root / "c.dfy").unlink()
    (built.root / "d.dfy").unlink()
    built.write("build/c.dfy", built.read("build/c.dfy") + "// mine\n")
    built.write("build/d.dfy.edited", "mine too")
    built.write("build/d.dfy.edited-2", "mine too")
    built.write_settings()
    before = files(built)
    out = clean(built, "--yes").out
    assert "build/c.dfy: kept, it is not what was written there (--edited takes it too)\n" in out
    assert "build/d.dfy.edited: kept, an edit by hand that was set aside (--edited takes it too)\n" in out
    assert "build/d.dfy: deleted\n" in out
    assert out.endswith("6 orphans, 3 deleted\n")
    left = without(before, "build/d.dfy", "build/.verdict/c.dfy.json", "build/.verdict/d.dfy.json")
    assert files(built) == left
    assert "6 orphans" not in clean(built, "--yes", "--edited").out
    assert files(built) == without(left, "build/c.dfy", "build/d.dfy.edited", "build/d.dfy.edited-2")


def test_what_is_in_stale_and_failed_goes_too(built: Tree) -> None:
    """The last implementation and the last attempt of a spec that is gone go too; what was edited there stays."""
    (built.root / "c.dfy").unlink()
    (built.root / "d.dfy").unlink()
    built.write("build/.stale/c.dfy", built.read("build/c.dfy"))
    built.write("build/.stale/d.dfy", "mine")
    built.write("build/.failed/c.dfy", "an attempt")
    built.write("build/.failed/c.dfy.txt", "what was wrong")
    out = clean(built, "--yes").out
    for name in (".stale/c.dfy", ".failed/c.dfy", ".failed/c.dfy.txt", "c.dfy", "d.dfy"):
        assert f"build/{name}: deleted\n" in out
    assert built.read("build/.stale/d.dfy") == "mine"
    assert not (built.root / "build/.failed").exists() or not list((built.root / "build/.failed").iterdir())


def test_a_source_that_is_only_left_out_is_not_gone(built: Tree) -> None:
    """A spec that the settings name no more, but that is there, has no orphans: a wrong glob deletes nothing."""
    built.configure(specs=["a.dfy", "b.dfy"])
    built.write_settings()
    before = files(built)
    assert clean(built, "--yes", "--edited").out == "0 orphans, 0 deleted\n"
    assert files(built) == before


def test_without_what_doit_recorded_all_is_kept(built: Tree) -> None:
    """Where doit's database is lost nobody knows who wrote a file: it is kept, its verdict file goes."""
    (built.root / "c.dfy").unlink()
    (built.root / ".doit.db").unlink()
    built.write_settings()
    before = files(built)
    clean(built, "--yes")
    assert files(built) == without(before, "build/.verdict/c.dfy.json")


def test_a_link_out_of_the_build_folder_is_not_followed(built: Tree) -> None:
    """What a link in the build folder leads to is not deleted, whatever it is named."""
    built.write("elsewhere/gone.dfy", "// mine")
    built.configure(exclude=["elsewhere/**"])
    (built.root / "build/away").symlink_to(built.root / "elsewhere")
    built.write_settings()
    before = files(built)
    clean(built, "--yes", "--edited")
    assert files(built) == before


def test_it_must_be_said_what_is_cleaned(built: Tree) -> None:
    """Without --orphans the usage is shown, exit code 2."""
    done = built.s2c("clean", "--yes")
    assert (done.code, "--orphans" in done.err) == (2, True)
