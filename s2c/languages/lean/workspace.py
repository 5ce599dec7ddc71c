"""The Lake workspace whose packages and toolchain a project uses.

Law: it is read, never made. The manifest says which packages there are and where; each must have been built already
(`lake build`, `lake exe cache get`), and one that was not is told.
"""

import json
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from s2c.languages.lean.lakefile import Package
from s2c.languages.lean.names import parts
from s2c.model import Diagnostic

MANIFEST, TOOLCHAIN = "lake-manifest.json", "lean-toolchain"
BUILT = (".lake/build/lib/lean", ".lake/build/lib", "build/lib/lean", "build/lib")  # the newest Lake first


@dataclass(frozen=True)
class Workspace:
    """`search`: folders with built modules; `files`: what decides which these are; `toolchain`: as `elan` names it."""

    folder: Path | None = None
    search: tuple[str, ...] = ()
    toolchain: str = ""
    files: tuple[Path, ...] = ()
    notes: tuple[Diagnostic, ...] = ()


def workspace(root: Path, manifests: Mapping[str, bytes], named: str, packages: Mapping[str, Package]) -> Workspace:
    """The workspace in the folder `named`; if none is named, the project's own, or that of its first package."""
    place = named or _default(manifests, packages)
    folder = root / place
    manifest, toolchain = folder / MANIFEST, folder / TOOLCHAIN
    told = posixpath.normpath(posixpath.join(place, MANIFEST)) if not Path(place).is_absolute() else str(manifest)
    search, notes = _search(root, folder, manifest, told)
    wanting = any(package.requires for package in packages.values())
    if wanting and not manifest.is_file():
        notes = [_note(told, f"packages are required, but there is no {MANIFEST}: run `lake update` in {folder}")]
    if named and not folder.is_dir():
        notes = [_note("pyproject.toml", f"[tool.s2c.lean] workspace: there is no folder {folder}")]
    said = _text(toolchain).strip()
    files = tuple(one for one in (manifest, toolchain) if one.is_file())
    return Workspace(folder, search, said, files, tuple(notes))


def _default(manifests: Mapping[str, bytes], packages: Mapping[str, Package]) -> str:
    if "" in packages or {MANIFEST, TOOLCHAIN} & set(manifests):
        return ""
    return min(packages, key=lambda folder: (folder.count("/"), folder), default="")


def _search(root: Path, folder: Path, manifest: Path, told: str) -> tuple[tuple[str, ...], list[Diagnostic]]:
    """Folders with built modules, and what is missing."""
    if not manifest.is_file():
        return (), []
    try:
        data: Any = json.loads(_text(manifest))
        places = list(_places(folder, data))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        return (), [_note(told, f"can't be read as a manifest of Lake ({error}): run `lake update` in {folder}")]
    found: list[str] = []
    notes: list[Diagnostic] = []
    for name, place, is_path in places:
        if is_path and place.resolve().is_relative_to(root.resolve()):
            continue  # its sources are the project's own
        built = next((place / one for one in BUILT if (place / one).is_dir()), None)
        if built is not None:
            found.append(str(built.resolve()))
        else:
            advice = f"run `lake exe cache get` or `lake build` in {folder}"
            notes.append(_note(told, f"package {name} is not built ({place}): {advice}"))
    return tuple(found), notes


def _places(folder: Path, data: dict[str, Any]) -> Iterator[tuple[str, Path, bool]]:
    """Name and folder of each package, and whether it lies beside the workspace (a path) or was fetched."""
    fetched = folder / str(data.get("packagesDir") or ".lake/packages")
    for entry in data["packages"]:
        kind, one = ("git", entry["git"]) if "git" in entry else ("path", entry.get("path"))
        if not isinstance(one, dict):  # manifests since Lake 5 say it flat
            kind, one = str(entry["type"]), entry
        name = ".".join(parts(str(one["name"])))
        if kind == "path":
            yield name, folder / str(one["dir"]), True
        else:
            below = one.get("subDir") or one.get("subDir?") or "."
            yield name, fetched / name / str(below), False


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _note(path: str, message: str) -> Diagnostic:
    return Diagnostic(path, 1, 1, "warning", message)
