"""The recipes of docs/ci.md, run step by step as a CI server does, on clones of a bare remote, with a real endpoint."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests import stand_in
from tests.openai_server import AnswerBook, Server, answer_fills
from tests.projects import Ended, Tree
from tests.test_docs import doc
from tests.test_junit import read, told
from tests.test_shards import asked_for

yaml = pytest.importorskip("yaml")

NAMES = ("One", "Two", "Three", "Four", "Five")
VALUE = "n + 1"
HAVE_KEY = ("OPENAI_API_KEY", "OPENAI_BASE_URL")
SETUP = {"actions/checkout", "actions/setup-python"}
CACHED = {"actions/cache/restore", "actions/cache/save"}
IGNORED = "build/\ncache/db/\n.doit.db*\n"


def recipes() -> list[dict[str, Any]]:
    """The YAML documents of the page: GitHub, GitLab, and the jobs of several machines."""
    found = re.findall(r"^```yaml\n(.*?)^```$", doc("ci.md"), re.MULTILINE | re.DOTALL)
    return [yaml.safe_load(text) for text in found]


@dataclass
class Site:
    """A remote with a project, and what a CI server keeps: caches, artifacts, secrets."""

    folder: Path
    bare: Path
    url: str
    path: str  # where programs are found
    artifacts: Path
    secrets: Mapping[str, str] = field(default_factory=dict)

    def clone(self, name: str, commit: str = "main") -> Path:
        """A fresh clone."""
        place = self.folder / name
        git(self.folder, "clone", "-q", str(self.bare), str(place))
        git(place, "checkout", "-q", commit)
        return place

    def bash(self, place: Path, script: str, env: Mapping[str, str]) -> Ended:
        """A script as both servers run it: it ends at the first command that fails."""
        base = {name: os.environ[name] for name in ("HOME", "NO_PROXY", "PYTHONPATH") if name in os.environ}
        done = subprocess.run(
            ["/bin/bash", "-e", "-o", "pipefail", "-c", script],
            cwd=place, env={**base, "PATH": self.path, "CI": "true", **env}, capture_output=True, text=True,
            timeout=600, check=False,
        )  # fmt: skip
        return Ended(done.returncode, done.stdout, done.stderr)


def show(said: str) -> None:
    """For who reads why a test failed."""
    sys.stdout.write(said)


def git(folder: Path, *arguments: str) -> str:
    """One command of git's, which must end well; what it prints."""
    done = subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True)  # noqa: S607 - as a user has it
    return done.stdout.strip()


@pytest.fixture
def server() -> Iterator[Server]:
    """An endpoint that knows all proofs."""
    fills = [{"match": stand_in.head(name), "fills": stand_in.fill(VALUE)} for name in NAMES]
    with Server(answer_fills(AnswerBook(fills))) as one:
        yield one


