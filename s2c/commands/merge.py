"""`s2c report merge FILE...`: the results of the shards of one run as one, with the exit code of the whole.

Law: it reads results and nothing else: no project, no store. What is missing is never taken for green.
"""

import argparse
import os
import sys
from pathlib import Path

from s2c.commands import Subparsers
from s2c.errors import S2cError
from s2c.report import junit, merged, publish, result
from s2c.report.result import Result
from s2c.report.summary import to_text


def add(commands: Subparsers) -> None:
    """Tell the parser of it."""
    merging = commands.add_parser("merge", help="the results of the shards of a run as one")
    merging.add_argument("files", nargs="+", type=Path, metavar="FILE", help="result.json of each shard")
    merging.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML of the whole run")
    merging.add_argument("--output", type=Path, metavar="FILE", help="write the result of the whole run")
    merging.set_defaults(run=_merge)


def _merge(parsed: argparse.Namespace) -> int:
    made = merged.merge({str(path): _read(path) for path in dict.fromkeys(parsed.files)})
    if parsed.junit is not None:
        publish.write(parsed.junit, junit.render(made))
    if parsed.output is not None:
        publish.write(parsed.output, result.to_json(made).encode())
    sys.stdout.write(to_text(made.summary, list(made.rows)))
    if made.files > len(made.rows):
        sys.stdout.write(f"{made.files - len(made.rows)} of {made.files} files were not part of these runs\n")
    if made.error:
        sys.stderr.write(f"s2c: {made.error}\n")
    publish.sum_up(made, os.environ)
    return made.code


def _read(path: Path) -> Result:
    try:
        return result.from_json(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise S2cError(f"this result can't be read: {error.strerror}", where=str(path)) from None
    except UnicodeDecodeError:
        raise S2cError("this result is no text in UTF-8", where=str(path)) from None
