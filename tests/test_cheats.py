"""Every known attack is refused before any verifier runs, in whatever words; what only looks like one is not.

Two mutants of each row here; twenty by `script/prove mutants`.
"""

from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import pytest

from s2c.languages.base import languages
from tests.catalogue import Row, judged, rows
from tests.conftest import Show
from tests.mutants.code import TORN
from tests.mutants.engine import mutants, spoken

LANGUAGES = ("dafny", "lean", "verus")
LAYERS = ("structure", "policy", "none")
SIZES = {"dafny": (48, 17), "lean": (59, 25), "verus": (48, 21)}  # attacks and look-alikes of the collection
OWN = (50, 14)  # at least so many of this repository's own, of each language
MUTANTS = 2

Judged = tuple[str, str]  # category, layer


def table(title: str, found: Iterable[Judged]) -> str:
    """How many of each category are refused by which layer; what is harmless has to be in the last column."""
    counts = Counter(found)
    lines = [f"\n{title:30} {'structure':>10} {'policy':>10} {'passes':>10}"]
    for category in sorted({category for category, _ in counts}):
        cells = "".join(f" {counts[category, layer]:10}" for layer in LAYERS)
        lines.append(f"  {category:28}{cells}")
    return "\n".join(lines)


def wrong(row: Row, layer: str) -> bool:
    """Whether an attack passes, or a look-alike is refused."""
    return (layer != "none") is not row.attack


def test_every_language_is_attacked(shared: Path) -> None:
    """The collection is whole, each language has rows of this repository's own, and no id stands twice."""
    assert set(LANGUAGES) == set(languages())
    for name, (attacks, benign) in SIZES.items():
        found = rows(shared, name)
        kinds = Counter(row.attack for row in found)
        assert len({row.id for row in found}) == len(found)
        assert kinds[True] >= attacks + OWN[0]
        assert kinds[False] >= benign + OWN[1]


@pytest.mark.parametrize("name", LANGUAGES)
def test_attacks_are_refused_and_look_alikes_are_not(name: str, shared: Path, show: Show) -> None:
    """Each row through the real splice, structure and policy; the table says which layer refuses what."""
    found = [(row, *judged(row)) for row in rows(shared, name)]
    show(table(name, ((row.category, layer) for row, layer, _ in found)))
    assert [(row.id, layer, told) for row, layer, told in found if wrong(row, layer)] == []


@pytest.mark.parametrize("name", LANGUAGES)
def test_other_words_change_nothing(name: str, shared: Path, show: Show) -> None:
    """Mutants of every row, by changes that keep the meaning: attacks are refused, look-alikes are not."""
    found = []
    for row in rows(shared, name):
        made = list(islice(mutants(name, row.id, row.hole, row.fills, row.template), MUTANTS))
        assert len(made) == MUTANTS
        found += [(row, mutant, *judged(row, mutant.fills)) for mutant in made]
    show(table(f"{name}, {MUTANTS} mutants a row", ((row.category, layer) for row, _, layer, _ in found)))
    assert [(row.id, mutant, told) for row, mutant, layer, told in found if wrong(row, layer)] == []


@pytest.mark.parametrize("name", LANGUAGES)
def test_mutants_are_what_their_laws_say(name: str, shared: Path) -> None:
    """Cutting loses no byte; the same seed gives the same mutants; all differ; every mutation of the list is seen."""
    seen: set[str] = set()
    for row in rows(shared, name):
        for text in (*row.fills.values(), row.source):
            assert spoken(name).code(text).text == text
        made = list(islice(mutants(name, row.id, row.hole, row.fills, row.template), 8))
        assert made == list(islice(mutants(name, row.id, row.hole, row.fills, row.template), 8))
        texts = [row.fills, *(one.fills for one in made)]
        assert all(texts[at] not in texts[:at] for at in range(len(texts)))
        seen.update(mutation for one in made for mutation in one.names)
    assert seen == {mutation.name for mutation in spoken(name).MUTATIONS}


@pytest.mark.parametrize(
    ("name", "text", "pieces"),
    [
        ("dafny", "a' /* x /* y */ */ := 'b'; // c\n{:d}", ["a'", ":=", "'b'", ";", "{:", "d", "}"]),
        ("dafny", '#if A\n  #endif\n@"\\" "/*"', ["#if A", "  #endif", '@"\\"', '"/*"']),
        ("dafny", 'x /* "', ["x", '/* "']),
        ("lean", "/-- d -/ f'.«a b» -- c\n'\"' /- /- -/ -/ r#\"\"\"#",
                 ["/-- d -/", "f'", ".", "«a b»", "'\"'", 'r#"""#']),
        ("lean", '/-/ x -/ a "b', ["a", '"b']),
        ("verus", "r#a::<'b>('c', br#\"\"\"#) /* /** */ */ =~= 0..1", ["r#a", "::", "<", "'b", ">", "(", "'c'", ",",
                                                                       'br#"""#', ")", "=~=", "0", "..", "1"]),
        ("verus", "a /** b", ["a", "/** b"]),
    ],
)  # fmt: skip
def test_texts_are_cut_as_the_language_reads_them(name: str, text: str, pieces: list[str]) -> None:
    """Comments nest and are no tokens; strings, characters, primes, lifetimes and directives are whole ones."""
    cut = spoken(name).code(text)
    assert [token.text for token in cut.tokens] == pieces
    assert cut.text == text
    assert cut.is_torn is (cut.tokens[-1].kind == TORN)
