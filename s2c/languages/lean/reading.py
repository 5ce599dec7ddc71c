"""What the processes of one check amount to.

Law: everything is against a pass. It needs every process to have ended with exit code 0, nothing on standard error,
nothing but messages in JSON on standard output, no `sorry` (unless the given text has one), and for each owed name
exactly one line of the last process, with no axiom that is not allowed. What can't be read is `tool-crash`.

What makes an import fail to compile is not the candidate's: it was judged before, or is a stand-in of given text. So
that is `tool-crash` with its name, except for a budget that it used up: a larger one may do. A module that is not to be
found is no fault of a fill either, for fills import nothing: `tool-crash`, with what to build.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from s2c.languages.base import Job, Outcome, Reading
from s2c.languages.ended import early
from s2c.languages.lean.names import parts
from s2c.languages.lean.output import Names, Output, Said, axioms, diagnostics, take_apart
from s2c.languages.lean.steps import Role, Step
from s2c.model import VerdictKind
from s2c.process import RawRun

ALLOWED = frozenset({("propext",), ("Classical", "choice"), ("Quot", "sound")})
# allowed too where the given text has a `sorry` or trusts the compiler itself
LENIENT = frozenset({("sorryAx",), ("Lean", "ofReduceBool"), ("Lean", "ofReduceNat"), ("Lean", "trustCompiler")})
IN_TEXT = "a pass in plain text is not believed: the command must take --json"

_SORRY = re.compile(r"declaration uses\s+\W?sorry\b")
_TIME = re.compile(r"\(deterministic\) timeout|maximum number of heartbeats")
_MEMORY = re.compile(r"out of memory|excessive memory consumption|bad_alloc")
_RESOURCE = re.compile(rf"maximum recursion depth has been reached|deep recursion|{_MEMORY.pattern}")
_CRASH = re.compile(r"stack overflow|\bPANIC\b|uncaught exception|Segmentation fault|Aborted", re.IGNORECASE)
_MODULE = re.compile(
    r"unknown module prefix|unknown package|object file '.*' (?:of module .* )?does not exist"
    r"|failed to read file '.*olean",
    re.DOTALL,
)
_SYNTAX = re.compile(
    r"unexpected (?:token|identifier|end of input|character|space|string)|unterminated |missing end of "
    r"|expected (?!type\b)|invalid escape sequence|tabs are not allowed|isolated carriage return|invalid '\w+', "
)
_TYPE = re.compile(
    r"unknown (?:identifier|constant|free variable|namespace|option|attribute|universe|tactic)|(?:\w+ )?type mismatch"
    r"|.*has already been declared|failed to (?:synthesize|infer|compile)|could not synthesize|function expected"
    r"|invalid |ambiguous|don't know how to synthesize|typeclass instance problem is stuck|universe |cannot evaluate"
    r"|(?:\(kernel\) )?declaration type mismatch|fields missing|.* is not a (?:field|structure)"
    r"|elaboration function for",
    re.IGNORECASE,
)
_TYPE_KINDS = (
    "unknownIdentifier",
    "synthInstanceFailed",
    "invalidField",
    "invalidDottedIdent",
    "inferBinderTypeFailed",
)
_ABSENT = re.compile(r"unknown (?:identifier|constant)", re.IGNORECASE)
# a budget is told anywhere in a message (a tactic that failed for it), the others at its beginning
_CLASSES = (
    (VerdictKind.INCOMPLETE, _SORRY.match), (VerdictKind.TOOL_CRASH, _MODULE.match),
    (VerdictKind.TIMEOUT, _TIME.search), (VerdictKind.RESOURCE, _RESOURCE.search),
    (VerdictKind.SYNTAX, _SYNTAX.match), (VerdictKind.TYPE, _TYPE.match),
)  # fmt: skip
# which class of error speaks for a run: the first of these that it has
_ORDER = (
    VerdictKind.TOOL_CRASH, VerdictKind.SYNTAX, VerdictKind.TYPE, VerdictKind.FAILED, VerdictKind.INCOMPLETE,
    VerdictKind.TIMEOUT, VerdictKind.RESOURCE,
)  # fmt: skip
_OF_AN_IMPORT = frozenset({VerdictKind.TIMEOUT, VerdictKind.RESOURCE, VerdictKind.TOOL_MISSING, VerdictKind.TOOL_CRASH})


@dataclass(frozen=True)
class _Found:
    """What one process amounts to: `kind` is None where nothing is against it."""

    kind: VerdictKind | None
    reason: str = ""
    output: Output = Output()  # noqa: RUF009 - frozen


def read(job: Job, steps: Sequence[Step], raw: RawRun) -> Reading:
    """The reading of a whole check."""
    runs = (raw, *raw.then)
    said: list[Said] = []
    for step, run in zip(steps, runs, strict=False):
        found = _axioms_step(job, run) if step.role is Role.AXIOMS else _compiled(job, step, run)
        if isinstance(found, Reading):
            return Reading(found.kind, found.outcomes, diagnostics(job.files, said), found.reason)
        if step.role is Role.MEMBER or found.kind is not None:
            said += found.output.said
        if found.kind is not None:
            return Reading(found.kind, {}, diagnostics(job.files, said), found.reason)
    return Reading(VerdictKind.TOOL_CRASH, {}, diagnostics(job.files, said), "not every process was run")


def _compiled(job: Job, step: Step, raw: RawRun) -> _Found:
    """What compiling one file amounts to."""
    found = _early(raw) or _messages(raw, lenient=job.lenient or step.role is Role.IMPORT)
    if step.role is Role.MEMBER or found.kind is None:
        return found
    reason = f"the import {step.path}: {found.reason}"
    kind = found.kind if found.kind in _OF_AN_IMPORT else VerdictKind.TOOL_CRASH
    return _Found(kind, reason, found.output)


def _early(raw: RawRun) -> _Found | None:
    """What is plain without reading any output: it never ran, or it was ended from outside."""
    ended = early(raw)
    return None if ended is None else _Found(ended.kind, ended.reason)


def _parsed(raw: RawRun) -> tuple[Output, str, _Found | None]:
    """Output, what it complains of outside of messages, and what is then plain: it crashed, or ran out of memory."""
    complaint = raw.stderr.decode("utf-8", "replace").strip()
    try:
        output = take_apart(raw.stdout.decode("utf-8").replace("\r\n", "\n"))
    except UnicodeDecodeError:
        return Output(), complaint, _Found(VerdictKind.TOOL_CRASH, "the output is not UTF-8")
    beside = "\n".join([complaint, *output.stray])
    telling = next((line for line in beside.split("\n") if _CRASH.search(line) or _MEMORY.search(line)), beside)
    kind, reason = None, f"exit code {raw.exit}: {_first(telling) or 'nothing told'}"
    if _MEMORY.search(beside):
        kind = VerdictKind.RESOURCE
    elif raw.exit not in {0, 1} or _CRASH.search(beside) or any(line.startswith("{") for line in output.stray):
        kind = VerdictKind.TOOL_CRASH
    return output, beside.strip(), None if kind is None else _Found(kind, reason, output)


def _messages(raw: RawRun, *, lenient: bool) -> _Found:
    """What a compiler's messages amount to."""
    output, beside, plain = _parsed(raw)
    if plain is not None:
        return plain
    if output.errors:
        return _errors(raw, output)
    kind: VerdictKind | None = VerdictKind.TOOL_CRASH
    unproved = [one for one in output.said if _class(one) is VerdictKind.INCOMPLETE]
    if raw.exit != 0:
        reason = f"exit code {raw.exit}: {_first(beside) or 'no error is told'}"
    elif beside:
        reason = f"not understood: {_first(beside)}"
    elif unproved and not lenient:
        kind, reason = VerdictKind.INCOMPLETE, _first(unproved[0].message)
    elif output.text:
        reason = IN_TEXT
    else:
        kind, reason = None, ""
    return _Found(kind, reason, output)


