"""What a run of Verus amounts to.

Law: nothing is believed that is not said in exactly the known form. A pass needs exit 0, a report in JSON of which
every word agrees, no error beside it, and no line that is not understood; whatever else claims to be one is
`tool-crash`. A failure may be told in more forms than are asked for: as JSON, or drawn for people.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from s2c.languages.base import Outcome, Reading
from s2c.languages.verus import human, report
from s2c.languages.verus.report import Report
from s2c.languages.verus.said import Said, diagnostics
from s2c.model import VerdictKind
from s2c.process import RawRun

CRASH = re.compile(
    r"thread '[^']*'(?: \(\d+\))? panicked at |error: internal compiler error|fatal runtime error|SIG[A-Z]+: "
    r"|error: the compiler unexpectedly panicked|error: Verus installation is incomplete|verus: (?:required )?rust"
)
SUMMARY = re.compile(
    r"aborting due to .*|could not compile .*|\d+ warnings? emitted"
    r"|Some errors have detailed .*|For more information about .*"
)
CHEAT = "not allowed with --no-cheating"
RESOURCE = re.compile(r"Resource limit \(rlimit\) exceeded|rlimit exceeded")
UNPROVED = re.compile(
    r"(?:pre|post)condition not satisfied|requires not satisfied|assertion (?:failed|failure)|split assertion failure"
    r"|invariant not satisfied|possible (?:arithmetic|division|bit ?shift|overflow|underflow|out)|not satisfied"
    r"|must have a decreases clause|(?:could|can) ?not (?:prove|show|satisfy)|might not|may fail to|unable to prove"
)
UNREADABLE = re.compile(
    r"(?:un)?expected |mismatched closing|unclosed delimiter|this file contains an unclosed|unknown start of token"
    r"|un(?:terminated|known character|matched|balanced)|missing (?!lifetime|match)|invalid suffix|prefix `|leading `"
    r"|trailing |found invalid character|numeric (?:character )?|bare CR|invalid (?:char|string)"
)
# codes of what rustc can't lex; every other code is about names and types
LEXER_CODES = frozenset({"E0586", "E0748", "E0758", "E0762", "E0763", "E0765", "E0766", "E0768"})
# the tool's own remark, which is no message of rustc
HARMLESS = re.compile(r"warning: verus was compiled (?:in debug mode|outside vargo).*")
RESULTS_LINE = re.compile(r"verification results:: (\d+) verified, (\d+) errors(.*)")
WORST_FIRST = (
    VerdictKind.TOOL_CRASH, VerdictKind.POLICY, VerdictKind.SYNTAX, VerdictKind.TYPE, VerdictKind.FAILED,
    VerdictKind.RESOURCE,
)  # fmt: skip


@dataclass(frozen=True)
class Output:
    """A run's output, taken apart. `report`: the JSON report, why it is none, or None where none was printed."""

    code: int
    report: Report | str | None
    said: tuple[Said, ...]
    stray: tuple[str, ...]  # lines that no rule knows
    crash: str
    reached: bool  # it came to the proofs

    @property
    def errors(self) -> tuple[Said, ...]:
        """What stands against a pass; that something was an error is not said twice."""
        return tuple(one for one in self.said if one.is_error and not SUMMARY.fullmatch(one.message))


def take_apart(raw: RawRun) -> Output | None:
    """Both streams as messages and a report, or None: what is not UTF-8 can't be read."""
    try:
        stdout, stderr = (stream.decode("utf-8").replace("\r\n", "\n") for stream in (raw.stdout, raw.stderr))
    except UnicodeDecodeError:
        return None
    found = report.parse(stdout) if stdout.lstrip().startswith("{") else None
    said, others = report.messages(stderr.split("\n"))
    lines = [*([] if found is not None else [*stdout.split("\n"), ""]), *others]
    told, stray = human.parse("\n".join(line for line in lines if not HARMLESS.fullmatch(line)))
    crash = next((line for line in f"{stdout}\n{stderr}".split("\n") if CRASH.match(line)), "")
    proofs = isinstance(found, Report) and found.verified is not None
    reached = proofs or any(RESULTS_LINE.fullmatch(line) for line in stray)
    return Output(raw.exit or 0, found, (*said, *told), stray, _panic(said) or crash, reached)


