"""`s2c adopt`: verified fills become part of the sources, nothing else does, and all of it can be taken back."""

import json
import stat
from pathlib import Path

import pytest

from s2c.adoption import adopted
from s2c.errors import SpecError
from s2c.languages.base import language
from s2c.model import Spec
from s2c.splice import splice
from tests import stand_in
from tests.crashes import VALUES, lay_out, model
from tests.loopback import Server
from tests.openai_server import AnswerBook, answer_fills
from tests.projects import Ended, Tree
from tests.stocked import NOBODY, built, stock

__all__ = ["built", "stock"]

ADOPTED = "\nmethod C(n: int) returns (r: int)\n  ensures r == n + 3\n{\n  r := n + 3;\n}\n"


def ended(done: Ended, code: int = 0) -> Ended:
    """It ended with this code, and no traceback reached the user."""
    assert "Traceback" not in done.text
    assert done.code == code, done.text
    return done


def sources(tree: Tree) -> dict[str, bytes]:
    """Every spec as it is now."""
    return {path.name: path.read_bytes() for path in sorted(tree.root.glob("*.dfy"))}


def test_an_adopted_source_is_a_file_without_holes(built: Tree) -> None:
    """The tags go and the fill stays; the next build asks nothing, has a file without holes, and then rests."""
    before = sources(built)
    said = ended(built.s2c("adopt", "c.dfy")).out
    assert said.startswith("c.dfy: adopted\n1 source adopted; ")
    assert sources(built) == {**before, "c.dfy": ADOPTED.encode()}
    ended(built.doit())
    assert (built.summary["origins"], built.summary["requests"]) == ({"given": 1}, 0)
    assert built.read("build/c.dfy") == ADOPTED
    ended(built.doit())
    assert (built.summary["tasks_executed"], built.summary["verified"]) == (0, 4)
    assert "c.dfy: it has no holes\n" in ended(built.s2c("adopt", "c.dfy")).out


def test_all_can_be_adopted_at_once(built: Tree) -> None:
    """With --all every source is one without holes, importers too; the project stays green without the store."""
    ended(built.s2c("adopt", "--all"))
    assert all(b"vc-" not in text for text in sources(built).values())
    assert built.read("b.dfy").startswith('include "a.dfy"\n')
    for name in ("cache/db/store/cache.db", "cache/db/verdicts/cache.db", ".doit.db"):
        (built.root / name).unlink()
    for path in (built.root / "cache/records").iterdir():
        path.unlink()
    ended(built.doit())
    assert (built.summary["requests"], built.summary["verified"]) == (0, 4)


def test_an_importer_is_not_asked_for_again(built: Tree) -> None:
    """What is adopted can be imported as before: the importer's fill is judged again, and costs nothing."""
    ended(built.s2c("adopt", "a.dfy"))
    ended(built.doit())
    assert (built.summary["requests"], built.states["b.dfy"]) == (0, "verified")


def test_files_that_import_each_other_are_adopted_together(tmp_path: Path) -> None:
    """Of a cycle all files are adopted, whichever is named; the next build asks nothing and is green."""
    tree = lay_out(Tree(tmp_path / "project"), tmp_path / "tool")
    for path in tree.root.glob("*.dfy"):
        path.unlink()
    tree.write("x.dfy", stand_in.spec("X", "n + 1", "y.dfy"))
    tree.write("y.dfy", stand_in.spec("Y", "n + 2", "x.dfy"))
    answers = {"X": "n + 1", "Y": "n + 2"}
    book = AnswerBook({"match": stand_in.head(one), "fills": stand_in.fill(value)} for one, value in answers.items())
    with Server(answer_fills(book)) as server:
        tree.configure(base_url=server.url)
        ended(tree.doit())
    tree.configure(base_url=NOBODY)
    assert "x.dfy: adopted\ny.dfy: adopted\n2 sources adopted" in ended(tree.s2c("adopt", "y.dfy")).out
    ended(tree.doit())
    assert (tree.summary["requests"], tree.summary["verified"], tree.summary["origins"]) == (0, 2, {"given": 2})


