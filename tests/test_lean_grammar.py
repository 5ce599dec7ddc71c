"""The Lean grammar: what it reads, that nothing is lost, that damage is told, and that nothing makes it slow."""

import json
import random
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from s2c.languages.lean.outline import MAX_NODES, parse
from s2c.languages.lean.syntax import GAP, leaves, tokens, tree
from tests.readers import lean as reader

ROOT = Path(__file__).resolve().parent.parent
GRAMMAR = ROOT / "s2c" / "languages" / "lean" / "grammar"

WORDS = {
    "nested comment": ("/- a /- b -/ def -/ x", ["x"]),
    "nesting is blind to strings": ('/- "-/ x', ["x"]),
    "empty block": ("/--/ x", ["x"]),
    "comment marks in a string": ('"-- /- sorry" x', ['"-- /- sorry"', "x"]),
    "comment right after an operator": ("x +-- sorry\ny", ["x", "+", "y"]),
    "comment after a bar": ("x |-- sorry\ny", ["x", "|", "y"]),
    "no comment in an arrow": ("x <--y", ["x", "<-", "-", "y"]),
    "no comment in a subtype": ("{x //-1}", ["{", "x", "//", "-", "1", "}"]),
    "characters": (r"""'a' '\n' '\'' '"' '\u00e9' 'é'""", ["'a'", r"'\n'", r"'\''", "'\"'", r"'\u00e9'", "'é'"]),
    "primes": ("x' y'' f'z", ["x'", "y''", "f'z"]),
    "index with a proof": ("a[i]'h", ["a", "[", "i", "]'", "h"]),
    "image of a set": ("f '' s", ["f", "''", "s"]),
    "escapes": (r'"a\"b" x', [r'"a\"b"', "x"]),
    "raw strings": ('r"a\\" r#"b"c"# x', ['r"a\\"', 'r#"b"c"#', "x"]),
    "no raw string": ('bar"a"', ["bar", '"a"']),
    "interpolated": ('s!"a{x}b" y', ["s!", '"a{', "x", '}b"', "y"]),
    "strings within": ('s!"{f "}"}" y', ["s!", '"{', "f", '"}"', '}"', "y"]),
    "nested interpolation": ('m!"{s!"{a}"}"', ["m!", '"{', "s!", '"{', "a", '}"', '}"']),
    "braces within": ('s!"{ {a := 1}.a }"', ["s!", '"{', "{", "a", ":=", "1", "}", ".", "a", '}"']),
    "primes within": ('s!"{year\'}-{x}"', ["s!", '"{', "year'", "}-{", "x", '}"']),
    "no interpolation": ('f "{" x', ["f", '"{"', "x"]),
    "numbers": ("0xff 1.5e3 1_000 x.1.2", ["0xff", "1.5e3", "1_000", "x", ".", "1.2"]),
    "a number ends early": ("2sorry", ["2", "sorry"]),
    "dotted": ("a.b.«c d».e", ["a.b.«c d».e"]),
    "universes": ("f.{u}", ["f", ".", "{", "u", "}"]),
    "operators": ("a >>= b <|> c", ["a", ">>=", "b", "<|>", "c"]),
}

DAMAGED = {
    "def x := (1": (1, 10),
    "def x := 1\n\ndef y := foo ⟨1, 2": (3, 14),
    "def x := (1]\ndef y := 2": (1, 10),
    "def x := 1)": (1, 11),
    'def x := s!"{(}"': (1, 16),
    "def x := 1\n  /- open": (2, 3),
    'theorem é : "a" = "b': (1, 19),
    "/-- doc": (1, 1),
    "private\n": (1, 1),
    "@[simp\ndef x := 1": (1, 1),
    "import": (1, 1),
    "def x := 1\nimport A": (2, 1),
    "/-! about -/\nimport A": (2, 1),
}


@pytest.mark.parametrize("name", WORDS)
def test_text_falls_into_the_words_that_lean_reads(name: str) -> None:
    """Comments, strings, characters and names end where they end for Lean."""
    text, words = WORDS[name]
    source = f"example : {text}".encode()
    assert [word.text.decode() for word in tokens(tree(source), source)][2:] == words


@pytest.mark.parametrize("text", ["`sorry", "``sorry", "x.sorry", ".sorry", "sorryAx", "sorry'", '"sorry"', "«sorry»"])
def test_what_only_looks_like_a_hole_is_none(text: str) -> None:
    """Names, strings and parts of names that spell `sorry` are no holes."""
    source = f"def x := {text}".encode()
    assert [leaf.type for leaf in leaves(tree(source)) if leaf.type == "sorry"] == []


@pytest.mark.parametrize("text", DAMAGED)
def test_damage_is_told_at_its_place(text: str) -> None:
    """A lost bracket or quote, an open comment or a dangling word is one problem with line and column."""
    problems = parse(text.encode()).problems
    assert (problems[0].line, problems[0].column) == DAMAGED[text], problems
    assert len(problems) == 1 or text.startswith("@")


def test_notation_with_lone_brackets_is_no_damage() -> None:
    """Angle brackets beside a bar are a library's notation, and right as they are."""
    assert parse("theorem t : ⟨m|n⟩ = ⟪|m⟩⟨n|⟫ := sorry".encode()).problems == ()


def test_every_byte_is_in_a_token_or_a_comment(shared: Path) -> None:
    """On the corpus no text is lost, and none needs the rule for text that no leaf covers."""
    for row in rows(shared).values():
        source = row.encode()
        root = tree(source)
        assert not root.has_error
        covered = bytearray(source)
        for leaf in leaves(root):
            covered[leaf.start_byte : leaf.end_byte] = b" " * (leaf.end_byte - leaf.start_byte)
        assert not covered.strip()
        assert not [word for word in tokens(root, source) if word.kind == GAP]


