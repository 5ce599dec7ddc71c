"""One self-contained page of everything that is known of a project: `s2c report`.

Law: the page loads nothing from anywhere; what comes from the project is data in it, compressed, and never markup. The
same project and history make the same page, but for the line that says when it was made.
"""

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from importlib.resources import files
from typing import Any

from s2c.overview import Entry, Overview

FORM = "report.1"
ROW = (
    "path", "language", "state", "reason", "attempts", "tokens", "cost", "cpu_ms", "holes", "proved", "author",
    "component", "remarks", "assumptions",
)  # fmt: skip
CHUNK = 200  # files whose texts are packed together: opened when one of them is looked at
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


def to_json(overview: Overview, made: str, version: str) -> dict[str, Any]:
    """The whole report as plain data, for programs. `made`: when, as text; `version`: of s2c."""
    return {
        "form": FORM,
        "made": made,
        "version": version,
        "files": [asdict(one) for one in overview.files],
        "imports": [list(one) for one in overview.imports],
        "runs": [asdict(one) for one in overview.runs],
        "by_attempt": {str(number): count for number, count in overview.by_attempt.items()},
        "batches": [list(one) for one in overview.batches],
        "tools": dict(overview.tools),
    }


def render(overview: Overview, made: str, version: str, title: str) -> str:
    """The page."""
    data = {
        **to_json(overview, made, version),
        "title": title,
        "columns": list(ROW),
        "files": [[_cell(one, name) for name in ROW] for one in overview.files],
        "chunk": CHUNK,
    }
    details = [_details(one) for one in overview.files]
    chunks = [packed(details[at : at + CHUNK]) for at in range(0, len(details), CHUNK)]
    blocks = [("data", packed(data)), *((f"texts-{at}", chunk) for at, chunk in enumerate(chunks))]
    parts = {
        "POLICY": _POLICY,
        "STYLE": _web("page.css"),
        "DATA": "\n".join(f'<script type="text/plain" id="{name}">{text}</script>' for name, text in blocks),
        "SCRIPT": "".join(_web(name) for name in ("data.js", "plots.js", "graph.js", "page.js")),
    }
    page = _web("page.html")
    for name, text in parts.items():
        page = page.replace(f"@{name}@", text)
    return page


def packed(value: object) -> str:
    """Any data as text that is safe inside a page: JSON, deflated, in base64."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
    return base64.b64encode(zlib.compress(text, 6)).decode("ascii")


def _cell(one: Entry, name: str) -> object:
    value = getattr(one, name)
    return list(value) if isinstance(value, tuple) else value


def _details(one: Entry) -> Mapping[str, object]:
    return {"text": one.text, "said": one.said, "tried": [asdict(tried) for tried in one.tried]}


def _web(name: str) -> str:
    return files("s2c.report.page").joinpath("web", name).read_text(encoding="utf-8")
