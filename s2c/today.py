"""What of the store the specs of today use: the obligations that they owe, what was made for them, what they ask for.

Law: nothing is judged and no process is started. Where it can't be told what is used, that is said, and whoever would
take something out has to keep it.
"""

from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass

from s2c import built, keys, stands, tools, weak
from s2c.accepted import Accepted
from s2c.case import Case
from s2c.codec import identity
from s2c.errors import ToolError
from s2c.graph import Component
from s2c.judge import Judge
from s2c.languages.base import language
from s2c.model import Answer, Implementation
from s2c.process import RawRun, Run, Tool
from s2c.project import PLACES
from s2c.session import Session
from s2c.stands import Standing


@dataclass(frozen=True)
class Today:
    """What is used today. `unknown`: specs of which nobody can tell what they owe; `missing`: verifiers, and why."""

    obligations: frozenset[str]
    older: frozenset[tuple[str, str]]  # obligation and identity of fills that may be tried again for a path of today
    stand: frozenset[tuple[str, str]]  # of fills that stand for a spec of today
    asking: frozenset[str]  # the keys under which specs of today are asked for
    found: frozenset[str]  # rows of verdicts and findings that a run of today asks for
    unknown: tuple[str, ...]
    missing: tuple[str, ...]

    def uses(self, made: Implementation) -> bool:
        """Whether it is, or may come to be, an implementation of a spec of today."""
        return made.obligation in self.obligations or (made.obligation, identity(made)) in self.older

    def needs(self, answer: Answer) -> bool:
        """Whether it was given for something that a spec of today owes."""
        return not self.obligations.isdisjoint(obligations(answer))


def obligations(answer: Answer) -> frozenset[str]:
    """What an answer was asked for."""
    return frozenset(one.rpartition(" ")[0] for one in answer.request.expected.values())


def today(session: Session) -> Today:
    """What the project uses as its files are now."""
    project, graph = session.project, session.project.graph
    stand = stands.standing(project)
    known = frozenset(one for one in stand.keys if not graph.broken(one))
    have, missing = _tools(session)
    weak.known(project, list(graph.components))  # asks for what it would tell
    verdicts = {f"verdict {key}" for key in _verdict_keys(session, stand, have)}
    paths = [path for path in graph.specs if not path.startswith("../")]
    made = [one for path in paths for one in project.store.latest_for_path(path)]
    return Today(
        obligations=frozenset(stand.keys[one] for one in known),
        older=frozenset((one.obligation, identity(one)) for one in made),
        stand=frozenset(_stand(session, stand)),
        asking=frozenset(project.asking(one) for one in graph.components.values()),
        found=frozenset({*project.store.asked, *verdicts, f"analysis {PLACES}", f"analysis {PLACES} digest"}),
        unknown=tuple(sorted(path for path in paths if graph.home[path] not in known)),
        missing=missing,
    )


def _stand(session: Session, stand: Standing) -> Iterator[tuple[str, str]]:
    for one, key in stand.keys.items():
        for made in session.project.stored(session.project.graph.components[one], key):
            if made.fills == stand.fills.get(one):
                yield key, identity(made)


def _tools(session: Session) -> tuple[dict[str, Tool], tuple[str, ...]]:
    """The verifiers as they are known, by language, and why others are not."""
    project, found, missing = session.project, {}, []
    for name, layout in project.graph.layouts.items():
        spoken = language(name)
        try:
            tool = tools.find(project.config, spoken, layout, project.store, _never)
            found[name] = tool
            tools.self_test(spoken, tool, project.store, _never, afresh=False)
        except ToolError as error:
            missing += [] if name in found else [f"{name}: {error.what}"]
    return found, tuple(missing)


def _verdict_keys(session: Session, stand: Standing, have: dict[str, Tool]) -> Iterator[str]:
    project, graph = session.project, session.project.graph
    judge = Judge(graph, project.config, project.store, _never)
    accepted = Accepted(graph)
    for one, fills in stand.fills.items():
        accepted.add(graph.components[one], fills)
    for component in graph.components.values():
        if component.language in have and not graph.broken(component.id):
            for case in _cases(session, component, accepted):
                yield judge.key(case, have[component.language])


def _cases(session: Session, component: Component, accepted: Accepted) -> Iterator[Case]:
    """The component as it lies in build/, and as the store would have it there."""
    case = built.read(session.project, component)
    if isinstance(case, Case):
        yield case
    fills = accepted.fills.get(component.id)
    if fills is not None or not keys.slots(session.project.graph, component):
        yield accepted.case(component, fills or {})


def _never(run: Run) -> Future[RawRun]:
    raise ToolError("it was not run here yet", where=" ".join(run.command))
