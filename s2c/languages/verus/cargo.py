"""What the `Cargo.toml` files of a project say of its crates.

Law: Cargo is not run. Honoured are a package's crate roots, its edition and its default features; whatever else there
would change what is compiled is told as a note at its line, never dropped. A manifest that can't be read is a note too.
"""

import posixpath
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s2c.model import Diagnostic

BUILT_IN = frozenset(
    {"vstd", "builtin", "builtin_macros", "verus_builtin", "verus_builtin_macros", "verus_state_machines_macros",
     "state_machines_macros"}
)  # fmt: skip
IGNORED = ("lints", "patch", "replace", "profile", "target", "badges", "cargo-features")
METADATA = "package.metadata.verus"
METADATA_KNOWN = frozenset({"verify"})
AT = re.compile(r"\(at line (\d+), column (\d+)\)|\(at end of document\)")


@dataclass(frozen=True)
class Package:
    """One package: its folder ("" is the project's root), its crate roots that exist, and what goes to Verus."""

    folder: str
    roots: tuple[str, ...]
    options: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """A manifest that could be read. `table` is what it says, `folder` where it lies."""

    path: str
    text: str
    table: Mapping[str, Any]

    @property
    def folder(self) -> str:
        """The folder that it lies in, "" for the project's root."""
        return posixpath.dirname(self.path)

    def note(self, word: str, message: str) -> Diagnostic:
        """A note at the first line that has this word, outside comments."""
        lines = self.text.split("\n")
        pattern = re.compile(rf"(?<![\w-]){re.escape(word)}(?![\w-])")
        at = next((number for number, line in enumerate(lines, 1) if pattern.search(line.partition("#")[0])), 1)
        column = lines[at - 1].find(word) + 1
        return Diagnostic(self.path, at, max(column, 1), "warning", message, lines[at - 1].rstrip("\r"))


def packages(root: Path, manifests: Mapping[str, bytes]) -> tuple[tuple[Package, ...], tuple[Diagnostic, ...]]:
    """Every package that these manifests describe, and what in them is not honoured. `root`: the project's folder."""
    found = [_read(path, manifests[path]) for path in sorted(manifests)]
    read = [one for one in found if isinstance(one, Manifest)]
    notes = [one for one in found if isinstance(one, Diagnostic)]
    workspaces = {one.folder: one for one in read if "workspace" in one.table}
    described: list[Package] = []
    for manifest in read:
        notes += _unhonoured(manifest)
        if "package" in manifest.table:
            options = (*_edition(manifest, workspaces), *_features(manifest))
            roots = tuple(dict.fromkeys(_roots(root, manifest)))
            described.append(Package(manifest.folder, roots, options))
            notes += _scripts(root, manifest)
    return tuple(described), tuple(notes)


def home(known: tuple[Package, ...], path: str) -> Package | None:
    """The package that a file belongs to: the one in the nearest folder above it."""
    above = [one for one in known if not one.folder or path.startswith(one.folder + "/")]
    return max(above, key=lambda one: len(one.folder), default=None)


def _read(path: str, content: bytes) -> Manifest | Diagnostic:
    try:
        text = content.decode("utf-8").replace("\r\n", "\n")
        return Manifest(path, text, tomllib.loads(text))
    except UnicodeDecodeError:
        return Diagnostic(path, 1, 1, "warning", "this is not UTF-8, so s2c can't read it: save it as UTF-8")
    except RecursionError:
        return Diagnostic(path, 1, 1, "warning", "this is nested too deeply, so s2c can't read it")
    except tomllib.TOMLDecodeError as error:
        at = AT.search(str(error))
        line, column = (int(at[1]), int(at[2])) if at and at[1] else (text.count("\n") + 1, 1)
        shown = text.split("\n")[line - 1]
        what = AT.sub("", str(error)).strip()
        message = f"not valid TOML: {what}; s2c reads no crate from it until that is corrected"
        return Diagnostic(path, line, column, "warning", message, shown)


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _tables(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


# --- crate roots --------------------------------------------------------------------------------------------------


def _roots(root: Path, manifest: Manifest) -> Iterator[str]:
    """Crate roots in Cargo's order, the library first: those named, else those where Cargo looks, if they exist."""
    library = _table(manifest.table.get("lib"))
    binaries = _tables(manifest.table.get("bin"))
    named = [one["path"] for one in (library, *binaries) if isinstance(one.get("path"), str)]
    own = root / manifest.folder
    found = sorted((own / "src" / "bin").glob("*.rs")) + sorted((own / "src" / "bin").glob("*/main.rs"))
    usual = ["src/lib.rs", "src/main.rs", *(path.relative_to(own).as_posix() for path in found)]
    if isinstance(library.get("path"), str):
        usual.remove("src/lib.rs")
    for path in (*named, *usual):
        whole = posixpath.normpath(posixpath.join(manifest.folder, path))
        if not path.startswith("/") and (root / whole).is_file():
            yield whole


# --- what goes to Verus -------------------------------------------------------------------------------------------


def _edition(manifest: Manifest, workspaces: Mapping[str, Manifest]) -> tuple[str, ...]:
    told = _table(manifest.table["package"]).get("edition")
    if _table(told).get("workspace") is True:
        above = [one for folder, one in workspaces.items() if _above(folder, manifest.folder)]
        nearest = max(above, key=lambda one: len(one.folder), default=None)
        shared = _table(nearest.table["workspace"]).get("package") if nearest else None
        told = _table(shared).get("edition")
    return (f"--edition={told}",) if isinstance(told, str) and told.isdigit() else ()


def _above(folder: str, other: str) -> bool:
    return not folder or other == folder or other.startswith(folder + "/")


def _features(manifest: Manifest) -> tuple[str, ...]:
    """The default feature and those that it turns on, as Cargo tells rustc."""
    told = _table(manifest.table.get("features"))
    on: list[str] = []
    todo = ["default"] if "default" in told else []
    while todo:
        name = todo.pop()
        if name in told and name not in on:
            on.append(name)
            wanted = told[name]
            todo += [one for one in wanted if isinstance(one, str)] if isinstance(wanted, list) else []
    return tuple(f'--cfg=feature="{name}"' for name in sorted(on))


# --- what is not honoured -----------------------------------------------------------------------------------------


def _unhonoured(manifest: Manifest) -> Iterator[Diagnostic]:
    for key in IGNORED:
        if key in manifest.table:
            yield manifest.note(key, f"[{key}] is not honoured: Verus is called by s2c, not by Cargo")
    for name in sorted(_table(manifest.table.get("dependencies"))):
        if name.replace("-", "_") not in BUILT_IN:
            message = f"s2c builds no other crates: a file that uses `{name}` will not pass Verus"
            yield manifest.note(name, message)
    if _table(manifest.table.get("lib")).get("proc-macro") is True:
        yield manifest.note("proc-macro", "s2c builds no procedural macros: files that use them will not pass Verus")
    metadata = _table(_table(_table(manifest.table.get("package")).get("metadata")).get("verus"))
    for key in sorted(metadata.keys() - METADATA_KNOWN):
        yield manifest.note(key, f"[{METADATA}] {key} is not honoured: set [tool.s2c.verus] options")


def _scripts(root: Path, manifest: Manifest) -> Iterator[Diagnostic]:
    told = _table(manifest.table["package"]).get("build")
    script = told if isinstance(told, str) else "build.rs"
    if told is not False and (root / manifest.folder / script).is_file():
        yield manifest.note("build", f"{script} is not run: what it would make is not there for Verus")
