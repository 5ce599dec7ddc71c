"""Stored verdicts that nobody of this machine wrote: whatever the row holds, the file is judged again."""

import pickle
import random
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import pytest

from s2c.case import Case
from s2c.codec import MAGIC, seal
from s2c.judge import Judge
from s2c.model import Verdict, VerdictKind
from s2c.process import RawRun, Run, Tool
from s2c.sandbox import execute
from s2c.settings import Config
from s2c.store import Store
from s2c.verdicts import to_json
from tests.hostile import SECRET, SPEC, WRONG, command
from tests.picture import graph_of

OTHERS = (b"another secret of this length", b"", SECRET[:-1], SECRET + b"x", SECRET.upper())


class Desk:
    """A judge with a wrong fill before it. The verifier is run once; its raw output answers every later run."""

    def __init__(self, folder: Path) -> None:
        graph = graph_of(a=SPEC)
        self.store = Store.open(folder, secret=SECRET)
        self.case = Case(graph.components["a.dfy"], {"a.dfy": {"h1": "", "h2": WRONG}}, {})
        self.tool = Tool("dafny", "Dafny", "0", "modern", command("modern", "honest", "no-mark"), "none")
        self.runs = 0
        self._known: dict[tuple[str, ...], RawRun] = {}
        self._judge = Judge(graph, Config(folder), self.store, self._submit)
        self.key = self._judge.key(self.case, self.tool)
        self.database = folder / "db" / "verdicts" / "cache.db"

    def _submit(self, run: Run) -> "Future[RawRun]":
        self.runs += 1
        if run.command not in self._known:
            self._known[run.command] = execute(run)
        told: Future[RawRun] = Future()
        told.set_result(self._known[run.command])
        return told

    def verdict(self) -> Verdict:
        """What the judge says."""
        return self._judge.judge(self.case, self.tool)

    def claim(self, **changes: object) -> dict[str, object]:
        """A verdict that says verified, as s2c writes it."""
        made = Verdict(VerdictKind.VERIFIED, self.key, obligations=("Max (correctness)",), tool="Dafny 0 none")
        return {**to_json(made), **changes}

    def put(self, row: object, key: str = "", mode: int = 1) -> None:
        """Lay this row into the database, under the verdict's key or another one, past s2c."""
        self.store.put_verdict(key or self.key, {})
        with closing(sqlite3.connect(self.database, timeout=60)) as connection, connection:
            connection.execute("PRAGMA synchronous = OFF")  # a thousand of them
            statement = "UPDATE Cache SET mode = ?, value = ?, size = 0 WHERE key = ?"
            connection.execute(statement, (mode, row, f"verdict {key or self.key}"))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk of its own; honest but for what lies in the store."""
    made = Desk(tmp_path)
    yield made
    made.store.close()


def judged_again(desk: Desk) -> bool:
    """Whether the verifier was run, and said no."""
    before = desk.runs
    return desk.verdict().kind is VerdictKind.FAILED and desk.runs == before + 1


def _forgers(desk: Desk, rng: random.Random) -> list[Callable[[], bytes]]:
    """Ways to make a row without the secret. What a forger may have: rows that this machine signed for other keys."""
    name = f"verdict {desk.key}"
    good = seal(f"{name}x", desk.claim(), SECRET)  # type: ignore[arg-type]  # JSON all the same
    start = len(MAGIC) + 32

    def payload(secret: bytes) -> bytes:
        return seal(name, desk.claim(reason=str(rng.random())), secret)  # type: ignore[arg-type]

    def cut() -> bytes:
        return good[: rng.randrange(len(good))]

    def flipped() -> bytes:
        row = bytearray(good)
        for _ in range(rng.randint(1, 4)):
            row[rng.randrange(len(row))] ^= 1 << rng.randrange(8)
        return bytes(row)

    def mixed() -> bytes:
        return good[:start] + payload(OTHERS[0])[start:]

    def tagged() -> bytes:
        return MAGIC + rng.randbytes(32) + payload(b"")[start:]

    def bomb() -> bytes:
        return MAGIC + rng.randbytes(32) + zlib.compress(b"0" * rng.choice([10, 10**6]))

    return [
        lambda: payload(rng.choice(OTHERS)), lambda: good, cut, flipped, mixed, tagged, bomb,
        lambda: rng.randbytes(rng.randrange(200)), lambda: MAGIC + rng.randbytes(rng.randrange(200)),
        lambda: good + rng.randbytes(rng.randint(1, 9)),
    ]  # fmt: skip


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.slow)])
def test_a_thousand_forged_rows_are_no_verdict(desk: Desk, count: int) -> None:
    """Other secrets, rows of other keys, cuts, flips, mixtures, random bytes: each time the file is judged again."""
    rng = random.Random(count)  # noqa: S311 - the same forgeries in every run
    forgers = _forgers(desk, rng)
    for number in range(count):
        row = forgers[number % len(forgers)]()
        desk.put(row)
        assert judged_again(desk), row


def test_a_row_of_another_key_is_no_verdict(desk: Desk) -> None:
    """A verdict that this machine signed for another file, or a finding of another kind, counts for nothing here."""
    for name in ("verdict other", f"analysis {desk.key}", desk.key, f"verdict {desk.key} ", ""):
        desk.put(seal(name, desk.claim(), SECRET))  # type: ignore[arg-type]
        assert judged_again(desk), name


@pytest.mark.parametrize("mode", [0, 1, 2, 3, 4, 99])
def test_no_other_form_of_row_is_read(desk: Desk, mode: int) -> None:
    """Texts, numbers, pickles, names of files: whatever a database can hold is no verdict."""
    row = seal(f"verdict {desk.key}", desk.claim(), OTHERS[0])  # type: ignore[arg-type]
    for value in (row, row.hex(), 1, 1.5, None, pickle.dumps(desk.claim()), b"", "verified"):
        desk.put(value, mode=mode)
        assert judged_again(desk), (mode, value)


def test_rightly_signed_and_of_another_form(desk: Desk) -> None:
    """Even with the right signature only a whole verdict is one; a bare word, a part, a wrong type are none."""
    whole = desk.claim()
    odd: list[object] = ["verified", None, [], True, {}, {"kind": "verified"}]
    odd += [{name: value for name, value in whole.items() if name != left} for left in whole]
    odd += [{**whole, "kind": "VERIFIED"}, {**whole, "more": 1}, {**whole, "cpu_ms": "1"}, {**whole, "remarks": "x"}]
    for value in odd:
        desk.put(seal(f"verdict {desk.key}", value, SECRET))  # type: ignore[arg-type]
        assert judged_again(desk), value


def test_the_control_is_believed(desk: Desk) -> None:
    """The same row with the right key and the right secret is this machine's own word: no run."""
    desk.put(seal(f"verdict {desk.key}", desk.claim(), SECRET))  # type: ignore[arg-type]
    assert (desk.verdict().kind, desk.runs) == (VerdictKind.VERIFIED, 0)
