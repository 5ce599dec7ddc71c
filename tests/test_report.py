"""What a run tells: the summary for people and programs, verdicts as JSON, events, counts, exit codes."""

import ast
import csv
import io
import json
import os
import pty
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import s2c
from s2c import ledger, recorded, report, verdicts
from s2c.errors import LimitReached
from s2c.ledger import Ledger
from s2c.model import Diagnostic, Event, Refusal, Verdict, VerdictKind
from s2c.project import Built
from s2c.report.console import LINES, Console
from s2c.report.lines import Lines
from s2c.report.live import Live
from s2c.report.summary import Row, Summary, row, to_csv, to_json, to_text
from s2c.session import Session
from s2c.settings import Config
from s2c.solution import Solution
from tests import stand_in
from tests.loopback import Server
from tests.openai_server import AnswerBook, answer_fills
from tests.picture import HELPERS, HOLE, Bench
from tests.projects import Tree

PACKAGE = Path(s2c.__file__).parent
QUICK = settings(max_examples=100, deadline=None)

NOTHING: dict[str, Any] = {one.name: 0 for one in fields(Summary)} | {
    "origins": {}, "cost": "0 USD", "tools": {}, "remarks": {}, "isolation": "",
}  # fmt: skip
SAID = Diagnostic("a.dfy", 3, 7, "error", 'a "quoted", text\nof two lines', "x")
ROWS = [
    Row("a.dfy", "failed", "asked", "not proved", 5, 2, first="a.dfy:3:7: error: postcondition"),
    Row(
        "b.dfy",
        "verified",
        "stored",
        attempts=1,
        holes=1,
        remarks=("spec-vacuous", "twin-open: B"),
        assumptions=("axiom A",),
    ),
    Row("c.dfy", "waiting", "", "verified, waiting for a.dfy"),
    Row("d.dfy", "not generated"),
]


def verdict(kind: VerdictKind = VerdictKind.FAILED, **parts: Any) -> Verdict:
    """A verdict with everything in it."""
    whole = Verdict(
        kind, "key-1", "not proved", (SAID,), (Refusal("assume", "no é", "h1", 2),), ("spec-vacuous",), ("A", "B"),
        ("axiom at line 3",), "Dafny 4", 12,
    )  # fmt: skip
    return replace(whole, **parts)


# --- summary ------------------------------------------------------------------------------------------------------


def test_a_person_reads_how_it_ended() -> None:
    """What is not verified is listed with its reason and first diagnostic; what is, is counted."""
    summary = Summary(
        **NOTHING
        | {
            "files": 4,
            "verified": 1,
            "failed": 2,
            "waiting": 1,
            "up_to_date": 1,
            "origins": {"asked": 2, "stored": 1},
            "requests": 3,
            "prompt_tokens": 100,
            "completion_tokens": 20,
            "cached_tokens": 5,
            "cost": "0.12 USD",
            "verifier_runs": 7,
            "tasks_executed": 9,
            "tools": {"Dafny": "4.9"},
            "remarks": {"spec-vacuous": 1},
        }
    )
    assert to_text(summary, ROWS) == (
        "a.dfy: failed: not proved\n    a.dfy:3:7: error: postcondition\n"
        "c.dfy: waiting: verified, waiting for a.dfy\n"
        "d.dfy: not generated\n"
        "1 of 4 files verified by Dafny 4.9, 2 not, 1 waiting, 1 were up to date\n"
        "fills: 2 from the model, 1 from the store\n"
        "3 requests, 100 + 20 tokens (5 cached), cost 0.12 USD; 7 verifier runs; 9 tasks executed\n"
        "1 x spec-vacuous\n"
    )


