"""Builds everything that a release publishes into dist/: the sdist, and a wheel for each platform. Run: script/release.

Law: wheels are built from the sdist, each in a folder of its own, by one cross compiler for all platforms; twice, and
the bytes must be the same. docs/release.md says which of them were run.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DIST = ROOT / "dist"
GRAMMARS = tuple(
    f"{path.parents[1].relative_to(ROOT).as_posix()}.so" for path in ROOT.glob("s2c/languages/*/grammar/src/parser.c")
)
NEEDED = ("s2c/prompts/system.md", "s2c/report/page/web/page.html", "s2c/py.typed")
LARGEST = 3_000_000  # bytes of a wheel


@dataclass(frozen=True)
class Platform:
    """Where a wheel is for: its tag, the compiler's word for it, and how its libraries begin (offset, bytes)."""

    tag: str
    target: str
    marks: Mapping[int, bytes]


ELF, MACH = b"\x7fELF", b"\xcf\xfa\xed\xfe"
PLATFORMS = (
    Platform("manylinux2014_x86_64", "x86_64-linux-gnu.2.17", {0: ELF, 18: b"\x3e\x00"}),
    Platform("manylinux2014_aarch64", "aarch64-linux-gnu.2.17", {0: ELF, 18: b"\xb7\x00"}),
    Platform("macosx_10_13_x86_64", "x86_64-macos.10.13", {0: MACH, 4: b"\x07\x00\x00\x01"}),
    Platform("macosx_11_0_arm64", "aarch64-macos.11.0", {0: MACH, 4: b"\x0c\x00\x00\x01"}),
)


def run(command: list[str], folder: Path, environment: Mapping[str, str]) -> None:
    """Run it; what it says is shown only if it fails."""
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, check=False, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{done.stdout}\nrelease: failed: {' '.join(command)}")


def epoch() -> str:
    """The time that is put into archives: that of the commit."""
    told = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, check=True, capture_output=True, text=True  # noqa: S607
    )  # fmt: skip
    return told.stdout.strip()


def sdist(folder: Path, time: str) -> Path:
    """The source distribution, of what is committed."""
    tree = folder / "tree"
    tree.mkdir()
    archive = folder / "tree.tar"
    subprocess.run(["git", "archive", "-o", str(archive), "HEAD"], cwd=ROOT, check=True)  # noqa: S607
    with tarfile.open(archive) as opened:
        opened.extractall(tree, filter="data")
    run([sys.executable, "-m", "build", "--sdist", "--outdir", str(folder), "."], tree, {"SOURCE_DATE_EPOCH": time})
    (made,) = folder.glob("*.tar.gz")
    return made


def wheel(source: Path, platform: Platform, folder: Path, time: str) -> Path:
    """A wheel of the sdist for a platform."""
    with tarfile.open(source) as opened:
        opened.extractall(folder, filter="data")
    (tree,) = (one for one in folder.iterdir() if one.is_dir())
    compiler = f"{sys.executable} -m ziglang cc -target {platform.target}"
    zig = str(folder / "zig")  # its cache
    environment = {"SOURCE_DATE_EPOCH": time, "CC": compiler, "CFLAGS": "-g0 -s", "ZIG_GLOBAL_CACHE_DIR": zig}
    option = f"-C--build-option=--plat-name={platform.tag}"
    run([sys.executable, "-m", "build", "--wheel", option, "--outdir", str(folder), "."], tree, environment)
    (made,) = folder.glob("*.whl")
    return made


def check(made: Path, platform: Platform) -> str:
    """What is wrong with a wheel; "" if nothing is."""
    if not made.name.endswith(f"-py3-none-{platform.tag}.whl"):
        return f"its tags are not py3-none-{platform.tag}"
    if made.stat().st_size > LARGEST:
        return f"it has {made.stat().st_size} bytes"
    with zipfile.ZipFile(made) as opened:
        names = set(opened.namelist())
        lacking = [one for one in (*GRAMMARS, *NEEDED) if one not in names]
        strange = [one for one in names if "/grammar/" in one or "__pycache__" in one or one.startswith("tests")]
        wrong = [one for one in GRAMMARS if one in names and not _is_for(opened.read(one), platform)]
    return f"lacks {lacking}, has {strange}, of another machine: {wrong}" if lacking or strange or wrong else ""


def _is_for(content: bytes, platform: Platform) -> bool:
    return all(content[at : at + len(mark)] == mark for at, mark in platform.marks.items())


def twice(source: Path, platform: Platform, time: str) -> Path:
    """The wheel, put into dist/ once it was built twice with the same bytes and is whole."""
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        first, second = wheel(source, platform, Path(one), time), wheel(source, platform, Path(other), time)
        if first.read_bytes() != second.read_bytes():
            sys.exit(f"release: {first.name}: built twice, it has other bytes")
        problem = check(first, platform)
        if problem:
            sys.exit(f"release: {first.name}: {problem}")
        return Path(shutil.copy(first, DIST / first.name))


def main() -> int:
    """Build all of it, or one platform."""
    parser = argparse.ArgumentParser(description="Build what a release publishes into dist/.")
    parser.add_argument("platforms", nargs="*", metavar="TAG", help="these wheels only")
    chosen = parser.parse_args().platforms
    shutil.rmtree(DIST, ignore_errors=True)
    DIST.mkdir()
    time = epoch()
    with tempfile.TemporaryDirectory() as name:
        source = Path(shutil.copy(sdist(Path(name), time), DIST))
    print(f"{source.name}: {source.stat().st_size} bytes")
    for platform in PLATFORMS:
        if not chosen or platform.tag in chosen:
            made = twice(source, platform, time)
            print(f"{made.name}: {made.stat().st_size} bytes, the same twice", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
