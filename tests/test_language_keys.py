"""Keys of Lean and Verus on the examples: golden, so that a change of what goes into one is a new version, said."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from s2c import config as configs
from s2c import graph as graphs
from s2c import keys
from s2c.languages.base import language

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden" / "keys-languages.json"
STANDING: Mapping[str, Mapping[str, str]] = {"Arith/Basic.lean": {"0.h1": "n + n\n", "0.h2": "omega\n"}}


def made_keys(name: str) -> dict[str, object]:
    """The obligation key of every component of an example, and the interfaces that it stands on."""
    graph = graphs.load(configs.load(ROOT / "examples" / name, environ={}))
    assert graph.problems == dict.fromkeys(graph.specs, ())
    stands = STANDING.get
    components = graph.components.items()
    return {
        "version": language(name).version,
        "obligations": {one: keys.obligation(graph, component, stands) for one, component in components},
        "interfaces": {one: keys.imported(graph, component, stands) for one, component in components},
    }


@pytest.mark.parametrize("name", ["lean", "verus"])
def test_keys_are_golden(name: str) -> None:
    """Every key is what it was: a change needs a new version of the language, in the same commit."""
    assert made_keys(name) == json.loads(GOLDEN.read_text(encoding="utf-8"))[name]


def test_the_examples_are_several_components_in_order() -> None:
    """Imports come first, and a Verus crate of modules that don't need each other is split into them."""
    orders = {name: list(made_keys(name)["obligations"]) for name in ("lean", "verus")}  # type: ignore[call-overload]
    assert orders == {
        "lean": ["Arith/Basic.lean", "Arith/Facts.lean", "Arith/Quad.lean", "Arith.lean"],
        "verus": ["src/triangle.rs", "src/sums.rs", "src/lib.rs"],
    }
