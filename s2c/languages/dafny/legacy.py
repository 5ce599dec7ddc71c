"""Dafny 2.3: how it is called and what its output means.

Law: obligations carry the names that Dafny 4 gives them (`M.C.Inc (correctness)`), so nothing above knows which
generation spoke. Dafny 2.3 tells only the last name of a nested module; where the files declare two of that name, an
outcome is believed only if every one of them reported the same member, and then it is the worst of theirs.

Measured with Dafny 2.3.0.10506: members on the command line are verified, files they include are not; so all members
of an include cycle must be named, and `/verifyAllModules`, which would verify imports too, must not be given.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from s2c.languages.base import Job, Outcome, Reading
from s2c.languages.dafny import options
from s2c.languages.dafny.output import conclude, parse_lines, text_of, worst
from s2c.languages.dafny.places import diagnostics, in_bytes
from s2c.languages.ended import early
from s2c.model import VerdictKind
from s2c.process import RawRun

SECONDS = 30  # for each obligation, at factor 1: this generation has no deterministic budget
KINDS = {"Impl": "correctness", "CheckWellformed": "well-formedness", "CheckWellFormed": "well-formedness"}
NAME = re.compile(r"(\w+)\$\$(\S+)")
MODULE = re.compile(r"_(\d+)_(.+)")
GAVE_UP = re.compile(
    r"Verification (?:of '(\S+)' timed out|inconclusive \((\S+?)\)|out of (?:memory|resource) \((\S+?)\))"
)
MANGLED = {"__": "_", "_k": "'", "_q": "?", "_h": "#"}
COMMENT = re.compile(r"/\*|\*/")
TOKEN = re.compile(
    r"""//[^\n]*|/\*|"(?:\\.|[^"\\])*"|@"(?:""|[^"])*"|'(?:\\[^\n]{1,5}|[^\\\n])'|[^\W\d_][\w'?]*|[{}.]""", re.DOTALL
)


@dataclass(frozen=True)
class Entry:
    """One `<method>` of the log: module as told (`_2_C`), the rest of the name, the kind of obligation, its outcome."""

    module: str
    rest: str
    kind: str
    outcome: Outcome


def arguments(job: Job, log: str, inputs: Sequence[str]) -> tuple[str, ...]:
    """The command line after the command itself."""
    seconds = SECONDS * job.budget.factor
    strict = () if job.lenient else ("/noCheating:1",)  # it makes an assertion of every given `assume`
    words = options.legacy(job.options)
    return ("/nologo", "/compile:0", *strict, f"/timeLimit:{seconds}", f"/xml:{log}", *words, *inputs)


def read(job: Job, raw: RawRun, log: str) -> Reading:
    """What a run said."""
    if (ended := early(raw)) is not None:
        return ended
    text = text_of(raw)
    if text is None:
        return Reading(VerdictKind.TOOL_CRASH, {}, reason="the output is not UTF-8")
    output = parse_lines(text.split("\n"))
    gave_up = frozenset(name for said in output.said for name in _gave_up(said.message))
    entries = _entries(raw.collected.get(log), gave_up)
    outcomes = None if entries is None else _by_name(entries, job.files)
    proofs = sum(entry.outcome is Outcome.PROVED for entry in entries or ())
    return conclude(raw, output, outcomes, proofs, diagnostics(job.files, output.said, in_bytes))


def _gave_up(message: str) -> Iterator[str]:
    match = GAVE_UP.match(message)
    if match is not None:
        yield next(group for group in match.groups() if group)


def _entries(log: bytes | None, gave_up: frozenset[str]) -> list[Entry] | None:
    """Every obligation of the log, or None if there is no log that can be read."""
    try:
        root = ET.fromstring(log.decode("utf-8-sig")) if log is not None else None  # noqa: S314 - the tool's own file
    except (ET.ParseError, UnicodeDecodeError):
        return None
    if root is None or root.tag != "boogie":
        return None
    return [_entry(method, gave_up) for method in root.iter("method")]


