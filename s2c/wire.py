"""The response format: many fills in one plain text, read strictly.

Law: every prefix of a valid answer yields only whole and correct fills. A hole is filled by exactly one block between a
BEGIN and an END line that carry the request's nonce and the hole's id; whatever is doubtful is rejected, never guessed,
and everything outside blocks is prose and ignored. Delimiters protect this parser, not the model.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

WIRE_VERSION = "1"  # a part of every asking key; changes with the words of `instructions` or the rules of `parse`
MARKER = "@@S2C-"
NONCE_LENGTH = 14  # characters of 5 bits each: to plant one, a spec would need a fixed point of the hash
MAX_FILL_BYTES = 262_144  # twice what a model with 128k tokens of output could write for one hole

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # 32 characters, none easily taken for another
_COMMAND = re.compile(r"(?P<verb>BEGIN|END|GIVEUP|DONE) (?P<word>[A-Za-z0-9_.]{1,64})(?: (?P<rest>.*))?")
_FENCE = re.compile(r"[ \t]*(?P<ticks>`{3,}|~{3,})[ \t]*[\w+.#-]*[ \t]*")
_THINK = re.compile(r"[ \t]*<(think|thinking)>")
_THINK_END = re.compile(r"</(think|thinking)>")
# Characters that one tool takes for a line end and another does not, or that no source has a use for.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")

_INSTRUCTIONS = """\
# How to answer

Answer in plain text, one block for each hole. A block is two marker lines with the text for the hole between them:

{mark}BEGIN ID
text for the hole ID
{mark}END ID

- ID is one of the ids listed below. Write each id once.
- Each marker stands alone on a line, exactly as shown.
- Between the markers stands only what goes into the hole: raw text, no Markdown fence, nothing that stands around it.
- A hole that you can't fill gets one line in place of its block: {mark}GIVEUP ID reason
- After the last block comes this line, where COUNT is the number of blocks and GIVEUP lines:

{mark}DONE COUNT

