"""Components become one request, and its answer becomes fills again.

Law: what goes out is a pure function of what is asked; ids in it are short and ours, so an answer can name nothing that
was not asked for. The answer's text is stored before it comes here.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from s2c import keys, prompts, wire
from s2c.batches import Work
from s2c.graph import Component
from s2c.languages.base import language
from s2c.model import Answer, Hole, HoleKind, Request, Slot
from s2c.project import Project
from s2c.prompts import Previous, Shown
from s2c.tokens import Counter

OUTPUT_PER_HOLE = 150  # tokens of an answer beyond what grows with the spec: markers, a first thought
ID_TOKENS = 12  # its line among the ids, at most


@dataclass(frozen=True)
class Wanted:
    """A component that goes to the model: the slots that are asked for, the others pinned, and what failed before."""

    component: Component
    key: str
    attempt: int
    slots: frozenset[str]
    pinned: Mapping[str, str]
    previous: Previous | None = None
    previous_fills: Mapping[str, str] | None = None
    start: str = ""  # why it is asked for afresh, without what was tried before
    more: str = ""  # what is shown with it then
    room: int = 0  # tokens that this may have at most


@dataclass(frozen=True)
class Composed:
    """A request, and what each of its ids stands for: wire id -> (component id, slot)."""

    request: Request
    ids: Mapping[str, tuple[str, str]]
    optional: Mapping[str, bool]  # wire id -> its fill may be empty


def shown(project: Project, wanted: Wanted, first: int) -> list[Shown]:
    """The members of one component as they stand in a prompt, named F<first>, F<first+1>, ..."""
    found = []
    for rank, path in enumerate(keys.ranking(project.graph, wanted.component)):
        spec = project.graph.specs[path]
        asked = tuple(hole for hole in spec.outline.holes if str(Slot(rank, hole.id)) in wanted.slots)
        pinned, more = _of_member(wanted.pinned, rank), "" if rank else wanted.more
        found.append(Shown(f"F{first + rank}", spec, asked, pinned, _previous(wanted, rank, path), more))
    return found


def _of_member(fills: Mapping[str, str], rank: int) -> dict[str, str]:
    return {slot.split(".", 1)[1]: text for slot, text in fills.items() if slot.split(".", 1)[0] == str(rank)}


def _previous(wanted: Wanted, rank: int, path: str) -> Previous | None:
    if wanted.previous is None:
        return None
    said = tuple(one for one in wanted.previous.diagnostics if one.path == path)
    fills = _of_member(wanted.previous_fills or {}, rank)
    return replace(wanted.previous, fills=fills, diagnostics=said or wanted.previous.diagnostics)


Standing = Mapping[str, Mapping[str, str]]
"""Component id -> the fills by slot that stand for it now."""


def fixed(project: Project, context: str, counter: Counter) -> int:
    """Prompt tokens of every request, whatever specs it shows: rules, codebase context, the answer format."""
    names = {component.language for component in project.graph.components.values()}
    rules = max((counter.count(prompts.messages(language(name), "", {}, ())[0].content) for name in names), default=0)
    return rules + counter.count(context) + counter.count(wire.instructions(wire.nonce(b"", ()), {}))


def work(project: Project, wanted: Wanted, counter: Counter, standing: Standing) -> Work:
    """How much of a request this component takes."""
    spoken = language(wanted.component.language)
    text = "".join(prompts.spec_text(spoken, one) for one in shown(project, wanted, 1))
    context = "".join(one.decode("utf-8", "replace") for one in _imports(project, [wanted], standing).values())
    tokens = counter.count(text + context) + ID_TOKENS * len(wanted.slots)
    return Work(
        id=wanted.component.id,
        language=spoken.name,
        group=project.graph.groups[wanted.component.id],
        depth=len(project.graph.closures[wanted.component.id]),
        tokens=tokens,
        output=counter.count(text) + OUTPUT_PER_HOLE * len(wanted.slots),
        most=spoken.batch_specs,
        imports=wanted.component.imports,
    )


def compose(project: Project, batch: Sequence[Wanted], context: str, counter: Counter, standing: Standing) -> Composed:
    """The one request for these components, all of one language."""
    spoken = language(batch[0].component.language)
    ids: dict[str, tuple[str, str]] = {}
    optional: dict[str, bool] = {}
    specs = _numbered(project, batch)
    for wanted, ones in specs:
        for rank, one in enumerate(ones):
            for hole in one.asked:
                ids[f"{one.name}.{hole.id}"] = (wanted.component.id, str(Slot(rank, hole.id)))
                optional[f"{one.name}.{hole.id}"] = hole.kind is HoleKind.HELPERS
    config = project.config
    every = [one for _, ones in specs for one in ones]
    said = prompts.messages(spoken, context, _imports(project, batch, standing), every)
    temperature = "" if config.temperature is None else str(config.temperature)
    attempts = [wanted.attempt for wanted in batch]
    key = keys.request(config.model, said, config.max_output, temperature, attempts)
    by_component = {wanted.component.id: wanted.key for wanted in batch}
    expected = {name: f"{by_component[component]} {slot}" for name, (component, slot) in ids.items()}
    nonce = wire.nonce(key.encode(), [one.content for one in said])
    user = replace(said[-1], content=f"{said[-1].content}\n{wire.instructions(nonce, optional)}")
    messages = (*said[:-1], user)
    tokens = sum(counter.count(one.content) for one in messages)
    request = Request(key, config.model, messages, config.max_output, temperature, expected, nonce, tokens)
    return Composed(request, ids, optional)


def parts(project: Project, batch: Sequence[Wanted], context: str, standing: Standing) -> Mapping[str, str]:
    """The texts of what `compose` makes, by what they are; the answer format, which ends it, is not among them."""
    every = [one for _, ones in _numbered(project, batch) for one in ones]
    spoken = language(batch[0].component.language)
    return prompts.parts(spoken, context, _imports(project, batch, standing), every)


def _numbered(project: Project, batch: Sequence[Wanted]) -> list[tuple[Wanted, list[Shown]]]:
    """The members of every component as they stand in the prompt, numbered through."""
    found: list[tuple[Wanted, list[Shown]]] = []
    for wanted in batch:
        before = sum(len(ones) for _, ones in found)
        found.append((wanted, shown(project, wanted, before + 1)))
    return found


def _imports(project: Project, batch: Sequence[Wanted], standing: Standing) -> dict[str, bytes]:
    """What the batch imports, as importers may rely on it; files that are shown as specs are not repeated."""
    graph = project.graph
    members = {path for wanted in batch for path in wanted.component.members}
    ids = {one for wanted in batch for one in graph.closures[wanted.component.id]}
    found = {}
    for component in (graph.components[one] for one in sorted(ids)):
        fills = keys.member_fills(graph, component, standing.get(component.id, {}))
        for path in component.members:
            if path not in members:
                spec = graph.specs[path]
                seen = {hole.id for hole in spec.outline.holes if hole.visible} & set(fills[path])
                visible = {hole: fills[path][hole] for hole in seen}
                found[path] = language(spec.language).stand_in(spec.source, spec.outline, visible)
    return found


def fills_of(project: Project, batch: Sequence[Wanted], composed: Composed, answer: Answer) -> "Fills":
    """The fills in an answer, by component and slot, normalised; and why others are not there."""
    read = wire.parse(answer.text, composed.request.nonce, composed.optional, answer.finish)
    fills: dict[str, dict[str, str]] = {wanted.component.id: dict(wanted.pinned) for wanted in batch}
    troubles: dict[str, list[str]] = {wanted.component.id: [] for wanted in batch}
    holes = {wanted.component.id: _holes(project, wanted.component) for wanted in batch}
    spoken = language(batch[0].component.language)
    for name, (component, slot) in composed.ids.items():
        if name in read.fills:
            fills[component][slot] = spoken.normalise(holes[component][slot], read.fills[name])
        else:
            why = read.rejected.get(name) or read.gave_up.get(name) or f"no answer for it ({answer.finish})"
            troubles[component].append(f"{name}: {why}")
    came = {composed.ids[name][0] for name in composed.ids if name not in read.missing and read.fills.get(name) != ""}
    return Fills(fills, troubles, troubles.keys() - came)


@dataclass(frozen=True)
class Fills:
    """What an answer brought: component id -> fills by slot, and component id -> troubles (empty if it is whole).

    `absent`: components that it says nothing of, but for holes that stay empty.
    """

    fills: Mapping[str, Mapping[str, str]]
    troubles: Mapping[str, Sequence[str]]
    absent: Collection[str] = ()


def late(answers: Sequence[Answer]) -> dict[str, list[Mapping[str, str]]]:
    """Obligation -> raw fills by slot, from answers that were paid for and that nobody has read yet."""
    found: dict[str, list[Mapping[str, str]]] = {}
    for answer in answers:
        by_key: dict[str, dict[str, str]] = {}
        read = wire.parse(
            answer.text, answer.request.nonce, dict.fromkeys(answer.request.expected, True), answer.finish
        )
        for name, text in read.fills.items():
            key, _, slot = answer.request.expected[name].partition(" ")
            by_key.setdefault(key, {})[slot] = text
        for key, fills in by_key.items():
            found.setdefault(key, []).append(fills)
    return found


def normalised(project: Project, component: Component, fills: Mapping[str, str]) -> dict[str, str]:
    """Raw fills by slot, as the language stores them; slots that this component does not have are left out."""
    spoken = language(component.language)
    holes = _holes(project, component)
    return {slot: spoken.normalise(holes[slot], text) for slot, text in fills.items() if slot in holes}


def _holes(project: Project, component: Component) -> dict[str, Hole]:
    return {
        str(Slot(rank, hole.id)): hole
        for rank, path in enumerate(keys.ranking(project.graph, component))
        for hole in project.graph.specs[path].outline.holes
    }
