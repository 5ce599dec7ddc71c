"""Sources found and read, imports followed: components, groups, an order, and what makes a file unusable."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2c import config as configs
from s2c import graph as graphs
from s2c import spec as specs
from s2c.errors import ConfigError, SpecError
from s2c.graph import Graph
from tests.picture import HOLE, graph_of, spec_of
from tests.projects import Tree

LEMMA = f"lemma L()\n  ensures true\n{HOLE}"


def find(tree: Tree, **settings: str) -> tuple[str, ...]:
    """The sources that these settings name."""
    return specs.find(configs.load(tree.root, overrides=settings, environ={}))


def load(tree: Tree, **settings: str) -> Graph:
    """The project's graph."""
    return graphs.load(configs.load(tree.root, overrides=settings, environ={}))


def lay(tree: Tree, *paths: str) -> Tree:
    """Files that hold a spec."""
    for path in paths:
        tree.write(path, LEMMA)
    return tree


# --- which files --------------------------------------------------------------------------------------------------


def test_sources_are_found_everywhere_but_in_our_own_folders(tree: Tree) -> None:
    """All files of known languages count, sorted; not build/, cache/, hidden folders, and other files."""
    lay(
        tree,
        "b.dfy",
        "a/b/c.dfy",
        "a/x.dfy",
        "build/b.dfy",
        "cache/b.dfy",
        ".git/b.dfy",
        "a/.venv/b.dfy",
        "a/build/y.dfy",
    )
    tree.write("readme.md", "no spec")
    tree.write("old.dfy.bak", LEMMA)
    assert find(tree) == ("a/b/c.dfy", "a/build/y.dfy", "a/x.dfy", "b.dfy")
    assert find(tree, build="out/made", cache="x") == (
        "a/b/c.dfy", "a/build/y.dfy", "a/x.dfy", "b.dfy", "build/b.dfy", "cache/b.dfy",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        ("**/*", {"a.dfy", "s/a.dfy", "s/t/a.dfy", "s/t/u/b.dfy"}),
        ("**/*.dfy", {"a.dfy", "s/a.dfy", "s/t/a.dfy", "s/t/u/b.dfy"}),
        ("s/**/*.dfy", {"s/a.dfy", "s/t/a.dfy", "s/t/u/b.dfy"}),
        ("s/**/a.dfy", {"s/a.dfy", "s/t/a.dfy"}),
        ("s/**", {"s/a.dfy", "s/t/a.dfy", "s/t/u/b.dfy"}),
        ("s", {"s/a.dfy", "s/t/a.dfy", "s/t/u/b.dfy"}),
        ("s/", {"s/a.dfy", "s/t/a.dfy", "s/t/u/b.dfy"}),
        ("./s/t", {"s/t/a.dfy", "s/t/u/b.dfy"}),
        ("s/t/**/u/b.dfy", {"s/t/u/b.dfy"}),
        ("a.dfy", {"a.dfy"}),
        ("**/a.dfy", {"a.dfy", "s/a.dfy", "s/t/a.dfy"}),
        ("s/**/t/**/b.dfy", {"s/t/u/b.dfy"}),
        ("s/**/u/**/b.dfy", {"s/t/u/b.dfy"}),
        ("s**/u/b.dfy", {"s/t/u/b.dfy"}),
        ("S/**", set()),
        ("a.dfy,s/t", {"a.dfy", "s/t/a.dfy", "s/t/u/b.dfy"}),
    ],
)
def test_globs_mean_what_they_mean_elsewhere(tree: Tree, patterns: str, found: set[str]) -> None:
    """`**/` stands for any folders, none among them; a folder's name stands for all that is in it."""
    lay(tree, "a.dfy", "s/a.dfy", "s/t/a.dfy", "s/t/u/b.dfy")
    assert set(find(tree, specs=patterns)) == found
    assert set(find(tree, exclude=patterns)) == set(find(tree)) - found


def test_a_table_of_no_language_is_told(tree: Tree) -> None:
    """A table in [tool.s2c] that no language reads is an error, not a setting that is dropped in silence."""
    tree.write("pyproject.toml", "[tool.s2c.dafni]\ncommand = 'x'\n")
    with pytest.raises(ConfigError) as caught:
        find(tree)
    assert str(caught.value) == "pyproject.toml [tool.s2c.dafni]: no language 'dafni'\n  -> known: dafny, lean, verus"


def test_a_file_of_no_language_is_told() -> None:
    """A path whose ending no language has is an error that names those that are known."""
    known = r"known: \.dfy, \.lean, \.rs"
    with pytest.raises(SpecError, match=rf"a\.txt: no language of s2c has files with this ending\n  -> {known}"):
        specs.language_of("a.txt")


def test_a_file_that_cant_be_read_spoils_no_other(tree: Tree) -> None:
    """A link to nowhere makes itself unusable, with the reason, and no other file."""
    lay(tree, "a.dfy")
    (tree.root / "b.dfy").symlink_to("gone.dfy")
    graph = load(tree)
    assert graph.broken("a.dfy") == ()
    assert [(one.path, one.line, one.column, one.message) for one in graph.broken("b.dfy")] == [
        ("b.dfy", 1, 1, "can't be read: No such file or directory")
    ]


