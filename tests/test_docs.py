"""The documents say what the code does: their tables and examples are held against it."""

import re
import shlex
from dataclasses import fields
from pathlib import Path

import pytest

from s2c import cli, endpoint
from s2c.config import defaults, load
from s2c.endpoint import Endpoint
from s2c.languages.base import languages
from s2c.model import HoleKind, VerdictKind
from s2c.settings import DaskSettings
from tests.loopback import Server
from tests.openai_server import AnswerBook, answer_fills
from tests.projects import Tree
from tests.test_structure import ORDER

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def doc(name: str) -> str:
    """The text of a document."""
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def block(text: str, kind: str) -> str:
    """The first fenced block of a kind."""
    found = re.search(rf"^```{kind}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found, f"no {kind} block"
    return found.group(1)


def test_every_setting_is_documented_and_no_other() -> None:
    """docs/configuration.md has one row for each setting, and its default is the real one."""
    rows = [line for line in doc("configuration.md").splitlines() if line.startswith("| `")]
    told: dict[str, str] = {}
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        for name in re.findall(r"`(\w+)`", cells[0]):
            told[name] = cells[1].strip("`")
    real = defaults()
    own = {item.name for language in languages().values() for item in fields(language.settings)}
    own |= {item.name for item in fields(DaskSettings)}
    assert own <= set(told)
    assert set(told) - own == set(real)
    shown = {name: told[name] for name, value in real.items() if isinstance(value, (bool, int))}
    assert shown == {name: str(value).lower() for name, value in real.items() if isinstance(value, (bool, int))}


def test_every_verdict_is_documented() -> None:
    """docs/trust.md has every verdict."""
    assert [kind for kind in VerdictKind if f"`{kind}`" not in doc("trust.md")] == []


def test_every_module_is_in_the_architecture() -> None:
    """docs/architecture.md names every top-level module, or the folder or group that it belongs to."""
    told = doc("architecture.md")
    assert [name for name in ORDER if f"`{name}" not in told] == []


def test_the_readme_example_is_real(tree: Tree, any_dafny: tuple[str, ...]) -> None:
    """The spec that README opens with has one hole, and with a right fill it is verified."""
    spec = block(README, "dafny")
    outline = languages()["dafny"].parse(spec.encode())
    assert [hole.kind for hole in outline.holes] == [HoleKind.BODY]
    fill = """  m := s[0];
  var i := 1;
  while i < |s|
    invariant 1 <= i <= |s|
    invariant m in s
    invariant forall j :: 0 <= j < i ==> s[j] <= m
  {
    if s[i] > m { m := s[i]; }
    i := i + 1;
  }
"""
    tree.dafny = any_dafny
    tree.write("max.dfy", spec)
    book = AnswerBook([{"match": "method Max(s: seq<int>) returns (m: int)", "fills": {"h1": fill}}])
    with Server(answer_fills(book)) as server:
        tree.configure(model="played-model-1", base_url=server.url)
        ended = tree.doit()
    assert ended.code == 0, ended.text


@pytest.mark.parametrize("name", ["CHANGELOG.md", "LICENSE", "docs/install.md", "docs/dependencies.md"])
def test_what_the_readme_promises_is_there(name: str) -> None:
    """Every file that README speaks of exists."""
    assert (ROOT / name).is_file()


def test_every_dependency_is_explained() -> None:
    """docs/dependencies.md has a row for each package that s2c needs."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    needed = re.findall(r'^  "([a-z-]+)>=', text.split("[project.optional-dependencies]")[0], re.MULTILINE)
    assert needed
    assert [name for name in needed if name not in doc("dependencies.md")] == []


def test_every_named_test_exists() -> None:
    """SECURITY.md names tests for its promises: each row has one, and each of them is there."""
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    sources = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests").glob("test_*.py")))
    named = set(re.findall(r"`(test_\w+)`", text))
    assert len(named) > 40
    assert [name for name in sorted(named) if f"def {name}(" not in sources] == []
    rows = [line for line in text.splitlines() if line.startswith("|") and not line.startswith(("|---", "| promise"))]
    assert [row for row in rows if "`test_" not in row] == []


DOCS = sorted((ROOT / "docs").glob("*.md"))
COMMANDS = re.compile(r"^\$ (?:cd \S+ && )?s2c (.*?)(?:  +#.*)?(?: > \S+)?$", re.MULTILINE)


@pytest.mark.parametrize("page", [ROOT / "README.md", *DOCS], ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link of a page to another file of the repository leads to one that is there."""
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", [ROOT / "README.md", *DOCS], ids=lambda page: page.name)
def test_every_command_that_is_shown_is_one(page: Path) -> None:
    """Each `s2c ...` of a page is understood by the console script, with every option that is shown."""
    for line in COMMANDS.findall(page.read_text(encoding="utf-8")):
        if line != "--version":
            assert cli.parser().parse_args(shlex.split(line)).run


def test_every_command_is_documented() -> None:
    """docs/commands.md has a section for each command of the console script."""
    told = doc("commands.md")
    assert [one.__name__ for one in cli.COMMANDS if f"\n## `s2c {one.__name__.rpartition('.')[2]}" not in told] == []


def test_every_recipe_for_an_endpoint_is_one(tree: Tree) -> None:
    """Each table of docs/endpoints.md is understood, and makes an endpoint that can be asked with a key."""
    recipes = re.findall(r"^```toml\n(.*?)^```$", doc("endpoints.md"), re.MULTILINE | re.DOTALL)
    assert len(recipes) == 5
    for text in recipes:
        tree.write("pyproject.toml", text)
        config = load(tree.root, environ={})
        endpoint.check(Endpoint(config.base_url, config.model, api_key="some-key"))
        local = Endpoint(config.base_url).is_local
        assert (config.api_key_env == "OPENAI_API_KEY") == Endpoint(config.base_url).is_openai
        assert (config.price_input == config.price_output == 0) == local


def test_the_holes_of_the_guide_are_holes() -> None:
    """docs/writing-specs.md shows specs that can be read, each with two holes."""
    for text in re.findall(r"^```dafny\n(.*?)^```$", doc("writing-specs.md"), re.MULTILINE | re.DOTALL):
        outline = languages()["dafny"].parse(text.encode())
        assert outline.problems == ()
        assert len(outline.holes) == 2
