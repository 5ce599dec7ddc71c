"""A model played on 127.0.0.1: reads the prompts of s2c and answers each hole by a function or from a file.

Law: it knows of s2c only what a model knows, the prompt. It answers in the wire format, stops at the output limit it
was given, and reports usage by s2c's own count. The server and its bad manners are in loopback.py.

As a program, from the repository's root with s2c importable:

    python tests/openai_server.py --answers FILE.jsonl --port 0 --log FILE

prints its base_url as its one line and serves until it is ended. Each line of FILE.jsonl is an object: `match`, a text
that stands in the spec's part of the prompt (as shown there, its first line unlike that of most others), and `fills`,
hole id -> text, or a list of texts for the first, second, ... time that this hole is asked for (the last one stays).
"""

import argparse
import json
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from s2c import tokens, wire
from tests.loopback import Behaviour, Exchange, Received, Server, stream_text

__all__ = ["AnswerBook", "Server", "Solver", "answer_fills", "asked", "spec_text"]

Solver = Callable[[str, str], str | None]  # (wire id, the prompt's user text) -> fill, or None: left out


def asked(prompt: str) -> tuple[str, list[str]]:
    """The nonce and the ids in the instructions that end a prompt of s2c."""
    nonce = re.findall(rf"^{wire.MARKER}(\w+) DONE COUNT$", prompt, re.MULTILINE)[-1]
    ids = prompt.rpartition("\nThe ids:\n")[2].splitlines()
    return nonce, [line.split()[0] for line in ids if line.strip()]


def spec_text(prompt: str, wire_id: str) -> str:
    """The spec that a wire id belongs to, as it is shown in the prompt; "" if it is not found."""
    name = re.escape(wire_id.partition(".")[0])
    found = re.search(rf"^----- spec {name} \(.*?^----- end of spec {name} -----$", prompt, re.MULTILINE | re.DOTALL)
    return found.group() if found else ""


def answer_fills(solver: Solver, finish: str = "stop", seconds: float = 0.0, piece: int = 400) -> Behaviour:
    """Answers each hole of a prompt of s2c by `solver`, in the wire format, cut at the output limit it was given."""

    def behave(exchange: Exchange) -> None:
        received = exchange.received
        nonce, ids = asked(received.prompt)
        found = {wire_id: solver(wire_id, received.prompt) for wire_id in ids}
        text = wire.render(nonce, {wire_id: fill for wire_id, fill in found.items() if fill is not None})
        text, ended = _limited(text, received.max_output, finish)
        counts = received.prompt_tokens, tokens.count(text)
        usage = {"prompt_tokens": counts[0], "completion_tokens": counts[1], "total_tokens": sum(counts)}
        exchange.closing.wait(seconds)
        stream_text(text, ended, usage, piece)(exchange)

    return behave


def _limited(text: str, limit: int, finish: str) -> tuple[str, str]:
    count = tokens.count(text)
    return (text[: len(text) * limit // count], "length") if limit and count > limit else (text, finish)


class AnswerBook:
    """A solver from records `{"match": text, "fills": {hole id: text or texts}}`; the longest match counts."""

    def __init__(self, records: Iterable[Mapping[str, Any]]) -> None:
        self._lock = threading.Lock()
        self._asked: Counter[tuple[str, str]] = Counter()
        self._by_line: dict[str, list[Mapping[str, Any]]] = {}
        for record in records:
            self._by_line.setdefault(record["match"].strip().split("\n")[0].strip(), []).append(record)

    def __call__(self, wire_id: str, prompt: str) -> str | None:
        """The fill for this id, or None if no record fits."""
        section, hole = spec_text(prompt, wire_id), wire_id.partition(".")[2]
        found = [one for line in section.splitlines() for one in self._by_line.get(line.strip(), [])]
        fitting = [one for one in found if one["match"].strip() in section and hole in one["fills"]]
        return self._fill(max(fitting, key=lambda one: len(one["match"])), hole) if fitting else None

    def _fill(self, record: Mapping[str, Any], hole: str) -> str:
        fills = record["fills"][hole]
        texts: Sequence[str] = [fills] if isinstance(fills, str) else fills
        with self._lock:
            number = self._asked[record["match"], hole]
            self._asked[record["match"], hole] += 1
        return texts[min(number, len(texts) - 1)]


def main(arguments: Sequence[str]) -> int:
    """Serve a file of answers."""
    parser = argparse.ArgumentParser(description="Play an OpenAI endpoint from a file of answers.")
    parser.add_argument("--answers", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path, help="one JSON line a request: number, path, ids, prompt tokens")
    parser.add_argument("--seconds", type=float, default=0.0, help="wait so long before each answer")
    options = parser.parse_args(arguments)
    with options.answers.open(encoding="utf-8") as file:
        book = AnswerBook(json.loads(line) for line in file if line.strip())
    server = Server(answer_fills(book, seconds=options.seconds), port=options.port, hear=_logger(options.log))
    print(server.url, flush=True)  # noqa: T201 - its one line of output
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        server.close()
    return 0


def _logger(path: Path | None) -> Callable[[Received], None]:
    lock = threading.Lock()

    def write(received: Received) -> None:
        if path is not None:
            ids = asked(received.prompt)[1]
            counts = {"ids": ids, "prompt_tokens": received.prompt_tokens, "time": time.time()}
            with lock, path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"number": received.number, "path": received.path, **counts}) + "\n")

    return write


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
