"""This machine without any project: the interpreter, the packages, and how verifiers are kept from the network.

Law: what is needed is read from the installed package's own metadata, which is pyproject.toml as it was built.
"""

import platform
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib import metadata
from itertools import zip_longest

from s2c import __version__, sandbox
from s2c.checkup.finding import Finding, fail, ok, warn

NAME = "s2c"
REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)\s*(?:\[[^]]*\])?\s*\(?([^;()]*)\)?\s*(?:;(.*))?")
BOUND = re.compile(r"\s*(>=|<=|==|!=|>|<)\s*(\d+(?:\.\d+)*)\s*")
REINSTALL = "install s2c again in this environment: `pip install .` in a checkout, or script/setup"


@dataclass(frozen=True)
class Requirement:
    """A package and the bounds of its version, as written: `>=5.6.3,<6`."""

    name: str
    bounds: str

    def allows(self, version: str) -> bool | None:
        """Whether this version is within the bounds; None where a bound has a form that is not known here."""
        told = [_holds(bound, version) for bound in self.bounds.split(",") if bound.strip()]
        return None if None in told else all(told)


def interpreter() -> Iterator[Finding]:
    """The version of Python that runs this, held against the one that s2c requires."""
    version, least = platform.python_version(), _required_python()
    said = f"{version} ({sys.executable})"
    if not least:
        yield warn("python", f"{said}; what s2c requires is not known: it is not installed as a package", REINSTALL)
    elif Requirement("python", least).allows(version) is False:
        yield fail("python", f"{said}, but s2c requires {least}", "make the environment anew with a newer Python")
    else:
        yield ok("python", f"{said}, s2c requires {least}")


def packages() -> Iterator[Finding]:
    """Every package that s2c requires, held against what is installed. One line for all that are as they must be."""
    try:
        lines = metadata.requires(NAME) or []
    except metadata.PackageNotFoundError:
        yield warn("packages", "s2c is not installed as a package, so what it requires is not known", REINSTALL)
        return
    good = [f"{NAME} {__version__}"]
    for needed in requirements(lines):
        version = _installed(needed.name)
        wrong = compared(needed, version)
        if wrong is None:
            good.append(f"{needed.name} {version}")
        else:
            yield wrong
    yield ok("packages", ", ".join(good))


def requirements(lines: Iterable[str]) -> Iterator[Requirement]:
    """What metadata requires without condition; extras (for tests) are left out."""
    for line in lines:
        found = REQUIREMENT.fullmatch(line.strip())
        if found is None:
            yield Requirement(line.split()[0], "?")
        elif "extra" not in (found[3] or ""):
            yield Requirement(found[1], found[2].strip())


def compared(needed: Requirement, version: str | None) -> Finding | None:
    """What is wrong with a package at this version, None being no version at all; None if it is as it must be."""
    what, fix = f"package {needed.name}", f"pip install '{needed.name}{needed.bounds}'"
    if version is None:
        return fail(what, "it is not installed", fix)
    allowed = needed.allows(version)
    if allowed is None:
        return warn(what, f"{version}; whether {needed.bounds!r} allows it can't be told", fix)
    return None if allowed else fail(what, f"{version}, but s2c requires {needed.bounds}", fix)


def network() -> Iterator[Finding]:
    """Whether verifiers run without a network."""
    yield isolation(sandbox.network_isolation())


def isolation(told: str) -> Finding:
    """The finding on what the sandbox says of the network."""
    if told.startswith("not enforced"):
        fix = "run as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1)"
        return warn("sandbox", f"verifiers can reach the network: {told}", fix)
    return ok("sandbox", f"verifiers run without network ({told})")


def _required_python() -> str:
    try:
        return str(metadata.metadata(NAME).json.get("requires_python", ""))
    except metadata.PackageNotFoundError:
        return ""


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _holds(bound: str, version: str) -> bool | None:
    found, own = BOUND.fullmatch(bound), re.match(r"\d+(?:\.\d+)*", version)
    if found is None or own is None:
        return None
    order = _order(own[0], found[2])
    return {
        ">=": order >= 0, "<=": order <= 0, ">": order > 0, "<": order < 0, "==": order == 0, "!=": order != 0,
    }[found[1]]  # fmt: skip


def _order(one: str, other: str) -> int:
    """Negative, 0 or positive, as the first version is older than, the same as, or newer than the second."""
    pairs = zip_longest(map(int, one.split(".")), map(int, other.split(".")), fillvalue=0)
    return next((left - right for left, right in pairs if left != right), 0)
