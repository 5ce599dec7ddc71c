"""Builds each language's tree-sitter grammar: C files in, one plain shared library out.

Law: the C knows nothing of Python and the library is loaded through ctypes, so neither Python.h nor one wheel per
Python version is needed. Grammars are found by their place, `s2c/languages/NAME/grammar/src/parser.c`: a new language
needs no edit here. Everything else about the package stands in pyproject.toml.
"""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

COMPILERS = ("cc", "gcc", "clang")
NO_COMPILER = (
    "no C compiler: building s2c compiles its grammars.\n"
    "  Debian, Ubuntu: apt-get install gcc libc6-dev\n"
    "  Fedora:         dnf install gcc\n"
    "  elsewhere:      put cc, gcc or clang on PATH, or name a compiler in the environment variable CC"
)
COMPILER_FAILED = "what the compiler said stands above; it needs the C library's headers too (Debian: libc6-dev)"


def grammar(parser: Path) -> Extension:
    """One grammar, named after the file it becomes: s2c.languages.NAME.grammar -> s2c/languages/NAME/grammar.so."""
    source, home = parser.parent, parser.parent.parent
    scanner = [path for path in [source / "scanner.c"] if path.exists()]
    read_too = [*sorted(source.rglob("*.h")), *sorted(home.glob("*.js"))]
    return Extension(
        ".".join(home.parts),
        sources=[str(path) for path in [parser, *scanner]],
        depends=[str(path) for path in read_too],  # also what carries them into the source distribution
    )


def compiler() -> list[str]:
    """The C compiler to call: CC of the environment, else the first usual name on PATH."""
    chosen = shlex.split(os.environ.get("CC", ""))
    if chosen:
        return chosen
    found = [name for name in COMPILERS if shutil.which(name)]
    if not found:
        raise CompileError(NO_COMPILER)
    return found[:1]


class BuildGrammars(build_ext):
    """Compiles and links each grammar in one call of the compiler."""

    def get_ext_filename(self, fullname: str) -> str:
        """Where a grammar goes, without the Python version and ABI that extension modules carry in their names."""
        return f"{fullname.replace('.', '/')}.so"

    def build_extension(self, ext: Extension) -> None:
        """Compile `ext`; a failure is one message for the reader, after the compiler's own."""
        library = Path(self.get_ext_fullpath(ext.name))
        library.parent.mkdir(parents=True, exist_ok=True)
        include = str(Path(ext.sources[0]).parent)
        flags = ["-O2", *shlex.split(os.environ.get("CFLAGS", "")), "-std=c11", "-fPIC", "-shared", "-I", include]
        command = [*compiler(), *flags, "-o", str(library), *ext.sources]
        try:
            subprocess.run(command, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise CompileError(f"the grammar {ext.name} was not built: {error}\n{COMPILER_FAILED}") from error


class PlatformWheel(bdist_wheel):
    """One wheel for every Python 3 of a platform."""

    def get_tag(self) -> tuple[str, str, str]:
        """Tags as in PEP 425; only the platform is left as found."""
        return "py3", "none", super().get_tag()[2]


setup(
    ext_modules=[grammar(path) for path in sorted(Path().glob("s2c/languages/*/grammar/src/parser.c"))],
    cmdclass={"build_ext": BuildGrammars, "bdist_wheel": PlatformWheel},
)
