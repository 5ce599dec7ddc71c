"""Three specs that import each other in a row, built with the small verifier and a played model."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import stand_in
from tests.openai_server import AnswerBook, Server, answer_fills
from tests.projects import Ended, Tree

NAMES = {"lib/math.dfy": "Max", "top.dfy": "Top", "far.dfy": "Far"}
IMPORTS = {"lib/math.dfy": (), "top.dfy": ("lib/math.dfy",), "far.dfy": ("top.dfy",)}
VALUE = "n + 1"


def lay(tree: Tree, folder: Path) -> Tree:
    """The specs and the verifier; nobody answers at the endpoint yet."""
    stand_in.install(tree, folder)
    for path in NAMES:
        tree.write(path, spec(path))
    tree.configure(model="m-1", base_url="http://127.0.0.1:9/v1")
    tree.env = {"S2C_VERDICT_KEY": "11" * 32}
    return tree


def spec(path: str, value: str = VALUE) -> str:
    """The text of one of the specs, with this value in its contract."""
    return stand_in.spec(NAMES[path], value, *IMPORTS[path])


@contextmanager
def served(tree: Tree, *values: str) -> Iterator[Server]:
    """An endpoint that fills every one of them with these values, one after the other; VALUE if there are none."""
    fills = {"h1": "", "h2": [f"  r := {value};" for value in values or (VALUE,)]}
    book = AnswerBook([{"match": stand_in.head(name), "fills": fills} for name in NAMES.values()])
    with Server(answer_fills(book)) as server:
        tree.configure(base_url=server.url)
        yield server


def build(tree: Tree, *arguments: str) -> Ended:
    """All of it built and verified."""
    with served(tree):
        ended = tree.doit(*arguments)
    assert ended.code == 0, ended.text
    return ended


def clean(ended: Ended, code: int = 0) -> Ended:
    """It ended with this code, and no traceback reached the user."""
    assert "Traceback" not in ended.text
    assert ended.code == code, ended.text
    return ended
