"""Files as modules of crates: who declares whom, and what a path in one file means in another.

Law: a file's module is what Rust makes of it: the crate's root, or what the nearest `mod` above it says. A file that no
root reaches and that no other declares is the root of a crate of its own (a plain Verus file). Where two crates share a
file, the first root by path has it.
"""

import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Path = tuple[str, ...]


@dataclass(frozen=True)
class Mod:
    """A `mod name;`. `attribute` is its `#[path]` or ""; `inside` the inline modules round it, each with its own."""

    name: str
    attribute: str = ""
    inside: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> Path:
        """Its module below that of its file."""
        return (*(name for name, _ in self.inside), self.name)

    @property
    def bare(self) -> str:
        """Its name as a file's."""
        return self.name.removeprefix("r#")

    @property
    def plain(self) -> bool:
        """Whether no `#[path]` has a say in where its file lies."""
        return not self.attribute and not any(attribute for _, attribute in self.inside)


@dataclass(frozen=True)
class Module:
    """Where a file stands. `parent` declares it ("" for a root); `usual`: it lies where Rust looks below the root."""

    root: str
    path: Path
    parent: str = ""
    usual: bool = True


@dataclass(frozen=True)
class Crates:
    """Every file's module, and for each crate the file of each module."""

    modules: Mapping[str, Module] = field(default_factory=dict)
    files: Mapping[tuple[str, Path], str] = field(default_factory=dict)

    def file(self, root: str, path: Path) -> tuple[str, Path]:
        """The file whose module is the longest prefix of a path in a crate, and that prefix."""
        for length in range(len(path), 0, -1):
            if (found := self.files.get((root, path[:length]))) is not None:
                return found, path[:length]
        return root, ()


def candidates(importer: str, mod: Mod, *, owner: bool) -> tuple[str, ...]:
    """Where Rust looks for a module's file. `owner`: the importer is a root, a `mod.rs` or named by a `#[path]`."""
    place, _, name = importer.rpartition("/")
    pending = "" if owner else name.removesuffix(".rs")
    for inner, attribute in mod.inside:
        place = posixpath.join(place, attribute) if attribute else posixpath.join(place, pending, inner)
        pending = ""
    if mod.attribute:
        return (posixpath.normpath(posixpath.join(place, mod.attribute)),)
    found = (posixpath.join(place, pending, end) for end in (f"{mod.bare}.rs", f"{mod.bare}/mod.rs"))
    return tuple(posixpath.normpath(path) for path in found)


def either(importer: str, mod: Mod) -> tuple[str, ...]:
    """Where it looks if it is not known what the importer is: as a module first, then as a root."""
    return tuple(dict.fromkeys(path for owner in (False, True) for path in candidates(importer, mod, owner=owner)))


def crates(declared: Mapping[str, Sequence[Mod]], roots: Sequence[str]) -> Crates:
    """The crates of these files, by what each declares. `roots`: the crate roots that manifests name, in order."""
    growing = _Growing(declared)
    for root in roots:
        growing.grow(root)
    left = [path for path in sorted(declared) if path not in growing.modules]
    reached = {target for path in left for mod in declared[path] if (target := growing.find(path, mod)) != path}
    for path in (*(path for path in left if path not in reached), *left):
        growing.grow(path)
    return Crates(growing.modules, growing.files)


class _Growing:
    """Crates as far as they are known."""

    def __init__(self, declared: Mapping[str, Sequence[Mod]]) -> None:
        self._declared = declared
        self.modules: dict[str, Module] = {}
        self.files: dict[tuple[str, Path], str] = {}

    def find(self, importer: str, mod: Mod, *, owner: bool | None = None) -> str:
        """The file of a module among those that are there, "" if there is none."""
        exact = () if owner is None else candidates(importer, mod, owner=owner)
        return next((path for path in (*exact, *either(importer, mod)) if path in self._declared), "")

    def grow(self, root: str) -> None:
        """Add the crate of a root, unless that file has a module already."""
        todo = [(root, Module(root, ()), True)] if root in self._declared else []
        while todo:
            path, module, owner = todo.pop()
            if path in self.modules:
                continue
            self.modules[path] = module
            self.files.setdefault((root, module.path), path)
            for mod in reversed(self._declared[path]):
                child = self.find(path, mod, owner=owner)
                if child:
                    todo.append((child, self._child(path, module, mod, child), self._owner(child, mod)))

    @staticmethod
    def _owner(child: str, mod: Mod) -> bool:
        return bool(mod.attribute) or child.rpartition("/")[2] == "mod.rs"

    @staticmethod
    def _child(parent: str, module: Module, mod: Mod, child: str) -> Module:
        path = (*module.path, *mod.path)
        below = posixpath.join(posixpath.dirname(module.root), *(name.removeprefix("r#") for name in path))
        usual = module.usual and mod.plain and child in {f"{below}.rs", f"{below}/mod.rs"}
        return Module(module.root, path, parent, usual)


# --- paths in `use` and elsewhere ---------------------------------------------------------------------------------


def resolve(known: Crates, importer: str, inside: Path, words: Sequence[str]) -> str:
    """The file that a path depends on: that of the module that its longest prefix names; "" if none is in the crate.

    `inside`: the inline modules of the importer in which the path stands.
    """
    module = known.modules[importer]
    here = (*module.path, *inside)
    rest = list(words)
    if rest[:1] == ["crate"]:
        return known.file(module.root, tuple(rest[1:]))[0]
    relative = rest[:1] in (["self"], ["super"])
    while rest[:1] in (["self"], ["super"]):
        here = here[:-1] if rest.pop(0) == "super" else here
    if relative:
        return known.file(module.root, (*here, *rest))[0]
    # a module of that name beside this one's items, or (edition 2015, and behind `::` only there) the crate's own
    outer = rest[:1] == [""]
    rest = rest[1:] if outer else rest
    for base in ((),) if outer else (here, ()):
        file, prefix = known.file(module.root, (*base, *rest))
        if len(prefix) > len(base):
            return file
    return ""
