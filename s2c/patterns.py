"""What the specs of a project have in common, for the prompt, found from their outlines (`context_aware`).

Law: an aid to the model, never part of an obligation: nothing here decides what is stale. It stands in the stable part
of the prompt, so it is made once a run, of the sources and of what stood before it, and is at most MOST_TOKENS long.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from s2c import keys
from s2c.graph import Component, Graph
from s2c.languages.base import Language, language
from s2c.model import Clause, Declaration, HoleKind, Slot, Spec
from s2c.project import Project
from s2c.stands import standing
from s2c.tokens import Counter as Tokens

MOST_TOKENS = 4000  # more than that crowds out the specs
MOST_SHARED, MOST_CONTRACTS, MOST_LEMMAS, MOST_IMPORTS = 40, 15, 12, 12
SHARED = 2  # a file is shared when this many components import it
RECURRING = 3  # a clause recurs when it stands in this many files
PLAIN, RICH = 2, 6  # clauses of a spec: as many at most are plain, more are rich

Section = tuple[str, Sequence[str]]


def describe(project: Project) -> str:
    """The codebase context of a run's prompts; empty if the specs have nothing in common, or it is not asked for."""
    graph = project.graph
    if not project.config.context_aware:
        return ""
    sections: list[Section] = [
        ("files that several specs of this project import", _imports(graph)),
        ("declarations that several specs of this project share", _shared(graph)),
        ("clauses that recur in its contracts", _contracts(graph)),
        ("helpers that were proved in it (to write alike, not to call)", _lemmas(project)),
    ]
    found = [(name, lines) for name, lines in sections if lines]
    return _bounded([*found, ("its specs", _levels(graph))]) if found else ""


def _bounded(sections: Iterable[Section]) -> str:
    """As many lines as fit, from the top."""
    counter, left, told = Tokens(), MOST_TOKENS, list[str]()
    for name, lines in sections:
        for line in (f"----- {name} -----", *lines):
            left -= counter.count(f"{line}\n")
            if left < 0:
                return "\n".join([*told, ""])
            told.append(line)
    return "\n".join([*told, ""])


# --- what is shared -----------------------------------------------------------------------------------------------


def _importers(graph: Graph) -> dict[str, int]:
    """Component -> how many import it, directly or not, most imported first; those that SHARED import."""
    counts = Counter(one for below in graph.closures.values() for one in below)
    return {one: counts[one] for one in sorted(counts, key=lambda one: (-counts[one], one)) if counts[one] >= SHARED}


def _imports(graph: Graph) -> list[str]:
    found = [f"{path}: {count}" for one, count in _importers(graph).items() for path in graph.components[one].members]
    return found[:MOST_IMPORTS]


def _shared(graph: Graph) -> list[str]:
    """Their declarations, those that say something: with a contract, a body, or neither but a type's fields."""
    specs = [graph.specs[path] for one in _importers(graph) for path in graph.components[one].members]
    return [line for spec in specs for line in _headers(spec)][:MOST_SHARED]


def _headers(spec: Spec) -> list[str]:
    return [f"{spec.path}: {_header(spec.source, one)}" for one in spec.outline.declarations]


def _header(source: bytes, one: Declaration) -> str:
    """A declaration up to its body; whole if it has none (a type)."""
    end = one.contract_end if one.clauses or one.body is not None else one.span.end
    return " ".join(source[one.span.start : end].decode("utf-8", "replace").split())


# --- what recurs --------------------------------------------------------------------------------------------------


def _contracts(graph: Graph) -> list[str]:
    files: Counter[str] = Counter()
    for spec in graph.specs.values():
        files.update({f"{clause.kind} {clause.text}" for clause in _clauses(spec) if clause.text})
    recurring = sorted(
        (text for text, count in files.items() if count >= RECURRING), key=lambda one: (-files[one], one)
    )
    return [f"{text} (in {files[text]} files)" for text in recurring[:MOST_CONTRACTS]]


def _clauses(spec: Spec) -> Iterator[Clause]:
    return (clause for one in spec.outline.declarations for clause in one.clauses)


def _levels(graph: Graph) -> list[str]:
    """How rich the contracts of what has holes are, as a whole."""
    counts = [len(list(_clauses(spec))) for spec in graph.specs.values() if spec.outline.holes]
    plain, rich = sum(count <= PLAIN for count in counts), sum(count > RICH for count in counts)
    between = len(counts) - plain - rich
    return [f"{plain} with at most {PLAIN} clauses, {between} with up to {RICH}, {rich} with more"] if counts else []


# --- what was proved ----------------------------------------------------------------------------------------------


def _lemmas(project: Project) -> list[str]:
    """The headers of helpers in what stands for other specs, each once, in the order of their files."""
    stands = standing(project).fills
    found: dict[str, None] = {}
    for one, component in project.graph.components.items():
        for text in _helpers(project.graph, component, stands.get(one, {})):
            found.update(dict.fromkeys(_declared(language(component.language), text)))
    return list(found)[:MOST_LEMMAS]


def _helpers(graph: Graph, component: Component, fills: Mapping[str, str]) -> Iterator[str]:
    for rank, path in enumerate(keys.ranking(graph, component)):
        for hole in graph.specs[path].outline.holes:
            text = fills.get(str(Slot(rank, hole.id)), "")
            if hole.kind is HoleKind.HELPERS and text.strip():
                yield text


def _declared(spoken: Language, text: str) -> Iterator[str]:
    source = text.encode()
    return (_header(source, one) for one in spoken.parse(source).declarations)
