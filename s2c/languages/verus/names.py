"""Verus' names of obligations, and which declaration of ours each stands for.

Law: a proof counts only for the declaration that it is a proof of. An entry that could be another's counts for neither,
and where several stand for one name the worst of them does.

Verus tells a function as `crate::module::function` (`function-breakdown`), a method as `crate::module::Type::method`
with the module in which the type is declared, or, where the type is no path (`impl Tr for u32`), as
`crate::module::impl&%0::method`. Read in its sources (`fun_as_friendly_rust_name`), not run. Two impls of one type may
have methods of one name, which are then told alike: as many entries are needed as there are such methods.

Here a declaration of a member goes by the name that it has in its file (`owed`); whatever else is told keeps its full
name, with `crate` for the crate's name.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from s2c.languages.base import Outcome
from s2c.model import Declaration

SEPARATOR = re.compile(r"::|\.")
UNNAMED = re.compile(r"impl&%\d+")
FUNCTIONS = frozenset({"fn", "proof fn", "exec fn"})
CONTRACT = frozenset({"ensures", "returns"})
TRUSTED = ("external_body", "external", "axiom", "assume_specification", "external_fn_specification")
CHEATS = (
    "assume",
    "admit",
    "external_body",
    "axiom",
    "assume_specification",
    "external_fn_specification",
    "assume_termination",
)
WORST = {Outcome.PROVED: 0, Outcome.OPEN: 1, Outcome.FAILED: 2}
Path = tuple[str, ...]


@dataclass(frozen=True)
class Member:
    """A file to be verified: its module in the crate, and what it declares."""

    module: Path
    declarations: tuple[Declaration, ...]

    def functions(self) -> list[tuple[Declaration, bool]]:
        """Its functions, and whether each stands in an impl: a type's own module may be another."""
        found: list[tuple[Declaration, bool]] = []
        end = 0
        for one in sorted(self.declarations, key=lambda each: each.span):
            if "impl" in one.kind.split():
                end = max(end, one.span.end)
            elif one.kind.endswith("fn"):
                found.append((one, one.span.end <= end))
        return found


@dataclass
class _Told:
    """Every entry of a report, by its path without the crate's name."""

    outcomes: dict[Path, list[Outcome]] = field(default_factory=dict)
    used: set[Path] = field(default_factory=set)

    def named(self, module: Path, own: Path, *, method: bool) -> list[Path]:
        """The entries that can only be about this declaration."""
        exact = (*module, *own)
        if exact in self.outcomes:
            return [exact]
        if not method:
            return []
        place = exact[:-2]
        unnamed = [path for path in self.outcomes if path[:-2] == place and path[-1] == own[-1] and _is_unnamed(path)]
        if unnamed:
            return unnamed
        elsewhere = [path for path in self.outcomes if path[-2:] == own[-2:]]
        return elsewhere if len(elsewhere) == 1 else []


def plain(name: str) -> str:
    """A declaration's name as obligations spell it: `module::Type::method`."""
    return "::".join(_path(name))


def owes(declaration: Declaration) -> bool:
    """Whether Verus must report this declaration proved: executable code or a lemma with a contract and a body."""
    trusted = any(_bare(one) in TRUSTED for one in declaration.attributes)
    contract = any(clause.kind in CONTRACT for clause in declaration.clauses)
    return declaration.kind in FUNCTIONS and contract and declaration.body is not None and not trusted


def outcomes(functions: Iterable[tuple[str, bool]], members: Sequence[Member]) -> Mapping[str, Outcome]:
    """The worst outcome of each obligation, by our names. A member's that was not told of is absent."""
    told = _Told()
    for name, success in functions:
        outcome = Outcome.PROVED if success else Outcome.FAILED
        told.outcomes.setdefault(_path(name)[1:], []).append(outcome)
    found = _own(told, members)
    for path, several in told.outcomes.items():
        if path not in told.used:
            found["::".join(("crate", *path))] = max(several, key=WORST.__getitem__)
    return found


def _own(told: _Told, members: Sequence[Member]) -> dict[str, Outcome]:
    """What is told of the members' declarations, by their names."""
    needed: Counter[str] = Counter()
    entries: dict[str, list[Path]] = {}
    absent: set[str] = set()
    for member in members:
        for declaration, method in member.functions():
            own = _path(declaration.name)
            paths = told.named(member.module, own, method=method)
            told.used.update(paths)
            entries.setdefault("::".join(own), []).extend(paths)
            needed["::".join(own)] += owes(declaration)
            absent |= {"::".join(own)} if owes(declaration) and not paths else set()
    found: dict[str, Outcome] = {}
    for name, paths in entries.items():
        several = [outcome for path in dict.fromkeys(paths) for outcome in told.outcomes[path]]
        if several and name not in absent and len(several) >= needed[name]:
            found[name] = max(several, key=WORST.__getitem__)
    return found


def _path(name: str) -> Path:
    return tuple(part.removeprefix("r#") for part in SEPARATOR.split(name) if part)


def _is_unnamed(path: Path) -> bool:
    return len(path) > 1 and UNNAMED.fullmatch(path[-2]) is not None


def _bare(attribute: str) -> str:
    """`external_body` of `#[verifier::external_body]`, `verifier(external_body)` and the like."""
    words = re.findall(r"\w+", attribute)
    return next((word for word in words if word not in {"verifier", "verus", "r"}), "")


def refused(what: str) -> bool:
    """Whether `--no-cheating` refuses a given text that takes this on trust."""
    return any(re.search(rf"(?<!\w){word}(?!\w)", what) for word in CHEATS)
