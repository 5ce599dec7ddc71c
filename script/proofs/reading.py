"""Every spec of the corpora read: files, tags, holes and declarations against independent readers; random changes."""

import json
import os
import random
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from tests.corpus import FILES, entries, parse, reader, specs  # noqa: E402 - the line above

ROUNDS = 1000


def main() -> int:
    """Print the figures of each language; the exit code says whether all are as they must be."""
    data = Path(os.environ.get("S2C_TEST_DATA", ROOT.parent / "shared"))
    if not data.is_dir():
        print(f"no corpora at {data}: set S2C_TEST_DATA", file=sys.stderr)
        return 2
    good = [_language(name, specs(data, name)) for name in FILES]  # all of them, whatever the first says
    return int(not all(good))


def _language(name: str, texts: Mapping[str, str]) -> bool:
    own = reader(name)
    outlines = {one: parse(name, text) for one, text in texts.items()}
    clean = {one: text for one, text in texts.items() if not outlines[one].problems}
    print(f"{name}: {len(texts)} files, {len(texts) - len(clean)} not read: {sorted(set(texts) - set(clean))}")
    holes = [(len(outlines[one].holes), own.holes(text)) for one, text in clean.items()]
    print(f"  holes: {sum(a for a, _ in holes)}, by an independent count {sum(b for _, b in holes)}")
    print(f"  tags: {sum(len(own.tags(text)) for text in clean.values())} in {len(clean)} files")
    found = {one: entries(outlines[one], text) for one, text in clean.items()}
    marks = json.loads((ROOT / "tests" / "marks" / f"{name}.json").read_text())
    marked = {one: [tuple(entry) for entry in listed] for one, listed in marks.items()}
    same = [one for one, listed in marked.items() if found.get(one) == listed]
    print(f"  by hand: {len(same)} of {len(marked)} files, {sum(map(len, marked.values()))} declarations")
    differ = [one for one, text in clean.items() if own.declarations(text) != found[one]]
    agree = len(clean) - len(differ)
    print(f"  by the reader: {agree} of {len(clean)} files, {sum(map(len, found.values()))} declarations")
    for one in differ:
        print(f"    {one}: {own.KNOWN.get(one, 'NOT EXPLAINED')}")
    kept, changed = _changes(name, clean)
    print(f"  {ROUNDS} changes of comments and blanks: {ROUNDS - kept} changed the skeleton")
    print(f"  {ROUNDS} changes of one token: {changed} changed the skeleton", flush=True)
    good = all(a == b for a, b in holes) and same == list(marked) and set(differ) <= set(own.KNOWN)
    return good and kept == changed == ROUNDS


def _changes(name: str, clean: Mapping[str, str]) -> tuple[int, int]:
    own, rng = reader(name), random.Random(3)  # noqa: S311 - the same changes in every run
    texts = list(clean.values())
    kept = changed = 0
    for _ in range(ROUNDS):
        text = rng.choice(texts)
        kept += parse(name, own.rewrite(text, rng)).skeleton == parse(name, text).skeleton
        changed += parse(name, own.edit(text, rng)).skeleton != parse(name, text).skeleton
    return kept, changed


if __name__ == "__main__":
    sys.exit(main())
