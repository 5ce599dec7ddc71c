"""Projects of Dafny 4: who sees whom, what is set for whom, what is told; and whole builds of one."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from s2c.languages.dafny.dafny import Dafny
from s2c.languages.dafny.layout import DafnyLayout
from s2c.settings import LanguageSettings
from tests.loopback import Server
from tests.openai_server import AnswerBook, answer_fills
from tests.projects import Tree

# --- an own project, built -----------------------------------------------------------------------------------------

CONFIG = 'excludes = ["build/**"]\n\n[options]\nfunction-syntax = 3\nwarn-shadowing = true\n'
RATE = """module Rates {
  function method Rate(): int { 3 }
}
"""
LIMIT = """module Limits {
  import Rates
  function method Limit(n: nat): int { n * Rates.Rate() }
}
"""
CHARGE = """module Charge {
  import opened Limits

  // <vc-helpers>
  // </vc-helpers>

  method Charge(n: nat) returns (r: int)
    ensures r == Limit(n)
  // <vc-code>
  {
    assume {:axiom} false;
  }
  // </vc-code>
}
"""
CHARGE_FILLS = {"match": "method Charge(n: nat) returns (r: int)", "fills": {"h1": "", "h2": "  r := 3 * n;"}}


@pytest.fixture
def served(tree: Tree, any_dafny: tuple[str, ...]) -> Iterator[Server]:
    """A project of three files that see each other without an include, and an endpoint that knows the fill."""
    tree.dafny = any_dafny
    tree.write("dfyconfig.toml", CONFIG)
    tree.write("lib/rate.dfy", RATE)
    tree.write("lib/limit.dfy", LIMIT)
    tree.write("charge.dfy", CHARGE)
    with Server(answer_fills(AnswerBook([CHARGE_FILLS]))) as server:
        tree.configure(model="played-model-1", base_url=server.url)
        yield server


@pytest.mark.endtoend
def test_a_project_is_built_and_a_changed_option_asks_nothing(tree: Tree, served: Server) -> None:
    """Three files without an include are verified under function-syntax 3; other options verify again, for free."""
    ended = tree.doit()
    assert ended.code == 0, ended.text
    assert set(tree.states.values()) == {"verified"}
    assert len(tree.states) == 3
    assert len(served.requests) == 1
    assert "function method Limit" in served.requests[0].prompt
    assert tree.doit().code == 0
    assert (tree.summary["verifier_runs"], tree.summary["requests"]) == (0, 0)

    tree.write("dfyconfig.toml", CONFIG.replace("warn-shadowing", "isolate-assertions"))
    ended = tree.doit()
    assert ended.code == 0, ended.text
    assert tree.summary["verifier_runs"] > 0
    assert len(served.requests) == 1

    tree.write("dfyconfig.toml", CONFIG.replace("function-syntax = 3", "function-syntax = 4"))
    tree.configure(offline=True)
    ended = tree.doit()
    assert ended.code == 1, ended.text
    assert "verified" not in tree.states.values()


# --- who is in which project ---------------------------------------------------------------------------------------

NO_ROOT = Path("/nowhere/at/all")
FILES = (  # noqa: SIM905 - a list of words reads best as words
    "top.dfy src/s.dfy src/a/sa.dfy src/a/b/sab.dfy build/bu.dfy .hid/h.dfy .dot.dfy up/Up.DFY lib.dfy/in.dfy "
    "src/x1.dfy src/x22.dfy src/[z].dfy"
).split()
ALL = " ".join(FILES)
SRC = "src/s.dfy src/a/sa.dfy src/a/b/sab.dfy src/x1.dfy src/x22.dfy src/[z].dfy"
NOT_SRC = "top.dfy build/bu.dfy .hid/h.dfy .dot.dfy up/Up.DFY lib.dfy/in.dfy"
# As Dafny 4.11.0 chooses among these files.
GLOBS = {
    "": ALL,
    "includes = ['src/*']": "src/s.dfy src/x1.dfy src/x22.dfy src/[z].dfy",
    "includes = ['src/**']": SRC,
    "includes = ['src/**/*.dfy']": SRC,
    "includes = ['src/', 'top.dfy']": f"top.dfy {SRC}",
    "includes = ['src', 'top.dfy']": "top.dfy",
    "includes = ['**/s*.dfy']": "src/s.dfy src/a/sa.dfy src/a/b/sab.dfy",
    "includes = ['**/a/*.dfy']": "src/a/sa.dfy",
    "includes = ['src/x?.dfy', 'top.dfy']": "top.dfy",
    "includes = ['src/[z].dfy']": "src/[z].dfy",
    "includes = ['*.dfy']": "top.dfy .dot.dfy",
    "includes = ['**.dfy']": ALL,
    "includes = ['SRC/S.dfy', 'top.dfy']": "top.dfy src/s.dfy",
    "includes = ['src/a/../s.dfy']": "src/s.dfy",
    "includes = ['src/**/b/**']": "src/a/b/sab.dfy",
    "includes = ['src/**a/*.dfy']": "src/a/sa.dfy",
    "includes = ['src/a**', 'top.dfy']": "top.dfy",
    "includes = ['../p/top.dfy']": "top.dfy",
    "includes = ['nope.dfy', 'top.dfy']": "top.dfy",
    "excludes = ['src']": NOT_SRC,
    "excludes = ['src/']": NOT_SRC,
    "excludes = ['src/*']": NOT_SRC,
    "excludes = ['**/a']": " ".join(one for one in FILES if "/a/" not in one),
    "excludes = ['**/a/**']": " ".join(one for one in FILES if "/a/" not in one),
    "excludes = ['TOP.DFY', 'SRC/a']": " ".join(one for one in FILES if "/a/" not in one and one != "top.dfy"),
    "excludes = ['src/**/s.dfy']\nincludes = ['src/**']": SRC.replace("src/s.dfy ", ""),
    "excludes = ['*']": "",
}


def laid(files: Mapping[str, str], *options: str, root: Path = NO_ROOT) -> DafnyLayout:
    """The layout that these project files and settings make."""
    manifests = {path: text.encode() for path, text in files.items()}
    return Dafny().layout(root, manifests, LanguageSettings(options=options))


def related(layout: DafnyLayout, files: Mapping[str, str]) -> dict[str, list[str]]:
    """The relations among these files."""
    outlines = {path: Dafny().parse(text.encode()) for path, text in files.items()}
    assert all(not outline.problems for outline in outlines.values())
    return {path: list(others) for path, others in layout.relations(outlines).items()}


@pytest.mark.parametrize(("config", "chosen"), GLOBS.items())
def test_globs_choose_what_dafny_chooses(config: str, chosen: str) -> None:
    """Includes and excludes of a project file in a folder p, among the files of that folder; none from elsewhere."""
    project = laid({"p/dfyconfig.toml": config}).projects["p"]
    assert [path for path in FILES if project.contains(f"p/{path}")] == [p for p in FILES if p in chosen.split()]
    assert not any(project.contains(path) for path in ("top.dfy", "q/top.dfy", "../p/top.dfy"))


def test_the_innermost_project_that_has_the_file_is_its_project() -> None:
    """A nearer project file that does not have the file is passed over; a file that none has is under no options."""
    layout = laid(
        {
            "dfyconfig.toml": "excludes = ['free.dfy']\n[options]\nfunction-syntax = 3",
            "in/dfyconfig.toml": "includes = ['side/*.dfy', '../../other/*.dfy']\n[options]\nquantifier-syntax = 3",
        }
    )
    assert layout.options("a.dfy") == layout.options("in/i.dfy") == ("--function-syntax:3",)
    assert layout.options("in/side/s.dfy") == ("--quantifier-syntax:3",)
    assert layout.options("../other/x.dfy") == ("--quantifier-syntax:3",)
    assert layout.options("free.dfy") == ()


BASES = {
    "base = '../base.toml'": (["o.dfy", "q/s.dfy"], "3", "full"),
    "base = '../base.toml'\nincludes = ['x.dfy']": (["o.dfy", "q/s.dfy", "p/x.dfy"], "3", "full"),
    "base = '../base.toml'\nincludes = []": (["o.dfy", "q/s.dfy"], "3", "full"),
    "base = '../base.toml'\nexcludes = ['../o.dfy']": (["q/s.dfy"], "3", "full"),
    "base = '../base.toml'\nincludes = ['../q/t.dfy']": (["o.dfy", "q/s.dfy", "q/t.dfy"], "3", "full"),
    "base = '../base.toml'\n[options]\nfunction-syntax = 4": (["o.dfy", "q/s.dfy"], "4", "full"),
}


@pytest.mark.parametrize("config", BASES)
def test_a_base_adds_what_the_file_does_not_say(config: str, tmp_path: Path) -> None:
    """Includes and excludes of the base count from where it lies, unless taken back; own options win."""
    (tmp_path / "base.toml").write_text(
        "includes = ['o.dfy', 'q/*.dfy']\nexcludes = ['q/t.dfy']\n"
        "[options]\nfunction-syntax = 3\ngeneral-traits = 'full'"
    )
    files, syntax, traits = BASES[config]
    layout = laid({"p/dfyconfig.toml": config}, root=tmp_path)
    project = layout.projects["p"]
    assert layout.notes == ()
    assert {path for path in ("o.dfy", "q/s.dfy", "q/t.dfy", "p/x.dfy") if project.contains(path)} == set(files)
    assert project.options == {
        "function-syntax": f"--function-syntax:{syntax}",
        "general-traits": f"--general-traits:{traits}",
    }


def test_a_base_that_says_nothing_of_files_leaves_the_default() -> None:
    """Without any includes a project has the Dafny files of its own folder, not of its base's."""
    layout = laid({"dfyconfig.toml": "", "p/dfyconfig.toml": "base = '../dfyconfig.toml'"})
    assert [layout.projects["p"].contains(path) for path in ("a.dfy", "p/a.dfy", "p/q/a.dfy")] == [False, True, True]


