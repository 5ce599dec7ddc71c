"""Everything that can be wrong around a build: one clear message, the documented exit code, and nothing is lost.

The table is in `situations.py`. In each a project was built first, which is damaged then and run; and after the
situation was put right, a run finds all of it again and asks for nothing that was paid for.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from _pytest.mark.structures import ParameterSet

from tests import loopback as lb
from tests import stand_in
from tests.openai_server import AnswerBook, answer_fills
from tests.projects import Tree
from tests.situations import SITUATIONS

pytestmark = pytest.mark.endtoend

LEAST, EVERY = 40, 6
GOOD = answer_fills(
    AnswerBook({"match": stand_in.head(name), "fills": stand_in.fill("n + 1")} for name in ("A", "B", "New", "Bad"))
)


@dataclass
class Endpoint:
    """What the endpoint says now."""

    now: lb.Behaviour = field(default=GOOD)

    def __call__(self, exchange: lb.Exchange) -> None:
        """Answer."""
        self.now(exchange)


@pytest.fixture
def endpoint() -> Endpoint:
    """It knows every good spec."""
    return Endpoint()


@pytest.fixture
def server(endpoint: Endpoint) -> Iterator[lb.Server]:
    """The endpoint as a server."""
    with lb.Server(endpoint) as server:
        yield server


@pytest.fixture
def built(tree: Tree, tmp_path: Path, server: lb.Server) -> Tree:
    """A project that was built, and whose answer was paid for."""
    stand_in.install(tree, tmp_path / "tool")
    tree.right = dict(tree.tables["dafny"])
    tree.configure(model="m-1", base_url=server.url, max_attempts=1)
    tree.env = {"OPENAI_API_KEY": "sk-one-two-three"}
    tree.write("A.dfy", stand_in.spec("A", "n + 1"))
    ended = tree.doit()
    assert ended.code == 0, ended.text
    return tree


def test_there_are_enough() -> None:
    """At least forty things that are wrong."""
    assert len(SITUATIONS) >= LEAST


def _tiered() -> list[ParameterSet]:
    """One in six in every run, all of them in CI."""
    return [
        pytest.param(name, marks=[pytest.mark.slow] if number % EVERY else []) for number, name in enumerate(SITUATIONS)
    ]


@pytest.mark.parametrize("name", _tiered())
def test_what_is_wrong_is_told(built: Tree, endpoint: Endpoint, server: lb.Server, name: str) -> None:
    """One message that says what, where and what to do; the documented code; no traceback; nothing paid for is lost."""
    one = SITUATIONS[name]
    one.make(built)
    endpoint.now = one.answer or GOOD
    ended = (built.doit if one.program == "doit" else built.s2c)(*one.words)
    assert one.said in ended.text
    assert ended.code == one.code, ended.text
    assert "Traceback" not in ended.text
    assert "sk-one-two-three" not in ended.text
    one.undo(built)
    (built.root / "New.dfy").unlink(missing_ok=True)
    built.configure(base_url=server.url)
    asked = len(server.requests)
    again = built.doit()
    assert again.code == 0, again.text
    assert built.states == {"A.dfy": "verified"}
    assert len(server.requests) == asked
