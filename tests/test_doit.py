"""doit as a user runs it, against a real Dafny and a real endpoint: commands, options, exit codes, signals, edits."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from s2c import wire
from tests.dafny_tools import available
from tests.loopback import Behaviour, Exchange, Server, chunk
from tests.openai_server import AnswerBook, answer_fills, asked
from tests.projects import Ended, Tree
from tests.test_build import DOUBLE, DOUBLE_FILL, DOUBLE_LINE, MAX, MAX_FILL, MAX_LINE, book

USES = 'include "lib/double.dfy"\n' + DOUBLE.replace("Double", "Twice")
USES_LINE = DOUBLE_LINE.replace("Double", "Twice")
FILES = ["lib/double.dfy", "max.dfy", "uses.dfy"]
GREEN = dict.fromkeys(FILES, "verified")
QUIET = "if a >= b { m := a; } else { m := b; }"  # the stored fill of max.dfy
KEY = {"S2C_VERDICT_KEY": "11" * 32}  # verdicts of one test are good in the next
PATIENCE = 60.0


def solver() -> AnswerBook:
    """Knows all three."""
    return book((MAX_LINE, MAX_FILL), (DOUBLE_LINE, DOUBLE_FILL), (USES_LINE, DOUBLE_FILL))


def laid_out(tree: Tree, command: tuple[str, ...]) -> Tree:
    """The project of these tests: one spec alone, and one that imports another."""
    tree.dafny = command
    tree.write("max.dfy", MAX)
    tree.write("lib/double.dfy", DOUBLE)
    tree.write("uses.dfy", USES)
    tree.configure(model="played-model-1", base_url="http://127.0.0.1:9/v1", max_attempts=2)
    tree.env = {**KEY, "PYTHONWARNINGS": "default"}
    return tree


@pytest.fixture
def project(tree: Tree, any_dafny: tuple[str, ...]) -> Tree:
    """The project, never built; nobody answers at its endpoint."""
    return laid_out(tree, any_dafny)


@pytest.fixture
def served(project: Tree) -> Iterator[Server]:
    """An endpoint that knows all fills."""
    with Server(answer_fills(solver())) as server:
        project.configure(base_url=server.url)
        yield server


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the project, built once for all tests."""
    found = available()
    if not found:
        pytest.skip("no Dafny on this machine")
    folder = tmp_path_factory.mktemp("finished")
    tree = laid_out(Tree(folder / "project"), found.get("4.x") or found["2.3"])
    with Server(answer_fills(solver())) as server:
        tree.configure(base_url=server.url)
        ended = tree.doit(env={"HOME": str(folder)})
    assert ended.code == 0, ended.text
    return tree.root


@pytest.fixture
def built(project: Tree, finished: Path) -> Tree:
    """The project as it is after a build; nobody answers at its endpoint, so what still works is free of charge."""
    shutil.copytree(finished, project.root, dirs_exist_ok=True)
    return project


def clean(ended: Ended, code: int = 0) -> Ended:
    """It ended with this code, and without a traceback or a warning of Python's."""
    assert ended.code == code, ended.text
    assert "Traceback" not in ended.text, ended.text
    assert "Warning" not in ended.text, ended.text
    return ended


def forget(tree: Tree, *names: str) -> None:
    """Delete files and folders of a project."""
    for name in names:
        place = tree.root / name
        shutil.rmtree(place) if place.is_dir() else place.unlink()


