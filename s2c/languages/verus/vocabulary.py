"""Which tokens a fill may hold: names, keywords, macros, paths, provers, attributes, loops.

Law: every list is of what is allowed, but for the few words that are reserved; a token is judged by its text and its
neighbours, never by what is made of it later.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from s2c.languages.verus.contract import CLAUSES
from s2c.languages.verus.keywords import MODIFIERS
from s2c.languages.verus.reader import CLOSING, Words
from s2c.languages.verus.syntax import LITERALS, Token
from s2c.model import Hole, HoleKind, Outline

Found = tuple[str, str]  # rule, message
At = tuple[str, str, int]  # and the offset of the token

# only guide the prover or the unfolding of definitions: none can weaken what must be proved
VERIFIER = frozenset(
    {"all_triggers", "auto_trigger", "loop_isolation", "nonlinear", "opaque", "rlimit", "spinoff_prover", "truncate"}
)  # fmt: skip
INNER = frozenset({"trigger", "auto", "all_triggers"})
DERIVED = frozenset({"Clone", "Copy", "PartialEq", "Eq"})
MACROS = frozenset(
    {"vec", "seq", "set", "map", "calc", "matches", "assert_by_contradiction", "assert_seqs_equal", "assert_sets_equal",
     "assert_maps_equal"}
)  # fmt: skip
PROVERS = frozenset({b"bit_vector", b"nonlinear_arith"})
STD = frozenset({b"cmp", b"collections", b"convert", b"iter", b"mem", b"num", b"ops", b"option", b"result", b"slice",
                 b"string", b"vec"})  # fmt: skip
MAX_RLIMIT = 100
MAX_ATTRIBUTE = 1000  # tokens that are looked at

_TRUST = frozenset({b"assume", b"admit", b"assume_specification", b"axiom", b"uninterp", b"inline_air_stmt"})
_TRUSTING = re.compile(rb"(assume|admit|trust).*")  # as a method or below a module: what vstd calls what it believes
# reserved words that no fill needs: each opens a scope, goes past the verifier, or gives names another meaning
_KEYWORDS = frozenset(
    {
        b"async", b"await", b"dyn", b"extern", b"impl", b"macro_rules", b"mod", b"no_unwind", b"opens_invariants",
        b"static", b"trait", b"type", b"unsafe", b"use", b"yield",
    }
)  # fmt: skip
_BEFORE_NAME = frozenset({b"union", b"global", b"via", b"auto"})  # reserved only where a name follows
_ITEM_WORDS = frozenset({b"fn", b"struct", b"enum", b"const"})
_INTERNAL = re.compile(rb"(verus_)?builtin(_macros)?|verus_.*|builtin_.*|__.*")
# words after which `!` negates what follows
_BEFORE_NOT = frozenset(
    {
        b"return", b"if", b"while", b"match", b"in", b"else", b"requires", b"ensures", b"invariant", b"decreases",
        b"invariant_except_break", b"invariant_ensures", b"recommends", b"returns", b"when", b"by", b"implies",
        b"break", b"as", b"let", b"move", b"mut", b"ref",
    }
)  # fmt: skip
_RAW = b"r#"
# words of Rust and of Verus that a raw name may not be, so that no rule takes a name for the word
_RESERVED = (
    _KEYWORDS
    | _BEFORE_NAME
    | _ITEM_WORDS
    | _BEFORE_NOT
    | MODIFIERS
    | CLAUSES
    | frozenset(
        b"""
        abstract become box continue crate do enum false final for gen loop override priv self Self super true try
        typeof union unsized virtual where assert assert_by calc choose exists forall has hasnt hide is isnt layout
        matches reveal reveal_with_fuel verus verus_proof_expr
        """.split()
    )
)
_INSTEAD = {
    b"use": "`{}` may hide a name of the spec: write the full path (`vstd::...::lemma(x)`) where it is needed",
    b"mod": "`{}` opens a scope of its own: put the items themselves in helpers",
    b"trait": "`{}` gives methods another meaning: write plain functions",
    b"static": "`{}` is shared and can change: use `const`",
    b"macro_rules": "`{}` hides what is written: write it out",
    b"impl": "`{}` gives operators and methods another meaning: write plain functions",
    b"unsafe": "`{}` goes past the verifier: write it without",
    b"type": "`{}` may hide a type of the spec: write the type itself",
    b"via": "`{}`: write a `decreases` that needs no proof of its own, or another definition",
}
ENDLESS = b"exec_allows_no_decreases_clause"
_LOOPS = frozenset({b"while", b"loop"})
_OF_LOOPS = frozenset({b"decreases", b"invariant", b"invariant_except_break", b"ensures", b"requires"})
_GOES_ON = _OF_LOOPS | {b",", b"{", b"else", b"&&", b"||", b"==>", b"<==>", b"==", b"!=", b"=~=", b".", b"&&&", b"|||"}
_WORD = re.compile(rb"[A-Za-z_]\w*")


def refused(outline: Outline, hole: Hole, read: Words) -> Iterator[At]:
    """Rule, message and offset for each token that may not be there."""
    yield from _attributes(read)
    yield from _tokens(hole, read)
    if hole.kind is not HoleKind.HELPERS and read.tokens and read.tokens[0].text == b"||":
        yield (
            "contract",
            "`||` begins no statement: the contract before this hole can't be continued",
            read.tokens[0].start,
        )
    if ENDLESS not in outline.skeleton:
        yield from _loops(read)


# --- tokens -------------------------------------------------------------------------------------------------------


def _tokens(hole: Hole, read: Words) -> Iterator[At]:
    """Rule, message and offset for each token that may not be there."""
    texts = [word.text.removeprefix(_RAW) for word in read.tokens]  # `r#x` is `x`, unless that is reserved
    for at, word in enumerate(read.tokens):
        if word.kind in LITERALS:
            continue
        before = texts[at - 1] if at else b""
        after = texts[at + 1] if at + 1 < len(texts) else b""
        found = (
            _spelling(word, texts[at])
            or _trust(texts[at], before)
            or _keyword(hole, texts[at], before, after)
            or _macro(texts[at], before, texts[at + 1 : at + 3])
            or _path(texts[at], after, texts[at + 2 : at + 3])
            or _prover(texts, at)
        )
        if found is not None:
            yield (*found, word.start)


def _spelling(word: Token, name: bytes) -> Found | None:
    spelled = word.text.decode("utf-8", "replace")
    if not word.text.isascii():
        return "token", f"`{spelled}`: names and operators are plain ASCII in a fill"
    if word.text.startswith(_RAW) and name in _RESERVED:
        return "token", f"`{spelled}`: no reserved word as a raw name in a fill, choose another name"
    if _INTERNAL.fullmatch(name):
        return "token", f"`{spelled}` is internal to Verus: remove it"
    return None


def _trust(text: bytes, before: bytes) -> Found | None:
    below = before in {b"::", b"."} and _TRUSTING.fullmatch(text) is not None
    if text in _TRUST or below:
        return "trust", f"`{text.decode()}` takes a fact on trust: prove it, with `assert` or a lemma"
    return None


def _keyword(hole: Hole, text: bytes, before: bytes, after: bytes) -> Found | None:
    if text == b"use" and before == b"broadcast":
        return None
    reserved = text in _KEYWORDS or (text in _BEFORE_NAME and before != b"." and _WORD.fullmatch(after) is not None)
    if reserved:
        return "keyword", _INSTEAD.get(text, "`{}` may not stand in a fill: write it without").format(text.decode())
    if hole.kind is not HoleKind.HELPERS and text in _ITEM_WORDS:
        return "keyword", f"`{text.decode()}` declares an item inside a body: put it in helpers, or use `let`"
    return None


def _macro(text: bytes, before: bytes, after: Sequence[bytes]) -> Found | None:
    called = len(after) == 2 and after[0] == b"!" and after[1] in CLOSING  # noqa: PLR2004 - the `!` and a bracket
    if not called or not _WORD.fullmatch(text) or text in _BEFORE_NOT:
        return None
    if text.decode() in MACROS and before != b"::":
        return None
    return "macro", f"macro `{text.decode()}!` may not stand in a fill; allowed: {_listed(MACROS)}"


def _path(text: bytes, after: bytes, below: Sequence[bytes]) -> Found | None:
    if text in {b"std", b"core", b"alloc"} and after == b"::" and not STD.issuperset(below):
        whole = f"{text.decode()}::{b''.join(below).decode()}"
        return "path", f"`{whole}` may not stand in a fill; allowed below it: {_listed(one.decode() for one in STD)}"
    return None


def _prover(texts: Sequence[bytes], at: int) -> Found | None:
    if texts[at] != b"by" or texts[at + 1 : at + 2] != [b"("] or texts[at + 2 : at + 3] == [b")"]:
        return None
    named = texts[at + 2 : at + 4]
    if named[:1] and named[0] in PROVERS and named[1:] == [b")"]:
        return None
    allowed = _listed(one.decode() for one in PROVERS)
    shown = b"".join(named[:1]).decode("utf-8", "replace")
    return "prover", f"`by ({shown})` may not stand in a fill: spell the proof out; allowed: {allowed}"


# --- attributes ---------------------------------------------------------------------------------------------------


def _attributes(read: Words) -> Iterator[At]:
    texts = [word.text for word in read.tokens]
    for at, text in enumerate(texts):
        if text != b"#" or read.tokens[at].kind in LITERALS:
            continue
        inner = texts[at + 1 : at + 2] == [b"!"]
        start = at + 1 + inner
        if texts[start : start + 1] != [b"["]:
            continue  # no attribute, whatever it is: structure has seen it parse
        size = read.close[start] - start
        inside = texts[start + 1 : start + min(size, MAX_ATTRIBUTE)]
        message = next(filter(None, (_attribute(one, inner=inner) for one in _each(inside))), "")
        if size > MAX_ATTRIBUTE and not inner:
            message = f"this attribute is longer than {MAX_ATTRIBUTE} tokens: shorten it, or remove it"
        if message:
            yield "attribute", message, read.tokens[at].start


def _each(inside: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """The attributes in one pair of brackets: the older `verifier(a, b(1))` is `verifier::a` and `verifier::b(1)`."""
    if list(inside[:2]) != [b"verifier", b"("] or inside[-1] != b")":
        yield inside
        return
    depth, start = 0, 2
    for at in range(2, len(inside)):
        depth += (inside[at] in CLOSING) - (inside[at] in CLOSING.values())
        if depth < 0 or (not depth and inside[at] == b","):
            yield [b"verifier", b"::", *inside[start:at]]
            start = at + 1


def _attribute(inside: Sequence[bytes], *, inner: bool) -> str:
    """What is wrong with an attribute, given as the tokens in its brackets; "" if nothing."""
    opening = next((at for at, text in enumerate(inside) if text in CLOSING), len(inside))
    name = b"".join(inside[:opening]).decode("utf-8", "replace")
    arguments = [text.decode("utf-8", "replace") for text in inside[opening + 1 : -1] if text != b","]
    if inner:
        kind = inside[0].decode("utf-8", "replace") if inside else ""
        return "" if kind in INNER else f"attribute `#![{name}]` may not stand in a fill: only `#![trigger ...]`"
    if name == "derive" and not DERIVED.issuperset(arguments):
        return f"`#[derive({', '.join(arguments)})]` may not stand in a fill; allowed: {_listed(DERIVED)}"
    if name == "verifier::rlimit" and not _number(arguments):
        return f"`#[{name}]` needs a number up to {MAX_RLIMIT}"
    if name in {"trigger", "allow", "derive"} or name in {f"verifier::{one}" for one in VERIFIER}:
        return ""
    allowed = _listed([*(f"verifier::{one}" for one in VERIFIER), "trigger", "allow", "derive"])
    return f"attribute `#[{name}]` may not stand in a fill; allowed: {allowed}"


def _number(arguments: Sequence[str]) -> bool:
    return (
        len(arguments) == 1 and re.fullmatch(r"\d{1,3}", arguments[0]) is not None and int(arguments[0]) <= MAX_RLIMIT
    )


# --- loops --------------------------------------------------------------------------------------------------------


def _loops(read: Words) -> Iterator[At]:
    texts = [word.text for word in read.tokens]
    for at, word in enumerate(read.tokens):
        if word.text in _LOOPS and not _decreases(texts, read.close, at + 1):
            message = (
                f"this `{word.text.decode()}` has no `decreases`: write an expression that decreases before its body"
            )
            yield "endless", message, word.start


def _decreases(texts: Sequence[bytes], close: Sequence[int], at: int) -> bool:
    """Whether a loop's header, from here on, has `decreases`. Brackets are stepped over, the last braces its body."""
    while at < len(texts) and texts[at] not in {b"}", b";", *_LOOPS}:
        if texts[at] == b"decreases":
            return True
        end = close[at] + 1
        if texts[at] == b"{" and (end >= len(texts) or texts[end] not in _GOES_ON):
            return False
        at = end
    return False


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words))
