"""Corpora of real specs, and what every reader of them by other means must offer."""

import importlib
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol, cast

from s2c.languages.base import languages
from s2c.model import HoleKind, Outline

FILES = {
    "dafny": ("dafny_specs.jsonl", "dafny_solved.jsonl"),
    "lean": ("lean_specs.jsonl",),
    "verus": ("verus_specs.jsonl",),
}
Entry = tuple[str, int, int]  # kind, first line, last line


class Reader(Protocol):
    """An independent reader of one language: by lines, indentation, brackets and regular expressions."""

    KNOWN: dict[str, str]  # id -> why this reader can't be right about that file

    def holes(self, text: str) -> int:
        """How many holes there are."""

    def tags(self, text: str) -> list[str]:
        """The names of section tags in order, `/` before closing ones."""

    def declarations(self, text: str) -> list[Entry]:
        """Every declaration, as tests/marks/README.md defines it."""

    def rewrite(self, text: str, rng: random.Random) -> str:
        """The text with one change of comments or blanks that no key may see."""

    def edit(self, text: str, rng: random.Random) -> str:
        """The text with one token outside comments and holes changed."""


def reader(name: str) -> Reader:
    """The independent reader of a language."""
    return cast("Reader", importlib.import_module(f"tests.readers.{name}"))


def specs(shared: Path, name: str) -> dict[str, str]:
    """Id -> text of every spec of a language, sorted by id."""
    rows = [json.loads(line) for file in FILES[name] for line in (shared / "corpus" / file).read_text().splitlines()]
    return {row["id"]: row["spec"] for row in sorted(rows, key=lambda row: str(row["id"]))}


def parse(name: str, text: str) -> Outline:
    """The outline of a text."""
    return languages()[name].parse(text.encode())


def entries(outline: Outline, text: str) -> list[Entry]:
    """The declarations of an outline as kind, first and last line."""
    source = text.encode()
    return [
        (one.kind, source.count(b"\n", 0, one.span.start) + 1, source.count(b"\n", 0, max(one.span.end - 1, 0)) + 1)
        for one in outline.declarations
    ]


def bodies(outline: Outline) -> Iterator[tuple[int, str]]:
    """Each hole that is a body or a proof: its index among the holes, and its id."""
    for index, hole in enumerate(outline.holes):
        if hole.kind is not HoleKind.HELPERS:
            yield index, hole.id
