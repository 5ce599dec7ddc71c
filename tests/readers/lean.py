"""An independent reader of Lean text: lines, brackets and regular expressions.

Law: it shares no code and no idea with the parser: text is masked (comments and strings become blanks of the same
length), and what is left is read line by line.
"""

import random
import re

KNOWN: dict[str, str] = {}
"""Files on which this reader is wrong by its nature, with the reason."""

_MODIFIERS = r"(?:private|protected|noncomputable|partial|unsafe|nonrec|public|meta|scoped|local)"
_KEYWORDS = "theorem|def|lemma|example|abbrev|instance|structure|inductive|coinductive|axiom|opaque|class"
_DECLARATION = re.compile(
    rf"^\s*(?:@\[[^\]\n]*\]\s*)*(?:{_MODIFIERS}\s+)*(class\s+inductive|class\s+abbrev|{_KEYWORDS})(?![\w'.!?])"
)
_ATTRIBUTE_LINE = re.compile(rf"^(?:@\[[^\]]*\]\s*)+(?:{_MODIFIERS}\s*)*$")
_COMMAND = re.compile(
    r"^(?:@\[|#\w|(?:open|variable|universe|set_option|attribute|notation|infixl?|infixr|prefix|postfix|macro|macro_rules|"
    r"syntax|elab|elab_rules|initialize|run_cmd|alias|export|include|omit|namespace|section|end|mutual|import|"
    rf"deriving\s+instance|{_MODIFIERS})(?![\w'.!?]))"
)
_TAG = re.compile(r"--[ \t]*<(/?vc-(?:preamble|helpers|spec|code|proof|definitions|theorems))>")
_HOLE = re.compile(r"(?<![\w.'`«])(?:sorry|admit)(?![\w'!?.»])")
_MASKED = re.compile(
    r"""(?P<block>/-) | (?P<line>--[^\n]*) | (?P<raw>(?<![\w'])r(?P<hashes>\#*)".*?"(?P=hashes))
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<name>\w[\w'!?]*) | (?P<char>(?<!\])'(?:\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|.)|[^\\\n'])')""",
    re.VERBOSE | re.DOTALL,
)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[^\W\d][\w\'!?]*|\d+|[^\s\w]', re.DOTALL)
_WRITABLE = {"vc-definitions", "vc-theorems", "vc-code", "vc-proof"}


def holes(text: str) -> int:
    """How many places a model may fill."""
    text = text.replace("\r\n", "\n")
    masked = mask(text)
    sections = _sections(text)
    writable = [(start, end) for name, start, end in sections if name in _WRITABLE]
    given = [(start, end) for name, start, end in sections if name in {"vc-preamble", "vc-spec"}]
    helpers = [(start, end) for name, start, end in sections if name == "vc-helpers"]
    count = len(helpers)
    for start, end in _bodies(masked):
        for match in _HOLE.finditer(masked, start, end):
            at = match.start()
            inside = any(a <= at < b for a, b in writable) if writable else not any(a <= at < b for a, b in given)
            count += inside and not any(a <= at < b for a, b in helpers)
    return count


def tags(text: str) -> list[str]:
    """The names of the tags in order, with `/` for closing ones."""
    return [name for name, _ in _tags(text.replace("\r\n", "\n"))]


def declarations(text: str) -> list[tuple[str, int, int]]:
    """Kind, first line and last line of every declaration outside helpers."""
    text = text.replace("\r\n", "\n")
    lines = mask(text).split("\n")
    skipped = _helper_lines(text)
    found: list[tuple[str, int, int]] = []
    for number, line in enumerate(lines):
        match = _DECLARATION.match(line)
        indented = line[:1].isspace()
        if match is None or number in skipped or (indented and _depth(lines, number) != 0):
            continue
        first = before = number
        while before > 0 and (_ATTRIBUTE_LINE.match(lines[before - 1]) or not lines[before - 1].strip()):
            before -= 1  # attributes may stand far before their declaration
            first = before if lines[before].strip() else first
        last = _last_line(lines, number, skipped)
        found.append((" ".join(match[1].split()), first + 1, last + 1))
    return found


def rewrite(text: str, rng: random.Random) -> str:
    """One change of comments or blanks that means nothing to Lean."""
    safe = [at for at in _line_ends(text) if not _inside(text, at)]
    at = rng.choice(safe)
    after = at + 1 if at < len(text) else at
    line = text[text.rfind("\n", 0, at) + 1 : at]
    match rng.randrange(6):
        case 0:
            return text[:at] + " " * rng.randint(1, 5) + text[at:]
        case 1:
            return text[:at] + "\n" * rng.randint(1, 3) + text[at:]
        case 2:
            return text[:at] + " -- a remark: theorem sorry := by" + text[at:]
        case 3:
            return text[:at] + "\n" + " " * rng.randrange(9) + "/- more /- nested -/ def -/" + text[at:]
        case 4 if line.strip().startswith("--") and not _TAG.search(line):
            return text[: at - len(line)] + text[after:]
        case _:
            return text[:at] + "\n  -- theorem x : y := sorry" + text[at:]