def test_a_run_without_work_says_little() -> None:
    """With everything up to date the end is two lines: counts, and that nothing was spent."""
    summary = Summary(**NOTHING | {"files": 2, "verified": 2, "up_to_date": 2})
    assert to_text(summary, [Row("a.dfy", "verified"), Row("b.dfy", "verified")]) == (
        "2 of 2 files verified, 2 were up to date\n"
        "0 requests, 0 + 0 tokens (0 cached), cost 0 USD; 0 verifier runs; 0 tasks executed\n"
    )


def test_a_program_reads_the_same() -> None:
    """summary.json has every number and every row, and reads back as what was written."""
    summary = Summary(**NOTHING | {"files": 4, "origins": {"asked": 2}})
    found = json.loads(to_json(summary, ROWS))
    rows = found.pop("rows")
    assert found == asdict(summary)
    assert [
        Row(**{**one, "remarks": tuple(one["remarks"]), "assumptions": tuple(one["assumptions"])}) for one in rows
    ] == ROWS


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=20)


@given(st.lists(st.builds(Row, path=TEXT, state=TEXT, reason=TEXT, first=TEXT, remarks=st.tuples(TEXT)), max_size=4))
@QUICK
def test_a_table_holds_any_text(rows: list[Row]) -> None:
    """results.csv has a header and one record a file, whatever quotes, commas and line ends are in its texts."""
    read = list(csv.DictReader(io.StringIO(to_csv(rows), newline="")))
    assert [(one["path"], one["state"], one["reason"], one["first"]) for one in read] == [
        (one.path, one.state, one.reason, one.first) for one in rows
    ]
    assert [one["remarks"] for one in read] == [one.remarks[0] for one in rows]


def test_a_table_has_these_columns() -> None:
    """The columns of results.csv are what spreadsheets of users stand on."""
    header, first, second, *_ = to_csv(ROWS).splitlines()
    assert header == "path,state,origin,attempts,holes,reason,first,remarks,assumptions"
    assert first == "a.dfy,failed,asked,5,2,not proved,a.dfy:3:7: error: postcondition,,"
    assert second == "b.dfy,verified,stored,1,1,,,spec-vacuous; twin-open: B,axiom A"


def test_verified_but_waiting_is_not_green() -> None:
    """A verified file whose imports are not all verified is `waiting`, with their names; a failed one stays failed."""
    green = verdict(VerdictKind.VERIFIED, diagnostics=(), reason="")
    assert row("a.dfy", green, (), origin="", attempts=0, holes=1).state == "verified"
    waits = row("a.dfy", green, ("b.dfy", "c.dfy"), origin="", attempts=0, holes=1)
    assert (waits.state, waits.reason) == ("waiting", "verified, waiting for b.dfy, c.dfy")
    failed = row("a.dfy", verdict(), ("b.dfy",), origin="asked", attempts=2, holes=1)
    assert (failed.state, failed.reason) == ("failed", "not proved")
    assert failed.first == 'a.dfy:3:7: error: a "quoted", text\nof two lines'