def test_undo_gives_the_old_bytes(built: Tree) -> None:
    """--undo puts back exactly what was there, CRLF, mode and all; the build is as it was, without a request."""
    built.write("c.dfy", built.read("c.dfy").replace("\n", "\r\n"))
    (built.root / "c.dfy").chmod(0o640)
    ended(built.doit())
    before = sources(built)
    ended(built.s2c("adopt", "--all"))
    assert all(now != before[name] for name, now in sources(built).items())
    assert stat.S_IMODE((built.root / "c.dfy").stat().st_mode) == 0o640
    ended(built.doit())
    assert "4 sources put back" in ended(built.s2c("adopt", "--all", "--undo")).out
    assert sources(built) == before
    assert stat.S_IMODE((built.root / "c.dfy").stat().st_mode) == 0o640
    assert sorted(path.name for path in (built.root / "cache/adopted").iterdir()) == [".gitignore", "manifest.json"]
    ended(built.doit())
    assert (built.summary["requests"], built.summary["verified"]) == (0, 4)


def test_undo_leaves_an_edited_source_alone(built: Tree) -> None:
    """A source that was edited since is not put back: the message says where the old one lies; nothing is changed."""
    before = sources(built)
    ended(built.s2c("adopt", "c.dfy", "d.dfy"))
    built.write("c.dfy", f"// mine\n{ADOPTED}")
    now = sources(built)
    told = ended(built.s2c("adopt", "--undo", "d.dfy", "c.dfy"), 2).err
    assert (
        "c.dfy: it was edited, or deleted, since it was adopted, so it is left as it is\n  -> what it was lies in "
        in told
    )
    assert sources(built) == now
    (built.root / "c.dfy").unlink()
    assert "c.dfy: it was edited, or deleted, since" in ended(built.s2c("adopt", "--undo", "c.dfy"), 2).err
    built.write("c.dfy", now["c.dfy"])
    place = Path(told.partition("what it was lies in ")[2].partition(":")[0])
    assert place.read_bytes() == before["c.dfy"]
    said = ended(built.s2c("adopt", "--undo", "--all"), 1).out
    assert "d.dfy: as it was\n" in said
    assert "c.dfy: it was edited" in said
    assert sources(built) == {**before, "c.dfy": now["c.dfy"]}
    assert "it was not adopted here" in ended(built.s2c("adopt", "--undo", "d.dfy"), 2).err


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("source", "does not hold today's implementation: its text changed"),
        ("contract", "does not hold today's implementation: its contract, or what it imports, changed"),
        ("build", "does not hold today's implementation: its file in the build folder was edited"),
        ("gone", "does not hold today's implementation: its file in the build folder is gone"),
        ("broken", "it can't be read: c.dfy:1:"),
        ("machine", "is not verified, by a verdict of this machine"),
        ("verifier", "does not hold today's implementation: the verifier is another one"),
    ],
)
def test_only_what_is_verified_today_is_adopted(built: Tree, tmp_path: Path, change: str, said: str) -> None:
    """A changed source, an edited build, another machine or verifier: one message with what to run, nothing written."""
    if change == "source":
        built.write("c.dfy", "// one more line\n" + built.read("c.dfy"))
    elif change == "contract":
        built.write("c.dfy", stand_in.spec("C", "n + 7"))
    elif change == "build":
        built.write("build/c.dfy", built.read("build/c.dfy").replace("r := n + 3;", "assume false; r := n + 3;"))
    elif change == "gone":
        (built.root / "build/c.dfy").unlink()
    elif change == "broken":
        built.write("c.dfy", "method {")
    elif change == "machine":
        built.env["S2C_VERDICT_KEY"] = "22" * 32
    else:
        program = stand_in.install(built, tmp_path / "tool") / "dafny"
        program.write_text(program.read_text() + "# another\n")
    before = sources(built)
    told = ended(built.s2c("adopt", "d.dfy", "c.dfy"), 2).err
    assert told.startswith("s2c: ")
    assert said in told
    assert "run `doit`" in told
    assert sources(built) == before
    assert not (built.root / "cache/adopted").exists()


def test_what_was_never_verified_is_not_adopted(tmp_path: Path) -> None:
    """A project that was generated and not verified: nothing is adopted, with --all all of it is told, exit code 1."""
    tree = lay_out(Tree(tmp_path / "project"), tmp_path / "tool")
    with Server(answer_fills(model(wrong_first=""))) as server:
        tree.configure(base_url=server.url)
        ended(tree.doit("generate"))
    before = sources(tree)
    said = ended(tree.s2c("adopt", "--all"), 1).out
    assert said.count("is not verified, by a verdict of this machine") == len(VALUES)
    assert said.endswith("0 sources adopted\n")
    assert sources(tree) == before