def _entry(method: ET.Element, gave_up: frozenset[str]) -> Entry:
    name = method.get("name", "")
    match = NAME.fullmatch(name)
    module, _, rest = (match[2] if match else name).partition(".")
    told = match[1] if match else ""
    return Entry(module, rest, KINDS.get(told, told), _outcome(method, name in gave_up))


def _outcome(method: ET.Element, gave_up: bool) -> Outcome:  # noqa: FBT001 - a private helper with one flag
    """A time-out is told as `errors` too: only the text output tells it apart."""
    told = {conclusion.get("outcome") for conclusion in method.findall("conclusion")}
    if told == {"correct"} and not gave_up and method.find("error") is None:
        return Outcome.PROVED
    return Outcome.FAILED if "errors" in told and not gave_up else Outcome.OPEN


# --- names --------------------------------------------------------------------------------------------------------


def _by_name(entries: list[Entry], files: Mapping[str, bytes]) -> dict[str, Outcome]:
    """The outcomes under qualified names."""
    paths = _modules(files) if any(MODULE.fullmatch(entry.module) for entry in entries) else {}
    tellers: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for entry in entries:
        tellers[_last(entry), entry.rest, entry.kind].add(entry.module)
    found: list[tuple[str, Outcome]] = []
    for entry in entries:
        last = _last(entry)
        owners = {""} if not last else paths.get(last, set())
        if len(owners) == len(tellers[last, entry.rest, entry.kind]):
            names = [_qualified(owner, entry.rest) for owner in sorted(owners)]
        else:
            names = [f"{entry.module}.{entry.rest}"]  # as told: no owed name looks like that
        found += [(f"{name} ({entry.kind})", entry.outcome) for name in names]
    return worst(found)


def _last(entry: Entry) -> str:
    """The last name of the entry's module; "" for the file's own level."""
    match = MODULE.fullmatch(entry.module)
    return "" if entry.module == "_module" else unmangled(match[2]) if match else entry.module


def _qualified(module: str, rest: str) -> str:
    parts = [unmangled(part) for part in rest.split(".") if part != "__default"]
    return ".".join([module, *parts] if module else parts)


def unmangled(name: str) -> str:
    """A name as written in the source, from how this generation tells it."""
    return re.sub("_[_kqh]", lambda match: MANGLED[match[0]], name)


def _modules(files: Mapping[str, bytes]) -> dict[str, set[str]]:
    """Last name of each module declared in the files -> its qualified names."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, source in files.items():
        if name.endswith(".dfy"):
            for path in _declared_modules(source.decode("utf-8", "replace")):
                found[path.rpartition(".")[2]].add(path)
    return found


def _declared_modules(text: str) -> Iterator[str]:
    """The qualified name of each module in a source, from its tokens alone."""
    scopes: list[str] = []  # one for each open brace: the module that it opens, or ""
    words = _words(text)
    for word in words:
        if word == "{":
            scopes.append("")
        elif word == "}":
            del scopes[-1:]
        elif word == "module":
            name = _module_name(words)
            scopes.append(name)
            yield ".".join(scope for scope in scopes if scope)


def _module_name(words: Iterator[str]) -> str:
    """The dotted name after `module`; consumes up to the brace that opens it."""
    name, depth, ended = "", 0, False
    for word in words:
        if word == "{" and not depth and name:
            return name
        if word in "{}":
            depth += 1 if word == "{" else -1
        elif not depth and word in {"refines", "exclusively"}:
            ended = True
        elif not depth and not ended:
            name += word
    return name


def _words(text: str) -> Iterator[str]:
    """Identifiers, braces and dots outside comments (which nest) and literals."""
    depth, position = 0, 0
    while (match := (COMMENT if depth else TOKEN).search(text, position)) is not None:
        word, position = match[0], match.end()
        if word in {"/*", "*/"}:
            depth = max(depth + (1 if word == "/*" else -1), 0)
        elif word[0] not in "/\"'@":
            yield word