# --- who depends on whom -------------------------------------------------------------------------------------------

SEEN = {  # what another file declares, and how this one uses it
    "a module": ("module M { const c := 1 }", "module A { import M }"),
    "a module, opened": ("module M { const c := 1 }", "module A { import opened M const d := c }"),
    "a module under another name": ("module M { const c := 1 }", "module A { import N = M }"),
    "the first part of a dotted module": ("module M { }\nmodule M.N { const c := 1 }", "module A { import M.N }"),
    "a part of the same dotted module": ("module A { }", "module A.B { }"),
    "a refined module": ("abstract module M { method P() }", "module A refines M { }"),
    "an export": ("module M { export E provides c const c := 1 }", "module A { import M`E }"),
    "a function": ("function F(): int { 1 }", "lemma L() ensures F() == 1 { }"),
    "a type": ("type T = int", "method M(t: T) { }"),
    "a datatype": ("datatype D = X | Y(n: int)", "method M(d: D) { }"),
    "a constructor alone": ("datatype D<T> = ghost X(n: T) | Y | {:at} Z(m: T)", "const d := Y"),
    "a later constructor": ("datatype D<T> = X(n: T) | Y | Z(m: T)", "const d := Z(1)"),
    "a class": ("class C { constructor () { } }", "method M() { var c := new C(); }"),
    "a constant within brackets": ("const c := 1", "const d := [(c, 2)]"),
    "a name with a prime": ("const c' := 1", "const d := c'"),
    "a word that is reserved elsewhere": ("module by { const c := 1 }", "module A { import by }"),
}
APART = {
    "nothing in common": ("module M { const c := 1 }", "module A { const d := 1 }"),
    "a member of a module, without the module": ("module M { const c := 1 }", "module A { const c := 1 }"),
    "a field": ("class C { var f: int }", "class D { var f: int }"),
    "each its own": ("method solve() { }", "method solve() { }"),
    "a comment": ("module M { }", "module A { } // M"),
    "a string": ("module M { }", 'const a := "M"'),
    "old text of a section": ("module M { }", "method A()\n// <vc-code>\n{ M.P(); }\n// </vc-code>\n"),
}


