"""What travels between machines: unchanged when it is right, refused when it is anything else; and who may be met."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s2c import carrier, config
from s2c.carrier import Errand, Reply, UnreadableError, Wanted
from s2c.errors import ConfigError
from s2c.process import Limits, RawRun, Run

ROOT = Path(__file__).resolve().parent.parent
RAW = RawRun(0, b"\0out", b"err", {"log": b"\xff"}, wall_ms=3, then=(RawRun(1, b"", b"", {}),))
RIGHT = json.loads(carrier.pack_reply(Reply("1/x", {"dafny": "id"}, RAW)))


def test_what_travels_arrives_unchanged() -> None:
    """A run and its raw output are the same after the way through bytes."""
    run = Run(("a", "b"), {"x/y": b"\0\xff"}, Limits(1, 2, 3), ("log",), (("c",),), {"LEAN_PATH": "/x"})
    errand = Errand("me", (Wanted("dafny", ("d",), ("f*",)),), run)
    assert carrier.errand(carrier.pack_errand(errand)) == errand
    assert carrier.reply(json.dumps(RIGHT).encode()) == Reply("1/x", {"dafny": "id"}, RAW)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("exit", "0"), ("exit", True), ("exit", 1 << 70), ("stdout", 7), ("stdout", "?"), ("collected", []),
        ("collected", {"a": None}), ("killed", None), ("then", [RIGHT["raw"]]), ("then", {}), ("cpu_ms", 1.5),
    ],
)  # fmt: skip
def test_a_reply_of_another_form_is_no_result(name: str, value: object) -> None:
    """Each field of another type, or nested beyond what a run has, is refused."""
    with pytest.raises(UnreadableError):
        carrier.reply(json.dumps({**RIGHT, "raw": {**RIGHT["raw"], name: value}}).encode())


@given(st.one_of(st.binary(), st.none(), st.text(), st.integers(), st.binary().map(lambda one: b'{"raw":' + one)))
def test_whatever_a_worker_gives_is_read_or_refused(message: object) -> None:
    """Nothing else comes of hostile bytes."""
    with pytest.raises(UnreadableError):
        carrier.reply(message)


@pytest.mark.parametrize(
    ("dask", "told"),
    [
        ('address = "tcp://10.0.0.1:8786"', "runs code on every machine"),
        ('address = "tls://10.0.0.1:8786"', "needs tls_ca"),
        ('address = "10.0.0.1"', "address must be"),
        ('adress = "tcp://127.0.0.1:1"', "did you mean 'address'"),
        ('address = "tcp://127.0.0.1:1"\ntimeout = 0', "at least 1"),
    ],
)
def test_an_unsafe_or_wrong_address_is_refused(tmp_path: Path, dask: str, told: str) -> None:
    """tcp:// to another machine needs `insecure`, tls:// its certificates."""
    (tmp_path / "pyproject.toml").write_text(f'[tool.s2c]\nexecutor = "dask"\n[tool.s2c.dask]\n{dask}\n')
    with pytest.raises(ConfigError, match=told):
        config.load(tmp_path, environ={})


def test_insecure_is_said_by_hand(tmp_path: Path) -> None:
    """With `insecure = true` another machine is met over tcp://."""
    table = '[tool.s2c.dask]\naddress = "tcp://10.0.0.1:8786"\ninsecure = true\n'
    (tmp_path / "pyproject.toml").write_text(f'[tool.s2c]\nexecutor = "dask"\n{table}')
    assert config.load(tmp_path, environ={}).dask.insecure


WITHOUT = """
import sys
sys.modules["distributed"] = None
from pathlib import Path
from s2c import cli, config, executors, session, tasks
from s2c.errors import ConfigError
there = [one for one in sys.modules if one.partition(".")[0] in ("dask", "distributed")]
assert there == ["distributed"], there
try:
    executors.make(config.load(Path(sys.argv[1]), environ={}), {}, None, print, set())
except ConfigError as error:
    print(error.exit_code, error)
"""


def test_without_the_extra_nothing_is_imported_and_the_error_says_what_to_install(tmp_path: Path) -> None:
    """Everything else works without `distributed`; asking for it without having it is exit code 3."""
    table = '[tool.s2c.dask]\naddress = "tcp://127.0.0.1:8786"\n'
    (tmp_path / "pyproject.toml").write_text(f'[tool.s2c]\nexecutor = "dask"\n{table}')
    command = [sys.executable, "-c", WITHOUT, str(tmp_path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.stdout.startswith("3 "), ended.stderr
    assert "pip install 's2c[dask]'" in ended.stdout
