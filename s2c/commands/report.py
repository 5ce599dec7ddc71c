"""`s2c report`: one page of everything that is known of the project; `s2c report merge`: results of shards as one.

Law: nothing is run, asked or judged. The page is written whole or not at all.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from s2c import __version__, overview
from s2c.commands import Subparsers, merge
from s2c.commands.shared import session
from s2c.errors import S2cError
from s2c.report import page
from s2c.store.files import write_atomic

NAME = "report.html"


def add(commands: Subparsers) -> None:
    """Tell the parser of it."""
    report = commands.add_parser("report", help="one page: files, fills, attempts, imports, cost; or results merged")
    report.add_argument("--output", type=Path, metavar="FILE", help=f"where to write it (build/{NAME})")
    report.add_argument("--json", action="store_true", help="for programs, on standard output; no page is written")
    report.set_defaults(run=_report)
    merge.add(report.add_subparsers(metavar="merge"))


def _report(parsed: argparse.Namespace) -> int:
    opened = session()
    found = overview.look(opened.project, opened.identities)
    made = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime())
    if parsed.json:
        sys.stdout.write(json.dumps(page.to_json(found, made, __version__), indent=1) + "\n")
        return 0
    place = parsed.output or opened.config.build_folder / NAME
    title = opened.config.root.resolve().name
    _write(place, page.render(found, made, __version__, title).encode("utf-8", "replace"))
    green = sum(one.state == "verified" for one in found.files)
    sys.stdout.write(f"{place}: {green} of {len(found.files)} files verified\n")
    return 0


def _write(place: Path, content: bytes) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(place, content)
    except OSError as error:
        raise S2cError(f"the report can't be written: {error.strerror}", where=str(place)) from None