def test_what_an_editor_leaves_is_no_source(tree: Tree) -> None:
    """Hidden files, such as the link that marks a file as open in an editor, are no sources."""
    lay(tree, "a.dfy", ".saved.dfy")
    (tree.root / ".#a.dfy").symlink_to("nobody@nowhere.1234")
    assert find(tree) == ("a.dfy",)


# --- imports ------------------------------------------------------------------------------------------------------


def test_imports_are_relative_to_who_imports(tree: Tree) -> None:
    """An import names a file from the importer's own folder on; what it names is loaded, whatever the globs say."""
    tree.write("a/top.dfy", 'include "../b/lib.dfy"\ninclude "./near.dfy"\n')
    tree.write("b/lib.dfy", 'include "../b/../c.dfy"\n')
    lay(tree, "a/near.dfy", "c.dfy")
    graph = load(tree, specs="a/top.dfy")
    assert graph.targets["a/top.dfy"] == ("b/lib.dfy", "a/near.dfy")
    assert graph.targets["b/lib.dfy"] == ("c.dfy",)
    assert graph.files_of("a/top.dfy") == ("a/near.dfy", "a/top.dfy", "b/lib.dfy", "c.dfy")


def test_a_missing_import_is_told_at_its_place(tree: Tree) -> None:
    """What is not there is told with line, column (in characters) and text, also at whoever imports the importer."""
    tree.write("a.dfy", '// über\n/* ü */ include "gone.dfy"\ninclude "b.dfy"\n')
    tree.write("top.dfy", 'include "a.dfy"\n')
    lay(tree, "b.dfy")
    graph = load(tree)
    (found,) = graph.broken("top.dfy")
    assert (found.path, found.line, found.column, found.severity) == ("a.dfy", 2, 17, "error")
    assert found.message == "imports 'gone.dfy', but there is no file 'gone.dfy'; correct the path, or make it"
    assert found.excerpt == '/* ü */ include "gone.dfy"'
    assert graph.broken("a.dfy") == (found,)
    assert graph.broken("b.dfy") == ()


def test_an_import_must_be_a_source(tree: Tree) -> None:
    """A file of no known language, or a folder, is no import."""
    tree.write("a.dfy", 'include "b.txt"\n')
    tree.write("c.dfy", 'include "lib"\n')
    tree.write("b.txt", "")
    lay(tree, "lib/d.dfy")
    graph = load(tree)
    assert "no language of s2c" in graph.problems["a.dfy"][0].message
    assert "there is no file 'lib'" in graph.problems["c.dfy"][0].message


def test_nothing_outside_the_project_is_read_unasked(tree: Tree, tmp_path: Path) -> None:
    """A file outside, also through a link, is imported only from a folder that `external` names."""
    outside = tmp_path / "shared"
    outside.mkdir()
    (outside / "lib.dfy").write_text(LEMMA, encoding="utf-8")
    tree.write("a.dfy", 'include "../shared/lib.dfy"\n')
    tree.write("b.dfy", 'include "in/lib.dfy"\n')
    (tree.root / "in").symlink_to(outside)
    graph = load(tree)
    for path in ("a.dfy", "b.dfy"):
        assert "lies outside the project" in graph.problems[path][0].message
    assert "external = ['../shared']" in graph.problems["a.dfy"][0].message
    graph = load(tree, external="../shared")
    assert graph.problems == dict.fromkeys(["../shared/lib.dfy", "a.dfy", "b.dfy", "in/lib.dfy"], ())
    assert graph.targets["a.dfy"] == ("../shared/lib.dfy",)


def test_an_absolute_import_is_refused(tree: Tree, tmp_path: Path) -> None:
    """A verifier would read an absolute path past what is judged: it is no import, wherever it leads."""
    lay(tree, "b.dfy")
    (tmp_path / "lib.dfy").write_text(LEMMA, encoding="utf-8")
    for place in (tree.root / "b.dfy", tmp_path / "lib.dfy"):
        tree.write("a.dfy", f'include "{place}"\n')
        graph = load(tree, external="..")
        assert [one.message for one in graph.broken("a.dfy")] == [
            f"imports '{place}', an absolute path; write it relative to this file"
        ]
        assert set(graph.specs) == {"a.dfy", "b.dfy"}


def test_a_folder_whose_name_only_begins_alike_is_outside(tree: Tree, tmp_path: Path) -> None:
    """`../shared-more` is not inside `../shared`."""
    (tmp_path / "shared-more").mkdir()
    (tmp_path / "shared-more" / "lib.dfy").write_text(LEMMA, encoding="utf-8")
    tree.write("a.dfy", 'include "../shared-more/lib.dfy"\n')
    assert load(tree, external="../shared").problems["a.dfy"]


