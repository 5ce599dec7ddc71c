"""What the holes of a file are for, whatever the file is called: by this, fills that were made elsewhere are found.

Law: a shape says nothing of contracts, imports and comments, so a file that was moved and edited in one go keeps it.
What is found by it is a candidate, judged like any other; a shape is no key.
"""

import re

from s2c.digest import Json, digest
from s2c.graph import Component, Graph
from s2c.languages.base import language
from s2c.model import Spec

FORM = "shape.1"
_COMMENTS = re.compile(rb"//[^\n]*|--[^\n]*|/\*.*?\*/|/-.*?-/", re.DOTALL)


def shape(graph: Graph, component: Component) -> str:
    """The shape of a file with holes; "" for one without, and for a cycle of files, where no file stands alone."""
    if len(component.members) > 1:
        return ""
    spec = graph.specs[component.members[0]]
    heads = {one.name: _words(spec, one.head.start, one.head.end) for one in spec.outline.declarations}
    holes: list[Json] = [[str(hole.kind), heads.get(hole.owner or "", "")] for hole in spec.outline.holes]
    return digest(FORM, [spec.language, language(spec.language).version, holes]) if holes else ""


def _words(spec: Spec, start: int, end: int) -> str:
    return " ".join(_COMMENTS.sub(b" ", spec.source[start:end]).decode("utf-8", "replace").split())
