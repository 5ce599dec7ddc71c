"""`s2c graph`: imports with states, the same text each time, and names that dot reads back as they are."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests import chain, stand_in
from tests.chain import clean
from tests.projects import Tree

NAME = r'"((?:[^"\\]|\\[\\"])*)"'  # what stands for a backslash or a quote in a name, and no other escape
LABEL = r'"((?:[^"\\]|\\[\\"n])*)"'
ODD = [
    'quo"te.dfy',
    "back\\slash.dfy",
    'both\\".dfy',
    "größe-数.dfy",
    "a b;{}->[x].dfy",
    "end\\.dfy",
    "\\n.dfy",
    "<b>.dfy",
]


@pytest.fixture
def project(tree: Tree, tmp_path: Path) -> Tree:
    """Three specs that import each other in a row, never built."""
    return chain.lay(tree, tmp_path / "tool")


def dot(tree: Tree, *specs: str) -> str:
    """The graph as dot reads it."""
    return clean(tree.s2c("graph", *specs)).out


def as_json(tree: Tree, *specs: str) -> dict[str, Any]:
    """The graph for programs."""
    found: dict[str, Any] = json.loads(clean(tree.s2c("graph", "--format", "json", *specs)).out)
    return found


def name(text: str) -> str:
    """What stands between the quotes, as it was before it was quoted."""
    return re.sub(r"\\(.)", r"\1", text)


def read(text: str) -> tuple[dict[str, str], list[list[str]], list[list[str]]]:
    """Nodes with their labels, edges, and clusters of a text in the form that we write: no line may be left over."""
    nodes, edges, clusters = {}, [], []
    first, *lines, last = text.splitlines()
    assert (first, last) == ("digraph s2c {", "}")
    for line in lines:
        node = re.fullmatch(rf"\s+{NAME} \[label={LABEL}, fillcolor=(\w+)\];", line)
        edge = re.fullmatch(rf"  {NAME} -> {NAME};", line)
        if node:
            nodes[name(node[1])] = node[2]
            clusters[-1:] = [[*clusters[-1], name(node[1])]] if line.startswith("    ") else clusters[-1:]
        elif edge:
            edges.append([name(edge[1]), name(edge[2])])
        elif "subgraph" in line:
            clusters.append([])
        else:
            assert line.strip() in {"rankdir=LR;", "node [shape=box, style=filled];", 'label="import cycle";', "}"}
    return nodes, edges, clusters


def test_imports_are_edges_and_files_are_nodes(project: Tree) -> None:
    """Every spec with its state, and an edge from each importer to what it imports."""
    nodes, edges, clusters = read(dot(project))
    assert nodes == {path: f"{path}\\nask" for path in sorted(chain.NAMES)}
    assert edges == [["far.dfy", "top.dfy"], ["top.dfy", "lib/math.dfy"]]
    assert clusters == []


def test_a_program_reads_the_same(project: Tree) -> None:
    """--format json has the same nodes, states, edges and cycles."""
    project.write("lib/math.dfy", stand_in.spec("Max", "n", "../top.dfy"))
    found = as_json(project)
    nodes, edges, clusters = read(dot(project))
    assert {one["path"]: f"{one['path']}\\n{one['state']}" for one in found["nodes"]} == nodes
    assert (found["edges"], found["cycles"]) == (edges, clusters)
    assert {one["path"]: one["component"] for one in found["nodes"]}["top.dfy"] == "lib/math.dfy"


def test_a_cycle_is_a_cluster(project: Tree) -> None:
    """Files that import each other stand together, the others outside."""
    project.write("lib/math.dfy", stand_in.spec("Max", "n", "../top.dfy"))
    nodes, edges, clusters = read(dot(project))
    assert clusters == [["lib/math.dfy", "top.dfy"]]
    assert len(nodes) == 3
    assert ["lib/math.dfy", "top.dfy"] in edges
    assert ["top.dfy", "lib/math.dfy"] in edges


def test_states_are_those_of_the_plan(project: Tree) -> None:
    """After a build and an edit, each node has the state that `s2c plan` tells, and a colour of its own."""
    chain.build(project)
    project.write("top.dfy", chain.spec("top.dfy", "n + 9"))
    project.write("broken.dfy", "method (\n")
    planned = json.loads(clean(project.s2c("plan", "--json")).out)["specs"]
    found = as_json(project)["nodes"]
    assert {(one["path"], one["state"], one["reason"]) for one in found} == {
        (one["specs"][0], one["state"], one["reason"]) for one in planned
    }
    colours = dict(re.findall(r"\\n(\w+)\", fillcolor=(\w+)", dot(project)))
    assert set(colours) == {"current", "candidate", "broken"}
    assert len(set(colours.values())) == 3


def test_only_what_was_named_and_its_imports(project: Tree) -> None:
    """A spec on the command line brings what it imports and no more; an unknown one is told with the nearest."""
    assert [one["path"] for one in as_json(project, "top.dfy")["nodes"]] == ["lib/math.dfy", "top.dfy"]
    assert [one["path"] for one in as_json(project, "lib/math.dfy")["nodes"]] == ["lib/math.dfy"]
    assert "-> did you mean top.dfy?" in clean(project.s2c("graph", "to.dfy"), 2).err
    assert "invalid choice" in clean(project.s2c("graph", "--format", "svg"), 2).err


def test_every_name_comes_out_as_it_is(project: Tree) -> None:
    """Quotes, backslashes, blanks, dot's own signs and other alphabets: read back, each is the name of the file."""
    for number, path in enumerate(ODD):
        project.write(path, stand_in.spec(f"Odd{number}", "n", "lib/math.dfy"))
    nodes, edges, _ = read(dot(project))
    assert {path: name(label.removesuffix("\\nask")) for path, label in nodes.items()} == dict(
        zip(nodes, nodes, strict=True)
    )
    assert set(nodes) == {*chain.NAMES, *ODD}
    assert {importer for importer, imported in edges if imported == "lib/math.dfy"} == {"top.dfy", *ODD}
    assert {one["path"] for one in as_json(project)["nodes"]} == set(nodes)


def test_a_name_that_is_no_text_is_no_trouble(project: Tree) -> None:
    """Bytes that are no UTF-8 are shown as well as can be, in both formats."""
    (project.root / os.fsdecode(b"raw\xff.dfy")).write_text(stand_in.spec("Raw", "n"), encoding="utf-8")
    assert "udcff.dfy" in dot(project)
    assert any(one["path"] == "raw\udcff.dfy" for one in as_json(project)["nodes"])


def test_the_same_files_make_the_same_text(project: Tree) -> None:
    """Neither the hash seed nor the order in which files were made is seen."""
    for number in range(8):
        project.write(f"x{number}.dfy", stand_in.spec(f"X{number}", "n", f"x{(number + 1) % 4}.dfy", "top.dfy"))
    for form in ("dot", "json"):
        said = {
            clean(project.s2c("graph", "--format", form, env={"PYTHONHASHSEED": str(seed)})).out for seed in range(3)
        }
        assert len(said) == 1


def test_an_empty_project_is_an_empty_graph(tree: Tree) -> None:
    """No spec, no node, no error."""
    assert read(dot(tree)) == ({}, [], [])
    assert as_json(tree) == {"nodes": [], "edges": [], "cycles": []}
