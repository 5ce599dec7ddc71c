"""Remarks on specs that need no verifier: what is told, where, and that nothing is told of good specs."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from s2c import config as configs
from s2c import graph as graphs
from s2c import lint
from s2c.errors import ConfigError
from s2c.languages.base import language
from s2c.lint import Finding, Rule
from s2c.model import Spec
from tests.corpus import FILES, parse, specs
from tests.picture import HELPERS, HOLE, graph_of
from tests.projects import Tree

# every row of the corpora whose given text takes something on trust
ASSUMING = {
    "dafny_solved": "DA0042 DD0274 DD0290 DD0852 DS0053",
    "dafny_specs": "DA0867 DB0019 DB0022 DB0029 DB0030 DB0035 DB0051 DB0053 DD0292 DD0310 DD0433 DD0571 DD0624 DT0393",
    # termination given up, a lemma without a body; DT0627, with its bodiless loop, is no file that can be read
    "open": "DD0099 DH0125 DH0126",
}
# every row that calls what it does not declare outside holes; looked at one by one
UNDEFINED = {
    "dafny": "DA0055 DA0073 DA0201 DA0282 DA0373 DA0391 DA0587 DA0596 DA0764",
    "lean": "",
    "verus": "VH0129",
}
# every row with a hole of which nothing is promised
FREE = {
    "dafny": "DD0288 DD0420 DD0433 DD0624 DD0810 DD0866 DV0123",
    "lean": "LF0259 LF0333 LF0339 LF2174 LF2283 LF3794 LF4288 LF4668",
    "verus": "VT0237 VT0284",
}
GOOD = f"method Next(n: int) returns (r: int)\n  ensures r == n + 1\n{HOLE}"
BARE = f"method Next(n: int) returns (r: int)\n{HOLE}"


def told(**texts: str) -> list[tuple[str, int, str]]:
    """Path, line and rule of every remark on these Dafny sources."""
    graph = graph_of(**texts)
    return [(one.path, one.line, one.rule) for one in lint.plain(graph, graph.specs)]


def undefined(text: str, name: str = "dafny") -> list[str]:
    """The names that a source is told to use and not to declare."""
    outline = parse(name, text)
    return [one.name for one in language(name).lint.undefined(text.encode(), outline, [outline])]


def free(text: str, name: str) -> list[str]:
    """The owners of holes that promise nothing."""
    outline = parse(name, text)
    promising = language(name).lint.promising(outline)
    return [one.owner for one in outline.holes if one.owner and one.owner not in promising]


def corpus(shared: Path, name: str) -> Iterator[tuple[str, tuple[Finding, ...]]]:
    """Each spec of a corpus, alone in a project, with the remarks on it."""
    for one, text in specs(shared, name).items():
        outline = parse(name, text)
        graph = graphs.build({one: Spec(one, name, text.encode(), outline)}, {one: ()}, {one: ()})
        yield one, lint.plain(graph, [one])


def with_rule(found: Mapping[str, tuple[Finding, ...]], *rules: Rule) -> str:
    """The specs that have a remark of one of these rules."""
    return " ".join(sorted(one for one, findings in found.items() if {f.rule for f in findings} & set(rules)))


# --- rules --------------------------------------------------------------------------------------------------------


def test_a_good_spec_has_no_remark() -> None:
    """A contract that says something, over names that are declared, is passed in silence; so is a library."""
    assert told(a=GOOD, b="function Twice(n: int): int\n{\n  n + n\n}\n") == []


def test_what_is_assumed_is_told() -> None:
    """An `assume`, an axiom, a lemma without a body: each by its line, with what to do."""
    text = f"lemma {{:axiom}} Given(n: int)\n  ensures n < n + 1\n\nmethod M()\n{{\n  assume 1 == 1;\n}}\n{GOOD}"
    assert told(a=text) == [("a.dfy", 1, "assumes"), ("a.dfy", 6, "assumes")]
    graph = graph_of(a=text)
    assert lint.plain(graph, ["a.dfy"])[1].text == (
        "a.dfy:6: assumes: assume: nothing proves it, and what uses it rests on it: prove it, or be sure of it"
    )


def test_a_hole_without_a_contract_is_told() -> None:
    """Its owner promises nothing, or only `true`; a function that a lemma speaks of promises what the lemma says."""
    assert told(a=GOOD + BARE.replace("Next", "Other")) == [("a.dfy", 7, "no-contract")]
    assert told(a=GOOD + f"method Other()\n  ensures true;\n{HOLE}") == [("a.dfy", 7, "no-contract")]
    value = f"function Value(n: nat): nat\n{HOLE}"
    assert told(a=GOOD + value) == [("a.dfy", 7, "no-contract")]
    assert told(a=value + f"lemma Grows(n: nat)\n  ensures Value(n) > n\n{HOLE}") == []


def test_a_file_without_any_promise_is_told_once() -> None:
    """Where nothing at all is promised there is one remark, at the first owner."""
    assert told(a=HELPERS + BARE + BARE.replace("Next", "Other")) == [("a.dfy", 3, "no-obligation")]
    assert told(a=HELPERS) == [("a.dfy", 1, "no-obligation")]


def test_a_name_that_nothing_declares_is_told() -> None:
    """It is called, or stands as a type; once, where it is used first."""
    text = f"method M(n: Index) returns (r: int)\n  ensures r == twice(n)\n  ensures twice(n) > 0\n{HOLE}"
    assert told(a=text) == [("a.dfy", 1, "undefined"), ("a.dfy", 2, "undefined")]
    assert undefined(text) == ["Index", "twice"]


@pytest.mark.parametrize(
    "text",
    [
        f"method M(f: int -> int) returns (r: int)\n  ensures r == f(0)\n{HOLE}",
        f"ghost predicate P(f: int ~> int)\n  requires f.requires(0)\n  reads f.reads(0)\n\n{GOOD}",
        f"datatype T = A(x: int) | B\nmethod M(t: T) returns (r: int)\n  ensures t.A? ==> r == t.x\n{HOLE}",
        f"method M<T>(x: T, s: seq<bv8>, a: array2?<int>, b: array?<T>) returns (r: T)\n  ensures r == x\n{HOLE}",
        f"method M(a: array<int>) returns (s: set<int>)\n  ensures old(s) == {{}} && fresh(a)\n{HOLE}",
        f"function F(n: int): int\n{{\n  var g := (x: int) => x; if (n > 0) then g(n) else (n).Floor\n}}\n{GOOD}",
        f"import opened Elsewhere\n{GOOD.replace('n + 1', 'next(n)')}",
        f"import L = Std.Math\n{GOOD.replace('n + 1', 'Abs(n)')}",
        f"class {{:extern_(3)}} C {{ var x: int }}\n{GOOD}",
    ],
)  # fmt: skip
def test_a_name_that_may_be_declared_is_not_told(text: str) -> None:
    """Parameters, locals, members, attributes, types and words of Dafny; and any name beside an unknown import."""
    assert undefined(text) == []


def test_what_an_imported_file_declares_is_declared() -> None:
    """Names of every file in the import closure count, and names of files that nobody imports don't."""
    module = "module M {\n  function twice(n: int): int { 2 * n }\n}\n"
    use = f"import opened M\n{GOOD.replace('n + 1', 'twice(n) + thrice(n)')}"
    assert told(lib=module, top=f'include "lib.dfy"\n{use}') == [("top.dfy", 4, "undefined")]
    assert told(lib="import opened M\n", top=f'include "lib.dfy"\n{use}') == []
    lib, mid = "function twice(n: int): int\n{\n  2 * n\n}\n", 'include "lib.dfy"\n'
    top = f'include "mid.dfy"\n{GOOD.replace("n + 1", "twice(n)")}'
    assert told(lib=lib, mid=mid, top=top) == []
    assert told(lib=lib, mid="", top=top) == [("top.dfy", 3, "undefined")]


