"""Where modules lie, what a file depends on, and what one job gives to Verus."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from s2c.languages.base import Job
from s2c.languages.verus.crates import Mod, candidates
from s2c.languages.verus.layout import VerusLayout, layout
from s2c.languages.verus.outline import parse
from s2c.languages.verus.unit import unit
from s2c.model import Diagnostic
from s2c.settings import LanguageSettings


def laid(root: Path, files: Mapping[str, str], *options: str) -> VerusLayout:
    """The layout of a project with these files."""
    for path, text in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    manifests = {path: text.encode() for path, text in files.items() if path.endswith("Cargo.toml")}
    return layout(root, manifests, LanguageSettings(options=options))


def related(one: VerusLayout, files: Mapping[str, str]) -> dict[str, set[str]]:
    """What each file depends on beside its own `mod` declarations."""
    outlines = {path: parse(text.encode()) for path, text in files.items() if path.endswith(".rs")}
    return {path: set(others) for path, others in one.relations(outlines).items() if others}


def modules(one: VerusLayout) -> dict[str, str]:
    """Each file's crate and module, as `root > a::b`."""
    return {path: f"{found.root} > {'::'.join(found.path)}" for path, found in one.crates.modules.items()}


PACKAGE = '[package]\nname = "p"\nedition = "2018"\n'


# --- where `mod` looks --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("importer", "mod", "owner", "paths"),
    [
        ("src/lib.rs", Mod("x"), True, ("src/x.rs", "src/x/mod.rs")),
        ("lib.rs", Mod("x"), True, ("x.rs", "x/mod.rs")),
        ("src/a/mod.rs", Mod("x"), True, ("src/a/x.rs", "src/a/x/mod.rs")),
        ("src/a.rs", Mod("x"), False, ("src/a/x.rs", "src/a/x/mod.rs")),
        ("a.rs", Mod("x", "", (("m", ""),)), True, ("m/x.rs", "m/x/mod.rs")),
        ("a.rs", Mod("x", "", (("m", ""), ("n", ""))), False, ("a/m/n/x.rs", "a/m/n/x/mod.rs")),
        ("src/a.rs", Mod("x", "other.rs"), False, ("src/other.rs",)),
        ("src/a.rs", Mod("x", "../other.rs"), True, ("other.rs",)),
        ("src/a.rs", Mod("x", "o.rs", (("m", ""),)), False, ("src/a/m/o.rs",)),
        ("src/a/mod.rs", Mod("x", "o.rs", (("m", ""),)), True, ("src/a/m/o.rs",)),
        ("src/a.rs", Mod("x", "", (("m", "dir"),)), False, ("src/dir/x.rs", "src/dir/x/mod.rs")),
        ("a.rs", Mod("r#try"), True, ("try.rs", "try/mod.rs")),
    ],
)
def test_where_rust_looks_for_a_module(importer: str, mod: Mod, owner: bool, paths: tuple[str, ...]) -> None:  # noqa: FBT001
    """Roots and `mod.rs` beside themselves, others below their name; inline modules add folders; `#[path]` its own."""
    assert candidates(importer, mod, owner=owner) == paths


@pytest.mark.parametrize(
    ("importer", "text", "paths"),
    [
        ("src/lib.rs", "mod x;", ("src/x.rs", "src/x/mod.rs")),
        ("src/a/mod.rs", "pub mod x;", ("src/a/x.rs", "src/a/x/mod.rs")),
        ("src/tool.rs", "mod x;", ("src/x.rs", "src/x/mod.rs")),
        ("src/a.rs", "mod x;", ("src/a/x.rs", "src/a/x/mod.rs", "src/x.rs", "src/x/mod.rs")),
        ("a.rs", 'verus! { #[path = "o.rs"] pub mod x; }', ("o.rs",)),
        ("a.rs", "mod m { mod x; }", ("a/m/x.rs", "a/m/x/mod.rs", "m/x.rs", "m/x/mod.rs")),
        ("a.rs", "use crate::x::y;", ()),
        ("a.rs", "mod x { }", ()),
    ],
)
def test_targets_of_what_is_written(tmp_path: Path, importer: str, text: str, paths: tuple[str, ...]) -> None:
    """A root that a manifest names is known as one; where it is not known what a file is, both rules are tried."""
    one = laid(tmp_path, {"src/tool.rs": "", "Cargo.toml": PACKAGE + '[[bin]]\nname = "t"\npath = "src/tool.rs"\n'})
    targets = [one.target(importer, item) for item in parse(text.encode()).imports]
    assert tuple(path for target in targets for path in target.paths) == paths
    assert all("mod x" in target.advice for target in targets if target.paths)


