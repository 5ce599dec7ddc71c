"""The store: what was paid for is never lost, and nothing is read that was not written."""

import os
import pickle
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from diskcache import Cache

from s2c.codec import DamagedError, Supersede, identity, seal, unseal
from s2c.errors import AskError, ConfigError, StoreError
from s2c.model import Answer, Attempt, Diagnostic, Implementation, Message, Refusal, Request, Usage, VerdictKind
from s2c.store import Store, verdict_secret
from s2c.store.files import sweep
from s2c.store.rows import BytesDisk, Rows
from s2c.store.spool import pending
from s2c.store.standing import standing

ROOT = Path(__file__).resolve().parent.parent
SECRET = b"s" * 32
KEY = "b2:obligation.1:" + "ab" * 20
REQUEST = Request(
    "b2:request.1:" + "cd" * 20, "m", (Message("user", "the prompt"),), 100, "0", {"F1.h1": f"{KEY} 0.h1"}
)
ODD = "a\r\nb\rc\n\u2028 \x85 \U0001f600 \ud83d \udcff \0 end"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store of its own."""
    with Store.open(tmp_path / "cache", secret=SECRET) as opened:
        yield opened


def answer(text: str, finish: str = "stop", request: Request = REQUEST) -> Answer:
    """An answer with every field set."""
    return Answer(request, text, finish, Usage(1, 2, 3, 4, 5), "served", "id", "0.001", "1.5")


def made(text: str, author: str = "model", path: str = "a.dfy", key: str = KEY) -> Implementation:
    """An implementation with one fill."""
    return Implementation(key, {"0.h1": text}, author, "m", path, verified=True)


def attempt(number: int, asking: str = "asking", reason: str = "") -> Attempt:
    """An attempt with every field set."""
    said = (Diagnostic("a.dfy", 3, 4, "error", "no", "line"),)
    refused = (Refusal("rule", "why", "h1", 2),)
    return Attempt(KEY, asking, number, {"0.h1": "x"}, VerdictKind.FAILED, reason, said, refused, "m", "request")


def process(code: str, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """A Python process with `store` open on that folder; it can `say` one line at a time."""
    start = (
        "import os, sys\nfrom pathlib import Path\nfrom dataclasses import replace\n"
        "from s2c.model import *\nfrom s2c.store import Store\nfrom tests.test_store import *\n"
        "say = lambda text: print(text, flush=True)\n"
        "store = Store(Path(sys.argv[1]), secret=SECRET)\n"
    )
    command = [sys.executable, "-c", start + code, str(folder), *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)


def ended(one: subprocess.Popen[str]) -> str:
    """What a process said, once it has ended well."""
    with one:
        said, _ = one.communicate(timeout=60)
    assert one.returncode == 0
    return said


def killed(one: subprocess.Popen[str]) -> None:
    """End it as a power switch would, and take it off the list of processes."""
    one.send_signal(signal.SIGKILL)
    with one:
        one.communicate(timeout=60)


def database(store: Store, name: str = "store") -> Path:
    """The file of one of its databases."""
    return store.folder / "db" / name / "cache.db"


def by_hand(file: Path, statement: str, *values: object) -> None:
    """Change a database without s2c."""
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(statement, values)


# --- answers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "plain", ODD, "x\r\n" * 200_000])
def test_an_answer_comes_back_as_it_came(store: Store, text: str) -> None:
    """Every field and every character of an answer is read back, but for the prompt, which is not kept."""
    store.put_answer(answer(text))
    found = store.answer(REQUEST.key)
    assert found == replace(answer(text), request=replace(REQUEST, messages=()))
    assert b"the prompt" not in b"".join(path.read_bytes() for path in store.folder.rglob("*") if path.is_file())


def test_an_answer_is_unread_until_it_is_marked(store: Store) -> None:
    """What a run did not get to read, the next one finds."""
    store.put_answer(answer("one"))
    store.put_answer(answer("cut", "broken: reset"))
    other = Store.open(store.folder, secret=SECRET)
    assert [one.text for one in other.unread_answers()] == ["one", "cut"]
    other.mark_read(REQUEST.key)
    assert store.unread_answers() == ()
    assert store.answer(REQUEST.key) is not None


def test_a_broken_answer_answers_no_request(store: Store) -> None:
    """A cut answer is kept beside a whole one, and never stands for it; a newer whole one does."""
    store.put_answer(answer("cut", "broken: reset"))
    assert store.answer(REQUEST.key) is None
    store.put_answer(answer("whole", "length"))
    store.put_answer(answer("cut again", "broken: reset"))
    found = store.answer(REQUEST.key)
    assert found is not None
    assert found.text == "whole"
    assert len(store.unread_answers()) == 3


def test_a_killed_writer_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    """A kill -9 in the midst of writing: every answer and implementation whose call returned is there."""
    code = """
