"""What Lean can say of a spec before anyone fills it.

Law: what its libraries declare only Lean itself knows, so no name is told to be undeclared; and a definition is told to
be free of promises only if nothing else in the file speaks of it.
"""

from collections import Counter

from s2c.languages.lean.items import components
from s2c.languages.lints import Silent
from s2c.model import HoleKind, Outline


class LeanLint(Silent):
    """The Lint protocol for Lean: the statements of theorems are its contracts."""

    def promising(self, outline: Outline) -> frozenset[str]:
        """Theorems, and every definition that is named anywhere beside its own head."""
        used = Counter(part for word in outline.skeleton for part in components(_text(word)))
        bodies = [one.owner for one in outline.holes if one.kind is HoleKind.BODY]
        silent = {owner for owner in bodies if used[components(owner)[-1]] < 2}  # noqa: PLR2004 - its head, and a use
        return frozenset(one.name for one in outline.declarations if one.name not in silent)


def _text(fingerprint: bytes) -> str:
    """A token without its place."""
    return fingerprint.rpartition(b" ")[2].decode("utf-8", "replace")
