"""What every test shares: data, tools, projects in a folder of their own, and a guard that no request leaves."""

import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.dafny_tools import available
from tests.projects import Tree

ROOT = Path(__file__).resolve().parent.parent
STRICT = os.environ.get("CI") == "true"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever needs a real Dafny says so by the fixture; the mark follows."""
    for item in items:
        if {"dafny", "any_dafny"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.dafny)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """With CI=true a skipped Dafny test is a failure: a green run must mean that Dafny spoke."""
    report = yield
    if STRICT and report.skipped and item.get_closest_marker("dafny") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"CI=true: a Dafny test may not be skipped ({report.longrepr})"
    return report


Show = Callable[[str], None]


@pytest.fixture
def show(record_property: Callable[[str, object], None]) -> Show:
    """Prints a table at the end of the run: a test that runs in a worker has no terminal."""
    return lambda table: record_property("table", table)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The tables that tests showed."""
    for report in (one for ones in terminalreporter.stats.values() for one in ones):
        for name, text in getattr(report, "user_properties", ()):
            if name == "table" and report.when == "call":
                terminalreporter.write_line(f"\n{text}")


@pytest.fixture(scope="session")
def shared() -> Path:
    """Data that is not part of this repository: corpora, attacks, transcripts."""
    folder = Path(os.environ.get("S2C_TEST_DATA", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}: set S2C_TEST_DATA")
    return folder


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes `dafny` runs once for each generation that is here, and is skipped where there is none.

    Of an `endtoend` test, which takes seconds, only the newest is in the fast tier.
    """
    if "dafny" in metafunc.fixturenames:
        found = sorted(available()) or ["none"]
        long = metafunc.definition.get_closest_marker("endtoend") is not None
        older = [pytest.param(name, marks=pytest.mark.slow) if long else name for name in found[:-1]]
        metafunc.parametrize("dafny", [*older, found[-1]], indirect=True)


@pytest.fixture
def dafny(request: pytest.FixtureRequest) -> tuple[str, ...]:
    """The command of a real Dafny."""
    if request.param == "none":
        pytest.skip("no Dafny on this machine")
    return available()[request.param]


@pytest.fixture
def any_dafny() -> tuple[str, ...]:
    """The command of one real Dafny, the newest that is here."""
    found = available()
    if not found:
        pytest.skip("no Dafny on this machine")
    return found.get("4.x") or found["2.3"]


@pytest.fixture
def dafny4() -> tuple[str, ...]:
    """The command of a real Dafny 4, for what 2.3 has not."""
    if "4.x" not in available():
        pytest.skip("no Dafny 4 on this machine")
    return available()["4.x"]


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    """An empty project in a folder of its own."""
    return Tree(tmp_path / "project")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own for each test: no key, no state and no settings of the person who runs it."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith(("S2C_", "OPENAI_")) and name != "S2C_TEST_DATA"]:
        monkeypatch.delenv(name)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE"):  # a test is no step of a workflow
        monkeypatch.delenv(name, raising=False)
    for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    return folder


@pytest.fixture(autouse=True)
def _signals_reach_children() -> Iterator[None]:
    """Tests that run in the background have Ctrl-C or SIGHUP ignored, and would hand that on: here they must count."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    ignored = [number for number, handler in before.items() if handler is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture(autouse=True)
def _no_request_leaves(monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection to anywhere but this machine fails the test that made it."""
    monkeypatch.setattr(socket.socket, "connect", _guarded(socket.socket.connect))
    monkeypatch.setattr(socket.socket, "connect_ex", _guarded(socket.socket.connect_ex))


def _guarded(real: Callable[..., object]) -> Callable[..., object]:
    def connect(own: socket.socket, address: object) -> object:
        inside = own.family == socket.AF_UNIX or (
            isinstance(address, tuple) and str(address[0]) in {"127.0.0.1", "::1"}
        )
        assert inside, f"a test reached out to {address!r}"
        return real(own, address)

    return connect
