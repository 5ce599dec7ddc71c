"""Codebase patterns for the prompt, found from the syntax trees (`context_aware`).

Law: an aid to the model, never part of an obligation: nothing here decides what is stale. It stands in the stable part
of the prompt, so it changes only when the files that it speaks of do.
"""

from collections import Counter

from s2c.graph import Graph
from s2c.model import Declaration, Spec

MOST = 40  # declarations shown; more than that crowds out the specs
SHARED = 2  # a file is shared when this many components import it


def describe(graph: Graph) -> str:
    """The declarations of the files that several specs import, most imported first; empty if nothing is shared."""
    importers = Counter(one for below in graph.closures.values() for one in below)
    shared = sorted(
        (one for one, count in importers.items() if count >= SHARED), key=lambda one: (-importers[one], one)
    )
    specs = [graph.specs[path] for one in shared for path in graph.components[one].members]
    lines = [line for spec in specs for line in _headers(spec)][:MOST]
    return "\n".join(["----- declarations that several specs of this project share -----", *lines, ""]) if lines else ""


def _headers(spec: Spec) -> list[str]:
    return [f"{spec.path}: {_header(spec, one)}" for one in spec.outline.declarations if one.clauses or one.body]


def _header(spec: Spec, one: Declaration) -> str:
    text = spec.source[one.span.start : one.contract_end].decode("utf-8", "replace")
    return " ".join(text.split())