@pytest.mark.parametrize(("other", "own"), SEEN.values(), ids=SEEN.keys())
def test_a_file_depends_on_what_it_uses(other: str, own: str) -> None:
    """A name of another file of the project makes a dependency on that file; without a project there is none."""
    files = {"a.dfy": own, "sub/m.dfy": other, "z.dfy": "module Unrelated { }"}
    assert related(laid({"dfyconfig.toml": ""}), files)["a.dfy"] == ["sub/m.dfy"]
    assert related(laid({}), files) == {}
    assert related(laid({"dfyconfig.toml": "excludes = ['sub']"}), files) == {}


@pytest.mark.parametrize(("other", "own"), APART.values(), ids=APART.keys())
def test_a_file_does_not_depend_on_what_it_does_not_use(other: str, own: str) -> None:
    """What only looks alike makes no dependency: files would be judged together that have nothing to do."""
    assert related(laid({"dfyconfig.toml": ""}), {"a.dfy": own, "m.dfy": other}) == {}


def test_what_the_project_includes_is_seen_too() -> None:
    """A file outside that some file of the project includes is visible to all of it, and sees all of it."""
    files = {
        "p/a.dfy": "module A { import H }",
        "p/b.dfy": 'include "../out/h.dfy"\nmodule B { }',
        "out/h.dfy": "module H { import B }",
        "out/i.dfy": "module I { import B }",
    }
    assert related(laid({"p/dfyconfig.toml": ""}), files) == {"p/a.dfy": ["out/h.dfy"], "out/h.dfy": ["p/b.dfy"]}


def test_files_may_need_each_other() -> None:
    """A cycle is one, whichever way it is told."""
    files = {"a.dfy": "module A { import B }", "b.dfy": "module B { import C }", "c.dfy": "module C { import A }"}
    assert related(laid({"dfyconfig.toml": ""}), files) == {"a.dfy": ["b.dfy"], "b.dfy": ["c.dfy"], "c.dfy": ["a.dfy"]}


def test_a_library_in_the_project_is_seen_and_not_set(tmp_path: Path) -> None:
    """Files and folders in `library` are visible to the project, but not under its options."""
    (tmp_path / "lib" / "deep").mkdir(parents=True)
    (tmp_path / "one.dfy").touch()
    config = "includes = ['src/*.dfy']\n[options]\nlibrary = ['lib', 'one.dfy']\nfunction-syntax = 3"
    layout = laid({"dfyconfig.toml": config}, root=tmp_path)
    files = {
        "src/a.dfy": "module A { import L import O }",
        "lib/deep/l.dfy": "module L { }",
        "one.dfy": "module O { }",
        "two.dfy": "module O2 { }",
    }
    assert related(layout, files) == {"src/a.dfy": ["lib/deep/l.dfy", "one.dfy"]}
    assert layout.options("lib/deep/l.dfy") == ()
    assert layout.notes == ()
