"""Random edits: each takes the project as it is and gives it as it is then, or nothing where it makes no sense.

Law: an edit is chosen and made from one seeded `Random` alone, so a run can be played again. It changes the model of
the project, not the disk; what can only be done on disk (something lost, an edit by hand) is named, and done by the
machine.
"""

import posixpath
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from random import Random

from tests.oracle.world import FUNCTION, GIVEN, METHOD, STUB, File, World, chance, obligation

Edit = Callable[["Editor", World], World | None]

FOLDERS = ("", "", "lib", "deep/er")
MOST_FILES = 14
VALUES = range(1, 9)  # few, so that one contract often keeps another


@dataclass
class Editor:
    """Makes edits. Names and marks are never used twice; `past` are projects as they once were."""

    random: Random
    names: int = 0
    marks: int = 0
    past: list[World] = field(default_factory=list)

    def name(self) -> str:
        """A name that no file has had."""
        self.names += 1
        return f"N{self.names}"

    def mark(self) -> int:
        """A mark that no file has had."""
        self.marks += 1
        return self.marks

    def any(self, world: World, kinds: Iterable[str] = (METHOD, STUB, FUNCTION, GIVEN)) -> str | None:
        """Some path of a file of these kinds."""
        paths = [path for path, file in sorted(world.files.items()) if file.kind in kinds]
        return self.random.choice(paths) if paths else None

    def path(self, world: World) -> str:
        """A path where no file is."""
        while True:
            path = posixpath.join(self.random.choice(FOLDERS), f"f{self.random.randrange(40)}.dfy")
            if path not in world.files:
                return path

    def values(self) -> tuple[int, ...]:
        """What a contract leaves."""
        return tuple(self.random.sample(VALUES, 1 + (self.random.random() < 0.3)))

    def file(self, kind: str, imports: tuple[str, ...] = (), like: File | None = None) -> File:
        """A new file; its contract is kept by whatever keeps that of `like`."""
        values = self.values() if like is None else like.values
        return File(kind, self.name(), values, imports, given=values[0], mark=self.mark())


def start(random: Random) -> tuple[World, Editor]:
    """A project with a chain of imports five deep, a cycle, functions, files without holes, and loose ends."""
    editor = Editor(random)
    files: dict[str, File] = {}
    below: tuple[str, ...] = ()
    for number, kind in enumerate((GIVEN, FUNCTION, METHOD, STUB, METHOD)):
        path = f"{FOLDERS[number % len(FOLDERS)]}/chain{number}.dfy".lstrip("/")
        files[path], below = editor.file(kind, below, files.get("chain0.dfy") if number > 1 else None), (path,)
    files["one.dfy"] = editor.file(METHOD, ("lib/two.dfy",))
    files["lib/two.dfy"] = editor.file(METHOD, ("one.dfy",))
    files["uses.dfy"] = editor.file(METHOD, ("one.dfy", "chain0.dfy"))
    files["alone.dfy"] = editor.file(STUB)
    world = World(files)
    assert world.sensible()
    return world, editor


# --- edits that change what a file means ------------------------------------------------------------------------------


def contract(editor: Editor, world: World) -> World | None:
    """Another contract, or that of something imported: older fills fail."""
    path = editor.any(world)
    if path is None:
        return None
    below = sorted(one for one in world.closures[path] if one in world.files and one != path)
    like = world.files[editor.random.choice(below)].values if below and editor.random.random() < 0.5 else None
    return world.put(path, replace(world.files[path], values=like or editor.values()))


def choice(editor: Editor, world: World) -> World | None:
    """One more choice in a contract, or the clause once more: older fills still prove it; callers' may not."""
    path = editor.any(world)
    if path is None:
        return None
    file = world.files[path]
    if editor.random.random() < 0.5 or len(file.values) > 2:
        return world.put(path, replace(file, again=1 + file.again % 3))
    more = editor.random.choice([one for one in VALUES if one not in file.values])
    return world.put(path, replace(file, values=(*file.values, more)))


def given(editor: Editor, world: World) -> World | None:
    """Another body in a file without holes: right or wrong; importers don't see it."""
    path = editor.any(world, [GIVEN])
    if path is None:
        return None
    file = world.files[path]
    good = editor.random.random() < 0.7
    return world.put(path, replace(file, given=editor.random.choice(file.values) if good else 77))


def declare(editor: Editor, world: World) -> World | None:
    """Another name: callers break. Files that bring a helper named after them keep theirs."""
    path = editor.any(world)
    if path is None or chance("help", world.files[path].name) < 33:
        return None
    return world.put(path, replace(world.files[path], name=editor.name()))


# --- edits that change nothing but text -------------------------------------------------------------------------------


def comment(editor: Editor, world: World) -> World | None:
    """Another comment."""
    return _change(editor, world, lambda file: replace(file, comment=file.comment + 1))


def blanks(editor: Editor, world: World) -> World | None:
    """Other white space."""
    return _change(editor, world, lambda file: replace(file, blanks=file.blanks + 1))


