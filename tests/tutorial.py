"""The tutorial as a terminal plays it: its files are written, its commands run in one shell, what they print is kept.

Law: the page is the script. `python -m tests.tutorial` writes into it what its commands print now; the test compares.
"""

import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tests.dafny_tools import available
from tests.loopback import Server
from tests.openai_server import AnswerBook, answer_fills

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(console|dafny)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
VERDICT = re.compile(r"  \S+: verified \(")
PORT = ":8000"
SOURCES = ("s2c", "pyproject.toml", "setup.py", "README.md", "LICENSE")
# Differ from run to run, or from machine to machine: what they are is not the page's to say.
VARYING = {
    r"\d+\.\d+ s\b": "0.1 s",
    r"Dafny \d[\d.]*\d": "Dafny 4.11.0",
    r"(b2:[a-z.]+\d:)[0-9a-f]{40}": r"\1...",
    r"\(\S*/dafny\)": "(~/bin/dafny)",
}
ANSWERS = {
    "Max": "  if a >= b {\n    m := a;\n  } else {\n    m := b;\n  }",
    "Largest": "  m := Max(a, b);\n  m := Max(m, c);",
    "Twice": "  m := n + n;",
    "Triple": "  m := Twice(n);\n  m := m + n;",
    "SumTo": ("  s := n * (n + 1) / 2;", "  s := n * n;"),
}
HEADS = {
    "Max": "method Max(a: int, b: int) returns (m: int)",
    "Largest": "method Largest(a: int, b: int, c: int) returns (m: int)",
    "Twice": "method Twice(n: int) returns (m: int)",
    "Triple": "method Triple(n: int) returns (m: int)",
    "SumTo": "method SumTo(n: nat) returns (s: nat)",
}


@dataclass(frozen=True)
class Shell:
    """A bash that runs one command after the other."""

    process: "subprocess.Popen[str]"

    @classmethod
    def start(cls, folder: Path, env: Mapping[str, str]) -> Self:
        """In this folder, with nothing but this environment."""
        return cls(
            subprocess.Popen(
                ["/bin/bash", "--noprofile", "--norc"], cwd=folder, env=env, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            )
        )  # fmt: skip

    def run(self, command: str) -> str:
        """What it prints, on both outputs."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{command}\nprintf '\\n<%s>\\n' over\n")
        self.process.stdin.flush()
        lines = iter(self.process.stdout.readline, "")
        found = []
        for line in lines:
            if line == "<over>\n":
                return "".join(found).removesuffix("\n")
            found.append(line)
        raise AssertionError(f"the shell ended in {command}: {''.join(found)}")

    def close(self) -> None:
        """End it, and wait until it has ended."""
        with self.process:
            assert self.process.stdin is not None
            self.process.stdin.close()


def played(page: str, folder: Path) -> str:
    """The page with what its commands print now. Raises AssertionError if the shell ends."""
    home = _home(folder)
    book = AnswerBook(
        {"match": HEADS[name], "fills": {"h1": list(fills) if isinstance(fills, tuple) else fills}}
        for name, fills in ANSWERS.items()
    )
    with Server(answer_fills(book)) as server:
        port = f":{server.url.split(':')[2].split('/')[0]}"
        dafny = Path(available()[max(available())][0]).parent
        env = {
            "PATH": f"{home / 'bin'}:{dafny}:/usr/bin:/bin",
            "HOME": str(home),
            "LANG": "C.UTF-8",
            "NO_PROXY": "127.0.0.1",
        }
        env |= {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        own = Path("~/.config/pip/pip.conf").expanduser()
        env |= {"PIP_CONFIG_FILE": str(own)} if own.exists() else {}
        shell = Shell.start(home, env)

        def block(found: "re.Match[str]") -> str:
            kind, path, text = found.groups()
            if kind == "dafny":
                (home / path).parent.mkdir(parents=True, exist_ok=True)
                (home / path).write_text(text, encoding="utf-8")
                return found[0]
            said = "".join(
                _entry(line, shell.run(line[2:].replace(PORT, port)), port, home) for line in _commands(text)
            )
            return f"```console\n{said}```"

        made = BLOCK.sub(block, page)
        shell.close()
        return made


def _commands(text: str) -> Iterator[str]:
    return (line for line in text.splitlines() if line.startswith("$ "))


def _entry(line: str, said: str, port: str, home: Path) -> str:
    said = said.replace(port, PORT).replace(str(home), "~")
    for pattern, text in VARYING.items():
        said = re.sub(pattern, text, said)
    said = "".join(_in_order(said))
    return f"{line}\n{said}\n" if said and not said.endswith("\n") else f"{line}\n{said}"


def _in_order(said: str) -> Iterator[str]:
    """The same lines; those of files that were checked side by side, by name."""
    for verdicts, lines in itertools.groupby(said.splitlines(keepends=True), lambda line: bool(VERDICT.match(line))):
        found = list(lines)
        yield from sorted(found) if verdicts else found


def _home(folder: Path) -> Path:
    """A home with nothing but python3 and s2c's sources."""
    home = folder / "home"
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "python3").symlink_to(sys.executable)
    for name in SOURCES:
        place = ROOT / name
        if place.is_dir():
            shutil.copytree(place, home / "s2c" / name, ignore=shutil.ignore_patterns("__pycache__", "*.so"))
        else:
            (home / "s2c").mkdir(exist_ok=True)
            shutil.copy(place, home / "s2c" / name)
    return home


def main(arguments: Sequence[str]) -> int:
    """Write the page anew."""
    del arguments
    with tempfile.TemporaryDirectory(prefix="s2c-tutorial-") as folder:
        PAGE.write_text(played(PAGE.read_text(encoding="utf-8"), Path(folder)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