def until(condition: Callable[[], object]) -> None:
    """Wait until it holds."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


def ended(process: "subprocess.Popen[bytes]") -> Ended:
    """Wait for a started doit."""
    out, err = process.communicate(timeout=PATIENCE)
    return Ended(process.returncode, out.decode(), err.decode())


# --- doit's commands --------------------------------------------------------------------------------------------------


def test_list_shows_what_a_user_can_run(built: Tree) -> None:
    """`doit list` names generate and verify with what they do; nothing hidden shows; --all --status has every spec."""
    said = clean(built.doit("list")).out
    assert [line.split()[0] for line in said.splitlines()] == ["generate", "verify"]
    assert "fill the holes" in said
    built.write("max.dfy", MAX.replace("a || m", "a  || m").replace("m >= b", "m >= b && m <= m"))
    status = [line.split()[:2] for line in clean(built.doit("list", "--all", "--status")).out.splitlines()]
    assert ["R", "generate:max.dfy"] in status
    assert ["U", "generate:uses.dfy"] in status
    assert ["U", "verify:lib/double.dfy"] in status
    assert not [name for _, name in status if name.startswith("_")]


def test_info_says_why(built: Tree) -> None:
    """`doit info` prints our reason and ends with 1 for what is stale, with 0 for what is up to date."""
    clean(built.doit("info", "generate:max.dfy"))
    clean(built.doit("info", "verify:max.dfy"))
    built.write("max.dfy", MAX.replace("m >= b", "m >= b && m <= m"))
    assert "- its contract, or" in clean(built.doit("info", "generate:max.dfy"), 1).out
    forget(built, "build/uses.dfy")
    assert "its file in the build folder is gone" in clean(built.doit("info", "generate:uses.dfy"), 1).out
    clean(built.doit("info", "verify:uses.dfy"), 1)


def test_clean_removes_targets_and_the_next_run_is_free(built: Tree) -> None:
    """`doit clean` takes the implementations away, of one spec or of all; what comes back costs no request."""
    clean(built.doit("clean", "generate:max.dfy"))
    assert not (built.root / "build/max.dfy").exists()
    assert (built.root / "build/uses.dfy").exists()
    clean(built.doit("clean"))
    assert not list((built.root / "build").rglob("*.dfy"))
    clean(built.doit())
    assert built.states == GREEN
    assert (built.summary["requests"], built.summary["verifier_runs"]) == (0, 0)
    assert QUIET in built.read("build/max.dfy")


def test_forget_costs_nothing(built: Tree) -> None:
    """After `doit forget` everything runs again, from the store: no request, no verifier."""
    clean(built.doit("forget"))
    clean(built.doit())
    assert built.states == GREEN
    assert (built.summary["requests"], built.summary["verifier_runs"]) == (0, 0)
    assert built.summary["origins"] == {"stored": 3}


def test_help_tells_the_options(built: Tree) -> None:
    """`doit help generate` lists the options of generate."""
    said = clean(built.doit("help", "generate")).out
    for option in ("--batch-size", "--no-batch-mode", "--context-aware", "--no-smart-batching"):
        assert option in said
    clean(built.doit("help"))


@pytest.mark.parametrize("selection", ["generate:*max*", "build/max.dfy", "generate:max.dfy"])
def test_a_selection_is_all_that_runs(built: Tree, selection: str) -> None:
    """By name, by wild card or by target: that spec alone is looked at."""
    forget(built, "build")
    clean(built.doit(selection))
    assert built.states == {"max.dfy": "verified"}
    assert [path.name for path in (built.root / "build").rglob("*.dfy")] == ["max.dfy"]


@pytest.mark.parametrize("wrong", [["nope"], ["generate:nope.dfy"], ["build/nope.dfy"], ["list", "nope"]])
def test_a_wrong_name_is_one_message(built: Tree, wrong: list[str]) -> None:
    """A task that does not exist is told by its name, and ends with 3."""
    assert "nope" in clean(built.doit(*wrong), 3).err


def test_ignored_specs_are_left_alone(built: Tree) -> None:
    """`doit ignore` works: the spec is not looked at, and said to be ignored."""
    clean(built.doit("ignore", "generate:max.dfy"))
    forget(built, "build/max.dfy")
    assert "!! generate:max.dfy" in clean(built.doit("generate")).out
    assert not (built.root / "build/max.dfy").exists()


def test_tasks_of_the_users_own(built: Tree) -> None:
    """Tasks that stand beside ours in dodo.py are told of as doit does, their failures count, ours stay out of it."""
    built.env = KEY  # doit itself leaves pipes of its commands open
    own = '\n\ndef task_docs():\n    return {"actions": [%s]}\n'
    dodo = built.read("dodo.py")
    built.write("dodo.py", dodo + own % '"echo made"')
    before = built.read("build/summary.json")
    said = clean(built.doit("docs")).out
    assert ".  docs" in said
    assert "made" in said
    assert "verified" not in said
    assert built.read("build/summary.json") == before
    built.write("dodo.py", dodo + own % '"exit 3"')
    assert "docs" in clean(built.doit("docs", "generate"), 1).out
    built.write("dodo.py", dodo + own % '"exit 127"')
    assert "docs" in clean(built.doit("docs", "generate"), 2).out


# --- how doit is told to run ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [["generate", "verify"], ["-n", "4", "-P", "thread"], ["-n", "3"], ["-c"]])
def test_ways_to_run_that_do_the_same(project: Tree, served: Server, how: list[str]) -> None:
    """In order, in threads, or going on after failures: one request, all verified."""
    clean(project.doit(*how))
    assert project.states == GREEN
    assert len(served.requests) == 1


def test_processes_are_refused_before_anything_is_paid(project: Tree, served: Server) -> None:
    """`-P process` can't work: it says so and what to do, asks nothing, ends with 3."""
    said = clean(project.doit("-n", "3", "-P", "process"), 3).err
    assert "leave out -P process" in said
    assert served.requests == []