def test_what_a_hole_holds_declares_nothing() -> None:
    """The text in a helpers section is replaced, so what it declares is declared nowhere."""
    helpers = "// <vc-helpers>\nfunction twice(n: int): int { 2 * n }\n// </vc-helpers>\n"
    assert told(a=helpers + GOOD.replace("n + 1", "twice(n)")) == [("a.dfy", 5, "undefined")]


def test_a_file_that_cant_be_read_has_problems_and_no_remarks() -> None:
    """A damaged file is told as such; of its importer no name is told."""
    bench = graph_of(lib="function twice(", top=f'include "lib.dfy"\n{GOOD.replace("n + 1", "twice(n)")}')
    assert bench.specs["lib.dfy"].outline.problems
    assert lint.plain(bench, ["lib.dfy"]) == ()


def test_lean_theorems_are_its_contracts() -> None:
    """A definition that no theorem speaks of is told; no name ever is, as only Lean knows its libraries."""
    text = "def double (n : Nat) : Nat := sorry\n\ndef other (n : Nat) : Nat := sorry\n\n"
    text += "theorem double_is (n : Nat) : double n = n + n := sorry\n"
    assert free(text, "lean") == ["other"]
    assert undefined(text.replace("n + n", "twice n"), "lean") == []


def test_verus_functions_are_held_to_theirs() -> None:
    """A function without `ensures` is told, and a function that is called and declared nowhere."""
    text = "use vstd::prelude::*;\nverus! {\nfn next(n: u64) -> (r: u64)\n    requires n < 9,\n"
    text += "    ensures r == twice(n),\n"
    text += "{\n    assume(false);\n    unreached()\n}\n} // verus!\nfn main() {}\n"
    assert undefined(text, "verus") == ["twice"]
    assert free(text, "verus") == []
    assert free(text.replace("    ensures r == twice(n),\n", ""), "verus") == ["next"]
    assert undefined(text.replace("verus! {", "use other::*;\nverus! {", 1), "verus") == []