def _errors(raw: RawRun, output: Output) -> _Found:
    if raw.exit == 0:
        return _Found(VerdictKind.TOOL_CRASH, f"exit code 0 with an error: {_first(output.errors[0].message)}", output)
    classed = [(_class(one), one) for one in output.errors]
    kind, speaks = min(classed, key=lambda pair: _ORDER.index(pair[0]))
    advice = ": build the packages of the workspace" if kind is VerdictKind.TOOL_CRASH else ""
    return _Found(kind, _first(speaks.message) + advice, output)


def _class(said: Said) -> VerdictKind:
    """What one message speaks of."""
    message = said.message.strip()
    if said.kind == "hasSorry":
        return VerdictKind.INCOMPLETE
    if said.kind.rpartition(".")[2] in _TYPE_KINDS:
        return VerdictKind.TYPE
    return next((kind for kind, known in _CLASSES if known(message)), VerdictKind.FAILED)


# --- axioms -------------------------------------------------------------------------------------------------------


def _axioms_step(job: Job, raw: RawRun) -> Reading | _Found:
    """What the last process amounts to."""
    ended = _early(raw)
    if ended is not None:
        return ended
    output, beside, plain = _parsed(raw)
    if plain is not None:
        return plain
    told, others = axioms(output.said)
    owed = {parts(name): name for name in job.owed}
    if output.errors:
        return _asked_in_vain(owed, told, output)
    rest = {owed[name]: found for name, found in told if name in owed}
    bad = _not_allowed(job, rest)
    outcomes = {name: Outcome.FAILED if name in bad else Outcome.PROVED for name in rest}
    if bad:
        return _resting_on(bad, outcomes)
    strange = [beside, *(one.message for one in others)]
    wrong = _wrong_count(owed, told) or (f"exit code {raw.exit}" if raw.exit != 0 else "")
    wrong = wrong or next((f"not understood: {_first(one)}" for one in strange if one), "")
    wrong = wrong or (IN_TEXT if output.text else "")
    return Reading(VerdictKind.TOOL_CRASH if wrong else VerdictKind.VERIFIED, outcomes, reason=wrong)


