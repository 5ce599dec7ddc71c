"""`s2c report`: what the page and its data say of a project, and what a person meets in real Chromium."""

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import browser, chain, stand_in
from tests.browser import Browser
from tests.projects import Tree

HOSTILE = "</script><script>document.title='broken'</script><img src=x onerror=alert(1)>"


def report(tree: Tree) -> dict[str, Any]:
    """The report as data."""
    ended = tree.s2c("report", "--json")
    assert ended.code == 0, ended.text
    return json.loads(ended.out)


def states(tree: Tree) -> dict[str, str]:
    """Path -> state."""
    return {one["path"]: one["state"] for one in report(tree)["files"]}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Tree:
    """Three files in a row, of which the last is wrong at every attempt; built once."""
    folder = tmp_path_factory.mktemp("report")
    tree = chain.lay(Tree(folder / "project"), folder / "tool")
    tree.write("odd.dfy", stand_in.spec("Odd", "n + 7") + f"// {HOSTILE}\n")
    tree.configure(max_attempts=2, price_input=1, price_output=2)
    with chain.served(tree):
        assert tree.doit().code == 1
    return tree


@pytest.fixture
def built(made: Tree, tmp_path: Path) -> Tree:
    """A copy of that for one test alone."""
    tree = Tree(tmp_path / "empty")
    tree.root = tmp_path / "project"
    shutil.copytree(made.root, tree.root)
    tree.settings, tree.tables, tree.env = dict(made.settings), dict(made.tables), dict(made.env)
    return tree


# --- what it says -------------------------------------------------------------------------------------------------


def test_it_says_what_became_of_each_file(built: Tree) -> None:
    """State, attempts, tokens, cost, time, the text with its fills marked; a row for the run; the sizes of requests."""
    found = report(built)
    files = {one["path"]: one for one in found["files"]}
    top = files["top.dfy"]
    assert (top["state"], top["attempts"]) == ("verified", 1)
    assert top["tokens"] > 0
    assert float(top["cost"]) > 0
    assert top["cpu_ms"] >= 0
    assert "".join(text for text, _ in top["text"]) == built.read("build/top.dfy")
    assert [text for text, fill in top["text"] if fill and text.strip()] == ["{\n  r := n + 1;\n}\n"]
    odd = files["odd.dfy"]
    assert (odd["state"], odd["attempts"]) == ("unsolved", 2)
    assert [one["verdict"] for one in odd["tried"]] == ["incomplete", "incomplete"]
    assert [text for text, _ in odd["text"]] == [built.read("odd.dfy")]
    (run,) = found["runs"]
    assert (run["code"], run["verified"], run["failed"], run["requests"] > 0) == (1, 3, 1, True)
    assert found["by_attempt"] == {"1": 3}
    assert sum(specs for specs, _ in found["batches"]) == 5
    assert [[found["files"][one]["path"] for one in pair] for pair in found["imports"]] == [
        ["far.dfy", "top.dfy"],
        ["top.dfy", "lib/math.dfy"],
    ]


def test_verified_is_what_this_machine_signed(built: Tree) -> None:
    """A forged verdict file, or a store whose verdicts another key signed, makes nothing verified."""
    assert states(built)["far.dfy"] == "verified"
    verdict = built.root / "build/.verdict/odd.dfy.json"
    verdict.parent.mkdir(parents=True, exist_ok=True)
    verdict.write_text((built.root / "build/.verdict/far.dfy.json").read_text())
    assert states(built)["odd.dfy"] == "unsolved"
    built.env = {**built.env, "S2C_VERDICT_KEY": "22" * 32}
    assert set(states(built).values()) == {"not verified yet", "unsolved"}


def test_an_edit_is_seen_at_once(built: Tree) -> None:
    """A contract, an import's contract, a fill in build/: what was said of other bytes says nothing of these."""
    built.write("build/far.dfy", built.read("build/far.dfy").replace("n + 1;", "n + 2;"))
    assert states(built)["far.dfy"] != "verified"
    built.write("lib/math.dfy", chain.spec("lib/math.dfy", "n + 3"))
    assert states(built) == {"far.dfy": "stale", "lib/math.dfy": "stale", "odd.dfy": "unsolved", "top.dfy": "stale"}


def test_what_can_not_be_read_is_told(built: Tree) -> None:
    """A source with an error, and all that rests on it."""
    built.write("lib/math.dfy", "method (")
    found = {one["path"]: one for one in report(built)["files"]}
    assert found["lib/math.dfy"]["state"] == found["far.dfy"]["state"] == "unreadable"
    assert "lib/math.dfy:1" in found["far.dfy"]["reason"]


def test_a_lost_store_ends_no_report(built: Tree) -> None:
    """Without cache/ there is still a page: what lies in build/, and that nothing is known of it."""
    shutil.rmtree(built.root / "cache")
    assert set(states(built).values()) == {"not verified yet", "stale"}


def test_it_runs_nothing_and_changes_nothing(built: Tree) -> None:
    """No verifier, no request, no file but the page: whatever the state of the project."""
    log = built.root / "build/events.jsonl"
    before = log.read_bytes()
    ended = built.s2c("report")
    assert (ended.code, ended.out) == (0, f"{built.root}/build/report.html: 3 of 4 files verified\n")
    assert log.read_bytes() == before
    assert len(report(built)["runs"]) == 1


