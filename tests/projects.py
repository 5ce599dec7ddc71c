"""Small projects on disk, and `doit` and `s2c` run in them as a user runs them: in a process of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT = 600


@dataclass(frozen=True)
class Ended:
    """A process that ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything that it said."""
        return self.out + self.err


class Tree:
    """A project folder that a test fills and builds."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True)
        self.write("dodo.py", '"""The build."""\n\nfrom s2c.tasks import *\n')
        self.settings: dict[str, Any] = {"specs": ["**/*.dfy"], "jobs": 2}
        self.dafny: tuple[str, ...] = ()
        self.tables: dict[str, dict[str, Any]] = {}  # language -> its table of settings
        self.env: dict[str, str] = {}
        self.timeout = TIMEOUT
        self.right: dict[str, Any] = {}  # the table of a verifier that another one stands in for
        self.fixed: dict[str, str] = {}  # files that are written instead of the settings

    def write(self, path: str, text: str | bytes) -> Path:
        """Write a file of the project."""
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode() if isinstance(text, str) else text)
        return place

    def read(self, path: str) -> str:
        """Read a file of the project."""
        return (self.root / path).read_text(encoding="utf-8")

    def configure(self, **settings: object) -> None:
        """Set settings of [tool.s2c]."""
        self.settings.update(settings)

    def doit(self, *arguments: str, env: Mapping[str, str] | None = None) -> Ended:
        """Run doit, with today's settings written to pyproject.toml."""
        self.write_settings()
        return self._run([sys.executable, "-m", "doit", *arguments], env)

    def doit_in(self, folder: str, *arguments: str) -> Ended:
        """Run doit from a folder of the project, with today's settings written to pyproject.toml."""
        self.write_settings()
        return self._run([sys.executable, "-m", "doit", *arguments], None, folder)

    def start(self, *arguments: str, env: Mapping[str, str] | None = None) -> "subprocess.Popen[bytes]":
        """Start doit and return at once; it runs in a session of its own, so signals reach it alone."""
        self.write_settings()
        return subprocess.Popen(
            [sys.executable, "-m", "doit", *arguments],
            cwd=self.root,
            env={**os.environ, **self.env, **(env or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def s2c(self, *arguments: str, env: Mapping[str, str] | None = None) -> Ended:
        """Run the console script."""
        self.write_settings()
        return self._run([sys.executable, "-m", "s2c.cli", *arguments], env)

    def shell(self, line: str) -> Ended:
        """Run a line as a shell does, from the root."""
        self.write_settings()
        return self._run(["/bin/bash", "-c", line], None)

    @property
    def summary(self) -> dict[str, Any]:
        """What the last run left in build/summary.json."""
        found: dict[str, Any] = json.loads(self.read("build/summary.json"))
        return found

    @property
    def states(self) -> dict[str, str]:
        """Path -> state at the end of the last run."""
        return {row["path"]: row["state"] for row in self.summary["rows"]}

    def write_settings(self) -> None:
        """Write today's settings to pyproject.toml."""
        if self.fixed:
            for path, text in self.fixed.items():
                self.write(path, text)
            return
        lines = ["[tool.s2c]", *(f"{name} = {json.dumps(value)}" for name, value in self.settings.items())]
        tables = {**({"dafny": {"command": list(self.dafny)}} if self.dafny else {}), **self.tables}
        for language, table in tables.items():
            lines += [f"[tool.s2c.{language}]", *(f"{name} = {json.dumps(value)}" for name, value in table.items())]
        self.write("pyproject.toml", "\n".join(lines) + "\n")

    def _run(self, command: list[str], env: Mapping[str, str] | None, folder: str = "") -> Ended:
        done = subprocess.run(
            command,
            cwd=self.root / folder,
            env={**os.environ, **self.env, **(env or {})},
            capture_output=True,
            timeout=self.timeout,
            check=False,
        )
        return Ended(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))
