"""`s2c why`: the state of one spec and the reasons, from notes of what it looked like when it was last built."""

import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from s2c.model import Diagnostic, Verdict, VerdictKind
from s2c.verdicts import to_json
from tests import chain, stand_in
from tests.chain import VALUE, clean
from tests.projects import Tree


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The three specs, built once for all tests; the verifier lies beside."""
    folder = tmp_path_factory.mktemp("finished")
    tree = chain.lay(Tree(folder / "project"), folder / "tool")
    chain.build(tree)
    return folder


@pytest.fixture
def built(tree: Tree, finished: Path) -> Tree:
    """The three specs as they are after a build."""
    chain.lay(tree, finished / "tool")
    shutil.copytree(finished / "project", tree.root, dirs_exist_ok=True, copy_function=shutil.copy2)
    return tree


def why(tree: Tree, path: str) -> str:
    """What it prints."""
    ended = clean(tree.s2c("why", path))
    assert ended.err == ""
    return ended.out


def why_json(tree: Tree, path: str) -> dict[str, Any]:
    """What it prints for a program."""
    found: dict[str, Any] = json.loads(clean(tree.s2c("why", path, "--json")).out)
    return found


def changed(tree: Tree, path: str) -> list[str]:
    """What it says that changed."""
    return [one["what"] for one in why_json(tree, path)["changes"]["found"]]


# --- what changed -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", list(chain.NAMES))
def test_a_changed_clause_is_told_with_both_texts(built: Tree, path: str) -> None:
    """Whoever imports the file, however far, hears which clause of which declaration it was, and both its texts."""
    built.write("lib/math.dfy", chain.spec("lib/math.dfy", "n + 5"))
    said = why(built, path)
    assert said.startswith(f"{path}: candidate (its contract, or what it imports, changed)\n")
    told = "  `ensures` of Max in lib/math.dfy changed\n    was: ensures r == n + 1\n    now: ensures r == n + 5\n"
    assert f"not as it was when it was last built:\n{told}key today: b2:obligation." in said


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("method Max", "method Other(n: int)\n  ensures n == n\n\nmethod Max", ["Other in lib/math.dfy is new"]),
        ("method Max", "method Most", ["Max in lib/math.dfy is gone", "Most in lib/math.dfy is new"]),
        ("Max(n: int)", "Max(n: nat)", ["the head of Max in lib/math.dfy changed"]),
        ("  ensures", "  requires n > 0\n  ensures", ["`requires` of Max in lib/math.dfy is new"]),
        ("  ensures r == n + 1\n", "", ["`ensures` of Max in lib/math.dfy is gone"]),
        ("method Max", "lemma Max", ["Max in lib/math.dfy is a lemma now"]),
    ],
)
def test_each_kind_of_change_has_its_words(built: Tree, old: str, new: str, said: list[str]) -> None:
    """New, gone, another head, a clause more or less: each is told as what it is, to the file and to its importers."""
    text = chain.spec("lib/math.dfy")
    assert old in text
    built.write("lib/math.dfy", text.replace(old, new))
    assert changed(built, "far.dfy") == changed(built, "lib/math.dfy") == said


def test_an_import_that_came_or_went_is_told(built: Tree) -> None:
    """A file that is no longer imported is named, and so is one that is new; the far importer hears of it too."""
    built.write("lib/more.dfy", stand_in.spec("More", VALUE))
    built.write("top.dfy", stand_in.spec("Top", VALUE, "lib/more.dfy"))
    for path in ("top.dfy", "far.dfy"):
        assert changed(built, path) == ["lib/math.dfy is no longer imported", "lib/more.dfy is imported now"]


def test_a_comment_is_no_change_of_an_obligation(built: Tree) -> None:
    """A comment in an imported file leaves its importers alone, and beside a real change it is not told."""
    text = chain.spec("lib/math.dfy")
    commented = text.replace("method Max", "// the larger one\nmethod /* here */ Max")
    built.write("lib/math.dfy", commented)
    assert why(built, "top.dfy").startswith("top.dfy: current\n")
    own = why_json(built, "lib/math.dfy")
    assert (own["reason"], own["changes"]) == ("its text changed, not its meaning", None)
    built.write("lib/math.dfy", commented.replace("r == n + 1", "r == n + 2"))
    assert changed(built, "top.dfy") == ["`ensures` of Max in lib/math.dfy changed"]


def test_a_lost_note_makes_the_reason_less_exact(built: Tree) -> None:
    """Without this machine's database nothing breaks: it is said that what changed can't be said."""
    shutil.rmtree(built.root / "cache/db")
    built.write("lib/math.dfy", chain.spec("lib/math.dfy", "n + 5"))
    said = why(built, "top.dfy")
    assert "top.dfy: candidate (its contract, or what it imports, changed)\n" in said
    assert "what changed can't be said: no note is left on this machine of how it was when it was last built\n" in said
    assert why_json(built, "top.dfy")["changes"] == {"since": "when it was last built", "found": None}


def test_frozen_tells_what_changed(built: Tree) -> None:
    """A miss under frozen=1 names the clause with both texts; without the note it says that it can't."""
    built.write("lib/math.dfy", chain.spec("lib/math.dfy", "n + 5"))
    line = "its contract, or what it imports, changed: `ensures` of Max in lib/math.dfy changed"
    said = clean(built.doit("frozen=1"), 4).out
    assert said.count(f"{line} (was `ensures r == n + 1`, is `ensures r == n + 5`)") == 3
    shutil.rmtree(built.root / "cache/db")
    assert "no note of how it was is left on this machine" in clean(built.doit("frozen=1"), 4).out