The ids:
{ids}
"""
_EMPTY_REMARK = " (may stay empty)"


@dataclass(frozen=True)
class WireResult:
    """What an answer holds. Every expected id stands in exactly one of `fills`, `rejected`, `gave_up`, `missing`."""

    fills: Mapping[str, str] = field(repr=False)  # id -> text with LF line ends and a final one, or empty
    rejected: Mapping[str, str]  # id -> why its text can't be used
    gave_up: Mapping[str, str]  # id -> the model's reason, may be empty
    missing: tuple[str, ...]  # not there, or cut off, in the order of `expected`
    complete: bool  # the end was seen, the count is right, nothing is missing or rejected
    notes: tuple[str, ...]  # what else was odd, for the log


def nonce(request_core: bytes, texts: Iterable[str] = ()) -> str:
    """The nonce of a request: derived from its bytes, so the same request is the same bytes again.

    It is drawn again, with a counter, while it occurs in one of `texts` (the specs). That `@@S2C-` alone stands in a
    spec does no harm: only lines with this nonce are markers, and a fill that quotes the marker is rejected.
    """
    lowered = [text.lower() for text in texts]
    return next(drawn for drawn in _draws(request_core) if not any(drawn in text for text in lowered))


def instructions(nonce: str, expected: Mapping[str, bool]) -> str:
    """The text that tells the model the format; it goes at the end of the prompt. `expected`: id -> may stay empty.

    If a model repeats this text in its answer, that does no harm: the example's id is not an expected one.
    """
    ids = "\n".join(name + _EMPTY_REMARK * may_be_empty for name, may_be_empty in expected.items())
    return _INSTRUCTIONS.format(mark=f"{MARKER}{nonce} ", ids=ids)


def render(nonce: str, fills: Mapping[str, str], gave_up: Mapping[str, str] | None = None) -> str:
    """A valid answer with these fills: for examples in prompts and for endpoints that play a model."""
    mark = f"{MARKER}{nonce} "
    blocks = [f"{mark}BEGIN {name}\n{_ended(text)}{mark}END {name}\n" for name, text in fills.items()]
    given_up = [f"{mark}GIVEUP {name} {reason}".rstrip() + "\n" for name, reason in (gave_up or {}).items()]
    return "".join([*blocks, *given_up, f"{mark}DONE {len(blocks) + len(given_up)}\n"])


def parse(text: str, nonce: str, expected: Mapping[str, bool], finish: str) -> WireResult:
    """What `text` holds for the ids in `expected` (id -> may stay empty). `finish` is why the answer ended.

    Only with `finish` "stop" does a last line without its line end count as whole.
    """
    reader = _Reader(f"{MARKER}{nonce} ", expected)
    *lines, last = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for line in lines:
        reader.line(line)
    if finish == "stop":
        reader.line(last)
    else:
        reader.half_line(last)
    return reader.result(finish)


class _Reader:
    """The state between two lines: the open block, and what each id got so far."""

    def __init__(self, mark: str, expected: Mapping[str, bool]) -> None:
        self.mark = mark
        self.expected = expected
        self.open_id = ""  # "" outside blocks
        self.open_lines: list[str] = []
        self.bodies: dict[str, str] = {}
        self.gave_up: dict[str, str] = {}
        self.rejected: dict[str, str] = {}
        self.notes: list[str] = []
        self.counts: list[str] = []  # what each DONE line said
        self.blocks = 0  # repeats count again
        self.thinking = False

    def line(self, line: str) -> None:
        if not self.open_id:
            line = self._without_thoughts(line)
        stripped = line.strip(" \t")
        if stripped.startswith(self.mark):
            self._marker(stripped.removeprefix(self.mark))
        elif self.open_id and MARKER in line:
            self._drop("a marker stands inside its text")
        elif self.open_id:
            self.open_lines.append(line)
        elif MARKER in line:
            self._note("a marker with another nonce, or not alone on its line")

    def half_line(self, line: str) -> None:
        """A last line that may be cut: `GIVEUP F1.h1` may be half of `F1.h12`. Only the END that is due is sure."""
        if self.open_id and line.strip(" \t") == f"{self.mark}END {self.open_id}":
            self.line(line)

    def _without_thoughts(self, line: str) -> str:
        """What is left of a line outside blocks without `<think>` ... `</think>`. A thought without end hides the rest.

        Some servers leave out the first `<think>`; then all that came before its end was thought, drafts included.
        """
        self.thinking = self.thinking or bool(_THINK.match(line))
        end = _THINK_END.search(line)
        if end and not self.thinking:
            self.bodies, self.gave_up, self.rejected, self.counts, self.blocks = {}, {}, {}, [], 0
        if end:
            self.thinking = False
            return line[end.end() :]
        return "" if self.thinking else line

    def _marker(self, command: str) -> None:
        found = _COMMAND.fullmatch(command)
        verb, word, rest = found.group("verb", "word", "rest") if found else ("", "", "")
        if not found or (rest and verb != "GIVEUP"):
            self._drop("a marker that can't be read stands inside its text")
            self._note(f"a marker that can't be read: {command[:40]!r}")
        elif verb == "END":
            self._end(word)
        else:
            self._drop(f"{verb} stands before its END")
            {"BEGIN": self._begin, "GIVEUP": self._give_up, "DONE": self._done}[verb](word, rest or "")

    def _begin(self, name: str, _rest: str) -> None:
        self.open_id, self.open_lines = name, []

    def _end(self, name: str) -> None:
        if name != self.open_id:  # which of the two is wrong can't be known: neither is used
            self._reject(name, "its END stands without its BEGIN")
            self._drop(f"END {name} stands where its END should")
            return
        body = "\n".join(self.open_lines)
        self.open_id, self.open_lines = "", []
        if self.bodies.setdefault(name, body) != body:
            self._reject(name, "it is there twice, with different texts")
        elif name in self.gave_up:
            self._reject(name, "it is both filled and given up")
        self.blocks += 1

    def _give_up(self, name: str, reason: str) -> None:
        if name in self.bodies:
            self._reject(name, "it is both filled and given up")
        self.gave_up.setdefault(name, _CONTROL.sub(" ", reason.strip())[:500])

    def _done(self, count: str, _rest: str) -> None:
        if count.isdecimal():
            self.counts.append(count)

    def _drop(self, why: str) -> None:
        """Ends the open block, if there is one, without a fill."""
        if self.open_id:
            self._reject(self.open_id, why)
        self.open_id, self.open_lines = "", []

    def _reject(self, name: str, why: str) -> None:
        self.rejected.setdefault(name, why)

    def _note(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)

    def result(self, finish: str) -> WireResult:
        if self.open_id:
            self._note(f"{self.open_id} is cut off")
        for name in [*self.bodies, *self.gave_up, *self.rejected]:
            if name not in self.expected:
                self._note(f"unknown id {name!r}")
        fills = self._fills()
        rejected = _only(self.rejected, self.expected)
        gave_up = {n: why for n, why in _only(self.gave_up, self.expected).items() if n not in rejected}
        missing = tuple(n for n in self.expected if n not in fills and n not in rejected and n not in gave_up)
        counted = self._counted()
        whole = counted and finish == "stop" and not (self.open_id or rejected or missing)
        return WireResult(fills, rejected, gave_up, missing, whole, tuple(self.notes))

    def _fills(self) -> dict[str, str]:
        """The bodies of expected ids that pass; the others are rejected here."""
        fills = {}
        for name in self.expected:
            if name in self.bodies and name not in self.rejected:
                fill, why = _clean(self.bodies[name], may_be_empty=self.expected[name])
                if why:
                    self._reject(name, why)
                else:
                    fills[name] = fill
        return fills

    def _counted(self) -> bool:
        """Whether DONE was seen and its number fits: of expected ids, of all ids, or of all lines that count."""
        if not self.counts:
            return False
        ids = {*self.bodies, *self.gave_up}
        fits = {len(ids), len(ids & self.expected.keys()), self.blocks + len(self.gave_up)}
        if {int(count) for count in self.counts} <= fits:
            return True
        self._note(f"DONE says {', '.join(self.counts)}, but {len(ids)} ids were answered")
        return False


def _clean(body: str, *, may_be_empty: bool) -> tuple[str, str]:
    """The fill in a block's body, and why it can't be used ("" if it can)."""
    unfenced = _unfence(body)
    if unfenced is None:
        return "", "its Markdown fences don't match"
    if found := _CONTROL.search(unfenced):
        return "", f"it holds the control character U+{ord(found.group()):04X}"
    if len(unfenced.encode()) > MAX_FILL_BYTES:
        return "", f"it is longer than {MAX_FILL_BYTES} bytes"
    if unfenced.strip():
        return _ended(unfenced), ""
    return "", "" if may_be_empty else "it is empty"


def _unfence(body: str) -> str | None:
    """`body` without one fence pair round all of it; None if its fences are not balanced."""
    lines = body.split("\n")
    fences = [number for number, line in enumerate(lines) if _FENCE.fullmatch(line)]
    written = [number for number, line in enumerate(lines) if line.strip()]
    if len(fences) % 2:
        return None
    if not fences or (fences[0] != written[0] and fences[-1] != written[-1]):
        return body
    if fences != [written[0], written[-1]] or _ticks(lines[fences[0]]) != _ticks(lines[fences[1]]):
        return None
    return "\n".join(lines[fences[0] + 1 : fences[1]])


def _ticks(line: str) -> str:
    found = _FENCE.fullmatch(line)
    return found.group("ticks") if found else ""


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


def _only(found: Mapping[str, str], expected: Mapping[str, bool]) -> dict[str, str]:
    return {name: found[name] for name in expected if name in found}


def _draws(core: bytes) -> Iterator[str]:
    """Nonces for `core`, without end."""
    counter = 0
    while True:
        value = int.from_bytes(hashlib.blake2b(b"s2c-wire-nonce.1:%d:" % counter + core, digest_size=20).digest())
        yield "".join(_ALPHABET[value >> 5 * place & 31] for place in range(NONCE_LENGTH))
        counter += 1