def edit(text: str, rng: random.Random) -> str:
    """One token changed, deleted or doubled, outside comments and holes."""
    masked = mask(text, strings=False)
    skipped = [(start, end) for name, start, end in _sections(text) if name == "vc-helpers"]
    tokens = [
        (match.start(), match.end())
        for match in _TOKEN.finditer(masked)
        if match[0] not in {"sorry", "admit"} and not any(a <= match.start() < b for a, b in skipped)
    ]
    start, end = rng.choice(tokens)
    token = text[start:end]
    match rng.randrange(3):
        case 0:
            return text[:start] + text[end:]
        case 1:
            return text[:end] + " " + token + text[end:]
        case _:
            other = str(int(token) + 1) if token.isascii() and token.isdigit() else "zq" if token != "zq" else "qz"
            return text[:start] + other + text[end:]


def mask(text: str, *, strings: bool = True) -> str:
    """The text with comments, and strings if asked, as blanks; lines and offsets stay."""
    parts: list[str] = []
    position = 0
    while (match := _MASKED.search(text, position)) is not None:
        parts.append(text[position : match.start()])
        end = _block_end(text, match.end()) if match["block"] else match.end()
        hidden = match["block"] or match["line"] or (strings and not match["name"])
        piece = text[match.start() : end]
        parts.append(re.sub(r"[^\n]", " ", piece) if hidden else piece)
        position = end
    return "".join([*parts, text[position:]])


def _block_end(text: str, position: int) -> int:
    depth = 1
    for match in re.compile(r"/-|-/").finditer(text, position):
        depth += 1 if match[0] == "/-" else -1
        if depth == 0:
            return match.end()
    return len(text)


def _tags(text: str) -> list[tuple[str, int]]:
    masked = mask(text)
    found = []
    for match in _TAG.finditer(text):
        line_end = text.find("\n", match.start())
        own = text.rfind("\n", 0, match.start()) + 1
        whole = not masked[match.start() : line_end if line_end >= 0 else len(text)].strip()
        if whole and not text[own : match.start()].strip():
            found.append((match[1], match.start()))
    return found


def _sections(text: str) -> list[tuple[str, int, int]]:
    found = []
    opened: dict[str, int] = {}
    for name, at in _tags(text):
        if not name.startswith("/"):
            opened[name] = at
        elif name[1:] in opened:
            found.append((name[1:], opened.pop(name[1:]), at))
    return found


def _helper_lines(text: str) -> set[int]:
    lines: set[int] = set()
    for name, start, end in _sections(text):
        if name == "vc-helpers":
            lines |= set(range(text.count("\n", 0, start), text.count("\n", 0, end) + 1))
    return lines


def _last_line(lines: list[str], number: int, skipped: set[int]) -> int:
    """The last line with code before the next command, or before helpers."""
    last = at = number
    while at + 1 < len(lines) and at + 1 not in skipped:
        at += 1
        if _COMMAND.match(lines[at]) or (_DECLARATION.match(lines[at]) and _depth(lines, at) == 0):
            break
        if lines[at].strip():
            last = at
    return last


def _depth(lines: list[str], number: int) -> int:
    """Open brackets before this line, since the last line that begins in the first column."""
    start = number
    while start > 0 and not re.match(r"\w", lines[start]):
        start -= 1
    before = "".join(lines[start:number]) if start < number else ""
    return sum(before.count(one) for one in "([{⟨") - sum(before.count(one) for one in ")]}⟩")


def _bodies(masked: str) -> list[tuple[int, int]]:
    """From the end of the statement of each declaration to the declaration's end."""
    starts = [0]
    for line in masked.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    found = []
    for _, first, last in declarations(masked):
        start, end = starts[first - 1], starts[last]
        found.append((start + _split(masked[start:end]), end))
    return found


def _split(text: str) -> int:
    """Where the body begins: `:=` outside brackets that is no `let`'s, `where`, or the bar of an alternative."""
    depth = lets = 0
    for match in re.finditer(r"[(\[{⟨]|[)\]}⟩]|:=|\b(?:let|have)\b|\bwhere\b|(?m:^\s*\| )", text):
        word = match[0].strip()
        if word and word in "([{⟨":
            depth += 1
        elif word and word in ")]}⟩":
            depth -= 1
        elif depth == 0 and word in {"let", "have"}:
            lets += 1
        elif depth == 0 and word == ":=" and lets:
            lets -= 1
        elif depth == 0:
            return match.start()
    return len(text)


def _line_ends(text: str) -> list[int]:
    return [*(match.start() for match in re.finditer(r"\n", text)), len(text)]


def _inside(text: str, at: int) -> bool:
    """Whether this line end lies in a block comment or in a string."""
    probe = text[:at] + "\n§"
    return mask(probe)[-1] != "§"
