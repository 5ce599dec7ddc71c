"""Files are replaced whole or not at all.

Law: whoever reads a file that is written here sees its old bytes or its new ones, never a part, also after a kill.
"""

import os
import re
import secrets
import stat
import time
from contextlib import suppress
from pathlib import Path

PREFIX = ".s2c-"
TEMPORARY = re.compile(re.escape(PREFIX) + "[0-9a-f]{16}")


def write_atomic(path: Path, content: bytes, *, mode: int = 0o666, durable: bool = True) -> None:
    """Replace `path` by a file with these bytes; its folder must exist. Raises OSError: then nothing has changed.

    Not `durable`: a power cut, no kill, may leave it empty; for what is made again from elsewhere.
    """
    temporary = path.with_name(f"{PREFIX}{secrets.token_hex(8)}")
    try:
        _write_new(temporary, content, mode, durable=durable)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def replace_kept(path: Path, content: bytes) -> None:
    """Replace a file by one with these bytes, its mode and, where that is allowed, its owner. Raises OSError."""
    was = path.stat()
    temporary = path.with_name(f"{PREFIX}{secrets.token_hex(8)}")
    try:
        _write_new(temporary, content, 0o600)
        with suppress(PermissionError):
            os.chown(temporary, was.st_uid, was.st_gid)
        temporary.chmod(stat.S_IMODE(was.st_mode))  # after the owner: a change of that takes bits away
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def create_once(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Make `path` with these bytes unless it exists; of several processes one wins. Raises OSError."""
    temporary = path.with_name(f"{PREFIX}{secrets.token_hex(8)}")
    try:
        _write_new(temporary, content, mode)
        path.hardlink_to(temporary)
    except FileExistsError:
        pass
    finally:
        temporary.unlink(missing_ok=True)


def is_temporary(name: str) -> bool:
    """Whether a file of this name is one that is being written, or that a kill left so."""
    return name.startswith(PREFIX) and TEMPORARY.fullmatch(name) is not None


def sweep(folder: Path, older: float = 600.0) -> None:
    """Delete what killed processes left half written below a folder: nothing that is being written is so old."""
    for place, _, names in os.walk(folder):
        for name in names:
            if is_temporary(name):
                with suppress(OSError):
                    path = Path(place, name)
                    if time.time() - path.stat().st_mtime > older:
                        path.unlink()


def _write_new(path: Path, content: bytes, mode: int, *, durable: bool = True) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:  # noqa: PTH123 - the mode counts
        file.write(content)
        file.flush()
        if durable:
            os.fsync(file.fileno())