# --- crates -------------------------------------------------------------------------------------------------------


def test_a_package_and_a_plain_file(tmp_path: Path) -> None:
    """Cargo's roots are roots; a file that nothing declares is a crate of its own."""
    files = {
        "Cargo.toml": PACKAGE,
        "src/lib.rs": "mod a;\nmod m { mod n; }",
        "src/a.rs": "mod b;",
        "src/a/b.rs": "",
        "src/m/n.rs": "",
        "src/main.rs": "fn main() {}",
        "src/bin/t.rs": "mod u;",
        "src/bin/u.rs": "",
        "src/lonely.rs": "",
        "notes/plain.rs": "mod part;",
        "notes/part.rs": "",
    }
    one = laid(tmp_path, files)
    assert related(one, files) == {}
    assert modules(one) == {
        "src/lib.rs": "src/lib.rs > ",
        "src/a.rs": "src/lib.rs > a",
        "src/a/b.rs": "src/lib.rs > a::b",
        "src/m/n.rs": "src/lib.rs > m::n",
        "src/main.rs": "src/main.rs > ",
        "src/bin/t.rs": "src/bin/t.rs > ",
        "src/bin/u.rs": "src/bin/t.rs > u",
        "src/lonely.rs": "src/lonely.rs > ",
        "notes/plain.rs": "notes/plain.rs > ",
        "notes/part.rs": "notes/plain.rs > part",
    }


def test_files_that_declare_each_other(tmp_path: Path) -> None:
    """A circle of `mod` has no root: the first by path is taken, and nothing runs for ever."""
    files = {"a.rs": '#[path = "b.rs"] mod b;', "b.rs": '#[path = "a.rs"] mod a;', "c.rs": '#[path = "c.rs"] mod c;'}
    one = laid(tmp_path, files)
    related(one, files)
    assert modules(one) == {"a.rs": "a.rs > ", "b.rs": "a.rs > b", "c.rs": "c.rs > "}


# --- what a file depends on ---------------------------------------------------------------------------------------

CRATE = {
    "Cargo.toml": PACKAGE,
    "src/lib.rs": "pub mod a;\npub mod b;\npub mod c;\nverus! { pub open spec fn top() -> int { 1 } }",
    "src/a.rs": "verus! { pub open spec fn f() -> int { 1 } }",
    "src/b.rs": "pub mod d;\nverus! { pub proof fn g() {} }",
    "src/b/d.rs": "",
    "src/c.rs": "",
}


