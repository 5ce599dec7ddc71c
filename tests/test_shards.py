"""A run split over machines: every file in one part, the parts merged are the whole, and nothing is paid for twice."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from s2c import graph as graphs
from s2c import shards
from s2c.config import load
from s2c.graph import Graph
from s2c.report import merged, result
from s2c.report.result import Result
from tests import stand_in
from tests.chain import clean
from tests.loopback import Received
from tests.openai_server import AnswerBook, Server, answer_fills
from tests.projects import Tree
from tests.runs import names
from tests.test_junit import EMPTY, read, told

COUNT = 4
VALUE = "n + 1"
BAD = "Bad"
GIVEN = "lemma Given()\n{\n}\n"
IMPORTS: dict[str, tuple[str, ...]] = {
    **{f"S{number}": () for number in range(6)},
    "Base": ("given.dfy",),
    "Over": ("Base.dfy", "given.dfy"),
    "Other": ("given.dfy",),
    BAD: (),
    "OnBad": ("Bad.dfy",),
}


def lay(tree: Tree, tool: Path) -> Tree:
    """Specs alone, some on one without holes, some in a row, one that can't be proved and one that waits for it."""
    stand_in.install(tree, tool)
    tree.write("given.dfy", GIVEN)
    for name, imports in IMPORTS.items():
        tree.write(f"{name}.dfy", stand_in.spec(name, VALUE, *imports))
    tree.configure(model="m-1", max_attempts=1, price_input=1, price_output=1)
    tree.env = {"S2C_VERDICT_KEY": "11" * 32}
    return tree


def server() -> Server:
    """It knows all of them, and is wrong about one."""
    fills = [
        {"match": stand_in.head(name), "fills": stand_in.fill("0" if name == BAD else VALUE)}
        for name in (*IMPORTS, "New")
    ]
    return Server(answer_fills(AnswerBook(fills)))


def asked_for(requests: list[Received]) -> list[str]:
    """Every spec as often as it was asked for."""
    return sorted(name for one in requests for name in names(one))


def graph_of(tree: Tree) -> Graph:
    """Its graph."""
    tree.write_settings()
    return graphs.load(load(tree.root, environ={}))


def own(graph: Graph, count: int = COUNT) -> list[frozenset[str]]:
    """What each shard answers for."""
    return [shards.part(graph, number, count).own for number in range(1, count + 1)]


@pytest.fixture
def project(tree: Tree, tmp_path: Path) -> Tree:
    """The project, never built."""
    return lay(tree, tmp_path / "tool")


def test_every_file_is_in_one_shard(project: Tree) -> None:
    """The parts are the project: no file in none, none in two; what costs a request is nobody else's need."""
    graph = graph_of(project)
    for count in (1, 2, 3, 4, 9):
        parts = [shards.part(graph, number, count) for number in range(1, count + 1)]
        assert sorted(path for one in parts for path in one.own) == sorted(graph.specs)
        with_holes = {path for path, one in graph.specs.items() if one.outline.holes}
        assert sorted(path for one in parts for path in one.needed if path in with_holes) == sorted(with_holes)
    assert shards.part(graph, 1, 9).needed >= shards.part(graph, 1, 9).own


def test_an_import_without_holes_ties_nothing(project: Tree) -> None:
    """Specs that share nothing but a given file go to different shards somewhere: else one file would tie a project."""
    graph = graph_of(project)
    homes = {name: {count: _home(graph, f"{name}.dfy", count) for count in range(2, 12)} for name in IMPORTS}
    assert homes["Base"] == homes["Over"]
    assert homes[BAD] == homes["OnBad"]
    assert homes["Base"] != homes["Other"]


def _home(graph: Graph, path: str, count: int) -> int:
    return next(number for number, paths in enumerate(own(graph, count)) if path in paths)


def test_another_spec_moves_no_other(project: Tree) -> None:
    """New specs, alone or on top of others, whatever their names: all that were there stay in their shards."""
    before = own(graph_of(project))
    for number in range(20):
        project.write(f"A{number}.dfy", stand_in.spec(f"A{number}", VALUE))
    project.write("0.dfy", stand_in.spec("Zero", VALUE, "Over.dfy"))
    after = own(graph_of(project))
    assert all(old <= new for old, new in zip(before, after, strict=True))


