"""Random edits against an oracle: 200 steps with a program that decides by content, 10 with real Dafny, in each CI run.

`script/prove engine STEPS SEED` plays more of them. A failure names its seed and its last steps; the same seed plays
the same steps again (but for the moment of a kill).
"""

import random
from pathlib import Path

import pytest

from tests.oracle.machine import play
from tests.oracle.world import GIVEN, METHOD, File, World, obligation, proves, source

pytestmark = pytest.mark.endtoend

STEPS, MOST, REAL = 40, 200, 10


def test_every_build_is_what_the_oracle_says(tmp_path: Path) -> None:
    """A few dozen steps, with kills, edits during a request, and losses: what is asked and what is built is exact."""
    counts = play(tmp_path, "every day", range(STEPS))
    assert counts.steps == STEPS
    assert counts.requests > 0


@pytest.mark.slow
def test_every_build_is_what_the_oracle_says_for_long(tmp_path: Path) -> None:
    """Two hundred steps of a seed that nobody has chosen."""
    seed = random.randrange(1 << 32)  # noqa: S311 - no secret
    assert play(tmp_path, seed, range(MOST)).steps == MOST


@pytest.mark.slow
def test_real_dafny_and_the_oracle_agree(tmp_path: Path, any_dafny: tuple[str, ...]) -> None:
    """What the oracle takes for proved, real Dafny proves; what it takes for wrong, Dafny refuses."""
    assert play(tmp_path, "real", range(REAL), verifier=any_dafny).steps == REAL


# --- the oracle itself ------------------------------------------------------------------------------------------------


def test_the_oracle_knows_what_counts() -> None:
    """Its own obligations change with a contract, also of what is imported through others, and with nothing else."""
    base = File(GIVEN, "Base", (1,), given=1)
    middle, top = File(METHOD, "Middle", (2,), ("base.dfy",)), File(METHOD, "Top", (1,), ("middle.dfy",))
    world = World({"base.dfy": base, "middle.dfy": middle, "top.dfy": top})
    was = obligation(world, ("top.dfy",), {})
    assert (
        obligation(world.put("top.dfy", File(METHOD, "Top", (1,), ("middle.dfy",), comment=5)), ("top.dfy",), {}) == was
    )
    assert obligation(world.put("base.dfy", File(GIVEN, "Base", (1,), given=7)), ("top.dfy",), {}) == was
    assert obligation(world.put("base.dfy", File(GIVEN, "Base", (3,), given=3)), ("top.dfy",), {}) != was
    assert proves(world, ("top.dfy",), {"Top": ("", "r := Base(n);")}, {})
    assert not proves(world, ("top.dfy",), {"Top": ("", "r := Middle(n);")}, {})
    assert 'include "base.dfy"' in source("middle.dfy", middle)