@pytest.mark.parametrize(
    ("path", "text", "others"),
    [
        ("src/c.rs", "use crate::a::f;", {"src/a.rs"}),
        ("src/c.rs", "use crate::a;", {"src/a.rs"}),
        ("src/c.rs", "use crate::{a::f, b::{self, d::x}};", {"src/a.rs", "src/b.rs", "src/b/d.rs"}),
        ("src/c.rs", "use super::a::*;", {"src/a.rs"}),
        ("src/c.rs", "use crate::a::inner::f as g;", {"src/a.rs"}),
        ("src/c.rs", "use crate::top;", {"src/lib.rs"}),
        ("src/c.rs", "use super::*;", {"src/lib.rs"}),
        ("src/c.rs", "verus! { proof fn h() { crate::a::f(); } }", {"src/a.rs"}),
        ("src/c.rs", "mod m { use super::super::a::f; }", {"src/a.rs"}),
        ("src/b.rs", "pub mod d;\nuse d::x;", {"src/b/d.rs"}),
        ("src/b.rs", "pub mod d;\nuse self::d::x;", {"src/b/d.rs"}),
        ("src/b/d.rs", "use super::g;", {"src/b.rs"}),
        ("src/b/d.rs", "use super::super::a::f;", {"src/a.rs"}),
        ("src/c.rs", "use vstd::prelude::*;\nuse std::vec::Vec;", set()),
        ("src/c.rs", '// use crate::a::f;\nfn f() { let s = "crate::a::f"; }', set()),
    ],
)
def test_paths_name_files(tmp_path: Path, path: str, text: str, others: set[str]) -> None:
    """The longest prefix of a path that is a module's file, in `use` and elsewhere."""
    files = {**CRATE, path: text}
    found = related(laid(tmp_path, files), files)
    assert found.get(path, set()) == others
    assert found.keys() <= {path}


def test_macros_make_a_crate_one_unit(tmp_path: Path) -> None:
    """What a macro means to others is not told by paths: every file of its crate depends on the root, and no other."""
    files = {**CRATE, "src/a.rs": "macro_rules! m { () => {}; }", "plain.rs": ""}
    found = related(laid(tmp_path, files), files)
    assert found == {path: {"src/lib.rs"} for path in ("src/a.rs", "src/b.rs", "src/b/d.rs", "src/c.rs")}


def test_a_file_in_an_unusual_place_needs_its_parent(tmp_path: Path) -> None:
    """Rust would not find it without the `#[path]` above."""
    files = {**CRATE, "src/b.rs": '#[path = "odd/e.rs"] pub mod e;', "src/odd/e.rs": "pub mod f;", "src/odd/f.rs": ""}
    found = related(laid(tmp_path, files), files)
    assert found == {"src/odd/e.rs": {"src/b.rs"}, "src/odd/f.rs": {"src/odd/e.rs"}}


# --- what goes to Verus -------------------------------------------------------------------------------------------


def job(one: VerusLayout, files: Mapping[str, str], *at_hand: str, prefix: str = "") -> Job:
    """A job about the first of these files."""
    related(one, files)
    placed = {f"{prefix}{path}": files[path].encode() for path in at_hand}
    origin = {f"{prefix}{path}": path for path in at_hand} if prefix else {}
    return Job(placed, (f"{prefix}{at_hand[0]}",), layout=one, origin=origin)


def test_a_root_at_hand_is_the_root(tmp_path: Path) -> None:
    """Nothing is written then."""
    found = unit(job(laid(tmp_path, CRATE), CRATE, "src/a.rs", "src/lib.rs"))
    assert (found.root, found.files, found.modules) == ("src/lib.rs", {}, {"src/a.rs": ("a",)})


def test_a_root_is_written_for_a_part(tmp_path: Path) -> None:
    """It declares the files at hand, each as the module that it is, and leaves to them what they declare."""
    files = {**CRATE, "src/c.rs": "pub mod k { pub mod e; }", "src/c/k/e.rs": "use crate::b::g;", "src/s2c_root.rs": ""}
    one = laid(tmp_path, files)
    found = unit(job(one, files, "src/c/k/e.rs", "src/b.rs", "src/b/d.rs", "src/s2c_root.rs"))
    assert found.root == "src/s2c_root_.rs"
    lines = [line for line in found.files[found.root].decode().splitlines() if not line.startswith("//")]
    assert lines == ["pub mod b;", "pub mod c {", "pub mod k {", "pub mod e;", "}", "}"]
    assert found.modules == {"src/c/k/e.rs": ("c", "k", "e")}