def _panic(said: Sequence[Said]) -> str:
    return next((one.message for one in said if one.level == "error: internal compiler error"), "")


def conclude(files: Mapping[str, bytes], output: Output, outcomes: Mapping[str, Outcome], *, owed: bool) -> Reading:
    """The reading of a run. `outcomes` are those of the report, by our names; `owed`: something must be proved."""
    kind, reason = _kind(output, owed=owed)
    told = [one for one in output.said if not SUMMARY.fullmatch(one.message)]
    if kind is VerdictKind.RESOURCE:  # nothing else failed: what is not proved was given up
        outcomes = {name: _given_up(outcome) for name, outcome in outcomes.items()}
    return Reading(kind, dict(outcomes), diagnostics(files, told), reason)


def _given_up(outcome: Outcome) -> Outcome:
    return Outcome.OPEN if outcome is Outcome.FAILED else outcome


def _kind(output: Output, *, owed: bool) -> tuple[VerdictKind, str]:
    if output.crash:
        return VerdictKind.TOOL_CRASH, output.crash[:300]
    if isinstance(output.report, str):
        return VerdictKind.TOOL_CRASH, output.report
    if output.code == 0:
        return _pass(output, owed=owed)
    if output.code != 1:
        return VerdictKind.TOOL_CRASH, f"exit code {output.code}: {_first(output)}".rstrip(": ")
    if not output.errors:
        return VerdictKind.TOOL_CRASH, f"it failed and told no error: {_first(output)}".rstrip(": ")
    kinds = [(_of(one, reached=output.reached), one.message) for one in output.errors]
    return min(kinds, key=lambda found: WORST_FIRST.index(found[0]))


def _first(output: Output) -> str:
    """The first thing that a run said, for the reason of a crash."""
    told = [*(one.message for one in output.errors), *output.stray, *(one.message for one in output.said)]
    return told[0][:200] if told else ""


def _of(error: Said, *, reached: bool) -> VerdictKind:
    """What one error says of the text that was given."""
    message = error.message
    rules = (
        (CHEAT in message, VerdictKind.POLICY),
        (RESOURCE.search(message), VerdictKind.RESOURCE),
        (error.code in LEXER_CODES, VerdictKind.SYNTAX),
        (error.code, VerdictKind.TYPE),
        (UNPROVED.search(message), VerdictKind.FAILED),
        (error.primary is None, VerdictKind.TOOL_CRASH),
        (UNREADABLE.match(message), VerdictKind.SYNTAX),
        (reached, VerdictKind.FAILED),
    )
    return next((kind for fits, kind in rules if fits), VerdictKind.TYPE)


def _pass(output: Output, *, owed: bool) -> tuple[VerdictKind, str]:
    """A run that ended with exit code 0: a pass only if every word of it says so."""
    found = output.report
    if not isinstance(found, Report):
        return VerdictKind.TOOL_CRASH, f"exit code 0 without a report in JSON: {_first(output)}".rstrip(": ")
    reason = _against(output, found)
    if reason:
        return VerdictKind.TOOL_CRASH, reason
    if owed and not found.verified:
        return VerdictKind.INCOMPLETE, "nothing was verified, and something is owed"
    return VerdictKind.VERIFIED, ""


def _against(output: Output, found: Report) -> str:
    """The first thing that speaks against a claimed pass."""
    open_ones = sorted(name for name, success in found.functions if not success)
    checks = (
        (not found.whole or found.success is None, "only a part of the crate was verified: no `--verify-*` options"),
        (bool(found.missing), f"the report has no {', '.join(sorted(found.missing))}"),
        (found.success is not True or found.error or found.vir_error, "exit code 0, but the report tells no success"),
        (found.errors != 0, f"exit code 0, but the report counts {found.errors} errors"),
        (bool(open_ones), f"a pass is claimed, but {', '.join(open_ones[:1])} is not proved"),
        (any(one.is_error for one in output.said), f"a pass is claimed beside an error: {_first(output)}"),
        (bool(output.stray), f"not understood: {' '.join(output.stray)[:200]}"),
    )
    return next((reason for wrong, reason in checks if wrong), "")
