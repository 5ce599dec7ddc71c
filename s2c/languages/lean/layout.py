"""What a Lean project's own files say: where modules lie, what `lean` is told, and where built packages are.

Law: Lake is never run. A folder with a lakefile is a package; its `srcDir`, and those of its libraries and executables,
are the source roots below which a module's name is its path. Without any lakefile the project's folder is the one root.
What s2c can't honour becomes a note. Packages that Lake fetched are used as it built them, from the workspace's
`lake-manifest.json`.
"""

import posixpath
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from s2c.languages.base import Target
from s2c.languages.lean import lakefile
from s2c.languages.lean.lakefile import Arguments, Package, Unit
from s2c.languages.lean.names import joined, parts
from s2c.languages.lean.workspace import Workspace, workspace
from s2c.model import Diagnostic, Import, Outline
from s2c.settings import LanguageSettings

NO_ARGUMENTS, NO_WORKSPACE = Arguments(), Workspace()
LAKEFILES = ("lakefile.lean", "lakefile.toml")  # the order in which Lake itself prefers them


@dataclass(frozen=True)
class LeanSettings(LanguageSettings):
    """`[tool.s2c.lean]`. `workspace`: the folder of the Lake workspace whose packages are used, from the root."""

    workspace: str = ""


@dataclass(frozen=True)
class Root:
    """A source root: the folder, the package that it is of, and what is there (module names as parts)."""

    folder: str  # "" is the project's folder
    package: str
    modules: tuple[tuple[str, ...], ...] = ()  # those below them are of this root's library; none: whatever is there
    arguments: Arguments = NO_ARGUMENTS


@dataclass(frozen=True)
class LeanLayout:
    """The Layout protocol for Lean, and what its verifier asks beside."""

    settings: LeanSettings
    roots: tuple[Root, ...]
    own: frozenset[str]  # first parts of modules that are the project's: one that is missing is missing
    packages: Mapping[str, Arguments]  # by folder
    workspace: Workspace = NO_WORKSPACE
    notes: tuple[Diagnostic, ...] = field(default=(), repr=False)

    @property
    def search(self) -> tuple[str, ...]:
        """Folders of this machine with the built modules of packages."""
        return self.workspace.search

    def target(self, importer: str, item: Import) -> Target:
        """`import A.B` is `A/B.lean` below a root: the importer's own package's first, then the others by path."""
        module = parts(item.target)
        if not module or any("/" in part or part in {"", ".", ".."} for part in module):
            return Target((), outside=True)
        home = self._package(importer)
        ordered = sorted(self.roots, key=lambda root: (root.package != home, root.folder))
        paths = dict.fromkeys(_below(root.folder, "/".join(module) + ".lean") for root in ordered)
        advice = "make it, or name its package in the lakefile and build that"
        return Target(tuple(paths), outside=module[0] not in self.own, advice=advice)

    @property
    def apart(self) -> bool:
        """Imports say it all."""
        return True

    def companions(self, loaded: Collection[str], others: Sequence[str]) -> tuple[str, ...]:
        """None: imports say it all."""
        del loaded, others
        return ()

    def relations(self, outlines: Mapping[str, Outline]) -> Mapping[str, tuple[str, ...]]:
        """None: imports say it all."""
        del outlines
        return {}

    def options(self, path: str) -> tuple[str, ...]:
        """Options of the package, of the library that the file is of, and of the settings."""
        root = self._root(path)
        package = self.packages.get(self._package(path), NO_ARGUMENTS)
        unit = root.arguments if root is not None else NO_ARGUMENTS
        lake = (*package.options, *unit.options, *package.weak, *unit.weak, *package.more, *unit.more)
        return (*lake, *(one for one in self.settings.options if not lakefile.refused(one)))

    def source_root(self, path: str) -> str:
        """The folder from which the module name of this file counts; "" is the project's."""
        root = self._root(path)
        return root.folder if root is not None else posixpath.dirname(path)

    def module_of(self, path: str) -> str:
        """The module that this file is, in « » where a part is no plain word."""
        return joined(self.module_parts(path))

    def module_parts(self, path: str) -> tuple[str, ...]:
        """The parts of that name."""
        return _module(self.source_root(path), path)

    def _package(self, path: str) -> str:
        """The innermost package that holds a file; "" where none does."""
        return max((one for one in self.packages if _holds(one, path)), key=len, default="")

    def _root(self, path: str) -> Root | None:
        """The root that a file is of: one whose library names its module, else the innermost."""
        home = self._package(path)
        found = [root for root in self.roots if _holds(root.folder, path)]
        return max(found, key=lambda root: (root.package == home, _names(root, path), len(root.folder)), default=None)


