"""Keys: their golden values, what goes into them and what does not, and how a difference is told.

A golden value may change only together with the version in its tag (or with the version of the language that it is made
from): raise that version in the same commit, and say it in the changelog. Otherwise every store in the world misses
without a word.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from copy import copy
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s2c import keys
from s2c.digest import ALGORITHM, Json, canonical, digest, digest_bytes, digest_tokens
from s2c.graph import Graph
from s2c.languages.base import Language, language
from s2c.model import Message
from s2c.process import Limits, Run, Tool
from s2c.settings import Config
from tests.picture import HELPERS, HOLE, graph_of, nothing, spec_of

GOLDEN = Path(__file__).parent / "golden"
SEEDS = range(4)

LEAF = "method Leaf(n: nat) returns (r: nat)\n  ensures r <= n\n"
TAGGED = f"// what it is for\n{HELPERS}\n{LEAF}{HOLE}"
USES = 'include "leaf.dfy"\nlemma Uses(n: nat)\n  requires n > 0\n  ensures n != 0\n'
VALUE = f"function Value(n: nat): nat\n{HOLE}"
READS = f'include "value.dfy"\nlemma Reads(n: nat)\n  ensures Value(n) >= 0\n{HOLE}'
EVEN = f'include "odd.dfy"\nlemma Even(n: nat)\n  ensures n % 2 < 2\n{HOLE}'
ODD = f'include "even.dfy"\n{HELPERS}lemma Odd(n: nat)\n  ensures n % 3 < 3\n{HOLE}'
ABSTRACT = "abstract module A {\n  method M() {\n    var x := 1;\n  }\n}\n"
REFINES = f'include "abstract.dfy"\nmodule B refines A {{\n  lemma L()\n    ensures true\n{HOLE}}}\n'

CONFIG = Config(root=Path("/nowhere"), model="m-1")
MESSAGES = (Message("system", "rules\n"), Message("user", "spec\n"))
TOOL = Tool("dafny", "Dafny", "4.9.0", "modern", ("/opt/dafny/dafny",), "identity-1")
RUN = Run(
    ("/opt/dafny/dafny", "verify", "a.dfy"), {"a.dfy": b"lemma L() {}\n"}, Limits(120, 240, 1 << 30), ("log.json",)
)


def spoken(prompt: str = "rules of the language\n") -> Language:
    """Dafny, with rules for the model that stay as they are."""
    made = copy(language("dafny"))
    made.prompt = prompt
    return made


def key(graph: Graph, path: str, standing: Mapping[str, Mapping[str, str]] | None = None) -> str:
    """The obligation key of the component that holds `path`."""
    made = keys.obligation(graph, graph.components[graph.home[path]], (standing or {}).get)
    assert made is not None
    return made


def interfaces(graph: Graph, path: str, standing: Mapping[str, Mapping[str, str]] | None = None) -> dict[str, str]:
    """The interface digests of what `path` imports."""
    made = keys.imported(graph, graph.components[graph.home[path]], (standing or {}).get)
    assert made is not None
    return made


def asking(config: Config = CONFIG, templates: str = "templates-1") -> str:
    """The asking key of these settings."""
    return keys.asking(config, spoken(), templates)


# --- golden -------------------------------------------------------------------------------------------------------


def made_keys() -> dict[str, dict[str, object]]:
    """Every kind of key on small fixed inputs, by its version."""
    pair = graph_of(leaf=TAGGED, uses=USES + HOLE)
    seen = graph_of(value=VALUE, reads=READS)
    stands = {"value.dfy": {"0.h1": "n + 1\n"}}
    refined = graph_of(abstract=ABSTRACT, refines=REFINES)
    warm = Config(root=Path("/nowhere"), model="m-1", temperature=Decimal("0.20"), base_url="http://127.0.0.1/v1")
    return {
        f"{keys.OBLIGATION} {language('dafny').version}": {
            "sections with helpers": key(pair, "leaf.dfy"),
            "bodiless": key(graph_of(leaf=LEAF), "leaf.dfy"),
            "stub": key(graph_of(leaf=LEAF + "{ assume false; }\n"), "leaf.dfy"),
            "without holes": key(graph_of(leaf=LEAF + "{ r := n; }\n"), "leaf.dfy"),
            "nothing at all": key(graph_of(leaf=""), "leaf.dfy"),
            "with an import": key(pair, "uses.dfy"),
            "with a fill that it sees": key(seen, "reads.dfy", stands),
            "a cycle": key(graph_of(even=EVEN, odd=ODD), "even.dfy"),
            "a module that refines": key(refined, "refines.dfy"),
        },
        f"interface.1 {language('dafny').version}": {
            "sections with helpers": interfaces(pair, "uses.dfy"),
            "with a fill that is seen": interfaces(seen, "reads.dfy", stands),
            "of a module that is refined": interfaces(refined, "refines.dfy"),
        },
        keys.ASKING: {"plain": asking(), "warm": asking(warm), "other templates": asking(templates="templates-2")},
        keys.REQUEST: {
            "first": keys.request("m-1", MESSAGES, 32_000, "", [1]),
            "second": keys.request("m-1", MESSAGES, 32_000, "0.2", [2, 1]),
        },
        keys.VERDICT: {
            "one run": keys.verdict(TOOL, "policy-1", [RUN], ["B", "A"]),
            "nothing owed": keys.verdict(TOOL, "policy-1", [], []),
        },
        "generated": {"parts": keys.generated("obligation-1", spec_of(LEAF), "identity-1", "policy-1", ())},
    }


def made_digests() -> dict[str, dict[str, str]]:
    """The canonical form and each kind of digest on small fixed inputs."""
    values: dict[str, Json] = {
        "null": None, "true": True, "one": 1, "text": "a", "empty": {}, "sorted": {"b": [1, "2"], "a": {"c": None}},
        "beyond ASCII": "é€😀", "a byte that is not UTF-8": "\udcff", "control": 'a\n\t\x00"\\',
    }  # fmt: skip
    tokens: dict[str, list[bytes]] = {
        "none": [],
        "an empty one": [b""],
        "two": [b"a", b"b"],
        "one": [b"ab"],
        "raw": [b"\xff"],
    }
    return {
        "canonical": {name: canonical(value).decode("utf-8", "backslashreplace") for name, value in values.items()},
        "digest": {name: digest("test.1", value) for name, value in values.items()},
        "bytes": {"none": digest_bytes(b""), "some": digest_bytes(b"lemma\n")},
        "tokens": {name: digest_tokens(some) for name, some in tokens.items()},
    }


def golden(name: str) -> object:
    """What lies in tests/golden."""
    return json.loads((GOLDEN / name).read_text(encoding="utf-8"))


def test_digests_are_golden() -> None:
    """The canonical form and the digests are what they were: changing them changes every key there is."""
    assert made_digests() == golden("digests.json")


def test_keys_are_golden() -> None:
    """Every kind of key is what it was on fixed inputs: a change needs a new version in its tag, in the same commit."""
    assert made_keys() == golden("keys.json")


def test_a_key_says_how_it_was_made() -> None:
    """Each key carries the algorithm, its purpose and its version, so two kinds never collide."""
    for tag, made in made_keys().items():
        for name, one in made.items():
            for value in one.values() if isinstance(one, dict) else [one]:
                assert tag == "generated" or str(value).startswith(f"{ALGORITHM}:{tag.split(' ')[0]}:"), (tag, name)
    flat = [str(value) for made in made_keys().values() for value in made.values() if isinstance(value, str)]
    assert len(flat) == len(set(flat))


def test_numbers_that_are_not_exact_go_into_no_key() -> None:
    """A float is no content of a key: it has more than one text."""
    with pytest.raises(ValueError, match="JSON"):
        canonical(float("nan"))  # type: ignore[arg-type]  # that it is not allowed is the point


@given(st.lists(st.binary(max_size=3), max_size=4), st.lists(st.binary(max_size=3), max_size=4))
@settings(deadline=None)
def test_no_token_list_poses_as_another(one: list[bytes], other: list[bytes]) -> None:
    """Two lists of tokens have one digest only if they are one list."""
    assert (digest_tokens(one) == digest_tokens(other)) == (one == other)


# --- obligations --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("// what it is for\n", "/* another\n comment */\n\n"),
        ("method Leaf(n: nat)", "method\n\tLeaf ( n:nat )"),
        ("  ensures r <= n\n", "  ensures r <= n // at most\r\n"),
        (HOLE, HOLE.replace("{\n}\n", "{\n  assume {:axiom} false;\n}\n")),
        (HELPERS, HELPERS.replace(">\n// </", ">\nlemma Old() {}\n// </")),
    ],
)
def test_what_means_nothing_is_in_no_obligation(old: str, new: str) -> None:
    """Comments, blanks, line ends and what stands inside a hole: the same obligation."""
    assert old in TAGGED
    assert key(graph_of(leaf=TAGGED.replace(old, new)), "leaf.dfy") == key(graph_of(leaf=TAGGED), "leaf.dfy")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("ensures r <= n", "ensures r < n"),
        ("ensures r <= n", "ensures  r <= n\n  ensures true"),
        ("returns (r: nat)", "returns (r: int)"),
        ("method Leaf", "method {:timeLimit 9} Leaf"),
        ("method Leaf", "method Leaves"),
        (HELPERS, ""),
        (HELPERS, f"{HELPERS}function F(): int {{ 1 }}\n"),
    ],
)
def test_what_means_something_is_in_the_obligation(old: str, new: str) -> None:
    """A contract, a name, an attribute, a declaration, a hole: another obligation."""
    assert old in TAGGED
    assert key(graph_of(leaf=TAGGED.replace(old, new)), "leaf.dfy") != key(graph_of(leaf=TAGGED), "leaf.dfy")


def test_how_a_hole_is_written_is_part_of_its_obligation() -> None:
    """Section, stub and missing body are filled in different ways: three obligations."""
    texts = [LEAF + HOLE, LEAF, LEAF + "{ assume false; }\n"]
    assert len({key(graph_of(leaf=text), "leaf.dfy") for text in texts}) == 3


def test_names_of_files_are_in_no_obligation() -> None:
    """A file may be called anything: alone, as an import, as a member of a cycle whose order by path turns round."""
    pair = graph_of(leaf=TAGGED, uses=USES + HOLE)
    moved = graph_of(zebra=TAGGED, apple=USES.replace("leaf.dfy", "zebra.dfy") + HOLE)
    assert key(pair, "leaf.dfy") == key(moved, "zebra.dfy")
    assert key(pair, "uses.dfy") == key(moved, "apple.dfy")
    cycle = graph_of(even=EVEN, odd=ODD)
    turned = graph_of(z=EVEN.replace("odd.", "a."), a=ODD.replace("even.", "z."))
    assert key(cycle, "even.dfy") == key(turned, "a.dfy")
    ranks = keys.ranking(cycle, cycle.components["even.dfy"])
    assert [path.replace("even", "z").replace("odd", "a") for path in ranks] == list(
        keys.ranking(turned, turned.components["a.dfy"])
    )


def test_neighbours_are_in_no_obligation() -> None:
    """A file that is not imported changes nothing."""
    assert key(graph_of(leaf=TAGGED), "leaf.dfy") == key(
        graph_of(leaf=TAGGED, uses=USES + HOLE, value=VALUE), "leaf.dfy"
    )


def test_an_interface_has_no_bodies() -> None:
    """An import's body, given or still a hole, is nothing that importers see; its contract is."""
    texts = [LEAF + "{ r := n; }\n", LEAF + "{ r := 0; }\n", LEAF + HOLE, LEAF]
    seen = {key(graph_of(leaf=text, uses=USES + HOLE), "uses.dfy") for text in texts}
    assert len(seen) == 1
    other = graph_of(leaf=TAGGED.replace("r <= n", "r < n"), uses=USES + HOLE)
    assert key(other, "uses.dfy") != key(graph_of(leaf=TAGGED, uses=USES + HOLE), "uses.dfy")