def _change(editor: Editor, world: World, change: Callable[[File], File]) -> World | None:
    path = editor.any(world)
    return None if path is None else world.put(path, change(world.files[path]))


# --- edits of imports and files ---------------------------------------------------------------------------------------


def add_import(editor: Editor, world: World) -> World | None:
    """One more import; it may close a cycle."""
    path, other = editor.any(world), editor.any(world)
    if path is None or other is None or path == other or other in world.files[path].imports:
        return None
    return world.put(path, replace(world.files[path], imports=(*world.files[path].imports, other)))


def drop_import(editor: Editor, world: World) -> World | None:
    """One import less."""
    paths = [path for path, file in sorted(world.files.items()) if file.imports]
    if not paths:
        return None
    path = editor.random.choice(paths)
    gone = editor.random.choice(world.files[path].imports)
    kept = tuple(one for one in world.files[path].imports if one != gone)
    return world.put(path, replace(world.files[path], imports=kept))


def rename(editor: Editor, world: World) -> World | None:
    """A file moves; who imports it follows."""
    path = editor.any(world)
    if path is None:
        return None
    to = editor.path(world)
    moved = {to if one == path else one: file for one, file in world.files.items()}
    return replace(world, files={one: _renamed(file, path, to) for one, file in moved.items()})


def _renamed(file: File, path: str, to: str) -> File:
    return replace(file, imports=tuple(to if one == path else one for one in file.imports))


def copy(editor: Editor, world: World) -> World | None:
    """A file once more, in another place."""
    path = editor.any(world)
    if path is None or len(world.files) >= MOST_FILES:
        return None
    return world.put(editor.path(world), world.files[path])


def new(editor: Editor, world: World) -> World | None:
    """A new file."""
    if len(world.files) >= MOST_FILES:
        return None
    other = editor.any(world)
    imports = (other,) if other is not None and editor.random.random() < 0.6 else ()
    kind = editor.random.choice([METHOD, METHOD, STUB, FUNCTION, GIVEN])
    like = world.files[other] if imports and other is not None and editor.random.random() < 0.5 else None
    return world.put(editor.path(world), editor.file(kind, imports, like))


def delete(editor: Editor, world: World) -> World | None:
    """A file is gone; who imports it is broken, or no longer imports it."""
    path = editor.any(world)
    if path is None or len(world.files) < 6:
        return None
    rest = world.without(path)
    if editor.random.random() < 0.2:
        return rest
    kept = {
        one: replace(file, imports=tuple(to for to in file.imports if to != path)) for one, file in rest.files.items()
    }
    return replace(rest, files=kept)


def damage(editor: Editor, world: World) -> World | None:
    """A syntax error, or its repair: sooner or later all is repaired."""
    broken = [path for path, file in sorted(world.files.items()) if file.broken]
    path = editor.random.choice(broken) if broken else editor.any(world)
    return None if path is None else world.put(path, replace(world.files[path], broken=not world.files[path].broken))


def repair(editor: Editor, world: World) -> World | None:
    """Every include of a file that is gone is taken out, every syntax error too."""
    del editor
    files = {
        path: replace(file, broken=False, imports=tuple(one for one in file.imports if one in world.files))
        for path, file in world.files.items()
    }
    return None if files == world.files else replace(world, files=files)


def revert(editor: Editor, world: World) -> World | None:
    """The whole project as it once was, or one file of it."""
    if not editor.past:
        return None
    then = editor.random.choice(editor.past)
    if editor.random.random() < 0.4:
        return replace(then, model=world.model)
    path = editor.any(then)
    return None if path is None else world.put(path, then.files[path])


def model(editor: Editor, world: World) -> World | None:
    """Another model."""
    del editor
    return replace(world, model="m-2" if world.model == "m-1" else "m-1")


EDITS: tuple[tuple[int, Edit], ...] = (
    (16, contract), (10, choice), (6, given), (4, declare), (10, comment), (6, blanks), (8, add_import),
    (6, drop_import), (6, rename), (6, copy), (6, new), (5, delete), (3, damage), (5, repair), (6, revert), (3, model),
)  # fmt: skip


def edited(editor: Editor, world: World) -> tuple[World, str]:
    """The project after one random edit, and what it was."""
    weights, edits = zip(*EDITS, strict=True)
    for _ in range(20):
        edit = editor.random.choices(edits, weights)[0]
        found = edit(editor, world)
        if found is None or found == world:
            continue
        made = _told_apart(editor, found)
        if made.sensible():
            return made, edit.__name__
    return world, "nothing"


def _told_apart(editor: Editor, world: World) -> World:
    """Copies that came to mean different things get marks of their own."""
    meant: dict[int, object] = {}
    for component in world.components:
        seen = {one: world.files[one].name for one in world.below(component) if one in world.files}
        whole = all(one in world.files for one in world.below(component))
        means = obligation(world, component, seen) if whole else ("broken", component)
        for path in component:
            file = world.files[path]
            if meant.setdefault(file.mark, means) != means:
                world = world.put(path, replace(file, mark=editor.mark()))
    return world
