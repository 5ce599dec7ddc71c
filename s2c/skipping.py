"""Which files a run leaves unread because nothing about them changed, and the note that it leaves for the next run.

Law: leaving out is the exception. Whatever might depend on all files (a file added or gone, another setting, rule or
verifier, a project file by which files see each other) makes every file be read. What is left out is told and counted
as up to date, with what was remarked about it when it was judged.
"""

import json
import os
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from s2c import __version__, idle, judge, settled, tools
from s2c import spec as specs
from s2c.digest import digest_bytes
from s2c.errors import S2cError, ToolError
from s2c.languages.base import Language, Layout, language
from s2c.languages.known import known
from s2c.lint import Finding
from s2c.report.summary import Row
from s2c.session import Session
from s2c.settings import Config
from s2c.settled import Entry, Settled, Stamp
from s2c.store import Store

# settings that change nothing about what is up to date
_BY_THE_WAY = frozenset(
    {"root", "jobs", "requests", "request_seconds", "max_cost", "max_cost_per_spec", "max_requests", "max_tokens"}
    | {"frozen", "offline", "quiet", "junit", "records", "watch_asks", "warm"}
)
_AGAIN = ("fresh", "retry", "recheck", "context_aware")  # with one of these a run looks at everything


@dataclass(frozen=True)
class Wish:
    """What of a run is known before anything is read: the paths that it names (none: all), and whether it verifies."""

    paths: frozenset[str]
    verify: bool


@dataclass(frozen=True)
class Done:
    """What a run found up to date or made so: path -> the digest of build/PATH, and the paths that are verified."""

    generated: Mapping[str, str]
    verified: Collection[str]


class Skipping:
    """What one run leaves out. `only`: the paths to read, or None for all; `left`: what is not read.

    `idle`: what the run before said, which had as little to do as this one.
    """

    def __init__(self, config: Config, store: Store, database: Path, wish: Wish | None) -> None:
        self._config = config
        self._store = store
        self._database = database
        self._folder = config.cache_folder / "db"
        self._whole = any(getattr(config, name) for name in _AGAIN)
        self._changes = store.changes()
        self.only: frozenset[str] | None = None
        self._known: Settled | None = None
        self.idle: idle.Idle | None = None
        if wish is not None and not self._whole:
            with suppress(ToolError, OSError):
                self._look(wish)

    @cached_property
    def left(self) -> Mapping[str, Entry]:
        """What is not read, of a run that names nothing or that found something out."""
        known, only = self._known, self.only
        if known is None or only is None:
            return {}
        return {path: known.entry(path) for path in known.lines if path not in only}

    @property
    def leaves(self) -> bool:
        """Whether anything is not read."""
        return self.idle is not None or (self._known is not None and len(self._known.lines) > len(self.only or ()))

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Every file of the project that could be a source or a manifest, as the run began."""
        return specs.listing(self._config)

    def rows(self) -> tuple[list[Row], list[Finding]]:
        """The rows of what is left out, and the remarks on it."""
        told = json.loads(f"[{','.join(one.row for one in self.left.values() if one.row)}]")
        return [_row(one["row"]) for one in told], [Finding(*one) for row in told for one in row["lint"]]

    def leave(self, session: Session, rows: Sequence[Row], remarks: Collection[Finding], done: Done) -> None:
        """Leave the note for the next run. Where that can't be written, the next run reads more, and is right."""
        if self._whole:
            return
        with suppress(OSError, S2cError):
            session.give_back(done.generated)  # what the note lets the next run leave unread is in the store
            time.sleep(settled.MOMENT / 1e9)  # what was written last is too young to be marked
            made = dict(_entries(session, rows, remarks, done))
            if session.kept or not self._same(made):
                self._write(made, session.kept)

    def _write(self, made: Mapping[str, Entry], kept: Collection[str]) -> None:
        left = {path: replace(one, generated=one.generated and one.owes not in kept) for path, one in self.left.items()}
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        settled.write(self._folder, self._store.sign, Settled.of(self._head(), {**left, **made}))

    def _same(self, made: Mapping[str, Entry]) -> bool:
        """Whether the note says all this already."""
        known = self._known
        if known is None or known.head != self._head() or not made.keys() <= known.lines.keys():
            return False
        return all(known.entry(path) == one for path, one in made.items())

    def rest(self, text: str, written: Sequence[Path], *, verify: bool) -> None:
        """Leave what a run said that left everything out, with what it has `written` for programs."""
        time.sleep(settled.MOMENT / 1e9)  # as above
        root, marks = self._config.root, {path: was for one in self.left.values() for path, was in one.stamps.items()}
        for place in written:
            if (mark := settled.stamp(str(place))) is not None:
                marks[os.path.relpath(place, root)] = mark
        with suppress(OSError, ToolError):
            head, digest = self._called(verify=verify), idle.digest(marks.items())
            idle.write(self._folder, self._store.sign, idle.Idle(head, text, len(self.left), digest, tuple(marks)))

    def _called(self, *, verify: bool) -> str:
        """What an idle run says depends on this too. Raises ToolError."""
        return settled.head((self._head(), f"verify={verify}", f"quiet={self._config.quiet}"))

    def _look(self, wish: Wish) -> None:
        last = None if wish.paths else idle.read(self._folder, self._store.sign)
        if last is not None and last.head == self._called(verify=wish.verify) and idle.holds(last, self._config.root):
            self.idle, self.only = last, frozenset()
            return
        known = settled.read(self._folder, self._store.sign)
        if known is None or known.head != self._head() or not self._same_files(known, wish):
            return
        apart = all(layout.apart for _, layout in self._spoken)
        if wish.paths and apart:
            only = known.groups_of(wish.paths)
        else:
            only = known.changed(self._config.root, verified=wish.verify, apart=apart)
            only |= known.lines.keys() if wish.paths and not apart else frozenset()
        self._known, self.only = known, only

    def _same_files(self, known: Settled, wish: Wish) -> bool:
        own = frozenset(path for path in known.lines if not path.startswith("../"))
        return own.issuperset(specs.find(self._config, self.files)) and own.issuperset(wish.paths)

    # --- what counts for all files at once ----------------------------------------------------------------------

    @cached_property
    def _spoken(self) -> tuple[tuple[Language, Layout], ...]:
        return tuple(
            (language(name), specs.layout(self._config, language(name), self.files))
            for name, one in known().items()
            if any(path.endswith(one.suffixes) for path in self.files)
        )

    def _head(self) -> str:
        """Raises ToolError where a verifier is missing: what it would say is not known then."""
        ever, own = self._changes
        known = ever + self._store.changes()[1] - own  # what others put in meanwhile, this run has not seen
        return settled.head((*self._constant, repr(settled.stamp(str(self._database))), str(known)))

    @cached_property
    def _constant(self) -> tuple[str, ...]:
        config = self._config
        own = [f"{item.name}={getattr(config, item.name)!r}" for item in fields(config) if item.name not in _BY_THE_WAY]
        return (__version__, judge.RULES, *own, *self.files, *(part for one in self._spoken for part in self._of(*one)))

    def _of(self, spoken: Language, layout: Layout) -> Iterator[str]:
        yield f"{spoken.name} {spoken.version} {spoken.policy_version}"
        yield tools.identity(self._config, spoken, layout, self._store)
        for path in self.files:
            if path.rpartition("/")[2] in known()[spoken.name].manifests:
                yield digest_bytes((self._config.root / path).read_bytes())


