"""How fast sources are read: MB/s of the grammars, ms a spec with its fingerprint, seconds for hostile input.

Run by hand: `python bench/parse.py` from the repository's root, with corpora of specs where S2C_TEST_DATA names them.
Everything is measured in one run, each figure the best of several rounds: what other work on the machine adds is no
property of the parser.
"""

import gc
import importlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import os

import tree_sitter
import tree_sitter_rust

from s2c.digest import digest_tokens
from s2c.languages.base import languages
from tests.corpus import FILES, specs

ROUNDS = 5
MEGABYTE = 1_000_000
HOSTILE = {
    "(": b"(" * MEGABYTE,
    "{": b"{" * MEGABYTE,
    "()": b"()" * (MEGABYTE // 2),
    '"': b'"' * MEGABYTE,
    "/*": b"/*" * (MEGABYTE // 2),
    "/-": b"/-" * (MEGABYTE // 2),
    "'": b"'" * MEGABYTE,
    'def x := s!"{': b"def x := s!" + b'"{' * (MEGABYTE // 2),
    "verus!{ {": b"verus!{" + b"{" * MEGABYTE,
    "verus!{ fn f()": b"verus!{" + b" fn f() ensures (" * (MEGABYTE // 16),
    "method m() ensures (": b"method m() ensures " + b"(" * MEGABYTE,
    "NUL": b"\0" * MEGABYTE,
    "0xff": b"\xff" * MEGABYTE,
    "100,000 lines": b"theorem x : 1 = 1 := by sorry\n" * 100_000,
    "100,000 vc-code": b"// <vc-code>\n// </vc-code>\n" * 50_000,
    "| |": b"def x : " + b"| " * (MEGABYTE // 2),
    "#": b"#" * MEGABYTE,
    "CRLF": b"\r\n" * (MEGABYTE // 2),
}


def best(work: Callable[[], object]) -> float:
    """Seconds of the fastest of several rounds. The collector is off, as it is while s2c loads a project."""
    gc.disable()
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    gc.enable()
    return min(times)


def measure(name: str, texts: list[bytes]) -> None:
    """Print the figures of one language on its corpus."""
    syntax = importlib.import_module(f"s2c.languages.{name}.syntax")
    language = languages()[name]
    size = sum(map(len, texts)) / MEGABYTE
    only = best(lambda: [syntax.tree(text) for text in texts])
    whole = best(lambda: [digest_tokens([t.text for t in syntax.tokens(syntax.tree(text), text)]) for text in texts])
    outline = best(lambda: [language.parse(text) for text in texts])
    print(f"{name}: {len(texts)} specs, {size:.2f} MB: tree {size / only:.1f} MB/s")
    print(f"  tree, tokens and digest {1000 * whole / len(texts):.2f} ms a spec")
    print(f"  whole outline {1000 * outline / len(texts):.2f} ms a spec")
    if name == "verus":
        parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_rust.language()))
        plain = best(lambda: [parser.parse(text).root_node for text in texts])
        print(f"  plain tree-sitter-rust {size / plain:.1f} MB/s: ours is {plain / only:.2f} of it")


def hostile(name: str) -> None:
    """Print what the worst inputs cost one language."""
    language = languages()[name]
    for label, text in HOSTILE.items():
        begin = time.perf_counter()
        language.parse(text)
        seconds = time.perf_counter() - begin
        print(f"  {name} {label!r} {len(text) / MEGABYTE:.1f} MB: {seconds:.2f} s{' SLOW' if seconds >= 1 else ''}")


def main() -> None:
    """Measure every language."""
    data = Path(os.environ.get("S2C_TEST_DATA", Path(__file__).resolve().parent.parent.parent / "shared"))
    chosen = sys.argv[1:] or list(FILES)
    for name in chosen:
        if data.is_dir():
            measure(name, [text.encode() for text in specs(data, name).values()])
        else:
            print(f"{name}: no corpora at {data}: set S2C_TEST_DATA")
        hostile(name)


if __name__ == "__main__":
    main()
