"""Canonical form and tagged digests.

Law: a digest depends on content alone and says how it was made. The tag names the purpose and its schema version, so
two kinds of digest never collide and a changed form is seen as a change, not as a silent miss. Changing `canonical` or
`ALGORITHM` changes every key; tests/golden/digests.json guards it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

ALGORITHM = "b2"  # blake2b, 160 bits: short enough for a file name, far from any collision

Json: TypeAlias = "str | int | bool | Sequence[Json] | Mapping[str, Json] | None"


def canonical(value: Json) -> bytes:
    """`value` as canonical JSON: sorted keys, no blanks, UTF-8, no floats (money and times are strings).

    Lone surrogates (bytes of a file that are not UTF-8, read with surrogateescape) keep their identity.
    """
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "surrogatepass")


def digest(tag: str, value: Json) -> str:
    """`b2:TAG:HEX` of the canonical form of `value`; `tag` is like `obligation.1`: the purpose and its version."""
    return f"{ALGORITHM}:{tag}:{_hex(tag.encode() + bytes(1) + canonical(value))}"


def digest_bytes(content: bytes) -> str:
    """The digest of a file's bytes, as hex."""
    return _hex(content)


def digest_tokens(tokens: Sequence[bytes]) -> str:
    """The digest of a token list, as hex. Each token goes in with its length, so no token can pose as two."""
    return _hex(b"".join([b"%d:%b" % (len(token), token) for token in tokens]))


def _hex(content: bytes) -> str:
    return hashlib.blake2b(content, digest_size=20).hexdigest()