def test_what_was_never_recorded_is_held_against_the_store(built: Tree) -> None:
    """Where doit's database is gone, the store's last implementation of the file is what it is compared with."""
    (built.root / ".doit.db").unlink()
    built.write("lib/math.dfy", chain.spec("lib/math.dfy", "n + 5"))
    found = why_json(built, "top.dfy")
    assert (found["reason"], found["recorded"]) == ("never built here", "")
    assert found["changes"]["since"] == "when the store last had an implementation of it"
    assert changed(built, "top.dfy") == ["`ensures` of Max in lib/math.dfy changed"]


def notes(tree: Tree) -> dict[str, float]:
    """The notes of what obligations looked like, among this machine's findings, and when each was written."""
    with closing(sqlite3.connect(tree.root / "cache/db/verdicts/cache.db")) as connection:
        rows = connection.execute("select key, store_time from Cache").fetchall()
    return {key: time for key, time in rows if re.match(r"analysis (past|picture)\.", key)}


def test_a_build_writes_few_notes_and_a_build_of_nothing_none(built: Tree) -> None:
    """A node, its name and a picture for each spec; an edit adds those of what it made anew; nothing new, nothing."""
    before = notes(built)
    assert len(before) == 3 * len(chain.NAMES)
    clean(built.doit())
    assert notes(built) == before
    built.write("top.dfy", chain.spec("top.dfy") + "\nmethod More(n: int)\n")
    chain.build(built)
    after = notes(built)
    assert {key: after[key] for key in before} == before
    assert len(after) == len(before) + 3 + 2  # far.dfy itself says what it did: no picture


# --- its state --------------------------------------------------------------------------------------------------------