def test_processes_are_no_trouble_where_nothing_is_to_do(built: Tree) -> None:
    """A build that is up to date says so in every mode."""
    clean(built.doit("-n", "3", "-P", "process"))
    assert built.states == GREEN


def test_always_execute_asks_nothing(built: Tree) -> None:
    """`doit -a` executes every task; what is proved is neither asked for nor proved again."""
    clean(built.doit("-a"))
    assert built.states == GREEN
    assert built.summary["tasks_executed"] == 6
    assert (built.summary["requests"], built.summary["verifier_runs"]) == (0, 0)


def test_single_never_calls_a_stale_tree_green(project: Tree) -> None:
    """`doit -s verify:PATH` leaves imports out: it says what is missing."""
    assert "not generated" in clean(project.doit("-s", "verify:uses.dfy"), 1).out


# --- exit codes -------------------------------------------------------------------------------------------------------


def test_one_for_what_is_not_solved(project: Tree) -> None:
    """1: a spec that no attempt solved; the others are verified, and its reason and place are told."""
    wrong = book((MAX_LINE, {"h1": "", "h2": "  m := a;"}), (DOUBLE_LINE, DOUBLE_FILL), (USES_LINE, DOUBLE_FILL))
    with Server(answer_fills(wrong)) as server:
        project.configure(base_url=server.url)
        said = clean(project.doit(), 1).text
    assert project.states == {**GREEN, "max.dfy": "failed"}
    assert "max.dfy:" in said
    assert len(server.requests) == 2


def test_two_for_a_source_that_cannot_be_read(built: Tree) -> None:
    """2: a source that does not parse is told with its line; the others stay verified."""
    built.write("max.dfy", MAX.replace("method Max(", "method Max(("))
    said = clean(built.doit(), 2).text
    assert re.search(r"max\.dfy:\d+:\d+: error: syntax error", said)
    assert built.states == {**GREEN, "max.dfy": "unreadable"}


def test_three_for_unknown_settings(built: Tree) -> None:
    """3: an unknown setting on the command line, in the environment, in pyproject: its place and the nearest name."""
    said = clean(built.doit("frozenn=1"), 3).err
    assert "command line" in said
    assert "'frozen'" in said
    said = clean(built.doit(env={"S2C_BATCHSIZE": "5000"}), 3).err
    assert "S2C_BATCHSIZE" in said
    assert "'batch_size'" in said
    built.configure(max_atempts=3)
    said = clean(built.doit("list"), 3).err
    assert "pyproject.toml" in said
    assert "'max_attempts'" in said


@pytest.mark.parametrize("how", [["-r", "json"], ["-r", "zero", "-n", "2", "-P", "thread"], ["-r", "console"]])
def test_three_for_a_foreign_reporter(project: Tree, served: Server, how: list[str]) -> None:
    """3: a reporter that is not ours can't tell the selection: nothing is asked, and it is said why."""
    assert "leave out -r" in clean(project.doit(*how), 3).err
    assert served.requests == []


def test_three_for_another_database(built: Tree) -> None:
    """3: records can't be read from doit's other databases; another file of the right kind is fine."""
    assert "leave out --backend" in clean(built.doit("--backend", "json", "--db-file", "other.json"), 3).err
    clean(built.doit("--db-file", "other.db"))
    clean(built.doit("--db-file", "other.db"))
    assert built.summary["tasks_executed"] == 0


