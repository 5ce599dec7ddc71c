"""Prompts: the stable part first, what changes from request to request last.

Law: a prompt is a pure function of what is shown. The order is rules and examples, codebase context, what the specs
import, the specs, the answer format with its nonce, so that providers can cache the longest prefix. `VERSION` is the
digest of every template: a changed word is a new asking key, told before anything is paid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from s2c.digest import digest
from s2c.languages.base import Language
from s2c.model import Diagnostic, Hole, Message, Refusal, Spec

FORM = "prompt.1"
MOST_SAID = 2000  # tokens of what was said against one component, in a plan (blame.py bounds it), and round it
SHOWN_DIAGNOSTICS = 12  # more than these repeat the same trouble and crowd out the text


@dataclass(frozen=True)
class Previous:
    """An attempt that failed: its fills by hole id, and what was said against it, `left_out`: how much more."""

    fills: Mapping[str, str]
    verdict: str
    reason: str
    diagnostics: tuple[Diagnostic, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    left_out: int = 0


@dataclass(frozen=True)
class Shown:
    """One spec in a request: `name` is its short id (F1), `asked` the holes that are wanted, `pinned` the others.

    `more`: what stands behind it where it is asked for in another way than before.
    """

    name: str
    spec: Spec
    asked: tuple[Hole, ...]
    pinned: Mapping[str, str]
    previous: Previous | None = None
    more: str = ""


@cache
def version() -> str:
    """The digest of the templates that no language owns."""
    return digest(FORM, _template("system.md"))


def messages(language: Language, context: str, imports: Mapping[str, bytes], shown: Sequence[Shown]) -> list[Message]:
    """The messages of one request, without the answer format that ends it."""
    made = parts(language, context, imports, shown)
    user = [text for name, text in made.items() if name != "system" and text]
    return [Message("system", made["system"]), Message("user", "\n".join(user))]


def parts(language: Language, context: str, imports: Mapping[str, bytes], shown: Sequence[Shown]) -> Mapping[str, str]:
    """The texts of a request by what they are, in their order."""
    return {
        "system": f"{_template('system.md')}\n{language.prompt}",
        "context": context,
        "imports": "\n".join(_imported(path, content) for path, content in sorted(imports.items())),
        "spec": "\n".join(spec_text(language, one) for one in shown),
    }


def spec_text(language: Language, shown: Shown) -> str:
    """One spec as the model sees it: holes marked, pinned fills in place, the failed attempt behind it."""
    lines = [f"----- spec {shown.name} ({language.name}) -----", _marked(language, shown).rstrip("\n")]
    if shown.previous is not None:
        lines += _history(shown, shown.previous)
    lines += [shown.more] if shown.more else []
    return "\n".join([*lines, f"----- end of spec {shown.name} -----", ""])


def _marked(language: Language, shown: Shown) -> str:
    asked = {hole.id for hole in shown.asked}
    parts, position = [], 0
    for hole in sorted(shown.spec.outline.holes, key=lambda one: one.span):
        marker = f"<<HOLE {shown.name}.{hole.id} {hole.kind}>>\n"
        text = marker if hole.id in asked else language.render(hole, shown.pinned[hole.id])
        before = shown.spec.source[position : hole.span.start].decode("utf-8", "replace")
        parts += [before, text if before.endswith("\n") or not before else f"\n{text}"]
        position = hole.span.end
    return "".join(parts) + shown.spec.source[position:].decode("utf-8", "replace")


def _history(shown: Shown, previous: Previous) -> list[str]:
    lines = [f"----- an earlier attempt at {shown.name} was not accepted: {previous.verdict} -----"]
    for hole in shown.asked:
        lines += [f"[{shown.name}.{hole.id}]", previous.fills.get(hole.id, "").rstrip("\n")]
    lines.append("What was said against it:")
    lines += [_refusal(shown.name, one) for one in previous.refusals]
    lines += [line for one in previous.diagnostics for line in _diagnostic(one)]
    if not previous.refusals and not previous.diagnostics:
        lines.append(previous.reason)
    if previous.left_out:
        lines.append(f"(and {previous.left_out} more)")
    return lines


def _refusal(name: str, one: Refusal) -> str:
    place = f"{name}.{one.hole}, line {one.line}: " if one.line else f"{name}.{one.hole}: " if one.hole else ""
    return f"{place}{one.rule}: {one.message}"


def _diagnostic(one: Diagnostic) -> list[str]:
    told = f"line {one.line}, column {one.column}: {one.severity}: {one.message}"
    return [told, f"    {one.excerpt.strip()}"] if one.excerpt.strip() else [told]


def _imported(path: str, content: bytes) -> str:
    text = content.decode("utf-8", "replace").rstrip("\n")
    return f"----- imported file {path} (given; holes in it are taken as proved) -----\n{text}\n"


def _template(name: str) -> str:
    return files("s2c.prompts").joinpath(name).read_text(encoding="utf-8")
