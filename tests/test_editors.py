"""What docs/editors.md gives to editors: the schema of the settings, expressions that find places in real output."""

import importlib.util
import json
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests import chain
from tests.projects import Ended, Tree

ROOT = Path(__file__).resolve().parent.parent
DOC = (ROOT / "docs/editors.md").read_text(encoding="utf-8")
SCHEMA = json.loads((ROOT / "docs/s2c.schema.json").read_text(encoding="utf-8"))


def made() -> Any:
    """The schema as script/schema.py would write it today."""
    found = importlib.util.spec_from_file_location("schema", ROOT / "script/schema.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.schema()


def problems(text: str) -> list[str]:
    """What the schema has against a pyproject.toml."""
    checker = jsonschema.Draft7Validator(SCHEMA)
    return [one.message for one in checker.iter_errors(tomllib.loads(text))]


def test_the_schema_is_of_todays_settings() -> None:
    """A setting that is new, or means something else, is in it: `python script/schema.py` writes it."""
    assert made() == SCHEMA
    jsonschema.Draft7Validator.check_schema(SCHEMA)


def test_real_settings_are_valid() -> None:
    """Those of every example and of s2c itself."""
    places = [*ROOT.glob("examples/*/pyproject.toml"), ROOT / "pyproject.toml"]
    assert len(places) > 3
    assert {str(one): problems(one.read_text(encoding="utf-8")) for one in places} == {str(one): [] for one in places}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("modle = 'x'", "'modle' was unexpected"),
        ("jobs = 'two'", "not of type 'integer'"),
        ("max_attempts = 0", "less than the minimum"),
        ("lint = 'hard'", "is not one of"),
        ("dafny.option = []", "'option' was unexpected"),
        ("shard = '1 of 2'", "does not match"),
    ],
)
def test_a_mistake_is_found(line: str, told: str) -> None:
    """A name, a type, a value, a name in a language's table."""
    assert [told in one for one in problems(f"[tool.s2c]\n{line}\n")] == [True]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tree, Ended]:
    """A build in which one file does not parse and another is not proved."""
    folder = tmp_path_factory.mktemp("editors")
    tree = chain.lay(Tree(folder / "project"), folder / "tool")
    tree.configure(max_attempts=1, quiet=True)
    with chain.served(tree, "n + 9"):
        tree.write("odd.dfy", "method (\n")
        ended = tree.doit()
    assert ended.code != 0
    return tree, ended


def tasks() -> dict[str, Any]:
    """The tasks for VS Code, by label."""
    found = re.search(r"```json\n(.*?)```", DOC, re.DOTALL)
    assert found
    return {one["label"]: one for one in json.loads(found[1])["tasks"]}


def test_vs_code_finds_places(built: tuple[Tree, Ended]) -> None:
    """The matcher of `s2c verify` finds in real output the file that does not parse, with line and column."""
    pattern = tasks()["s2c verify"]["problemMatcher"]["pattern"]
    found = [re.match(pattern["regexp"], line) for line in built[1].text.splitlines()]
    places = {one[pattern["file"]]: one for one in found if one}
    assert places["odd.dfy"][pattern["line"]] == "1"
    assert places["odd.dfy"][pattern["severity"]] == "error"
    assert places["odd.dfy"][pattern["message"]]


def test_vs_code_knows_when_a_run_begins_and_ends() -> None:
    """The matcher of `s2c watch` fits the lines of a watcher (tests/test_watch.py runs one)."""
    matcher = tasks()["s2c watch"]["problemMatcher"]
    assert re.match(matcher["background"]["beginsPattern"], "watch: run 12 begins: everything")
    assert re.match(matcher["background"]["endsPattern"], "watch: run 12 ended: 3 verified, 0 not")
    watcher = (ROOT / "s2c/watch/watcher.py").read_text(encoding="utf-8")
    assert 'say(f"watch: run {self._number} begins: ' in watcher
    assert 'say(f"watch: run {self._number} ended: ' in watcher
    assert re.match(matcher["pattern"]["regexp"], "lib/a b.dfy:12:1: error: failed: a: b")


def test_vim_finds_places(built: tuple[Tree, Ended], tmp_path: Path) -> None:
    """The errorformat, in a real vim where there is one."""
    vim = shutil.which("vim")
    if vim is None:
        pytest.skip("no vim on this machine")
    log, said = tmp_path / "log", tmp_path / "said"
    log.write_text(built[1].text, encoding="utf-8")
    setting = re.search(r"^set errorformat=.*$", DOC, re.MULTILINE)
    assert setting
    script = tmp_path / "script.vim"
    listed = "map(filter(getqflist(), 'v:val.valid'), 'bufname(v:val.bufnr) . \":\" . v:val.lnum')"
    script.write_text(f"{setting[0]}\ncgetfile {log}\ncall writefile({listed}, '{said}')\nqall!\n", encoding="utf-8")
    subprocess.run([vim, "-u", "NONE", "-es", "-S", str(script)], check=False, cwd=built[0].root, timeout=60)
    assert "odd.dfy:1" in said.read_text(encoding="utf-8").splitlines()
