"""Writes docs/s2c.schema.json: a JSON schema of pyproject.toml with [tool.s2c], for editors. Run with .venv/bin/python.

It is made of the settings as the code knows them, the languages' own ones, and the texts of docs/configuration.md.
`--check` writes nothing, and ends with exit code 1 if the file is not what would be written.
"""

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from s2c.languages.base import languages  # noqa: E402
from s2c.sensible import EXECUTORS, LINTS, LOWEST, NOT_NEGATIVE  # noqa: E402
from s2c.settings import Config, DaskSettings  # noqa: E402

PLACE = ROOT / "docs/s2c.schema.json"
ROW = re.compile(r"^\| (`[^|]*`[^|]*) \| ([^|]*) \| (.*) \| [^|]* \|$", re.MULTILINE)
LISTS = {"type": "array", "items": {"type": "string"}}
TEXTS: dict[str, dict[str, Any]] = {
    "lint": {"enum": list(LINTS)},
    "executor": {"enum": list(EXECUTORS)},
    "shard": {"pattern": r"^([1-9][0-9]*/[1-9][0-9]*)?$"},
    "junit": {"pattern": r"^(.*\.xml)?$"},
}


def meanings() -> dict[str, str]:
    """Setting -> its meaning in the documentation, as plain text."""
    found = {}
    for names, _, meaning in ROW.findall((ROOT / "docs/configuration.md").read_text(encoding="utf-8")):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", meaning).replace("`", "")
        found.update(dict.fromkeys(re.findall(r"`(\w+)`", names), plain))
    return found


def kind(item: "Field[Any]") -> dict[str, Any]:
    """What a value of this field may be."""
    name = str(item.type)
    if "bool" in name:
        return {"type": "boolean"}
    if "tuple" in name:
        return LISTS
    if "Decimal" in name:
        return {"type": ["number", "string"]} | ({"minimum": 0} if item.name in NOT_NEGATIVE else {})
    if "int" in name:
        least = LOWEST.get(item.name, 0 if item.name in NOT_NEGATIVE else None)
        return {"type": "integer"} | ({} if least is None else {"minimum": least})
    return {"type": "string", **TEXTS.get(item.name, {})}


def table(items: "tuple[Field[Any], ...]", told: Mapping[str, str], also: Mapping[str, Any]) -> dict[str, Any]:
    """A table with exactly these settings."""
    known = {item.name: {**kind(item), "description": told[item.name]} for item in items}
    return {"type": "object", "additionalProperties": False, "properties": {**known, **also}}


def schema() -> dict[str, Any]:
    """The whole."""
    told = meanings()
    tables = {}
    for name, one in sorted(languages().items()):
        made = table(fields(one.settings), told, {})
        made["properties"]["command"]["type"] = ["string", "array"]
        tables[name] = {**made, "description": f"How the verifier of {name} is called."}
    tables["dask"] = {**table(fields(DaskSettings), told, {}), "description": "The scheduler of other machines."}
    plain = tuple(item for item in fields(Config) if item.name not in {"root", "languages", "dask"})
    own = table(plain, told, tables)
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "pyproject.toml of a project that s2c builds",
        "type": "object",
        "properties": {"tool": {"type": "object", "properties": {"s2c": {**own, "description": "Settings of s2c."}}}},
    }


def main() -> int:
    """Write it, or compare."""
    text = json.dumps(schema(), indent=1) + "\n"
    if "--check" in sys.argv[1:]:
        return int(text != PLACE.read_text(encoding="utf-8"))
    PLACE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