def test_a_run_that_did_nothing_leaves_no_row(built: Tree) -> None:
    """The history holds runs that worked: one that found all as it was is no news."""
    assert built.doit("generate:far.dfy").code == 0
    assert len(report(built)["runs"]) == 1
    (built.root / "build/far.dfy").unlink()
    assert built.doit("generate:far.dfy").code == 0
    first, second = report(built)["runs"]
    assert first["began"] <= second["began"]
    assert (second["requests"], second["origins"]) == (0, {"stored": 1})


def test_where_it_can_not_be_written(built: Tree) -> None:
    """One message, the documented code."""
    built.write("file", "")
    ended = built.s2c("report", "--output", "file/report.html")
    assert ended.code == 2
    assert "the report can't be written" in ended.err
    assert "Traceback" not in ended.text


def test_the_page_loads_nothing(built: Tree) -> None:
    """No address in it but a name space; its policy forbids the rest; hostile text is no markup."""
    built.s2c("report")
    text = built.read("build/report.html")
    assert set(re.findall(r"https?://[\w./]+", text)) <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml"}
    assert "default-src 'none'" in text
    assert "onerror" not in text


# --- what a person meets ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def window() -> Iterator[Browser]:
    """One real browser for all of these."""
    lacking = browser.missing()
    if lacking:
        assert os.environ.get("S2C_NO_BROWSER") or os.environ.get("CI") != "true", f"CI=true, and there is no {lacking}"
        pytest.skip(f"no real browser: this machine lacks {lacking}")
    with browser.opened() as found:
        yield found


@pytest.fixture
def page(made: Tree, window: Browser) -> Iterator[Browser]:
    """The page of the project, open; nothing was complained of at the end."""
    window.shape(1280, 900)
    ended = made.s2c("report")
    assert ended.code == 0, ended.text
    window.open(made.root / "build/report.html")
    yield window
    assert window.errors() == []


def shown(page: Browser) -> list[str]:
    """The paths in the table, in their order."""
    found = "[...document.querySelectorAll('.row')].map((one) => [one.offsetTop, one.dataset.path])"
    return [path for _, path in sorted(page.run(f"return {found}"))]


def test_numbers_and_table(page: Browser) -> None:
    """What counts stands at the top, and each file in a row."""
    text = page.run("return document.getElementById('numbers').innerText").split("\n")
    numbers = dict(zip(text[1::2], text[::2], strict=True))
    assert (numbers["files"], numbers["verified"], numbers["unsolved"]) == ("4", "3", "1")
    assert numbers["cost"].startswith("$")
    assert shown(page) == ["far.dfy", "lib/math.dfy", "odd.dfy", "top.dfy"]
    assert page.run("return document.querySelectorAll('figure').length") >= 4
    assert page.run("return document.querySelectorAll('#graph .node').length") == 3


def test_filter_and_sort(page: Browser) -> None:
    """By words, by state, by a column either way."""
    page.press("/")
    page.press("dfy", " ", "lib")
    page.until("document.querySelectorAll('.row').length === 1")
    assert shown(page) == ["lib/math.dfy"]
    page.run("const f = document.getElementById('filter'); f.value = ''; f.dispatchEvent(new Event('input'))")
    page.run("[...document.querySelectorAll('#states button')].find((one) => /unsolved/.test(one.textContent)).click()")
    assert shown(page) == ["odd.dfy"]
    page.run("document.querySelector('#states button[aria-pressed=true]').click()")
    page.run("[...document.querySelectorAll('#head button')].find((one) => one.textContent === 'attempts').click()")
    assert shown(page)[0] == "odd.dfy"


def test_one_file_by_keys(page: Browser) -> None:
    """Arrows and Enter open a file: its fills are marked, its attempts listed; Escape closes it."""
    from selenium.webdriver.common.keys import Keys  # noqa: PLC0415 - not on every machine

    page.press(Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER)
    page.until("!document.getElementById('detail').hidden")
    assert page.run("return document.querySelector('#detail h2').textContent") == "odd.dfy"
    assert page.run("return document.querySelectorAll('#detail details').length") == 2
    assert HOSTILE in page.run("return document.querySelector('#detail pre:last-of-type').textContent")
    page.press(Keys.ARROW_DOWN, Keys.ENTER)
    page.until("document.querySelector('#detail h2').textContent === 'top.dfy'")
    assert "r := n + 1;" in page.run("return document.querySelector('#detail mark:last-of-type').textContent")
    page.press(Keys.ESCAPE)
    page.until("document.getElementById('detail').hidden")
    assert "s2c report" in page.run("return document.title")  # the hostile text ran nowhere


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, True)])
def test_it_fits_the_window(page: Browser, width: int, *, dark: bool) -> None:
    """Wide or on a phone, light or dark: nothing sticks out, and text can be read."""
    page.shape(width, 844, dark=dark)
    page.until(f"innerWidth === {width}")
    assert page.run("return document.documentElement.scrollWidth") <= width
    ground, ink = page.run("const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]")
    bright = [sum(map(int, re.findall(r"\d+", one)[:3])) for one in (ground, ink)]
    assert abs(bright[0] - bright[1]) > 450
    assert (bright[0] < bright[1]) == dark
