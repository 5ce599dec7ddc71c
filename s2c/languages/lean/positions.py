"""Where a `sorry` stands: for a term or for tactics, and on which ground a fill of several lines may grow.

Law: one pass over the tokens of a declaration, by columns and brackets alone, as Lean itself lays out blocks. In doubt
it is a term: `by ...` is one too.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from s2c.languages.lean.syntax import Token

_OPENS_BLOCK = frozenset({b"by", b"decreasing_by"})
_BULLETS = frozenset({"·".encode(), b"."})
_SAME_BLOCK = frozenset({b";", b"<;>"})  # one more tactic follows
_TAKE_TACTICS = frozenset({b"try", b"all_goals", b"any_goals", b"repeat", b"focus", b"first", b"done"})
_ALTERNATIVES = frozenset({b"match", b"cases", b"induction", b"rcases", b"cases'", b"induction'", b"split", b"first"})
_NAMES_CASE = frozenset({b"case", b"case'", b"next", b"conv", b"first"})
_OWN_ARROWS = frozenset({b"fun", "λ".encode(), b"|"})
_STARTS_GROUND = _OPENS_BLOCK | _BULLETS | _SAME_BLOCK | {b"do", b"then", b"else", b"=>"}


class Standing(NamedTuple):
    """How token number `at` stands.

    `ground`: the column of the innermost thing before it that lines up. `deeper`: it is first on its line, and stands
    in from that: it may be an argument.
    """

    at: int
    tactic: bool
    ground: int
    deeper: bool


@dataclass
class _Block:
    """A run of tactics: its column, the brackets open round it, and what its arrows belong to."""

    column: int
    depth: int
    arrow: dict[int, bytes] = field(default_factory=dict)  # bracket depth -> what a `=>` there would follow
    tactic_match: set[int] = field(default_factory=set)  # bracket depths at which the alternatives are tactics
    tactic_if: set[int] = field(default_factory=set)


class _Walk:
    """The state of the pass: which blocks of tactics are open."""

    def __init__(self) -> None:
        self.blocks: list[_Block] = []
        self.depth = 0
        self.opening = False  # the next token begins a block
        self.same = False  # the next token begins a tactic of the block

    def begins(self, word: Token) -> bool:
        """Whether this token begins a tactic; blocks that it is not in are closed."""
        while self.blocks and self.depth < self.blocks[-1].depth:
            self.blocks.pop()
        if word.first and not self.opening:
            while self.blocks and self.depth == self.blocks[-1].depth and word.column < self.blocks[-1].column:
                self.blocks.pop()
        if self.opening:
            self.blocks.append(_Block(word.column, self.depth))
            return True
        if not self.blocks or self.blocks[-1].depth != self.depth:
            return False
        return self.same or (word.first and word.column == self.blocks[-1].column)

    def follow(self, word: Token, *, begins: bool) -> None:
        """What this token means for those after it."""
        text = word.text
        block = self.blocks[-1] if self.blocks else None
        self.same = begins and text in _TAKE_TACTICS
        self.opening = text in _OPENS_BLOCK or (begins and text in _BULLETS)
        if block is None:
            return
        if text in _SAME_BLOCK or (text == b"|" and block.arrow.get(self.depth) == b"first"):
            self.same = self.depth == block.depth
        elif text == b"=>":
            self.opening = self._tactic_arrow(block)
        elif text in {b"then", b"else"}:
            self.opening = self.depth in block.tactic_if
        elif word.kind == "open":
            self.opening = begins  # a bracket in place of a tactic holds tactics
        else:
            self._note(block, text, begins=begins)

    def _note(self, block: _Block, text: bytes, *, begins: bool) -> None:
        if text in _OWN_ARROWS or (begins and text in _NAMES_CASE):
            block.arrow[self.depth] = text
        if text in _ALTERNATIVES:
            (block.tactic_match.add if begins else block.tactic_match.discard)(self.depth)
        elif text == b"if":
            (block.tactic_if.add if begins else block.tactic_if.discard)(self.depth)

    def _tactic_arrow(self, block: _Block) -> bool:
        owner = block.arrow.pop(self.depth, b"")
        return owner in _NAMES_CASE or (owner == b"|" and self.depth in block.tactic_match)


def standings(words: Sequence[Token]) -> Iterator[Standing]:
    """How each `sorry` among these tokens of a declaration stands."""
    walk = _Walk()
    grounds: list[int] = []  # one for each open bracket, the innermost last
    ground = 0
    fresh = True  # the next token is what lines up
    for index, word in enumerate(words):
        if word.kind == "close":
            walk.depth = max(walk.depth - 1, 0)
            ground = grounds.pop() if grounds else ground
        begins = walk.begins(word)
        if word.kind == "sorry":
            yield Standing(index, begins, ground, word.first and not begins and word.column > ground)
        if word.first or fresh:
            ground = word.column
        fresh = word.text in _STARTS_GROUND or word.kind == "open"
        if word.kind == "open":
            walk.follow(word, begins=begins)
            walk.depth += 1
            grounds.append(ground)
        else:
            walk.follow(word, begins=begins)
