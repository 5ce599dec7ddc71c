"""The played model reads prompts of s2c and answers as its solver or its file says."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from s2c import wire
from s2c.endpoint import Endpoint
from s2c.llm import Client
from s2c.model import Message, Request
from tests import loopback as lb
from tests.endpoints import REQUEST, ask
from tests.openai_server import AnswerBook, answer_fills

# --- a played model -----------------------------------------------------------------------------------------------

ROOT = Path(__file__).resolve().parent.parent
SPEC = """\
----- spec F1 (dafny) -----
method Inc(x: int) returns (y: int)
  ensures y == x + 1
<<HOLE F1.h1 body>>
----- end of spec F1 -----
----- spec F2 (dafny) -----
method Dec(x: int) returns (y: int)
<<HOLE F2.h1 body>>
----- end of spec F2 -----
"""
WANTED = {"F1.h1": False, "F2.h1": False}
BOOK = [
    {
        "match": "method Inc(x: int) returns (y: int)\n  ensures y == x + 1\n",
        "fills": {"h1": ["y := x;", "y := x + 1;"]},
    }
]


def request_for(spec: str) -> Request:
    """A request as s2c sends it."""
    nonce = wire.nonce(spec.encode(), [spec])
    return replace(REQUEST, messages=(Message("user", spec + wire.instructions(nonce, WANTED)),), nonce=nonce)


def test_played_model() -> None:
    """The server finds ids and nonce in the prompt, answers what it knows, leaves out the rest, and counts tokens."""
    with lb.Server(answer_fills(AnswerBook(BOOK))) as server:
        read = [
            wire.parse(answer.text, answer.request.nonce, WANTED, answer.finish)
            for answer in (ask(server, request_for(SPEC)), ask(server, request_for(SPEC)))
        ]
    assert [one.fills for one in read] == [{"F1.h1": "y := x;\n"}, {"F1.h1": "y := x + 1;\n"}]
    assert read[0].missing == ("F2.h1",)


def test_played_model_stops_at_the_limit() -> None:
    """It is cut off where the request's output limit is, and says `length`; what is whole can be used."""
    with lb.Server(answer_fills(lambda _id, _prompt: "y := x;\n" * 20)) as server:
        answer = ask(server, replace(request_for(SPEC), max_output=200))
    assert answer.finish == "length"
    assert answer.usage.prompt > 50
    assert set(wire.parse(answer.text, answer.request.nonce, WANTED, "length").fills) == {"F1.h1"}


def test_as_a_program(tmp_path: Path) -> None:
    """Started as a program it says its address, serves a file of answers, and logs each request."""
    answers, log = tmp_path / "answers.jsonl", tmp_path / "log.jsonl"
    answers.write_text("".join(json.dumps(record) + "\n" for record in BOOK), encoding="utf-8")
    command = [sys.executable, "tests/openai_server.py", "--answers", str(answers), "--log", str(log)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            url = process.stdout.readline().strip()
            with Client(Endpoint(url, "m")) as client:
                answer = client.ask(request_for(SPEC))
        finally:
            process.terminate()
    read = wire.parse(answer.text, answer.request.nonce, WANTED, answer.finish)
    assert read.fills == {"F1.h1": "y := x;\n"}
    (logged,) = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert logged["ids"] == ["F1.h1", "F2.h1"]
    assert logged["prompt_tokens"] == answer.usage.prompt
