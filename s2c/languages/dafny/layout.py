"""What a Dafny project's own files say: where includes lie, and what goes to the verifier.

Law: an include is relative to the file that it stands in, wherever that lies.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from s2c.config import LanguageSettings
from s2c.languages.base import Target
from s2c.model import Diagnostic, Import, Outline


@dataclass(frozen=True)
class DafnyLayout:
    """The Layout protocol for Dafny."""

    settings: LanguageSettings
    notes: tuple[Diagnostic, ...] = ()

    def target(self, importer: str, item: Import) -> Target:
        """The one place that an include can mean."""
        return Target((os.path.normpath(Path(importer).parent / item.target),))

    def relations(self, outlines: Mapping[str, Outline]) -> Mapping[str, tuple[str, ...]]:
        """None: includes say it all."""
        del outlines
        return {}

    def options(self, path: str) -> tuple[str, ...]:
        """The settings' own."""
        del path
        return self.settings.options


def layout(root: Path, manifests: Mapping[str, bytes], settings: LanguageSettings) -> DafnyLayout:
    """The layout that these manifests and settings make."""
    del root, manifests
    return DafnyLayout(settings)
