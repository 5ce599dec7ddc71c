"""Which files a Verus command loads.

Law: a wrapper script is no identity. What counts is the folder of Verus' own program (`verus`, `rust_verify`, `z3`,
`vstd.vir`, the libraries built with it) and the Rust toolchain that it is built for; whoever changes one of them
changes the tool. Where the way from the command to these files is not plain, the answer is an error that asks for their
names, never a shorter list.

`verus` starts `rust_verify` under `rustup run TOOLCHAIN`, which loads rustc's own libraries from there. Its program
holds the name of that toolchain as plain text, so it is looked for among the installed ones. z3 is the one beside
`verus`: runs get no VERUS_Z3_PATH. The system's C libraries are not counted. Scripts are read, not run, and only one is
followed: understood are literal words, `$name` of an earlier plain assignment, and `$(dirname "$0")`.
"""

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from s2c.errors import ToolError

SCRIPT_BYTES = 64 * 1024
PROGRAMS = ("verus", "rust_verify")
NEEDED = ("rust_verify", "z3", "vstd.vir")
TOOLCHAIN_PARTS = ("bin/rustc", "lib")
SKIPPED_ENDINGS = (".log", ".lock", ".pid", ".pyc", ".zip")
SKIPPED_FOLDERS = frozenset({"__pycache__", ".git", ".verus-log"})
ASSIGNMENT = re.compile(r"""^\s*(?:export\s+)?([A-Za-z_]\w*)=("(?:\$\([^)]*\)|[^"])*"|'[^']*'|\$\([^)]*\)\S*|\S*)""")
SUBSTITUTION = re.compile(r"\$(\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))|\$\{0%/\*\}")
CLIMB = re.compile(r"""[)"}']*((?:/[^"'\s)]+)*)""")  # what follows `$0` in "$(dirname -- "$0")/../lib"
REFERENCE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")
WORD = re.compile(r""""([^"]*)"|'([^']*)'|([^\s"';()<>|&]+)""")
FIX = "name every file or folder that it loads: [tool.s2c.verus] files"
ADVICE = "put Verus on PATH, or name it: [tool.s2c.verus] command"


def identity_files(command: Sequence[str]) -> tuple[Path, ...]:
    """Every file that `command` loads, sorted. Raises ToolError where that is not plain."""
    start = _start(command)
    text = _script(start)
    program = start.resolve() if text is None else _followed(text, start)
    folder = program.parent
    missing = [name for name in NEEDED if not (folder / name).is_file()]
    if missing:
        raise ToolError(f"beside {program.name} there is no {', '.join(missing)}", where=str(folder), fix=FIX)
    return tuple(sorted({start.resolve(), *_below(folder), *_toolchain(program)}))


def rustup_home() -> Path:
    """Where rustup keeps its toolchains on this machine."""
    return Path(os.environ.get("RUSTUP_HOME") or Path.home() / ".rustup").absolute()


def _start(command: Sequence[str]) -> Path:
    name = command[0] if command else ""
    start = Path(name).absolute() if "/" in name else Path(shutil.which(name) or "")
    if not name or not start.is_file():
        raise ToolError("the command is not there", where=name, fix=ADVICE)
    return start


def _script(path: Path) -> str | None:
    """The text of a script, or None for a program."""
    with path.open("rb") as file:
        head = file.read(SCRIPT_BYTES)
    return head.decode("utf-8", "replace") if head.startswith(b"#!") else None


def _followed(text: str, script: Path) -> Path:
    """The one program of Verus that a script names."""
    named = {Path(word).resolve() for word in _words(text, script) if _is_program(word)}
    found = sorted(named, key=lambda path: PROGRAMS.index(path.name)) if named else []
    if len({path.parent for path in found}) != 1:
        raise ToolError("can't tell which Verus this script starts", where=str(script), fix=FIX)
    if _script(found[0]) is not None:
        raise ToolError("this script starts another script", where=str(script), fix=FIX)
    return found[0]


def _is_program(word: str) -> bool:
    path = Path(word)
    return path.is_absolute() and path.is_file() and path.resolve().name in PROGRAMS


def _words(text: str, script: Path) -> Iterator[str]:
    """The words of a script, variables put in as far as they are plain."""
    own = (script.resolve() if re.search(r"readlink|realpath", text) else script).parent
    values = {"HOME": str(Path.home())}
    for line in text.split("\n"):
        plain = SUBSTITUTION.sub(lambda match: _own_folder(match[0], own), line)
        assigned = ASSIGNMENT.match(plain)
        filled = REFERENCE.sub(lambda match: values.get(match[1], match[0]), plain)
        if assigned and (value := ASSIGNMENT.match(filled)):
            values[assigned[1]] = value[2].strip("\"'")
        elif not line.lstrip().startswith("#"):
            yield from ("".join(groups) for groups in WORD.findall(filled))


def _own_folder(command: str, own: Path) -> str:
    """What `$(dirname "$0")` and the like stand for; any other command stays as it is."""
    if "dirname" not in command and not command.startswith("${0"):
        return command
    climb = CLIMB.match(command.rpartition("$0")[2])
    return os.path.normpath(f"{own}{climb[1] if climb else ''}")


def _toolchain(program: Path) -> set[Path]:
    """The files of the Rust toolchain that the program names."""
    home = rustup_home() / "toolchains"
    installed = sorted(path for path in home.iterdir() if path.is_dir()) if home.is_dir() else []
    content = program.read_bytes()
    named = [path for path in installed if path.name.encode() in content]
    if len(named) != 1:
        told = ", ".join(path.name for path in named or installed) or "none"
        message = f"can't tell which Rust toolchain Verus uses (of those in {home}: {told})"
        raise ToolError(message, where=str(program), fix=FIX)
    files = {file for part in TOOLCHAIN_PARTS for file in _below(named[0] / part)}
    if not files:
        raise ToolError("this Rust toolchain has no files", where=str(named[0]), fix=FIX)
    return files


def _below(place: Path) -> Iterator[Path]:
    """A file, or every file below a folder, links followed, but for logs. A link in a circle is met once."""
    if place.is_file():
        yield place.resolve()
    seen: set[Path] = set()
    for folder, folders, names in os.walk(place, followlinks=True):
        here = Path(folder).resolve()
        folders[:] = [] if here in seen else sorted(set(folders) - SKIPPED_FOLDERS)
        seen.add(here)
        yield from ((Path(folder) / name).resolve() for name in names if _counts(Path(folder) / name))


def _counts(path: Path) -> bool:
    return path.is_file() and not path.name.endswith(SKIPPED_ENDINGS)
