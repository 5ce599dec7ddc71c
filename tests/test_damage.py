"""Files that can't be read: told with line and column, not built, and their place in the graph is kept."""

import pytest

from tests.picture import HOLE, Bench
from tests.projects import Tree

BASE = f"lemma Base(n: nat)\n  ensures n >= 0\n{HOLE}"
MIDDLE = f'include "base.dfy"\nlemma Middle(n: nat)\n  ensures n >= 0\n{HOLE}'
TOP = f'include "middle.dfy"\nlemma Top(n: nat)\n  ensures n >= 0\n{HOLE}'


@pytest.fixture
def bench(tree: Tree) -> Bench:
    """Three files in a row, read once without a problem."""
    tree.write("base.dfy", BASE)
    tree.write("middle.dfy", MIDDLE)
    tree.write("top.dfy", TOP)
    found = Bench(tree)
    assert set(found.states().values()) == {"ask"}
    return found


DAMAGED = [
    MIDDLE.replace('base.dfy"', "base.dfy"),  # a quote dropped: the rest of the line is text
    MIDDLE.replace("include", "includ"),
    "/*" + MIDDLE,
    MIDDLE.replace("(n: nat)", "(n: nat"),
    MIDDLE.replace('include "base.dfy"\n', "") + "}",
    MIDDLE + "\0",
]


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_file_keeps_its_place(bench: Bench, text: str) -> None:
    """It is told with line and column, its importers wait for it, and what it imported stays below it."""
    bench.tree.write("middle.dfy", text)
    with bench.project() as project:
        graph = project.graph
        assert graph.targets["middle.dfy"] == ("base.dfy",)
        assert graph.closures["top.dfy"] == ("base.dfy", "middle.dfy")
        first = graph.broken("top.dfy")[0]
        assert (first.path, first.severity) == ("middle.dfy", "error")
        assert first.line >= 1
        assert first.column >= 1
    assert bench.states() == {"base.dfy": "ask", "middle.dfy": "broken", "top.dfy": "broken"}


def test_a_mended_file_takes_its_new_place(bench: Bench) -> None:
    """Once it can be read again, its imports are those that it has then."""
    bench.tree.write("middle.dfy", DAMAGED[0])
    assert bench.states()["middle.dfy"] == "broken"
    bench.tree.write("middle.dfy", MIDDLE.replace('include "base.dfy"\n', ""))
    with bench.project() as project:
        assert project.graph.targets["middle.dfy"] == ()
    assert bench.states()["top.dfy"] == "ask"


def test_a_damaged_file_that_was_never_read_has_what_can_be_read(tree: Tree) -> None:
    """Without a last good reading, the imports that are whole count."""
    tree.write("base.dfy", BASE)
    tree.write("middle.dfy", MIDDLE.replace("(n: nat)", "(n: nat"))
    with Bench(tree).project() as project:
        assert project.graph.targets["middle.dfy"] == ("base.dfy",)


def test_a_last_good_import_that_is_gone_is_no_import(bench: Bench) -> None:
    """A file that was deleted in the meantime has no place to keep."""
    bench.tree.write("middle.dfy", DAMAGED[0])
    (bench.tree.root / "base.dfy").unlink()
    with bench.project() as project:
        assert project.graph.targets["middle.dfy"] == ()


LEAN = {
    "Base.lean": "def base (n : Nat) : Nat := n\n",
    "Top.lean": "import Base\n\ntheorem top : base 1 = 1 := by sorry\n",
}
VERUS = {
    "lib.rs": "mod base;\nmod top;\n",
    "base.rs": "verus! {\npub open spec fn base(n: nat) -> nat { n }\n}\n",
    "top.rs": "use crate::base::base;\nverus! {\nproof fn top() ensures base(1) == 1 { admit(); }\n}\n",
}


@pytest.mark.parametrize(
    ("files", "damaged", "place"),
    [
        (LEAN, "import Bas\n\ntheorem top : (base 1 = 1 := by sorry\n", (3, 15)),
        (LEAN, "/- import Base\n", (1, 1)),
        (LEAN, 'import Base\n\ndef s := "never closed\n', (3, 10)),
        (VERUS, "use crate::bas::base;\nverus! {\nproof fn top() {\n", (2, 8)),
        (VERUS, "/* use crate::base::base;\n", (1, 1)),
        (VERUS, 'use crate::base::base;\nconst S: &str = "never;\n', (2, 17)),
    ],
)
def test_every_language_tells_where(tree: Tree, files: dict[str, str], damaged: str, place: tuple[int, int]) -> None:
    """Damage is told at its place in a Lean or Verus file too, and the file keeps its imports."""
    top = next(name for name in files if name.lower().startswith("top"))
    base = next(name for name in files if name.lower().startswith("base"))
    for name, text in files.items():
        tree.write(name, text)
    tree.configure(specs=["**/*.lean", "**/*.rs"])
    tree.write_settings()
    with Bench(tree).project() as project:
        assert set(project.graph.problems.values()) == {()}
        assert base in project.graph.targets[top]
    tree.write(top, damaged)
    with Bench(tree).project() as project:
        (first, *_) = project.graph.problems[top]
        assert (first.line, first.column) == place, first
        assert base in project.graph.targets[top]