def test_an_import_counts_through_others() -> None:
    """What an import imports is part of the obligation too, and so is who names which."""
    top = f'include "uses.dfy"\nlemma Top()\n  ensures true\n{HOLE}'
    graph = graph_of(leaf=TAGGED, uses=USES + HOLE, top=top)
    other = graph_of(leaf=TAGGED.replace("r <= n", "r < n"), uses=USES + HOLE, top=top)
    assert key(graph, "top.dfy") != key(other, "top.dfy")
    assert set(interfaces(graph, "top.dfy")) == {"leaf.dfy", "uses.dfy"}


def test_an_include_too_many_is_no_interface() -> None:
    """What an imported file includes counts by what it is: who includes it himself owes nothing new."""
    top = 'include "leaf.dfy"\ninclude "other.dfy"\nlemma Top()\n  ensures true\n' + HOLE
    other = "lemma Other()\n  ensures true\n" + HOLE
    apart = graph_of(leaf=LEAF, other=other, top=top)
    assert key(apart, "top.dfy") == key(graph_of(leaf=LEAF, other=f'include "leaf.dfy"\n{other}', top=top), "top.dfy")


def test_a_fill_that_can_be_seen_is_interface() -> None:
    """While a function's body is a hole its importer has no key; with it, the body is part of the key."""
    graph = graph_of(value=VALUE, reads=READS)
    component = graph.components["reads.dfy"]
    assert keys.obligation(graph, component, nothing) is None
    assert keys.imported(graph, component, nothing) is None
    bodies = [{"value.dfy": {"0.h1": text}} for text in ("0\n", "1\n")]
    assert key(graph, "reads.dfy", bodies[0]) != key(graph, "reads.dfy", bodies[1])
    given = graph_of(value=VALUE.replace(HOLE, "{ 0 }\n"), reads=READS)
    assert key(given, "reads.dfy") != key(graph, "reads.dfy", bodies[0])


