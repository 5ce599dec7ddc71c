"""Every command that README and the documents show is run, in their order, in a project that has the files named."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from s2c import wire
from tests import stand_in
from tests.loopback import Exchange, Server, stream_text
from tests.openai_server import AnswerBook, answer_fills
from tests.projects import Tree

pytestmark = pytest.mark.endtoend

ROOT = Path(__file__).resolve().parent.parent
SPECS = ("basics", "lib/max", "max", "peak", "reads", "search", "sum", "top")
OURS = re.compile(r"^(?:[A-Z0-9_]+=\S+ )?(?:s2c|doit)\b")
FAILS = {"s2c why tpo.dfy": 2}  # what a page shows to fail: there is no such spec


def shown(page: str) -> list[str]:
    """The commands of a page as a reader types them, without remarks."""
    lines = re.findall(r"^\$ (.*?)(?:\s+# .*)?$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
    return [line for line in lines if not line.startswith("script/")]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Tree]:
    """Eight specs, a stand-in for the verifier, a model that knows them all, s2c and doit on the PATH."""
    tree = Tree(tmp_path / "project")
    stand_in.install(tree, tmp_path / "tool")
    names = {path: path.replace("/", "").title() for path in SPECS}
    for path, name in names.items():
        tree.write(f"{path}.dfy", stand_in.spec(name, "n + 1"))
        tree.write(f"{path}.dfy.before", stand_in.spec(name, "n + 2"))  # what a page compares with
    book = AnswerBook({"match": stand_in.head(name), "fills": stand_in.fill("n + 1")} for name in names.values())
    tree.env = {
        "S2C_VERDICT_KEY": "11" * 32,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    fills = answer_fills(book)

    def answer(exchange: Exchange) -> None:
        """A request for fills, or the word by which doctor sees whether anyone is there."""
        (fills if wire.MARKER in exchange.received.prompt else stream_text("pong"))(exchange)

    with Server(answer) as server:
        tree.configure(model="played-model-1", base_url=server.url)
        yield tree


@pytest.mark.parametrize("page", ["README.md", "docs/commands.md", "docs/lint.md", "docs/report.md"])
def test_what_a_page_shows_works(page: str, project: Tree) -> None:
    """It ends as the page says: well, but for what the page shows to fail; and never with a traceback."""
    assert project.doit().code == 0
    shutil.copytree(project.root / "cache/records", project.root.parent / "sorting/cache/records")  # another project
    commands = shown(page)
    assert len([one for one in commands if OURS.match(one)]) >= 2
    for command in commands:
        done = project.shell(command)
        assert "Traceback" not in done.text, command
        if OURS.match(command):
            assert done.code == FAILS.get(command, 0), f"{command}\n{done.text}"


def test_no_page_is_left_out() -> None:
    """Each page that shows commands is played here, or is the tutorial, which is played to the letter."""
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    showing = {page.relative_to(ROOT).as_posix() for page in pages if shown(page.relative_to(ROOT).as_posix())}
    assert showing == {"README.md", "docs/commands.md", "docs/lint.md", "docs/report.md", "docs/tutorial.md"}
