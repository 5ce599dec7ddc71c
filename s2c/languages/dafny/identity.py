"""Which files a Dafny command loads.

Law: a wrapper script is no identity. What counts is Dafny's own folder, the runtime that executes it, and the solver;
whoever changes one of them changes the tool. Where the way from the command to these files is not plain, the answer is
an error that asks for their names, never a shorter list.

The system's own C libraries (libc, libstdc++) are not among them. Scripts are read, not run: understood are literal
words, `$name` of an earlier plain assignment, and a variable that is set to the script's own folder by `$(... dirname
...)`, as wrappers do.
"""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from s2c.errors import ToolError

SCRIPT_BYTES = 64 * 1024
ASSIGNMENT = re.compile(
    r"""(?:^|[\s;])(?:export\s+)?([A-Za-z_]\w*)=("\$\([^\n]*\)[^"\n]*"|"[^"]*"|'[^']*'|\$\([^\n]*\)|[^\s;]*)"""
)
REFERENCE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")
WORD = re.compile(r""""([^"]*)"|'([^']*)'|([^\s"';()<>|&]+)""")
CLIMB = re.compile(r"""[)"}']*((?:/[^"'\s)]+)*)""")  # what follows `$0` in "$(dirname -- "$0")/../lib"
RUNTIMES = ("mono", "mono-sgen", "cli", "dotnet")
SKIPPED_ENDINGS = (".log", ".lock", ".pid", ".pyc")
SERVER_LOG = re.compile(r"DafnyLanguageServerLog[^/]*\.txt")  # `dafny server` writes one beside itself each time
SKIPPED_FOLDERS = frozenset({"__pycache__", "logs", ".cache"})
STORE = ".store/dafny/*/dafny/*/tools/*/*/Dafny.dll"  # beside the starter that `dotnet tool install` makes
SOLVER = re.compile(r"z3(?:-[\d.]+)?")
MONO_PARTS = ("lib/mono/4.5", "lib/mono/gac", "lib/mono/aot-cache", "etc/mono", "../etc/mono")
DOTNET_PARTS = ("host", "shared/Microsoft.NETCore.App")
DOTNET_HOMES = ("/usr/share/dotnet", "/usr/lib/dotnet", "/usr/lib64/dotnet", "/opt/dotnet")
FIX = "name every file or folder that it loads: [tool.s2c.dafny] files"


@dataclass(frozen=True)
class Found:
    """What a command leads to."""

    start: Path  # the command itself, links followed
    places: tuple[Path, ...]  # folders that it lies in, if it is a program: as named, and links followed
    words: tuple[str, ...]  # of a script, with variables put in, and of the command line
    search: tuple[str, ...]  # folders of PATH, the script's own first


def identity_files(command: Sequence[str]) -> tuple[Path, ...]:
    """Every file that `command` loads, sorted. Raises ToolError where that is not plain."""
    found = _follow(command)
    program = _program(found)
    solvers = _solvers(found, program)
    files = {found.start, program, *_below(program.parent), *_runtime(found, program), *solvers}
    return tuple(sorted(files))


def _follow(command: Sequence[str]) -> Found:
    """From the command through at most one wrapper script."""
    name = command[0] if command else ""
    start = Path(name).absolute() if "/" in name else Path(shutil.which(name) or "")
    if not name or not start.is_file():
        raise ToolError("the command is not there", where=name, fix="put Dafny on PATH, or [tool.s2c.dafny] command")
    path = tuple(part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if part)
    text = _script(start)
    if text is None:
        places = (start.parent, start.resolve().parent)
        return Found(start.resolve(), places, (str(start), *command[1:]), path)
    words, folders = _expand(text, start)
    return Found(start.resolve(), (), (*words, *command[1:]), (*folders, *path))


def _script(path: Path) -> str | None:
    """The text of a script, or None for a program."""
    with path.open("rb") as file:
        head = file.read(SCRIPT_BYTES)
    return head.decode("utf-8", "replace") if head.startswith(b"#!") else None


