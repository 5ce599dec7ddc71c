"""Layer 3: what a fill may contain.

Law: allow lists on real tokens. Helpers are whole declarations of listed kinds with new names; no fill holds a command,
an attribute that is not listed, a quotation, an option, or a word that takes something on trust or runs code while the
file is checked. What tactics of packages bring in beyond that, the axioms that the verifier asks for tell.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from s2c.languages.lean import forbidden, helpers
from s2c.languages.lean.structure import wrapped
from s2c.languages.lean.syntax import Token, tokens, tree
from s2c.model import Hole, HoleKind, Outline, Refusal

MOST = 20  # refusals of a fill that are told, of its words and of its declarations

_BEGINS = frozenset(
    {
        "keyword", "modifier", "attribute_open", "namespace_word", "section_word", "end_word", "mutual_word",
        "command_word", "module_word", "prelude_word", "import_word", "import_modifier", "all_word", "module_name",
    }
)  # fmt: skip


def policy(outline: Outline, fills: Mapping[str, str]) -> tuple[Refusal, ...]:
    """Every rule that these fills (by hole id) break; empty if they keep them all. Structure has passed before."""
    found: list[Refusal] = []
    for hole in outline.holes:
        if hole.id in fills:
            found += _fill(outline, hole, fills[hole.id])
    return tuple(found)


def helper_names(fill: str) -> tuple[str, ...]:
    """Names that a helpers fill declares, unqualified, sorted."""
    code = fill.encode("utf-8", "surrogatepass")
    root = tree(code)
    return tuple(sorted(helpers.declared(root, code, tokens(root, code))))


def _fill(outline: Outline, hole: Hole, fill: str) -> Iterator[Refusal]:
    code, offset = wrapped(hole, fill)
    root = tree(code)
    first = code.count(b"\n", 0, offset)
    words = [word for word in tokens(root, code) if word.start >= offset]
    choice = any(word.endswith(b" noncomputable") for word in outline.skeleton)
    rules = [forbidden.words(words, code=hole.kind is HoleKind.BODY, choice=choice)]
    rules += [helpers.commands(outline, root, code, words) if hole.kind is HoleKind.HELPERS else _begun(words)]
    found = [one for rule in rules for one in islice(rule, MOST)]
    for rule, message, at in dict.fromkeys(found):
        yield Refusal(rule, message, hole.id, code.count(b"\n", 0, at) - first + 1)


def _begun(words: Sequence[Token]) -> Iterator[forbidden.Found]:
    """A command in a fill that is a term or a block of tactics."""
    for word in words:
        if word.kind in _BEGINS:
            text = word.text.decode("utf-8", "replace")
            message = f"`{text}` begins a command: a fill of this hole is one term or one block of tactics"
            yield "command", message, word.start
