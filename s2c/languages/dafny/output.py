"""What a Dafny run said, in words that both generations share, and what that amounts to.

Law: nothing is believed that is not said in exactly the known form. A pass needs exit 0, one trailer that is the last
line, no error beside it, no warning, no line that is not understood, and a log that agrees. Whatever else claims to be
a pass is `tool-crash`. A failure may be told in more words than are known here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from s2c.languages.base import Outcome, Reading
from s2c.model import Diagnostic, VerdictKind
from s2c.process import RawRun

TRAILER = re.compile(r"Dafny program verifier finished with (\d+) verified, (1 error|\d+ errors)((?:, \d+ [a-z ]+)*)")
DETECTED = re.compile(r"(\d+) (parse|resolution/type) errors detected in .+")
WARNED = "Compilation failed because warnings were found and --allow-warnings is false"
LOCATED = re.compile(
    r"(?P<path>.*?)\((?P<line>\d+),(?P<column>-?\d+)\): "
    r"(?:(?P<word>Error|Warning|Info|Related location|Timed out on)(?: BP\d+)?: (?P<message>.*)"
    r"|(?P<gave_up>Verification (?:of .* timed out after|inconclusive|out of memory|out of resource).*))"
)
NOISE = re.compile(r"Prover error: line \d+ column \d+: unknown parameter 'model_compress'")
NOISE_HEAD, NOISE_LINE = "Legal parameters are:", re.compile(r"  \w+ \([a-z ]+\)(?: \(default: .*\))?")
BANNER = re.compile(r"Dafny \d+(?:\.\d+)+")
FILLER = re.compile(r"Execution trace:|    .*|\s*(?:\d+ )?\|.*|")
CRASHED = re.compile(
    r"\*\*\* .*|CLI: Error: .*|Prover error: .*|\[ERROR\] FATAL .*|Encountered internal .*|Unhandled exception.*"
)
CRASH_MESSAGE = re.compile(r"Internal error occurred during verification|Unable to open included file|solver exception")
NOT_READ, NOT_PROVED = 2, 4  # exit codes: parse errors, type errors, warnings; failed or unfinished proofs
WORST = {Outcome.PROVED: 0, Outcome.OPEN: 1, Outcome.FAILED: 2}


@dataclass(frozen=True)
class Said:
    """One message at a place. `column` is as told: 0-based, in the generation's own unit; `source` may be unknown."""

    path: str
    line: int
    column: int
    severity: str
    message: str
    source: str = ""
    related: "tuple[Said, ...]" = ()


@dataclass(frozen=True)
class Trailer:
    """The final line of a run that came to proofs. `others`: its further counts (`1 time out`, `1 out of resource`)."""

    verified: int
    errors: int
    others: tuple[str, ...]


@dataclass(frozen=True)
class Output:
    """A run's standard output, taken apart. `stray`: lines that no rule knows; `last`: the last that is not blank."""

    said: tuple[Said, ...] = ()
    trailers: tuple[Trailer, ...] = ()
    detected: tuple[str, ...] = ()
    warned: bool = False
    crash: str = ""
    stray: tuple[str, ...] = ()
    last: str = ""


def parse_lines(lines: Sequence[str], said: Iterable[Said] = ()) -> Output:
    """Lines of text output; `said` are messages that came in another form before them."""
    found, trailers, detected = list(said), list[Trailer](), list[str]()
    warned, crash, stray, last = False, "", list[str](), ""
    for number, line in enumerate(without_noise(lines)):
        last = line if line.strip() else last
        if located := LOCATED.fullmatch(line):
            _add(found, located)
        elif match := TRAILER.fullmatch(line):
            trailers.append(_trailer(match))
        elif match := DETECTED.fullmatch(line):
            detected.append(match[2])
        elif line == WARNED:
            warned = True
        elif CRASHED.fullmatch(line):
            crash = crash or line
        elif not FILLER.fullmatch(line) and not (number == 0 and BANNER.fullmatch(line)):
            stray.append(line)
    return Output(tuple(found), tuple(trailers), tuple(detected), warned, crash, tuple(stray), last)


def without_noise(lines: Iterable[str]) -> list[str]:
    """The lines without the block that Debian's z3 prints at each start, which means nothing; exactly that block."""
    kept: list[str] = []
    inside = 0  # 1: the head is due, 2: parameters
    for line in lines:
        if NOISE.fullmatch(line):
            inside = 1
        elif inside == 1 and line == NOISE_HEAD:
            inside = 2
        elif not (inside == 2 and NOISE_LINE.fullmatch(line)):  # noqa: PLR2004 - the state named above
            inside = 0
            kept.append(line)
    return kept


def _add(found: list[Said], match: re.Match[str]) -> None:
    """One more message, or one more place of the message before."""
    word = match["word"] or "Error"
    severity = {"Warning": "warning", "Info": "info"}.get(word, "error")
    message = match["message"] or match["gave_up"] or ""
    one = Said(match["path"], int(match["line"]), int(match["column"]), severity, message)
    if found and word in {"Related location", "Timed out on"}:
        found[-1] = replace(found[-1], related=(*found[-1].related, one))
    else:
        found.append(one)


