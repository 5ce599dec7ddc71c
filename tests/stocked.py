"""A project that was built once, and a copy of it for each test that needs one.

Law: a copy is what the build left, byte for byte. All copies share the stand-in for the verifier: it is not changed.
"""

import shutil
from pathlib import Path

import pytest

from tests.crashes import lay_out, model
from tests.loopback import Server
from tests.openai_server import answer_fills
from tests.projects import Tree

NOBODY = "http://127.0.0.1:9/v1"


def build(folder: Path, *, wrong_first: str = "") -> Tree:
    """Four specs, built and verified, of which b imports a; nobody answers at the endpoint any more."""
    tree = lay_out(Tree(folder / "project"), folder / "tool")
    tree.env["HOME"] = str(folder)
    with Server(answer_fills(model(wrong_first=wrong_first))) as server:
        tree.configure(base_url=server.url)
        done = tree.doit()
    assert done.code == 0, done.text
    tree.configure(base_url=NOBODY)
    return tree


def copied(tree: Tree, folder: Path) -> Tree:
    """The same project for one test alone."""
    shutil.copytree(tree.root, folder / "project")
    copy = Tree(folder / "empty")
    copy.root = folder / "project"
    copy.settings, copy.tables, copy.env = dict(tree.settings), dict(tree.tables), dict(tree.env)
    return copy


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """The project of a module's tests. Not to be changed."""
    return build(tmp_path_factory.mktemp("stock"))


@pytest.fixture
def built(stock: Tree, tmp_path: Path) -> Tree:
    """A copy of it."""
    return copied(stock, tmp_path)