def test_the_end_of_a_run_lies_in_build(tmp_path: Path) -> None:
    """summary.json and results.csv are written, UTF-8, and the same text goes to the console."""
    out = io.StringIO()
    rows = [Row("é.dfy", "failed", reason="€"), Row("raw\udcff.dfy", "verified")]
    report.finish(tmp_path / "build", Summary(**NOTHING), rows, out)
    assert json.loads((tmp_path / "build/summary.json").read_text(encoding="utf-8"))["rows"][0]["path"] == "é.dfy"
    table = (tmp_path / "build/results.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in table] == ["path", "é.dfy", "raw\\udcff.dfy"]
    assert out.getvalue() == to_text(Summary(**NOTHING), rows)


# --- verdicts -----------------------------------------------------------------------------------------------------

WORDS = st.lists(TEXT, max_size=3).map(tuple)
NUMBERS = st.integers(0, 10**9)
VERDICTS = st.builds(
    Verdict,
    kind=st.sampled_from(VerdictKind),
    key=TEXT,
    reason=TEXT,
    diagnostics=st.lists(st.builds(Diagnostic, TEXT, NUMBERS, NUMBERS, TEXT, TEXT, TEXT), max_size=2).map(tuple),
    refusals=st.lists(st.builds(Refusal, TEXT, TEXT, TEXT, NUMBERS), max_size=2).map(tuple),
    remarks=WORDS,
    obligations=WORDS,
    assumptions=WORDS,
    tool=TEXT,
    cpu_ms=NUMBERS,
)


@given(VERDICTS)
@QUICK
def test_a_verdict_comes_back_as_it_was(made: Verdict) -> None:
    """Field by field, through JSON text."""
    assert verdicts.from_json(json.loads(json.dumps(verdicts.to_json(made)))) == made


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "green"}, {"kind": None}, {"more": 1}, {"reason": 5}, {"key": None}, {"cpu_ms": "12"},
        {"cpu_ms": True},
        {"remarks": "abc"}, {"remarks": [1]}, {"obligations": None}, {"diagnostics": {}}, {"diagnostics": ["x"]},
        {"diagnostics": [{"path": "a"}]}, {"refusals": [{"rule": "r", "message": "m", "other": 1}]},
        {"refusals": [{"rule": 1, "message": "m"}]}, {"tool": ["Dafny"]},
    ],
)  # fmt: skip
def test_another_form_is_no_verdict(change: dict[str, Any]) -> None:
    """A field of another type, unknown, or with something in it that is none of its kind: None, never a guess."""
    whole = json.loads(json.dumps(verdicts.to_json(verdict())))
    assert verdicts.from_json(whole) == verdict()
    assert verdicts.from_json({**whole, **change}) is None


@pytest.mark.parametrize("name", [one.name for one in fields(Verdict)])
def test_half_a_verdict_is_none(name: str) -> None:
    """A verdict that lacks a field was written by another version: it is judged again."""
    whole = verdicts.to_json(verdict())
    del whole[name]
    assert verdicts.from_json(whole) is None


# --- events -------------------------------------------------------------------------------------------------------


def test_events_have_what_the_console_says() -> None:
    """Each event that the package sends with its data at hand has every item that the console's line for it needs."""
    seen = set()
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Event":
                kind, data = [*node.args, ast.Dict([], [])][:2]
                if isinstance(kind, ast.Constant) and isinstance(data, ast.Dict) and str(kind.value) in LINES:
                    names = [str(key.value) for key in data.keys if isinstance(key, ast.Constant)]
                    assert LINES[str(kind.value)](dict.fromkeys(names, "x"))
                    seen.add(kind.value)
    assert seen >= {"round", "request", "request-failed", "waiting", "orphan", "edit-kept"}


