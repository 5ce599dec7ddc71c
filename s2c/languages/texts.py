"""What every language does alike with a source as text: places in it, problems at them, and what is no text at all.

Law: lines and columns are 1-based and count characters; a byte order mark at the start takes no column.
"""

import re

from s2c.model import Problem

MAX_PROBLEMS = 20  # of one file: more would only repeat what the first ones say

_LONE_CR = re.compile(rb"\r(?!\n)")


def place(source: bytes, offset: int) -> tuple[int, int]:
    """1-based line and column, in characters, of a byte offset."""
    line_start = source.rfind(b"\n", 0, offset) + 1
    column = len(source[line_start:offset].decode("utf-8", "replace").removeprefix("\ufeff"))
    return source.count(b"\n", 0, offset) + 1, column + 1


def problem(source: bytes, offset: int, message: str) -> Problem:
    """A problem at a byte offset."""
    line, column = place(source, offset)
    return Problem(line, column, message)


def unreadable(source: bytes) -> Problem | None:
    """Why these bytes are no text that every tool reads alike; None if they are."""
    try:
        source.decode()
    except UnicodeDecodeError as error:
        return problem(source, error.start, "not valid UTF-8 from here on: save the file as UTF-8")
    if b"\0" in source:
        return problem(source, source.index(b"\0"), "a NUL byte stands here: this is no text file")
    lone = _LONE_CR.search(source)
    if lone is not None:  # a comment may or may not end there
        return problem(source, lone.start(), "a carriage return without a line feed: use LF or CRLF line ends")
    return None
