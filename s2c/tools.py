"""The verifiers as this machine has them: found, named by what they load, and tested before they are believed.

Law: a tool's identity is the digest of every file that it loads, never its name or its version text alone. A tool that
fails its self-test judges nothing, and what a run of it says counts only if its files are still those that were found.
What is remembered of it lies in the store's analyses (file hashes, by path, size, times and inode) and in its verdicts
(a passed self-test, under the same key as any other verdict).
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

from s2c import identity as identities
from s2c import keys
from s2c.digest import digest
from s2c.errors import ToolError
from s2c.identity import Stamp, stamp
from s2c.languages.base import Language, Layout, Outcome, Reading, SelfTest, language
from s2c.model import VerdictKind
from s2c.process import RawRun, Run, Tool
from s2c.settings import Config
from s2c.store import Store

Submit = Callable[[Run], "Future[RawRun]"]
REPLACED = "its files changed while it was in use: end what installs it, and run again"


class Toolbox:
    """The verifiers of one run, each found and tested once, when it is first needed. Safe in any thread."""

    def __init__(self, config: Config, layouts: Mapping[str, Layout], store: Store, submit: Submit) -> None:
        self._config = config
        self._layouts = layouts
        self._store = store
        self._submit = submit
        self._found: dict[str, Tool | str] = {}
        self._stamps: dict[Path, Stamp | None] = {}
        self._lock = threading.Lock()

    def get(self, name: str) -> Tool | str:
        """The verifier of a language, or why there is none."""
        with self._lock:  # held while it is tested: the others wait for the same answer
            if name not in self._found:
                self._found[name] = self._find(name)
            return self._found[name]

    def submit(self, run: Run) -> "Future[RawRun]":
        """Run it. If a verifier is not any more what was found, nothing is believed: it counts as not there."""
        told: Future[RawRun] = Future()

        def ended(own: "Future[RawRun]") -> None:
            if own.cancelled():
                told.cancel()
            elif (error := own.exception()) is not None:
                told.set_exception(error)
            else:
                told.set_result(self._if_unchanged(own.result()))

        self._submit(run).add_done_callback(ended)
        return told

    def _if_unchanged(self, raw: RawRun) -> RawRun:
        if not raw.missing and any(stamp(path) != was for path, was in tuple(self._stamps.items())):
            return replace(raw, missing=REPLACED)
        return raw

    @property
    def versions(self) -> dict[str, str]:
        """Name -> version of every verifier that was found."""
        return {tool.name: tool.version for tool in self._found.values() if isinstance(tool, Tool)}

    def _find(self, name: str) -> Tool | str:
        try:
            files = loaded(self._config, language(name), self._layouts[name])
            self._stamps.update({path: stamp(path) for path in files})  # before they are read
            found = find(self._config, language(name), self._layouts[name], self._store, self._submit)
            self_test(language(name), found, self._store, self._submit, afresh=self._config.recheck)
        except ToolError as error:
            return str(error)
        return found


def command(config: Config, language: Language, layout: Layout) -> tuple[str, ...]:
    """The command of a language's verifier: the configured one, else the language's default."""
    return config.language(language.name, language.settings).command or language.verifier.default_command(layout)


def loaded(config: Config, language: Language, layout: Layout) -> Sequence[Path]:
    """Every file that the verifier loads. Raises ToolError when it is missing or unknown in form."""
    named = config.language(language.name, language.settings).files
    return identities.loaded(language, layout, config.root, command(config, language, layout), named)


def identity(config: Config, language: Language, layout: Layout, store: Store) -> str:
    """The digest of every file that the verifier loads, and of words in its command that are no places."""
    hashes = [(path, _hash(path, store)) for path in loaded(config, language, layout)]
    return identities.combined(language.name, config.root, command(config, language, layout), hashes)


def find(config: Config, language: Language, layout: Layout, store: Store, submit: Submit) -> Tool:
    """The verifier, its version asked for once per identity. Raises ToolError."""
    own = identity(config, language, layout, store)
    called = command(config, language, layout)
    key = digest("tool-version.1", [own, list(called)])
    known = store.analysis(key)
    if isinstance(known, dict):
        return Tool(language.name, str(known["name"]), str(known["version"]), str(known["generation"]), called, own)
    raw = submit(language.verifier.version_run(called)).result()
    if raw.missing:
        raise ToolError(f"{language.name}: {called[0]} can't be started: {raw.missing}", fix=_advice(language.name))
    tool = language.verifier.tool(called, raw, own)
    store.put_analysis(key, {"name": tool.name, "version": tool.version, "generation": tool.generation})
    return tool


def self_test(language: Language, tool: Tool, store: Store, submit: Submit, *, afresh: bool) -> None:
    """Run the language's self-tests with today's flags, unless they passed before and `afresh` is not asked for."""
    tests = language.verifier.self_tests(tool)
    runs = [language.verifier.check(tool, test.job) for test in tests]
    key = keys.verdict(tool, "self-test.1", runs, [test.name for test in tests])
    if not afresh and store.verdict(key) is not None:
        return
    for test, future in zip(tests, [submit(run) for run in runs], strict=True):
        problem = wrong(test, language.verifier.read(tool, test.job, future.result()))
        if problem:
            raise ToolError(
                f"{tool.name} {tool.version} fails its self-test {test.name!r}: {problem}",
                where=" ".join(tool.command),
                fix="nothing was asked or judged; run the command by hand on a small file, or reinstall it",
            )
    store.put_verdict(key, {"self-test": "passed"})


def wrong(test: SelfTest, reading: Reading) -> str:
    """What speaks against a tool in its reading of a self-test, or ""."""
    if test.must_be is VerdictKind.VERIFIED:
        if reading.kind is not VerdictKind.VERIFIED:
            return f"it said {reading.kind} ({reading.reason}) of a file that is right"
        open_names = [name for name in test.proved if reading.outcomes.get(name) is not Outcome.PROVED]
        if not open_names and reading.unkept:
            return f"it did not say where it proved the contract of {reading.unkept[0].name}"
        return f"it did not report {', '.join(open_names)} proved" if open_names else ""
    if reading.kind is VerdictKind.VERIFIED and not [n for n in test.proved if n not in reading.outcomes]:
        return "it let a file pass that is wrong"
    return "" if reading.kind in {test.must_be, VerdictKind.VERIFIED} else f"it said {reading.kind} ({reading.reason})"


def _hash(path: Path, store: Store) -> str:
    def remembered(path: Path) -> str:
        key = digest("file.2", [str(path), *(stamp(path) or ())])
        known = store.analysis(key)
        if isinstance(known, str):
            return known
        value = identities.content_hash(path)
        store.put_analysis(key, value)
        return value

    return identities.hashed(path, remembered)


def _advice(name: str) -> str:
    return f"put it on PATH, or set `command` in [tool.s2c.{name}]; docs/install.md says how to get it"