def layout(root: Path, manifests: Mapping[str, bytes], settings: LanguageSettings) -> LeanLayout:
    """The layout that these manifests (by path) and settings make. Looks for built packages, runs nothing."""
    own = settings if isinstance(settings, LeanSettings) else LeanSettings(**vars(settings))
    packages, notes = _packages(manifests)
    roots = [one for folder, package in packages.items() for one in _roots(folder, package)]
    inside = [one for one in roots if one.folder != ".." and not one.folder.startswith("../")]
    notes += [
        Diagnostic(
            _manifest(manifests, one.package), 1, 1, "warning", f"source folder {one.folder} is not in the project"
        )
        for one in roots
        if one not in inside
    ]
    inside = list(dict.fromkeys(inside)) or [Root("", "")]
    place = workspace(root, manifests, own.workspace, packages)
    notes += [*place.notes, *_toolchains(manifests, place), *_settings(own)]
    arguments = {folder: package.arguments for folder, package in packages.items()}
    return LeanLayout(own, tuple(inside), _own(root, inside), arguments, place, tuple(dict.fromkeys(notes)))


def _packages(manifests: Mapping[str, bytes]) -> tuple[dict[str, Package], list[Diagnostic]]:
    """By folder, what its lakefile says, and what is to be told of it."""
    found: dict[str, Package] = {}
    notes: list[Diagnostic] = []
    for folder in sorted({posixpath.dirname(path) for path in manifests}):
        there = [path for name in LAKEFILES if (path := _below(folder, name)) in manifests]
        if not there:
            continue
        found[folder] = lakefile.read(there[0], manifests[there[0]])
        notes += [Diagnostic(there[0], line, 1, "warning", message) for line, message in found[folder].notes]
        notes += [
            Diagnostic(one, 1, 1, "warning", f"{there[0]} is read, as Lake does; remove one") for one in there[1:]
        ]
    return found, notes


def _roots(folder: str, package: Package) -> Iterator[Root]:
    base = _below(folder, package.source)
    if not package.units:
        yield Root(base, folder)
    for unit in package.units:
        yield Root(_below(base, unit.source), folder, _modules(unit), unit.arguments)


def _modules(unit: Unit) -> tuple[tuple[str, ...], ...]:
    globs = [one.removesuffix(".+").removesuffix(".*") for one in unit.globs]
    return tuple(dict.fromkeys(parts(one) for one in (*unit.roots, *globs)))


def _own(root: Path, roots: list[Root]) -> frozenset[str]:
    """First parts of the modules that roots name, or, where one names none, of what lies there."""
    named = {module[0] for one in roots for module in one.modules if module}
    lying = [one.folder for one in roots if not one.modules]
    return frozenset({*named, *(name for folder in lying for name in _top(root / folder))})


def _top(folder: Path) -> Iterator[str]:
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.suffix == ".lean" and entry.name not in LAKEFILES:
            yield entry.stem
        elif not entry.name.startswith(".") and any(entry.glob("*.lean")):
            yield entry.name


def _toolchains(manifests: Mapping[str, bytes], place: Workspace) -> Iterator[Diagnostic]:
    """Packages that name another Lean than the workspace's: one Lean judges them all."""
    for path, content in sorted(manifests.items()):
        said = content.decode("utf-8", "replace").strip()
        if posixpath.basename(path) == "lean-toolchain" and place.toolchain and said != place.toolchain:
            message = f"this names {said}; everything is judged by {place.toolchain}, as the workspace says"
            yield Diagnostic(path, 1, 1, "warning", message)


def _settings(settings: LeanSettings) -> Iterator[Diagnostic]:
    for one in settings.options:
        if why := lakefile.refused(one):
            yield Diagnostic("pyproject.toml", 1, 1, "warning", f"[tool.s2c.lean] options: {why}")


def _manifest(manifests: Mapping[str, bytes], folder: str) -> str:
    return next((path for name in LAKEFILES if (path := _below(folder, name)) in manifests), folder)


def _names(root: Root, path: str) -> bool:
    module = _module(root.folder, path)
    return any(module[: len(one)] == one for one in root.modules)


def _module(folder: str, path: str) -> tuple[str, ...]:
    return tuple((path[len(folder) + 1 :] if folder else path).removesuffix(".lean").split("/"))


def _holds(folder: str, path: str) -> bool:
    return not folder or path.startswith(folder + "/")


def _below(folder: str, name: str) -> str:
    """`name` below `folder`, from the root; "" is the root itself."""
    path = posixpath.normpath(posixpath.join(folder, name))
    return "" if path == "." else path
