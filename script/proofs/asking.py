"""Asking at full size: 159 real specs, cold, many in a request, against one request for each file.

Run by `script/prove asking [GENERATION]`. Needs the test data (S2C_TEST_DATA). A played model on 127.0.0.1 gives the
published fills; real Dafny judges. The second build takes the verdicts of the first: what is compared is what is
asked. Prints requests and prompt tokens of both; ends with exit code 1 if a promise does not hold.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(HERE)]

from main_job import HEADLESS, contract, fills, path_of  # noqa: E402

from tests.dafny_tools import available  # noqa: E402
from tests.loopback import Server  # noqa: E402
from tests.openai_server import AnswerBook, answer_fills  # noqa: E402
from tests.projects import Tree  # noqa: E402

FEWER, LESS = 10, 2  # at most one request in ten, half of the prompt tokens
PREFIX = 1500  # tokens of what every request has before its specs, at most


@dataclass(frozen=True)
class Built:
    """A cold build: what the server saw of it."""

    verified: int
    requests: int
    prompt: int
    answers: int
    prefix: int  # tokens of the system message


def build(
    folder: Path, dafny: Sequence[str], rows: Sequence[dict[str, Any]], verdicts: Path, **settings: object
) -> Built:
    """Build these rows from nothing but these verdicts, if there are any; leave what was judged there."""
    book = AnswerBook([{"match": contract(row), "fills": fills(row, wrong=False)} for row in rows])
    tree = Tree(folder / "project")
    tree.dafny, tree.timeout = tuple(dafny), 7200
    tree.env = {"HOME": str(folder), "NO_PROXY": "127.0.0.1", "S2C_VERDICT_KEY": "11" * 32}
    for row in rows:
        tree.write(path_of(row), row["spec"])
    place = tree.root / "cache/db/verdicts"
    if verdicts.exists():
        shutil.copytree(verdicts, place)
    with Server(answer_fills(book)) as server:
        tree.configure(model="played-model-1", base_url=server.url, model_may_define=True, **settings)
        ended = tree.doit("generate")
        came = server.requests
    if ended.code:
        print(ended.text[-3000:])
    shutil.copytree(place, verdicts, dirs_exist_ok=True)
    from s2c.tokens import Counter  # noqa: PLC0415 - the tokenizer is loaded once the builds are done

    prefix = Counter().count(came[0].body["messages"][0]["content"])
    return Built(
        tree.summary["verified"], len(came), sum(one.prompt_tokens for one in came),
        tree.summary["completion_tokens"], prefix,
    )  # fmt: skip


def main() -> int:
    """Both builds, and what they compare to."""
    folder = Path(os.environ.get("S2C_TEST_DATA", ROOT.parent / "shared"))
    rows = [json.loads(line) for line in (folder / "corpus" / "dafny_solved.jsonl").open(encoding="utf-8")]
    rows = [row for row in rows if row["id"] != HEADLESS]
    dafny = available()[sys.argv[1] if sys.argv[1:] else "2.3"]
    with tempfile.TemporaryDirectory() as name:
        verdicts = Path(name) / "verdicts"
        many = build(Path(name) / "many", dafny, rows, verdicts)
        print(f"     many in a request: {many}", flush=True)
        each = build(Path(name) / "each", dafny, rows, verdicts, batch_mode=False, requests=8)
        print(f"     file by file:      {each}", flush=True)
    held = many.verified == each.verified == len(rows) and each.requests == len(rows) and each.prefix <= PREFIX
    held = held and many.requests * FEWER <= each.requests and many.prompt * LESS <= each.prompt
    print(
        f"{'ok  ' if held else 'FAIL'} {len(rows)} specs: {many.requests} of {each.requests} requests "
        f"({many.requests / each.requests:.3f}), {many.prompt:,} of {each.prompt:,} prompt tokens "
        f"({many.prompt / each.prompt:.3f}); what every request has: {each.prefix} tokens"
    )
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
