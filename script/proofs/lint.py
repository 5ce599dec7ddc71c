"""The lint of specs at full size: every Dafny spec of the corpora, trivial fills tried with a real Dafny 4.

Run by `script/prove lint`. Needs the test data (S2C_TEST_DATA). Prints how many remarks each rule makes, and the specs
that are weak or vacuous with what proves them; ends with exit code 1 if the known ones are not told.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from tests.corpus import specs  # noqa: E402 - the line above
from tests.dafny_tools import available  # noqa: E402
from tests.projects import Tree  # noqa: E402

KNOWN = "DD0274"  # a published insertion sort that sets every element to 0
JOBS = 2


def main() -> int:
    """Lint all of them and print the table."""
    data = Path(os.environ.get("S2C_TEST_DATA", ROOT.parent / "shared"))
    if not data.is_dir():
        print(f"no corpora at {data}: set S2C_TEST_DATA", file=sys.stderr)
        return 2
    texts = specs(data, "dafny")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        findings = _findings(Path(folder), texts)
    print(f"{len(texts)} specs, {len(findings)} remarks, {time.monotonic() - begun:.0f} s")
    by_rule: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for one in findings:
        by_rule[one["rule"]][Path(one["path"]).stem].append(one["message"])
    for rule, told in sorted(by_rule.items()):
        print(f"  {rule}: {sum(map(len, told.values()))} in {len(told)} specs: {' '.join(sorted(told))}")
    for rule in ("weak", "vacuous"):
        for name, messages in sorted(by_rule[rule].items()):
            print(f"    {name}: {'; '.join(messages)}")
    return int(KNOWN not in by_rule["weak"])


def _findings(folder: Path, texts: dict[str, str]) -> list[dict[str, Any]]:
    """What `s2c plan` says of these specs with lint=deep."""
    tree = Tree(folder / "project")
    tree.dafny = available()["4.x"]
    tree.configure(lint="deep", jobs=JOBS)
    tree.write_settings()
    for name, text in texts.items():
        tree.write(f"{name}.dfy", text)
    env = {**os.environ, "HOME": str(folder)}
    command = [sys.executable, "-m", "s2c.cli", "plan", "--json"]
    done = subprocess.run(command, cwd=tree.root, env=env, stdout=subprocess.PIPE, check=True)
    told = json.loads(done.stdout)
    print("\n".join(told["notes"]))
    return list(told["lint"])


if __name__ == "__main__":
    sys.exit(main())
