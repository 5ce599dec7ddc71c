"""Which name of Verus' stands for which declaration of ours, and what given text makes a check lenient."""

import dataclasses

import pytest

from s2c.languages.base import Outcome
from s2c.languages.verus import names
from s2c.model import Assumption, Clause, Declaration, Span
from tests.verus_tools import VERIFIER, tool

PROVED, FAILED = Outcome.PROVED, Outcome.FAILED


def declaration(name: str, kind: str = "fn", clause: str = "ensures", at: int = 0, **more: object) -> Declaration:
    """A declaration of 10 bytes with one clause and a body."""
    span = Span(at, at + 10)
    one = Declaration(name, kind, span, at, span, (Clause(clause, span, "x"),))
    return dataclasses.replace(one, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "name"),
    [
        (declaration("solve"), "solve"),
        (declaration("m::T::f", "proof fn"), "m::T::f"),
        (declaration("f", "exec fn"), "f"),
        (declaration("f", clause="returns"), "f"),
        (declaration("f", "spec fn"), None),
        (declaration("f", clause="requires"), None),
        (declaration("f", body=None), None),
        (declaration("f", attributes=("verifier::external_body",)), None),
        (declaration("f", attributes=("verifier(external)",)), None),
        (declaration("f", attributes=("verifier::spinoff_prover",)), "f"),
        (declaration("T", "struct"), None),
    ],
)
def test_what_is_owed(one: Declaration, name: str | None) -> None:
    """A contract with a body is owed under its name; specifications, axioms and the rest owe nothing by name."""
    assert VERIFIER.owed(tool("verus"), one) == name


def read(functions: list[tuple[str, bool]], *members: names.Member) -> dict[str, Outcome]:
    """The outcomes of a report, by our names."""
    return dict(names.outcomes(functions, members))


def test_a_proof_counts_for_its_own_declaration_only() -> None:
    """A function of another module with the same name proves nothing."""
    member = names.Member(("a",), (declaration("f"),))
    assert read([("x::f", True), ("x::b::f", True)], member) == {"crate::f": PROVED, "crate::b::f": PROVED}
    assert read([("x::f", False), ("x::a::f", True)], member) == {"crate::f": FAILED, "f": PROVED}


def test_two_members_with_one_name_need_two_proofs() -> None:
    """The worst counts for both, and one that is missing is missing for both."""
    members = (names.Member(("a",), (declaration("f"),)), names.Member(("b",), (declaration("f"),)))
    assert read([("x::a::f", True), ("x::b::f", True)], *members) == {"f": PROVED}
    assert read([("x::a::f", True), ("x::b::f", False)], *members) == {"f": FAILED}
    assert read([("x::a::f", True)], *members) == {}
    assert "f" not in read([("x::a::f", True), ("x::a::f", True)], *members)


def test_methods_are_found_where_their_type_is() -> None:
    """By module and type, by the type's own module, or as a method of an impl without a name."""
    impl = declaration("T", "impl", span=Span(0, 100))
    member = names.Member(("m",), (impl, declaration("T::f", at=20)))
    assert read([("x::m::T::f", True)], member) == {"T::f": PROVED}
    assert read([("x::other::T::f", True)], member) == {"T::f": PROVED}
    assert read([("x::m::impl&%3::f", True)], member) == {"T::f": PROVED}
    assert read([("x::o::T::f", True), ("x::p::T::f", True)], member).get("T::f") is None


def test_two_impls_with_one_method_need_two_proofs() -> None:
    """They are told alike: one entry may not cover for both."""
    impls = (declaration("T", "impl", span=Span(0, 100)), declaration("T", "impl", span=Span(200, 300)))
    member = names.Member((), (*impls, declaration("T::f", at=20), declaration("T::f", at=220)))
    assert read([("x::T::f", True)], member).get("T::f") is None
    assert read([("x::T::f", True), ("x::T::f", False)], member) == {"T::f": FAILED}


def test_a_function_of_a_module_is_no_method() -> None:
    """What stands in an inline module is never looked for elsewhere."""
    member = names.Member((), (declaration("inner::f"),))
    assert read([("x::other::inner::f", True)], member).get("inner::f") is None
    assert read([("x::inner::f", True)], member) == {"inner::f": PROVED}


def test_when_the_check_is_lenient() -> None:
    """Only for what `--no-cheating` refuses, and with the reason."""
    body = [Assumption("external_body", 1)]
    assert "external_body" in VERIFIER.lenient(body, [])
    assert "import" in VERIFIER.lenient([], body)
    assert VERIFIER.lenient([], []) == ""
