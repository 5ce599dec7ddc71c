"""The shape of the code: who may import whom, and how large things may grow."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "s2c"

# The way of the data: a module imports only from modules that stand before it. One name may stand for a folder.
ORDER = """
    errors digest model events process verdicts values settings sensible config codec records store languages spec
    graph shards lint prompts wire keys shape outputs settled idle project splice stands tokens prices money trouble
    stream endpoint tries pace inbox parting llm batches patterns asking sizes tallies spent reuse plan blame
    approach repair sending bill again schedule policy supervise sandbox resident warm identity carrier executor
    worker tools cluster fleet executors case judge audit weak built accepted solution doubt trials pictures past copies
    times keeping solve gather rounds connect producing session inquiry preview drawing adoption originals history
    orphans today upkeep overview report ledger outcomes recorded memory skipping wishes leaving taskstate ending
    tasks scaffold checkup watch commands cli
""".split()  # noqa: SIM905 - a list of words reads best as words

ONLY_IMPORTER = {
    "diskcache": {"store"},
    "openai": {"llm"},
    "doit": {"tasks", "cli"},
    "tiktoken": {"tokens"},
    "distributed": {"cluster"},
}


def modules() -> Iterator[tuple[str, Path]]:
    """Every module with the name that it has in ORDER."""
    for path in sorted(PACKAGE.rglob("*.py")):
        top = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if top != "__init__":
            yield top, path


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """What a module imports: (top-level package, first name inside s2c or "")."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name.split(".")[0], name.name.partition("s2c.")[2].split(".")[0]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            top, _, rest = node.module.partition(".")
            for name in node.names if top == "s2c" and not rest else ():
                yield top, name.name
            if rest or top != "s2c":
                yield top, rest.split(".")[0] if top == "s2c" else ""


def test_every_module_has_a_place_in_the_order() -> None:
    """A new module takes its place in the way of the data; one that is gone leaves it."""
    assert {name for name, _ in modules()} == set(ORDER)


def test_data_flows_one_way() -> None:
    """A module imports only from modules that stand before it."""
    back = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for own, path in modules()
        for top, name in imported(path)
        if top == "s2c" and name in ORDER and name != own and ORDER.index(name) > ORDER.index(own)
    ]
    assert back == []


def test_each_large_dependency_has_one_importer() -> None:
    """Only store.py knows diskcache, only llm.py openai, only tasks.py and cli.py doit."""
    strangers = [
        f"{path.relative_to(PACKAGE)} imports {top}"
        for own, path in modules()
        for top, _ in imported(path)
        if top in ONLY_IMPORTER and own not in ONLY_IMPORTER[top]
    ]
    assert strangers == []


def test_only_the_judge_makes_a_verified() -> None:
    """No module but the judge writes VerdictKind.VERIFIED into a Verdict; the others only compare with it."""
    makers = set()
    for own, path in modules():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _called(node) in {"Verdict", "verdict", "replace"}:
                given = [*node.args, *(word.value for word in node.keywords)]
                if any(isinstance(one, ast.Attribute) and one.attr == "VERIFIED" for one in given):
                    makers.add(own)
    assert makers == {"judge"}


def _called(node: ast.Call) -> str:
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def test_modules_and_functions_stay_small() -> None:
    """Modules have at most 300 lines, functions a median of at most 10 and a 90th percentile of at most 30."""
    sizes = []
    long = []
    for _, path in modules():
        text = path.read_text(encoding="utf-8")
        if len(text.splitlines()) > 300:
            long.append(f"{path.relative_to(PACKAGE)}: {len(text.splitlines())}")
        sizes += [
            node.end_lineno - node.lineno + 1
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef) and node.end_lineno
        ]
    assert long == []
    assert statistics.median(sizes) <= 10
    assert statistics.quantiles(sizes, n=10)[-1] <= 30
    assert max(sizes) <= 60


def test_every_module_says_its_idea_and_its_law() -> None:
    """Every module opens with what it is for, and every larger one with the law that it keeps."""
    silent = [
        str(path.relative_to(PACKAGE))
        for _, path in modules()
        if not (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "")
    ]
    assert silent == []
