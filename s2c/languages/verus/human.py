"""Messages that Verus prints for people, as rustc draws them, taken apart.

Law: a message has the place that its arrow names; what is drawn beside it only adds labels and further places. Nothing
here decides what a message means, and a line that belongs to no message is told as stray.
"""

import re
from collections.abc import Iterator, Sequence

from s2c.languages.verus.said import Place, Said

HEAD = re.compile(r"(error: internal compiler error|error|warning|note|help)(?:\[(E\d+)\])?: (.*)")
ARROW = re.compile(r" *(-->|:::) (.+):(\d+):(\d+) *")
SOURCE = re.compile(r" *(\d*) \|(?: (.*))?")
MARKED = re.compile(r"([\^]+|-+)(?: (.*))?")
REMARK = re.compile(r" *= ((?:note|help): .*)")
SUMMARY = re.compile(r"For more information about .*|Some errors have detailed explanations: .*|\.\.\. *")
MAX_PLACES = 50  # of one message
ADDED = frozenset({"note", "help"})
MULTILINE = ("/ ", "| ", "|_")


def parse(text: str) -> tuple[tuple[Said, ...], tuple[str, ...]]:
    """The messages of a text, and the lines that belong to none."""
    said: list[Said] = []
    stray: list[str] = []
    for block in _blocks(text.split("\n")):
        head = HEAD.fullmatch(block[0])
        if head is None:
            stray += [line for line in block if line.strip() and not SUMMARY.fullmatch(line)]
        else:
            said.append(_message(head, block[1:]))
    return tuple(said), tuple(stray)


def _blocks(lines: Sequence[str]) -> Iterator[list[str]]:
    """Each message with the lines that follow it up to a blank one; what stands between messages, line by line."""
    block: list[str] = []
    for line in lines:
        inside = bool(block) and HEAD.fullmatch(block[0]) is not None
        if block and (not line.strip() or not inside or _begins(line)):
            yield block
            block = []
        if line.strip():
            block.append(line)
    if block:
        yield block


def _begins(line: str) -> bool:
    """Whether a new message begins: a note or a help that follows without a blank line is still of the last one."""
    head = HEAD.fullmatch(line)
    own = head is not None and head[1] not in ADDED
    return own or (SUMMARY.fullmatch(line) is not None and not line.startswith("..."))


def _message(head: re.Match[str], lines: Sequence[str]) -> Said:
    places: list[Place] = []
    words, hints = [head[3]], list[str]()
    shift = 2 if any(_drawn(line).startswith(MULTILINE) for line in lines) else 0
    number, shown, path = 0, "", ""
    for line in lines:
        if HEAD.fullmatch(line):
            hints.append(line)
        elif hints and not REMARK.fullmatch(line):
            continue  # drawn for what is added, not for the message
        elif remark := REMARK.fullmatch(line):
            hints.append(remark[1])
        elif arrow := ARROW.fullmatch(line):
            path = arrow[2]
            places.append(Place(path, int(arrow[3]), int(arrow[4]), primary=arrow[1] == "-->"))
        elif (source := SOURCE.fullmatch(line)) is None:
            words += [] if places else [line.strip()]
        elif source[1]:
            number, shown = int(source[1]), (source[2] or "")[shift:]
            _show(places, number, shown)
        elif mark := _marked(source[2] or ""):
            _label(places, mark, Place(path, number, mark.start() + 1 - shift, mark[2] or "", text=shown))
    return Said(head[1], " ".join(words), head[2] or "", tuple(places), tuple(hints))


def _drawn(line: str) -> str:
    source = SOURCE.fullmatch(line)
    return (source[2] or "") if source else ""


def _marked(drawn: str) -> re.Match[str] | None:
    """The mark at the end of a line of marks: its label follows it."""
    return next(iter(MARKED.finditer(drawn)), None)


def _show(places: list[Place], number: int, shown: str) -> None:
    """Give the source line to the places that stand in it and have none yet."""
    for at, one in enumerate(places):
        if one.line == number and not one.text:
            places[at] = one.showing(shown)


def _label(places: list[Place], mark: re.Match[str], found: Place) -> None:
    """A label for the place that the arrow named, or one more place."""
    primary = mark[1].startswith("^")
    for at, one in enumerate(places):
        named = one.primary if primary else (one.path, one.line) == (found.path, found.line) and not one.primary
        if named and not one.label:
            places[at] = one.saying(found.label)
            return
    if not primary and found.label and len(places) < MAX_PLACES:
        places.append(found)