number = 0
while True:
    request = replace(REQUEST, key=f"request {number}")
    store.put_answer(answer("text" * 1000, request=request))
    store.add_implementation(made(f"fill {number}"))
    say(number)
    number += 1
"""
    writer = process(code, tmp_path)
    assert writer.stdout is not None
    acknowledged = [int(writer.stdout.readline()) for _ in range(40)]
    writer.send_signal(signal.SIGKILL)
    with writer:
        acknowledged += [int(line) for line in writer.stdout.read().splitlines()]
    store = Store.open(tmp_path, secret=SECRET)
    assert all(store.answer(f"request {number}") for number in acknowledged)
    fills = {one.fills["0.h1"] for one in store.implementations(KEY)}
    assert {f"fill {number}" for number in acknowledged} <= fills
    assert store.problems == []


# --- requests that are out ----------------------------------------------------------------------------------------


def test_a_killed_stream_leaves_its_text(tmp_path: Path) -> None:
    """A kill -9 while an answer streams in: the next run learns of it, and what had arrived becomes an answer."""
    code = """
with store.spool(REQUEST, "0.25") as spool:
    spool.write("first \\U0001f600\\r\\n")
    spool.write("second")
    say("written")
    sys.stdin.read()
"""
    writer = process(code, tmp_path)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "written\n"
    store = Store.open(tmp_path, secret=SECRET)
    assert store.orphans() == ()  # it lives
    writer.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, writer.pid, os.WEXITED | os.WNOWAIT)
    (orphan,) = store.orphans()  # it is dead, though nobody has asked for it yet
    killed(writer)
    assert store.orphans() == (orphan,)
    assert (orphan.answer.text, orphan.reserved, orphan.pid) == ("first \U0001f600\r\nsecond", "0.25", writer.pid)
    store.settle_orphan(orphan)
    assert store.orphans() == ()
    assert list((tmp_path / "db" / "spool").iterdir()) == []
    (late,) = store.unread_answers()
    assert (late.text, late.finish, dict(late.request.expected)) == (
        "first \U0001f600\r\nsecond", "broken: process ended", dict(REQUEST.expected),
    )  # fmt: skip


def stream(store: Store, text: str, error: BaseException) -> None:
    """A request whose answer ends in this way."""
    with store.spool(REQUEST) as spool:
        spool.write(text)
        raise error


def test_a_character_cut_in_two_is_left_out(store: Store) -> None:
    """Text that a kill cut inside a character is read up to it."""
    with pytest.raises(KeyboardInterrupt):
        stream(store, "ab\U0001f600", KeyboardInterrupt())
    (file,) = (store.folder / "db" / "spool").iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert [one.answer.text for one in store.orphans()] == ["ab"]


def test_a_stored_answer_ends_what_is_out(store: Store) -> None:
    """After the answer is stored nothing is pending, and no text lies about."""
    with store.spool(REQUEST) as spool:
        spool.write("text")
        store.put_answer(answer("text"))
    assert store.orphans() == ()
    assert list((store.folder / "db" / "spool").iterdir()) == []
    assert [one.finish for one in store.unread_answers()] == ["stop"]


def test_a_request_that_failed_is_not_pending(store: Store) -> None:
    """After an error of the endpoint nothing is pending; text that had come is kept as a broken answer."""
    with pytest.raises(AskError):
        stream(store, "", AskError("refused"))
    assert store.orphans() == ()
    assert store.unread_answers() == ()
    with pytest.raises(AskError):
        stream(store, "half", AskError("reset"))
    assert [(one.text, one.finish) for one in store.unread_answers()] == [("half", "broken: reset")]
    assert store.orphans() == ()


def test_an_interrupt_leaves_the_request_pending(store: Store) -> None:
    """Ctrl-C while a request is out: nobody knows whether it is billed, so it is told, also by the same process."""
    with pytest.raises(KeyboardInterrupt):
        stream(store, "", KeyboardInterrupt())
    (orphan,) = store.orphans()
    assert orphan.answer.text == ""
    store.settle_orphan(orphan)
    assert store.orphans() == ()
    assert store.unread_answers() == ()


def test_a_pid_that_was_given_out_again_is_not_the_sender() -> None:
    """A process counts as the sender only if it started when the sender did, on this machine since its last start."""
    row = pending(REQUEST, "")
    assert (row.is_gone, row.is_ours) == (False, True)
    for other in (replace(row, started="1"), replace(row, host="elsewhere"), replace(row, pid=0)):
        assert (other.is_gone, other.is_ours) == (True, False)


# --- trouble ------------------------------------------------------------------------------------------------------


def test_a_locked_store_rescues_the_answer(tmp_path: Path) -> None:
    """When another process holds the database for too long, the answer goes to a file that the error names."""
    store = Store(tmp_path, secret=SECRET, wait=0.05)
    store.put_answer(answer("before"))
    with closing(sqlite3.connect(database(store), isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError) as caught:
            store.put_answer(answer("paid\r\n"))
        assert store.answer(REQUEST.key) is not None  # reading goes on
        holder.execute("ROLLBACK")
    (rescued,) = (tmp_path / "db" / "rescue").iterdir()
    assert str(rescued) in str(caught.value)
    assert rescued.stat().st_mode & 0o077 == 0
    assert [one.text for one in store.unread_answers()] == ["before", "paid\r\n"]
    assert not rescued.exists()


def test_a_full_disk_rescues_the_answer(tmp_path: Path) -> None:
    """When the database can't grow, the answer goes to a file, the error names it, and the store works on after."""
    code = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store.put_answer(answer("x"))
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
text = os.urandom(90_000).hex()
failed = 0
with store.spool(REQUEST) as spool:
    for number in range(5):
        try:
            store.put_answer(answer(f"{number} {text}", request=replace(REQUEST, key=f"{number}")))
        except StoreError as error:
            failed += 1
            assert "the paid answer is in" in str(error), str(error)
