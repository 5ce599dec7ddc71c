"""The Dafny grammar: what it reads, what it refuses, that nothing is lost, and that nothing makes it slow."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from s2c.languages.dafny.outline import parse
from s2c.languages.dafny.render import normalise, spliced
from s2c.languages.dafny.syntax import GAP, tokens, tree

ROOT = Path(__file__).resolve().parent.parent

BROKEN = {
    "DT0131": "prose of a language model before the code",
    "DT0241": "prose of a language model before the code",
    "DT0627": "prose of a language model instead of code",
    "DA0538": "no header before the section: the method itself was left out",
    "DA0716": "no header before the section: the method itself was left out",
}

CLEAN = {
    "nested comment": "/* a /* b */ c */ method M() { }",
    "comment with a quote that ends early": 'method M() { /* "*/ }',
    "comment marks in strings": 'method M() { var s := "/* // include"; var t := @"a""//b\\"; }',
    "primes": "method M(x': int, y'': int) { var c := '\\''; var d := x'; var e := '\"'; }",
    "attributes": 'function {:opaque} {:fuel 1, 2} F(): int { 1 } method {:print} M() { assert {:error "x"} true; }',
    "at attributes": '@Attr @Other.Name(1, "x") method M() { }',
    "display after reads": "function F(a: object): int reads {a} { 1 }",
    "display after an operator": "lemma L(s: set<int>) ensures s == {1, 2} { }",
    "body after a bar": "lemma L(s: seq<int>) decreases |s| { }",
    "body after a star": "method M() decreases * { }",
    "body after a type": "lemma L(x: object) requires x is A<int> { }",
    "body after a semicolon": "lemma L() ensures true; { }",
    "display within bars": "lemma L() ensures |{1, 2}| == 2 { }",
    "match with a brace": "function F(e: E): int ensures match e { case A => true } { 1 }",
    "match without": "function F(e: E): int ensures match e case A => true case B => false { 1 }",
    "multiset and iset": "lemma L() ensures multiset{1} == multiset{1} ensures iset{1} == iset{1} { }",
    "assert by in a clause": "lemma L() ensures assert true by { P(); } true { }",
    "members named like clauses": "lemma L(f: int ~> int) requires f.requires(0) && f.reads(0) == {} { }",
    "by method": "function F(): int { 1 } by method { return 1; }",
    "subset type": "type T = x: int | 0 <= x < 10 witness 3 newtype N = x | x > 0 ghost witness *",
    "type with a set": "type T = s: set<int> | {1} <= s witness {1}",
    "two-state": "twostate lemma L(c: C) requires old(c.x) <= c.x { }",
    "fixpoints": "least predicate P[nat](x: int) { P(x) } greatest  lemma L[nat](x: int) { }",
    "old function method": "function method F(x: int): int { x } predicate  method P() { true }",
    "modules": "module A.B refines C { import opened D = E.F export provides G reveals H } abstract module I { }",
    "import of an export": "import A = B`{C, D}\nimport E : F",
    "traits": "trait T<A> extends object { var x: A } class C<A(0)> extends T<A>, U { constructor Of() { } }",
    "datatype": "datatype D<+T> = A | B(x: T, ghost y: int) | {:at} C { function F(): int { 1 } } codatatype E = F(E)",
    "fields and consts": "class C { var x: int, y: map<int, C> const z := 1; static const w: int ghost var g: set<C> }",
    "iterator": "iterator It(n: nat) yields (x: int) yield requires true yield   ensures x > 0 { yield 1; }",
    "number next to a word": "const x := 5lemma L() { }",
    "statement soup": "method M() { calc <= { a; == { L(); } b; } while * decreases 1 { } label x: forall i | P { } }",
    "empty": "",
    "comment only": "// nothing\n/* at all */",
    "bom and crlf": "\ufeffmethod M()\r\n{\r\n}\r\n",
    "non-ascii in strings and comments": "method M() { var s := \"é→\"; var c := 'é'; } // →",
}

TORN = [
    "method M() {",
    "method M() }",
    "method M( { }",
    'const x := "open',
    "/* open",
    "lemma",
    "method M() ensures",
    "word",
]


def corpus(shared: Path, name: str) -> Iterator[dict[str, object]]:
    """The rows of one corpus file."""
    for line in (shared / "corpus" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


@pytest.mark.parametrize("code", CLEAN.values(), ids=CLEAN.keys())
def test_code_is_read_whole(code: str) -> None:
    """Legal code of either generation has no error; every byte of it is a token of the tree, a blank or a comment."""
    source = code.encode()
    root = tree(source)
    assert not root.has_error, str(root)
    assert all(token.kind != GAP for token in tokens(root, source))


def test_text_without_a_leaf_is_a_token() -> None:
    """Should the tree ever leave a word out, it is still a token, and so in every digest."""
    root, source = tree(b"method M()     { }   "), b"method M() odd { } it"
    assert [(token.kind, token.text) for token in tokens(root, source) if token.kind == GAP] == [
        (GAP, b"odd"),
        (GAP, b"it"),
    ]


@pytest.mark.parametrize("code", TORN)
def test_torn_code_is_a_problem(code: str) -> None:
    """Code that is cut off or unbalanced is told with its place, not read as something else."""
    problems = parse(code.encode()).problems
    assert problems
    assert problems[0].line == 1


@pytest.mark.parametrize("name", ["dafny_solved", "dafny_specs"])
def test_corpus_is_clean_but_for_named_files(shared: Path, name: str) -> None:
    """Every real spec is read without a problem; the broken ones are known by name, and are found broken."""
    for row in corpus(shared, name):
        problems = parse(str(row["spec"]).encode()).problems
        assert bool(problems) == (row["id"] in BROKEN), (row["id"], problems)


def test_solved_specs_are_clean_with_their_fills(shared: Path) -> None:
    """Each solved spec with its fills parses, and each byte of it is in a token."""
    read = 0
    for row in corpus(shared, "dafny_solved"):
        source = str(row["spec"]).encode()
        outline = parse(source)
        if outline.problems:
            continue
        texts = [str(fill["text"]) for fill in row["fills"]]  # type: ignore[attr-defined]  # rows of json
        fills = {hole.id: normalise(hole, text) for hole, text in zip(outline.holes, texts, strict=True)}
        content, _ = spliced(source, outline, fills)
        root = tree(content)
        assert not root.has_error, row["id"]
        assert all(token.kind != GAP for token in tokens(root, content)), row["id"]
        read += 1
    assert read == 159


@pytest.mark.parametrize(
    "text",
    [
        "(" * 200_000, "{" * 200_000, "/*" * 100_000, "/*/*" * 50_000, "|{" * 100_000, "<" * 200_000, '"' * 200_001,
        "'" * 200_000, "{:" * 100_000, "match " * 40_000, "module A{" * 20_000, "method M() ensures = {" * 9_000,
        "// <vc-code>\n" * 15_000, "// <vc-helpers>\n// </vc-helpers>\n" * 6_000,
        "// </vc-code>\n" * 15_000,
        "lemma L() { assume false; }\n" * 7_000,
        "method {:axiom} M() { }\n" * 8_000, '@"' * 100_000, "/*/" * 70_000,
    ],
    ids=lambda text: text[:12].strip(),
)  # fmt: skip
def test_hostile_text_is_fast(text: str) -> None:
    """200 kB of unbalanced brackets, comments or tags cost seconds of processor at most, and crash nothing."""
    began = time.process_time()
    parse(text.encode())
    assert time.process_time() - began < 5


def test_parser_is_generated_from_its_grammar(tmp_path: Path) -> None:
    """`script/grammar --check` passes as committed, and fails when the grammar or the parser is changed by hand."""
    assert subprocess.run([ROOT / "script" / "grammar", "--check"], check=False, capture_output=True).returncode == 0
    copy = tmp_path / "copy"
    source = ROOT / "s2c" / "languages" / "dafny" / "grammar"
    for name in ("grammar.js", "grammar.sha256", "src/parser.c", "src/scanner.c"):
        target = copy / source.relative_to(ROOT) / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((source / name).read_bytes())
    script = copy / "script" / "grammar"
    script.parent.mkdir()
    script.write_bytes((ROOT / "script" / "grammar").read_bytes())
    changed = copy / source.relative_to(ROOT) / "grammar.js"
    changed.write_text(changed.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    checked = subprocess.run(["/bin/sh", script, "--check"], check=False, capture_output=True, text=True)
    assert checked.returncode == 1
    assert "run script/grammar" in checked.stderr
