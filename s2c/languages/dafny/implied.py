"""Files that a job's members depend on without including them: those of their Dafny project.

Law: such a file reaches Dafny through an include, in one more input that holds nothing else; so it is referenced and
not verified, like every include, and by each generation alike.

Measured: the other way of Dafny 4.11.0, `--library`, warns of every file that is no .doo, and a warning is never a
pass; what silences it would silence more. Named as inputs they would be verified. An input of includes alone is taken
by 2.3.0 and 4.11.0 without a word, also where a member includes the same file itself.
"""

import functools
import posixpath
from collections.abc import Mapping

from s2c.languages.base import Job
from s2c.languages.dafny.outline import parse


def inputs(job: Job) -> Mapping[str, bytes]:
    """One more file for the job, which includes what no include of its members reaches; none if they reach all."""
    reached = _reached(job)
    missing = [path for path in job.imports if path not in reached]
    if not missing:
        return {}
    name = "s2c-project.dfy"
    while name in job.files:
        name = f"_{name}"
    return {name: "".join(f"include {_literal(path)}\n" for path in missing).encode()}


def _reached(job: Job) -> set[str]:
    """The members and all that they include."""
    found: set[str] = set()
    todo = list(job.members) if job.imports else []
    while todo:
        path = todo.pop()
        if path in job.files and path not in found:
            found.add(path)
            todo += [posixpath.normpath(posixpath.join(posixpath.dirname(path), one)) for one in _includes(job, path)]
    return found


def _includes(job: Job, path: str) -> tuple[str, ...]:
    return _targets(job.files[path])


@functools.lru_cache(maxsize=4096)
def _targets(source: bytes) -> tuple[str, ...]:
    return tuple(one.target for one in parse(source).imports) if b"include" in source else ()


def _literal(path: str) -> str:
    """The path as a verbatim string, in which only the quote is special."""
    doubled = path.replace('"', '""')
    return f'@"{doubled}"'