def test_a_database_that_is_none_costs_nothing(built: Tree) -> None:
    """A .doit.db that is damaged, or of another kind, is moved away and told; the build is restored for nothing."""
    built.write(".doit.db", b"\x13W\x9a\xce no such database" * 100)
    assert ".doit.db.broken" in clean(built.doit()).err
    assert built.states == GREEN
    assert (built.summary["requests"], built.summary["verifier_runs"]) == (0, 0)


def test_three_where_nothing_can_be_asked(project: Tree) -> None:
    """3: no model, or no key: the message says which setting; what is free still counts."""
    project.configure(model="", base_url="https://api.openai.com/v1")
    assert "model" in clean(project.doit(), 3).err
    project.configure(model="gpt-6.1-sol")
    assert "OPENAI_API_KEY" in clean(project.doit(), 3).err


def test_four_for_a_frozen_miss(built: Tree) -> None:
    """4: under frozen=1 what the records don't have is listed with what changed of it; nothing is asked or written."""
    built.write("max.dfy", MAX.replace("m >= b", "m >= b && m <= m"))
    said = clean(built.doit("frozen=1"), 4).out
    assert "max.dfy: not generated: frozen" in said
    assert "its contract, or" in said
    assert built.states == {**GREEN, "max.dfy": "not generated"}


def test_five_when_the_limit_is_reached(project: Tree, served: Server) -> None:
    """5: under max_cost what can't be paid is not asked; what was paid is kept and verified, the rest is told."""
    prices = {"price_input": 0, "price_output": 1000, "max_output": 1000, "max_cost": 1.15}
    project.configure(batch_mode=False, requests=1, **prices)
    said = clean(project.doit(), 5).text
    assert "max_cost" in said
    assert len(served.requests) == 2
    assert project.summary["verified"] == 2
    assert project.summary["cost"].endswith("USD")
    project.configure(max_cost=100)
    clean(project.doit())
    assert len(served.requests) == 3


def test_a_cap_without_a_price_sends_nothing(project: Tree, served: Server) -> None:
    """3: with a cap and a price that nobody knows nothing is sent; the message says what to set."""
    project.configure(max_cost=1)
    assert "price_input" in clean(project.doit(), 3).err
    assert served.requests == []


# --- options and their precedence -------------------------------------------------------------------------------------


