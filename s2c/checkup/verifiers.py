"""The verifiers that a project would use, found and tested as a run does it, but remembered nowhere.

Law: the store that a search needs lies in a folder of its own and goes with it: looking changes no project, and does
not depend on what a project's store holds.
"""

import secrets
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from s2c import spec as specs
from s2c import tools
from s2c.checkup.finding import Finding, of_error, ok
from s2c.errors import ToolError
from s2c.executor import LocalExecutor
from s2c.languages.base import language
from s2c.languages.known import known, suffixes
from s2c.process import Tool
from s2c.settings import Config
from s2c.store import Store


def spoken(paths: Collection[str]) -> tuple[str, ...]:
    """The names of the languages of these files, sorted; no language is read for it."""
    return tuple(sorted({name for suffix, name in suffixes().items() if any(one.endswith(suffix) for one in paths)}))


def look(config: Config, name: str, *, test: bool) -> Tool:
    """The verifier of a language; with `test` it has just passed its self-tests. Raises ToolError."""
    own = language(name)
    layout = specs.layout(config, own, specs.listing(config))
    with aside() as store, LocalExecutor(config.jobs) as executor:
        try:
            tool = tools.find(config, own, layout, store, executor.submit)
        except ToolError as error:
            fix = "; to get it: ".join(one for one in (error.fix, known()[name].get) if one)
            raise ToolError(error.what, where=error.where, fix=fix) from None
        if test:
            tools.self_test(own, tool, store, executor.submit, afresh=True)
        return tool


@contextmanager
def aside() -> Iterator[Store]:
    """A store in a folder of its own, which goes with it."""
    secret = secrets.token_bytes(32)
    with tempfile.TemporaryDirectory(prefix="s2c-look-") as folder, Store.open(Path(folder), secret=secret) as store:
        yield store


def where(tool: Tool) -> str:
    """How a verifier is called, with the path of its program."""
    first, *rest = tool.command
    return " ".join([shutil.which(first) or first, *rest])


def check(config: Config, name: str) -> Iterator[Finding]:
    """Whether the verifier of a language is there, what it is, and whether it passes its self-tests."""
    try:
        tool = look(config, name, test=True)
    except ToolError as error:
        yield of_error(name, error)
    else:
        yield ok(name, f"{tool.name} {tool.version} passes its self-test ({where(tool)}; identity {tool.identity})")
