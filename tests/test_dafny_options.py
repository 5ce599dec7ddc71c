"""What a project sets for Dafny: what reaches its command line, what is told, and what real Dafnys do with it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from s2c.languages.base import Job, Outcome, Reading
from s2c.languages.dafny.dafny import Dafny
from s2c.languages.dafny.layout import DafnyLayout
from s2c.languages.dafny.options import LEGACY as LEGACY_WORDS
from s2c.languages.dafny.options import PASSED
from s2c.languages.dafny.verifier import LEGACY, MODERN
from s2c.model import VerdictKind
from s2c.process import RawRun, Tool
from s2c.sandbox import execute
from s2c.settings import LanguageSettings
from tests.dafny_tools import VERIFIER, installed, tool

NAME = "dfyconfig.toml"


def laid(root: Path, config: str = "", *options: str) -> DafnyLayout:
    """The layout of a project with this file at its root and these settings."""
    return Dafny().layout(root, {NAME: config.encode()}, LanguageSettings(options=options))


def arguments(generation: str, job: Job) -> list[str]:
    """The command line for a job, without the command."""
    return list(VERIFIER.check(tool(generation, "dafny"), job).command[1:])


# --- what is passed, and what is told ------------------------------------------------------------------------------


def test_options_are_passed_in_one_spelling(tmp_path: Path) -> None:
    """Numbers, texts and truths of TOML, in any case, become one spelling, in one order; settings win."""
    config = (
        '[options]\nwarn-shadowing = true\nfunction-syntax = 3\nquantifier-syntax = "3"\ngeneral-traits = "Full"\n'
        'isolate-assertions = "FALSE"\ndefault-function-opacity = "autorevealdependencies"\noutput = "x"'
    )
    layout = laid(tmp_path, config, "--quantifier-syntax=4", "--type-system-refresh")
    assert layout.options("a.dfy") == (
        "--default-function-opacity:autoRevealDependencies",
        "--function-syntax:3",
        "--general-traits:full",
        "--isolate-assertions:false",
        "--quantifier-syntax:4",
        "--type-system-refresh:true",
        "--warn-shadowing:true",
    )
    assert layout.notes == ()
    assert arguments(MODERN, Job({}, ("a.dfy",), options=layout.options("a.dfy")))[-8:-1] == [*layout.options("a.dfy")]


WEAK = """allow-warnings allow-axioms allow-external-contracts relax-definite-assignment no-verify
    verification-time-limit resource-limit cores error-limit filter-symbol filter-position verify-included-files
    dont-verify-dependencies boogie plugin prelude solver-path solver-option log-format json-output stdin
    warn-as-errors no-such-option""".split()  # noqa: SIM905 - a list of words reads best as words


@pytest.mark.parametrize("name", WEAK)
def test_what_could_weaken_a_check_is_told_and_not_passed(name: str, tmp_path: Path) -> None:
    """From the project file and from the settings alike: a note with its line and the reason, and no option."""
    layout = laid(tmp_path, f"# a project\n[options]\nfunction-syntax = 3\n{name} = true\n", f"--{name}:1")
    assert layout.options("a.dfy") == ("--function-syntax:3",)
    first, second = layout.notes
    assert (first.path, first.line, first.severity) == (NAME, 4, "warning")
    assert second.path == "pyproject.toml"
    assert all(f"{name!r} is not passed to Dafny: " in one.message for one in layout.notes)
    assert first.excerpt == f"{name} = true"


NOTES = {
    "# a list\nincludes = [\n": (2, "no TOML"),
    "includes = ['a']\nincludes = ['b']": (2, "no TOML"),
    "includes = 'a'": (1, "list of texts"),
    "\nexcludes = [1]": (2, "list of texts"),
    "\n\nbase = 3": (3, "text"),
    "options = 3": (1, "table"),
    "# includ\nincluds = ['a']": (2, "no 'includs'"),
    "Includes = ['a']": (1, "no 'Includes'"),
    "\n[option]\nx = 1": (2, "no 'option'"),
    "[options]\nfunction-syntax = 9": (2, "it can be 3, 4"),
    "[options]\nwarn-shadowing = 'yes'": (2, "it can be false, true"),
    "[options]\nwarn-shadowing = 1.5": (2, "it can be false, true"),
    "options = { cores = 2 }": (1, "'cores'"),
    "options.cores = 2": (1, "'cores'"),
    "[options]\nlibrary = ['none.dfy']": (2, "does not exist"),
    "[options]\nlibrary = '../x.dfy'": (2, "outside"),
    "[options]\nlibrary = ['a.doo']": (2, "only .dfy files"),
    "base = 'none.toml'": (1, "can't be read"),
    "base = 'dfyconfig.toml'": (1, "leads back"),
}


@pytest.mark.parametrize("config", NOTES)
def test_what_is_wrong_in_a_project_file_is_told_at_its_line(config: str, tmp_path: Path) -> None:
    """Bad TOML, unknown keys, wrong values, libraries that can't be honoured, bases that lead nowhere: a note each."""
    (tmp_path / "a.doo").touch()
    [note] = laid(tmp_path, config).notes
    line, words = NOTES[config]
    assert (note.path, note.line, note.severity) == (NAME, line, "warning")
    assert words in note.message


