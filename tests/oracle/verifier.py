"""The program in Dafny's place, laid down for a project: `program.py`, with a first line that starts it quickly."""

import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("program.py")


def dafny(folder: Path) -> dict[str, dict[str, object]]:
    """Put it into `folder`; the table of settings that makes it a project's Dafny."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "dafny"
    program.write_text(f"#!{sys.executable} -IS\n{PROGRAM.read_text(encoding='utf-8')}", encoding="utf-8")
    program.chmod(0o755)
    return {"dafny": {"command": [str(program)], "files": [str(program)]}}
