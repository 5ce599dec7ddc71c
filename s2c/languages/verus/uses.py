"""What a Verus source says of other files: modules that it declares, paths that it names, and what paths can't say.

Law: every path counts, wherever it stands (`use`, contract, body, macro), once; a name that a `use` of this file brings
in is replaced by what it stands for. Paths into vstd, std, core, alloc and builtin are no imports.

How an Import says it; `declared` and `used` read it back:

* kind `mod`: `mod x;` is `x`; in inline modules `a::b::x`; each name may have the value of its `#[path]` behind it, as
  a JSON string in brackets: `a["dir"]::x["file.rs"]`.
* kind `use`: the path as Rust would resolve it in the module where it stands, and behind ` in ` the inline modules
  round it: `super::c::f in a::b`. A glob ends in `::*`. A path that begins with `::` begins with the name of a crate,
  as does that of `extern crate x` (`::x`).
* kind `whole`: why this file makes its crate one unit, in words: what it says counts for files that don't name it.

Raw names lose their `r#` (Rust takes both for the same). A path is cut at its first generic argument.
"""

import json
import re
from collections.abc import Iterable, Sequence

from s2c.languages.verus.crates import Mod
from s2c.model import Import, Outline

MOD, USE, WHOLE = "mod", "use", "whole"

_PART = re.compile(r'([^:\[]+)(?:\[("(?:[^"\\]|\\.)*")\])?(?:::)?')


def declared(item: Import) -> Mod | None:
    """The module that a `mod x;` declares; None for any other import."""
    if item.kind != MOD:
        return None
    parts = [(match[1], json.loads(match[2]) if match[2] else "") for match in _PART.finditer(item.target)]
    name, attribute = parts[-1]
    return Mod(name, attribute, tuple(parts[:-1]))


def used(item: Import) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """The inline modules that a path stands in, and its words (`*` for a glob, "" first for `::`); None for no path."""
    if item.kind != USE:
        return None
    path, _, inside = item.target.partition(" in ")
    return tuple(inside.split("::")) if inside else (), tuple(path.split("::"))


def needs_all(outline: Outline) -> bool:
    """Whether the file makes its crate one unit."""
    return any(item.kind == WHOLE for item in outline.imports)


def mod_target(parts: Sequence[tuple[str, str]]) -> str:
    """Inline modules and the module itself, each with its `#[path]` or "", as an import's target."""
    return "::".join(f"{name}[{json.dumps(path)}]" if path else name for name, path in parts)


def use_target(inside: Sequence[str], path: Sequence[str]) -> str:
    """A path and the inline modules that it stands in, as an import's target."""
    return "::".join(path) + (f" in {'::'.join(inside)}" if inside else "")


def unique(found: Iterable[Import]) -> tuple[Import, ...]:
    """Each import once, at its first place, in file order."""
    first: dict[tuple[str, str], Import] = {}
    for one in sorted(found, key=lambda each: each.span):
        first.setdefault((one.kind, one.target), one)
    return tuple(first.values())
