"""`s2c prompt SPEC`: the request that a run would send for one spec alone, not sent, and what its parts take.

Law: standard output has the messages as they would be sent, and nothing else; what is told about them goes to standard
error.
"""

import argparse
import json
import sys
from collections.abc import Iterator

from s2c import preview, tokens
from s2c.commands import Subparsers
from s2c.commands.shared import known, session
from s2c.preview import Preview


def add(commands: Subparsers) -> None:
    """Tell the parser of it."""
    prompt = commands.add_parser("prompt", help="the prompt that a run would send for one spec, and its token counts")
    prompt.add_argument("spec", help="its path in the project")
    prompt.add_argument("--json", action="store_true", help="for programs")
    prompt.set_defaults(run=_prompt)


def _prompt(parsed: argparse.Namespace) -> int:
    opened = session()
    path = known(opened, parsed.spec)
    made = preview.preview(opened.project, opened.identities, path)
    if parsed.json:
        sys.stdout.write(_to_json(path, made))
    else:
        sys.stdout.write("".join(f"===== {one.role} =====\n{one.content}\n" for one in made.request.messages))
        sys.stderr.write("\n".join([*_told(made), ""]))
    return 0


def _to_json(path: str, made: Preview) -> str:
    request = made.request
    messages = [{"role": one.role, "content": one.content} for one in request.messages]
    about = {"spec": path, "state": made.state, "note": made.note, "attempt": made.attempt, "model": request.model}
    limits = {"max_output": request.max_output, "temperature": request.temperature}
    counted = {"tokens": dict(made.tokens), "estimated": tokens.fallback_reason()}
    return json.dumps({**about, **limits, "messages": messages, **counted}, indent=1) + "\n"


def _told(made: Preview) -> Iterator[str]:
    if made.note:
        yield f"{made.state}: {made.note}"
    if tokens.fallback_reason():
        yield tokens.fallback_reason()
    yield f"attempt {made.attempt}; tokens, each part counted alone:"
    width = max(map(len, made.tokens))
    yield from (f"  {name:<{width}} {count:>8}" for name, count in made.tokens.items())
