"""Whole runs with a verifier that misbehaves, is replaced, or whose stored verdicts are forged: nothing green."""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from s2c.store import Store, verdict_secret
from s2c.store.rows import Rows
from tests import hostile
from tests.hostile import DAFNY, GENERATIONS, LINE, RIGHT, SPEC, WRONG
from tests.loopback import Server
from tests.openai_server import AnswerBook, answer_fills
from tests.projects import Ended, Tree

pytestmark = pytest.mark.endtoend
ROOT = Path(__file__).resolve().parent.parent
SLOW = pytest.mark.slow


@dataclass
class Build:
    """A project with one spec, an endpoint that answers with one fill, and a verifier of ours."""

    tree: Tree
    server: Server
    program: Path
    mark: str = field(default_factory=hostile.new_mark)

    def use(self, generation: str, behaviour: str) -> None:
        """Let the verifier behave so from now on."""
        self.tree.dafny = hostile.command(generation, behaviour, self.mark, self.program)
        self.tree.tables["dafny"] = {"command": list(self.tree.dafny), "files": [str(self.program)]}

    def doit(self, *arguments: str) -> Ended:
        """Run doit; nothing that it started is left 5 s later, no folder of a run, no traceback."""
        ended = self.tree.doit(*arguments)
        assert hostile.left(self.mark) == []
        assert list(Path(self.tree.env["TMPDIR"]).glob("s2c-run-*")) == []
        assert "Traceback" not in ended.text
        return ended

    @property
    def green(self) -> bool:
        """Whether the last run called the spec verified, anywhere that a person or a program would look."""
        told = self.tree.root / "build/.verdict/a.dfy.json"
        said = told.exists() and '"kind": "verified"' in told.read_text(encoding="utf-8")
        return said or self.tree.states.get("a.dfy") == "verified" or self.tree.summary["verified"] > 0


@contextmanager
def building(tree: Tree, fill: str) -> Iterator[Build]:
    """A build whose model answers with this fill."""
    program = tree.root / "tools" / "dafny"
    program.parent.mkdir()
    shutil.copy(DAFNY, program)
    temporary = tree.root.parent / "tmp"
    temporary.mkdir()
    tree.env["TMPDIR"] = str(temporary)
    tree.write("a.dfy", SPEC)
    with Server(answer_fills(AnswerBook([{"match": LINE, "fills": {"h1": "", "h2": fill}}]))) as server:
        tree.configure(specs=["*.dfy"], model="played-model-1", base_url=server.url, max_attempts=1, check_seconds=1)
        yield Build(tree, server, program)


@pytest.fixture
def wrong(tree: Tree) -> Iterator[Build]:
    """The model's answer is wrong."""
    with building(tree, WRONG) as build:
        yield build


@pytest.fixture
def right(tree: Tree) -> Iterator[Build]:
    """The model's answer is right, and an honest verifier has said so."""
    with building(tree, RIGHT) as build:
        build.use("modern", "honest")
        assert build.doit().code == 0
        assert build.green
        yield build


# --- what it does -------------------------------------------------------------------------------------------------

IN_THE_SELF_TEST = ["lies", "dies-late", "floods", "kills", "others", "forged-bare", "forged-twice"]


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize("behaviour", ["lies", *(pytest.param(one, marks=SLOW) for one in IN_THE_SELF_TEST[1:])])
def test_who_fails_the_self_test_costs_nothing(wrong: Build, generation: str, behaviour: str) -> None:
    """A verifier that lies or misbehaves from the start is found out before anything is asked: no request was sent."""
    wrong.use(generation, f"always-{behaviour}")
    ended = wrong.doit()
    assert ended.code == 2, ended.text
    assert "self-test" in ended.text
    assert wrong.server.requests == []
    assert not wrong.green


ALIKE = {
    "lean": ('re.compile(r"WRONG|1 \\+', 're.compile(r"WRONGER|1 \\+ 0'),
    "verus": ("if found is not None:", "found = None\n        if found:"),
}


@pytest.mark.parametrize("name", ALIKE)
def test_liars_of_every_language_cost_nothing(tree: Tree, name: str) -> None:
    """A Lean or a Verus that calls everything proved is found out by its self-test: no request was sent."""
    text = (DAFNY.parent / name).read_text(encoding="utf-8")
    honest, lying = ALIKE[name]
    assert honest in text
    shutil.copytree(ROOT / "examples" / name, tree.root, dirs_exist_ok=True)
    liar = tree.write("tools/liar", text.replace(honest, lying))
    liar.chmod(0o755)
    tree.tables[name] = {"command": [str(liar)], "files": [str(liar)]}
    with Server(answer_fills(AnswerBook([]))) as server:
        tree.configure(specs=["**/*.lean", "**/*.rs"], model="played-model-1", base_url=server.url)
        ended = tree.doit()
    assert ended.code == 2, ended.text
    assert "self-test" in ended.text
    assert server.requests == []
    assert tree.summary["verified"] == 0


LATER = {
    "honest": "failed", "lies": "policy", "others": "incomplete", "goes": "tool-crash", "dies-late": "tool-crash",
    "forks": "failed", "kills": "tool-crash", "floods": "tool-crash", "forged-twice": "tool-crash",
}  # fmt: skip


