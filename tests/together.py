"""Several builds at once in one tree, and what must hold afterwards."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests import stand_in
from tests.crashes import VALUES, implementations, lay_out, times_asked
from tests.loopback import Server
from tests.openai_server import AnswerBook, answer_fills
from tests.projects import Ended, Tree

PATIENCE = 600.0
NAMES = "abcdefghijklmnop"


@dataclass(frozen=True)
class Together:
    """Builds that ran at once."""

    ended: tuple[Ended, ...]
    asked: tuple[int, ...]  # how often each spec was asked for
    built: int  # implementations in build/
    tree: Tree

    @property
    def trouble(self) -> str:
        """What is not as it must be; empty if all is well."""
        said = "".join(one.text for one in self.ended)
        odd = [word for word in ("Traceback", "Warning", "locked", "ignored", "damaged") if word in said]
        checks = {
            f"exit codes {[one.code for one in self.ended]}": not any(one.code for one in self.ended),
            f"{odd}: {said[-2000:]}": not odd,
            f"asked {self.asked}": set(self.asked) == {1},
            f"{self.built} of {len(self.asked)} built": self.built == len(self.asked),
        }
        return "; ".join(what for what, holds in checks.items() if not holds)


def together(folder: Path, selections: Sequence[Sequence[str]], specs: int = 4, *, seconds: float = 0.5) -> Together:
    """As many builds at once as there are selections, over so many specs that do not know each other."""
    names = NAMES[:specs]
    tree = lay_out(Tree(folder / "project"), folder / "tool")
    for name in VALUES:
        (tree.root / f"{name}.dfy").unlink()
    for name in names:
        tree.write(f"{name}.dfy", stand_in.spec(name.upper(), f"n + {ord(name)}"))
    answers = {stand_in.head(name.upper()): stand_in.fill(f"n + {ord(name)}") for name in names}
    book = AnswerBook({"match": match, "fills": fills} for match, fills in answers.items())
    with Server(answer_fills(book, seconds=seconds)) as server:
        tree.configure(base_url=server.url)
        runs = [tree.start(*selection) for selection in selections]
        ended = []
        for run in runs:
            out, err = run.communicate(timeout=PATIENCE)
            ended.append(Ended(run.returncode, out.decode(), err.decode()))
        count = times_asked(server.requests)
    built = sum(1 for name in implementations(tree) if name.endswith(".dfy"))
    return Together(tuple(ended), tuple(count[name.upper()] for name in names), built, tree)


def disjoint(count: int, specs: int = 16) -> list[list[str]]:
    """Selections that share no spec, and together are all of them."""
    parts = [NAMES[:specs][number::count] for number in range(count)]
    return [[f"{kind}:{name}.dfy" for name in part for kind in ("generate", "verify")] for part in parts]
