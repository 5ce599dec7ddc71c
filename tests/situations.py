"""Bad situations, each a small project in which one thing is wrong: what is run, and what must be said.

Law: in each the project also holds something good, paid for and stored, that must not be lost: after the situation is
put right, the next run asks for nothing that was there before.
"""

import shutil
from collections.abc import Callable
from dataclasses import dataclass

from tests import loopback as lb
from tests import stand_in
from tests.projects import Tree

Change = Callable[[Tree], object]


@dataclass(frozen=True)
class Situation:
    """`make` brings it about in a project that was built; `words` are run; `code` and `said` are what must come.

    `program`: "doit" or "s2c". `undo` puts it right again.
    """

    make: Change
    said: str
    code: int
    words: tuple[str, ...] = ()
    program: str = "doit"
    undo: Change = lambda _: None
    answer: lb.Behaviour | None = None  # what the endpoint does instead


def setting(**values: object) -> Change:
    """These settings."""
    return lambda tree: tree.configure(**values)


def unset(*names: str) -> Change:
    """Without these settings."""
    return lambda tree: [tree.settings.pop(name, None) for name in names]


def file(path: str, text: str | bytes) -> Change:
    """This file."""
    return lambda tree: tree.write(path, text)


def without(*paths: str) -> Change:
    """Without these files and folders."""

    def remove(tree: Tree) -> None:
        for path in paths:
            place = tree.root / path
            shutil.rmtree(place) if place.is_dir() and not place.is_symlink() else place.unlink(missing_ok=True)

    return remove


def settings(text: str = "", *more: str) -> Change:
    """pyproject.toml with this text and not the project's own; "" for its own again. `more`: another path and text."""

    def make(tree: Tree) -> None:
        tree.fixed = {"pyproject.toml": text, **dict(zip(more[::2], more[1::2], strict=True))} if text else {}

    return make


def variable(name: str, value: str) -> Change:
    """This variable in the environment."""
    return lambda tree: tree.env.update({name: value})


def no_variable(name: str) -> Change:
    """Without this variable."""
    return lambda tree: tree.env.pop(name, None)


def tool(**table: object) -> Change:
    """This verifier."""
    return lambda tree: tree.tables.update({"dafny": dict(table)})


def right_tool(tree: Tree) -> None:
    """The verifier that the project had."""
    tree.tables["dafny"] = dict(tree.right)


def script(text: str) -> Change:
    """A program of this text as the verifier."""

    def make(tree: Tree) -> None:
        program = tree.root.parent / "other" / "dafny"
        program.parent.mkdir(exist_ok=True)
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)
        tree.tables["dafny"] = {"command": [str(program)], "files": [str(program)]}

    return make


def all_of(*changes: Change) -> Change:
    """One after the other."""
    return lambda tree: [one(tree) for one in changes]


def link(path: str, to: str) -> Change:
    """A symbolic link."""
    return lambda tree: (tree.root / path).symlink_to(to)


def new_spec(name: str = "New") -> Change:
    """One more spec, so that something must be asked."""
    return file(f"{name}.dfy", stand_in.spec(name, "n + 1"))


BROKEN_TOOL = script("#!/bin/sh\necho 'no such option' >&2\nexit 3\n")
SILENT_TOOL = script('#!/bin/sh\ntest "$1" = /version -o "$1" = --version && echo \'Dafny 4.11.0\'\nexit 0\n')
OLD_TOOL = script("#!/bin/sh\necho 'Dafny 1.9.7.30401'\n")
VERIFY = ("recheck=1", "verify")

