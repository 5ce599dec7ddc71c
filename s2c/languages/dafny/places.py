"""Where a message points: from a verifier's paths and columns to ours.

Law: a diagnostic names a file of the job by its relative path, with line and column 1-based in characters, and shows
the line it speaks of; a place outside the job's files keeps what the tool said.
"""

import posixpath
from collections.abc import Callable, Mapping
from urllib.parse import unquote

from s2c.languages.dafny.output import Said
from s2c.model import Diagnostic

Unit = Callable[[str, int], int]  # line of text and 0-based column in a tool's unit -> characters before it


def in_bytes(text: str, column: int) -> int:
    """Characters before a column that counts UTF-8 bytes (Dafny 2.3)."""
    return len(text.encode()[: max(column, 0)].decode("utf-8", "ignore"))


def in_utf16(text: str, column: int) -> int:
    """Characters before a column that counts UTF-16 units (Dafny 4)."""
    return len(text.encode("utf-16-le")[: 2 * max(column, 0)].decode("utf-16-le", "ignore"))


def diagnostics(files: Mapping[str, bytes], said: tuple[Said, ...], unit: Unit) -> tuple[Diagnostic, ...]:
    """Each message once, in the order told."""
    return tuple(dict.fromkeys(_diagnostic(files, one, unit) for one in said))


def _diagnostic(files: Mapping[str, bytes], said: Said, unit: Unit) -> Diagnostic:
    path, line, column, excerpt = _place(files, said, unit)
    message = " ".join(said.message.split())
    for other in said.related:
        where = _place(files, other, unit)
        message += f" [{where[0]}:{where[1]}:{where[2]}: {' '.join(other.message.split())}: {where[3].strip()}]"
    return Diagnostic(path, line, column, said.severity, message, excerpt)


def _place(files: Mapping[str, bytes], said: Said, unit: Unit) -> tuple[str, int, int, str]:
    path = _known(files, said.path)
    lines = files.get(path, b"").split(b"\n")
    line = max(said.line, 1)
    text = lines[line - 1].decode("utf-8", "replace").rstrip("\r") if line <= len(lines) else ""
    column = unit(text, said.column) if text else max(said.column, 0)
    return path, line, column + 1, text


def _known(files: Mapping[str, bytes], told: str) -> str:
    """The job's name for a path or file URI: itself, or the longest name that it ends in."""
    path = (
        posixpath.normpath(unquote(told.removeprefix("file://")) if told.startswith("file:") else told) if told else ""
    )
    endings = [name for name in files if path == name or path.endswith("/" + name)]
    return max(endings, key=len, default=path)