assert failed, "nothing was full"
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert len(store.unread_answers()) == 6
store.put_answer(answer("after"))
say("went on")
"""
    assert ended(process(code, tmp_path)) == "went on\n"
    assert len(Store.open(tmp_path, secret=SECRET).unread_answers()) == 7


def test_a_failed_transaction_leaves_nothing_behind(store: Store) -> None:
    """What is written inside a transaction that fails is not there, and the next one works."""
    rows = Rows(store.folder / "rows", print)

    def fail() -> None:
        with rows.transaction():
            rows.put("a", 1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert rows.get("a") is None
    rows.put("a", 2)
    assert rows.get("a") == 2


def test_an_interrupted_transaction_locks_nobody_out(store: Store) -> None:
    """Ctrl-C in the midst of diskcache's own ending of a transaction leaves no lock behind."""
    rows = Rows(store.folder / "rows", print, wait=0.05)

    def interrupted() -> None:
        with rows.transaction():
            rows.put("a", 1)
            rows._opened._txn_id = None  # noqa: SLF001 - the state between two lines of diskcache
            raise KeyboardInterrupt

    with pytest.raises((KeyboardInterrupt, AssertionError)):
        interrupted()
    Rows(store.folder / "rows", print, wait=0.05).put("b", 2)
    rows.put("c", 3)
    assert [rows.get(key) for key in "abc"] == [None, 2, 3]


def test_a_file_that_is_no_database_is_one_message(store: Store) -> None:
    """Bytes that are no database are told as such, with what to do; then they are put aside, and the store works."""
    database(store).parent.mkdir(parents=True)
    database(store).write_bytes(b"\x00garbage" * 1000)
    assert not store.is_damaged
    with pytest.raises(StoreError, match="run again"):
        store.implementations(KEY)
    assert store.is_damaged
    store.mend()
    assert not store.is_damaged
    store.add_implementation(made("x"))
    assert [one.fills["0.h1"] for one in store.implementations(KEY)] == ["x"]
    assert (database(store).parent.with_name("store.broken-1") / "cache.db").read_bytes().startswith(b"\x00garbage")


def test_a_read_only_store_adds_nothing(store: Store) -> None:
    """Read-only: what a run would add is left out, verdicts are kept, asking is an error."""
    store.add_implementation(made("x"))
    frozen = Store.open(store.folder, secret=SECRET, read_only=True)
    frozen.add_implementation(made("y"))
    frozen.supersede(made("y"))
    frozen.add_attempt(attempt(1))
    frozen.put_verdict("key", {"kind": "verified"})
    assert frozen.export_records() == 0
    assert [one.fills["0.h1"] for one in store.implementations(KEY)] == ["x"]
    assert store.attempts(KEY) == ()
    assert store.verdict("key") == {"kind": "verified"}
    with pytest.raises(StoreError, match="read-only"):
        frozen.spool(REQUEST)


