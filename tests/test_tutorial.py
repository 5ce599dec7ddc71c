"""The tutorial is what a new user sees: from `pip install` in an empty environment to a verified file and CI."""

from pathlib import Path

import pytest

from tests.tutorial import PAGE, played

pytestmark = pytest.mark.endtoend


@pytest.mark.slow
def test_the_tutorial_is_what_a_terminal_shows(tmp_path: Path, any_dafny: tuple[str, ...]) -> None:
    """Every command of the page is run in a new home, and prints what stands there."""
    page = PAGE.read_text(encoding="utf-8")
    assert any_dafny
    assert played(page, tmp_path) == page
