"""What a Lean file imports: the header and everything that only looks like one."""

import pytest

from s2c.languages.lean.outline import parse

# text, imports as `name` or `name:kind`
HEADERS = [
    ("", []),
    ("import A", ["A"]),
    ("import A\nimport B", ["A", "B"]),
    ("import A import B", ["A", "B"]),
    ("import A\n\n\nimport B\n", ["A", "B"]),
    ("import\n  A\nimport B", ["A", "B"]),
    ("  import A", ["A"]),
    ("import A.B.C", ["A.B.C"]),
    ("import «A»", ["«A»"]),
    ("import «A.B».C", ["«A.B».C"]),
    ("import A.«2d».«3625»", ["A.«2d».«3625»"]),
    ("import «a b»", ["«a b»"]),
    ("import «import»", ["«import»"]),
    ("import A.import", ["A.import"]),
    ("import A_b.C'.D1", ["A_b.C'.D1"]),
    ("import Ω.λx", ["Ω"]),
    ("import Été.α₁", ["Été.α₁"]),
    ("import A.B C", ["A.B"]),
    ("import A.", ["A"]),
    ("prelude\nimport A", ["A"]),
    ("module\nimport A", ["A"]),
    ("module prelude import A", ["A"]),
    ("module\n\nprelude\n\nimport A", ["A"]),
    ("module -- a\nimport A", ["A"]),
    ("/- c -/ module\nimport A", ["A"]),
    ("module\npublic import A", ["A"]),
    ("module\npublic import A\nimport B", ["A", "B"]),
    ("module\nmeta import A", ["A:meta"]),
    ("module\npublic meta import A", ["A:meta"]),
    ("module\nimport all A", ["A:all"]),
    ("module\npublic import all A", ["A:all"]),
    ("module\nmeta import all A", ["A:meta all"]),
    ("module\nimport all «A»", ["«A»:all"]),
    ("import all", ["all"]),
    ("import all\nimport A", ["all", "A"]),
    ("import all.B", ["all.B"]),
    ("import allA", ["allA"]),
    ("import public", ["public"]),
    ("module\npublic\n  import A", ["A"]),
    ("module\npublic -- why\nmeta /- and -/ import A", ["A:meta"]),
    ("module\nimport A\npublic section\nimport B", ["A"]),
    ("module\npublic section\nimport A", []),
    ("module\nimport A\n@[expose] public section", ["A"]),
    ("module\nimport A\npublic def x := 1", ["A"]),
    ("module\npublic meta section\nimport A", []),
    ("import A -- import B", ["A"]),
    ("import A /- import B -/ import C", ["A", "C"]),
    ("-- import A\nimport B", ["B"]),
    ("/- import A -/\nimport B", ["B"]),
    ("/- /- -/ import A -/ import B", ["B"]),
    ("/- -- -/ import A", ["A"]),
    ("/--/ import A", ["A"]),
    ("import A -- /-\nimport B -- -/", ["A", "B"]),
    ("import A--B\nimport C", ["A", "C"]),
    ("import A/- x -/import B", ["A", "B"]),
    ("/-- doc -/\nimport A", []),
    ("import A\n/-- doc -/\nimport B", ["A"]),
    ("import A\n/-! about -/\nimport B", ["A"]),
    ('import A\ndef s := "\nimport B"', ["A"]),
    ('import A\ndef s := r#"\nimport B"#', ["A"]),
    ("import A\ndef x := 1\nimport B", ["A"]),
    ("import A\nopen B\nimport C", ["A"]),
    ("import A\n#eval 1\nimport B", ["A"]),
    ("def import_x := 1", []),
    ("importx A", []),
    ("Import A", []),
    ("open import", []),
    ('"import A"', []),
    ("import A\r\nimport B\r\n", ["A", "B"]),
    ("\r\nmodule\r\n\r\npublic import A\r\n", ["A"]),
    ("\ufeffimport A", ["A"]),
    ("\ufeffmodule\nimport all A", ["A:all"]),
    ("\n\n\n-- c\n\n\nimport A", ["A"]),
    ("-- <vc-preamble>\nimport A\n-- </vc-preamble>", ["A"]),
    ("-- <vc-preamble>\nimport A\nimport B\n-- </vc-preamble>\nimport C", ["A", "B", "C"]),
    ("import A;import B", ["A"]),
    ("import A, B", ["A"]),
    ("import (A)", []),
    ("module\nmodule\nimport A", []),
    ("import A\nmodule\nimport B", ["A"]),
]


@pytest.mark.parametrize(("text", "wanted"), HEADERS)
def test_imports_are_those_of_the_header(text: str, wanted: list[str]) -> None:
    """Names as written, in order, with how they are imported; nothing from comments, strings or after the header."""
    source = text.encode()
    outline = parse(source)
    assert [f"{one.target}:{one.kind}".removesuffix(":") for one in outline.imports] == wanted
    for one in outline.imports:
        assert source[one.span.start : one.span.end].decode() == one.target


@pytest.mark.parametrize("text", ["import all A", "module\nmeta import A", "import B\nimport all A"])
def test_what_sees_bodies_says_so(text: str) -> None:
    """`import all` and `meta import` see more than the interface; other imports don't."""
    assert parse(text.encode()).needs_bodies
    assert not parse(text.encode().replace(b"all ", b"").replace(b"meta ", b"")).needs_bodies


def test_imports_are_trusted_text() -> None:
    """The names of imports, their order and how they are imported are part of the skeleton and of the interface."""
    texts = [
        "import A\nimport B",
        "import B\nimport A",
        "import A",
        "import all A\nimport B",
        "import A\npublic import B",
    ]
    outlines = [parse(text.encode()) for text in texts]
    assert len({one.skeleton for one in outlines}) == len({one.interface for one in outlines}) == len(texts)