def test_a_source_outside_the_root_is_never_touched(built: Tree, tmp_path: Path) -> None:
    """A link that leads out of the project, and a file of an external folder, stay as they are."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (built.root / "c.dfy").rename(outside / "c.dfy")
    (built.root / "c.dfy").symlink_to(outside / "c.dfy")
    ended(built.doit())
    before = (outside / "c.dfy").read_bytes()
    assert "it lies outside this project" in ended(built.s2c("adopt", "c.dfy"), 2).err
    assert (outside / "c.dfy").read_bytes() == before
    assert (built.root / "c.dfy").is_symlink()
    built.configure(external=["../shared"])
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared/s.dfy").write_text(stand_in.spec("S", "n + 1"))
    built.write("e.dfy", stand_in.spec("E", "n + 9", "../shared/s.dfy"))
    assert "../shared/s.dfy: it lies outside" in ended(built.s2c("adopt", "../shared/s.dfy"), 2).err


def test_a_kill_before_the_source_is_replaced_is_no_harm(built: Tree) -> None:
    """What is kept of a source that was not replaced after all is forgotten by --undo, and the source stays."""
    before = sources(built)
    ended(built.s2c("adopt", "c.dfy"))
    built.write("c.dfy", before["c.dfy"])
    ended(built.s2c("adopt", "--undo", "c.dfy"))
    assert sources(built) == before
    assert json.loads(built.read("cache/adopted/manifest.json")) == []


def test_damage_of_what_is_kept_is_told(built: Tree) -> None:
    """A kept source that is not what it was is not put back; a manifest that can't be read is one clear message."""
    ended(built.s2c("adopt", "c.dfy"))
    now = sources(built)
    place = next(path for path in (built.root / "cache/adopted").iterdir() if "." not in path.name)
    place.write_bytes(b"something else")
    assert "what is kept of it is gone or damaged" in ended(built.s2c("adopt", "--undo", "c.dfy"), 2).err
    built.write("cache/adopted/manifest.json", "[{]")
    assert "the list of adopted sources can't be read" in ended(built.s2c("adopt", "--undo", "--all"), 2).err
    assert sources(built) == now


def test_it_must_be_said_what(built: Tree) -> None:
    """Neither specs nor --all, both, or an unknown spec: a message, and nothing is adopted."""
    before = sources(built)
    for words in ((), ("c.dfy", "--all"), ("--undo",)):
        assert "say which: SPEC..., or --all" in ended(built.s2c("adopt", *words), 3).err
    assert "no.dfy is not a spec of this project" in ended(built.s2c("adopt", "no.dfy"), 2).err
    assert sources(built) == before


def test_what_can_not_be_kept_is_not_replaced(built: Tree) -> None:
    """Where the old source can't be kept (no folder for it), the new one is not written: one clear message."""
    before = sources(built)
    built.write("cache/adopted", "a file")
    assert "it can't be read or written" in ended(built.s2c("adopt", "c.dfy"), 2).err
    assert sources(built) == before


# --- each form of hole ------------------------------------------------------------------------------------------------

FORMS = {
    "dafny": [
        (
            (
                "// <vc-helpers>\n// </vc-helpers>\n"
                "method A() returns (r: int)\n  ensures r == 1\n// <vc-code>\n{ }\n// </vc-code>\n"
            ),
            {"h1": "lemma L() {}\n", "h2": "  r := 1;\n"},
            "lemma L() {}\nmethod A() returns (r: int)\n  ensures r == 1\n{\n  r := 1;\n}\n",
        ),
        ("method A() returns (r: int)\n  ensures r == 1\n", {"h1": "  r := 1;\n"}, None),
        ("lemma A()\n  ensures 1 == 1\n{\n  assume false;\n}\n", {"h1": ""}, None),
        (
            "method A() returns (r: int) // <vc-code>  here\n{ }\n  // </vc-code> done\nmethod B() {}",
            {"h1": "  r := 1;\n"},
            "method A() returns (r: int) // here\n{\n  r := 1;\n}\n  // done\nmethod B() {}",
        ),
    ],
    "lean": [
        ("theorem a : 1 = 1 := by\n  sorry\n", {"h1": "rfl\n"}, None),
        (
            (
                "-- <vc-helpers>\n-- </vc-helpers>\n\n"
                "-- <vc-theorems>\ntheorem a : 1 = 1 := by\n  sorry\n-- </vc-theorems>\n"
            ),
            {"h1": "theorem b : 2 = 2 := rfl\n", "h2": "rfl\n"},
            "theorem b : 2 = 2 := rfl\n\n-- <vc-theorems>\ntheorem a : 1 = 1 := by\n  rfl\n-- </vc-theorems>\n",
        ),
    ],
    "verus": [
        (
            (
                "use vstd::prelude::*;\nverus! {\nfn a() -> (r: u8)\n    ensures r == 1\n"
                "// <vc-code>\n{ todo!() }\n// </vc-code>\n}\n"
            ),
            {"h1": "    1\n"},
            "use vstd::prelude::*;\nverus! {\nfn a() -> (r: u8)\n    ensures r == 1\n{\n    1\n}\n}\n",
        ),
        ("use vstd::prelude::*;\nverus! {\nproof fn a()\n    ensures 1 == 1;\n}\n", {"h1": ""}, None),
    ],
}