SITUATIONS = {
    # --- settings
    "settings that are no TOML": Situation(  # doit itself reads this file first, and has no message for it
        settings("[tool.s2c\n"), "pyproject.toml: not valid TOML: Expected ']'", 3, ("plan",), "s2c", settings()
    ),
    "settings that are no table": Situation(
        settings("[tool]\ns2c = 3\n"), "[tool.s2c] must be a table", 3, undo=settings()
    ),
    "settings in another folder": Situation(
        settings("[project]\n", "../pyproject.toml", "[tool.s2c]\n"), "keep both in one folder", 3,
        undo=all_of(without("../pyproject.toml"), settings()),
    ),
    "an unknown setting": Situation(
        setting(max_atempts=3), "unknown setting 'max_atempts'\n  -> did you mean 'max_attempts'?", 3,
        undo=unset("max_atempts"),
    ),
    "a setting of the wrong type": Situation(
        setting(specs="*.dfy"), "specs must be a list of texts, not '*.dfy'", 3, undo=setting(specs=["**/*.dfy"])
    ),
    "a glob that leads out": Situation(
        setting(specs=["../*.dfy"]), "a glob of specs must not lead out of the project", 3,
        undo=setting(specs=["**/*.dfy"]),
    ),
    "globs that match nothing": Situation(
        setting(specs=["src/*.dfy"]), "no source matches specs = ['src/*.dfy']", 3, undo=setting(specs=["**/*.dfy"])
    ),
    "a language that nobody speaks": Situation(
        lambda tree: tree.tables.update({"coq": {"command": ["coqc"]}}), "no language 'coq'", 3,
        undo=lambda tree: tree.tables.pop("coq"),
    ),
    "a variable with a typing error": Situation(
        variable("S2C_MODLE", "m"),
        "environment variable S2C_MODLE: unknown setting 'modle'\n  -> did you mean 'model'?", 3,
        undo=no_variable("S2C_MODLE"),
    ),
    "wishes that exclude each other": Situation(
        lambda _: None, "fresh=1 asks again, frozen and offline never ask", 3, ("fresh=1", "frozen=1")
    ),
    "half a price": Situation(
        setting(price_input=1), "price_input is set without the other price", 3, undo=unset("price_input")
    ),
    "a cap and no price": Situation(
        all_of(new_spec(), setting(max_cost=1)), "max_cost is set, but no price is known", 3, undo=unset("max_cost")
    ),
    "what is built inside the store": Situation(
        setting(build="cache/out"), "build and cache must be two folders", 3, undo=unset("build")
    ),
    "what is built outside the project": Situation(
        setting(build="../out"), "build must be a folder inside the project, not '../out'", 3, undo=unset("build")
    ),
    "a key where its variable should be": Situation(
        setting(api_key_env="sk-1234"), "api_key_env must be the name of an environment variable", 3,
        undo=unset("api_key_env"),
    ),
    "a word that is no setting": Situation(lambda _: None, "unknown setting 'jbos'", 3, ("jbos=2",)),
    "a number that is none": Situation(lambda _: None, "jobs must be a whole number, not 'many'", 3, ("jobs=many",)),
    # --- sources
    "a source that is not UTF-8": Situation(file("B.dfy", b"method M\xff()\n"), "B.dfy:1:", 2, undo=without("B.dfy")),
    "a source that does not parse": Situation(file("B.dfy", "method (\n"), "B.dfy:1:", 2, undo=without("B.dfy")),
    "a source with a NUL": Situation(file("B.dfy", b"method M()\0\n"), "B.dfy:1:11", 2, undo=without("B.dfy")),
    "a source with a lone carriage return": Situation(
        file("B.dfy", b"// a\rmethod M()\n"), "B.dfy:1:5", 2, undo=without("B.dfy")
    ),
    "a source with #if": Situation(
        file("B.dfy", "#if X\nmethod M()\n#endif\n"), "B.dfy:1:1: error: `#if` lines are not supported", 2,
        undo=without("B.dfy"),
    ),
    "a section that is never closed": Situation(
        file("B.dfy", "method M()\n// <vc-code>\n{\n}\n"), "B.dfy:2:", 2, undo=without("B.dfy")
    ),
    "an include of nothing": Situation(
        file("B.dfy", stand_in.spec("B", "n + 1", "gone.dfy")), "gone.dfy", 2, undo=without("B.dfy")
    ),
    "an include from outside": Situation(
        file("B.dfy", stand_in.spec("B", "n + 1", "../../elsewhere.dfy")), "elsewhere.dfy", 2, undo=without("B.dfy")
    ),
    "a link that leads nowhere": Situation(link("B.dfy", "nowhere.dfy"), "B.dfy", 2, undo=without("B.dfy")),
    "a name that doit can't take": Situation(
        file("B=1.dfy", stand_in.spec("B", "n + 1")), "B=1.dfy", 3, undo=without("B=1.dfy")
    ),
    "a name with a star": Situation(
        file("B*.dfy", stand_in.spec("New", "n + 1")), "B*.dfy: verified", 0, undo=without("B*.dfy")
    ),
    "a spec that nothing proves": Situation(
        file("Bad.dfy", stand_in.spec("Bad", "n + 2")), "its 1 attempts are used up (retry=1 asks again)", 1,
        undo=without("Bad.dfy"),
    ),
    # --- the verifier
    "no verifier": Situation(tool(command=["no-such-dafny"]), "no-such-dafny", 2, VERIFY, undo=right_tool),
    "a verifier that is a folder": Situation(tool(command=["."]), "dafny", 2, VERIFY, undo=right_tool),
    "a verifier that fails": Situation(BROKEN_TOOL, "dafny", 2, VERIFY, undo=right_tool),
    "a verifier that proves everything": Situation(SILENT_TOOL, "self-test", 2, VERIFY, undo=right_tool),
    "a verifier that is too old": Situation(OLD_TOOL, "1.9.7", 2, VERIFY, undo=right_tool),
    # --- the endpoint
    "no model": Situation(all_of(new_spec(), unset("model")), "no model is set", 3, undo=setting(model="m-1")),
    "no key": Situation(
        all_of(new_spec(), setting(base_url="https://api.openai.com/v1"), variable("OPENAI_API_KEY", "")),
        "OPENAI_API_KEY", 3,
    ),
    "a key that is refused": Situation(
        new_spec(), "the endpoint answered 401: no such key\n  -> check the key", 1,
        answer=lb.status(401, "no such key"),
    ),
    "a model that is not there": Situation(new_spec(), "404", 1, answer=lb.status(404, "no such model")),
    "an endpoint that is down": Situation(
        all_of(new_spec(), setting(base_url="http://127.0.0.1:9/v1", request_seconds=1)), "Connection refused", 1,
    ),
    "a page instead of an endpoint": Situation(
        new_spec(), "a web page, not an answer\n  -> check base_url", 1, answer=lb.body(b"<html></html>", "text/html")
    ),
    "an answer without any fill": Situation(
        new_spec(), "no answer for it", 1,
        answer=lb.stream_text("I am sorry, I can't do that.", usage={**lb.USAGE, "prompt_tokens": 1700}),
    ),
    # --- disk
    "a file where build/ must be": Situation(
        all_of(without("build"), file("build", "mine\n")), "build", 2, undo=without("build")
    ),
    "a file where cache/ must be": Situation(
        lambda tree: ((tree.root / "cache").rename(tree.root / "kept"), tree.write("cache", "mine\n")), "cache", 2,
        undo=lambda tree: ((tree.root / "cache").unlink(), (tree.root / "kept").rename(tree.root / "cache")),
    ),
    "a folder where the database must be": Situation(
        all_of(without(".doit.db"), file(".doit.db/x", "mine\n")), "moved to .doit.db.broken", 0
    ),
    "a database that is none": Situation(file(".doit.db", b"\x13W\x9a\xce no database" * 99), ".doit.db.broken", 0),
    "a store that is none": Situation(file("cache/db/store/cache.db", b"\x13W\x9a\xce no store" * 99), "cache/db", 0),
    "a damaged record": Situation(
        file("cache/records/implementations-0.jsonl", b"{\n"), "cache/records/implementations-0.jsonl", 0
    ),
    # --- words
    "an unknown spec": Situation(lambda _: None, "nosuch.dfy", 2, ("plan", "nosuch.dfy"), "s2c"),
    "an unknown command": Situation(lambda _: None, "invalid choice: 'bild'", 2, ("bild",), "s2c"),
    "an unknown task": Situation(lambda _: None, "nosuch.dfy", 3, ("generate:nosuch.dfy",)),
    "a reporter that is not ours": Situation(
        new_spec(), "doit runs with a reporter that is not s2c's", 3, ("-r", "json")
    ),
    "tasks in processes": Situation(new_spec(), "leave out -P process", 3, ("-n", "2", "-P", "process")),
    "frozen, and not in the records": Situation(new_spec(), "New.dfy: not generated: frozen", 4, ("frozen=1",)),
    "offline, and not stored": Situation(
        new_spec(), "New.dfy: not generated: offline; nothing stored for it", 1, ("offline=1",)
    ),
}  # fmt: skip
