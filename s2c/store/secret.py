"""The secret that signs this machine's verdicts.

Law: it never lies inside a project. Whoever hands over a project with its cache hands over claims, no verdicts.
"""

import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path

from s2c.errors import ConfigError, StoreError
from s2c.store.files import create_once

VARIABLE = "S2C_VERDICT_KEY"
SHORTEST = 16  # characters or bytes


def verdict_secret(environ: Mapping[str, str]) -> bytes:
    """The secret from S2C_VERDICT_KEY, else from the user's state folder, where the first call makes it."""
    if environ.get(VARIABLE):  # a CI server sets one to "" where its secret is not to be had
        given = environ[VARIABLE].encode("utf-8", "surrogateescape")
        if len(given) < SHORTEST:
            raise ConfigError(
                f"the secret is shorter than {SHORTEST} characters",
                where=f"environment variable {VARIABLE}",
                fix="take a long random text, or unset it",
            )
        return given
    path = secret_file(environ)
    try:
        return _read(path)
    except OSError as error:
        raise StoreError(
            f"the secret that signs verdicts can't be read or made: {error.strerror}",
            where=str(path),
            fix=f"set XDG_STATE_HOME to a folder that can be written, or {VARIABLE} to a long random text",
        ) from None


def secret_file(environ: Mapping[str, str]) -> Path:
    """Where the secret lies: $XDG_STATE_HOME/s2c/verdict.key, by default below ~/.local/state."""
    state = Path(environ.get("XDG_STATE_HOME", ""))
    base = state if state.is_absolute() else Path(environ.get("HOME") or Path.home()) / ".local" / "state"
    return base / "s2c" / "verdict.key"


def _read(path: Path) -> bytes:
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        create_once(path, secrets.token_hex(32).encode())
    with path.open("rb") as file:
        mode = os.fstat(file.fileno()).st_mode
        found = file.read().strip()
    if stat.S_IMODE(mode) & 0o077 or len(found) < SHORTEST:
        raise StoreError(
            "the secret that signs verdicts is damaged, or others can read it",
            where=str(path),
            fix="delete it: a new one is made, and files are judged again",
        )
    return found