# --- corpora ------------------------------------------------------------------------------------------------------


def test_every_assumption_of_the_corpora_is_told(shared: Path) -> None:
    """Of 280 real Dafny specs exactly those that assume something are told to: 19, and 3 that leave something open."""
    found = dict(corpus(shared, "dafny"))
    assert with_rule(found, Rule.ASSUMES) == " ".join(sorted(" ".join(ASSUMING.values()).split()))


@pytest.mark.parametrize("name", FILES)
def test_no_false_alarm_on_real_specs(shared: Path, name: str) -> None:
    """Names and empty contracts are told of exactly those specs in which they were found by eye."""
    found = dict(corpus(shared, name))
    assert with_rule(found, Rule.UNDEFINED) == UNDEFINED[name]
    assert with_rule(found, Rule.NO_CONTRACT, Rule.NO_OBLIGATION) == FREE[name]


def test_trivial_fills_of_real_specs_parse(shared: Path) -> None:
    """Whatever is tried in a hole of the corpora leaves a file that Dafny's grammar reads."""
    spoken, count = language("dafny"), 0
    for one, text in specs(shared, "dafny").items():
        source, outline = text.encode(), parse("dafny", text)
        for trivial in spoken.lint.trivial(source, outline) if not outline.problems else ():
            count += 1
            assert not spoken.parse(spoken.stand_in(source, outline, trivial.fills)).problems, (one, trivial.what)
    assert count > 400


# --- telling ------------------------------------------------------------------------------------------------------


def test_remarks_are_counted_and_listed_to_a_bound() -> None:
    """The count comes first, in the order of the rules; what is not listed is counted."""
    many = [Finding("a.dfy", line, Rule.ASSUMES, "assume") for line in range(1, 31)]
    many.append(Finding("b.dfy", 1, Rule.WEAK, "proved"))
    lines = lint.listed(many)
    assert lines[:2] == ["31 remarks on specs: 30 assumes, 1 weak", "  a.dfy:1: assumes: assume"]
    assert lines[-1] == "  and 11 more: s2c plan --all lists them"
    assert len(lint.listed(many, everything=True)) == 32
    assert (lint.listed([]), lint.counted(many[:1])) == ([], "1 remark on specs: 1 assumes")


def test_a_plan_lists_and_a_run_counts(tree: Tree) -> None:
    """The same remarks in the plan, in its JSON, in the last lines of a run and in summary.json."""
    tree.dafny = ("no-such-dafny",)
    tree.write("a.dfy", BARE)
    assert "1 remark on specs: 1 no-obligation\n  a.dfy:1: no-obligation: nothing in" in tree.s2c("plan").out
    assert '"rule": "no-obligation"' in tree.s2c("plan", "--json").out
    ended = tree.doit("offline=1")
    assert "1 remark on specs: 1 no-obligation (s2c plan lists them)\n" in ended.out
    assert [(one["path"], one["line"], one["rule"]) for one in tree.summary["lint"]] == [("a.dfy", 1, "no-obligation")]
    assert "remark" not in tree.s2c("plan", env={"S2C_LINT": "off"}).out
    assert "remark" not in tree.doit("offline=1", "lint=off").out


def test_another_word_is_refused(tmp_path: Path) -> None:
    """`lint` is plain, deep or off."""
    with pytest.raises(ConfigError, match="lint must be one of plain, deep, off, not 'loud'"):
        configs.load(tmp_path, overrides={"lint": "loud"}, environ={})