def test_shards_and_merge_are_one_run(project: Tree, tmp_path: Path) -> None:
    """Four shards on clones, merged: rows, cases, counts, exit code and requested specs of one run.

    Their records unite by git without a conflict, and a clone of that asks for nothing.
    """
    bare = tmp_path / "bare.git"
    _git(tmp_path, "init", "-q", "--bare", "-b", "main", str(bare))
    with server() as one:
        project.configure(base_url=one.url)
        project.write_settings()
        (project.root / ".gitignore").write_text("build/\ncache/db/\n.doit.db*\n")
        _commit(project.root, bare)
        whole = copy(project, bare, tmp_path / "whole")
        ended = whole.doit("shard=1/1", "junit=a.xml")
        clean(ended, 1)
        once = asked_for(one.requests)
        files, codes = [], []
        for number in range(1, COUNT + 1):
            clone = copy(project, bare, tmp_path / f"shard{number}")
            ended = clone.doit(f"shard={number}/{COUNT}")
            assert f"shard {number}/{COUNT}: " in ended.err
            codes.append(ended.code)
            files.append(str(shutil.copy(clone.root / "build/result.json", tmp_path / f"{number}.json")))
            _push(clone.root, f"shard{number}")
        assert asked_for(one.requests[:]) == sorted([*once, *once])
        merged = whole.s2c("report", "merge", *files, "--junit", "b.xml", "--output", "whole.json")
        clean(merged, 1)
        assert set(codes) == {0, 1}
        assert told(read(whole.read("b.xml").encode())) == told(read(whole.read("a.xml").encode()))
        same(result.from_json(whole.read("whole.json"), ""), result.from_json(whole.read("build/result.json"), ""))
        united = copy(project, bare, tmp_path / "united")
        for number in range(1, COUNT + 1):
            _git(united.root, "merge", "-q", "--no-edit", f"origin/shard{number}")
        count = len(one.requests)
        clean(united.doit(), 1)
        assert len(one.requests) == count
        assert json.loads(united.read("build/summary.json"))["verified"] == len(IMPORTS) - 1


def test_records_of_shards_unite_by_files_too(project: Tree, tmp_path: Path) -> None:
    """Folders of records as a job's artifacts, taken in one after the other: then nothing is asked."""
    with server() as one:
        project.configure(base_url=one.url)
        for number in (1, 2):
            folder = tmp_path / f"s{number}"
            project.doit(f"shard={number}/2", f"cache=c{number}")
            shutil.copytree(project.root / f"c{number}/records", folder)
        count = len(one.requests)
        for number in (1, 2):
            clean(project.s2c("cache", "import", str(tmp_path / f"s{number}")))
        clean(project.s2c("cache", "export"))
        clean(project.doit(), 1)
        assert len(one.requests) == count


def copy(tree: Tree, bare: Path, folder: Path) -> Tree:
    """A clone of the repository, with the same settings."""
    made = Tree(folder / "empty")
    _git(folder, "clone", "-q", str(bare), str(folder / "project"))
    made.root = folder / "project"
    made.settings, made.tables, made.env = dict(tree.settings), dict(tree.tables), dict(tree.env)
    _name(made.root)
    return made


def same(left: Result, right: Result) -> None:
    """Everything that does not depend on how requests were cut and what was judged twice."""
    assert (left.code, left.files, left.project, left.error) == (right.code, right.files, right.project, right.error)
    assert left.rows == right.rows
    plain = [sorted(repr(replace(case, milliseconds=0)) for case in one.cases) for one in (left, right)]
    assert plain[0] == plain[1]
    for name in (
        "files",
        "specs",
        "verified",
        "failed",
        "waiting",
        "up_to_date",
        "origins",
        "remarks",
        "lint",
        "tools",
    ):
        assert getattr(left.summary, name) == getattr(right.summary, name), name


def _name(folder: Path) -> None:
    _git(folder, "config", "user.email", "bot@example.org")
    _git(folder, "config", "user.name", "bot")


def _commit(folder: Path, bare: Path) -> None:
    _git(folder, "init", "-q", "-b", "main")
    _name(folder)
    _git(folder, "add", "-A")
    _git(folder, "commit", "-q", "-m", "specs")
    _git(folder, "push", "-q", str(bare), "main")


def _push(folder: Path, branch: str) -> None:
    _git(folder, "checkout", "-q", "-b", branch)
    _git(folder, "add", "cache/records")
    _git(folder, "commit", "-q", "-m", branch, "--allow-empty")
    _git(folder, "push", "-q", "origin", branch)


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)  # noqa: S607 - the user's git


# --- what merge refuses -----------------------------------------------------------------------------------------------


@pytest.fixture
def parts(project: Tree) -> list[Path]:
    """The results of two shards that found nothing in the records."""
    found = []
    for number in (1, 2):
        clean(project.doit(f"shard={number}/2", "frozen=1"), 4)
        found.append(project.root / f"{number}.json")
        shutil.copy(project.root / "build/result.json", found[-1])
    return found


def merge(tree: Tree, *files: Path) -> tuple[int, str]:
    """The exit code of a merge, and what it says."""
    ended = tree.s2c("report", "merge", *map(str, files))
    assert "Traceback" not in ended.text
    return ended.code, ended.text


