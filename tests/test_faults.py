"""What the oracle is worth: faults put into a copy of the engine are found within 60 steps.

Five of them in every CI run; all by `script/prove faults`. That each fits the text of the engine is always tested.
"""

from pathlib import Path

import pytest

from tests.faults import FAULTS, killed_by
from tests.oracle.machine import PACKAGE

pytestmark = pytest.mark.endtoend

LEAST = 14
PLACES = {"keys.py", "plan.py", "splice.py", "outputs.py", "store/store.py"}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_fits_the_text(name: str) -> None:
    """The text that a fault replaces is there, once."""
    fault = FAULTS[name]
    assert (PACKAGE / "s2c" / fault.file).read_text(encoding="utf-8").count(fault.right) == 1


def test_there_are_faults_of_each_part() -> None:
    """Keys, plan, store, splice and outputs have faults of their own; none has the same text as another."""
    assert len(FAULTS) >= LEAST
    assert {fault.file for fault in FAULTS.values()} >= PLACES
    assert len({(fault.file, fault.wrong) for fault in FAULTS.values()}) == len(FAULTS)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["closure", "exhausted", "lost", "overwrite", "splice"])
def test_a_fault_is_found(tmp_path: Path, name: str) -> None:
    """An engine with this fault does not get through sixty steps."""
    assert killed_by(name, tmp_path)
