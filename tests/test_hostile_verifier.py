"""A verifier that hangs, dies, forks, fills the disk, forges or lies: nothing green, nothing left behind."""

from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from s2c import sandbox
from s2c.model import VerdictKind
from tests import hostile
from tests.hostile import GENERATIONS, RIGHT, bench

CRASH, TIMEOUT = VerdictKind.TOOL_CRASH, VerdictKind.TIMEOUT
# What is said of a wrong fill when the verifier misbehaves so.
MISBEHAVIOUR = {
    "honest": VerdictKind.FAILED,
    "lies": VerdictKind.POLICY,  # the twin is proved as well
    "others": VerdictKind.INCOMPLETE,
    "hangs": TIMEOUT, "hangs-late": TIMEOUT, "stops": TIMEOUT, "bomb": TIMEOUT,
    "dies": CRASH, "dies-late": CRASH, "aborts": CRASH, "kills": CRASH,
    "forks": VerdictKind.FAILED, "goes": CRASH,
    "fills": CRASH, "floods": CRASH, "floods-errors": CRASH, "deep": CRASH, "laughs": CRASH, "locks": CRASH,
    "linked": CRASH,
    "forged-bare": CRASH, "forged-empty": CRASH, "forged-twice": CRASH, "forged-message": CRASH,
    "forged-failed": CRASH, "forged-code": CRASH, "forged-cut": CRASH, "forged-more": CRASH, "forged-bytes": CRASH,
    "forged-null": CRASH, "forged-info": CRASH,
}  # fmt: skip
# A message of Dafny 4 is one JSON text: what it holds is no line of output. Then a remark is as good as none.
SAID_OTHERWISE = {("modern", "forged-failed"): VerdictKind.FAILED, ("modern", "forged-info"): VerdictKind.POLICY}
SHORT = {"hangs", "hangs-late", "stops", "bomb"}
LONG = {"bomb", "stops", "hangs-late", "floods-errors", "fills", "floods", "deep"}  # slow for one of the generations


def _cases() -> list[ParameterSet]:
    """Each behaviour with each generation; what is about processes is slow for the older one."""
    marks = {(behaviour, "legacy"): pytest.mark.slow for behaviour in LONG}
    every = [(behaviour, generation) for behaviour in MISBEHAVIOUR for generation in GENERATIONS]
    return [pytest.param(*one, marks=marks.get(one, ())) for one in every]


@pytest.mark.parametrize(("behaviour", "generation"), _cases())
def test_misbehaviour_is_never_green(tmp_path: Path, behaviour: str, generation: str) -> None:
    """Whatever it does with a wrong fill: the right class, no process after 5 s, no file, no verdict of a crash."""
    with bench(tmp_path, generation, behaviour, wall=1 if behaviour in SHORT else 30) as one:
        verdict = one.verdict()
        assert verdict.kind is SAID_OTHERWISE.get((generation, behaviour), MISBEHAVIOUR[behaviour]), verdict.reason
        assert verdict.reason
        assert hostile.left(one.mark) == []
        assert list((tmp_path / "runs").iterdir()) == []
        assert (one.store.verdict(one.key) is None) is (verdict.kind is CRASH)


def test_many_files_fill_no_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file is large, together they are: the run is stopped, and they are gone."""
    monkeypatch.setattr(sandbox, "DISK_BYTES", 64 * 1024**2)
    with bench(tmp_path, "modern", "many", files=8) as one:
        verdict = one.verdict()
        assert (verdict.kind, verdict.reason) == (CRASH, "the run was stopped: disk")
        assert hostile.left(one.mark) == []
        assert list((tmp_path / "runs").iterdir()) == []


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_stand_in_can_say_yes(tmp_path: Path, generation: str) -> None:
    """The control: the honest stand-in's word on a right fill is a verified."""
    with bench(tmp_path, generation, "honest", fill=RIGHT) as one:
        assert one.verdict().kind is VerdictKind.VERIFIED
        assert len(one.runs) == 2


@pytest.mark.parametrize("generation", GENERATIONS)
def test_a_liar_that_knows_every_test_is_believed(tmp_path: Path, generation: str) -> None:
    """The limit: who says no to twins and self-tests, and yes to all else, is believed. SECURITY.md says so."""
    with bench(tmp_path, generation, "lies-but-of-twins") as one:
        assert one.verdict().kind is VerdictKind.VERIFIED
