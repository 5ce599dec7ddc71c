"""Names of Lean: dotted, with parts in « » where they are no plain words.

Law: a dot inside « » does not separate, and « » are no part of a name: two names are the same if their parts are.
"""

import re
import unicodedata
from collections.abc import Iterable

_PART = re.compile(r"«([^«»]*)»?|([^.«»]+)")
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_'!?]*")
_LETTERS = (  # first and last of each block whose letters a name may have, beside ASCII
    (0xC0, 0x17F),  # Latin
    (0x370, 0x3FF),  # Greek
    (0x1D2C, 0x1DBF),  # raised and lowered letters
    (0x1F00, 0x1FFF),  # Greek with accents
    (0x2071, 0x209C),  # raised and lowered letters
    (0x2100, 0x214F),  # letters as signs
    (0x2C7C, 0x2C7C),  # lowered j
    (0x1D400, 0x1D7FF),  # letters of mathematics
)
_LOOKS = str.maketrans("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαγηικνορστυωϲϳıĸ℮", "ABEZHIKMNOPTYXaynikvopotuwcjike")  # noqa: RUF001 - Greek


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


def looks(name: str) -> str:
    """How a name looks: accents, styles of letters and the like do not count."""
    plainer = "".join(one for one in unicodedata.normalize("NFKD", name) if not unicodedata.combining(one))
    return plainer.translate(_LOOKS)


def strange(name: str) -> str:
    """The first letter of a name that is of no script in which Lean is written; "" if there is none."""
    foreign = (one for one in name if not one.isascii() and one.isalpha() and not _is_known(ord(one)))
    return next(foreign, "")


def _is_known(letter: int) -> bool:
    return any(first <= letter <= last for first, last in _LETTERS)
