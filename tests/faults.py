"""Faults, each a small change of s2c's text, that random edits against the oracle must find.

Law: a fault is applied to a copy of the package, never to the package; and the text that it replaces must be there, so
that no fault can rot away unseen.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.oracle.machine import PACKAGE, fails

MOST_STEPS = 60


@dataclass(frozen=True)
class Fault:
    """What is wrong, where, and how the text reads before and after. `seed`: of the steps that find it."""

    what: str
    file: str
    right: str
    wrong: str
    seed: str = "faults"


FAULTS = {
    "transitive": Fault(
        "what is imported through others is no part of a key",
        "keys.py", '"imports": sorted(set(interfaces.values())),', '"imports": [],',
    ),
    "closure": Fault(
        "imports are no part of a key",
        "keys.py", 'found[path] = digest("interface.1", [tokens, fills[path]])', 'found[path] = "same"',
    ),
    "comments": Fault(
        "a comment is another obligation",
        "keys.py",
        '{"tokens": _digest(graph.specs[path].outline.skeleton), "imports": named}',
        '{"tokens": digest_bytes(graph.specs[path].source), "imports": named}',
    ),
    "path": Fault(
        "a file's path is part of its key", "keys.py", '"language": [spoken.name, spoken.version],',
        '"language": [spoken.name, spoken.version, component.id],',
    ),
    "truncated": Fault(
        "keys of obligations are cut short",
        "keys.py", "return digest(OBLIGATION, content)", "return digest(OBLIGATION, content)[:17]",
    ),
    "verdict": Fault(
        "the key of a verdict lacks the files",
        "keys.py", "files: Json = {path: digest_bytes(content) for path, content in run.files.items()}",
        "files: Json = sorted(run.files)",
    ),
    "selection": Fault(
        "what is not selected is asked for too",
        "taskstate.py", "self.asked = self._with_imports(generate)", "self.asked = self._with_imports(self.paths())",
    ),
    "exhausted": Fault(
        "a spec that used up its attempts is asked for again",
        "plan.py",
        'return attempts_used(most) if len(attempts(project, component, key)) >= most else ""', 'return ""',
    ),
    "edited": Fault(
        "an edit in build/ is not noticed", "plan.py", "if digest_bytes(content) != built.target:", "if not content:"
    ),
    "lost": Fault(
        "implementations are not stored",
        "store/store.py", "self._book.add([made])\n            for row in", "for row in",
    ),
    "person": Fault(
        "of several fills neither a person's nor the newest stands first",
        "store/standing.py",
        'return one.author != "human", rank.get(own, len(rank)), own', "return False, 0, own", "faults3",
    ),
    "export": Fault(
        "records are not written", "store/exchange.py",
        "return sum(_export_shard(book, folder / name, topics.get(name, ())) for name in SHARDS)", "return 0",
    ),
    "attempts": Fault(
        "attempts are not stored", "store/store.py", "self._book.add([attempt])", "pass"
    ),
    "splice": Fault(
        "what follows the last hole loses its blanks",
        "splice.py", "parts.append(spec.source[position:])", "parts.append(spec.source[position:].rstrip())",
    ),
    "overwrite": Fault(
        "a file in build/ is never overwritten",
        "outputs.py", 'return self._write(self._place("", path), content)',
        'return self.read(path) is None and self._write(self._place("", path), content)',
    ),
    "retire": Fault(
        "what is not solved stays in build/", "outputs.py", "source.replace(target)", "pass"
    ),
    "previous": Fault(
        "older fills are not tried",
        "reuse.py", "if pair[1]), MOST_PREVIOUS)", "if pair[1]), 0)",
    ),
    "stored": Fault(
        "what is stored for an obligation is not tried",
        "reuse.py", 'yield from (_of(one, "stored") for one in stored)', "yield from ()",
    ),
    "by-hand": Fault(
        "an edit by hand is no candidate", "reuse.py", "if by_hand is not None:", "if by_hand == {}:"
    ),
    "race": Fault(
        "the record is of the sources as they are after the request",
        "producing.py", "parts = keys.generated(solution.key, spec, identity,",
        "from dataclasses import replace\n"
        "        now = self._project.config.root / path\n"
        "        spec = replace(spec, source=now.read_bytes()) if now.exists() else spec\n"
        "        parts = keys.generated(solution.key, spec, identity,",
        "faults3",
    ),
    "settled": Fault(
        "files count as unchanged whatever became of them",
        "settled.py", "return known and all(stamp(", "return known or all(stamp(",
    ),
    "copies": Fault(
        "of a file and its copy both are asked for, and each counts as an attempt",
        "copies.py", "return [state for state in states if id(state) in kept]", "return list(states)", "faults3",
    ),
}  # fmt: skip


def apply(fault: Fault, folder: Path) -> Path:
    """A copy of the package with this fault in it; the folder that holds it."""
    copied = copy_of_the_package(folder)
    place = copied / "s2c" / fault.file
    text = place.read_text(encoding="utf-8")
    assert text.count(fault.right) == 1, f"{fault.file} does not hold this text once: {fault.right}"
    place.write_text(text.replace(fault.right, fault.wrong), encoding="utf-8")
    return copied


def copy_of_the_package(folder: Path) -> Path:
    """A copy of the package without the sources of its grammars; the folder that holds it."""
    left_out = shutil.ignore_patterns("__pycache__", "grammar")
    shutil.copytree(PACKAGE / "s2c", folder / "s2c", ignore=left_out)
    return folder


def killed_by(name: str, folder: Path) -> str:
    """What the oracle says of this fault; "" if it sees nothing wrong."""
    package = apply(FAULTS[name], folder / "package")
    return fails(folder / "run", FAULTS[name].seed, range(MOST_STEPS), package=package, kills=False)