def test_what_does_not_parse_breaks_its_importers_alone(tree: Tree) -> None:
    """Wrong syntax, bytes that are not UTF-8: told with the place; importers are unusable too, and no other file."""
    tree.write("bad.dfy", "lemma ensures (\n")
    tree.write("raw.dfy", b"lemma L()\n// \xff\n")
    tree.write("top.dfy", 'include "bad.dfy"\n')
    lay(tree, "fine.dfy")
    graph = load(tree)
    assert {one for one in graph.components if graph.broken(one)} == {"bad.dfy", "raw.dfy", "top.dfy"}
    assert graph.broken("raw.dfy")[0].line == 2


def test_places_count_characters() -> None:
    """Line and column of a byte offset are 1-based and count characters, not bytes."""
    source = "aé\n€x".encode()
    assert [graphs.position(source, offset) for offset in (0, 1, 3, 4, 7)] == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2)]


# --- components ---------------------------------------------------------------------------------------------------


def test_a_cycle_is_one_component() -> None:
    """Files that import each other are one unit, named by its first path; a file that imports itself is a unit too."""
    graph = graph_of(
        a='include "b.dfy"\n', b='include "c.dfy"\n', c='include "b.dfy"\ninclude "d.dfy"\n', d='include "d.dfy"\n'
    )
    assert {one.id: one.members for one in graph.components.values()} == {
        "d.dfy": ("d.dfy",),
        "b.dfy": ("b.dfy", "c.dfy"),
        "a.dfy": ("a.dfy",),
    }
    assert graph.closures == {"d.dfy": (), "b.dfy": ("d.dfy",), "a.dfy": ("d.dfy", "b.dfy")}
    assert graph.components["b.dfy"].imports == ("d.dfy",)
    assert graph.home["c.dfy"] == "b.dfy"
    assert graph.files_of("b.dfy") == ("b.dfy", "c.dfy", "d.dfy")


def test_groups_are_tied_by_imports() -> None:
    """What is connected by imports in whatever direction is one group; what is not, is not."""
    graph = graph_of(a='include "c.dfy"\n', b='include "c.dfy"\n', c="", d="", e='include "d.dfy"\n')
    assert graph.groups == {"a.dfy": "a.dfy", "b.dfy": "a.dfy", "c.dfy": "a.dfy", "d.dfy": "d.dfy", "e.dfy": "d.dfy"}


EDGES = st.integers(1, 9).flatmap(
    lambda size: st.lists(st.lists(st.integers(0, size - 1), max_size=3), min_size=size, max_size=size)
)


@given(EDGES)
@settings(max_examples=200, deadline=None)
def test_components_are_what_can_reach_each_other(edges: list[list[int]]) -> None:
    """For any graph: components are mutual reach, closures are reach, imports come first, and nothing is lost."""
    names = [f"f{number}.dfy" for number in range(len(edges))]
    targets = {names[at]: tuple(names[to] for to in below) for at, below in enumerate(edges)}
    found = {name: spec_of("", name) for name in names}
    graph = graphs.build(found, targets, dict.fromkeys(names, ()))
    reach = {name: _reach(targets, name) for name in names}
    for name in names:
        own = graph.components[graph.home[name]]
        assert set(own.members) == {name} | {other for other in reach[name] if name in reach[other]}
        below = {path for one in graph.closures[own.id] for path in graph.components[one].members}
        assert below == reach[name] - set(own.members)
    order = list(graph.components)
    assert sorted(path for one in graph.components.values() for path in one.members) == sorted(names)
    for one in order:
        closure = graph.closures[one]
        assert len(closure) == len(set(closure))
        assert all(order.index(other) < order.index(one) for other in closure)
        for rank, other in enumerate(closure):
            assert set(graph.closures[other]) <= set(closure[:rank])


def _reach(targets: Mapping[str, tuple[str, ...]], start: str) -> set[str]:
    seen: set[str] = set()
    todo = list(targets[start])
    while todo:
        one = todo.pop()
        if one not in seen:
            seen.add(one)
            todo += targets[one]
    return seen


@given(EDGES, st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_the_graph_does_not_depend_on_the_order_of_reading(edges: list[list[int]], random: object) -> None:
    """Files read in any order make the same components in the same order."""
    names = [f"f{number}.dfy" for number in range(len(edges))]
    targets = {names[at]: tuple(names[to] for to in below) for at, below in enumerate(edges)}
    shuffled = list(names)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a Random
    made = [
        graphs.build({name: spec_of("", name) for name in order}, targets, dict.fromkeys(order, ()))
        for order in (names, shuffled)
    ]
    assert list(made[0].components.items()) == list(made[1].components.items())
    assert made[0].closures == made[1].closures
    assert made[0].groups == made[1].groups


def test_a_long_chain_is_no_trouble() -> None:
    """Three thousand files that import each other in a row are read without recursion."""
    count = 3000
    names = [f"f{number:04}.dfy" for number in range(count)]
    targets = {name: (names[at + 1],) if at + 1 < count else () for at, name in enumerate(names)}
    shared = spec_of("")
    graph = graphs.build(dict.fromkeys(names, shared), targets, dict.fromkeys(names, ()))
    assert next(iter(graph.components)) == names[-1]
    assert len(graph.closures[names[0]]) == count - 1
