"""The whole judge, with real Dafny, on the catalogue of attacks and of what only looks like one."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from s2c.executor import LocalExecutor
from s2c.judge import Judge
from s2c.languages.dafny.verifier import MODERN
from s2c.model import Verdict, VerdictKind
from s2c.settings import Config
from s2c.store import Store
from tests import layers
from tests.dafny_tools import installed
from tests.picture import SECRET

pytestmark = [pytest.mark.endtoend, pytest.mark.slow]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    with Store.open(tmp_path / "cache", secret=SECRET) as made:
        yield made


def judged(shared: Path, dafny: tuple[str, ...], store: Store, *, attacks: bool) -> dict[str, Verdict]:
    """The judge's verdict on each attack, or on each look-alike."""
    tool = installed(dafny)
    found = {}
    with LocalExecutor() as executor:
        for row in layers.catalogue(shared):
            if row["must_reject"] is attacks:
                graph, case = layers.case_of(row, modern=tool.generation == MODERN)
                found[row["id"]] = Judge(graph, Config(Path("/")), store, executor.submit).judge(case, tool)
    return found


def test_no_attack_is_verified(shared: Path, dafny: tuple[str, ...], store: Store) -> None:
    """Each attack is the model's to repair, and its verdict says by which rule."""
    found = judged(shared, dafny, store, attacks=True)
    assert len(found) >= 48
    kinds = Counter(verdict.kind for verdict in found.values())
    assert set(kinds) <= {VerdictKind.POLICY, VerdictKind.SYNTAX}
    assert [name for name, verdict in found.items() if not verdict.refusals] == []


def test_every_look_alike_is_verified(shared: Path, dafny: tuple[str, ...], store: Store) -> None:
    """Harmless text passes every layer, twins included, and nothing is remarked about it."""
    found = judged(shared, dafny, store, attacks=False)
    assert len(found) >= 17
    assert {name: verdict.reason for name, verdict in found.items() if verdict.kind is not VerdictKind.VERIFIED} == {}
    assert {name: verdict.remarks for name, verdict in found.items() if verdict.remarks} == {}