def _expand(text: str, script: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words of a script with its variables put in, and the folders that it puts on PATH."""
    values = {"0": str(script), "HOME": str(Path.home())}
    folders: list[str] = []
    lines = [line for line in text.split("\n") if not line.lstrip().startswith("#")]
    for line in lines:
        for name, raw in ASSIGNMENT.findall(line):
            value = _value(raw, values, script)
            if name == "PATH":
                folders += [part for part in value.split(":") if part.startswith("/")]
            else:
                values[name] = value
    plain = [_put_in(line, values) for line in lines]
    return tuple("".join(groups) for line in plain for groups in WORD.findall(line)), tuple(folders)


def _value(raw: str, values: dict[str, str], script: Path) -> str:
    text = raw.strip("\"'")
    if text.startswith("$(") and "dirname" in text:
        own = script.resolve() if "readlink" in text or "realpath" in text else script
        climb = CLIMB.match(text.rpartition("$0")[2])
        return os.path.normpath(str(own.parent) + (climb[1] if climb else ""))
    return _put_in(text.replace("${0%/*}", str(script.parent)), values)


def _put_in(text: str, values: dict[str, str]) -> str:
    return REFERENCE.sub(lambda match: values.get(match[1], match[0]), text)


def _program(found: Found) -> Path:
    """Dafny itself: `Dafny.exe` (mono) or `Dafny.dll` (.NET)."""
    named = [Path(word) for word in found.words if Path(word).name in {"Dafny.exe", "Dafny.dll"}]
    beside = [folder / "Dafny.dll" for folder in found.places]
    store = [dll for folder in found.places for dll in folder.glob(STORE)]
    places = {path.resolve() for path in (*named, *beside, *store) if path.is_file()}
    if len(places) != 1:
        raise ToolError(
            f"can't tell which Dafny.exe or Dafny.dll this runs ({len(places)} found)", where=str(found.start), fix=FIX
        )
    return places.pop()


def _solvers(found: Found, program: Path) -> set[Path]:
    """Every z3 that could be meant: named in the script, beside Dafny, or the first on PATH."""
    named = [Path(word.partition(":")[2] or word) for word in found.words if "z3exe:" in word or word.startswith("/")]
    choices = [path for path in named if SOLVER.fullmatch(path.name) and path.is_file()]
    bundled = [path for path in (program.parent / "z3" / "bin").glob("z3*") if path.is_file()]
    on_path = shutil.which("z3", path=os.pathsep.join(found.search))
    choices += bundled or ([Path(on_path)] if on_path and not choices else [])
    if not choices:
        why = "can't tell which z3 this runs: none in the command, beside Dafny or on PATH"
        raise ToolError(why, where=str(found.start), fix=FIX)
    if any(_script(path) is not None for path in choices):
        raise ToolError("z3 is a script: can't tell what it runs", where=str(choices[0]), fix=FIX)
    return {path.resolve() for path in choices}


def _runtime(found: Found, program: Path) -> set[Path]:
    """The runtime's program and libraries."""
    named = [Path(word) for word in found.words if Path(word).name in RUNTIMES and Path(word).is_file()]
    if program.suffix == ".exe":
        return _mono(found, named)
    homes = [path.resolve().parent for path in named if path.name == "dotnet"] or _dotnet_homes()
    for home in homes:
        parts = {file for part in DOTNET_PARTS for file in _below(home / part)}
        if parts:
            return {*parts, *(path for path in (home / "dotnet",) if path.is_file())}
    raise ToolError("can't tell which .NET runtime this uses", where=str(found.start), fix=FIX)


def _mono(found: Found, named: list[Path]) -> set[Path]:
    on_path = shutil.which("mono", path=os.pathsep.join(found.search))
    programs = [path.resolve() for path in named if path.name != "dotnet"] or (
        [Path(on_path).resolve()] if on_path else []
    )
    if not programs:
        raise ToolError("can't tell which mono this uses", where=str(found.start), fix=FIX)
    prefix = programs[0].parent.parent
    parts = {file for part in MONO_PARTS for file in _below(prefix / part)}
    libraries = {path.resolve() for path in prefix.glob("lib/**/libmono*.so*") if path.is_file()}
    if not parts:
        raise ToolError(f"no libraries of mono below {prefix}", where=str(found.start), fix=FIX)
    return {programs[0], *parts, *libraries}


def _dotnet_homes() -> list[Path]:
    """Where .NET's own starter looks, in its order."""
    told = os.environ.get("DOTNET_ROOT")
    on_path = shutil.which("dotnet")
    listed = Path("/etc/dotnet/install_location")
    homes = [told] if told else []
    homes += [listed.read_text(encoding="utf-8").strip()] if listed.is_file() else []
    homes += [str(Path(on_path).resolve().parent)] if on_path else []
    return [Path(home) for home in (*homes, *DOTNET_HOMES)]


def _below(folder: Path) -> Iterator[Path]:
    """Every file below a folder, links followed, but for logs and caches. A link in a circle is met once."""
    seen: set[Path] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        here = Path(place).resolve()
        folders[:] = [] if here in seen else sorted(set(folders) - SKIPPED_FOLDERS)
        seen.add(here)
        yield from ((Path(place) / name).resolve() for name in names if _counts(Path(place) / name))


def _counts(path: Path) -> bool:
    return path.is_file() and not path.name.endswith(SKIPPED_ENDINGS) and SERVER_LOG.fullmatch(path.name) is None