def _trailer(match: re.Match[str]) -> Trailer:
    others = [part.strip() for part in match[3].split(",") if part.strip()]
    return Trailer(int(match[1]), int(match[2].split()[0]), tuple(others))


# --- what it amounts to -------------------------------------------------------------------------------------------


def text_of(raw: RawRun) -> str | None:
    """Standard output as text, or None: what is not UTF-8 can't be read."""
    try:
        return raw.stdout.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return None


def conclude(
    raw: RawRun,
    output: Output,
    outcomes: Mapping[str, Outcome] | None,
    proofs: int,
    diagnostics: tuple[Diagnostic, ...],
) -> Reading:
    """The reading of a run. `outcomes` is None where there is no log; `proofs` is how many the log says were proved."""
    kind, reason = _kind(raw.exit, output)
    if kind is VerdictKind.VERIFIED:
        reason = _disagreement(output, outcomes, proofs)
        kind = VerdictKind.TOOL_CRASH if reason else kind
    if kind is VerdictKind.TOOL_CRASH:
        complaint = raw.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        reason = f"{reason} ({complaint[:200]})" if complaint else reason
    return Reading(kind, outcomes or {}, diagnostics, reason)


def _kind(code: int | None, output: Output) -> tuple[VerdictKind, str]:
    """What exit code and output say, before any log is looked at."""
    crash = output.crash or next((s.message for s in output.said if CRASH_MESSAGE.search(s.message)), "")
    if crash or code not in {0, NOT_READ, NOT_PROVED}:
        told = next((said.message for said in output.said), output.last)
        return VerdictKind.TOOL_CRASH, crash or f"exit code {code}: {told[:200]}".rstrip(": ")
    if code == NOT_READ and output.detected and not output.trailers:
        return _not_resolved(output)
    if len(output.trailers) != 1:
        return VerdictKind.TOOL_CRASH, f"exit code {code} with {len(output.trailers)} final lines, not one"
    if not TRAILER.fullmatch(output.last) and not (output.warned and output.last == WARNED):
        return VerdictKind.TOOL_CRASH, "something follows the final line"
    return _verified_or_not(code, output, output.trailers[0])


def _not_resolved(output: Output) -> tuple[VerdictKind, str]:
    errors = [said for said in output.said if said.severity == "error"]
    if not errors or not DETECTED.fullmatch(output.last):
        return VerdictKind.TOOL_CRASH, "errors are counted, but none is told at a place"
    kind = VerdictKind.SYNTAX if "parse" in output.detected else VerdictKind.TYPE
    return kind, errors[0].message


def _verified_or_not(code: int, output: Output, trailer: Trailer) -> tuple[VerdictKind, str]:
    """A run that came to its trailer."""
    kind = _left(trailer)
    errors = [said for said in output.said if said.severity == "error"]
    warnings = [said for said in output.said if said.severity == "warning"]
    if code == NOT_PROVED and kind is not None:
        told = [said.message for said in errors if not said.message.startswith("Verification ")]
        return kind, told[0] if told and kind is VerdictKind.FAILED else " ".join(trailer.others)
    if code == NOT_PROVED or kind is not None or errors:
        return VerdictKind.TOOL_CRASH, f"exit code {code} does not fit the final line"
    if warnings:
        return _of_warning(warnings[0]), f"warning: {warnings[0].message}"
    if code != 0 or output.stray:
        return VerdictKind.TOOL_CRASH, f"not understood: {' '.join(output.stray)[:200]}"
    return VerdictKind.VERIFIED, ""


def _left(trailer: Trailer) -> VerdictKind | None:
    """What the trailer counts beside proofs, the worst first; None if nothing."""
    others = " ".join(trailer.others)
    if "solver exception" in others:
        return VerdictKind.TOOL_CRASH
    if trailer.errors or "inconclusive" in others:
        return VerdictKind.FAILED
    if "time out" in others:
        return VerdictKind.TIMEOUT
    return VerdictKind.RESOURCE if others else None


def _of_warning(said: Said) -> VerdictKind:
    """A warning refuses a fill like an error of the phase that it comes from."""
    return {"Parser": VerdictKind.SYNTAX, "Resolver": VerdictKind.TYPE}.get(said.source, VerdictKind.FAILED)


def _disagreement(output: Output, outcomes: Mapping[str, Outcome] | None, proofs: int) -> str:
    """Why the log does not bear out a claimed pass, or nothing."""
    if outcomes is None:
        return "a pass is claimed, but its log is missing or can't be read"
    open_ones = sorted(name for name, outcome in outcomes.items() if outcome is not Outcome.PROVED)
    if open_ones:
        return f"a pass is claimed, but the log says that {open_ones[0]} is not proved"
    told = output.trailers[0].verified
    return "" if told == proofs else f"the final line counts {told} proofs, the log {proofs}"


def worst(outcomes: Iterable[tuple[str, Outcome]]) -> dict[str, Outcome]:
    """By name, the worst outcome told of it."""
    found: dict[str, Outcome] = {}
    for name, outcome in outcomes:
        found[name] = max(found.get(name, outcome), outcome, key=WORST.__getitem__)
    return found