@pytest.mark.parametrize(
    "content", [b"\xff", b"\xef\xbb\xbf[options]\nfunction-syntax = 3\n", b"a" * 10**6, b"[" * 10**5]
)
def test_no_bytes_of_a_project_file_raise(content: bytes, tmp_path: Path) -> None:
    """Any bytes are read or told; a BOM is nothing."""
    layout = Dafny().layout(tmp_path, {NAME: content}, LanguageSettings())
    assert len(layout.notes) == (not content.startswith(b"\xef"))


def test_a_word_of_the_settings_that_is_no_option_is_told(tmp_path: Path) -> None:
    """What would be read as a file, or as an option of the old command line, never reaches Dafny."""
    layout = laid(tmp_path, "", "a.dfy", "/compile:0", "--", "--function-syntax", "3")
    assert layout.options("a.dfy") == ()
    assert len(layout.notes) == 5


def test_a_project_file_above_the_root_is_told(tmp_path: Path) -> None:
    """Dafny's own search would find it; s2c says that it does not."""
    (tmp_path / NAME).touch()
    root = tmp_path / "in" / "here"
    root.mkdir(parents=True)
    [note] = Dafny().layout(root, {}, LanguageSettings()).notes
    assert note.path == "../../dfyconfig.toml"
    assert laid(root).notes == ()


# --- what would prove something else than asked --------------------------------------------------------------------


def under(root: Path, other: str) -> DafnyLayout:
    """A layout in which the file `lib/l.dfy` is under other options than `a.dfy`."""
    manifests = {NAME: b"includes = ['a.dfy']", f"lib/{NAME}": f"[options]\n{other}".encode()}
    return Dafny().layout(root, manifests, LanguageSettings())


GOOD = RawRun(0, b"", b"", {})


@pytest.mark.parametrize(
    "other", ["unicode-char = false", "general-traits = 'full'", "general-newtypes = true", "quantifier-syntax = 3"]
)
def test_an_import_that_means_something_else_is_no_pass(other: str, tmp_path: Path) -> None:
    """A file proved under options by which its text means something else can't be relied on: told, never a pass."""
    layout = under(tmp_path, other)
    job = Job({"a.dfy": b"", "lib/l.dfy": b""}, ("a.dfy",), imports=("lib/l.dfy",), layout=layout)
    reading = VERIFIER.read(tool(MODERN), job, GOOD)
    assert reading.kind is VerdictKind.TOOL_CRASH
    assert "give both the same" in reading.reason
    same = under(tmp_path, "isolate-assertions = true")
    agreed = VERIFIER.read(tool(MODERN), Job(job.files, job.members, imports=job.imports, layout=same), GOOD)
    assert "give both the same" not in agreed.reason


def test_members_under_two_values_are_no_pass() -> None:
    """Dafny would take one of two values and say nothing."""
    job = Job({}, ("a.dfy", "b.dfy"), options=("--function-syntax:3", "--function-syntax:4"))
    reading = VERIFIER.read(tool(MODERN), job, GOOD)
    assert reading.kind is VerdictKind.TOOL_CRASH
    assert "--function-syntax:3 and --function-syntax:4" in reading.reason


def test_dafny_2_3_gets_what_it_has_and_the_rest_is_told() -> None:
    """Its own word where it has one, nothing where it does so anyway; for any other option no run of it counts."""
    known = ("--function-syntax:3", "--isolate-assertions:false", "--warn-shadowing:true")
    words = arguments(LEGACY, Job({}, ("a.dfy",), options=known))
    assert words[-2:] == ["/warnShadowing", "a.dfy"]
    assert not any("function" in word for word in words)
    reading = VERIFIER.read(tool(LEGACY), Job({}, ("a.dfy",), options=("--function-syntax:4",)), GOOD)
    assert reading.kind is VerdictKind.TOOL_CRASH
    assert "which Dafny 2.3 has not" in reading.reason


# --- files that nobody includes ------------------------------------------------------------------------------------


