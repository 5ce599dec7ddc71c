"""What one job gives to Verus: the crate's root, and the module of each member.

Law: the crate that is verified holds exactly the files at hand, each as the module that it is in the project. The
crate's own root is the root if it is among them; else one is written that declares the others and nothing else.

Only files that lie where Rust looks below the root's folder are declared so: any other depends on the file that
declares it (`VerusLayout.relations`), which is at hand then.
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field

from s2c.languages.base import Job
from s2c.languages.verus.crates import Crates, Module, Path
from s2c.languages.verus.layout import VerusLayout, crates_of
from s2c.languages.verus.outline import parse

NAME = "s2c_root"


@dataclass(frozen=True)
class Unit:
    """`root` is given to Verus; `files` are laid out beside those of the job; `modules` says where members stand."""

    root: str
    files: Mapping[str, bytes] = field(repr=False)
    modules: Mapping[str, Path]


def unit(job: Job) -> Unit:
    """The crate of a job. A job without members has none: its root is the name of no file."""
    at_hand = {job.origin.get(placed, placed): placed for placed in job.files if placed.endswith(".rs")}
    known = _known(job, at_hand)
    first = next((job.origin.get(placed, placed) for placed in job.members), "")
    if first not in known.modules:
        return Unit(_free(f"{NAME}.rs", job), {}, {})
    root = known.modules[first].root
    own = {path: known.modules[path] for path in at_hand if path in known.modules and known.modules[path].root == root}
    modules = {at_hand[path]: module.path for path, module in own.items() if at_hand[path] in job.members}
    if root in own:
        return Unit(at_hand[root], {}, modules)
    place = _place(first, at_hand[first], posixpath.dirname(root))
    name = _free(posixpath.join(place, f"{NAME}.rs"), job)
    return Unit(name, {name: _declaring(own)}, modules)


def _known(job: Job, at_hand: Mapping[str, str]) -> Crates:
    """The project's crates if they are known, else what the files at hand say by themselves."""
    known = job.layout.crates if isinstance(job.layout, VerusLayout) else Crates()
    if all(path in known.modules for path in at_hand):
        return known
    return crates_of({path: parse(job.files[placed]) for path, placed in at_hand.items()}, ())


def _place(path: str, placed: str, folder: str) -> str:
    """Where a folder of the project lies in the scratch folder, told from one file of both."""
    way = posixpath.relpath(folder or ".", posixpath.dirname(path) or ".")
    found = posixpath.normpath(posixpath.join(posixpath.dirname(placed), way))
    return "" if found == "." else found


def _free(name: str, job: Job) -> str:
    while name in job.files:
        name = name.removesuffix(".rs") + "_.rs"
    return name


def _declaring(own: Mapping[str, Module]) -> bytes:
    """A root that declares each of these files which no other of them declares."""
    tops = sorted(module.path for module in own.values() if module.parent not in own)
    lines = ["// Made by s2c: the modules of this crate that are at hand."]
    here: Path = ()
    for path in tops:
        shared = len(posixpath.commonprefix([here, path[:-1]]))
        lines += ["}"] * (len(here) - shared)
        lines += [f"pub mod {name} {{" for name in path[shared:-1]]
        lines.append(f"pub mod {path[-1]};")
        here = path[:-1]
    return "\n".join([*lines, *["}"] * len(here), ""]).encode()
