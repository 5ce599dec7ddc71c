"""`s2c adopt`: verified fills become part of the sources, on request only; `--undo` takes that back.

Law: of the specs that are named either all are adopted or none. With `--all` what can be adopted is, and the rest is
told.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence

from s2c import adoption, connect, recorded
from s2c.adoption import Adoption
from s2c.commands import Subparsers
from s2c.commands.shared import counted, opened, selected, session_of
from s2c.errors import ConfigError, S2cError, SpecError
from s2c.originals import Originals
from s2c.session import Session
from s2c.settings import Config


def add(commands: Subparsers) -> None:
    """Tell the parser of it."""
    adopting = commands.add_parser("adopt", help="write verified fills back into the sources")
    adopting.add_argument("specs", nargs="*", help="these specs; of files that import each other all")
    adopting.add_argument("--all", action="store_true", help="every spec that is verified")
    adopting.add_argument("--undo", action="store_true", help="put the sources back as they were")
    adopting.set_defaults(run=_adopt)


def _adopt(parsed: argparse.Namespace) -> int:
    if bool(parsed.specs) == parsed.all:
        raise ConfigError("say which: SPEC..., or --all", fix="`s2c adopt a.dfy`, `s2c adopt --all`")
    settings, store = opened()
    kept = Originals(settings.root, settings.cache_folder)
    with connect.solving(settings, connect.said):  # no build reads sources meanwhile
        if parsed.undo:
            return _undo(kept, parsed.specs or kept.paths(), whole=not parsed.all)
        return _into(kept, session_of(settings, store), parsed.specs)


def _into(kept: Originals, session: Session, paths: Sequence[str]) -> int:
    found, left = _found(session, selected(session, paths), whole=bool(paths))
    kept.replace(found)
    for one in found:
        sys.stdout.write(f"{one.path}: adopted\n")
    for path in sorted(set(paths).difference(one.path for one in found)):
        sys.stdout.write(f"{path}: it has no holes\n")
    _tell(left)
    sys.stdout.write(f"{counted(len(found), 'source')} adopted{_next(session.config, found)}\n")
    return 1 if left else 0


def _next(settings: Config, found: Sequence[Adoption]) -> str:
    if not found:
        return ""
    back = f"what they were lies in {settings.cache}/adopted, and `s2c adopt --undo` puts it back"
    return f"; {back}. `doit` builds them as files without holes"


def _found(session: Session, components: Sequence[str] | None, *, whole: bool) -> tuple[list[Adoption], list[S2cError]]:
    """What is adopted, and why the rest is not. Raises the first of these errors if it is the `whole` or nothing."""
    graph = session.project.graph
    green = recorded.verified(session.config.root / recorded.FILE)
    found: list[Adoption] = []
    left: list[S2cError] = []
    for one in graph.components if components is None else components:
        if components is None and one.startswith("../"):
            continue
        try:
            found += adoption.adoptions(session, green, graph.components[one])
        except SpecError as error:
            left.append(error)
    if whole and left:
        raise left[0]
    return found, left


def _undo(kept: Originals, paths: Sequence[str], *, whole: bool) -> int:
    troubles = {path: kept.trouble(path) for path in paths}
    left = [error for error in troubles.values() if error is not None]
    if whole and left:
        raise left[0]
    back = [path for path, error in troubles.items() if error is None]
    for path in back:
        kept.put_back(path)
        sys.stdout.write(f"{path}: as it was\n")
    _tell(left)
    sys.stdout.write(f"{counted(len(back), 'source')} put back\n")
    return 1 if left else 0


def _tell(left: Iterable[S2cError]) -> None:
    for error in left:
        sys.stdout.write(f"{error}\n")
