"""A valid answer of sixteen fills, cut at every byte and changed in 20,000 ways: what counts, and what is asked again.

What must come of it is found here by other means than the parser's: by the offsets at which this file itself put the
fills, and by one expression over the whole text.
"""

import json
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest

from s2c import asking, wire
from s2c import config as configs
from s2c import project as projects
from s2c.asking import Composed, Wanted
from s2c.model import Answer
from s2c.plan import whole
from s2c.project import Built, Project
from s2c.store import Store
from s2c.stream import BadBodyError, Collected, payloads
from s2c.tokens import Counter
from tests import loopback as lb
from tests.openai_server import answer_fills, asked
from tests.projects import Tree
from tests.runs import SECRET, book, lay_out, named, names

COUNT = 16
MUTATIONS = 20_000
STRANGE = ("```", "</think>", "<think>", "Here it is:", "@@S2C-", "@@S2C-x END F1.h1")


@dataclass(frozen=True)
class Paper:
    """A request for sixteen specs, and a valid answer to it."""

    project: Project
    batch: list[Wanted]
    composed: Composed
    fills: Mapping[str, str]  # wire id -> its text
    text: str

    def read(self, text: str, finish: str) -> asking.Fills:
        """What a run takes from an answer with this text."""
        return asking.fills_of(self.project, self.batch, self.composed, Answer(self.composed.request, text, finish))

    @cached_property
    def ends(self) -> list[tuple[int, str, bytes]]:
        """Of each fill: the byte of the answer at which it is whole, its id, and its END line without a line end."""
        found, at = [], 0
        for line in self.text.encode().splitlines(keepends=True):
            at += len(line)
            if (end := re.search(rb"END (\S+)\n", line)) and line.startswith(b"@@"):
                found.append((at - 1, end[1].decode(), line.rstrip(b"\n")))
        return found


@pytest.fixture(scope="module")
def paper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Paper]:
    """The request that a run would send, and what a model that is right answers."""
    tree = lay_out(tmp_path_factory.mktemp("paper"), COUNT)
    tree.write_settings()
    config = configs.load(tree.root, overrides={}, environ={})
    with Store.open(config.cache_folder, secret=SECRET) as store:
        project = projects.load(config, store, dict[str, Built]().get)
        batch = [whole(project, one, f"key of {one.id}", 1) for one in project.graph.components.values()]
        composed = asking.compose(project, batch, "", Counter(), {})
        prompt, solver = composed.request.messages[-1].content, book(COUNT)
        nonce, ids = asked(prompt)
        fills = {one: solver(one, prompt) or "" for one in ids}
        yield Paper(project, batch, composed, fills, wire.render(nonce, fills))


def parted(paper: Paper, whole_ones: set[str]) -> tuple[set[str], set[str], set[str]]:
    """The components that have all, some and none of their fills among these ids; one that is empty is none."""
    by_component: dict[str, list[str]] = {}
    for name, (component, _) in paper.composed.ids.items():
        by_component.setdefault(component, []).append(name)
    every = {one for one, ids in by_component.items() if whole_ones.issuperset(ids)}
    none = {one for one, ids in by_component.items() if not any(paper.fills[name] for name in whole_ones & set(ids))}
    return every, by_component.keys() - every - none, none


def shown(found: asking.Fills) -> tuple[set[str], set[str], set[str]]:
    """The same, as a run sees it."""
    complete = {one for one, troubles in found.troubles.items() if not troubles}
    return complete, found.troubles.keys() - complete - set(found.absent), set(found.absent)


def right(paper: Paper, found: asking.Fills) -> bool:
    """Whether each fill that is taken is the model's own, as the language keeps it."""
    whole_answer = paper.read(paper.text, "stop").fills
    return all(fills.items() <= whole_answer[one].items() for one, fills in found.fills.items())


def test_a_cut_at_every_byte(paper: Paper) -> None:
    """Every prefix gives exactly the fills that are whole in it, right to the letter, and tells what is missing."""
    content = paper.text.encode()
    assert len(paper.ends) == 2 * COUNT
    for cut in range(len(content) + 1):
        found = paper.read(content[:cut].decode(errors="ignore"), "broken: the connection broke")
        whole_ones = {name for end, name, _ in paper.ends if end <= cut}
        assert shown(found) == parted(paper, whole_ones), cut
        assert right(paper, found), cut