# --- strangers ----------------------------------------------------------------------------------------------------


class Bomb:
    """Unpickling this makes a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """What an attacker writes."""
        return os.mkdir, (str(self.path),)


def test_a_pickled_row_is_never_loaded(store: Store, tmp_path: Path) -> None:
    """A row, or a key, that a stranger pickled reads as absent and runs nothing; the rest of the store works."""
    store.add_implementation(made("x"))
    bomb, row = pickle.dumps(Bomb(tmp_path / "bomb")), f"implementation {KEY}"
    by_hand(database(store), "UPDATE Cache SET mode = 4, value = ? WHERE key = ?", bomb, row)
    by_hand(database(store), "INSERT INTO Cache (key, raw, mode, value) VALUES (?, 0, 4, ?)", bomb, bomb)
    assert store.implementations(KEY) == ()
    store.export_records(everything=True)
    assert any("is ignored" in problem for problem in store.problems)
    assert not (tmp_path / "bomb").exists()


def test_a_row_that_names_a_file_touches_none(store: Store, tmp_path: Path) -> None:
    """A stranger's row can name any file: it is neither read, nor deleted when the row is written anew."""
    victim = tmp_path / "victim"
    victim.write_text("mine", encoding="utf-8")
    store.add_implementation(made("x"))
    statement = "UPDATE Cache SET mode = 2, filename = ? WHERE key = ?"
    by_hand(database(store), statement, os.path.relpath(victim, database(store).parent), f"implementation {KEY}")
    assert store.implementations(KEY) == ()
    store.add_implementation(made("y"))
    assert [one.fills["0.h1"] for one in store.implementations(KEY)] == ["y"]
    assert victim.read_text(encoding="utf-8") == "mine"


def test_settings_of_a_stranger_are_refused(store: Store) -> None:
    """A database that brings settings of its own is not opened: diskcache would run them as PRAGMAs."""
    store.add_implementation(made("x"))
    by_hand(database(store), "INSERT INTO Settings VALUES ('sqlite_writable_schema', 1)")
    with pytest.raises(StoreError, match="sqlite_writable_schema"):
        Store.open(store.folder, secret=SECRET).implementations(KEY)


def test_known_settings_are_set_back(store: Store) -> None:
    """Whatever a stranger made of the settings that s2c sets itself, eviction among them, is undone on opening."""
    store.add_implementation(made("x"))
    by_hand(database(store), "UPDATE Settings SET value = 'least-recently-stored' WHERE key = 'eviction_policy'")
    by_hand(database(store), "UPDATE Settings SET value = 1 WHERE key IN ('size_limit', 'sqlite_synchronous')")
    with Store.open(store.folder, secret=SECRET) as other:
        for number in range(30):
            other.add_implementation(made(f"{number}"))
        assert len(other.implementations(KEY)) == 31
    with closing(sqlite3.connect(database(store))) as connection:
        found = dict(connection.execute("SELECT key, value FROM Settings").fetchall())
    assert (found["eviction_policy"], found["sqlite_synchronous"]) == ("none", 2)


def test_the_short_way_to_open_leaves_nothing_out(store: Store) -> None:
    """A database opened by the short way has every attribute, and every PRAGMA, that diskcache would have set."""
    store.put_answer(answer("x"))
    folder = database(store).parent
    rows = Rows(folder, print)
    rows.get("x")
    usual = Cache(str(folder), disk=BytesDisk)
    short = rows._opened  # noqa: SLF001 - this is about what diskcache keeps inside
    assert type(short) is not Cache
    not_needed = {"_page_size", "count", "size", "hits", "misses"}
    assert vars(usual).keys() - vars(short).keys() <= not_needed
    for name in vars(usual).keys() - not_needed - {"_local", "_disk"}:
        assert getattr(short, name) == getattr(usual, name), name
    for pragma in ("synchronous", "journal_mode", "auto_vacuum"):
        statement = f"PRAGMA {pragma}"
        assert short._sql(statement).fetchall() == usual._sql(statement).fetchall()  # noqa: SLF001 - same
    usual.close()
    rows.close()