@pytest.mark.parametrize("name", sorted(FORMS))
def test_every_form_of_hole_is_none_afterwards(name: str) -> None:
    """Sections lose their tags and no other byte, other holes are what was built; what comes of it has no hole."""
    spoken = language(name)
    for source, fills, wanted in FORMS[name]:
        spec = Spec("a", name, source.encode(), spoken.parse(source.encode()))
        assert [hole.id for hole in spec.outline.holes] == sorted(fills), source
        content = splice(spec, spoken, {one: spoken.normalise(hole, fills[one]) for one, hole in named(spec)}).content
        found = adopted(spec, content)
        assert found.decode() == (content.decode() if wanted is None else wanted)
        outline = spoken.parse(found)
        assert (outline.holes, outline.problems) == ((), ())


def named(spec: Spec) -> list[tuple[str, object]]:
    """Its holes by id."""
    return [(hole.id, hole) for hole in spec.outline.holes]


def test_what_would_leave_another_hole_is_refused() -> None:
    """Without tags a declaration that has no body would be a hole: it is named, with what to do, not adopted."""
    source = b"method Open()\nmethod A() returns (r: int)\n// <vc-code>\n{ }\n// </vc-code>\n"
    spoken = language("dafny")
    spec = Spec("a.dfy", "dafny", source, spoken.parse(source))
    with pytest.raises(SpecError, match="without the tags of its sections Open would be a hole") as told:
        adopted(spec, splice(spec, spoken, {"h1": "  r := 1;\n"}).content)
    assert "mark it as an axiom" in told.value.fix


# --- with a real verifier ---------------------------------------------------------------------------------------------

TAGGED = """// <vc-helpers>
// </vc-helpers>

method Max(a: int, b: int) returns (m: int)
  ensures m == Larger(a, b)
// <vc-code>
{
  assume {:axiom} false;
}
// </vc-code>
"""
PLAIN = "function Larger(a: int, b: int): int\n  ensures Larger(a, b) >= a && Larger(a, b) >= b\n"


@pytest.mark.endtoend
def test_adopted_sources_verify_with_dafny(tree: Tree, any_dafny: tuple[str, ...]) -> None:
    """Sections, a function's open body that importers see: adopted and verified by Dafny itself, nothing asked."""
    tree.dafny = any_dafny
    tree.write("larger.dfy", PLAIN)
    tree.write("max.dfy", f'include "larger.dfy"\n{TAGGED}')
    book = AnswerBook(
        [
            {"match": PLAIN.split("\n", maxsplit=1)[0], "fills": {"h1": "  if a >= b then a else b\n"}},
            {
                "match": "method Max(a: int, b: int) returns (m: int)",
                "fills": {"h1": "", "h2": "  m := Larger(a, b);\n"},
            },
        ]
    )
    with Server(answer_fills(book)) as server:
        tree.configure(model="played-model-1", base_url=server.url)
        ended(tree.doit())
    tree.configure(base_url=NOBODY)
    before = sources(tree)
    ended(tree.s2c("adopt", "--all"))
    assert b"vc-" not in sources(tree)["max.dfy"]
    ended(tree.doit())
    assert (tree.summary["requests"], tree.summary["verified"], tree.summary["origins"]) == (0, 2, {"given": 2})
    ended(tree.doit())
    assert tree.summary["tasks_executed"] == 0
    ended(tree.s2c("adopt", "--all", "--undo"))
    assert sources(tree) == before
    ended(tree.doit())
    assert (tree.summary["requests"], tree.summary["verified"]) == (0, 2)
