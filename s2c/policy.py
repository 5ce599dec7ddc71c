"""What a fill may contain: layers 2 and 3 of trust, in their order, for one spec.

Law: a language decides what is allowed; this module only asks it, structure before policy, and adds the one rule that
no single file can see: a helper's name must be free in every file that is imported together with this one.
"""

from collections.abc import Mapping

from s2c.languages.base import Language
from s2c.model import HoleKind, Refusal, Spec


def check(spec: Spec, language: Language, fills: Mapping[str, str]) -> tuple[Refusal, ...]:
    """Why these fills (by hole id) may not stand in this spec; empty if they may."""
    refusals = language.structure(spec.source, spec.outline, fills)
    return refusals or language.policy(spec.outline, fills)


def names(spec: Spec, language: Language, fills: Mapping[str, str]) -> dict[str, str]:
    """Names that the helpers of these fills declare, each with the id of its hole."""
    return {
        name: hole.id
        for hole in spec.outline.holes
        if hole.kind is HoleKind.HELPERS
        for name in language.helper_names(fills[hole.id])
    }


def taken(declared: Mapping[str, str], owners: Mapping[str, str]) -> tuple[Refusal, ...]:
    """Refusals for names that another file already declares. `owners`: name -> path of the file that has it."""
    return tuple(
        Refusal("name-taken", f"name taken by {owners[name]}: {name} is declared there; choose another name", hole)
        for name, hole in sorted(declared.items())
        if name in owners
    )