@pytest.fixture
def site(tree: Tree, tmp_path: Path, server: Server) -> Site:
    """A project with two proved specs in a bare remote; doit and s2c are programs on PATH."""
    stand_in.install(tree, tmp_path / "tool")
    tree.configure(model="m-1", price_input=1, price_output=1)
    for name in NAMES[:2]:
        tree.write(f"{name}.dfy", stand_in.spec(name, VALUE))
    tree.write(".gitignore", IGNORED)
    key = {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": server.url}
    assert tree.doit(env=key).code == 0
    bare, programs = tmp_path / "bare.git", tmp_path / "programs"
    git(tmp_path, "init", "-q", "--bare", "-b", "main", str(bare))
    for arguments in (
        ("init", "-q", "-b", "main"), ("config", "user.email", "a@example.org"), ("config", "user.name", "a"),
        ("add", "-A"), ("commit", "-q", "-m", "first"), ("push", "-q", str(bare), "main"),
    ):  # fmt: skip
        git(tree.root, *arguments)
    programs.mkdir()
    for name, module in {"doit": "doit", "s2c": "s2c.cli"}.items():
        (programs / name).write_text(f'#!/bin/bash\nexec {sys.executable} -m {module} "$@"\n')
        (programs / name).chmod(0o755)
    for word in ("advertiseAtomic", "advertisePushOptions"):
        git(bare, "config", f"receive.{word}", "true")
    secrets = {"OPENAI_API_KEY": "k", "S2C_VERDICT_KEY": "11" * 32}
    (tmp_path / "ci").mkdir()
    server.requests.clear()
    path = f"{programs}:{os.environ['PATH']}"
    return Site(tmp_path / "ci", bare, server.url, path, tmp_path / "artifacts", secrets)


def branch(site: Site, name: str, *specs: str) -> str:
    """A branch with new specs on top of main; its commit."""
    place = site.clone(f"work-{name}")
    for spec in specs:
        (place / f"{spec}.dfy").write_text(stand_in.spec(spec, VALUE))
    for arguments in (
        ("config", "user.email", "a@example.org"), ("config", "user.name", "a"), ("checkout", "-q", "-b", name),
        ("add", "-A"), ("commit", "-q", "-m", name, "--allow-empty"), ("push", "-q", "origin", name),
    ):  # fmt: skip
        git(place, *arguments)
    return git(place, "rev-parse", "HEAD")


def merged(site: Site, name: str) -> None:
    """The branch becomes part of main, as by the button."""
    place = site.clone(f"merge-{name}")
    for arguments in (
        ("config", "user.email", "a@example.org"), ("config", "user.name", "a"),
        ("merge", "-q", "--no-ff", "-m", f"merge {name}", f"origin/{name}"), ("push", "-q", "origin", "main"),
    ):  # fmt: skip
        git(place, *arguments)


# --- GitHub -----------------------------------------------------------------------------------------------------------


def expand(text: object, values: Mapping[str, str]) -> str:
    """`${{ name }}` by its value, "" where there is none, as for secrets in a pull request from a fork."""
    return re.sub(r"\$\{\{ *([\w.-]+) *\}\}", lambda found: values.get(found[1], ""), str(text))


def job(site: Site, steps: list[Mapping[str, Any]], place: Path, values: Mapping[str, str]) -> tuple[int, str]:
    """The steps of a job but `Install`: the code of the first that fails, and all that was printed."""
    code, said = 0, ""
    for step in steps:
        if step.get("name") == "Install" or (code and step.get("if") != "always()"):
            continue
        if "run" not in step:
            _action(site, step, place, values)
            continue
        env = {name: expand(value, values) for name, value in step.get("env", {}).items()}
        known = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(place), "GITHUB_STEP_SUMMARY": str(place) + ".md"}
        reach = {"OPENAI_BASE_URL": site.url} if env.get("OPENAI_API_KEY") else {}
        ended = site.bash(place, expand(step["run"], values), {**known, **reach, **env})
        code, said = code or ended.code, said + ended.text
    return code, said


def _action(site: Site, step: Mapping[str, Any], place: Path, values: Mapping[str, str]) -> None:
    """What an action that a recipe uses does, as far as files go."""
    name, given = step["uses"].partition("@")[0], step.get("with", {})
    if name in SETUP:
        return
    if name in CACHED:
        kept, path = site.folder / "kept-cache", place / given["path"]
        source, target = (path, kept) if name.endswith("save") else (kept, path)
        if source.exists():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target)
    elif name == "actions/upload-artifact":
        for path in given["path"].split():
            target = site.artifacts / expand(given["name"], values) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (place / path).is_dir() else shutil.copy)(place / path, target)
    else:
        assert name == "actions/download-artifact"
        shutil.copytree(site.artifacts, place / given["path"])


def on_github(site: Site, name: str, commit: str, recipe: Mapping[str, Any], values: Mapping[str, str]) -> int:
    """One job in a fresh clone."""
    code, said = job(site, recipe["steps"], site.clone(name, commit), values)
    assert "Traceback" not in said
    show(said)
    return code


def secret(site: Site) -> dict[str, str]:
    """What a job in the environment of the protected branch can read."""
    return {f"secrets.{name}": value for name, value in site.secrets.items()}


def github(site: Site, kind: str, name: str, commit: str) -> int:
    """The job of the recipe for GitHub that runs for a pull request, or for a push to main."""
    jobs = recipes()[0]["jobs"]
    if kind == "pull request":
        return on_github(site, name, commit, jobs["check"], {})
    return on_github(site, name, "main", jobs["fill"], secret(site))


def test_the_github_recipe_is_a_workflow() -> None:
    """Its jobs run for the right events; only the one for the branch has a key and may write."""
    recipe = recipes()[0]
    assert recipe[True] == {"pull_request": None, "push": {"branches": ["main"]}}  # YAML 1.1 reads `on` so
    assert recipe["permissions"] == {"contents": "read"}
    check, fill = recipe["jobs"]["check"], recipe["jobs"]["fill"]
    assert (check["if"], fill["if"]) == ("github.event_name == 'pull_request'", "github.event_name == 'push'")
    assert "OPENAI_API_KEY" not in str(check)
    assert "permissions" not in check
    assert fill["permissions"] == {"contents": "write"}


# --- GitLab -----------------------------------------------------------------------------------------------------------


def gitlab(site: Site, kind: str, name: str, commit: str) -> int:
    """The job of the recipe for GitLab; it checks out a commit, on no branch."""
    recipe = recipes()[1]["check" if kind == "pull request" else "fill"]
    place = site.clone(name, commit)
    git(place, "checkout", "-q", "--detach")
    known = {name: str(value) for name, value in recipe.get("variables", {}).items()}
    if kind != "pull request":
        known |= {**site.secrets, "OPENAI_BASE_URL": site.url, "PUSH_URL": str(site.bare), "CI_COMMIT_BRANCH": "main"}
    ended = site.bash(place, "\n".join(recipe["script"]), known)
    assert "Traceback" not in ended.text
    show(ended.text)
    if (report := place / recipe["artifacts"]["reports"]["junit"]).exists():
        assert told(read(report.read_bytes()))
    return ended.code