def test_verdicts_of_another_machine_are_ignored(store: Store) -> None:
    """A verdict or a finding signed with another secret is as good as absent; the same secret reads it."""
    store.put_verdict("key", {"kind": "verified"})
    store.put_analysis("key", ["anything", 1, None, True])
    stranger = Store.open(store.folder, secret=b"t" * 32)
    assert stranger.verdict("key") is None
    assert stranger.analysis("key") is None
    friend = Store.open(store.folder, secret=SECRET)
    assert friend.verdict("key") == {"kind": "verified"}
    assert friend.analysis("key") == ["anything", 1, None, True]


def test_a_verdict_under_another_key_is_ignored(store: Store) -> None:
    """A signed verdict that was copied to another key is not believed."""
    store.put_verdict("good", {"kind": "verified"})
    by_hand(database(store, "verdicts"), "UPDATE Cache SET key = 'verdict bad' WHERE key = 'verdict good'")
    assert store.verdict("bad") is None


def test_a_store_without_a_secret_is_refused(tmp_path: Path) -> None:
    """An empty secret signs nothing."""
    with pytest.raises(StoreError):
        Store.open(tmp_path, secret=b"")


@pytest.mark.parametrize("secret", [b"", SECRET])
def test_a_flipped_bit_is_seen(secret: bytes) -> None:
    """One bit flipped in each byte, and a cut at each byte, of a row: refused, never another value."""
    row = seal("key", {"text": "some text, some text"}, secret)
    damaged = [row[:cut] for cut in range(len(row))]
    damaged += [row[:at] + bytes([row[at] ^ (1 << at % 8)]) + row[at + 1 :] for at in range(len(row))]
    for one in damaged:
        with pytest.raises(DamagedError):
            unseal("key", one, secret)
    assert unseal("key", row, secret) == {"text": "some text, some text"}


# --- implementations and attempts ---------------------------------------------------------------------------------


def test_the_order_that_stands() -> None:
    """A person's edit, then the newest superseding one, then the lowest identity; however the records came."""
    plain = sorted((made(text) for text in "abc"), key=identity)
    edit = made("edit", "human")
    first = Supersede(KEY, identity(plain[1]))
    second = Supersede(KEY, identity(plain[2]), (identity(first),))
    expected = (edit, plain[2], plain[1], plain[0])
    for ones in permutations([*plain, edit]):
        for wishes in permutations([first, second]):
            assert standing(ones, wishes) == expected


def test_supersede_moves_one_to_the_front(store: Store) -> None:
    """Each explicit wish counts more than those before it, and repeating the last one changes nothing."""
    ones = [made(text) for text in "abc"]
    for one in ones:
        store.add_implementation(one)
    for one in (*ones, ones[0], ones[0]):
        store.supersede(one)
        assert store.implementations(KEY)[0].fills == one.fills
    before = database(store).stat().st_size
    store.supersede(ones[0])
    assert database(store).stat().st_size == before
    store.add_implementation(made("edit", "human"))
    assert store.implementations(KEY)[0].author == "human"


def test_the_same_fills_are_one_implementation(store: Store) -> None:
    """Fills alone are the identity; a person's name on them stays, and so does that they were once verified."""
    store.add_implementation(replace(made("x"), verified=False))
    store.add_implementation(made("x"))
    store.add_implementation(replace(made("x", "human"), verified=False))
    store.add_implementation(made("x"))
    (found,) = store.implementations(KEY)
    assert (found.author, found.verified) == ("human", True)


def test_latest_for_path_is_newest_first(store: Store) -> None:
    """The last five of a path come back, newest first, across obligations; adding one again makes it the newest."""
    for number in range(7):
        store.add_implementation(made(f"{number}", key=f"key {number}"))
    assert [one.fills["0.h1"] for one in store.latest_for_path("a.dfy")] == ["6", "5", "4", "3", "2"]
    store.add_implementation(made("3", key="key 3"))
    assert [one.fills["0.h1"] for one in store.latest_for_path("a.dfy")] == ["3", "6", "5", "4", "2"]
    assert store.latest_for_path("b.dfy") == ()


def test_attempts_come_in_order(store: Store) -> None:
    """Attempts come back whole, each once, by asking key as these began, then by number."""
    for one in (attempt(2, "b"), attempt(2, "a"), attempt(1, "a"), attempt(1, "b"), attempt(1, "a", "told otherwise")):
        store.add_attempt(one)
    assert store.attempts(KEY) == (attempt(1, "b"), attempt(2, "b"), attempt(1, "a"), attempt(2, "a"))


