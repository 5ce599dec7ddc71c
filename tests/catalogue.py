"""The catalogue of attacks and of harmless look-alikes, and what s2c says of each row.

Law: a row is judged as a model's answer would be: normalised, spliced, and shown to structure and policy of the real
language. Rows of this repository's own (`tests/attacks`) stand beside those of the collection and have the same form.
"""

import functools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from s2c import policy
from s2c.languages.base import language
from s2c.model import HoleKind, Refusal, Spec
from s2c.splice import splice, unchanged

SUFFIXES = {"dafny": "dfy", "lean": "lean", "verus": "rs"}
OWN = Path(__file__).with_name("attacks")
_LEAN_PROOF = {"proof": "simp [solve]"}  # the collection has no honest one


@dataclass(frozen=True)
class Row:
    """An attack, or a look-alike: the fills that it gives itself, of which `hole` is the one that it is about."""

    id: str
    language: str
    hole: str
    fills: Mapping[str, str]
    attack: bool
    category: str
    template: str = field(repr=False)  # the spec, with `{{HOLE:kind}}` for each hole
    honest: Mapping[str, str] = field(repr=False)

    def spliced(self, fills: Mapping[str, str] | None = None) -> str:
        """The file that a careless tool would make of it: the fills put in as they are."""
        text = self.template
        for hole, fill in {**self.honest, **self.fills, **(fills or {})}.items():
            text = text.replace(f"{{{{HOLE:{hole}}}}}", fill)
        return text

    @property
    def source(self) -> str:
        """The spec as s2c reads it."""
        text = self.template
        for kind in HoleKind:
            if self.language == "lean":
                text = text.replace(f"{{{{HOLE:{kind}}}}}", "" if kind is HoleKind.HELPERS else "sorry")
            else:
                text = text.replace(f"{{{{HOLE:{kind}}}}}\n", "")
        return text


def rows(shared: Path, name: str) -> list[Row]:
    """Every row of a language: the collection's, then this repository's own."""
    collection = _read(shared / "cheats" / "cheats.jsonl")
    return [_row(shared, one) for one in (*collection, *_read(OWN / f"{name}.jsonl")) if one["language"] == name]


def _read(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").split("\n") if path.exists() else ():
        if line:
            yield json.loads(line)


def _row(shared: Path, row: Mapping[str, Any]) -> Row:
    name, folder = row["language"], shared / "cheats"
    honest = json.loads((folder / "honest.json").read_text(encoding="utf-8"))[name]
    template = (folder / f"{row.get('spec', f'{name}_max')}.{SUFFIXES[name]}").read_text(encoding="utf-8")
    fills = {**row.get("with", {}), row["hole"]: row["text"]}
    honest |= _LEAN_PROOF if name == "lean" else {}
    return Row(row["id"], name, row["hole"], fills, row["must_reject"], row["category"], template, honest)


def judged(row: Row, fills: Mapping[str, str] | None = None) -> tuple[str, tuple[Refusal, ...]]:
    """The layer that refuses a row, or these fills in its place: `structure`, `policy` or `none`; and its refusals."""
    spoken, spec = language(row.language), _spec(row.language, row.source)
    texts = {**row.honest, **row.fills, **(fills or {})}
    plain = {hole.id: spoken.normalise(hole, texts[hole.kind]) for hole in spec.outline.holes}
    assert unchanged(spec, splice(spec, spoken, plain))
    refusals = policy.check(spec, spoken, plain)  # as a build asks
    if not refusals:
        return "none", ()
    return "structure" if spoken.structure(spec.source, spec.outline, plain) else "policy", refusals


@functools.cache
def _spec(name: str, source: str) -> Spec:
    outline = language(name).parse(source.encode())
    assert not outline.problems
    return Spec(f"Max.{SUFFIXES[name]}", name, source.encode(), outline)
