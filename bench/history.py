"""Sixty commits to a project of many files: what s2c asks for, beside asking for each changed file and its importers.

Run by hand: `python bench/history.py [COMMITS] [SEED]`. Each commit changes four files on average; after each one doit
runs. Asking file by file is counted with the very prompts that s2c would send, one spec in each. A request of s2c is
justified by specs that are new, or whose fills of yesterday prove them no more; every spec that was sent is held
against that. A small program that decides by content stands in Dafny's place, the model always knows the answer.
"""

import re
import sys
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from s2c import asking, config, connect, plan, project, stands, tokens, wire
from s2c.languages.base import language
from tests.loopback import Exchange, Server, stream_text
from tests.openai_server import asked, spec_text
from tests.oracle import edits
from tests.oracle.memory import holes_in
from tests.oracle.verifier import dafny
from tests.oracle.world import FUNCTION, METHOD, STUB, World, proves, solution, source
from tests.projects import Tree

COMMITS, FILES = 60, 48
ALIKE, BY_THE_WAY = 0.5, 0.42  # of new files: a contract that an import's own keeps; of edits: no token changes
KINDS = (METHOD, METHOD, METHOD, STUB, FUNCTION)
PLAIN = ((5, edits.comment), (4, edits.blanks), (1, edits.rename))
MEANING = ((7, edits.contract), (4, edits.choice), (1, edits.declare), (1, edits.add_import), (1, edits.new))


Fills = Mapping[int, tuple[str, ...]]
"""The mark of a file -> what its holes hold."""


@dataclass
class Count:
    """What the commits were, and what each way asked for."""

    edited: int = 0  # files, over all commits
    tokens_changed: int = 0  # of these: another token
    broken: int = 0  # of these: the old fills of the file, or of one that imports it, prove no more
    requests: int = 0
    tokens: int = 0
    specs: int = 0
    unjustified: list[str] = field(default_factory=list)
    naive_requests: int = 0
    naive_tokens: int = 0


def first(random: Random) -> tuple[World, edits.Editor]:
    """A project of many files, each of which imports up to three before it, in layers."""
    editor = edits.Editor(random)
    world = World({})
    while len(world.files) < FILES:
        paths = sorted(world.files)
        below = tuple(random.sample(paths, min(len(paths), random.randrange(4))))
        like = world.files[random.choice(below)] if below and random.random() < ALIKE else None
        made = world.put(editor.path(world), editor.file(random.choice(KINDS), below, like))
        world = made if made.sensible() else world
    return world, editor


def commit(editor: edits.Editor, world: World) -> World:
    """Four files on average, almost half of them of comments and blanks; a moved file changes who includes it."""
    for _ in range(editor.random.choice((3, 3, 4, 6))):
        weights, makers = zip(*(PLAIN if editor.random.random() < BY_THE_WAY else MEANING), strict=True)
        made = editor.random.choices(makers, weights)[0](editor, world)
        world = made if made is not None and made.sensible() else world
    return world


class Project:
    """One project on disk with its endpoint."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.tree = Tree(folder / "project")
        self.tree.tables.update(dafny(folder / "tool"))
        self.tree.env = {"S2C_VERDICT_KEY": "33" * 32}
        self.tree.configure(model="m-1", base_url=server.url)
        self._server = server
        self._written: dict[str, str] = {}

    def lay_out(self, world: World) -> dict[str, tuple[str, str]]:
        """Make the disk hold it; path -> text before and now of every file that was changed or is new."""
        now = {path: source(path, file) for path, file in world.files.items()}
        was = {path: self._written.get(path, "") for path in now}
        changed = {path: (was[path], text) for path, text in now.items() if was[path] != text}
        for path in self._written.keys() - now.keys():
            (self.tree.root / path).unlink()
        for path, (_, text) in changed.items():
            self.tree.write(path, text)
        self._written = now
        return changed

    def file_by_file(self, paths: set[str]) -> list[int]:
        """The prompt tokens of a request for each component that holds or imports one of these, alone."""
        self.tree.write_settings()
        settings = config.load(self.tree.root)
        with connect.open_store(settings) as store:
            made = project.load(settings, store, lambda _: None)
            graph, standing, counter = made.graph, stands.standing(made), tokens.Counter()
            homes = {graph.home[path] for path in paths}
            wanted = [one for one in graph.components.values() if homes & {one.id, *graph.closures[one.id]}]
            holes = [one for one in wanted if any(graph.specs[path].outline.holes for path in one.members)]
            whole = (plan.whole(made, one, standing.keys.get(one.id, ""), 1) for one in holes)
            return [asking.compose(made, [one], "", counter, standing.fills).request.prompt_tokens for one in whole]


class Model:
    """The played model, and which specs it was shown."""

    def __init__(self) -> None:
        self.world = World({})
        self.shown: list[int] = []  # marks

    def __call__(self, exchange: Exchange) -> None:
        """Answer one request."""
        prompt = exchange.received.prompt
        nonce, ids = asked(prompt)
        said = {}
        for component in self.world.components:
            holes = solution(self.world, component)
            said.update({self.world.files[path].mark: holes[self.world.files[path].name] for path in component})
        names = {one: one.rpartition(".h") for one in ids}
        marks = {name: mark_of(spec_text(prompt, name)) for name, _, _ in names.values()}
        self.shown += marks.values()
        found = {one: said[marks[name]][int(number) - 1] for one, (name, _, number) in names.items()}
        read = exchange.received.prompt_tokens
        usage = {"prompt_tokens": read, "completion_tokens": 9, "total_tokens": read + 9}
        stream_text(wire.render(nonce, found), usage=usage)(exchange)


def mark_of(section: str) -> int:
    """The mark in the text of a spec."""
    return int(re.findall(r"^// mark (\d+) ", section, re.MULTILINE)[0])


def account(world: World, root: Path, old: Fills) -> tuple[Fills, set[tuple[str, ...]]]:
    """The fills in build/, and the components that yesterday's fills prove no more (or that had none)."""
    now = {path: holes_in(path, world, (root / "build" / path).read_bytes()) or () for path in world.files}
    seen = {path: holes[-1] for path, holes in now.items() if world.files[path].kind == FUNCTION}
    broken = set()
    for component in world.components:
        files = [world.files[path] for path in component]
        if not proves(world, component, {file.name: old.get(file.mark, ()) for file in files}, seen):
            broken.add(component)
    return {world.files[path].mark: holes for path, holes in now.items()}, broken