@pytest.mark.parametrize("generation", GENERATIONS)
@pytest.mark.parametrize(
    "behaviour", [pytest.param(one, marks=() if one in {"kills", "lies"} else SLOW) for one in LATER]
)
def test_who_misbehaves_later_makes_nothing_green(wrong: Build, generation: str, behaviour: str) -> None:
    """A verifier that passes its self-test and misbehaves with the answer: not exit code 0, the right word, no file."""
    wrong.use(generation, behaviour)
    ended = wrong.doit()
    assert ended.code == (2 if LATER[behaviour] == "tool-crash" else 1), ended.text
    assert wrong.tree.states == {"a.dfy": LATER[behaviour]}
    assert not wrong.green
    assert not (wrong.tree.root / "build/a.dfy").exists()


# --- another one in its place -------------------------------------------------------------------------------------


def test_another_verifier_judges_anew(right: Build) -> None:
    """Replaced between runs: no verdict of the one before is used, and what the new one refuses is not green."""
    honest = right.program.read_text(encoding="utf-8")
    right.program.write_text(honest + "# another one\n", encoding="utf-8")
    assert right.doit().code == 0
    assert right.tree.summary["verifier_runs"] > 0
    right.program.write_text(honest.replace("WRONG|", "m := b|"), encoding="utf-8")
    assert right.doit("verify").code == 1
    assert not right.green
    assert len(right.server.requests) == 1


def test_the_same_size_and_time_hide_nothing(right: Build) -> None:
    """Replaced in place, with the size and the time of the one before: it is another one all the same."""
    was = right.program.stat()
    honest = right.program.read_text(encoding="utf-8")
    right.program.write_text(honest.replace("WRONG|", "m := |"), encoding="utf-8")
    os.utime(right.program, ns=(was.st_atime_ns, was.st_mtime_ns))
    now = right.program.stat()
    assert (now.st_size, now.st_mtime_ns, now.st_ino) == (was.st_size, was.st_mtime_ns, was.st_ino)
    assert right.doit("verify").code == 1
    assert not right.green


def test_words_of_the_command_count(right: Build) -> None:
    """The same program with another word on its command line is another verifier."""
    right.use("modern", "honest")
    right.tree.tables["dafny"]["command"].insert(1, "-B")
    assert right.doit("verify").code == 0
    assert right.tree.summary["verifier_runs"] > 0


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_verifier_that_changes_while_it_judges_is_not_believed(wrong: Build, generation: str) -> None:
    """Replaced in the middle of a run: what it says then does not count, and no verdict is stored for the old one."""
    wrong.use(generation, "replaces")
    ended = wrong.doit()
    assert ended.code in {1, 2}, ended.text
    assert "its files changed while it was in use" in ended.text
    assert not wrong.green
    assert verdicts(wrong.tree) == {}


# --- verdicts as stored -------------------------------------------------------------------------------------------


@contextmanager
def opened(tree: Tree) -> Iterator[tuple[Store, Rows]]:
    """The store of a project as this machine opens it, and the rows of its verdicts."""
    secret = verdict_secret({**os.environ, **tree.env})
    folder = tree.root / "cache"
    with Store.open(folder, secret=secret) as store:
        rows = Rows(folder / "db" / "verdicts", print, secret=secret)
        yield store, rows
        rows.close()


def verdicts(tree: Tree) -> dict[str, Mapping[str, object]]:
    """Every stored verdict on a file, by its key."""
    with opened(tree) as (store, rows):
        names = [key.removeprefix("verdict ") for key in rows.keys() if key.startswith("verdict ")]  # noqa: SIM118
        found = {name: store.verdict(name) for name in names}
    return {name: one for name, one in found.items() if one is not None and "kind" in one}


def forge(tree: Tree) -> int:
    """Make every stored verdict a `verified`, signed with this machine's own secret; how many there are."""
    found = verdicts(tree)
    with opened(tree) as (store, _):
        for key, one in found.items():
            store.put_verdict(key, {**one, "kind": "verified", "reason": "", "diagnostics": [], "refusals": []})  # type: ignore[dict-item]
    return len(found)


WRONG_BUILD = SPEC.replace("{\n}", "{\n" + WRONG + "}")


def test_recheck_trusts_no_stored_verdict(wrong: Build) -> None:
    """A stored `verified` that is not true, rightly signed: with recheck=1 the verifier runs, says no, nobody asks."""
    wrong.use("modern", "honest")
    wrong.tree.write("build/a.dfy", WRONG_BUILD)
    assert wrong.doit("verify").code == 1
    assert forge(wrong.tree) > 0
    wrong.tree.write("build/a.dfy", WRONG_BUILD)
    assert wrong.doit("verify").code == 0, "the control: without recheck=1 this machine believes itself"
    ended = wrong.doit("recheck=1", "verify")
    assert ended.code == 1, ended.text
    assert wrong.tree.summary["verifier_runs"] > 0
    assert not wrong.green
    forge(wrong.tree)
    wrong.tree.write("build/a.dfy", WRONG_BUILD)
    assert wrong.doit("recheck=1").code == 1
    assert not wrong.green
    assert wrong.server.requests == []


def test_verdicts_from_elsewhere_are_judged_again(wrong: Build) -> None:
    """A cache that comes with a project: its verdicts, signed elsewhere, are as good as none."""
    wrong.use("modern", "honest")
    wrong.tree.write("build/a.dfy", WRONG_BUILD)
    wrong.tree.env["S2C_VERDICT_KEY"] = "the secret of a stranger"
    assert wrong.doit("verify").code == 1
    assert forge(wrong.tree) > 0
    wrong.tree.write("build/a.dfy", WRONG_BUILD)
    assert wrong.doit("verify").code == 0, "the control: the stranger believes it"
    del wrong.tree.env["S2C_VERDICT_KEY"]
    wrong.tree.write("build/a.dfy", WRONG_BUILD)
    assert wrong.doit("verify").code == 1
    assert not wrong.green