def body(paper: Paper, piece: int = 120) -> bytes:
    """The answer as the body of a streamed response."""
    pieces = [lb.chunk(paper.text[at : at + piece]) for at in range(0, len(paper.text), piece)]
    events = [json.dumps(one, ensure_ascii=False) for one in [*pieces, lb.chunk(finish="stop")]]
    return "".join(f"data: {one}\n\n" for one in [*events, "[DONE]"]).encode()


def arrived(content: bytes) -> Collected:
    """What a client has of a body that is cut off after these bytes."""
    collected = Collected()
    try:
        for payload in payloads([content]):
            if not payload.startswith("[DONE]"):
                collected.feed(payload)
    except BadBodyError:
        pass  # the event in which it was cut
    return collected


def test_a_body_cut_at_every_byte(paper: Paper) -> None:
    """The same of the response's own bytes, in the middle of an event or of a character: nothing is ever made up."""
    content, known = body(paper), dict[str, asking.Fills]()
    for cut in range(len(content) + 1):
        collected = arrived(content[:cut])
        assert paper.text.startswith(collected.text), cut
        if collected.text not in known:
            found = known[collected.text] = paper.read(collected.text, collected.ended())
            length = len(collected.text.encode())
            assert shown(found) == parted(paper, {name for end, name, _ in paper.ends if end <= length}), cut
            assert right(paper, found), cut
        assert (collected.finish == "stop") is (cut >= content.rindex(b'"stop"') + len(b'"stop"}]}'))
    assert len(known) > COUNT


# --- lines that are changed -------------------------------------------------------------------------------------------


def mutated(paper: Paper, number: int) -> str:
    """The answer with one to three lines lost, doubled, moved, swapped, cut, joined, indented, or with another word."""
    rng = random.Random(number)  # noqa: S311 - the same in every run
    lines = paper.text.split("\n")
    for _ in range(rng.choice((1, 1, 2, 3))):
        at, other = rng.randrange(len(lines)), rng.randrange(len(lines))
        match rng.randrange(9):
            case 0:
                del lines[at]
            case 1:
                lines.insert(other, lines[at])
            case 2:
                lines[at], lines[other] = lines[other], lines[at]
            case 3:
                lines[at] = lines[at][: rng.randrange(len(lines[at]) + 1)]
            case 4:
                lines[at : at + 2] = ["".join(lines[at : at + 2])]
            case 5:
                lines[at] = rng.choice((f"  {lines[at]}", f"{lines[at]} ", f"> {lines[at]}", f"{lines[at]}\r"))
            case 6:
                lines[at] = re.sub(r"F\d+\.h\d", rng.choice((*paper.fills, "F99.h1", "../x")), lines[at])
            case 7:
                lines[at] = re.sub(r"\b(BEGIN|END|DONE)\b", rng.choice(("BEGIN", "END", "GIVEUP")), lines[at])
            case _:
                lines.insert(
                    at, rng.choice(("```", "</think>", "<think>", "Here it is:", "@@S2C-", "@@S2C-x END F1.h1"))
                )
        lines = lines or [""]
    return "\n".join(lines)


def by_expression(paper: Paper, text: str) -> dict[str, set[str]]:
    """Wire id -> every text that stands between a BEGIN and the next marker, where that is its own END."""
    mark = re.escape(wire.MARKER + paper.composed.request.nonce)
    between = re.compile(
        rf"^[ \t]*{mark} BEGIN (\S+)[ \t]*\n((?:(?!.*@@S2C-).*\n)*?)[ \t]*{mark} END \1[ \t]*$", re.MULTILINE
    )
    found: dict[str, set[str]] = {}
    for one in between.finditer(text.replace("\r\n", "\n").replace("\r", "\n")):
        found.setdefault(one[1], set()).add(one[2])
    return found


def test_lines_that_are_changed(paper: Paper) -> None:
    """Of 20,000 changed answers only whole fills are taken, of holes that were asked for, none in another's place."""
    nonce, expected = paper.composed.request.nonce, paper.composed.optional
    bare = {name: "".join(text.split()) for name, text in paper.fills.items()}
    taken = changed = lost = 0
    for number in range(MUTATIONS):
        text = mutated(paper, number)
        read = wire.parse(text, nonce, expected, "stop" if number % 2 else "broken: cut")
        places = [*read.fills, *read.rejected, *read.gave_up, *read.missing]
        assert sorted(places) == sorted(expected), number
        blocks = by_expression(paper, text)
        for name, fill in read.fills.items():
            assert len(blocks[name]) == 1, (number, name)  # a hole with two texts has none
            (own,) = blocks[name]
            assert fill.strip() in own, (number, name)
            changed += "".join(fill.split()) != bare[name]
        taken += len(read.fills)
        lost += len(expected) - len(read.fills)
    assert taken > MUTATIONS * 2 * COUNT * 0.8
    assert 0 < changed < lost + MUTATIONS  # a line within a fill is the model's own: the verifier judges it
    assert lost > MUTATIONS


