"""What several commands need: the session of the project around the current folder, and the specs that were named.

Law: nothing is asked and nothing is written.
"""

import difflib
import posixpath
from collections.abc import Sequence
from pathlib import Path

from s2c import config as configs
from s2c import connect, recorded
from s2c import project as projects
from s2c.errors import S2cError
from s2c.session import Session
from s2c.settings import Config
from s2c.store import Store


def here() -> Path:
    """The current folder. Raises S2cError where it was deleted."""
    try:
        return Path.cwd()
    except OSError as error:
        raise S2cError(
            f"the current folder can't be read: {error.strerror}", fix="change to one that is there"
        ) from None


def session() -> Session:
    """The session of the project that the current folder is part of. Raises S2cError where there can be none."""
    return session_of(*opened())


def opened() -> tuple[Config, Store]:
    """The settings of the project that the current folder is part of, and its store."""
    settings = configs.load(configs.find_root(here()))
    return settings, connect.open_store(settings)


def session_of(settings: Config, store: Store) -> Session:
    """The session of a project as its files are now."""
    project = projects.load(settings, store, recorded.read(settings.root / recorded.FILE).get)
    return Session(project, lambda _: None, lambda: connect.Connection(settings, store, lambda _: None))


def known(session: Session, path: str) -> str:
    """This path, if it is one of a spec; a `./` before it is no matter. Raises S2cError with the nearest."""
    home = session.project.graph.home
    for one in (path, posixpath.normpath(path)):
        if one in home:
            return one
    near = difflib.get_close_matches(path, home, n=1, cutoff=0.5)
    fix = f"did you mean {near[0]}?" if near else "`s2c plan` lists all of them"
    raise S2cError(f"{path} is not a spec of this project", fix=fix)


def selected(session: Session, paths: Sequence[str]) -> list[str] | None:
    """The ids of the components that hold these paths; None if none is named. Raises S2cError for an unknown one."""
    return [session.project.graph.home[known(session, path)] for path in paths] or None


def counted(count: int, name: str) -> str:
    """`1 file`, `2 files`."""
    plural = f"{name.removesuffix('sis')}ses" if name.endswith("sis") else f"{name}s"
    return f"{count} {name if count == 1 else plural}"
