"""Whole runs in this process, from sources to solutions: a real store, a real endpoint, and a verifier's stand-in.

Law: what a run does is what doit's task does; only doit itself is left out, which takes most of the time.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from s2c import config as configs
from s2c import project as projects
from s2c.connect import Connection
from s2c.model import Event
from s2c.project import Built
from s2c.session import Session
from s2c.solution import Solution
from s2c.store import Store
from tests import stand_in
from tests.loopback import Received
from tests.openai_server import AnswerBook, asked, spec_text
from tests.projects import Tree
from tests.stocked import NOBODY

SECRET = ("11" * 32).encode()


def named(number: int) -> str:
    """The name of a spec."""
    return f"S{number:02}"


def lay_out(folder: Path, count: int) -> Tree:
    """A project with so many specs that know nothing of each other."""
    tree = Tree(folder / "project")
    stand_in.install(tree, folder / "tool")
    for number in range(count):
        tree.write(f"{named(number)}.dfy", stand_in.spec(named(number), f"n + {number}"))
    tree.configure(model="m-1", base_url=NOBODY, price_input=1, price_output=1)
    return tree


def book(count: int, *, wrong_first: Sequence[int] = ()) -> AnswerBook:
    """Knows all of them, every fourth with a helper; the first answer for some is wrong."""
    fills: list[dict[str, object]] = []
    for number in range(count):
        right = f"  // größer ∀ {number}\n  r := n + {number};"
        texts = ["  r := 0 - n;", right] if number in wrong_first else right
        helper = f"lemma Help{named(number)}(n: int)\n{{\n}}" if number % 4 == 1 else ""
        fills.append({"match": stand_in.head(named(number)), "fills": {"h1": helper, "h2": texts}})
    return AnswerBook(fills)


def names(received: Received) -> list[str]:
    """The specs that a request asks for, in its order."""
    texts = dict.fromkeys(spec_text(received.prompt, one) for one in asked(received.prompt)[1])
    found = (re.search(r"^method (\w+)\(", text, re.MULTILINE) for text in texts)
    return [one[1] for one in found if one]


@dataclass
class Done:
    """What a run came to: by name of the spec its solution; and all that was told."""

    solutions: Mapping[str, Solution]
    events: list[Event] = field(default_factory=list)

    @property
    def green(self) -> list[str]:
        """The specs that are verified."""
        return sorted(name for name, one in self.solutions.items() if one.green)

    def told(self, kind: str) -> list[Mapping[str, object]]:
        """The data of every event of a kind."""
        return [one.data for one in self.events if one.kind == kind]


def run(tree: Tree, url: str, heard: list[Event] | None = None, **settings: object) -> Done:
    """One run over all specs. `heard`: a list that gets every event as it is told."""
    tree.configure(base_url=url, **settings)
    tree.write_settings()
    config = configs.load(tree.root, overrides={}, environ={})
    events: list[Event] = [] if heard is None else heard
    with Store.open(config.cache_folder, secret=SECRET) as store:
        project = projects.load(config, store, dict[str, Built]().get)
        with ExitStack() as stack:

            def connect() -> Connection:
                made = Connection(config, store, events.append)
                stack.callback(made.close)
                return made

            session = Session(project, events.append, connect)
            paths = sorted(project.graph.home)
            session.solve(paths, paths)
    return Done({one.component.id.removesuffix(".dfy"): one for one in session.solutions.values()}, events)