def test_the_state_is_the_one_of_the_plan(built: Tree) -> None:
    """For every spec, in every state that files alone bring about, `why` says what `plan` says."""
    built.write("new.dfy", stand_in.spec("New", VALUE))
    built.write("broken.dfy", "method (\n")
    built.write("given.dfy", "method Given(n: int)\n{\n}\n")
    built.write("far.dfy", chain.spec("far.dfy", "n + 3"))
    built.write("value.dfy", "function Value(n: nat): nat\n// <vc-code>\n{\n}\n// </vc-code>\n")
    built.write("reads.dfy", stand_in.spec("Reads", "Value(n)", "value.dfy"))
    built.write("build/top.dfy", built.read("build/top.dfy").replace("r := n + 1;", "r := n + 1; // mine"))
    built.write("lib/math.dfy", "// words\n" + chain.spec("lib/math.dfy"))
    planned = json.loads(clean(built.s2c("plan", "--json")).out)["specs"]
    assert len({one["state"] for one in planned}) >= 6
    for one in planned:
        (path,) = one["specs"]
        found = why_json(built, path)
        key = one["key"] or ""
        assert (found["state"], found["reason"], found["today"]) == (one["state"], one["reason"], key)


def test_both_keys_are_told(built: Tree) -> None:
    """What was recorded and what is owed today: the same where nothing changed, two keys where something did."""
    found = why_json(built, "top.dfy")
    assert found["recorded"] == found["today"] != ""
    assert "key of what was built: the same\n" in why(built, "top.dfy")
    built.write("top.dfy", chain.spec("top.dfy", "n + 7"))
    now = why_json(built, "top.dfy")
    assert (now["recorded"], now["today"] != found["today"]) == (found["today"], True)
    assert f"key of what was built: {found['today']}\n" in why(built, "top.dfy")


def test_neighbours_are_told(built: Tree) -> None:
    """Who imports it and what it imports: directly by name, the others by number; of a cycle, who is in it."""
    assert "imported by: top.dfy, 1 more through others\nimports: nothing\n" in why(built, "lib/math.dfy")
    assert "imported by: nothing\nimports: top.dfy, 1 more through others\n" in why(built, "far.dfy")
    built.write("lib/math.dfy", stand_in.spec("Max", VALUE, "../top.dfy"))
    found = why_json(built, "top.dfy")
    assert found["cycle"] == ["lib/math.dfy"]
    assert found["imported_by"] == {"direct": ["far.dfy", "lib/math.dfy"], "others": 0}
    assert "in an import cycle with lib/math.dfy\n" in why(built, "top.dfy")
    assert "lib/math.dfy is part of its import cycle now" in changed(built, "top.dfy")


# --- its verdict and attempts -----------------------------------------------------------------------------------------


def test_the_last_verdict_is_told(built: Tree) -> None:
    """What `verify` wrote last: the kind, and every diagnostic with its place."""
    assert "verdict when last verified: verified" in why(built, "top.dfy")
    broken = [Diagnostic("top.dfy", line, 3, "error", f"number {line}", "text") for line in (7, 9)]
    verdict = to_json(Verdict(VerdictKind.FAILED, "key", "2 errors", tuple(broken), remarks=("twin-open",)))
    built.write("build/.verdict/top.dfy.json", json.dumps({**verdict, "waiting": ["lib/math.dfy"]}))
    lines = ["  top.dfy:7:3: error: number 7", "  top.dfy:9:3: error: number 9", "  twin-open"]
    told = "\n".join(["verdict when last verified: failed: 2 errors", *lines, "  waiting for lib/math.dfy", ""])
    assert told in why(built, "top.dfy")


def test_the_last_failure_is_told(built: Tree) -> None:
    """What has no implementation: every diagnostic of what was judged last, with its place, until there is one."""
    text = "method Bad(n: int) returns (r: int)\n  ensures r == n\n{\n  r := 0;\n}\n"
    built.write("bad.dfy", text)
    clean(built.doit("generate:bad.dfy"), 1)
    said = why(built, "bad.dfy")
    assert "the last attempt that failed:\n" in said
    assert "  bad.dfy:2:11: error: a postcondition could not be proved on this return path\n" in said
    assert "verdict: none (`doit verify:bad.dfy` writes one)\n" in said
    built.write("bad.dfy", text.replace("r := 0;", "r := n;"))
    clean(built.doit("generate:bad.dfy", "verify:bad.dfy"))
    assert "failed" not in why(built, "bad.dfy")


