"""Files damaged as disks, kills and merges do it: cut off anywhere, or one bit flipped."""

import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests import stand_in
from tests.crashes import VALUES, implementations, lay_out, model
from tests.loopback import Server
from tests.openai_server import answer_fills
from tests.projects import Ended, Tree

DATABASES = (".doit.db", "cache/db/store/cache.db", "cache/db/verdicts/cache.db")
HEADER = 100  # bytes of an SQLite file before its first page's own


def damaged(content: bytes, step: int = 1, header: int = 0) -> Iterator[tuple[str, bytes]]:
    """The content cut off before, and with one bit flipped in, every `step`-th byte, and each of the first `header`."""
    for at in sorted({*range(min(header, len(content))), *range(0, len(content), step)}):
        yield f"cut at {at}", content[:at]
        yield f"bit flipped at {at}", content[:at] + bytes([content[at] ^ (1 << at % 8)]) + content[at + 1 :]


@dataclass(frozen=True)
class Outcome:
    """A run over a damaged database, and the one after it."""

    what: str
    first: Ended
    second: Ended | None  # only where the first ended with an error
    right: bool  # whether build/ holds what it must after both
    requests: int

    @property
    def trouble(self) -> str:
        """What is not as it must be; empty if all is well."""
        said = self.first.text + (self.second.text if self.second else "")
        if "Traceback" in said:
            return f"{self.what}: {said[-2000:]}"
        if self.first.code not in {0, 2} or (self.second and self.second.code):
            return (
                f"{self.what}: exit codes {self.first.code}, {self.second.code if self.second else ''}: {said[-800:]}"
            )
        return "" if self.right and not self.requests else f"{self.what}: another build, or {self.requests} requests"


def whole_runs(folder: Path, number: int, seed: int = 5) -> Iterator[Outcome]:
    """Builds over a database damaged at a random place, a fourth of them in its header; one spec has changed."""
    rng = random.Random(seed)  # noqa: S311 - the same places in every run
    tree, good = lay_out(Tree(folder / "project"), folder / "tool"), folder / "good"
    tree.env["HOME"] = str(folder)
    with Server(answer_fills(model())) as server:
        tree.configure(base_url=server.url)
        assert tree.doit().code == 0
        shutil.copytree(tree.root, good)
        tree.write("c.dfy", "// one more line\n" + stand_in.spec("C", VALUES["c"]))
        assert tree.doit().code == 0
        whole, paid = implementations(tree), len(server.requests)
        for count in range(number):
            name = DATABASES[count % len(DATABASES)]
            shutil.rmtree(tree.root)
            shutil.copytree(good, tree.root)
            content = (tree.root / name).read_bytes()
            at = rng.randrange(HEADER) if count % 4 == 0 else rng.randrange(len(content))
            what, bad = list(damaged(content[at:], len(content)))[count % 5 != 0]
            (tree.root / name).write_bytes(content[:at] + bad)
            tree.write("c.dfy", "// one more line\n" + stand_in.spec("C", VALUES["c"]))
            first = tree.doit()
            second = tree.doit() if first.code else None
            lost = {name for name in implementations(tree) if name.startswith(".stale/")}  # what doit forgot
            right = {name: text for name, text in implementations(tree).items() if name not in lost} == whole
            yield Outcome(
                f"{name} {what.replace('at 0', f'at {at}')}", first, second, right, len(server.requests) - paid
            )
