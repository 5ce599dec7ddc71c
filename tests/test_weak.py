"""The deep lint with a real Dafny: what trivial fills prove is told, and never becomes more than a remark."""

from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

import pytest

from s2c import config as configs
from s2c import project as projects
from s2c import stands, weak
from s2c.bill import make
from s2c.case import Case, Laid
from s2c.digest import Json
from s2c.languages.base import language
from s2c.lint import Remarks
from s2c.plan import State
from s2c.process import RawRun, Run
from s2c.project import Built
from s2c.rounds import Client
from s2c.session import Session
from s2c.store import Store
from tests.corpus import specs
from tests.dafny_tools import installed
from tests.picture import HELPERS, HOLE, SECRET
from tests.projects import Tree

GOOD = f"method Next(n: int) returns (r: int)\n  ensures r == n + 1\n{HOLE}"
WEAK = f"method Grow(n: nat) returns (ok: bool, s: seq<int>)\n  ensures ok || |s| > n\n{HOLE}"


class Noting(Store):
    """A store that notes each verdict that it is given."""

    def __init__(self, folder: Path, *, secret: bytes, read_only: bool = False) -> None:
        super().__init__(folder, secret=secret, read_only=read_only)
        self.signed: list[Mapping[str, Json]] = []

    def put_verdict(self, key: str, payload: Mapping[str, Json]) -> None:
        """Note it, and keep it."""
        self.signed.append(payload)
        super().put_verdict(key, payload)


@contextmanager
def session(tree: Tree, *command: str, **settings: str) -> Iterator[Session]:
    """One run in a project, with this Dafny."""
    tree.dafny = command
    tree.write_settings()
    config = configs.load(tree.root, overrides={"lint": "deep", **settings}, environ={})
    with Noting.open(config.cache_folder, secret=SECRET) as store:
        project = projects.load(config, store, dict[str, Built]().get)
        yield Session(project, lambda _: None, _unasked)


def _unasked() -> Client:
    raise AssertionError("nothing is asked")


def looked(tree: Tree, *command: str, **settings: str) -> tuple[Remarks, int]:
    """The remarks on all specs, and how many processes were run for them."""
    with session(tree, *command, **settings) as one:
        return one.remarks(list(one.project.graph.components)), one.runs


def told(remarks: Remarks) -> list[tuple[str, int, str]]:
    """Path, line and rule of each remark."""
    assert remarks.notes == ()
    return [(one.path, one.line, one.rule) for one in remarks.findings]


def test_a_sort_that_may_forget_its_input_is_weak(tree: Tree, dafny: tuple[str, ...], shared: Path) -> None:
    """DD0274, a published insertion sort that verifies, is proved by setting every element to 0; a good spec is not."""
    tree.write("sort.dfy", specs(shared, "dafny")["DD0274"])
    tree.write("good.dfy", GOOD)
    found, _ = looked(tree, *dafny)
    assert told(found) == [("sort.dfy", 23, "assumes"), ("sort.dfy", 31, "weak")]
    assert found.findings[1].message.startswith(
        "proved by `forall s2c_i | 0 <= s2c_i < a.Length { a[s2c_i] := 0; }` in insertionSort: "
    )


@pytest.mark.endtoend
def test_each_owner_is_tried_beside_the_others(tree: Tree, dafny: tuple[str, ...]) -> None:
    """Of two owners in a file the weak one is told, whatever the other needs; lemmas are not tried."""
    lemma = f"lemma Obvious(n: int)\n  ensures n < n + 1\n{HOLE}"
    tree.write("both.dfy", HELPERS + GOOD + WEAK + lemma)
    found, _ = looked(tree, *dafny)
    assert told(found) == [("both.dfy", 9, "weak")]
    assert "proved by `ok := true; s := [];` in Grow" in found.findings[0].message


def test_an_imported_spec_stands_in_for_itself(tree: Tree, any_dafny: tuple[str, ...]) -> None:
    """A spec is tried beside the specs that it imports, holes and all, and beside the axioms that they become."""
    tree.write("lib.dfy", f"function Half(n: nat): nat\n  ensures Half(n) <= n\n{HOLE}")
    top = f'include "lib.dfy"\nmethod Top(n: nat) returns (r: nat)\n  ensures r <= n + Half(n)\n{HOLE}'
    tree.write("top.dfy", top)
    tree.write("good.dfy", top.replace("r <=", "r == 1 +").replace("Top", "Good"))
    found, _ = looked(tree, *any_dafny)
    assert told(found) == [("lib.dfy", 1, "weak"), ("top.dfy", 2, "weak")]
    said = [one.message.partition(": say")[0] for one in found.findings]
    assert said == ["proved by `0` in Half", "proved by `r := 0;` in Top"]