def test_files_that_lie_deeper_than_in_the_project(tmp_path: Path) -> None:
    """With room made for folders outside the project, the root is written where its folder lies now."""
    found = unit(job(laid(tmp_path, CRATE), CRATE, "src/b/d.rs", "src/a.rs", prefix="s2c/s2c/"))
    assert found.root == "s2c/s2c/src/s2c_root.rs"
    assert found.modules == {"s2c/s2c/src/b/d.rs": ("b", "d")}


def test_without_a_layout_the_files_speak_for_themselves() -> None:
    """As in a self-test."""
    found = unit(Job({"a.rs": b"mod b;", "b.rs": b""}, ("b.rs",)))
    assert (found.root, found.modules) == ("a.rs", {"b.rs": ("b",)})


# --- Cargo.toml ---------------------------------------------------------------------------------------------------


def test_edition_and_features_go_to_verus(tmp_path: Path) -> None:
    """Those of the package that a file lies in, a workspace's edition too; then the settings' own."""
    inner = '[package]\nname = "q"\nedition.workspace = true\n'
    inner += '[features]\ndefault = ["x", "dep:y"]\nx = ["z"]\nz = []\no = []\n'
    files = {
        "Cargo.toml": '[workspace]\nmembers = ["q"]\n[workspace.package]\nedition = "2024"\n',
        "q/Cargo.toml": inner,
        "q/src/lib.rs": "",
        "p/Cargo.toml": PACKAGE,
        "plain.rs": "",
    }
    one = laid(tmp_path, files, "--own")
    features = ('--cfg=feature="default"', '--cfg=feature="x"', '--cfg=feature="z"')
    assert one.options("q/src/lib.rs") == ("--edition=2024", *features, "--own")
    assert one.options("p/src/lib.rs") == ("--edition=2018", "--own")
    assert one.options("plain.rs") == ("--own",)
    assert one.notes == ()


def told(notes: tuple[Diagnostic, ...]) -> list[tuple[str, int, str]]:
    """Path, line and the first words of each note."""
    return [(note.path, note.line, " ".join(note.message.split()[:5])) for note in notes]


def test_what_is_not_honoured_is_told(tmp_path: Path) -> None:
    """At its line; what Verus brings with it is no other crate."""
    text = (
        PACKAGE + '[lib]\nproc-macro = true\n[dependencies]\nvstd = "*"\n# rand\nrand = "1"\n[lints.rust]\nx = "warn"\n'
    )
    text += "[package.metadata.verus]\nverify = true\nno-vstd = true\n"
    one = laid(tmp_path, {"p/Cargo.toml": text, "p/build.rs": "", "p/src/lib.rs": ""})
    assert told(one.notes) == [
        ("p/Cargo.toml", 10, "[lints] is not honoured: Verus"),
        ("p/Cargo.toml", 9, "s2c builds no other crates:"),
        ("p/Cargo.toml", 5, "s2c builds no procedural macros:"),
        ("p/Cargo.toml", 14, "[package.metadata.verus] no-vstd is not honoured:"),
        ("p/Cargo.toml", 1, "build.rs is not run: what"),
    ]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"[package]\nname = \n", 2),
        (b"[package", 1),
        (b"\xff\xfe", 1),
        (b"a = " + b"[" * 20_000, 1),
        (b"package = 3\nlib = 4\nbin = 5\nfeatures = 6\ndependencies = 7\nworkspace = 8\n", 0),
        (b"[package]\nedition = 2021\nbuild = 3\n[[bin]]\npath = 4\n[features]\ndefault = 5\n", 0),
    ],
)
def test_a_manifest_that_can_not_be_read(tmp_path: Path, content: bytes, line: int) -> None:
    """A note at its line, or nothing from tables of another form; never an exception."""
    one = layout(tmp_path, {"Cargo.toml": content}, LanguageSettings())
    assert [note.line for note in one.notes] == ([line] if line else [])
    assert all(word.startswith("--") for word in one.options("a.rs"))
