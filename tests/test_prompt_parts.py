"""What a request is made of: tokens by part for 1, 16 and 64 specs, and a prefix that every request shares."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from s2c import asking, prompts, wire
from s2c.languages.base import language
from s2c.model import Request
from s2c.patterns import describe
from s2c.plan import whole
from s2c.project import Project
from s2c.sending import Frame, requests
from s2c.tokens import Counter
from tests.conftest import Show
from tests.picture import HELPERS, HOLE, Bench
from tests.projects import Tree

COUNTS = (1, 16, 64)
PREFIX = 1500  # tokens of what every request has, at most: rules and examples, without a codebase context


@pytest.fixture
def bench(tree: Tree) -> Bench:
    """Sixty-four specs that import a common file."""
    tree.write("value.dfy", "function Value(n: nat): nat\n  ensures Value(n) >= n\n{\n  n\n}\n")
    for number in range(64):
        text = f"lemma L{number}(n: nat)\n  requires n > {number}\n  ensures Value(n) + {number} > n\n{HOLE}"
        tree.write(f"s{number:02}.dfy", f'include "value.dfy"\n{HELPERS}{text}')
    return Bench(tree)


def asked(project: Project, count: int) -> list[Request]:
    """The requests for the first so many specs."""
    frame = Frame(project, describe(project))
    paths = [f"s{number:02}.dfy" for number in range(count)]
    wanted = {path: whole(project, project.component(path), f"key of {path}", 1) for path in paths}
    return [composed.request for _, composed in requests(frame, wanted, {})]


def parts(project: Project, count: int) -> dict[str, int]:
    """Tokens by part of one request for so many specs, the parts in their order."""
    counter, context = Counter(), describe(project)
    batch = [whole(project, project.component(f"s{at:02}.dfy"), f"key {at}", 1) for at in range(count)]
    composed = asking.compose(project, batch, context, counter, {})
    texts = dict(asking.parts(project, batch, context, {}))
    texts["answer format"] = wire.instructions(composed.request.nonce, composed.optional)
    return {name: counter.count(text) for name, text in texts.items()}


def test_tokens_by_part(bench: Bench, show: Show) -> None:
    """What is the same in every request does not grow; what is shown of specs grows with them, and nothing else."""
    with bench.project(model="m-1", context_aware="true") as project:
        rows = {count: parts(project, count) for count in COUNTS}
    show("\n".join(f"{count:3} specs: {row}, sum {sum(row.values())}" for count, row in rows.items()))
    first = rows[1]
    assert first["system"] <= PREFIX
    for count in COUNTS:
        assert [rows[count][name] for name in ("system", "context", "imports")] == [
            first[name] for name in ("system", "context", "imports")
        ]
        assert rows[count]["spec"] <= 1.15 * count * first["spec"]
        assert rows[count]["answer format"] <= first["answer format"] + 40 * count


@pytest.mark.parametrize("aware", [False, True])
def test_every_request_begins_with_the_same_bytes(bench: Bench, *, aware: bool) -> None:
    """Rules, examples and codebase context are byte for byte those of every other request: a provider's cache hits."""
    with bench.project(model="m-1", context_aware=str(aware).lower(), batch_specs="4") as project:
        made, context = asked(project, 64), describe(project)
    assert len(made) == 16
    assert len({one.messages[0].content for one in made}) == 1
    shared = _shared([one.messages[1].content for one in made])
    assert bool(context) == aware
    assert shared.startswith(context)
    assert len(shared) < len(made[0].messages[1].content)  # they are not all one request


def test_the_nonce_stands_behind_everything_that_is_shared(bench: Bench) -> None:
    """What differs by design comes last: no nonce in the system message or before the specs."""
    with bench.project(model="m-1") as project:
        (one,) = asked(project, 1)
    assert one.nonce
    assert one.nonce not in one.messages[0].content
    assert one.messages[1].content.index(one.nonce) > one.messages[1].content.index("end of spec F1")


def test_another_language_has_its_own_rules() -> None:
    """The system message holds the common rules first, then the language's: the first part is shared by all."""
    texts = [prompts.messages(language(name), "", {}, ())[0].content for name in ("dafny", "lean", "verus")]
    common = (Path(prompts.__file__).parent / "system.md").read_text(encoding="utf-8")
    assert all(text.startswith(common) for text in texts)
    assert len(set(texts)) == 3


def _shared(texts: Sequence[str]) -> str:
    first, last = min(texts), max(texts)
    return first[: next((at for at, (one, other) in enumerate(zip(first, last, strict=False)) if one != other), None)]
