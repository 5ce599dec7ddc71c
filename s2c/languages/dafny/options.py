"""Options that a project may set for Dafny: which of them reach its command line, in one spelling.

Law: what would make a check weaker, or clash with how s2c calls Dafny, never reaches it; whoever leaves an option out
says why. An option that this table does not know is left out too: it might be one of those.

Named and spelled as Dafny 4.11.0 takes them (measured). Given twice with two values, it takes one of them and says
nothing: so two values for one option are refused here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from s2c.languages.base import Job

BOOLEAN = ("false", "true")
PASSED: Mapping[str, tuple[str, ...]] = {
    "function-syntax": (
        "3", "4", "migration3to4", "experimentalDefaultGhost", "experimentalDefaultCompiled",
        "experimentalPredicateAlwaysGhost",
    ),
    "quantifier-syntax": ("3", "4"),
    "general-traits": ("legacy", "datatype", "full"),
    "default-function-opacity": ("transparent", "autoRevealDependencies", "opaque"),
    **dict.fromkeys(
        (
            "allow-deprecation", "analyze-proofs", "disable-nonlinear-arithmetic", "enforce-determinism",
            "general-newtypes", "ignore-indentation", "isolate-assertions", "manual-lemma-induction",
            "manual-triggers", "reads-clauses-on-methods", "referrers", "standard-libraries",
            "suggest-proof-refactoring", "track-print-effects", "type-system-refresh", "unicode-char",
            "warn-contradictory-assumptions", "warn-missing-constructor-parentheses", "warn-redundant-assumptions",
            "warn-shadowing",
        ),
        BOOLEAN,
    ),
}  # fmt: skip

_WEAKER = "it would make the check weaker"
_BUDGET = "s2c sets the budget of each proof itself, the same on every machine"
_OUTPUT = "s2c sets how Dafny reports, and reads just that"
_PARTS = "s2c decides what is verified"
_PROVER = "it could make the prover say anything"
LEFT_OUT: Mapping[str, str] = {
    **dict.fromkeys(
        ("allow-axioms", "allow-external-contracts", "allow-warnings", "no-verify", "relax-definite-assignment"),
        _WEAKER,
    ),
    **dict.fromkeys(("cores", "error-limit", "resource-limit", "verification-time-limit"), _BUDGET),
    **dict.fromkeys(
        ("dont-verify-dependencies", "filter-position", "filter-symbol", "find-project", "input-format", "stdin",
         "verify-included-files"),
        _PARTS,
    ),
    **dict.fromkeys(
        ("boogie", "plugin", "prelude", "solver-log", "solver-option", "solver-path", "solver-plugin"), _PROVER
    ),
    **dict.fromkeys(
        ("bprint", "extract-counterexample", "json-diagnostics", "json-output", "log-format", "log-level",
         "log-location", "performance-stats", "pprint", "print", "print-mode", "print-ranges", "progress", "rprint",
         "show-hints", "show-proof-obligation-expressions", "show-snippets", "sprint", "use-basename-for-filename",
         "verbose", "verification-coverage-report", "wait-for-debugger"),
        _OUTPUT,
    ),
    "warn-as-errors": "a warning is never a pass anyway",
    "library": "files named here can't be laid out: name them in `library` of a dfyconfig.toml, or include them",
}  # fmt: skip

# Options of other commands than `verify`, which a project file may hold as well: they have no say in a proof.
ELSEWHERE = frozenset(
    {
        "build", "check", "compare-report", "coverage-report", "emit-uncompilable-code", "include-runtime", "input",
        "main-method", "methods-to-test", "optimize-erasable-datatype-wrapper", "output", "raw-pointers",
        "report-file", "report-format", "rust-module-name", "rust-sync", "spill-translation", "target",
        "test-assumptions", "translate-standard-library", "translation-record",
    }
)  # fmt: skip

# Options by which a text means something else, with Dafny's default: files that see each other must agree on them.
MEANING: Mapping[str, str] = {
    "general-newtypes": "false",
    "general-traits": "legacy",
    "quantifier-syntax": "4",
    "unicode-char": "true",
}

# Dafny 2.3: what says the same there, and what it does anyway.
LEGACY: Mapping[str, tuple[str, ...]] = {
    "--allow-deprecation:true": ("/deprecation:0",),
    "--disable-nonlinear-arithmetic:true": ("/noNLarith",),
    "--manual-lemma-induction:true": ("/induction:1",),
    "--manual-triggers:true": ("/autoTriggers:0",),
    "--warn-shadowing:true": ("/warnShadowing",),
    "--default-function-opacity:transparent": (),
    "--function-syntax:3": (),
    "--general-traits:legacy": (),
    "--quantifier-syntax:3": (),
}


@dataclass(frozen=True)
class Judged:
    """Options as they go to Dafny: name -> word; and why each other one does not, by name."""

    words: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


def judged(options: Mapping[str, object]) -> Judged:
    """What becomes of these options: name without dashes -> value as TOML gives it."""
    words: dict[str, str] = {}
    refused: dict[str, str] = {}
    for name in sorted(options):
        if name in PASSED:
            value = _chosen(PASSED[name], options[name])
            if value:
                words[name] = f"--{name}:{value}"
            else:
                refused[name] = f"it can be {', '.join(PASSED[name])}, not {options[name]!r}"
        elif name not in ELSEWHERE:
            refused[name] = LEFT_OUT.get(name, "s2c knows no such option of `dafny verify`")
    return Judged(words, refused)


def named(words: Iterable[str]) -> Mapping[str, object]:
    """Options written as on a command line: `--name:value`, `--name=value`, or `--name` for true; by name."""
    found: dict[str, object] = {}
    for word in words:
        name, mark, value = word.removeprefix("--").replace("=", ":", 1).partition(":")
        if word.startswith("--") and name:
            found[name] = value if mark else True
        else:
            found[word] = ""
    return found


def legacy(options: Sequence[str]) -> tuple[str, ...]:
    """What says the same to Dafny 2.3, where something does."""
    return tuple(word for option in options for word in LEGACY.get(option, ()))


def trouble(job: Job, *, old: bool) -> str:
    """Why a run with the job's options could prove something else than asked, or "". `old`: by Dafny 2.3."""
    unknown = [one for one in job.options if old and one not in LEGACY and not one.endswith(":false")]
    if unknown:
        return f"the project sets {unknown[0]}, which Dafny 2.3 has not: use Dafny 4, or take it out"
    mine: dict[str, str] = {}
    for option in job.options:
        name = option.partition(":")[0]
        if mine.setdefault(name, option) != option:
            return f"files that depend on each other are under {mine[name]} and {option}: give them the same options"
    return next(_strangers(job), "")


def _strangers(job: Job) -> Iterator[str]:
    """The imports whose text means something else under their own project's options."""
    meant = _meaning(job.options)
    for path in job.imports if job.layout is not None else ():
        place = job.origin.get(path, path)
        other = _meaning(job.layout.options(place)) if job.layout is not None else meant
        for name, value in meant.items():
            if other[name] != value:
                yield f"{place} is under --{name}:{other[name]}, what depends on it under {value}: give both the same"


def _meaning(options: Sequence[str]) -> dict[str, str]:
    given = {option.partition(":")[0][2:]: option.partition(":")[2] for option in options}
    return {name: given.get(name, default) for name, default in MEANING.items()}


def _chosen(choices: tuple[str, ...], value: object) -> str:
    """The choice that a value means; "" if it means none. Dafny takes numbers and texts alike, in any case."""
    written = str(value).casefold() if isinstance(value, str | int) else ""
    return next((choice for choice in choices if choice.casefold() == written), "")
