"""`s2c clean --orphans`: files in build/ whose spec is gone are listed, and deleted with `--yes`.

Law: what a person may have written is kept unless `--edited` is said too.
"""

import argparse
import sys

from s2c import connect, orphans, recorded
from s2c.commands import Subparsers
from s2c.commands.shared import counted, opened, session_of
from s2c.orphans import Orphan
from s2c.session import Session
from s2c.settings import Config


def add(commands: Subparsers) -> None:
    """Tell the parser of it."""
    cleaned = commands.add_parser("clean", help="files in the build folder whose spec is gone")
    cleaned.add_argument("--orphans", action="store_true", required=True, help="what is cleaned")
    cleaned.add_argument("--yes", action="store_true", help="delete them; without it they are only listed")
    cleaned.add_argument("--edited", action="store_true", help="also those that a person may have written")
    cleaned.set_defaults(run=_clean)


def _clean(parsed: argparse.Namespace) -> int:
    settings, store = opened()
    if not parsed.yes:
        return _told(parsed, settings, _found(session_of(settings, store)))
    with connect.solving(settings, connect.said):  # no build writes there meanwhile
        session = session_of(settings, store)
        found = _found(session)
        for one in found:
            if parsed.edited or not one.edited:
                session.project.outputs.remove(one.place)
    return _told(parsed, settings, found)


def _found(session: Session) -> list[Orphan]:
    config = session.config
    return orphans.find(config, session.project.graph.specs, recorded.read(config.root / recorded.FILE))


def _told(parsed: argparse.Namespace, settings: Config, found: list[Orphan]) -> int:
    gone = [one for one in found if parsed.edited or not one.edited]
    for one in found:
        name = one.place.relative_to(settings.build_folder)
        kept = "" if one in gone else f"kept, {one.edited} (--edited takes it too)"
        fate = kept or ("deleted" if parsed.yes else "its spec is gone")
        sys.stdout.write(f"{settings.build}/{name}: {fate}\n")
    asked = "" if parsed.yes or not gone else "; --yes deletes them"
    count = f"{len(gone)} deleted" if parsed.yes else f"{len(gone)} to delete"
    sys.stdout.write(f"{counted(len(found), 'orphan')}, {count}{asked}\n")
    return 0
