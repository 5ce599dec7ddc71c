"""What a Verus project's own files say: where modules lie, what else a file depends on, what goes to Verus.

Law: a file depends on the files of its crate that its own text names, and on no more than it must: on the file that
declares it only where Rust would not find it otherwise, or where text above changes what its own text means.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from s2c.languages.base import Target
from s2c.languages.verus import uses
from s2c.languages.verus.cargo import Package, home, packages
from s2c.languages.verus.crates import Crates, Mod, Module, candidates, crates, either, resolve
from s2c.model import Diagnostic, Import, Outline
from s2c.settings import LanguageSettings

ROOT_NAMES = frozenset({"mod.rs", "lib.rs", "main.rs"})
MACRO = b"macro_rules"


class VerusLayout:
    """The Layout protocol for Verus. `crates` are those of the files that `relations` was last asked about."""

    def __init__(self, known: tuple[Package, ...], notes: tuple[Diagnostic, ...], settings: LanguageSettings) -> None:
        self._packages = known
        self._roots = tuple(root for package in known for root in package.roots)
        self._settings = settings
        self.notes = notes
        self.crates = Crates()

    def target(self, importer: str, item: Import) -> Target:
        """Where a `mod` may find its file; a `use` names no file by itself (see `relations`)."""
        mod = uses.declared(item)
        if mod is None:
            return Target(())
        root = importer in self._roots or importer.rpartition("/")[2] in ROOT_NAMES
        paths = candidates(importer, mod, owner=True) if root else either(importer, mod)
        return Target(paths, advice=f"make it, or correct `mod {mod.name};`")

    @property
    def apart(self) -> bool:
        """A path in one file may come to mean another one of its crate."""
        return False

    def companions(self, loaded: Collection[str], others: Sequence[str]) -> tuple[str, ...]:
        """The crate roots of the packages of these files; what a root declares is found by its imports."""
        own = {package.folder for path in loaded if (package := home(self._packages, path)) is not None}
        roots = {root for package in self._packages if package.folder in own for root in package.roots}
        return tuple(path for path in others if path in roots)

    def relations(self, outlines: Mapping[str, Outline]) -> Mapping[str, tuple[str, ...]]:
        """For each file, those of its crate that its paths name, and those above it that it can't be read without."""
        self.crates = crates_of(outlines, self._roots)
        whole = {self.crates.modules[path].root for path, one in outlines.items() if _needs_all(one)}
        return {path: self._of(path, one, whole) for path, one in outlines.items()}

    def _of(self, path: str, outline: Outline, whole: set[str]) -> tuple[str, ...]:
        found = [*_named(self.crates, path, outline), *_above(self.crates.modules[path], whole)]
        return tuple(one for one in dict.fromkeys(found) if one and one != path)

    def options(self, path: str) -> tuple[str, ...]:
        """The package's edition and features, then the settings' own."""
        package = home(self._packages, path)
        return (*(package.options if package is not None else ()), *self._settings.options)


def layout(root: Path, manifests: Mapping[str, bytes], settings: LanguageSettings) -> VerusLayout:
    """The layout that these manifests and settings make."""
    return VerusLayout(*packages(root, manifests), settings)


def crates_of(outlines: Mapping[str, Outline], roots: Sequence[str]) -> Crates:
    """The crates of these files."""
    declared = {path: _mods(outline) for path, outline in outlines.items()}
    return crates(declared, roots)


def _mods(outline: Outline) -> tuple[Mod, ...]:
    return tuple(mod for item in outline.imports if (mod := uses.declared(item)) is not None)


def _named(known: Crates, path: str, outline: Outline) -> Iterator[str]:
    """The files that the paths of one file name."""
    for item in outline.imports:
        if (used := uses.used(item)) is not None:
            yield resolve(known, path, *used)


def _needs_all(outline: Outline) -> bool:
    """Whether what this file means, or makes others mean, is not told by paths: it makes its crate one unit.

    A macro is seen by every file that is declared after it, whoever declares both.
    """
    return uses.needs_all(outline) or MACRO in outline.skeleton


def _above(module: Module, whole: set[str]) -> Iterator[str]:
    """The files above that this one can't be read without."""
    if module.root in whole:
        yield module.root
    if not module.usual:
        yield module.parent
