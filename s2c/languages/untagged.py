"""A section whose content is the author's own from now on: its tags are taken off.

Law: nothing but the two tags goes. What stands before a tag on its line stays, and so does a remark behind it; a line
that has nothing else goes as a whole. It is the same for every language that has sections: a hole of the form `section`
lies between the lines of its tags.
"""

import re

from s2c.model import Span

SECTION = "section"  # what `Hole.form` is for a section, in every language that has such

_TAG = re.compile(rb"(?P<before>.*?)(?P<mark>//|--)[ \t]*</?vc-[a-z]+>(?P<rest>[^\r\n]*)(?P<end>\r?\n?)", re.DOTALL)


def without_tags(content: bytes, section: Span) -> list[tuple[Span, bytes]]:
    """The two edits, in order, that leave what lies in this section of an implementation without its tags."""
    opening = Span(content.rfind(b"\n", 0, max(section.start - 1, 0)) + 1, section.start)
    after = content.find(b"\n", section.end)
    closing = Span(section.end, len(content) if after < 0 else after + 1)
    return [(line, _untagged(content[line.start : line.end])) for line in (opening, closing)]


def _untagged(line: bytes) -> bytes:
    found = _TAG.fullmatch(line)
    if found is None:
        return line
    before, rest = found["before"], found["rest"].strip()
    if rest:
        return before + found["mark"] + b" " + rest + found["end"]
    return before.rstrip(b" \t") + found["end"] if before.strip() else b""
