"""Records in git: branches that answer, merge, and a CI job that has nothing else."""

import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from s2c.store import Store
from tests import stand_in
from tests.crashes import implementations, lay_out
from tests.loopback import Server
from tests.openai_server import AnswerBook, answer_fills
from tests.projects import Ended, Tree
from tests.test_store import SECRET, made

NAMES = "abcdefgh"
GIT = shutil.which("git") or "git"
IDENTITY = {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
ENVIRONMENT = {**IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
ANOTHER_MACHINE = {"S2C_VERDICT_KEY": "22" * 32}


def git(folder: Path, *words: str) -> str:
    """Run git as nobody in particular."""
    done = tried(folder, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tried(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """The same, however it ends."""
    environment = {**os.environ, **ENVIRONMENT}
    return subprocess.run([GIT, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def commit(folder: Path) -> None:
    """Everything as it is now."""
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "x")


def value(name: str, form: int = 0) -> str:
    """What a spec wants; another form is another obligation."""
    return f"n + {ord(name) + 1000 * form}"


def model(*, form: int = 0) -> AnswerBook:
    """Knows all of them, in this form."""
    return AnswerBook(
        {"match": stand_in.head(name.upper()) + f"\n  ensures r == {wanted}", "fills": stand_in.fill(wanted)}
        for name in NAMES
        for wanted in {value(name), value(name, form)}
    )


def write(tree: Tree, names: str, form: int = 0) -> None:
    """Write these specs."""
    for name in names:
        tree.write(f"{name}.dfy", stand_in.spec(name.upper(), value(name, form)))


@pytest.fixture
def project(tmp_path: Path) -> Tree:
    """An empty project in git."""
    tree = lay_out(Tree(tmp_path / "project"), tmp_path / "tool")
    for path in tree.root.glob("*.dfy"):
        path.unlink()
    tree.write(".gitignore", "build/\ncache/db/\n.doit.db*\n__pycache__/\n")
    git(tree.root, "init", "-q", "-b", "main")
    return tree


def built(tree: Tree, *, form: int = 0) -> Ended:
    """Build it with a model, and commit what came."""
    with Server(answer_fills(model(form=form))) as server:
        tree.configure(base_url=server.url)
        done = tree.doit()
    tree.configure(base_url="http://127.0.0.1:9/v1")
    tree.write_settings()
    assert done.code == 0, done.text
    commit(tree.root)
    return done


def cloned(tree: Tree, folder: Path) -> Tree:
    """What `git clone` gives to another machine."""
    git(tree.root, "clone", "-q", str(tree.root), str(folder))
    clone = Tree(folder.parent / f"{folder.name}-empty")
    shutil.rmtree(clone.root)
    clone.root = folder
    clone.settings, clone.tables, clone.env = tree.settings, tree.tables, {**tree.env, **ANOTHER_MACHINE}
    return clone


def test_a_clone_builds_the_same_bytes_and_verifies_them(project: Tree, tmp_path: Path) -> None:
    """A CI job with sources and records alone, frozen=1: the same files bit by bit, no request, judged there."""
    write(project, "abc")
    built(project)
    clone = cloned(project, tmp_path / "clone")
    assert not (clone.root / "cache/db").exists()
    done = clone.doit("frozen=1")
    assert done.code == 0, done.text
    assert implementations(clone) == implementations(project) != {}
    assert (clone.summary["requests"], clone.summary["verified"]) == (0, 3)
    assert clone.summary["verifier_runs"] >= 2 * 3
    assert git(clone.root, "status", "--porcelain") == ""


@pytest.mark.slow
def test_branches_that_answer_different_specs_merge(project: Tree, tmp_path: Path) -> None:
    """Two branches with new specs of their own merge without a conflict; a clone of the merge is green, frozen."""
    write(project, "ab")
    built(project)
    git(project.root, "checkout", "-q", "-b", "side")
    write(project, "cde")
    built(project)
    git(project.root, "checkout", "-q", "main")
    shutil.rmtree(project.root / "cache/db")
    write(project, "fgh")
    built(project)
    git(project.root, "merge", "-q", "--no-edit", "side")
    clone = cloned(project, tmp_path / "clone")
    done = clone.doit("frozen=1")
    assert done.code == 0, done.text
    assert sorted(implementations(clone)) == [f"{name}.dfy" for name in NAMES]
    assert "skipped" not in done.text


@pytest.mark.slow
def test_branches_that_answer_the_same_spec_agree_after_a_merge(project: Tree, tmp_path: Path) -> None:
    """Both branches got another implementation of one spec: both are kept, and every clone builds the same one."""
    project.write("dodo.py", '"""The build."""\n\nfrom s2c.tasks import *\n')
    commit(project.root)
    for branch, more in (("one", "  var first := 1;\n"), ("two", "  var second := 2;\n")):
        git(project.root, "checkout", "-q", "-b", branch, "main")
        shutil.rmtree(project.root / "cache", ignore_errors=True)
        shutil.rmtree(project.root / "build", ignore_errors=True)
        write(project, "a")
        fills = {"h1": "", "h2": f"{more}  r := {value('a')};"}
        with Server(answer_fills(AnswerBook([{"match": stand_in.head("A"), "fills": fills}]))) as server:
            project.configure(base_url=server.url)
            assert project.doit().code == 0
        project.configure(base_url="http://127.0.0.1:9/v1")
        project.write_settings()
        commit(project.root)
    git(project.root, "merge", "-q", "--no-edit", "one")
    shutil.rmtree(project.root / "build")
    clone = cloned(project, tmp_path / "clone")
    for tree in (project, clone):
        assert tree.doit("frozen=1").code == 0
    assert implementations(project) == implementations(clone)
    with Store.open(clone.root / "cache", secret=SECRET) as store:
        assert len(store.implementations(store.latest_for_path("a.dfy")[0].obligation)) == 2


@pytest.mark.slow
def test_a_frozen_miss_says_what_changed(project: Tree, tmp_path: Path) -> None:
    """What the records don't have ends with 4, and is listed with what is different, in a fresh clone and here."""
    write(project, "abc")
    built(project)
    clone = cloned(project, tmp_path / "clone")
    for tree in (project, clone):
        write(tree, "a", form=1)
        write(tree, "d")
        done = tree.doit("frozen=1")
        assert done.code == 4, done.text
        lines = {line.partition(":")[0]: line for line in done.out.splitlines()}
        assert "frozen; " in lines["a.dfy"]
        assert "its contract, or what it imports, changed" in lines["a.dfy"]
        assert "the records hold nothing for it" in lines["d.dfy"]
        assert tree.states == {
            "a.dfy": "not generated",
            "b.dfy": "verified",
            "c.dfy": "verified",
            "d.dfy": "not generated",
        }
        assert tree.summary["requests"] == 0


def key(rng: random.Random) -> str:
    """The key of some obligation."""
    return f"b2:obligation.1:{rng.getrandbits(160):040x}"


def conflicts(folder: Path, pairs: int, *, union: bool) -> int:
    """How many of so many pairs of additions to one set of records conflict in git."""
    found = 0
    for number in range(pairs):
        rng = random.Random(number)  # noqa: S311 - the same pairs in every run
        place = folder / f"{number}-{union}"
        with Store.open(place / "cache", secret=SECRET) as store:
            for one in range(40):
                store.add_implementation(made(f"base {one}", key=key(rng)))
            store.export_records()
            if not union:
                (store.records_folder / ".gitattributes").write_text("", encoding="utf-8")
            git(place, "init", "-q", "-b", "main")
            (place / ".gitignore").write_text("db/\n", encoding="utf-8")
            commit(place)
            for branch in ("one", "two"):
                git(place, "checkout", "-q", "-b", branch, "main")
                with Store.open(folder / f"{number}-{union}-{branch}", secret=SECRET) as own:
                    own.import_records(store.records_folder)
                    for one in range(16):  # what one request brings
                        own.add_implementation(made(f"{branch} {one}", key=key(rng)))
                    own.export_records(store.records_folder)
                commit(place)
            found += tried(place, "merge", "-q", "--no-edit", "one").returncode != 0
            if union:
                clone = Store.open(folder / f"{number}-clone", secret=SECRET)
                assert clone.import_records(store.records_folder) == 40 + 2 * 16
                assert clone.problems == []
    return found


def test_additions_of_two_branches_do_not_conflict(tmp_path: Path) -> None:
    """Random pairs of additions, 16 records a branch: none conflicts, and after the merge every record is read."""
    assert conflicts(tmp_path, 2, union=True) == 0
