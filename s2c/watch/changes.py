"""What was saved, as paths of the project: the files that a build reads, and no others.

Law: what s2c or doit write themselves is no change, nor is what lies in folders of tools, nor the half-written files by
which editors save.
"""

from collections.abc import Iterable
from pathlib import Path

from s2c.languages.known import known, manifests, suffixes
from s2c.settings import Config

SETTINGS = frozenset({"pyproject.toml", "dodo.py"})
_FOLDERS = frozenset({"node_modules", "__pycache__"})


class Sources:
    """Which files of a project are watched."""

    def __init__(self, config: Config) -> None:
        self._root = config.root.resolve()
        self._own = (config.build_folder.resolve(), config.cache_folder.resolve())
        self._folders = _FOLDERS.union(*(one.build_folders for one in known().values()))

    def __call__(self, _change: object, path: str) -> bool:
        """Whether a change of this path counts."""
        place = Path(path)
        if not place.is_relative_to(self._root) or any(place.is_relative_to(one) for one in self._own):
            return False
        inside = place.relative_to(self._root)
        if any(part.startswith(".") or part in self._folders for part in inside.parts):
            return False
        named = inside.name in manifests() or (inside.name in SETTINGS and len(inside.parts) == 1)
        return named or inside.name.endswith(tuple(suffixes()))

    def paths(self, changed: Iterable[str]) -> list[str]:
        """These as paths of the project, sorted."""
        return sorted({Path(one).relative_to(self._root).as_posix() for one in changed})
