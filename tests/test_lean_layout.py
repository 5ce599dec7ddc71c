"""What lakefiles, toolchain files and manifests of Lean projects are read as; which `lean` is called."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from s2c.errors import ToolError
from s2c.languages.base import Job
from s2c.languages.lean import identity
from s2c.languages.lean.layout import LeanLayout, LeanSettings, layout
from s2c.model import Import, Span
from tests.lean_tools import VERIFIER, tool


def laid_out(root: Path, files: Mapping[str, str | bytes], settings: LeanSettings | None = None) -> LeanLayout:
    """The layout of a project with these files."""
    content = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    for path, data in content.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    names = {"lakefile.toml", "lakefile.lean", "lean-toolchain", "lake-manifest.json"}
    manifests = {path: data for path, data in content.items() if path.rpartition("/")[2] in names}
    return layout(root, manifests, settings or LeanSettings())


def paths(found: LeanLayout, importer: str, module: str) -> tuple[tuple[str, ...], bool]:
    """Where an import may lie, and whether it may be no file of the project."""
    target = found.target(importer, Import(module, Span(0, 1)))
    return target.paths, target.outside


def notes(found: LeanLayout) -> list[str]:
    """Every note as `path:line: message`."""
    assert {one.severity for one in found.notes} <= {"warning"}
    return [f"{one.path}:{one.line}: {one.message}" for one in found.notes]


def test_without_a_lakefile_the_project_is_the_one_root(tmp_path: Path) -> None:
    """Modules are paths from the root; what lies there is the project's, the rest may be a library's."""
    found = laid_out(tmp_path, {"A.lean": "", "Lib/B.lean": "", "docs/x.md": ""})
    assert paths(found, "A.lean", "Lib.B") == (("Lib/B.lean",), False)
    assert paths(found, "Lib/B.lean", "Lib.Missing") == (("Lib/Missing.lean",), False)
    assert paths(found, "A.lean", "Mathlib.Data.Nat") == (("Mathlib/Data/Nat.lean",), True)
    assert paths(found, "A.lean", "«2d».«a.b»") == (("2d/a.b.lean",), True)
    assert found.module_of("Lib/B.lean") == "Lib.B"
    assert found.module_of("2d/a.b.lean") == "«2d».«a.b»"
    assert found.notes == ()


@pytest.mark.parametrize("name", ["..", "A/B", "", "«»", "«../x»"])
def test_a_module_name_that_is_no_path_names_no_file(tmp_path: Path, name: str) -> None:
    """Parts that would lead elsewhere are never joined to a path."""
    assert paths(laid_out(tmp_path, {}), "A.lean", name)[0] == ()


TOML = """
name = "top"
srcDir = "src"
moreLeanArgs = ["-DautoImplicit=false", "-D", "maxRecDepth=1000"]
precompileModules = true

[leanOptions]
pp.unicode.fun = true
weak.linter.all = false
debug.skipKernelTC = true

[[lean_lib]]
name = "Core"
weakLeanArgs = ["-DrelaxedAutoImplicit=false"]
moreLeanArgs = ["--plugin=x.so"]

[[lean_lib]]
name = "Tests"
srcDir = "tests"
roots = ["Tests.A", "«my-tests»"]
globs = ["Extra.+"]
leanOptions = [{name = "trace.x", value = 3}]

[[lean_exe]]
name = "tool"
root = "Main"

[[require]]
name = "mathlib"
"""
LEAN = """
import Lake
open Lake DSL
/- package nothing /- nested -/ where srcDir := "no" -/

package «top» where
  srcDir := "src" -- srcDir := "no"
  leanOptions := #[⟨`pp.unicode.fun, true⟩, ⟨`weak.linter.all, false⟩, ⟨`debug.skipKernelTC, true⟩]
  moreLeanArgs := #["-DautoImplicit=false", "-D", "maxRecDepth=1000"]
  precompileModules := true

require mathlib from git "https://example.org/m.git" @ "v4"