def test_the_corpus_reads_as_it_was_marked(shared: Path) -> None:
    """Each spec parses with all its tags; declarations are those marked by hand, and those of the other reader."""
    marks = json.loads((ROOT / "tests" / "marks" / "lean.json").read_text(encoding="utf-8"))
    for name, row in rows(shared).items():
        source = row.encode()
        outline = parse(source)
        assert outline.problems == (), name
        assert len(reader.tags(row)) == 8, name
        assert len(outline.holes) == reader.holes(row), name
        found = [
            (one.kind, source.count(b"\n", 0, one.span.start) + 1, source.count(b"\n", 0, one.span.end - 1) + 1)
            for one in outline.declarations
        ]
        assert found == reader.declarations(row), name
        assert name not in marks or [list(one) for one in found] == marks[name], name


def test_only_what_counts_changes_the_skeleton(shared: Path) -> None:
    """Comments and blanks where Lean does not care change nothing; one changed token always does."""
    rng = random.Random(11)  # noqa: S311
    texts = list(rows(shared).values())
    for _ in range(150):
        text = rng.choice(texts)
        plain = parse(text.encode()).skeleton
        assert parse(reader.rewrite(text, rng).encode()).skeleton == plain
        assert parse(reader.edit(text, rng).encode()).skeleton != plain


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1_000_000, "⟨" * 300_000, ")" * 1_000_000, '"' * 999_999, "'" * 1_000_000, "/-" * 500_000, "-/" * 500_000,
        's!"{' * 250_000, 's!"{"{"' * 150_000, "-" * 1_000_000, "| " * 50_000, "«" * 500_000, "a." * 500_000,
        "a" * 1_000_000, "theorem\n" * 20_000, "private " * 100_000, "@[" * 100_000, "public " * 100_000,
        "public import A\n" * 10_000, "namespace A\n" * 20_000, "end A.B\n" * 20_000, "def x := 1\n" * 100_000,
        "-- <vc-helpers>\n" * 30_000, "-- <vc-helpers>\n-- </vc-helpers>\n" * 10_000,
        "/- \n-- <vc-helpers>\n-/\n-- </vc-helpers>\n" * 10_000, "def f := " + "sorry " * 20_000,
        "theorem f : X := by\n" + "  sorry\n" * 10_000, "theorem f : X := " + "by " * 20_000,
        "theorem f : X := by " + "=> " * 20_000, "\n" * 1_000_000, "`" * 100_000, "open A in " * 10_000,
        "axiom a : P\n" * 8_000, "\ufeff" * 300_000, "def x := 1\r\n" * 10_000, 'r#"' * 300_000,
        "instance (priority := " + "a " * 50_000, "/-- a -/\n#guard_msgs in\n" * 10_000, "let x := 1; " * 10_000,
    ],
    ids=range(39),
)  # fmt: skip
def test_hostile_text_is_fast(text: str) -> None:
    """Nothing takes seconds: not brackets, quotes, comments, tags or holes by the hundred thousand."""
    source = text.encode()
    start = time.process_time()
    parse(source)
    assert time.process_time() - start < 10  # a second on a quiet machine; quadratic would be minutes


@pytest.mark.parametrize(
    ("source", "column"), [(b"def x := 1\0", 11), (b"def \xff", 5), (b"-- a\rdef x := 1", 5), ("-- é\r".encode(), 5)]
)
def test_what_is_no_text_is_one_problem(source: bytes, column: int) -> None:
    """NULs, invalid UTF-8 and lone carriage returns are told at their place."""
    outline = parse(source)
    assert [(one.line, one.column) for one in outline.problems] == [(1, column)]
    assert outline.skeleton == ()


def test_a_file_may_be_long_but_not_endless() -> None:
    """A long file is read; one of many times that length is refused with what to do."""
    assert parse(b"def x := 1\n" * 5_000).problems == ()
    (problem,) = parse(b"def x := 1\n" * (MAX_NODES // 4)).problems
    assert "split this file" in problem.message


def test_the_grammars_own_tests_pass(tmp_path: Path) -> None:
    """`tree-sitter test` is content with grammar/test/corpus, and parser.c is what the grammar makes."""
    command = shutil.which("tree-sitter")
    if command is None:
        pytest.skip("no tree-sitter on PATH: the grammar's own tests were not run")
    copy = tmp_path / "lean"
    shutil.copytree(GRAMMAR, copy)
    links = {
        "version": "0.0.1",
        "license": "MIT",
        "description": "a copy",
        "links": {"repository": "https://a.invalid"},
    }
    grammar = {"name": "lean", "scope": "source.lean", "path": ".", "file-types": ["lean"]}
    (copy / "tree-sitter.json").write_text(json.dumps({"grammars": [grammar], "metadata": links}), encoding="utf-8")
    for action in (["generate", "--abi", "14", "grammar.js"], ["test"]):
        done = subprocess.run([command, *action], cwd=copy, capture_output=True, text=True, timeout=100, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "failed parses: 0" in done.stdout
    assert (copy / "src" / "parser.c").read_bytes() == (GRAMMAR / "src" / "parser.c").read_bytes()


def rows(shared: Path) -> dict[str, str]:
    """The texts of the corpus by id."""
    lines = (shared / "corpus" / "lean_specs.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["id"]: row["spec"] for row in map(json.loads, lines)}
