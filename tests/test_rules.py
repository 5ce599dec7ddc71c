"""Every rule by which a fill is refused is documented, names its token and its line, and reaches the model."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from s2c.languages.base import UNDECLARED, languages
from s2c.model import Refusal, Spec
from s2c.prompts import Previous, Shown, spec_text
from tests.catalogue import SUFFIXES, Row, judged, rows
from tests.hostile import DAFNY as STAND_IN
from tests.hostile import LINE, RIGHT, SPEC, command, new_mark
from tests.loopback import Server
from tests.openai_server import AnswerBook, answer_fills
from tests.projects import Tree

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "s2c"
DOCUMENT = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
RULE = re.compile(r"[a-z]+(-[a-z]+)*")
LANGUAGES = ("dafny", "lean", "verus")
ALL, OTHERS = "Every language", "Several files, and after the verifier"
# a message that shows no token says at least one of these
SAYS = re.compile(
    r"\b(write|remove|use|choose|put|prove|balance|finish|complete|keep|move|end|shorten)\b"
    r"|allowed: |is never closed|is missing here|and no more|may not stand in helpers"
)


def rules_in(path: Path) -> Iterator[str]:
    """The rules that a module can make: the first word of each Refusal, and of each (rule, message, ...) it yields."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        found: list[ast.expr] = []
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refusal":
            found += node.args[:1]
        elif isinstance(node, (ast.Yield, ast.Return)):
            pairs = [one for one in ast.walk(node) if isinstance(one, ast.Tuple) and len(one.elts) in {2, 3}]
            found += [one.elts[0] for one in pairs if not isinstance(one.elts[1], ast.Attribute)]
        for one in found:
            if isinstance(one, ast.Constant) and isinstance(one.value, str) and RULE.fullmatch(one.value):
                yield one.value
            elif isinstance(one, ast.Name) and one.id == "UNDECLARED":
                yield UNDECLARED


def made_by(name: str) -> set[str]:
    """The rules of one language: of its folder, where only a verifier's reader yields other pairs, and of all."""
    folder = PACKAGE / "languages"
    modules = [path for path in (folder / name).glob("*.py") if path.stem != "verifier"]
    return {rule for path in (*modules, folder / "fills.py") for rule in rules_in(path)}


def documented() -> dict[str, dict[str, list[str]]]:
    """Heading -> rule -> the cells behind it."""
    found: dict[str, dict[str, list[str]]] = {}
    for part in DOCUMENT.split("\n## ")[1:]:
        heading, _, text = part.partition("\n")
        lines = [re.split(r"(?<!\\)\|", line.strip("|")) for line in text.split("\n") if line.startswith("| `")]
        cells = [[cell.strip() for cell in line] for line in lines]
        found[heading] = {one[0].strip("`"): one[1:] for one in cells}
        assert len(found[heading]) == len(cells), f"a rule stands twice under {heading}"
    return found


def test_every_rule_has_a_row_and_every_row_a_rule() -> None:
    """What the code can say and what docs/rules.md explains are the same, language by language."""
    told = documented()
    own = {name: made_by(name) for name in LANGUAGES}
    assert set(told[ALL]) == set.intersection(*own.values())
    for name in LANGUAGES:
        assert set(told[name.capitalize()]) == own[name] - set(told[ALL]), name
    assert set(told[OTHERS]) == {rule for name in ("policy", "judge") for rule in rules_in(PACKAGE / f"{name}.py")}


def test_no_other_module_refuses() -> None:
    """Refusals are made by the languages, by policy.py and by the judge; and read back by the codec."""
    makers = {
        path.relative_to(PACKAGE).parts[0] for path in PACKAGE.rglob("*.py") if "Refusal(" in path.read_text("utf-8")
    }
    assert makers == {"languages", "policy.py", "judge.py", "codec.py"}


def test_every_row_says_why() -> None:
    """Each rule has what it refuses, why, and what to write instead."""
    for heading, found in documented().items():
        assert found, heading
        assert all(len(cells) == 3 and all(cells) for cells in found.values()), heading


@cache
def refused(shared: Path, name: str) -> list[tuple[Row, tuple[Refusal, ...]]]:
    """Every attack of the catalogue with its refusals."""
    found = [(row, judged(row)[1]) for row in rows(shared, name) if row.attack]
    assert all(refusals for _, refusals in found)
    return found


def fills(row: Row) -> dict[str, str]:
    """The fills of a row by hole id, as they are judged."""
    spoken = languages()[row.language]
    texts = {**row.honest, **row.fills}
    return {hole.id: spoken.normalise(hole, texts[hole.kind]) for hole in spoken.parse(row.source.encode()).holes}


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_refusal_names_rule_token_and_line(shared: Path, name: str) -> None:
    """On the whole catalogue: a documented rule, a line inside the fill, and the token or what to do about it."""
    told = documented()
    known = {*told[ALL], *told[name.capitalize()]}
    for row, refusals in refused(shared, name):
        texts = fills(row)
        for one in refusals:
            assert one.rule in known, (row.id, one)
            assert 1 <= one.line <= texts[one.hole].count("\n") + 1, (row.id, one)
            assert re.search(r"`[^`]+`", one.message) or SAYS.search(one.message), (row.id, one)


@pytest.mark.parametrize("name", LANGUAGES)
def test_every_refusal_stands_in_the_repair_prompt(shared: Path, name: str) -> None:
    """Each with hole, line, rule and words, word for word."""
    spoken = languages()[name]
    for row, refusals in refused(shared, name):
        source = row.source.encode()
        spec = Spec(f"a.{SUFFIXES[name]}", name, source, spoken.parse(source))
        previous = Previous(fills(row), "policy", refusals[0].message, (), refusals)
        shown = spec_text(spoken, Shown("F1", spec, spec.outline.holes, {}, previous)).split("\n")
        wanted = [f"F1.{one.hole}, line {one.line}: {one.rule}: {one.message}" for one in refusals]
        assert set(wanted) <= set(shown), row.id


@pytest.mark.endtoend
def test_a_refusal_goes_back_to_the_model(tree: Tree) -> None:
    """In a whole run: a fill that breaks a rule costs no verifier run; the next request says rule, token and line."""
    words = list(command("modern", "honest", new_mark()))
    tree.tables["dafny"] = {"command": words, "files": [str(STAND_IN)]}
    tree.write("a.dfy", SPEC)
    cheat = "  m := a;\n  assume {:axiom} m >= b;\n"
    with Server(answer_fills(AnswerBook([{"match": LINE, "fills": {"h1": "", "h2": [cheat, RIGHT]}}]))) as server:
        tree.configure(specs=["*.dfy"], model="played-model-1", base_url=server.url)
        ended = tree.doit()
    assert ended.code == 0, ended.text
    assert len(server.requests) == 2
    said = "F1.h2, line 2: trust: `assume` takes a fact on trust: prove it, with `assert` or a lemma"
    assert said in server.requests[1].prompt.split("\n")
    assert "takes a fact on trust" not in server.requests[0].prompt
