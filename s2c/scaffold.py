"""What makes a folder of specs a project: dodo.py, [tool.s2c], and the lines of .gitignore.

Law: all of it is planned before anything is written. What a person wrote stays byte for byte; at most something is put
behind it, and where even that is not safe, what to add is told.
"""

import ast
import json
import os
import stat
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from s2c.config import project_around
from s2c.errors import ConfigError, S2cError
from s2c.settings import TABLE, Config
from s2c.store.files import write_atomic

DODO = b'''"""Fills and verifies the specs of this folder: `doit generate`, `doit verify`."""

from s2c.tasks import *
'''
TASKS = DODO.decode().splitlines()[-1]
SPECS = Config.specs
OPENING = f"[{TABLE}]"


@dataclass(frozen=True)
class Change:
    """One file to be written: the bytes that it has (None: there is none) and those that it is to have."""

    path: Path
    before: bytes | None = field(repr=False)
    after: bytes = field(repr=False)
    what: str


@dataclass(frozen=True)
class Scaffold:
    """Everything to be written, what has all it needs already, and what only a person can add."""

    changes: tuple[Change, ...]
    kept: tuple[str, ...]
    by_hand: tuple[str, ...]
    notes: tuple[str, ...] = ()


def plan(config: Config) -> Scaffold:
    """What the folder `config.root` lacks. Writes nothing; raises S2cError where something is in the way."""
    root = config.root
    if not os.access(root, os.W_OK):
        raise S2cError("nothing can be written into this folder", where=str(root), fix="make it writable")
    dodo, lacking = root / "dodo.py", f"dodo.py is here already, without s2c's tasks: add the line `{TASKS}` to it"
    before = _read(dodo)
    found = (
        _pyproject(root / "pyproject.toml"),
        Change(dodo, None, DODO, "wrote dodo.py") if before is None else None,
        _gitignore(root / ".gitignore", _ignored(config)),
    )
    whole = before is not None and has_tasks(before)
    kept = (*(["dodo.py"] if whole else []), *([] if found[0] else [f"{OPENING} of pyproject.toml"]))
    by_hand = () if whole or before is None else (lacking,)
    return Scaffold(tuple(one for one in found if one is not None), kept, by_hand, tuple(_taken(config)))


def write(changes: Sequence[Change]) -> None:
    """Write each of them whole or not at all. Raises S2cError, which says what was written before."""
    done: list[str] = []
    for one in changes:
        try:
            if _read(one.path) != one.before:
                what = "this file changed just now, and was left as it is"
                raise S2cError(what, where=str(one.path), fix=_again(done))
            _replace(Path(os.path.realpath(one.path)), one)
        except OSError as error:
            raise S2cError(f"can't be written: {error.strerror}", where=str(one.path), fix=_again(done)) from None
        done.append(one.path.name)


def has_tasks(source: bytes) -> bool:
    """Whether a dodo.py takes its tasks from s2c."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return False
    return any(isinstance(node, ast.ImportFrom) and node.module == "s2c.tasks" for node in ast.walk(tree))


# --- the three files ----------------------------------------------------------------------------------------------


def _pyproject(path: Path) -> Change | None:
    if project_around(path.parent) == path.parent:
        return None
    before = _read(path)
    lines = (
        OPENING,
        f"specs = {json.dumps(SPECS)} # files of a known language among these are specs",
        '# model = "..." # the model that is asked; without one nothing is',
    )
    after = _appended(before or b"", lines, gap=True)
    if before is None:
        return Change(path, None, after, f"wrote pyproject.toml with {OPENING}")
    _check(path, before, after)
    return Change(path, before, after, f"added {OPENING} at the end of pyproject.toml")


def _check(path: Path, before: bytes, after: bytes) -> None:
    """Raises ConfigError unless the new text says what the old one did, and has the table."""
    if not os.access(path, os.W_OK):
        raise ConfigError("it is read-only, so nothing can be added", where=str(path), fix=_by_hand())
    old = _parsed(before)
    try:
        new = _parsed(after)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{OPENING} can't be put at its end: {error}", where=str(path), fix=_by_hand()) from None
    tool = old.get("tool", {})
    if new != {**old, "tool": {**(tool if isinstance(tool, dict) else {}), "s2c": {"specs": list(SPECS)}}}:
        raise ConfigError(f"{OPENING} at its end would change what it says", where=str(path), fix=_by_hand())


def _gitignore(path: Path, wanted: Sequence[str]) -> Change | None:
    before = _read(path)
    if before is None and not _in_git(path.parent):
        return None
    known = {_bare(line) for line in (before or b"").decode("utf-8", "replace").splitlines()}
    missing = [line for line in wanted if _bare(line) not in known]
    if not missing:
        return None
    return Change(path, before, _appended(before or b"", missing), f"added to .gitignore: {', '.join(missing)}")


def _ignored(config: Config) -> tuple[str, ...]:
    return f"{config.build.strip('/')}/", f"{config.cache.strip('/')}/db/", ".doit.db*"


def _bare(line: str) -> str:
    """A pattern without what does not matter here; one that is taken back with `!` was a person's decision too."""
    return line.strip().removeprefix("!").strip("/")


def _in_git(folder: Path) -> bool:
    return any((one / ".git").exists() for one in (folder, *folder.parents))


def _taken(config: Config) -> Iterator[str]:
    """What to say of folders that s2c writes into and that hold something which is not its own."""
    for setting, folder, marks in (
        ("build", config.build_folder, ("summary.json", ".verdict")),
        ("cache", config.cache_folder, ("db", "records")),
    ):
        if folder.is_dir() and any(folder.iterdir()) and not any((folder / mark).exists() for mark in marks):
            yield f"{folder.name}/ is here already, and s2c writes into it: set `{setting}` to have another folder"


# --- texts and files ----------------------------------------------------------------------------------------------


def _appended(before: bytes, lines: Sequence[str], *, gap: bool = False) -> bytes:
    """The text and behind it these lines, with the line ends that it has itself."""
    end = b"\r\n" if b"\r\n" in before else b"\n"
    closed = before if not before or before.endswith(b"\n") else before + end
    space = end if gap and before.strip() else b""
    return closed + space + b"".join(line.encode() + end for line in lines)


def _parsed(content: bytes) -> Mapping[str, object]:
    return tomllib.loads(content.decode(), parse_float=str)  # as text: a NaN is not equal to itself


def _by_hand() -> str:
    return f"nothing was written; add the table by hand: {OPENING} with specs = {json.dumps(SPECS)}"


def _again(done: Sequence[str]) -> str:
    return f"written before that: {', '.join(done) or 'nothing'}; run `s2c init` again for the rest"


def _read(path: Path) -> bytes | None:
    """The bytes of a file; None if nothing has its name. Raises S2cError for what can't be read."""
    if not os.path.lexists(path):
        return None
    try:
        return path.read_bytes()
    except OSError as error:
        raise S2cError(f"can't be read: {error.strerror}", where=str(path), fix="move it away, or mend it") from None


def _replace(path: Path, change: Change) -> None:
    if change.before is None:
        write_atomic(path, change.after)
        return
    mode = stat.S_IMODE(path.stat().st_mode)
    write_atomic(path, change.after, mode=mode)
    path.chmod(mode)  # the umask took part of it away
