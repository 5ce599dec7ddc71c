"""Dafny as s2c sees it: the one object that answers for the language.

Law: this module only puts the others together; it decides nothing.
"""

from collections.abc import Mapping
from pathlib import Path

from s2c.languages.base import Layout, Verifier
from s2c.languages.dafny import checks, layout, outline, policy, render, structure
from s2c.languages.dafny.lint import DafnyLint
from s2c.languages.dafny.verifier import DafnyVerifier
from s2c.languages.lints import Lint
from s2c.model import Declaration, Hole, Outline, Refusal
from s2c.settings import LanguageSettings


class Dafny:
    """The Language protocol for `.dfy` files of Dafny 2.3 and 4."""

    name = "dafny"
    version = "dafny.2"
    policy_version = "dafny-policy.3"
    batch_specs = 16
    settings = LanguageSettings
    cycles = True

    def __init__(self) -> None:
        self.prompt = Path(__file__).with_name("prompt.md").read_text(encoding="utf-8")
        self.verifier: Verifier = DafnyVerifier()
        self.lint: Lint = DafnyLint()

    def layout(self, root: Path, manifests: Mapping[str, bytes], settings: LanguageSettings) -> Layout:
        """What the project's own files say."""
        return layout.layout(root, manifests, settings)

    def parse(self, source: bytes) -> Outline:
        """The outline of a source."""
        return outline.parse(source)

    def normalise(self, hole: Hole, text: str) -> str:
        """A fill as stored."""
        return render.normalise(hole, text)

    def render(self, hole: Hole, fill: str) -> str:
        """What stands in the hole's span for a normalised fill."""
        return render.render(hole, fill)

    def stand_in(self, source: bytes, outline: Outline, fills: Mapping[str, str]) -> bytes:  # noqa: ARG002  # the protocol's
        """The source with every unfilled hole's owner an explicit axiom."""
        return render.stand_in(source, fills)

    def structure(self, source: bytes, outline: Outline, fills: Mapping[str, str]) -> tuple[Refusal, ...]:
        """Layer 2."""
        return structure.structure(source, outline, fills)

    def policy(self, outline: Outline, fills: Mapping[str, str]) -> tuple[Refusal, ...]:
        """Layer 3."""
        return policy.policy(outline, fills)

    def helper_names(self, fill: str) -> tuple[str, ...]:
        """Names that a helpers fill declares, unqualified, sorted."""
        return policy.helper_names(fill)

    def twin(self, outline: Outline, declaration: Declaration) -> tuple[int, bytes] | str:  # noqa: ARG002  # the protocol's
        """The insertion of the impossible twin, or why there is none."""
        return checks.twin(declaration)

    def vacuity(self, source: bytes, outline: Outline, declaration: Declaration) -> tuple[int, bytes, str] | None:
        """The insertion that asks whether a contract's `requires` contradict themselves."""
        return checks.vacuity(source, outline, declaration)
