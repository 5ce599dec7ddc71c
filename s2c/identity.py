"""Which files a verifier loads, and the digest that names it by them; it needs no store, so any machine can say it.

Law: a tool's identity is the digest of every file that it loads, never its name or its version text alone, nor where
they lie: two machines with the same files say the same.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

from s2c.digest import Json, digest
from s2c.errors import ToolError
from s2c.languages.base import Language, Layout

Stamp = tuple[int, int, int, int]  # of a file: size, time of content, time of the inode (which nobody can set), inode
VERSION = "tool.1"


def loaded(
    language: Language, layout: Layout, root: Path, command: Sequence[str], files: Sequence[str]
) -> Sequence[Path]:
    """Every file that the verifier loads, `files` naming them where set. Raises ToolError."""
    if files:
        return _globbed(root, files)
    return language.verifier.identity_files(command, layout)


def combined(name: str, root: Path, command: Sequence[str], hashes: Sequence[tuple[Path, str]]) -> str:
    """The digest of the files with their hashes, and of words in the command that are no places."""
    content: dict[str, Json] = {"language": name, "files": [[path.name, one] for path, one in hashes]}
    words: list[Json] = [word for word in command[1:] if not _is_place(root, word)]
    return digest(VERSION, {**content, "words": words} if words else content)


def _is_place(root: Path, word: str) -> bool:
    """A file or folder of this machine: its content counts, not where it lies."""
    return not word.startswith("-") and (root / word).exists()


def stamp(path: Path) -> Stamp | None:
    """What tells that a file was written or put in another's place; None if there is none."""
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino


def hashed(path: Path, remembered: Callable[[Path], str]) -> str:
    """What `remembered` says of a file. Raises ToolError where it can't be read."""
    try:
        return remembered(path)
    except OSError as error:
        raise ToolError(f"a file that the verifier loads can't be read: {error.strerror}", where=str(path)) from None


def content_hash(path: Path) -> str:
    """The hash of a file's bytes. Raises OSError."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()


def _globbed(root: Path, patterns: Sequence[str]) -> list[Path]:
    found = sorted({path for one in patterns for path in _glob(root, one) if path.is_file()})
    if not found:
        raise ToolError(f"`files` of the verifier match nothing: {list(patterns)}", where="[tool.s2c]")
    return found


def _glob(root: Path, pattern: str) -> list[Path]:
    if not Path(pattern).is_absolute():
        return list(root.glob(pattern))
    return (
        list(Path(pattern).parent.glob(Path(pattern).name))
        if "**" not in pattern
        else list(Path("/").glob(pattern[1:]))
    )