def sizes(server: Server) -> list[int]:
    """How many holes each request asked for, two a spec."""
    return sorted(len(asked(one.prompt)[1]) // 2 for one in server.requests)


def test_no_batch_mode_is_one_request_a_spec(project: Tree, served: Server) -> None:
    """`doit generate --no-batch-mode`: each spec goes alone, though pyproject says otherwise."""
    project.configure(batch_mode=True)
    clean(project.doit("generate", "--no-batch-mode", "--context-aware", "--no-smart-batching"))
    assert sizes(served) == [1, 1, 1]


def test_batch_size_bounds_a_request(project: Tree, served: Server) -> None:
    """`doit generate --batch-size TOKENS`: no prompt is larger, and more requests go out."""
    clean(project.doit("generate", "--batch-size", "1800"))
    assert len(served.requests) > 1
    assert all(one.prompt_tokens <= 1800 for one in served.requests)


def test_a_setting_works_with_one_spec(project: Tree, served: Server) -> None:
    """`doit generate:PATH name=value`: with a single spec settings are said that way, and the environment yields."""
    clean(project.doit("generate:uses.dfy", "batch_mode=0", env={"S2C_BATCH_MODE": "1"}))
    assert sizes(served) == [1, 1]
    assert project.states == {"lib/double.dfy": "verified", "uses.dfy": "verified"}


def test_the_environment_wins_over_pyproject(project: Tree, served: Server) -> None:
    """`S2C_NAME=value` wins over pyproject.toml, an option of generate over both."""
    project.configure(batch_mode=True)
    clean(project.doit("generate", "--batch-mode", env={"S2C_BATCH_MODE": "0"}))
    assert sizes(served) == [3]
    clean(project.doit("generate:uses.dfy", "fresh=1", env={"S2C_BATCH_MODE": "0"}))
    assert sizes(served) == [1, 1, 3]


# --- frozen, offline, fresh, retry, recheck ---------------------------------------------------------------------------


def records(tree: Tree) -> dict[str, bytes]:
    """Every file of the records."""
    folder = tree.root / "cache/records"
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_frozen_builds_from_the_records_alone(built: Tree) -> None:
    """A clone with nothing but sources and records is built and verified here, asks nothing, writes no record."""
    forget(built, "build", ".doit.db", "cache/db")
    before = records(built)
    clean(built.doit("frozen=1", env={"S2C_VERDICT_KEY": "22" * 32}))
    assert built.states == GREEN
    assert built.summary["requests"] == 0
    assert built.summary["verifier_runs"] >= 3
    assert records(built) == before


def test_frozen_does_not_try_older_fills_and_offline_does(built: Tree) -> None:
    """Under a changed contract that old fills still meet, frozen=1 is a miss, offline=1 is verified by them."""
    built.write("max.dfy", MAX.replace("m >= b", "m >= b && m <= m"))
    clean(built.doit("frozen=1"), 4)
    clean(built.doit("offline=1"))
    assert built.states == GREEN
    assert built.summary["origins"] == {"previous": 1}


def test_offline_never_asks(project: Tree, served: Server) -> None:
    """offline=1 on a tree that was never built asks nothing and says what is not there."""
    assert "not generated" in clean(project.doit("offline=1"), 1).out
    assert served.requests == []


def test_fresh_asks_again_and_the_newest_stands(built: Tree) -> None:
    """fresh=1 asks again for what is verified; its answer stands from then on, in the records too."""
    newest = "if b >= a { m := b; } else { m := a; }"
    with Server(answer_fills(book((MAX_LINE, {**MAX_FILL, "h2": f"  {newest}"})))) as server:
        built.configure(base_url=server.url)
        clean(built.doit("generate:max.dfy", "fresh=1"))
    assert len(server.requests) == 1
    assert newest in built.read("build/max.dfy")
    forget(built, "build", ".doit.db", "cache/db")
    clean(built.doit("generate:max.dfy"))
    assert newest in built.read("build/max.dfy")


def test_retry_asks_for_what_is_used_up(project: Tree) -> None:
    """A spec that used up its attempts is not asked for again, until retry=1."""
    project.configure(max_attempts=1)
    forget(project, "lib", "uses.dfy")
    with Server(answer_fills(book((MAX_LINE, {"h1": "", "h2": ["  m := a;", MAX_FILL["h2"]]})))) as server:
        project.configure(base_url=server.url)
        clean(project.doit(), 1)
        assert "retry=1" in clean(project.doit(), 1).out
        assert len(server.requests) == 1
        clean(project.doit("retry=1"))
    assert len(server.requests) == 2


def test_recheck_runs_the_verifier_and_asks_nothing(built: Tree) -> None:
    """recheck=1 trusts no stored verdict: the verifier runs for all that is selected, nothing is asked."""
    clean(built.doit("recheck=1", "verify:max.dfy"))
    assert built.summary["verifier_runs"] >= 1
    assert built.summary["requests"] == 0


# --- where a project may lie ------------------------------------------------------------------------------------------


def test_paths_with_blanks_and_letters_of_all_kinds(tmp_path: Path, built: Tree) -> None:
    """Folders and files with blanks and non-ASCII letters, in a sub-folder of a git repository, work like others."""
    (tmp_path / "ein Repo/.git").mkdir(parents=True)
    moved = tmp_path / "ein Repo" / "größe & co"
    shutil.move(built.root, moved)
    (moved / "max.dfy").rename(moved / "das Größte.dfy")
    built.root = moved
    clean(built.doit())
    assert built.states == {"das Größte.dfy": "verified", "lib/double.dfy": "verified", "uses.dfy": "verified"}
    assert built.summary["requests"] == 0
    clean(built.doit("generate:das Größte.dfy"))
    assert built.summary["tasks_executed"] == 0


def test_a_name_that_doit_cannot_take(built: Tree) -> None:
    """A file name with '=' is one message that names the file and says what to do, code 3."""
    built.write("a=b.dfy", MAX)
    said = clean(built.doit(), 3).err
    assert "a=b.dfy" in said
    assert "rename" in said
    built.configure(exclude=["a=b.dfy"])
    clean(built.doit())


def test_an_empty_project_is_a_wrong_setting(tree: Tree) -> None:
    """No source at all is told with the globs that matched nothing, code 3: a green run must mean something."""
    tree.configure(specs=["specs/**/*.dfy"])
    said = clean(tree.doit(), 3).err
    assert "specs/**/*.dfy" in said


def test_settings_in_another_folder_are_told(built: Tree) -> None:
    """dodo.py below the folder of pyproject.toml: one message that names both, code 3."""
    built.write("below/dodo.py", built.read("dodo.py"))
    assert "keep both in one folder" in clean(built.doit("-f", "below/dodo.py"), 3).err
    clean(built.doit("-f", "below/dodo.py", "-d", "."))
    assert built.states == GREEN


# --- side by side, and ended early ------------------------------------------------------------------------------------


def half(server_says: AnswerBook) -> Behaviour:
    """Streams half of a right answer and then nothing more."""

    def behave(exchange: Exchange) -> None:
        prompt = exchange.received.prompt
        nonce, ids = asked(prompt)
        text = wire.render(nonce, {one: server_says(one, prompt) or "" for one in ids})
        exchange.open()
        exchange.event(chunk(text[: len(text) // 2]))
        exchange.closing.wait()

    return behave


def spooled(tree: Tree) -> bool:
    """Whether text of a request that is out lies on disk."""
    return any(path.stat().st_size for path in (tree.root / "cache/db").rglob("*.txt"))


def test_two_at_once_pay_once(project: Tree) -> None:
    """A second doit in the same tree waits, says for whom, and finds all paid for."""
    with Server(answer_fills(solver(), seconds=3)) as server:
        project.configure(base_url=server.url)
        first = project.start()
        until(lambda: server.requests)
        second = clean(project.doit())
        clean(ended(first))
    assert f"waiting for process {first.pid}" in second.err
    assert len(server.requests) == 1
    assert project.states == GREEN
    clean(project.doit())
    assert project.summary["tasks_executed"] == 0


def test_killed_while_an_answer_streams(project: Tree) -> None:
    """After kill -9 the next run says that the request may be billed, keeps what came, and completes."""
    with Server(half(solver()), answer_fills(solver())) as server:
        project.configure(base_url=server.url)
        run = project.start()
        until(lambda: spooled(project))
        run.kill()
        ended(run)
        said = clean(project.doit()).text
    assert "possibly billed" in said
    assert len(server.requests) == 2
    assert sizes(server)[0] < 3
    assert project.states == GREEN


@pytest.mark.parametrize("mode", [[], ["-n", "2", "-P", "thread"]])
def test_ended_while_an_answer_streams(project: Tree, mode: list[str]) -> None:
    """SIGTERM ends a run that waits for an answer at once, with 143; what came of the answer is not lost."""
    with Server(half(solver()), answer_fills(solver())) as server:
        project.configure(base_url=server.url)
        run = project.start(*mode)
        until(lambda: spooled(project))
        run.terminate()
        clean(ended(run), 143)
        clean(project.doit())
    assert len(server.requests) == 2
    assert sizes(server)[0] < 3
    assert project.states == GREEN


def living(folder: Path) -> list[str]:
    """The command lines of processes that work in this folder or name it."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes().decode("utf-8", "replace") if entry.name.isdigit() else ""
            if command and (str(folder) in command or (entry / "cwd").readlink().is_relative_to(folder)):
                found.append(command.replace("\0", " "))
    return found


@pytest.mark.parametrize(
    ("number", "mode", "code"),
    [
        (signal.SIGTERM, [], 128 + signal.SIGTERM),
        (signal.SIGINT, ["-n", "2", "-P", "thread"], 128 + signal.SIGINT),
        (signal.SIGKILL, [], -signal.SIGKILL),
    ],
)
def test_ended_while_the_verifier_runs(built: Tree, number: int, mode: list[str], code: int) -> None:
    """SIGTERM, Ctrl-C or kill -9 while Dafny runs: soon over, and no process of it is left; nor a file, but for -9."""
    scratch = built.root.parent / "scratch"
    scratch.mkdir()
    run = built.start(*mode, "recheck=1", env={"TMPDIR": str(scratch)})
    until(lambda: living(scratch))
    run.send_signal(number)
    clean(ended(run), code)
    until(lambda: not living(scratch))
    assert code < 0 or not list(scratch.iterdir())
    clean(built.doit())
    assert built.states == GREEN


# --- edits by hand ----------------------------------------------------------------------------------------------------


def edit(tree: Tree, old: str, new: str) -> None:
    """Edit build/max.dfy as a person does."""
    text = tree.read("build/max.dfy")
    assert old in text
    tree.write("build/max.dfy", text.replace(old, new))


def test_an_edit_in_a_hole_becomes_the_implementation(built: Tree) -> None:
    """An edit inside a hole that verifies is kept as a person's fill, without a request, and stands from then on."""
    mine = "if a > b { m := a; } else { m := b; }"
    edit(built, QUIET, mine)
    clean(built.doit())
    assert built.summary["origins"] == {"edited": 1}
    assert mine in built.read("build/max.dfy")
    assert b'"human"' in b"".join(records(built).values())
    forget(built, "build", ".doit.db", "cache/db")
    clean(built.doit())
    assert mine in built.read("build/max.dfy")


def test_an_edit_that_is_wrong_is_told_and_kept(built: Tree) -> None:
    """An edit inside a hole that does not verify: the stored fill comes back, why is told, the edit lies beside."""
    edit(built, QUIET, "m := a;")
    said = clean(built.doit()).err
    assert "max.dfy: failed (edited)" in said
    assert "max.dfy.edited" in said
    assert QUIET in built.read("build/max.dfy")
    assert "m := a;" in built.read("build/max.dfy.edited")
    assert built.states == GREEN


def test_an_edit_outside_holes_is_kept_beside(built: Tree) -> None:
    """An edit outside the holes never counts: the spec's own text comes back, the edit lies beside, and is told."""
    edit(built, "ensures m >= a && m >= b", "ensures true")
    assert "max.dfy.edited" in clean(built.doit()).err
    assert "ensures m >= a && m >= b" in built.read("build/max.dfy")
    assert "ensures true" in built.read("build/max.dfy.edited")
    assert built.states == GREEN


def test_verify_alone_does_not_believe_an_edit(built: Tree) -> None:
    """`doit -s verify:PATH` on an edited contract says `spec-changed`, whatever the verifier would say."""
    edit(built, "ensures m >= a && m >= b", "ensures true")
    assert "spec-changed" in clean(built.doit("-s", "verify:max.dfy"), 1).out
    assert os.environ.get("S2C_FROZEN") is None


def test_doits_records_of_another_machine_are_not_believed(built: Tree) -> None:
    """A `.doit.db` can come with a stranger's branch: what it says was verified is verified again."""
    assert built.doit("verify").code == 0
    assert built.summary["tasks_executed"] == 0
    ended = built.doit("verify", env={"S2C_VERDICT_KEY": "22" * 32})
    assert ended.code == 0, ended.text
    assert (built.summary["tasks_executed"], built.summary["verifier_runs"] > 0) == (len(FILES), True)


def test_what_is_left_unread_is_told_like_what_is_read(built: Tree) -> None:
    """A second run reads nothing that did not change; its summary and rows are those of one that reads everything."""
    assert built.doit().code == 0
    read = built.summary
    note = built.root / "cache/db/settled"
    assert note.is_file()
    assert built.doit().code == 0
    assert built.summary == read
    note.unlink()
    assert built.doit().code == 0
    assert built.summary == read


def test_one_changed_file_is_read_with_those_tied_to_it(built: Tree) -> None:
    """A comment in one file: it alone is generated and verified again, and all are counted."""
    assert built.doit().code == 0
    built.write("max.dfy", "// more\n" + built.read("max.dfy"))
    ended = built.doit()
    assert (ended.code, built.states) == (0, GREEN)
    assert (built.summary["tasks_executed"], built.summary["up_to_date"]) == (2, 2)
    built.write("lib/double.dfy", "// more\n" + built.read("lib/double.dfy"))
    assert built.doit().code == 0
    assert (built.summary["requests"], built.summary["files"], built.summary["verified"]) == (0, 3, 3)
    built.write("new.dfy", MAX.replace("Max", "Other"))
    assert built.doit(env={"S2C_OFFLINE": "1"}).code == 1
    assert built.states == {**GREEN, "new.dfy": "not generated"}
