"""Which files count as the tool: wrappers, releases, starters, and where it is not plain."""

from pathlib import Path

import pytest

from s2c.errors import ToolError
from tests.dafny_tools import LAYOUT, VERIFIER


def lay(folder: Path, *names: str, text: str = "x") -> None:
    """Executable files of that text."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)


def relative(folder: Path, command: str) -> set[str]:
    """The identity of a command, as paths below a folder."""
    return {str(path.relative_to(folder)) for path in VERIFIER.identity_files((command,), LAYOUT)}


MONO_FILES = (
    "usr/bin/mono-sgen",
    "usr/bin/z3",
    "usr/lib/dafny/Dafny.exe",
    "usr/lib/dafny/DafnyPrelude.bpl",
    "usr/lib/mono/4.5/mscorlib.dll",
    "usr/lib/libmono-native.so",
    "etc/mono/config",
)
MONO_SCRIPT = """#!/bin/sh
# see /nowhere
{first}
p=$here/p
export MONO_PATH="$p/usr/lib/mono/4.5"
exec "$p/usr/bin/mono-sgen" "$p/usr/lib/dafny/Dafny.exe" "/z3exe:$p/usr/bin/z3" "$@"
"""
DOTNET_FILES = (
    "lib/Dafny.dll",
    "lib/DafnyPrelude.bpl",
    "dotnet/dotnet",
    "dotnet/host/fxr/1/h.so",
    "dotnet/shared/Microsoft.NETCore.App/1/a.dll",
    "z3/bin/z3",
)
DOTNET_SCRIPT = """#!/bin/sh
here=$(CDPATH= cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)
export DOTNET_ROOT="$here/dotnet" X=1
export PATH="$here/z3/bin:$PATH"
exec "$here/dotnet/dotnet" "$here/lib/Dafny.dll" "$@"
"""


@pytest.mark.parametrize(
    "first",
    [
        'here=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)',
        "here=${0%/*}/..",
        'here="$(dirname "$(readlink -f "$0")")/.."',
    ],
)
def test_a_wrapper_for_mono(tmp_path: Path, first: str) -> None:
    """Runtime, Dafny, prelude and the solver named in the script count; neighbours and logs do not."""
    root = tmp_path / "a b"
    lay(root, *(f"p/{name}" for name in MONO_FILES), "p/usr/lib/dafny/x.log", "p/usr/bin/other")
    lay(root, "bin/dafny", text=MONO_SCRIPT.format(first=first))
    assert relative(root, str(root / "bin/dafny")) == {"bin/dafny", *(f"p/{name}" for name in MONO_FILES)}


def test_a_wrapper_for_dotnet(tmp_path: Path) -> None:
    """The solver is the first on the PATH that the script sets; logs of the language server do not count."""
    lay(tmp_path, *DOTNET_FILES, "dotnet/sdk/1/x.dll", "lib/DafnyLanguageServerLog11_26_2026 22:23:22.txt")
    lay(tmp_path, "dafny", text=DOTNET_SCRIPT)
    (tmp_path / "link").symlink_to(tmp_path / "dafny")
    assert relative(tmp_path, str(tmp_path / "link")) == {"dafny", *DOTNET_FILES}


@pytest.mark.parametrize("program", ["dafny/dafny", "tools/dafny"])
def test_a_release_and_a_dotnet_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    """A starter beside Dafny.dll, or beside the store of `dotnet tool install`; z3 beside it or on PATH."""
    runtime = ("net/dotnet", "net/host/fxr/1/h.so", "net/shared/Microsoft.NETCore.App/1/a.dll")
    release = ("dafny/Dafny.dll", "dafny/DafnyPrelude.bpl", "dafny/z3/bin/z3-4.12.1", "dafny/dafny")
    store = "tools/.store/dafny/4.11.0/dafny/4.11.0/tools/net8.0/any/Dafny.dll"
    lay(tmp_path, *runtime, *release, store, "tools/dafny", "bin/z3")
    monkeypatch.setenv("DOTNET_ROOT", str(tmp_path / "net"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    expected = release if program.startswith("dafny") else (store, "tools/dafny", "bin/z3")
    assert relative(tmp_path, str(tmp_path / program)) == {*runtime, *expected}


@pytest.mark.parametrize("script", ["exec $(find / -name Dafny.dll) $@", "exec /opt/nowhere/Dafny.exe $@", ""])
def test_where_it_is_not_plain_names_are_asked_for(tmp_path: Path, script: str) -> None:
    """No shorter list, but an error that says which setting to use."""
    lay(tmp_path, "dafny", text=f"#!/bin/sh\n{script}\n")
    with pytest.raises(ToolError, match=r"tool\.s2c\.dafny"):
        VERIFIER.identity_files((str(tmp_path / "dafny"),), LAYOUT)


def test_two_dafnys_are_one_too_many(tmp_path: Path) -> None:
    """A script that names two of them is not plain: it does not say which one decides."""
    lay(tmp_path, *MONO_FILES, "other/Dafny.exe")
    names = (*MONO_FILES[:3], "other/Dafny.exe")
    lay(tmp_path, "dafny", text="#!/bin/sh\nexec " + " ".join(str(tmp_path / name) for name in names) + "\n")
    with pytest.raises(ToolError, match="2 found"):
        VERIFIER.identity_files((str(tmp_path / "dafny"),), LAYOUT)


def test_a_solver_that_is_a_script_is_not_plain(tmp_path: Path) -> None:
    """A wrapper round z3 would hide which solver decides."""
    lay(tmp_path, *MONO_FILES)
    lay(tmp_path, "usr/bin/z3", text="#!/bin/sh\nexec other-z3\n")
    command = tuple(str(tmp_path / name) for name in ("usr/bin/mono-sgen", "usr/lib/dafny/Dafny.exe"))
    with pytest.raises(ToolError):
        VERIFIER.identity_files((*command, f"/z3exe:{tmp_path}/usr/bin/z3"), LAYOUT)
