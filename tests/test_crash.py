"""A build that is killed, at every step that matters: one more run, and all is as if nothing had happened."""

from pathlib import Path

import pytest

from tests.crashes import POINTS, Undisturbed, crash, idle, undisturbed, wrong

QUICK = {"a request goes out", "the answer is stored"}  # the others are slow
THREADS = ("-n", "2", "-P", "thread")


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """The same build without a crash, once for all tests."""
    return undisturbed(tmp_path_factory.mktemp("undisturbed"))


@pytest.mark.parametrize(
    "point", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow, id=name) for name in POINTS]
)
def test_one_more_run_mends_it(point: str, whole: Undisturbed, tmp_path: Path) -> None:
    """Killed there, one more run: the same bytes, only requests that were out are paid again, each told of."""
    found = crash(tmp_path, *POINTS[point], whole)
    assert wrong(found, whole) == ""
    assert idle(found) == ""


@pytest.mark.slow
@pytest.mark.parametrize("point", ["a request goes out", "the answer is stored", "the first target is there"])
def test_one_more_run_mends_it_in_threads(point: str, whole: Undisturbed, tmp_path: Path) -> None:
    """The same under `-n 2 -P thread`."""
    assert wrong(crash(tmp_path, *POINTS[point], whole, mode=THREADS), whole) == ""


@pytest.mark.slow
def test_what_was_whole_on_disk_is_not_paid_again(whole: Undisturbed, tmp_path: Path) -> None:
    """An answer that had arrived, and was not stored yet, is read from where it was spooled."""
    found = crash(tmp_path, "arrived", 1, whole)
    assert wrong(found, whole) == ""
    assert "characters of its answer are kept" in found.second.text
    assert found.again <= 2 * (found.told - 1)


@pytest.mark.slow
@pytest.mark.parametrize("then", [("orphan", 1), ("unread-answers", 1), ("judged", 1)])
def test_a_crash_while_it_mends(then: tuple[str, int], whole: Undisturbed, tmp_path: Path) -> None:
    """The run that mends is killed too: nothing more is paid for what had been stored, and the next one mends."""
    found = crash(tmp_path, "stored", 1, whole, then=[then])
    assert found.second.code == 0, found.second.text
    assert found.again <= 2  # of the other request, out when the first run ended
    assert idle(found) == ""