def test_the_gitlab_recipe_is_a_pipeline() -> None:
    """Its jobs run for the right pipelines."""
    recipe = recipes()[1]
    assert recipe["check"]["rules"] == [{"if": '$CI_PIPELINE_SOURCE == "merge_request_event"'}]
    assert recipe["fill"]["rules"] == [{"if": "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH"}]


# --- both -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("run", [github, gitlab])
def test_a_pull_request_costs_nothing_and_the_merge_once(
    site: Site, server: Server, run: Callable[[Site, str, str, str], int]
) -> None:
    """A pull request with a new spec: 4, nothing asked; its merge: 0, asked once, pushed; the next one: 0, nothing."""
    first = branch(site, "feature", "Three")
    assert (run(site, "pull request", "a", first), len(server.requests)) == (4, 0)
    merged(site, "feature")
    assert (run(site, "push", "b", "main"), asked_for(server.requests)) == (0, ["Three"])
    log = git(site.bare, "log", "--format=%an %s", "main")
    assert log.splitlines()[0] == "s2c Records of new proofs"
    second = branch(site, "second")
    assert (run(site, "pull request", "c", second), len(server.requests)) == (0, 1)
    assert (run(site, "push", "d", "main"), len(server.requests)) == (0, 1)


def test_a_second_merge_begins_with_what_the_first_pushed(site: Site, server: Server) -> None:
    """Two merges in a row, each job on its own commit, without the cache: each spec is asked for once."""
    for name, spec in (("first", "Three"), ("second", "Four")):
        branch(site, name, spec)
        merged(site, name)
    commit = git(site.bare, "rev-parse", "main")
    assert github(site, "push", "a", commit) == 0
    shutil.rmtree(site.folder / "kept-cache")
    assert github(site, "push", "b", commit) == 0
    assert asked_for(server.requests) == ["Four", "Three"]


def test_several_machines_and_a_merge(site: Site, server: Server) -> None:
    """The jobs with a matrix: each spec is asked for once, the whole is green, and its records serve the next check."""
    jobs = recipes()[2]["jobs"]
    branch(site, "feature", *NAMES[2:])
    merged(site, "feature")
    for number in jobs["shard"]["strategy"]["matrix"]["shard"]:
        values = {**secret(site), "matrix.shard": str(number)}
        assert on_github(site, f"s{number}", "main", jobs["shard"], values) == 0
    assert asked_for(server.requests) == sorted(NAMES[2:])
    assert on_github(site, "whole", "main", jobs["whole"], {}) == 0
    found = told(read((site.folder / "whole/build/junit.xml").read_bytes()))
    assert found == dict.fromkeys([f"{kind} {name}.dfy" for kind in ("generate", "verify") for name in NAMES], "passed")
    assert github(site, "pull request", "check", "main") == 0
    assert len(asked_for(server.requests)) == 3


def test_proofs_alone_serve_a_check(site: Site) -> None:
    """The page's command leaves implementations only: a check is green, and an answer's text is gone."""
    (line,) = re.findall(r"^ *\$ (sed .*)$", doc("ci.md"), re.MULTILINE)
    place = site.clone("cut")
    before = "".join(path.read_text() for path in sorted(place.glob("cache/records/*.jsonl")))
    assert '"kind":"answer"' in before
    assert site.bash(place, line, {}).code == 0
    after = "".join(path.read_text() for path in sorted(place.glob("cache/records/*.jsonl")))
    assert '"kind":"answer"' not in after
    assert '"kind":"implementation"' in after
    ended = site.bash(place, "doit frozen=1", {})
    assert ended.code == 0, ended.text


def test_records_tell_no_prompt_and_no_key(site: Site) -> None:
    """What the page says of records holds: no prompt and no key is in them."""
    place = site.clone("told")
    text = "".join(path.read_text() for path in sorted(place.glob("cache/records/*.jsonl")))
    assert '"messages"' not in text
    assert "ensures r ==" not in text
    assert site.url not in text


def test_what_fills_a_spec_is_said(site: Site) -> None:
    """A check that ends with 4 names the command; a key that is set to nothing, as in a fork, is none."""
    place = site.clone("said", branch(site, "feature", "Three"))
    ended = site.bash(place, "doit frozen=1", {"S2C_VERDICT_KEY": ""})
    assert ended.code == 4
    assert "the records lack 1 of these: `doit generate:Three.dfy` fills them" in ended.out
