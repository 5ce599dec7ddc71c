"""The console script `s2c`: what a person asks about a project beside building it with doit.

Law: each command is a few lines over the engine; what it prints for a program (`--json`) says the same as what it
prints for a person. Errors are one message and the documented exit code.
"""

import argparse
import io
import os
import sys
from collections.abc import Sequence

from s2c import __version__
from s2c.commands import adopt, cache, clean, doctor, graph, init, plan, prompt, report, watch, why
from s2c.errors import S2cError
from s2c.report import publish

COMMANDS = (init, plan, why, prompt, graph, watch, report, adopt, clean, cache, doctor)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is the documented one."""
    parsed = parser().parse_args(arguments)
    try:
        return _run(parsed)
    except S2cError as error:
        sys.stderr.write(f"s2c: {error}\n")
        return error.exit_code
    except BrokenPipeError:  # whoever read our output has seen enough
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device; what is still buffered goes there
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        return 0


def _run(parsed: argparse.Namespace) -> int:
    for stream in (sys.stdout, sys.stderr):  # the name of a file may be nothing that the terminal can show
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    publish.guard_output()
    code = int(parsed.run(parsed))
    sys.stdout.flush()
    return code


def parser() -> argparse.ArgumentParser:
    """What the command line may be."""
    made = argparse.ArgumentParser(prog="s2c", description="An incremental build tool for verified code.")
    made.add_argument("--version", action="version", version=f"s2c {__version__}")
    commands = made.add_subparsers(required=True, metavar="COMMAND")
    for one in COMMANDS:
        one.add(commands)
    return made


if __name__ == "__main__":
    sys.exit(main())
