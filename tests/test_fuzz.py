"""Random fills and forged output: a small part of `script/prove fuzz`, the same rounds each time."""

import random
from pathlib import Path

import pytest

from s2c.languages.base import Job
from s2c.model import HoleKind, VerdictKind
from s2c.process import RawRun
from tests import forged, fuzz
from tests.dafny_tools import VERIFIER, tool
from tests.hostile import bench

ROUNDS = 700
FORGERIES = 2000


@pytest.mark.parametrize("name", ["dafny", "lean", "verus"])
def test_random_fills_change_no_byte_of_the_skeleton(shared: Path, name: str) -> None:
    """Whatever is made of a fill: the given bytes stay, nothing raises, and what is let pass changes no contract."""
    own, found = fuzz.field_of(shared, name), fuzz.Found()
    for number in range(ROUNDS):
        fuzz.round_of(own, number, found)
    assert found.faults == []
    assert found.rounds == ROUNDS
    assert 0 < found.changed < ROUNDS, "edits that are all refused, or all let pass, show nothing"


@pytest.mark.parametrize("generation", forged.FOLDERS)
def test_forged_output_is_no_pass(shared: Path, generation: str) -> None:
    """No recombination of printed lines makes a pass of a run that failed, or whose log lacks what is owed."""
    real = forged.transcripts(shared)[generation]
    rng = random.Random(generation)  # noqa: S311 - the same forgeries each time
    faults = [fault for _ in range(FORGERIES) if (fault := forged.fault(rng.choice(real), real, rng))]
    assert faults == []
    assert {one.passed for one in real} == {one.lacking for one in real} == {True, False}


@pytest.mark.parametrize("name", ["dafny", "verus"])
@pytest.mark.parametrize("end", ["", "\n", " \n\n", "\u2028", "\u2029", "\x85", "\f"])
def test_braces_are_taken_off_whatever_blank_follows(shared: Path, name: str, end: str) -> None:
    """A fill is stored without the braces that s2c owns, also where an odd blank stands behind them."""
    own = fuzz.field_of(shared, name)
    hole = next(one for one in own.subjects[0].spec.outline.holes if one.kind is HoleKind.BODY)
    assert own.spoken.normalise(hole, "{\n  f();\n}" + end) == "  f();\n"


@pytest.mark.parametrize("line", ["a.dfy(1,0): Error: ", "a.dfy(1,0): Related location: ", "a.dfy(1,-1): Info: "])
def test_a_message_without_words_is_read(line: str) -> None:
    """A place with nothing said of it, as in damaged output, is no reason to give up."""
    raw = RawRun(4, f"{line}\n{line}\n\nDafny program verifier finished with 0 verified, 1 error\n".encode(), b"", {})
    for generation in forged.FOLDERS:
        assert VERIFIER.read(tool(generation), Job({}, ()), raw).kind is VerdictKind.FAILED


def test_a_fill_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """A lone surrogate, which JSON can bring, is refused like any character that nobody sees; nothing is run."""
    with bench(tmp_path, "modern", "honest", fill="  m := a; // \ud800\n") as one:
        verdict = one.verdict()
    assert [(found.rule, found.hole, found.line) for found in verdict.refusals] == [("character", "h2", 1)]
    assert one.runs == []