def test_a_person_sees_one_line_an_event(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error; events that mean nothing to a person are passed over."""
    say = Console()
    judged = {"component": "a.dfy", "origin": "asked", "reason": "not proved"}
    say(Event("round", {"specs": 2, "requests": 1}))
    say(Event("judged", {**judged, "verdict": "failed"}))
    say(Event("judged", {**judged, "verdict": "verified"}))
    say(Event("retry", {"seconds": "1"}))
    caught = capsys.readouterr()
    assert caught.out == ""
    assert caught.err == (
        "asking for 2 specs in 1 requests\n  a.dfy: failed (asked): not proved\n  a.dfy: verified (asked)\n"
    )


def test_a_program_sees_every_event(tmp_path: Path) -> None:
    """One JSON line each, from any thread; the next run's file begins anew, and only with its first event."""
    path = tmp_path / "build" / "events.jsonl"
    write = Lines(path)
    assert not path.exists()
    event = Event("e", {"é": Path("x")})
    threads = [threading.Thread(target=_repeat, args=(write, event, 50)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] == [
        {"event": "e", "é": "x"}
    ] * 200
    other = Lines(path)
    assert len(path.read_text(encoding="utf-8").splitlines()) == 200
    other(Event("f", {}))
    assert path.read_text(encoding="utf-8") == '{"event": "f"}\n'


def _repeat(write: Lines, event: Event, times: int) -> None:
    for _ in range(times):
        write(event)


def test_everyone_hears_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One event reaches the console, the event log and whoever else listens."""
    heard: list[Event] = []
    listen = report.listeners(Config(root=tmp_path), heard.append)
    listen(Event("waiting", {"holder": "process 1", "lock": "x"}))
    assert [one.kind for one in heard] == ["waiting"]
    assert "waiting for process 1" in capsys.readouterr().err
    assert '"waiting"' in (tmp_path / "build/events.jsonl").read_text(encoding="utf-8")


# --- counts and codes ---------------------------------------------------------------------------------------------

ANSWER = {"prompt": 100, "completion": 10, "cached": 40, "cost": "0.0100"}
MONEY = {"spent": "0.0200", "unpriced": 0}


def counted(bench: Bench, *events: Event) -> Summary:
    """The summary of a run in which these events came by."""
    heard = Ledger()
    for event in events:
        heard(event)
    with bench.project() as project:
        session = Session(project, heard, lambda: pytest.fail("nothing is asked here"))
        rows = heard.rows(session, project.graph.specs)
        return heard.summary(session, rows, heard.remarks(session, rows))


@pytest.fixture
def bench(tree: Tree) -> Bench:
    """One spec, one file without holes."""
    tree.write("a.dfy", f"{HELPERS}lemma L()\n  ensures true\n{HOLE}")
    tree.write("b.dfy", "lemma G()\n  ensures true\n{\n}\n")
    return Bench(tree)


def test_numbers_are_counted_from_what_happened(bench: Bench) -> None:
    """Requests and tokens are sums over events, dollars those of the budget, exact to the last digit."""
    made = counted(bench, *[Event("request"), Event("answer", ANSWER)] * 2, Event("money", MONEY))
    assert (made.requests, made.prompt_tokens, made.completion_tokens, made.cached_tokens) == (2, 200, 20, 80)
    assert made.cost == "0.02 USD"
    assert (made.files, made.specs, made.verified, made.failed, made.verifier_runs) == (2, 1, 0, 2, 0)


def test_one_unknown_price_makes_the_sum_unknown(bench: Bench) -> None:
    """A sum that leaves something out would be a wrong number."""
    made = counted(bench, Event("money", MONEY), Event("money", {**MONEY, "unpriced": 1}))
    assert made.cost == "unknown"
    assert counted(bench).cost == "0 USD"


def test_every_file_has_a_row(bench: Bench) -> None:
    """Broken, up to date, untouched, judged: each file's row says which, and why."""
    bench.tree.write("bad.dfy", 'include "gone.dfy"\n')
    heard = Ledger()
    heard.skipped.add("b.dfy")
    with bench.project() as project:
        session = Session(project, heard, lambda: pytest.fail("nothing is asked here"))
        component = project.component("a.dfy")
        session.solutions[component.id] = Solution(component, "key-1", None, verdict(), "asked", "not proved")
        rows = {one.path: one for one in heard.rows(session, project.graph.specs)}
    assert {path: one.state for path, one in rows.items()} == {
        "a.dfy": "failed", "b.dfy": "verified", "bad.dfy": "unreadable",
    }  # fmt: skip
    assert rows["bad.dfy"].reason.startswith("bad.dfy:1:9: error: imports 'gone.dfy'")
    assert (rows["a.dfy"].holes, rows["a.dfy"].origin) == (2, "asked")


@pytest.mark.parametrize(
    ("states", "code"),
    [
        ([], 0),
        (["verified"], 0),
        (["verified", "failed"], 1),
        (["waiting"], 1),
        (["not generated"], 1),
        (["failed", "tool-crash"], 2),
        (["tool-missing"], 2),
        (["verified", "unreadable"], 2),
    ],
)
def test_exit_codes_are_as_documented(bench: Bench, states: list[str], code: int) -> None:
    """0 all green, 1 something not verified, 2 an error, 5 a limit, whatever else happened."""
    rows = [Row(f"{at}.dfy", state) for at, state in enumerate(states)]
    with bench.project() as project:
        session = Session(project, lambda _: None, lambda: pytest.fail("nothing is asked here"))
        assert ledger.codes(rows, session, {}) == code
        session.limit = LimitReached("enough")
        assert ledger.codes(rows, session, {}) == 5


def test_a_frozen_miss_has_a_code_of_its_own(bench: Bench) -> None:
    """frozen=1 with something that is not in the records is 4."""
    with bench.project(frozen="1") as project:
        session = Session(project, lambda _: None, lambda: pytest.fail("nothing is asked here"))
        assert ledger.codes([Row("a.dfy", "not generated")], session, {"a.dfy": "why"}) == 4
        assert ledger.codes([Row("a.dfy", "verified")], session, {"a.dfy": "why"}) == 0


# --- what doit recorded -------------------------------------------------------------------------------------------


def test_what_doit_recorded_is_read_without_doit(tmp_path: Path) -> None:
    """The rows of generate: tasks come back by path; other tasks and rows of another form are passed over."""
    place = tmp_path / "odd ?#% name.db"
    whole = {"_values_:": {"parts": {"obligation": "o"}, "target": "t"}, "checker:": "MD5"}
    rows = {
        "generate:a é.dfy": whole,
        "generate:old.dfy": {"checker:": "MD5"},
        "generate:odd.dfy": {"_values_:": {"parts": [], "target": "t"}},
        "verify:a.dfy": whole,
    }
    with sqlite3.connect(place) as connection:
        connection.execute("create table doit (task_id text primary key, task_data text)")
        connection.executemany(
            "insert into doit values (?, ?)", [(name, json.dumps(row)) for name, row in rows.items()]
        )
        connection.execute("insert into doit values ('generate:cut.dfy', '{\"_val')")
    connection.close()
    assert recorded.read(place) == {"a é.dfy": Built({"obligation": "o"}, "t")}


@pytest.mark.parametrize("content", [b"", b"no database", b"SQLite format 3\0" + b"x" * 200])
def test_a_lost_database_is_an_empty_one(tmp_path: Path, content: bytes) -> None:
    """No file, an empty one, one that is no database: nothing is known, and nothing is wrong."""
    assert recorded.read(tmp_path / "none.db") == {}
    place = tmp_path / "some.db"
    place.write_bytes(content)
    assert recorded.read(place) == {}
    assert place.read_bytes() == content


# --- a terminal -------------------------------------------------------------------------------------------------------


class Shown:
    """A line that remembers what it showed."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.closed = False

    def print(self, text: str) -> None:
        """As asked."""
        self.texts.append(text)

    def show(self, text: str) -> None:
        """As asked."""
        self.texts.append(text)

    def close(self) -> None:
        """As asked."""
        self.closed = True


def test_the_line_counts_what_happens() -> None:
    """Requests out, verdicts under way, what is verified or not, tokens and money: as events come; then it is gone."""
    line = Shown()
    say = Live(line)
    answer = {"prompt": 100, "completion": 20, "cost": "0.25"}
    money = {"spent": "0.25", "unpriced": 0}
    for kind, data in (
        ("locked", {}), ("round", {"specs": 2, "requests": 1}), ("request", {"specs": 2, "tokens": 100}),
        ("money", money), ("answer", answer), ("judging", {}), ("verdict", {}), ("judged", {"verdict": "verified"}),
        ("judged", {"verdict": "failed"}),
    ):  # fmt: skip
        say(Event(kind, data))
    assert line.texts[0] == "0 requests out, 0 being judged | 0 verified, 0 not | 0 + 0 tokens, 0.0000 USD"
    assert line.texts[1].startswith("1 requests out, 0 being judged")
    assert line.texts[-1] == "0 requests out, 0 being judged | 1 verified, 1 not | 100 + 20 tokens, 0.2500 USD"
    assert not line.closed
    say(Event("over", {}))
    assert line.closed


def _on_a_terminal(tree: Tree, *words: str, **env: str) -> str:
    """All that a run shows on a terminal of its own."""
    tree.write_settings()
    main, other = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "doit", *words], cwd=tree.root, stdin=other, stdout=other, stderr=other,
        env={**os.environ, **tree.env, "TERM": "xterm-256color", "CI": "", **env},
    )  # fmt: skip
    os.close(other)
    found = b""
    with suppress(OSError):  # so the other end of a terminal says that it is gone
        while piece := os.read(main, 4096):
            found += piece
    os.close(main)
    assert process.wait(60) == 0, found.decode()
    return found.decode()


@pytest.fixture
def watched(tree: Tree, tmp_path: Path) -> Iterator[Tree]:
    """A project with one spec and an endpoint that knows it."""
    stand_in.install(tree, tmp_path / "tool")
    tree.write("A.dfy", stand_in.spec("A", "n + 1"))
    book = AnswerBook([{"match": stand_in.head("A"), "fills": stand_in.fill("n + 1")}])
    with Server(answer_fills(book)) as server:
        tree.configure(model="m-1", base_url=server.url)
        yield tree


@pytest.mark.endtoend
def test_a_terminal_shows_one_line_more(watched: Tree) -> None:
    """On a terminal the line is drawn while the run goes on, and the summary stands alone at the end."""
    shown = _on_a_terminal(watched)
    assert "being judged" in shown
    assert "\x1b[2K" in shown  # it is taken away again
    last = shown[shown.index("1 of 1 files verified") :]
    assert "\x1b" not in last
    assert "being judged" not in last


@pytest.mark.endtoend
@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"CI": "true"}])
def test_where_no_person_watches_there_are_only_lines(watched: Tree, env: dict[str, str]) -> None:
    """With CI set, or on a terminal that can nothing, no escape sequence is written."""
    shown = _on_a_terminal(watched, **env)
    assert "\x1b" not in shown
    assert "A.dfy: verified (asked)" in shown


@pytest.mark.endtoend
def test_quiet_says_only_what_is_wrong(watched: Tree) -> None:
    """With --quiet a good run prints nothing; one that is not good prints each file with where its attempt lies."""
    good = watched.doit("generate", "--quiet")
    assert (good.code, good.text) == (0, "")
    watched.write("Bad.dfy", stand_in.spec("Bad", "n + 2"))
    watched.configure(max_attempts=1, base_url="http://127.0.0.1:9/v1", request_seconds=1)
    bad = watched.doit("generate", "--quiet")
    assert bad.code == 1
    assert bad.out.startswith("Bad.dfy: not generated:")
    assert "A.dfy" not in bad.text


@pytest.mark.endtoend
def test_a_failure_says_where_the_whole_attempt_lies(tree: Tree, tmp_path: Path) -> None:
    """The first diagnostic, and the file in build/.failed/ with all of them; which is there."""
    stand_in.install(tree, tmp_path / "tool")
    tree.write("A.dfy", stand_in.spec("A", "n + 1"))
    book = AnswerBook([{"match": stand_in.head("A"), "fills": stand_in.fill("n + 7")}])
    with Server(answer_fills(book)) as server:
        tree.configure(model="m-1", base_url=server.url, max_attempts=1)
        said = tree.doit().out
    assert "A.dfy:5:11: error: a postcondition could not be proved" in said
    assert "the attempt and what was said of it: build/.failed/A.dfy.txt" in said
    assert "postcondition" in tree.read("build/.failed/A.dfy.txt")