def test_a_fill_that_can_not_be_seen_is_not() -> None:
    """What stands in an import's method or helpers changes no importer's key."""
    graph = graph_of(leaf=TAGGED, uses=USES + HOLE)
    stands = {"leaf.dfy": {"0.h1": "lemma H() {}\n", "0.h2": "r := 0;\n"}}
    assert key(graph, "uses.dfy", stands) == key(graph, "uses.dfy")


def test_who_refines_sees_bodies() -> None:
    """A module that refines another sees the bodies of what it imports: they are part of its obligation."""
    text = ABSTRACT.replace("x := 1", "x := 2")
    assert key(graph_of(abstract=text, refines=REFINES), "refines.dfy") != key(
        graph_of(abstract=ABSTRACT, refines=REFINES), "refines.dfy"
    )


def test_slots_name_every_hole_once() -> None:
    """Every hole of every member has a slot, and fills by slot become fills by path and back."""
    graph = graph_of(even=EVEN, odd=ODD)
    component = graph.components["even.dfy"]
    slots = keys.slots(graph, component)
    assert sorted(map(str, slots)) == ["0.h1", "1.h1", "1.h2"] or sorted(map(str, slots)) == ["0.h1", "0.h2", "1.h1"]
    fills = {str(slot): f"{path} {slot.hole}" for slot, path in slots.items()}
    assert keys.member_fills(graph, component, fills) == {
        "even.dfy": {"h1": "even.dfy h1"},
        "odd.dfy": {"h1": "odd.dfy h1", "h2": "odd.dfy h2"},
    }
    assert keys.member_fills(graph, component, {}) == {"even.dfy": {}, "odd.dfy": {}}


