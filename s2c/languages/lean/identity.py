"""Which `lean` is called, and which files it loads.

Law: the toolchain's own `lean` is called, never a starter that may fetch another one. What counts for its identity is
the program, its shared libraries and the modules it brings along, and of the workspace the manifest and the toolchain's
name. Built modules of packages are not read: the manifest names each package's revision, and gigabytes of Mathlib would
be. Who rebuilds a package by hand without a new revision changes what is judged and not the identity.
"""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from s2c.errors import ToolError

FIX = "name the toolchain's own lean (`elan which lean` prints it): [tool.s2c.lean] command"
NAMED = re.compile(r'^\s*default_toolchain\s*=\s*"([^"]+)"', re.MULTILINE)
LOADED = re.compile(r".*(\.olean(\.\w+)?|\.ir|\.so(\.[\d.]+)?|\.dylib)")


def command(toolchain: str) -> tuple[str, ...]:
    """The program: of the toolchain that is named (as in a lean-toolchain file); if none is, from PATH.

    Raises ToolError where one is named and not installed: another Lean on PATH is not what the project asks for.
    """
    found = _installed(toolchain) if toolchain else None
    if found is not None:
        return (str(found),)
    if toolchain:
        why = f"lean-toolchain names {toolchain}, which is not installed"
        advice = f"run `elan toolchain install {toolchain}`, or name the lean to use: [tool.s2c.lean] command"
        raise ToolError(why, where=str(_home()), fix=advice)
    on_path = shutil.which("lean")
    if on_path is None or not _is_starter(Path(on_path)):
        return ("lean",)
    return (str(_default(Path(on_path))),)


def identity_files(called: Sequence[str], workspace: Sequence[Path]) -> tuple[Path, ...]:
    """Every file that `called` loads, and those of the workspace, sorted. Raises ToolError where that is not plain."""
    name = called[0] if called else ""
    start = Path(name).absolute() if "/" in name else Path(shutil.which(name) or "")
    if not name or not start.is_file():
        raise ToolError("lean is not there", where=name, fix="install Lean 4, or [tool.s2c.lean] command")
    if _is_starter(start):
        raise ToolError("this is elan, which may fetch another Lean", where=str(start), fix=FIX)
    program = start.resolve()
    prefix = program.parent.parent
    if program.name != "lean" or not (prefix / "lib" / "lean").is_dir():
        why = "can't tell which Lean this runs: it is not the `bin/lean` of a toolchain"
        raise ToolError(why, where=str(start), fix="name every file that it loads: [tool.s2c.lean] files")
    return tuple(sorted({program, *_below(prefix / "lib"), *(path.resolve() for path in workspace)}))


def _home() -> Path:
    """Where elan keeps its toolchains."""
    told = os.environ.get("ELAN_HOME")
    return Path(told) if told else Path.home() / ".elan"


def _installed(toolchain: str) -> Path | None:
    """The program of a toolchain as elan names it: `leanprover/lean4:v4.23.0`, `v4.23.0`, `4.23.0`, `stable`."""
    full = toolchain if ":" in toolchain else f"leanprover/lean4:{toolchain}"
    versioned = re.sub(r":(?=\d)", ":v", full)
    for name in dict.fromkeys((toolchain, full, versioned)):
        folder = name.replace("/", "--").replace(":", "---")
        place = _home() / "toolchains" / folder
        if folder and place.parent == _home() / "toolchains" and (place / "bin" / "lean").is_file():
            return place / "bin" / "lean"
    return None


def _default(starter: Path) -> Path:
    """The program of elan's default toolchain, or of the only one."""
    settings = _home() / "settings.toml"
    text = settings.read_text(encoding="utf-8", errors="replace") if settings.is_file() else ""
    named = NAMED.search(text)
    found = _installed(named[1]) if named else None
    there = sorted((_home() / "toolchains").glob("*/bin/lean"))
    if found is None and len(there) == 1:
        found = there[0]
    if found is None:
        why = "`lean` on PATH is elan, and which toolchain it would start is not plain"
        raise ToolError(why, where=str(starter), fix="write a lean-toolchain file; or " + FIX)
    return found


def _is_starter(path: Path) -> bool:
    """Whether this is elan under another name: a link to it, or a copy beside it."""
    real = path.resolve()
    beside = path.parent / "elan"
    if real.name == "elan" or real.parent == (_home() / "bin").resolve():
        return True
    return beside.is_file() and (beside.samefile(path) or beside.stat().st_size == path.stat().st_size)


def _below(folder: Path) -> Iterator[Path]:
    """Every library and module below a folder, links followed; a link in a circle is met once."""
    seen: set[Path] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        here = Path(place).resolve()
        folders[:] = [] if here in seen else sorted(folders)
        seen.add(here)
        yield from ((Path(place) / name).resolve() for name in names if LOADED.fullmatch(name))
