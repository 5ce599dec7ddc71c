"""The cache of a project: its databases, its records, and the key that signs verdicts.

Law: nothing is repaired here and nothing of a secret is shown; what a run will repair by itself is told as that.
"""

import os
from collections.abc import Iterator

from s2c import records
from s2c.checkup.finding import Finding, fail, of_error, ok, warn
from s2c.codec import MAGIC
from s2c.errors import S2cError
from s2c.settings import Config
from s2c.store import health
from s2c.store.secret import VARIABLE, secret_file, verdict_secret

SHOWN = 3  # lines of records that can't be read


def databases(config: Config) -> Iterator[Finding]:
    """Whether each database opens, and whether every row of it is what was written."""
    folder = config.cache_folder
    found = list(health.databases(folder, _secret()))
    for one in found:
        yield _database(one)
    yield from _aside(config)
    if found:
        yield ok("cache", f"{health.size(folder) / 1e6:.1f} MB in {folder}, rows in the form {MAGIC.decode()}")
    else:
        yield ok("cache", "no database yet: the first run makes it")


def written(config: Config) -> Iterator[Finding]:
    """The records as text, each line read, and held against what the store has."""
    folder = config.cache_folder / "records"
    if folder.exists() and not folder.is_dir():
        yield fail("records", f"{folder} is not a folder", "move it away: the next run makes it")
        return
    told = health.told(sorted(folder.glob(f"*{records.SUFFIX}")))
    for problem in told.problems[:SHOWN]:
        yield warn("records", problem, "take the line from version control again, or a newer s2c if that wrote it")
    if len(told.problems) > SHOWN:
        more = len(told.problems) - SHOWN
        yield warn("records", f"{more} more lines can't be read", "take the files from version control again")
    stored = health.stored(config.cache_folder)
    said = f"{len(told.places)} in {folder} (schema {records.SCHEMA}), {len(stored)} in the store"
    unwritten = len(stored - told.places)
    if unwritten and not config.records:
        yield ok("records", f"{said}: records = false leaves {unwritten} of the store out")
    elif unwritten:
        fix = "the next `doit generate` writes them; if that did not, see whether the folder can be written"
        yield warn("records", f"{said}: {unwritten} of the store are not written as text", fix)
    elif unread := len(told.places - stored):
        yield ok("records", f"{said}: the next run reads {unread}")
    else:
        yield ok("records", said)


def verdict_key() -> Iterator[Finding]:
    """The key that signs verdicts: in the environment, in a file that nobody else can read, or not made yet."""
    what, path = "verdict key", secret_file(os.environ)
    if os.environ.get(VARIABLE):
        verdict_secret(os.environ)
        yield ok(what, f"from the environment variable {VARIABLE}")
    elif path.exists():
        verdict_secret(os.environ)
        yield ok(what, f"{path}, mode {path.stat().st_mode & 0o777:04o}")
    else:
        yield ok(what, f"none yet: the first run makes {path}")


def _secret() -> bytes:
    """The key, if there is a good one: what is wrong with it is a finding of its own, and none is made here."""
    if not os.environ.get(VARIABLE) and not secret_file(os.environ).exists():
        return b""
    try:
        return verdict_secret(os.environ)
    except S2cError:
        return b""


def _database(one: health.Health) -> Finding:
    what = f"cache {one.name}"
    if one.error is not None:
        return of_error(what, one.error)
    if one.told and one.name == "verdicts":
        return warn(what, f"{one.rows} rows; {one.told[0]}", "nothing: what they say is found out again")
    if one.told:
        said = f"{one.rows} rows can be read; {len(one.told)} can't: {one.told[0]}"
        return fail(what, said, "take cache/records from version control; delete cache/db, and they are read again")
    return ok(what, f"opens, {one.rows} rows, all whole")


def _aside(config: Config) -> Iterator[Finding]:
    found = health.aside(config.cache_folder)
    if found:
        names = ", ".join(one.name for one in found)
        fix = "delete them when nothing is missed: what could be saved is in the new database"
        yield warn("cache", f"damaged databases were put aside: {names}", fix)