def test_a_contract_that_contradicts_itself_is_vacuous(tree: Tree, any_dafny: tuple[str, ...]) -> None:
    """What anything proves since nobody can call it is told as that, not as weak."""
    tree.write("a.dfy", GOOD.replace("  ensures", "  requires n < 0 < n\n  ensures"))
    found, _ = looked(tree, *any_dafny)
    assert told(found) == [("a.dfy", 1, "vacuous")]


def test_nothing_but_the_remark_comes_of_it(tree: Tree, any_dafny: tuple[str, ...]) -> None:
    """What a trivial fill proves is no implementation and no verdict: the plan still asks, and build/ is not there."""
    tree.write("a.dfy", WEAK)
    with session(tree, *any_dafny) as one:
        assert len(one.remarks(["a.dfy"]).findings) == 1
        store = one.project.store
        assert isinstance(store, Noting)
        assert store.signed == [{"self-test": "passed"}]
        assert stands.standing(one.project).fills == {}
        assert [item.state for item in make(one.project, one.identities).items.values()] == [State.ASK]
    assert not (tree.root / "build").exists()


def test_it_is_looked_at_once(tree: Tree, any_dafny: tuple[str, ...]) -> None:
    """Under the same bytes, flags and tool the store answers; a run counts that too, and `recheck=1` runs it again."""
    tree.write("a.dfy", WEAK)
    first, runs = looked(tree, *any_dafny)
    assert runs > 0
    assert looked(tree, *any_dafny) == (first, 0)
    with session(tree, *any_dafny) as one:
        assert weak.known(one.project, ["a.dfy"]) == first
    assert looked(tree, *any_dafny, recheck="1")[1] > 0
    tree.write("a.dfy", WEAK.replace("> n", ">= n + 2"))
    with session(tree, *any_dafny) as one:
        assert weak.known(one.project, ["a.dfy"]) == Remarks()


def test_a_run_that_says_nothing_proves_nothing(tree: Tree, any_dafny: tuple[str, ...]) -> None:
    """A process that was killed, that crashed or that only ends with exit code 0 is no remark, and is not kept."""
    tree.write("a.dfy", WEAK)
    for raw in (RawRun(None, b"", b"", {}, killed="wall"), RawRun(0, b"", b"", {}), RawRun(-11, b"", b"", {})):
        asked: list[Run] = []

        def submit(run: Run, raw: RawRun = raw, asked: list[Run] = asked) -> Future[RawRun]:
            asked.extend([run] if "audit" not in run.command else [])
            done: Future[RawRun] = Future()
            done.set_result(raw)
            return done

        with session(tree, *any_dafny) as one:
            project, tool = one.project, installed(any_dafny)
            deep = weak.Deep(project.graph, project.config, project.store, submit)
            assert deep.findings(project.component("a.dfy"), tool) == ()
            assert len(asked) == len(deep.undecided) == 2


def test_flags_are_those_of_a_verdict(tree: Tree, any_dafny: tuple[str, ...]) -> None:
    """The run of a trivial fill is the run that a candidate with its text would have, to the last byte."""
    tree.write("a.dfy", GOOD)
    asked: list[Run] = []

    def submit(run: Run) -> Future[RawRun]:
        asked.extend([run] if "audit" not in run.command else [])
        done: Future[RawRun] = Future()
        done.set_result(RawRun(1, b"", b"", {}))
        return done

    with session(tree, *any_dafny) as one:
        project, tool = one.project, installed(any_dafny)
        weak.Deep(project.graph, project.config, project.store, submit).findings(project.component("a.dfy"), tool)
        case = Case(project.component("a.dfy"), {"a.dfy": {"h1": "r := 0;\n"}}, {})
        job = Laid(project.graph, project.config, case, tool).job({})
        run = language("dafny").verifier.check(tool, job)
    assert asked[0] == run


def test_a_missing_verifier_is_told(tree: Tree) -> None:
    """Without a verifier the plain remarks stand, and a note says what was not looked at."""
    tree.write("a.dfy", f"method Free()\n{HOLE}")
    found, _ = looked(tree, "no-such-dafny")
    assert [one.rule for one in found.findings] == ["no-obligation"]
    assert [note.partition(":")[0] for note in found.notes] == ["lint=deep did not look at dafny specs"]


@pytest.mark.endtoend
def test_a_plan_says_that_it_ran_the_verifier(tree: Tree, any_dafny: tuple[str, ...]) -> None:
    """`S2C_LINT=deep s2c plan` tells weak specs and the runs; again it runs none, and the next `doit` counts them."""
    tree.dafny = any_dafny
    tree.write("a.dfy", WEAK)
    first = tree.s2c("plan", env={"S2C_LINT": "deep"}).out
    assert "1 remark on specs: 1 weak\n  a.dfy:1: weak: proved by `ok := true; s := [];` in Grow: " in first
    assert "\nlint=deep ran the verifier " in first
    assert "ran the verifier" not in tree.s2c("plan", env={"S2C_LINT": "deep"}).out
    assert "1 remark on specs: 1 weak (s2c plan lists them)" in tree.doit("offline=1", "lint=deep").out