def _row(told: Mapping[str, Any]) -> Row:
    return Row(**{**told, **{name: tuple(told[name]) for name in ("remarks", "assumptions")}})


def _entries(
    session: Session, rows: Sequence[Row], remarks: Collection[Finding], done: Done
) -> Iterator[tuple[str, Entry]]:
    """Every file that was read: its group, what of it is up to date, its marks."""
    graph = session.project.graph
    group = {path: graph.groups[graph.home[path]] for path in graph.specs}
    green = {one.path: one for one in rows if one.state == "verified"}
    marks = {path: _marks(session, path, done) for path in graph.specs}
    own = [path for path in graph.specs if not path.startswith("../")]
    stale = {group[path] for path in own if path not in done.generated or path not in green or not marks[path]}
    open_ = {group[path] for path in own if path not in done.verified}
    for path in graph.specs:
        name = group[path]
        told = json.dumps(_told(green[path], remarks)) if path in green else ""
        owes = session.owes(path)
        yield path, Entry(name, name not in stale, name not in stale | open_, marks[path] or {}, told, owes)


def _told(row: Row, remarks: Collection[Finding]) -> dict[str, object]:
    row = replace(row, origin="", attempts=0)  # what was spent on it is not a later run's
    return {"row": asdict(row), "lint": [list(asdict(one).values()) for one in remarks if one.path == row.path]}


def _marks(session: Session, path: str, done: Done) -> dict[str, Stamp] | None:
    """The marks of all files that count for one source; None if one does not hold what it must."""
    project = session.project
    wanted: dict[str, str | None] = {path: digest_bytes(project.graph.specs[path].source)}
    if not path.startswith("../"):
        wanted[f"{project.config.build}/{path}"] = done.generated.get(path)
        if path in done.verified:
            place = project.outputs.verdict_file(path).relative_to(project.config.root)
            wanted[place.as_posix()] = None
    return settled.marked(project.config.root, wanted)