def test_a_verdict_that_is_not_there_or_damaged_is_told(built: Tree) -> None:
    """No verdict file: how to get one. One that can't be read: that, and no guess."""
    built.write("build/.verdict/top.dfy.json", '{"kind": "verified"')
    assert "verdict when last verified: unknown: its verdict file can't be read" in why(built, "top.dfy")
    built.write("build/.verdict/top.dfy.json", '{"kind": "verified"}')
    assert "verdict when last verified: unknown" in why(built, "top.dfy")
    (built.root / "build/.verdict/top.dfy.json").unlink()
    assert "verdict: none (`doit verify:top.dfy` writes one)\n" in why(built, "top.dfy")


def test_attempts_are_told(tree: Tree, tmp_path: Path) -> None:
    """Number, model, verdict and first diagnostic of each; whether they are used up; another model's don't count."""
    chain.lay(tree, tmp_path / "tool")
    tree.configure(max_attempts=2)
    with chain.served(tree, "0", "1", "2"):
        clean(tree.doit("generate:lib/math.dfy"), 1)
    said = why(tree, "lib/math.dfy")
    assert said.startswith("lib/math.dfy: exhausted (never built here)\n")
    assert "attempts: 2 of 2; cost unknown; its 2 attempts are used up (retry=1 asks again)\n" in said
    for number in (1, 2):
        assert f"  {number}. played-model-1: failed: lib/math.dfy:5:11: error: a postcondition" in said
    tree.configure(model="m-2")
    said = why(tree, "lib/math.dfy")
    assert "lib/math.dfy: ask" in said
    assert "attempts: 0 of 2; cost unknown\n" in said
    assert said.count("it does not count)") == 2


# --- for programs, and what is wrong ----------------------------------------------------------------------------------


def test_a_program_reads_the_same(built: Tree) -> None:
    """--json has everything that the text has."""
    built.write("lib/math.dfy", chain.spec("lib/math.dfy", "n + 5"))
    found, said = why_json(built, "top.dfy"), why(built, "top.dfy")
    assert found["path"] == "top.dfy"
    told = [found["state"], found["reason"], found["today"], found["recorded"], found["verdict"]["kind"]]
    told += [text for one in found["changes"]["found"] for text in one.values()]
    told += [*found["imports"]["direct"], *found["imported_by"]["direct"], f"of {found['attempts_allowed']}"]
    assert [text for text in told if text not in said] == []
    assert (found["attempts"], found["cost"], found["used_up"], found["cycle"]) == ([], "", "", [])


def test_an_unknown_spec_is_told_with_the_nearest(built: Tree) -> None:
    """Exit code 2 and the nearest path there is; where none is near, how to list them."""
    near = clean(built.s2c("why", "lib/maths.dfy"), 2)
    assert near.err == "s2c: lib/maths.dfy is not a spec of this project\n  -> did you mean lib/math.dfy?\n"
    assert near.out == ""
    far = clean(built.s2c("why", "~"), 2)
    assert far.err == "s2c: ~ is not a spec of this project\n  -> `s2c plan` lists all of them\n"
    assert "usage:" in clean(built.s2c("why"), 2).err
    assert why(built, "./lib/../top.dfy").startswith("top.dfy: current\n")


def test_why_writes_nothing(built: Tree) -> None:
    """It reads: no file of the project changes."""
    built.write("lib/math.dfy", chain.spec("lib/math.dfy", "n + 5"))
    why(built, "top.dfy")  # what an opening of the store and of the project leaves is there now
    before = {path: path.read_bytes() for path in built.root.rglob("*") if path.is_file()}
    why(built, "top.dfy")
    after = {path: path.read_bytes() for path in built.root.rglob("*") if path.is_file()}
    assert {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)} <= {
        path for path in after if path.name.startswith("cache.db-")
    }