# --- together -----------------------------------------------------------------------------------------------------


def test_eight_processes_lose_nothing(tmp_path: Path) -> None:
    """Eight processes that open one new store at once and write to the same and to other keys lose no record."""
    code = """
mine = sys.argv[2]
for number in range(25):
    store.add_implementation(made(f"{mine}.{number}"))
    store.add_implementation(made("x", key=f"key {mine} {number}"))
    store.put_answer(answer("x", request=replace(REQUEST, key=f"request {mine} {number}")))
    store.put_verdict(f"{mine} {number}", {"number": number})
"""
    for one in [process(code, tmp_path, str(mine)) for mine in range(8)]:
        ended(one)
    store = Store.open(tmp_path, secret=SECRET)
    everyone = [(mine, number) for mine in range(8) for number in range(25)]
    assert {one.fills["0.h1"] for one in store.implementations(KEY)} == {f"{a}.{b}" for a, b in everyone}
    assert all(store.implementations(f"key {a} {b}") for a, b in everyone)
    assert all(store.verdict(f"{a} {b}") == {"number": b} for a, b in everyone)
    assert len(store.unread_answers()) == 200
    assert store.problems == []


def test_threads_lose_nothing(store: Store) -> None:
    """Eight threads on one store lose no record."""

    def work(mine: int) -> None:
        for number in range(15):
            store.add_implementation(made(f"{mine}.{number}"))
        store.close()

    threads = [threading.Thread(target=work, args=(mine,)) for mine in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(store.implementations(KEY)) == 120


def test_opening_is_lazy_and_private(tmp_path: Path) -> None:
    """A store that is only asked makes no file; one that is written to is nobody else's to read."""
    with Store.open(tmp_path / "cache", secret=SECRET) as store:
        found = (store.implementations(KEY), store.attempts(KEY), store.unread_answers(), store.orphans())
        assert found == ((), (), (), ())
        assert (store.answer("x"), store.verdict("x"), store.analysis("x")) == (None, None, None)
        assert not (tmp_path / "cache").exists()
        store.put_answer(answer("x"))
        assert database(store).parent.stat().st_mode & 0o077 == 0


def test_half_written_files_of_killed_processes_go(tmp_path: Path) -> None:
    """What a kill left of a file that was being written goes once it is old; nothing else does."""
    names = [".s2c-0123456789abcdef", "below/.s2c-0123456789abcdef", ".s2c-mine", "a.dfy"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
        os.utime(tmp_path / name, (1, 1))
    (tmp_path / ".s2c-fedcba9876543210").write_bytes(b"young")
    sweep(tmp_path)
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {".s2c-mine", "a.dfy", ".s2c-fedcba9876543210"}


# --- the secret ---------------------------------------------------------------------------------------------------


def test_the_secret_is_made_once(tmp_path: Path) -> None:
    """Eight processes that need the first secret at once get the same one; its file is nobody else's to read."""
    code = "import os; from s2c.store import verdict_secret; print(verdict_secret(os.environ).hex())"
    environ = {**os.environ, "XDG_STATE_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) for _ in range(8)]
    found = {ended(one) for one in started}
    assert len(found) == 1
    assert len(bytes.fromhex(found.pop().strip())) >= 32
    file = tmp_path / "s2c" / "verdict.key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in file.parent.iterdir()] == ["verdict.key"]


def test_the_secret_can_be_given(tmp_path: Path) -> None:
    """S2C_VERDICT_KEY wins over the file; one too short to be a secret is refused, an empty one is none."""
    environ = {"S2C_VERDICT_KEY": "a long random text", "XDG_STATE_HOME": str(tmp_path)}
    assert verdict_secret(environ) == b"a long random text"
    assert not (tmp_path / "s2c").exists()
    with pytest.raises(ConfigError, match="S2C_VERDICT_KEY"):
        verdict_secret({"S2C_VERDICT_KEY": "short"})
    assert len(verdict_secret({**environ, "S2C_VERDICT_KEY": ""})) == 64
    assert (tmp_path / "s2c/verdict.key").exists()


def test_a_secret_that_others_can_read_is_refused(tmp_path: Path) -> None:
    """A secret that is no secret signs nothing."""
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    verdict_secret(environ)
    (tmp_path / "s2c" / "verdict.key").chmod(0o644)
    with pytest.raises(StoreError, match="delete it"):
        verdict_secret(environ)