# --- the others ---------------------------------------------------------------------------------------------------


def test_what_makes_an_attempt_worth_its_money() -> None:
    """Model, endpoint, temperature, output limit, templates and the language's rules are the asking key; no more is."""
    same = Config(root=Path("/elsewhere"), model="m-1", batch_size=1000, max_attempts=9, jobs=3, context_aware=True)
    assert asking(same) == asking()
    made = [
        asking(),
        asking(Config(root=CONFIG.root, model="m-2")),
        asking(Config(root=CONFIG.root, model="m-1", base_url="http://127.0.0.1/v1")),
        asking(Config(root=CONFIG.root, model="m-1", temperature=Decimal(0))),
        asking(Config(root=CONFIG.root, model="m-1", max_output=64_000)),
        asking(templates="templates-2"),
        keys.asking(CONFIG, spoken("other rules\n"), "templates-1"),
    ]
    assert len(set(made)) == len(made)


def test_a_request_is_all_that_goes_out() -> None:
    """Model, messages in their order, limits and each spec's attempt make a request another one."""
    made = [
        keys.request("m-1", MESSAGES, 32_000, "", [1]),
        keys.request("m-2", MESSAGES, 32_000, "", [1]),
        keys.request("m-1", MESSAGES[::-1], 32_000, "", [1]),
        keys.request("m-1", MESSAGES, 16_000, "", [1]),
        keys.request("m-1", MESSAGES, 32_000, "0", [1]),
        keys.request("m-1", MESSAGES, 32_000, "", [2]),
        keys.request("m-1", MESSAGES, 32_000, "", [1, 1]),
    ]
    assert len(set(made)) == len(made)


