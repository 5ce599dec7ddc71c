"""Which files count as the tool: a release, wrappers, and where it is not plain."""

from pathlib import Path

import pytest

from s2c.errors import ToolError
from s2c.languages.verus.layout import layout
from s2c.settings import LanguageSettings
from tests.verus_tools import VERIFIER

TOOLCHAIN = "1.95.0-x86_64-unknown-linux-gnu"
RELEASE = ("verus", "rust_verify", "z3", "vstd.vir", "libvstd.rlib", "vstd/seq.rs")
RUST = ("bin/rustc", "lib/librustc_driver.so", "lib/rustlib/x/lib/libstd.rlib")


def lay(folder: Path, *names: str, text: str = "x") -> None:
    """Executable files of that text."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A release of Verus below `v`, and two Rust toolchains, of which its program names one."""
    lay(tmp_path, *(f"v/{name}" for name in RELEASE), "v/x.log", "other")
    lay(tmp_path, "v/verus", text=f"\x7fELF...rustup run {TOOLCHAIN} ...")
    lay(tmp_path, *(f"rustup/toolchains/{TOOLCHAIN}/{name}" for name in (*RUST, "share/doc/x.html")))
    lay(tmp_path, *(f"rustup/toolchains/1.94.0-x86_64-unknown-linux-gnu/{name}" for name in RUST))
    monkeypatch.setenv("RUSTUP_HOME", str(tmp_path / "rustup"))
    return tmp_path


def relative(folder: Path, command: str) -> set[str]:
    """The identity of a command, as paths below a folder."""
    files = VERIFIER.identity_files((command,), layout(folder, {}, LanguageSettings()))
    return {str(path.relative_to(folder)) for path in files}


WHOLE = {*(f"v/{name}" for name in RELEASE), *(f"rustup/toolchains/{TOOLCHAIN}/{name}" for name in RUST)}


def test_a_release_and_its_toolchain(release: Path) -> None:
    """Its whole folder and the one toolchain that it names count; logs, documentation and other toolchains do not."""
    assert relative(release, str(release / "v/verus")) == WHOLE
    (release / "link").symlink_to(release / "v/verus")
    assert relative(release, str(release / "link")) == WHOLE


@pytest.mark.parametrize(
    "script",
    [
        'exec "{0}/v/verus" "$@"',
        'here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd)\nexec "$here/v/verus" "$@"',
        'here="$(dirname "$0")"\nprogram=$here/v/verus\n"$program" "$@"',
        'exec "${{0%/*}}/v/verus" "$@"',
    ],
)
def test_a_wrapper_is_followed(release: Path, script: str) -> None:
    """Through plain words, plain variables and the script's own folder; it counts itself."""
    lay(release, "wrapper", text="#!/bin/sh\n# see /nowhere/verus\n" + script.format(release) + "\n")
    assert relative(release, str(release / "wrapper")) == {*WHOLE, "wrapper"}


@pytest.mark.parametrize(
    "script",
    ["exec verus", 'exec "$(find / -name verus | head -1)"', "exec {0}/v/verus || exec {0}/w/verus", "{0}/s/verus"],
)
def test_what_is_not_plain_is_an_error(release: Path, script: str) -> None:
    """A name from PATH, a search, two programs, a script in a script: the fix says what to set."""
    lay(release, "w/verus")
    lay(release, "s/verus", text="#!/bin/sh\n")
    lay(release, "wrapper", text="#!/bin/sh\n" + script.format(release) + "\n")
    with pytest.raises(ToolError) as caught:
        relative(release, str(release / "wrapper"))
    assert "[tool.s2c.verus] files" in (caught.value.fix or "")


@pytest.mark.parametrize("gone", ["v/z3", "v/rust_verify", "v/vstd.vir", "rustup/toolchains"])
def test_what_is_incomplete_is_an_error(release: Path, gone: str) -> None:
    """Without its solver, its driver, its library or its toolchain it is not known what would run."""
    (release / gone).rename(release / "gone")
    with pytest.raises(ToolError):
        relative(release, str(release / "v/verus"))


def test_a_command_that_is_not_there(tmp_path: Path) -> None:
    """It is told with advice."""
    with pytest.raises(ToolError) as caught:
        relative(tmp_path, str(tmp_path / "verus"))
    assert caught.value.fix


def test_a_run_finds_its_toolchain(release: Path) -> None:
    """It has no HOME of its user's: where the toolchains lie is told to it, and is in no key."""
    run = VERIFIER.version_run(("verus",))
    assert run.environment == {"RUSTUP_HOME": str(release / "rustup")}
    assert str(release) not in " ".join(run.command)
