"""Which languages there are, told without reading any of them.

Law: folders are discovered by name, so no list of languages stands anywhere. What a folder's `__init__` says is all
that finding files needs; a language's own modules, which are large, are read when a file of it is.
"""

import functools
import importlib
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Known:
    """What the `LANGUAGE` of a folder's `__init__` says."""

    suffixes: tuple[str, ...]  # endings of its files
    make: str  # `module:Class`, in the folder: the class of its one object (see `base.Language`)
    manifests: tuple[str, ...] = ()  # names of files in which projects of this language say how they are laid out
    build_folders: tuple[str, ...] = ()  # names of folders in which its own tools write: never searched for sources
    sample: str = ""  # a small spec with one hole, shown to whoever has none yet
    get: str = ""  # how to get its verifier, in one line


@functools.cache
def known() -> Mapping[str, Known]:
    """Every language by name, in the order of names: each folder here that has a `LANGUAGE` in its `__init__`."""
    package = importlib.import_module("s2c.languages")
    names = sorted(info.name for info in pkgutil.iter_modules(package.__path__) if info.ispkg)
    return {name: importlib.import_module(f"s2c.languages.{name}").LANGUAGE for name in names}


@functools.cache
def suffixes() -> Mapping[str, str]:
    """The name of the language that files with this ending are of."""
    return {suffix: name for name, one in known().items() for suffix in one.suffixes}


@functools.cache
def manifests() -> frozenset[str]:
    """Names of the files in which projects of any language say how they are laid out."""
    return frozenset(name for one in known().values() for name in one.manifests)