def test_what_is_missing_is_never_green(project: Tree, parts: list[Path]) -> None:
    """Both parts give 4; one alone, one twice, one of other sources, or one that was touched is an error."""
    first, second = parts
    assert merge(project, *parts)[0] == 4
    code, said = merge(project, second)
    assert (code, "there is no result of shard 1/2" in said) == (2, True)
    twice = first.with_name("again.json")
    twice.write_bytes(first.read_bytes())
    code, said = merge(project, first, twice, second)
    assert (code, "is of shard 1/2, and so is" in said) == (2, True)
    assert merge(project, first, first.with_name("none.json"))[0] == 2
    for change in (
        {"project": "other"}, {"shard": "2/3"}, {"code": "0"}, {"version": "0"}, {"form": "x"}, {"rows": [{"path": 3}]},
        {"summary": {}}, {"cases": [{"kind": "verify", "path": "a", "outcome": "good"}]}, {"more": 1},
    ):  # fmt: skip
        raw: dict[str, Any] = json.loads(second.read_text())
        twice.write_text(json.dumps({**raw, **change}))
        assert merge(project, first, twice)[0] == 2, change
    for content in (b"", b"[]", b"\xff", first.read_bytes()[:-200]):
        twice.write_bytes(content)
        assert merge(project, second, twice)[0] == 2, content


def shard(number: int, code: int, error: str = "", cost: str = "0.5 USD") -> Result:
    """A result of one of two."""
    return Result(code, f"{number}/2", "b2:1", 2, error, replace(EMPTY, cost=cost, requests=3), (), ())


@pytest.mark.parametrize(
    ("codes", "whole"),
    [((0, 0), 0), ((0, 1), 1), ((4, 1), 4), ((2, 4), 2), ((3, 2), 3), ((5, 3), 5), ((0, 5), 5), ((0, 77), 77)],
)
def test_the_whole_ends_as_one_run_would(codes: tuple[int, int], whole: int) -> None:
    """Of two exit codes the one that a run over everything has, whichever comes first; costs are added if known."""
    for first, second in (codes, codes[::-1]):
        made = merged.merge({"a": shard(1, first), "b": shard(2, second)})
        assert (made.code, made.shard, made.summary.cost, made.summary.requests) == (whole, "", "1 USD", 6)
    assert merged.merge({"a": shard(1, 1, "store"), "b": shard(2, 4)}).code == 1
    assert merged.merge({"a": shard(1, 0), "b": shard(2, 0, cost="unknown")}).summary.cost == "unknown"


def test_a_shard_that_did_not_end_leaves_no_result(project: Tree, parts: list[Path]) -> None:
    """An older result is gone when a run begins: of one that is killed there is none."""
    assert parts
    with Server(lambda exchange: exchange.closing.wait(60)) as mute:
        project.configure(base_url=mute.url)
        process = project.start("shard=1/2")
        while not mute.requests and process.poll() is None:
            process.poll()
        process.kill()
        process.communicate()
    assert not (project.root / "build/result.json").exists()


def test_a_shard_without_files_ends_well(project: Tree) -> None:
    """With more shards than files some have none: they say so, end green, and leave their result."""
    graph = graph_of(project)
    empty = next(number for number, paths in enumerate(own(graph, 40), start=1) if not paths)
    ended = clean(project.doit(f"shard={empty}/40"))
    assert "0 of 12 files" in ended.err
    assert json.loads(project.read("build/result.json"))["rows"] == []


@pytest.mark.parametrize("shard", ["0/4", "5/4", "4", "a/b", "1/0", "1/4/2", "-1/4", "1/ 4"])
def test_a_shard_that_is_none_is_told(project: Tree, shard: str) -> None:
    """What is no K of N is a wrong setting."""
    assert "shard must be K/N" in clean(project.doit("list", f"shard={shard}"), 3).err


def test_records_are_written_only_where_they_are_wanted(project: Tree) -> None:
    """records=false: the same build, and no file in cache/records; what is paid for is in the store all the same."""
    with server() as one:
        project.configure(base_url=one.url)
        clean(project.doit("records=false"), 1)
        assert not list(project.root.glob("cache/records/*.jsonl"))
        count = len(one.requests)
        shutil.rmtree(project.root / "build")
        clean(project.doit("records=false"), 1)
        assert len(one.requests) == count
        told = project.s2c("doctor", env={"S2C_RECORDS": "0"}).out
        assert re.search("^ok +records: 0 in .*: records = false leaves [0-9]+ of the store out$", told, re.MULTILINE)
        assert "records = false" in clean(project.s2c("cache", "export", env={"S2C_RECORDS": "0"}), 3).err
        clean(project.s2c("cache", "export"))
        assert list(project.root.glob("cache/records/*.jsonl"))