def _wrong_count(owed: Mapping[Names, str], told: Sequence[tuple[Names, tuple[str, ...]]]) -> str:
    """Which name was not told exactly once, or told and not asked for."""
    counts = Counter(name for name, _ in told)
    strange = next((name for name in counts if name not in owed), None)
    if strange is not None:
        return f"axioms of {'.'.join(strange)} are told, and were not asked for"
    return next(
        (f"axioms of {name} are told {counts[key]} times" for key, name in owed.items() if counts[key] != 1), ""
    )


def _asked_in_vain(owed: Mapping[Names, str], told: Sequence[tuple[Names, tuple[str, ...]]], output: Output) -> _Found:
    """The process that asks has errors: names that are not declared, or else it could not ask."""
    others = [one for one in output.errors if not _ABSENT.match(one.message.strip())]
    if others:
        return _Found(VerdictKind.TOOL_CRASH, f"axioms can't be asked for: {_first(others[0].message)}")
    known = {name for name, _ in told}
    absent = [name for key, name in owed.items() if key not in known]
    return _Found(
        VerdictKind.INCOMPLETE, f"not declared: {', '.join(sorted(absent)) or _first(output.errors[0].message)}"
    )


def _not_allowed(job: Job, rest: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """For each name, the axioms that it may not rest on."""
    allowed = ALLOWED | {parts(name) for name in job.trusted} | (LENIENT if job.lenient else set())
    bad = {
        name: [one for one in found if parts(one) not in allowed and not (job.lenient and "_native" in parts(one))]
        for name, found in rest.items()
    }
    return {name: found for name, found in bad.items() if found}


def _resting_on(bad: Mapping[str, Sequence[str]], outcomes: Mapping[str, Outcome]) -> Reading:
    name, found = next((pair for pair in sorted(bad.items()) if set(pair[1]) != {"sorryAx"}), min(bad.items()))
    axiom = next((one for one in found if one != "sorryAx"), "sorryAx")
    kind = VerdictKind.INCOMPLETE if axiom == "sorryAx" else VerdictKind.POLICY
    return Reading(kind, outcomes, reason=f"{name} rests on the axiom {axiom}")


def _first(text: str) -> str:
    return text.strip().partition("\n")[0][:200]