def test_what_no_include_reaches_is_included_by_one_more_input() -> None:
    """Imports that the members include, directly or not, are left as they are; the others stand in one file of ours."""
    files = {
        "p/a.dfy": b'include "../b.dfy"\nmodule A { }',
        "b.dfy": b'include @"q/c.dfy"\n// include "d.dfy"\n',
        "q/c.dfy": b"",
        "d.dfy": b"",
        'q"/e f.dfy': b"",
        "s2c-project.dfy": b"",
    }
    below = ("q/c.dfy", "b.dfy", "d.dfy", 'q"/e f.dfy')
    run = VERIFIER.check(tool(MODERN, "dafny"), Job(files, ("p/a.dfy",), imports=below))
    assert run.command[-2:] == ("p/a.dfy", "_s2c-project.dfy")
    assert run.files["_s2c-project.dfy"] == b'include @"d.dfy"\ninclude @"q""/e f.dfy"\n'
    assert {name: run.files[name] for name in files} == files
    alone = VERIFIER.check(tool(MODERN, "dafny"), Job(files, ("p/a.dfy",), imports=below[:2]))
    assert (alone.command[-1], alone.files) == ("p/a.dfy", files)


# --- real Dafnys ---------------------------------------------------------------------------------------------------


@pytest.fixture
def real(dafny: tuple[str, ...]) -> Tool:
    """A real Dafny, as s2c finds it."""
    return installed(dafny)


def judge(real: Tool, files: Mapping[str, str], *members: str, options: tuple[str, ...] = ()) -> Reading:
    """The reading of a real run of these members; every other file is an import."""
    sources = {name: text.encode() for name, text in files.items()}
    imports = tuple(name for name in files if name not in members)
    job = Job(sources, members, imports=imports, options=options)
    return VERIFIER.read(real, job, execute(VERIFIER.check(real, job)))


@pytest.mark.dafny
def test_an_implied_import_is_referenced_and_not_verified(real: Tool) -> None:
    """Seen without an include, even where one member includes it as well; its false lemma is nobody's obligation."""
    files = {
        "a.dfy": 'include "sub/c.dfy"\nmodule A { import M import C lemma L() ensures M.F() == C.c { } }',
        "b.dfy": "module B { import M import A lemma K() ensures 1 + 1 == 2 { } }",
        "sub/m.dfy": "module M { function F(): int { 1 } lemma False() ensures 1 == 2 { } }",
        "sub/c.dfy": "module C { const c := 1 lemma False() ensures 1 == 2 { } }",
    }
    reading = judge(real, files, "a.dfy", "b.dfy")
    assert reading.kind is VerdictKind.VERIFIED, reading.reason
    assert reading.outcomes == {"A.L (correctness)": Outcome.PROVED, "B.K (correctness)": Outcome.PROVED}
    wrong = {**files, "a.dfy": files["a.dfy"].replace("C.c", "C.c + 1")}
    assert judge(real, wrong, "a.dfy", "b.dfy").outcomes["A.L (correctness)"] is Outcome.FAILED


PLAIN = "lemma L(n: nat) ensures n >= 0 { assert n + 1 > n; assert n + 2 > n; }\n"


@pytest.mark.dafny
@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(PASSED))
def test_dafny_4_takes_every_option_that_is_passed(real: Tool, name: str) -> None:
    """No option of the table is a usage error, and each leaves a plain proof proved; 2.3 has few, the rest is told."""
    extra = {"general-newtypes": ("--type-system-refresh:true",), "unicode-char": ("--allow-deprecation:true",)}
    for value in PASSED[name]:
        options = (f"--{name}:{value}", *(() if real.generation == LEGACY else extra.get(name, ())))
        reading = judge(real, {"a.dfy": PLAIN}, "a.dfy", options=options)
        known = real.generation != LEGACY or value == "false" or options[0] in LEGACY_WORDS
        assert (reading.kind is VerdictKind.VERIFIED) == known, (name, value, reading.reason)
        assert known or "which Dafny 2.3 has not" in reading.reason


@pytest.mark.dafny
def test_options_change_what_real_dafny_reads(real: Tool) -> None:
    """Old function syntax is refused by default and read where the project says so; single assertions still add up."""
    files = {"a.dfy": "function method F(): int { 1 }\n" + PLAIN}
    old = real.generation == LEGACY
    assert judge(real, files, "a.dfy").kind is (VerdictKind.VERIFIED if old else VerdictKind.SYNTAX)
    options = ("--function-syntax:3", *(() if old else ("--isolate-assertions:true",)))
    assert judge(real, files, "a.dfy", options=options).kind is VerdictKind.VERIFIED


@pytest.mark.dafny
@pytest.mark.slow
def test_the_standard_libraries_are_there_without_a_network(real: Tool) -> None:
    """`standard-libraries` in a project file is enough to use them; that 2.3 has none is told."""
    files = {"a.dfy": "module M { import opened Std.Wrappers lemma L() ensures Some(1).value == 1 { } }\n"}
    reading = judge(real, files, "a.dfy", options=("--standard-libraries:true",))
    if real.generation == LEGACY:
        assert "which Dafny 2.3 has not" in reading.reason
        return
    assert reading.kind is VerdictKind.VERIFIED, reading.reason
    assert reading.outcomes == {
        "M.L (correctness)": Outcome.PROVED,
        "M.L (well-formedness)": Outcome.PROVED,
    }
