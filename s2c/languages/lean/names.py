"""Names of Lean: dotted, with parts in « » where they are no plain words.

Law: a dot inside « » does not separate, and « » are no part of a name: two names are the same if their parts are.
"""

import re
from collections.abc import Iterable

_PART = re.compile(r"«([^«»]*)»?|([^.«»]+)")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_'!?]*")


def parts(name: str) -> tuple[str, ...]:
    """The parts of a name as written, without « »."""
    return tuple(match[1] if match[1] is not None else match[2].strip() for match in _PART.finditer(name))


def joined(found: Iterable[str]) -> str:
    """A name of these parts, in « » where one is no plain word."""
    return ".".join(one if _WORD.fullmatch(one) else f"«{one}»" for one in found)


def plain(name: str) -> str:
    """The one spelling of a name: « » only where they are needed, no backticks before it."""
    return joined(parts(name.lstrip("`")))


def guarded(name: str) -> str:
    """The name with every part in « »: no keyword or notation that a file brings along can change what it means."""
    return ".".join(f"«{one}»" for one in parts(name))