class Play:
    """The commits, one after the other, and both accounts of them."""

    def __init__(self, on_disk: Project, server: Server, model: Model) -> None:
        self._disk = on_disk
        self._server = server
        self._model = model
        self._fills: Fills = {}

    def commit(self, world: World, count: Count) -> None:
        """One commit and one run, counted."""
        changed, before = self._disk.lay_out(world), len(self._server.requests)
        self._model.world, self._model.shown = world, []
        naive = self._disk.file_by_file(set(changed))
        ended = self._disk.tree.doit()
        if ended.code:
            raise SystemExit(ended.text[-2000:])
        self._fills, broken = account(world, self._disk.tree.root, self._fills)
        sound = {world.files[path].mark: path for one in world.components if one not in broken for path in one}
        count.unjustified += [sound[mark] for mark in self._model.shown if mark in sound]
        count.specs += len(self._model.shown)
        count.requests += len(self._server.requests) - before
        count.tokens += sum(one.prompt_tokens for one in self._server.requests[before:])
        count.naive_requests += len(naive)
        count.naive_tokens += sum(naive)
        edited(count, world, changed, broken)


def edited(
    count: Count, world: World, changed: Mapping[str, tuple[str, str]], broken: Collection[tuple[str, ...]]
) -> None:
    """What a commit's edits were: those that break a proof change tokens, of the file or of what it imports."""
    meant = {path for path, (was, text) in changed.items() if skeleton(was) != skeleton(text)}
    own = {path for one in broken for path in one} & meant
    theirs = {path for one in broken if not own & set(one) for path in world.below(one)} & meant
    count.edited += len(changed)
    count.tokens_changed += len(meant)
    count.broken += len(own | theirs)


def skeleton(text: str) -> tuple[bytes, ...]:
    """Its tokens, holes empty."""
    return language("dafny").parse(text.encode()).skeleton


def main(commits: int = COMMITS, seed: str = "history") -> None:
    """Play it all; print both accounts."""
    random, model, count = Random(seed), Model(), Count()  # noqa: S311 - played again, not guessed
    world, editor = first(random)
    with tempfile.TemporaryDirectory(prefix="s2c-history-") as folder, Server(model) as server:
        play = Play(Project(Path(folder), server), server, model)
        play.commit(world, Count())
        for _ in range(commits):
            world = commit(editor, world)
            play.commit(world, count)
    share = 100 / max(1, count.edited)
    print(f"{commits} commits to {FILES} files: {count.edited} edits of a file, {count.edited / commits:.1f} a commit;")
    print(f"  {share * count.tokens_changed:.0f} % change tokens, {share * count.broken:.0f} % break a proof")
    print(f"file by file: {count.naive_requests} requests, {count.naive_tokens} prompt tokens")
    print(f"s2c:          {count.requests} requests, {count.tokens} prompt tokens, {count.specs} specs in them")
    requests, read = count.requests / max(1, count.naive_requests), count.tokens / max(1, count.naive_tokens)
    print(f"  {requests:.3f} of the requests, {read:.3f} of the tokens")
    print(f"  specs sent though their old fills prove them: {len(count.unjustified)} {count.unjustified[:5]}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *sys.argv[2:])
