"""How long a build takes to find that nothing is asked: load and plan of N specs, against reading and parsing alone.

Run by hand: `python bench/load.py [N]`. Prints seconds and the ratio of both in one run; no verifier, no network.
"""

import sys
import tempfile
import time
from pathlib import Path

from s2c import bill, config, connect, project
from s2c.languages.base import languages

SPEC = """// <vc-helpers>
// </vc-helpers>

method M{0}(a: int, b: int) returns (m: int)
  ensures m == a || m == b
  ensures m >= a && m >= b + {0} - {0}
// <vc-code>
{{
}}
// </vc-code>
"""


def main() -> None:
    """Make the specs, then time both."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for number in range(count):
            place = root / f"f{number % 50}" / f"s{number}.dfy"
            place.parent.mkdir(exist_ok=True)
            place.write_text(SPEC.format(number), encoding="utf-8")
        begun = time.perf_counter()
        for path in sorted(root.glob("*/*.dfy")):
            languages()["dafny"].parse(path.read_bytes())
        parsed = time.perf_counter() - begun
        begun = time.perf_counter()
        settings = config.load(root, environ={})
        with connect.open_store(settings) as store:
            made = bill.make(project.load(settings, store, lambda _: None), {"dafny": ""})
        planned = time.perf_counter() - begun
    ratio = planned / parsed
    print(f"{count} specs: read and parsed {parsed:.2f} s; loaded and planned {planned:.2f} s ({ratio:.1f} x)")
    print(f"{len(made.batches)} batches, {made.tokens} tokens")


if __name__ == "__main__":
    main()
