"""Which candidates are held against a warm verifier first: that is told by what came of others in the same run."""

from s2c.doubt import Doubts
from s2c.model import Refusal, Verdict, VerdictKind

RIGHT, WRONG = (Verdict(kind, "key") for kind in (VerdictKind.VERIFIED, VerdictKind.FAILED))
GONE = Verdict(VerdictKind.TOOL_CRASH, "key")
REFUSED = Verdict(VerdictKind.POLICY, "key", refusals=(Refusal("assume", "no", "h1"),))


def noted(*verdicts: Verdict, origin: str = "asked") -> Doubts:
    """What is known after these, each of another component."""
    doubts = Doubts()
    for number, verdict in enumerate(verdicts):
        doubts.note(f"c{number}", origin, verdict)
    return doubts


def test_what_was_made_for_something_else_is_doubted_until_it_proves_to_be_right() -> None:
    """Older fills are held against a warm verifier; where they are right again and again they are not any more."""
    assert Doubts().doubted("x", "previous")
    assert Doubts().doubted("x", "elsewhere")
    assert not noted(RIGHT, RIGHT, origin="previous").doubted("x", "previous")


def test_answers_and_what_is_stored_are_doubted_when_too_many_were_wrong() -> None:
    """One in four is where it begins to pay."""
    for origin in ("asked", "stored", "answered", "edited", "given"):
        assert not Doubts().doubted("x", origin)
        assert noted(WRONG, origin=origin).doubted("x", origin)
    assert not noted(WRONG, RIGHT, origin="asked").doubted("x", "asked")
    assert noted(WRONG, RIGHT, WRONG, RIGHT).doubted("x", "asked")
    assert not noted(WRONG, RIGHT, WRONG, RIGHT).doubted("x", "stored")


def test_a_repair_is_doubted() -> None:
    """Whatever comes for a component of which something failed in this run, until such are right mostly."""
    doubts = noted(WRONG, RIGHT, RIGHT, RIGHT)
    assert doubts.doubted("c0", "asked")
    assert not doubts.doubted("c1", "asked")
    for _ in range(3):
        doubts.note("c0", "asked", RIGHT)
    assert not doubts.doubted("c0", "asked")


def test_what_no_verifier_said_teaches_nothing() -> None:
    """Neither a refusal of our own rules nor trouble of a tool."""
    doubts = noted(REFUSED, GONE, REFUSED, GONE)
    assert not doubts.doubted("x", "asked")
    assert not doubts.doubted("c0", "asked")