def test_a_verdict_is_of_bytes() -> None:
    """Every byte, file name, flag and limit counts, the tool and the policy too; where the tool lies does not."""
    moved = Tool("dafny", "Dafny", "4.9.0", "modern", ("/usr/bin/dotnet", "/x/Dafny.dll"), "identity-1")
    far = Run((*moved.command, "verify", "a.dfy"), RUN.files, RUN.limits, RUN.collect)
    assert keys.verdict(moved, "policy-1", [far], ["A"]) == keys.verdict(TOOL, "policy-1", [RUN], ["A"])
    assert keys.verdict(TOOL, "policy-1", [RUN], ["A", "B"]) == keys.verdict(TOOL, "policy-1", [RUN], ["B", "A"])
    other_tool = Tool("dafny", "Dafny", "4.9.0", "modern", TOOL.command, "identity-2")
    runs = [
        Run((*RUN.command, "--cores"), RUN.files, RUN.limits),
        Run(RUN.command, {"a.dfy": b"lemma L() { }\n"}, RUN.limits),
        Run(RUN.command, {"b.dfy": b"lemma L() {}\n"}, RUN.limits),
        Run(RUN.command, {**RUN.files, "b.dfy": b""}, RUN.limits),
        *(Run(RUN.command, RUN.files, limits) for limits in (Limits(60, 240, 1 << 30), Limits(120, 0, 1 << 30))),
    ]
    made = [
        keys.verdict(TOOL, "policy-1", [RUN], ["A"]),
        keys.verdict(TOOL, "policy-1", [RUN, RUN], ["A"]),
        keys.verdict(TOOL, "policy-1", [RUN], []),
        keys.verdict(TOOL, "policy-2", [RUN], ["A"]),
        keys.verdict(other_tool, "policy-1", [RUN], ["A"]),
        *(keys.verdict(TOOL, "policy-1", [run], ["A"]) for run in runs),
    ]
    assert len(set(made)) == len(made)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ((), ()),
        (("obligation",), ("its contract, or what it imports, changed",)),
        (("obligation", "source"), ("its contract, or what it imports, changed",)),
        (("form", "obligation", "source"), (keys.FORM,)),
        (("source",), ("its text changed, not its meaning",)),
        (("policy", "tool"), ("the verifier is another one", "s2c's rules for fills are newer")),
        (("standing",), ("another implementation stands for it now",)),
    ],
)
def test_a_difference_of_keys_is_a_reason(changed: tuple[str, ...], said: tuple[str, ...]) -> None:
    """Each part of a key that changed is told in words, most important first, none twice."""
    was = keys.generated("o", spec_of(LEAF), "t", "p", ("--old",), {"0.h1": "x"})
    assert set(was) == set(keys.REASONS)
    assert keys.reasons(was, {**was, **dict.fromkeys(changed, "other")}) == said
    assert keys.reasons(None, was) == ("never built here",)


def test_what_the_store_lost_makes_nothing_stale() -> None:
    """Where nothing is stored for an obligation, nothing else stands for it than what was built."""
    without = keys.generated("o", spec_of(LEAF), "t", "p", ())
    stored = keys.generated("o", spec_of(LEAF), "t", "p", (), {"0.h1": "x"})
    assert keys.reasons(stored, without) == keys.reasons(without, stored) == ()
    before = {name: part for name, part in stored.items() if name != "form"}
    assert keys.reasons(before, stored) == ()


# --- determinism --------------------------------------------------------------------------------------------------

PRINT_PLAN = """
import random, sys
from pathlib import Path
from s2c.commands import plan
from s2c.times import Estimate
from tests.picture import Bench
from tests.projects import Tree
from tests.test_keys import EVEN, ODD, READS, TAGGED, USES, VALUE, HOLE
names = {"leaf": TAGGED, "uses": USES + HOLE, "value": VALUE, "reads": READS, "even": EVEN, "odd": ODD}
files = [(f"{top}/{sub}/{name}.dfy", text) for top in "abc" for sub in "xyz" for name, text in names.items()]
random.Random(int(sys.argv[2])).shuffle(files)
bench = Bench(Tree(Path(sys.argv[1])))
for path, text in files:
    bench.tree.write(path, text)
bench.build(only="a/x/value.dfy")
made = bench.plan()
first = plan.Round(made.requests, None, exact=False)
print(plan._to_json(made, first, [], [], Estimate(0, 0, 0)), plan._to_text(made, first, []))
"""


def test_keys_and_plans_are_the_same_on_every_machine(tmp_path: Path) -> None:
    """Keys, reasons, order and batches depend neither on hash seeds nor on the order in which files were made."""
    said = []
    for seed in SEEDS:
        folder = tmp_path / f"p{seed}"
        done = subprocess.run(
            [sys.executable, "-c", PRINT_PLAN, str(folder), str(seed)],
            cwd=GOLDEN.parent.parent,
            env={**os.environ, "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()
        said.append(done.stdout.decode())
    assert len(set(said)) == 1
    assert said[0].count("b2:obligation.1:") >= 30
    assert "requests" in said[0]
