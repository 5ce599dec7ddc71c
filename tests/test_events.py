"""The event stream: every kind is documented, and a project may listen."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.projects import Tree
from tests.stand_in import install

ROOT = Path(__file__).resolve().parent.parent
TELLERS = {"Event", "_tell"}  # whose first argument is a kind


def documented() -> dict[str, set[str]]:
    """Kind -> its data, as docs/events.md lists them."""
    text = (ROOT / "docs/events.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([a-z-]+)` \|([^|]*)\|", text, re.MULTILINE)
    return {kind: set(re.findall(r"`(\w+)`", data)) for kind, data in rows}


def sent() -> Iterator[tuple[str, set[str]]]:
    """Kind and the data that stand at hand, for each place that tells an event."""
    for path in sorted((ROOT / "s2c").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in TELLERS:
                    keys = [key for one in node.args if isinstance(one, ast.Dict) for key in one.keys]
                    names = {str(key.value) for key in keys if isinstance(key, ast.Constant)}
                    yield str(node.args[0].value), names | {word.arg for word in node.keywords if word.arg}


def test_every_kind_is_documented() -> None:
    """docs/events.md lists exactly the kinds that there are, and what each brings."""
    told = documented()
    found = dict.fromkeys(kind for kind, _ in sent())
    assert set(found) == set(told)
    for kind, names in sent():
        assert names <= told[kind], kind


def run(tree: Tree, listener: str) -> tuple[int, str]:
    """A build of one spec without a model, with this listener in its dodo.py."""
    install(tree, tree.root.parent / "tool")
    tree.write("a.dfy", "method A(n: int) returns (r: int)\n  ensures r == n\n{\n  r := n;\n}\n")
    tree.write("dodo.py", f"from s2c.events import listen\nfrom s2c.tasks import *\n\n\n@listen\n{listener}\n")
    ended = tree.doit()
    assert "Traceback" not in ended.text
    return ended.code, ended.text


def test_a_project_hears_its_run(tree: Tree) -> None:
    """A listener in dodo.py hears events one after the other, the last one when all is done."""
    code, said = run(tree, "def show(event):\n    print('heard', event.kind)")
    assert code == 0, said
    heard = re.findall(r"^heard (\S+)", said, re.MULTILINE)
    wanted = ["locked", "judging", "verdict", "judged", "exported", "writing", "written", "checked", "ended"]
    assert [one for one in wanted if one in heard] == wanted
    assert [heard.index(one) for one in wanted] == sorted(heard.index(one) for one in wanted)


def test_a_listener_that_fails_ends_nothing(tree: Tree) -> None:
    """What a listener raises is told once, with its name and the event; the run is as without it."""
    code, said = run(tree, "def broken(event):\n    raise ValueError('no such progress')")
    assert code == 0, said
    assert said.count("no such progress") == 1
    assert "listener broken failed" in said
    assert tree.states == {"a.dfy": "verified"}


def test_the_order_of_listeners_is_theirs() -> None:
    """Who came first hears first; each event reaches everyone, also if one before fails."""
    code = (
        "from s2c.events import listen, tell\nfrom s2c.model import Event\n"
        "listen(lambda event: print('one', event.kind))\nlisten(lambda event: 1 / 0)\n"
        "listen(lambda event: print('two', event.kind))\ntell(Event('a'))\ntell(Event('b'))\n"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert said.stdout.split() == ["one", "a", "two", "a", "one", "b", "two", "b"]
    assert said.stderr.count("ZeroDivisionError") == 1