def test_marker_lines_that_are_changed(paper: Paper) -> None:
    """Where only markers are changed, every fill that is taken is right to the letter."""
    lines = paper.text.split("\n")
    markers = [at for at, line in enumerate(lines) if line.startswith(wire.MARKER)]
    rng, nonce = random.Random(0), paper.composed.request.nonce  # noqa: S311 - the same in every run
    good = wire.parse(paper.text, nonce, paper.composed.optional, "stop").fills
    for number in range(MUTATIONS):
        now, at, other = list(lines), rng.choice(markers), rng.choice(markers)
        match number % 6:
            case 0:
                del now[at]
            case 1:
                now.insert(other, now[at])
            case 2:
                now[at], now[other] = now[other], now[at]
            case 3:
                now[at] = now[at][: rng.randrange(len(now[at]))]
            case 4:
                now[at] = re.sub(r"F\d+\.h\d", rng.choice((*paper.fills, "F99.h1")), now[at])
            case _:
                now[at] = re.sub(r"BEGIN|END|DONE", rng.choice(("BEGIN", "END", "DONE", "GIVEUP")), now[at])
        fills = wire.parse("\n".join(now), nonce, paper.composed.optional, "stop").fills
        assert fills.items() <= good.items(), (number, at, other)


# --- whole builds -----------------------------------------------------------------------------------------------------


def events(prompt: str) -> list[tuple[bytes, str]]:
    """A right answer as the events of a stream: the bytes of each, and its text."""
    nonce, ids = asked(prompt)
    solver = book(COUNT)
    text = wire.render(nonce, {one: solver(one, prompt) or "" for one in ids})
    pieces = [text[at : at + 40] for at in range(0, len(text), 40)]
    return [(f"data: {json.dumps(lb.chunk(one), ensure_ascii=False)}\n\n".encode(), one) for one in pieces]


def cut_after(share: float) -> lb.Behaviour:
    """A right answer whose body breaks off after this share of its bytes."""

    def behave(exchange: lb.Exchange) -> None:
        content = b"".join(one for one, _ in events(exchange.received.prompt))
        exchange.open()
        exchange.raw(content[: int(len(content) * share)])
        exchange.drop(reset=share > 0.5)

    return behave


def missing(prompt: str, share: float) -> list[str]:
    """The names of the specs whose fills are not whole in what `cut_after` sends."""
    sent = events(prompt)
    left, text = int(sum(len(one) for one, _ in sent) * share), ""
    for content, piece in sent:
        left -= len(content)
        text += piece if left >= 0 else ""
    ended = set(re.findall(r" END F(\d+)\.h2$", text, re.MULTILINE))
    return [named(number) for number in range(COUNT) if str(number + 1) not in ended]


QUICK = (0.002, 0.345, 0.97)
SLOW = (0.03, 0.2, 0.5, 0.62, 0.771, 0.9, 1.0)


@pytest.mark.endtoend
@pytest.mark.parametrize("share", [*QUICK, *(pytest.param(one, marks=pytest.mark.slow) for one in SLOW)])
def test_a_build_over_a_cut_answer(share: float, tmp_path: Path) -> None:
    """A whole build: what is missing in the cut answer is asked for again, nothing else is, and all is verified."""
    tree: Tree = lay_out(tmp_path, COUNT)
    tree.env = {"S2C_VERDICT_KEY": SECRET.decode()}
    with lb.Server(cut_after(share), answer_fills(book(COUNT))) as server:
        tree.configure(base_url=server.url)
        ended = tree.doit()
        first, *later = server.requests
    assert ended.code == 0, ended.text
    assert sorted(names(first)) == [named(number) for number in range(COUNT)]
    assert sorted(name for one in later for name in names(one)) == missing(first.prompt, share)
    assert len(later) <= 2
