"""Trust at full size: every layer alone on the Dafny attacks, and all honest solutions through the whole of s2c.

Run by `script/prove trust [layers|solutions] [2.3|4.x]`. Needs the test data (S2C_TEST_DATA). Ends with exit code 1 if
an attack passes all layers, a look-alike or an honest solution is refused, or an assumption is not told.
"""

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "script" / "proofs")]

from main_job import HEADLESS, NOT_IN_4, path_of, project  # noqa: E402

from s2c.languages.base import language  # noqa: E402
from s2c.sandbox import execute  # noqa: E402
from tests import layers  # noqa: E402
from tests.dafny_tools import available, installed  # noqa: E402

JOBS = len(os.sched_getaffinity(0))
DATA = Path(os.environ.get("S2C_TEST_DATA", ROOT.parent / "shared"))


def each_layer(generation: str) -> bool:
    """Rows 1 and 3 of the Dafny part: attacks and look-alikes, each layer alone and all but one."""
    tool = installed(available()[generation])
    with ThreadPoolExecutor(JOBS) as pool:
        found = list(pool.map(lambda row: layers.tried(row, tool, execute), layers.catalogue(DATA)))
    print(layers.table(found))
    for name in layers.LAYERS:
        only = [one.row for one in found if one.attack and one.refusing == {name}]
        print(f"  only {name}: {', '.join(only) or '-'}")
    wrong = [one.row for one in found if bool(one.refusing) is not one.attack]
    print(f"  judged wrongly by all together: {', '.join(wrong) or '-'}")
    return not wrong


def solutions(generation: str) -> bool:
    """Row 4: the honest solutions, twin included, and the assumptions told."""
    rows = _rows("dafny_solved")
    expected = {row["id"] for row in rows} - {HEADLESS} - ({NOT_IN_4} if generation == "4.x" else set())
    with project(available()[generation], [row for row in rows if row["id"] != HEADLESS]) as proof:
        proof.run()
        summary = proof.tree.summary
    told = {row["path"]: row for row in summary["rows"]}
    verified = {row["id"] for row in rows if told.get(path_of(row), {}).get("state") == "verified"}
    print(f"  {len(verified)} of {len(rows)} verified; {summary['verifier_runs']} runs; remarks {summary['remarks']}")
    for row in rows:
        state = told.get(path_of(row))
        if row["id"] not in verified:
            print(f"  {row['id']}: {state['state'] if state else 'not tried'}: {state['reason'] if state else ''}")
    silent = [row["id"] for row in rows if _assumes(row) and not told.get(path_of(row), {}).get("assumptions")]
    print(f"  assumptions told for {sum(bool(row['assumptions']) for row in told.values())} files; not told: {silent}")
    return verified == expected and not silent


def assumptions() -> bool:
    """The rest of row 4: which specs of the corpus take something on trust, and what."""
    for name in ("dafny_solved", "dafny_specs"):
        found = {row["id"]: _assumes(row) for row in _rows(name) if _assumes(row)}
        print(f"  {name}: {len(found)} take something on trust: {', '.join(sorted(found))}")
    return True


def _assumes(row: dict[str, Any]) -> list[str]:
    return [one.what for one in language("dafny").parse(row["spec"].encode()).assumptions]


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / "corpus" / f"{name}.jsonl").open(encoding="utf-8")]


def main() -> int:
    """What the command line names, with every Dafny that is here."""
    words = set(sys.argv[1:])
    chosen = [one for one in sorted(available(), reverse=True) if one in words or not words & set(available())]
    held = True
    for name, step in {"layers": each_layer, "solutions": solutions}.items():
        for generation in chosen if name in words or not words & {"layers", "solutions"} else ():
            print(f"--- {name}, Dafny {generation}", flush=True)
            held = step(generation) and held
    return 0 if assumptions() and held else 1


if __name__ == "__main__":
    sys.exit(main())
