"""The report at full size: the examples, 159 real specs, 12,500 synthetic ones, each opened in real Chromium.

Run by `script/prove report [FOLDER] [NAME...]`; names: examples, corpus, many. Pictures are left in FOLDER for somebody
to look at. The real specs need the test data (S2C_TEST_DATA) and a Dafny. Prints what each page weighs, when it can be
used, what a filter takes; ends with exit code 1 if a promise does not hold.
"""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(HERE)]

from main_job import HEADLESS, project  # noqa: E402

from bench import many  # noqa: E402
from tests.browser import Browser, missing, opened  # noqa: E402
from tests.dafny_tools import available  # noqa: E402

MANY = int(os.environ.get("SPECS", "12500"))
USABLE, FILTER, HEAVY = 3.0, 200.0, 40e6  # seconds, milliseconds, bytes
FILTERING = """
const field = document.getElementById("filter"), begun = performance.now();
field.value = arguments[0]; field.dispatchEvent(new Event("input")); document.body.offsetHeight;
return performance.now() - begun;
"""


@dataclass(frozen=True)
class Made:
    """A page, the processor seconds that it took, and words to filter by."""

    page: Path
    cpu: float
    words: str


def written(root: Path, environment: dict[str, str], words: str) -> Made:
    """The page of a project."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "s2c.cli", "report"]
    subprocess.run(command, cwd=root, env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Made(root / "build/report.html", cpu, words)


def measured(window: Browser, name: str, made: Made, pictures: Path) -> bool:
    """Open a page, use it, leave pictures of it; whether it holds what is promised."""
    window.shape(1280, 900)
    usable = max(window.open(made.page) for _ in range(3))
    filtering = max(float(window.run(FILTERING, text)) for text in ("", made.words, "no such thing", ""))
    files = window.run("return document.querySelector('#numbers b').textContent")
    window.run("document.querySelectorAll('.row')[1].click()")
    window.until("!document.getElementById('detail').hidden")
    errors = window.errors()
    for look, width, dark in (("light", 1280, False), ("dark", 1280, True), ("phone", 390, False)):
        window.shape(width, 900, dark=dark)
        time.sleep(0.3)
        window.picture(pictures / f"{name}-{look}.png")
    weight = made.page.stat().st_size
    held = usable <= USABLE and filtering <= FILTER and weight <= HEAVY and not errors
    print(
        f"{'ok  ' if held else 'FAIL'} {name}: {files} files, {weight / 1e6:.2f} MB, usable after {usable * 1000:.0f} "
        f"ms, filter {filtering:.0f} ms, made in {made.cpu:.1f} s of processor time, {len(errors)} errors {errors[:3]}",
        flush=True,
    )
    return held


def examples(folder: Path) -> Made:
    """The largest of the examples, built from its records."""
    root = folder / "sorting"
    left_out = shutil.ignore_patterns("build", "db", ".doit.db*", "__pycache__")
    shutil.copytree(ROOT / "examples/sorting", root, ignore=left_out)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(folder)}
    subprocess.run(
        [sys.executable, "-m", "doit", "offline=1"], cwd=root, env=env, check=True, stdout=subprocess.DEVNULL
    )
    return written(root, env, "merge")


def many_specs(folder: Path) -> Made:
    """Synthetic specs, with what a run would have left in the store."""
    root = folder / "many"
    many.write(root, MANY)
    many.answer(root)
    env = many.environment(root)
    subprocess.run([sys.executable, "-m", "doit", "quiet=1"], cwd=root, env=env, check=True, stdout=subprocess.DEVNULL)
    return written(root, env, "f7/ s12")


def corpus(window: Browser, pictures: Path) -> bool:
    """Real specs with real Dafny, some of them wrong at first, one never solved."""
    place = Path(os.environ.get("S2C_TEST_DATA", ROOT.parent / "shared")) / "corpus/dafny_solved.jsonl"
    rows = [json.loads(line) for line in place.read_text(encoding="utf-8").splitlines()]
    dafny = next(iter(sorted(available().items())))[1]
    with project(dafny, [one for one in rows if one["id"] != HEADLESS]) as proof:
        proof.tree.configure(price_input=1, price_output=4, max_attempts=1)
        proof.tree.doit()
        proof.edit(3, weaker=False)
        proof.tree.doit()
        env = {**os.environ, "PYTHONPATH": str(ROOT), **proof.tree.env}
        return measured(window, "corpus", written(proof.tree.root, env, "da07"), pictures)


def main() -> int:
    """Every page that was named, or all."""
    lacking = missing()
    if lacking:
        print(f"this machine lacks {lacking}", file=sys.stderr)
        return 2
    pictures = Path(sys.argv[1] if sys.argv[1:] else tempfile.mkdtemp(prefix="s2c-report-"))
    pictures.mkdir(parents=True, exist_ok=True)
    chosen, held = sys.argv[2:] or ["examples", "corpus", "many"], True
    with tempfile.TemporaryDirectory() as name, opened() as window:
        for one in chosen:
            if one == "corpus":
                held = corpus(window, pictures) and held
            else:
                made = (examples if one == "examples" else many_specs)(Path(name))
                held = measured(window, one, made, pictures) and held
    print(f"pictures: {pictures}")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