@[default_target]
lean_lib Core where
  weakLeanArgs := #["-DrelaxedAutoImplicit=false"]
  moreLeanArgs := #["--plugin=x.so"]

lean_lib Tests {
  srcDir := "tests", roots := #[`Tests.A, `«my-tests»]
  globs := #[.submodules `Extra]
  leanOptions := #[{ name := `trace.x, value := 3 }]
}

lean_exe tool where
  root := `Main
"""


@pytest.mark.parametrize("name", ["lakefile.toml", "lakefile.lean"])
def test_both_forms_of_a_lakefile_say_the_same(tmp_path: Path, name: str) -> None:
    """Roots, modules and options, in Lake's order; what would change more becomes a note."""
    found = laid_out(tmp_path, {f"pkg/{name}": TOML if name.endswith("toml") else LEAN})
    assert {(root.folder, root.modules) for root in found.roots} == {
        ("pkg/src", (("Core",),)),
        ("pkg/src/tests", (("Tests", "A"), ("my-tests",), ("Extra",))),
        ("pkg/src", (("Main",),)),
    }
    assert found.own == {"Core", "Tests", "my-tests", "Extra", "Main"}
    own = ("-Dpp.unicode.fun=true", "-Dweak.linter.all=false")
    more = ("-DautoImplicit=false", "-DmaxRecDepth=1000")
    assert found.options("pkg/src/Core/A.lean") == (*own, "-DrelaxedAutoImplicit=false", *more)
    assert found.options("pkg/src/tests/Extra/A.lean") == (*own, "-Dtrace.x=3", *more)
    assert found.source_root("pkg/src/tests/Extra/A.lean") == "pkg/src/tests"
    assert found.module_of("pkg/src/tests/my-tests.lean") == "«my-tests»"
    assert paths(found, "pkg/src/Core/A.lean", "Core.B")[0] == ("pkg/src/Core/B.lean", "pkg/src/tests/Core/B.lean")
    told = "\n".join(notes(found))
    for word in ("`precompileModules` of the package", "debug.skipKernelTC", "`--plugin=x.so`", "lake update"):
        assert word in told
    assert len(found.notes) == 4


def test_what_a_lakefile_computes_is_told_and_not_guessed(tmp_path: Path) -> None:
    """Values that are no literals, conditional code, targets of its own; with their lines."""
    text = "import Lake\nopen Lake DSL\npackage a where\n  leanOptions := shared\n\nmeta if true then\n  require x\n"
    text += "target t : Unit := do\n  pure ()\nextern_lib e := x\nscript s do\n  return 0\n"
    found = laid_out(tmp_path, {"lakefile.lean": text})
    lines = [f"{one.line} {one.message.split()[0]}" for one in found.notes]
    assert lines == ["4 `leanOptions`", "6 `meta`", "8 `target`", "10 `extern_lib`", "11 `script`"]


def test_unreadable_files_become_notes(tmp_path: Path) -> None:
    """Bad TOML, bad UTF-8, bad JSON, folders outside: each is told, none raises."""
    for content in (b"name = ", b"\xff\xfe", b"a = " + b"[" * 50_000):
        assert "can't be read" in notes(laid_out(tmp_path, {"lakefile.toml": content}))[0]
    for content in (
        b'"\\' * 30_000,
        b"package" + b"{" * 60_000,
        b"\xc2\xab" * 30_000,
        b"/-" * 30_000,
        b"\0\xff:= package",
    ):
        assert len(laid_out(tmp_path / "lean", {"lakefile.lean": content}).notes) <= 1
    assert "larger than" in notes(laid_out(tmp_path, {"lakefile.toml": b"a." * 500_000}))[0]
    found = laid_out(tmp_path, {"lakefile.toml": 'srcDir = "../.."', "lake-manifest.json": "[1]"})
    assert len(found.notes) == 2
    assert found.source_root("A.lean") == ""


def test_the_importers_own_package_comes_first(tmp_path: Path) -> None:
    """Each package has its roots; other packages are tried after it, by path. Lake prefers the lakefile in Lean."""
    lib = '[[lean_lib]]\nname = "L"\n'
    found = laid_out(tmp_path, {"lakefile.toml": lib, "z/lakefile.toml": lib, "b/lakefile.toml": lib, "b/L/A.lean": ""})
    assert paths(found, "z/L/A.lean", "L.B")[0] == ("z/L/B.lean", "L/B.lean", "b/L/B.lean")
    assert paths(found, "L/A.lean", "L.B")[0] == ("L/B.lean", "b/L/B.lean", "z/L/B.lean")
    both = laid_out(tmp_path, {"lakefile.lean": "package a\nlean_lib M\n", "lakefile.toml": lib})
    assert both.own == {"M"}
    assert notes(both) == ["lakefile.toml:1: lakefile.lean is read, as Lake does; remove one"]


def test_the_settings_options_go_to_lean_unless_they_switch_checks_off(tmp_path: Path) -> None:
    """They come last; one that a verdict would not survive is told and left out."""
    settings = LeanSettings(options=("-DmaxHeartbeats=1000", "-Dwarn.sorry=false", "--trust=0"))
    found = laid_out(tmp_path, {}, settings)
    assert found.options("A.lean") == ("-DmaxHeartbeats=1000",)
    assert [one.path for one in found.notes] == ["pyproject.toml"] * 2


def manifest(*packages: Mapping[str, object], **more: object) -> str:
    """A lake-manifest.json."""
    return json.dumps({"version": "1.1.0", "packagesDir": ".lake/packages", "packages": packages, **more})


def test_packages_are_found_where_lake_built_them(tmp_path: Path) -> None:
    """Fetched ones below the packages' folder, paths where they lie; the project's own are sources; others are told."""
    root = tmp_path / "project"
    for folder in ("Qq/.lake/build/lib/lean", "old/build/lib", "sub/in/.lake/build/lib/lean"):
        (root / ".lake/packages" / folder).mkdir(parents=True)
    (tmp_path / "beside/.lake/build/lib/lean").mkdir(parents=True)
    text = manifest(
        {"name": "Qq", "type": "git", "subDir": None},
        {"name": "old", "type": "git"},
        {"name": "«sub»", "type": "git", "subDir": "in"},
        {"name": "beside", "type": "path", "dir": "../beside"},
        {"name": "inner", "type": "path", "dir": "./inner"},
        {"name": "mathlib", "type": "git"},
    )
    files = {
        "lake-manifest.json": text,
        "inner/lakefile.toml": '[[lean_lib]]\nname = "Inner"\n',
        "inner/Inner.lean": "",
    }
    found = laid_out(root, {**files, "lean-toolchain": "v4.23.0\n", "inner/lean-toolchain": "v4.22.0\n"})
    packages = root / ".lake/packages"
    assert found.search == tuple(
        str(one)
        for one in (
            packages / "Qq/.lake/build/lib/lean",
            packages / "old/build/lib",
            packages / "sub/in/.lake/build/lib/lean",
            tmp_path / "beside/.lake/build/lib/lean",
        )
    )
    told = "\n".join(notes(found))
    assert "package mathlib is not built" in told
    assert "lake exe cache get" in told
    assert "inner/lean-toolchain:1: this names v4.22.0; everything is judged by v4.23.0" in told
    assert len(found.notes) == 2
    assert found.workspace.toolchain == "v4.23.0"
    run = VERIFIER.check(tool(), Job({"A.lean": b""}, ("A.lean",), layout=found))
    assert run.environment["LEAN_PATH"].split(":") == ["s2c-modules", *found.search]


def test_older_manifests_and_another_workspace_are_read(tmp_path: Path) -> None:
    """`git`/`path` entries of old Lakes; a workspace outside the project by its setting."""
    place = tmp_path / "space"
    (place / "lake-packages/std/build/lib").mkdir(parents=True)
    old = {"version": 5, "packagesDir": "./lake-packages", "packages": [{"git": {"name": "std", "url": "u"}}]}
    (place / "lake-manifest.json").write_text(json.dumps(old), encoding="utf-8")
    found = laid_out(tmp_path / "project", {"A.lean": ""}, LeanSettings(workspace="../space"))
    assert found.search == (str(place / "lake-packages/std/build/lib"),)
    assert found.workspace.files == (tmp_path / "project/../space/lake-manifest.json",)
    missing = laid_out(tmp_path / "project", {}, LeanSettings(workspace="/nowhere"))
    assert notes(missing) == ["pyproject.toml:1: [tool.s2c.lean] workspace: there is no folder /nowhere"]


def test_a_job_below_a_shifted_root_is_compiled_from_that_root(tmp_path: Path) -> None:
    """Files of packages keep their module names, also where the scratch folder shifts them."""
    found = laid_out(tmp_path, {"p/lakefile.toml": 'srcDir = "src"\nmoreLeanArgs = ["-DmaxHeartbeats=5"]\n'})
    what = Job(
        {"s2c/p/src/A/B.lean": b""}, ("s2c/p/src/A/B.lean",), owed=("x",), layout=found,
        options=found.options("p/src/A/B.lean"), origin={"s2c/p/src/A/B.lean": "p/src/A/B.lean"},
    )  # fmt: skip
    run = VERIFIER.check(tool(), what)
    ends = ("-DmaxHeartbeats=5", "-R", "s2c/p/src", "-o", "s2c-modules/A/B.olean", "s2c/p/src/A/B.lean")
    assert run.command[-6:] == ends
    assert run.files["s2c-axioms.lean"].startswith(b"import A.B\n")


def executable(path: Path, text: str = "lean") -> Path:
    """A file that can be run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_toolchains_own_lean_is_called_and_never_elan(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the workspace's toolchain, else PATH; a starter is looked through, or refused with what to do."""
    monkeypatch.setenv("PATH", str(home / ".elan/bin"))
    assert identity.command("") == ("lean",)
    executable(home / ".elan/bin/elan", "elan")
    starter = executable(home / ".elan/bin/lean", "elan")
    with pytest.raises(ToolError, match="is elan"):
        identity.command("")
    with pytest.raises(ToolError, match=r"elan toolchain install leanprover/lean4:v4\.23\.0"):
        identity.command("leanprover/lean4:v4.23.0")
    own = executable(home / ".elan/toolchains/leanprover--lean4---v4.23.0/bin/lean")
    for name in ("leanprover/lean4:v4.23.0", "v4.23.0", "4.23.0", ""):
        assert identity.command(name) == (str(own),)
    executable(home / ".elan/toolchains/stable/bin/lean")
    (home / ".elan/settings.toml").write_text('default_toolchain = "stable"\n', encoding="utf-8")
    assert identity.command("") == (str(home / ".elan/toolchains/stable/bin/lean"),)
    with pytest.raises(ToolError, match="may fetch another Lean"):
        identity.identity_files((str(starter),), ())


def test_the_identity_is_every_file_that_lean_loads(tmp_path: Path) -> None:
    """Program, shared libraries and modules; of the workspace manifest and toolchain; no logs, no sources."""
    lean = executable(tmp_path / "t/bin/lean")
    for name in ("lean/Init.olean", "lean/libleanshared.so", "lean/A.olean.private", "lean/A.ilean", "lean/x.log"):
        executable(tmp_path / "t/lib" / name)
    manifest_file = executable(tmp_path / "lake-manifest.json")
    found = identity.identity_files((str(lean),), (manifest_file,))
    assert {one.name for one in found} == {
        "lean", "Init.olean", "libleanshared.so", "A.olean.private", "lake-manifest.json"
    }  # fmt: skip
    with pytest.raises(ToolError, match="can't tell which Lean"):
        identity.identity_files((str(executable(tmp_path / "wrapper/lean")),), ())
