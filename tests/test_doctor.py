"""`s2c doctor`, in a process of its own: what it finds, what it never shows, and that no check ends another."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

import pytest

from s2c.checkup import machine, places
from s2c.checkup.finding import Finding, State, guarded, ok, without
from s2c.checkup.machine import Requirement
from tests import stand_in
from tests.loopback import Behaviour, Server, dropped, silent, status, stream_text
from tests.openai_server import AnswerBook, answer_fills
from tests.projects import Ended, Tree
from tests.test_cli import clean, run
from tests.test_init import picture

KEY = "sk-" + "k3y" * 14  # 45 characters
MODEL = "played-model-1"
ALWAYS = ["python", "packages", "project", "sandbox"]


@pytest.fixture
def project(tree: Tree, tmp_path: Path) -> Tree:
    """A project in which all is well: one spec, a verifier, a model with a price, and a key."""
    stand_in.install(tree, tmp_path / "tool")
    tree.write("half.dfy", stand_in.spec("Half", "n / 2"))
    tree.configure(model=MODEL, base_url="http://127.0.0.1:9/v1", price_input=1, price_output=2)
    tree.env["OPENAI_API_KEY"] = KEY
    return tree


def build(project: Tree) -> Tree:
    """Build it with a played model, so that it has a cache with records."""
    book = AnswerBook([{"match": stand_in.head("Half"), "fills": stand_in.fill("n / 2")}])
    with Server(answer_fills(book)) as server:
        project.configure(base_url=server.url)
        ended = project.doit()
    assert ended.code == 0, ended.text
    return project


def found(ended: Ended, code: int) -> dict[str, Finding]:
    """The findings by what they are about, the last of each; the process ended with this code."""
    return {
        one["what"]: Finding(one["what"], State(one["state"]), one["said"], one["fix"]) for one in listed(ended, code)
    }


def listed(ended: Ended, code: int) -> list[dict[str, str]]:
    """All findings, as --json has them."""
    answer: list[dict[str, str]] = json.loads(clean(ended, code).out)
    assert ended.err == ""
    return answer


def bad(all_of_them: Mapping[str, Finding]) -> list[str]:
    """What is not ok."""
    return [one.what for one in all_of_them.values() if one.state is not State.OK]


# --- the whole --------------------------------------------------------------------------------------------------------


def test_all_is_well(project: Tree, tmp_path: Path) -> None:
    """Every check of a sound project is ok, exit code 0; it names verifier, version and the variable of the key."""
    told = found(project.s2c("doctor", "--json"), 0)
    assert bad(told) == []
    assert list(told) == [
        "python", "packages", "project", "settings", "sandbox", "specs", "dafny", "model", "endpoint", "price",
        "cache", "records", "verdict key", "build folder", "cache folder", "temporary folder",
    ]  # fmt: skip
    assert f"Dafny 4.11.0 passes its self-test ({tmp_path}/tool/dafny; identity b2:tool.1:" in told["dafny"].said
    assert told["endpoint"].said == "http://127.0.0.1:9/v1; the key comes from the variable OPENAI_API_KEY"
    assert all(not one.fix for one in told.values())
    (project.root / "lib").mkdir()
    assert f"ok    project: {project.root}\n" in clean(run(project.root / "lib", "doctor", env=project.env), 0).out


def test_text_and_json_say_the_same(project: Tree) -> None:
    """One line a finding: state, what, what was said, and after an arrow what to do."""
    project.configure(model="")
    project.write("bad.dfy", "method (\n")
    lines = clean(project.s2c("doctor"), 0).out.splitlines()
    same = listed(project.s2c("doctor", "--json"), 0)
    assert lines == [
        f"{one['state']:<5} {one['what']}: {one['said']}" + (f" -> {one['fix']}" if one["fix"] else "") for one in same
    ]
    assert lines[5].startswith("warn  specs: bad.dfy:1:1: error: syntax error")


def test_it_changes_nothing(project: Tree, home: Path) -> None:
    """No file of the project is made or changed, no key for verdicts is made, and nothing is left behind."""
    project.write_settings()
    before = picture(project.root), list(home.rglob("*"))
    clean(project.s2c("doctor"), 0)
    assert (picture(project.root), list(home.rglob("*"))) == before


def test_a_folder_without_a_project(tmp_path: Path) -> None:
    """Only the machine is looked at, and what makes a project is told; that is no failure."""
    told = found(run(tmp_path, "doctor", "--json"), 0)
    assert sorted(told) == sorted(ALWAYS)
    assert bad(told) == ["project"]
    assert "`s2c init`" in told["project"].fix


def test_after_init_only_the_model_is_missing(tmp_path: Path) -> None:
    """What init writes has no FAIL but for what this machine lacks."""
    (tmp_path / "a.dfy").write_text(stand_in.spec("Half", "n / 2"))
    clean(run(tmp_path, "init"), 0)
    told = found(run(tmp_path, "doctor", "--json", env={"PATH": "/nowhere"}), 2)
    assert bad(told) == ["dafny", "model", "endpoint"]
    assert told["model"].state is State.WARN
    assert told["endpoint"].state is State.WARN


def test_a_project_without_tasks(project: Tree) -> None:
    """A dodo.py that is missing, or has no task of s2c, is a FAIL with the line to add."""
    project.write("dodo.py", "")
    assert "add the line `from s2c.tasks import *`" in clean(project.s2c("doctor"), 2).out
    (project.root / "dodo.py").unlink()
    assert "has no dodo.py, so doit finds no task -> `s2c init` writes it" in clean(project.s2c("doctor"), 2).out


# --- no check ends another --------------------------------------------------------------------------------------------


def test_a_check_that_crashes_is_a_finding() -> None:
    """Whatever a check raises becomes a FAIL with class and text; what it had found before stays."""

    def check() -> Iterable[Finding]:
        yield ok("thing", "first")
        raise LookupError("no such thing")

    first, second = guarded("thing", check)
    assert first == ok("thing", "first")
    assert (second.state, second.said) == (State.FAIL, "this check itself failed: LookupError: no such thing")


def test_an_address_that_nothing_can_read_is_a_wrong_setting(project: Tree) -> None:
    """A base_url on which the standard library raises is a FAIL of the settings; the machine is looked at as well."""
    project.configure(base_url="http://[")
    told = found(project.s2c("doctor", "--json"), 2)
    assert bad(told) == ["settings"]
    assert "base_url must be a URL" in told["settings"].said
    assert told["python"].state is State.OK


@pytest.mark.parametrize("table", ["max_atempts = 3", "jobs = = 3", "[tool.s2c.dafny]\ncommad = 'x'"])
def test_a_wrong_setting_is_a_finding(tree: Tree, table: str) -> None:
    """What config refuses is a FAIL, and the machine is looked at all the same."""
    tree.write("a.dfy", stand_in.spec("Half", "n / 2"))
    tree.write("pyproject.toml", f"[tool.s2c]\n{table}\n")
    told = found(run(tree.root, "doctor", "--json"), 2)
    assert set(ALWAYS) <= set(told)
    assert "pyproject.toml" in next(one for one in told.values() if one.state is State.FAIL).said


# --- packages ---------------------------------------------------------------------------------------------------------


def test_what_is_installed_is_held_against_what_is_required(tmp_path: Path) -> None:
    """An interpreter or a package that is too old, or not there, is a FAIL, with the command that mends it."""
    other = tmp_path / "other/diskcache-5.6.2.dist-info"
    own = tmp_path / "other/s2c-0.1.0.dist-info"
    for one in (other, own):
        one.mkdir(parents=True)
    needs = "Requires-Dist: diskcache>=5.6.3\nRequires-Dist: no-such-thing>=1\nRequires-Dist: doit\n"
    (own / "METADATA").write_text(f"Metadata-Version: 2.1\nName: s2c\nVersion: 0.1.0\nRequires-Python: >=9\n{needs}")
    (other / "METADATA").write_text("Metadata-Version: 2.1\nName: diskcache\nVersion: 5.6.2\n")
    paths = os.pathsep.join([str(other.parent), os.environ.get("PYTHONPATH", "")])
    told = found(run(tmp_path, "doctor", "--json", env={"PYTHONPATH": paths}), 2)
    assert told["python"].said.endswith(", but s2c requires >=9")
    assert told["package diskcache"].said == "5.6.2, but s2c requires >=5.6.3"
    assert told["package diskcache"].fix == "pip install 'diskcache>=5.6.3'"
    assert told["package no-such-thing"].said == "it is not installed"
    assert told["packages"].said.startswith("s2c 0.1.0, doit 0.")
    assert bad(told)[:3] == ["python", "package diskcache", "package no-such-thing"]


@pytest.mark.parametrize(
    ("bounds", "version", "state"),
    [
        (">=5.6.3,<6", "5.6.3", None),
        ("<6,>=5.6.3", "6.0", State.FAIL),
        (">=5.6.3,<6", "5.6", State.FAIL),
        (">=3.0", "3", None),
        (">=0.36", "0.9.12", State.FAIL),
        ("!=1.2", "1.2.0", State.FAIL),
        (">1,<=2", "2.0.0", None),
        ("==2.1", "2.1.post1", None),
        ("", "1", None),
        ("~=1.2", "1.2", State.WARN),
        (">=1", "unknown", State.WARN),
        (">=1", None, State.FAIL),
    ],
)
def test_bounds_are_read(bounds: str, version: str | None, state: State | None) -> None:
    """Versions are compared by their numbers; what can't be read is told as that, never taken for right."""
    told = machine.compared(Requirement("thing", bounds), version)
    assert (None if told is None else told.state) is state


def test_only_what_is_always_required_counts() -> None:
    """Extras are for tests; a name stands with or without brackets, marks and blanks."""
    lines = ["one<6,>=5", 'two>=1; extra == "test"', "three [x] (>=2) ; python_version > '3'", "four"]
    assert [(one.name, one.bounds) for one in machine.requirements(lines)] == [
        ("one", "<6,>=5"), ("three", ">=2"), ("four", ""),
    ]  # fmt: skip


# --- verifiers --------------------------------------------------------------------------------------------------------


def test_a_verifier_that_is_not_there(project: Tree) -> None:
    """A FAIL that says how to get it."""
    project.tables["dafny"] = {"command": ["no-such-dafny"]}
    told = found(project.s2c("doctor", "--json"), 2)
    assert bad(told) == ["dafny"]
    assert "https://github.com/dafny-lang/dafny/releases" in told["dafny"].fix


def test_a_verifier_that_lets_all_pass(project: Tree, tmp_path: Path) -> None:
    """One that proves what is wrong fails its self-test here as in a run."""
    program = tmp_path / "tool/dafny"
    program.write_text(program.read_text().replace("kept = keeps", "x").replace(") in body", ") in body or True"))
    told = found(project.s2c("doctor", "--json"), 2)
    assert bad(told) == ["dafny"]
    assert "Dafny 4.11.0 fails its self-test 'bad': it let a file pass that is wrong" in told["dafny"].said


def test_the_self_test_is_run_each_time(project: Tree, tmp_path: Path) -> None:
    """What passed in an earlier run is not taken for granted."""
    for count in (3, 6):
        clean(project.s2c("doctor"), 0)
        assert stand_in.runs(tmp_path / "tool") == count


@pytest.mark.endtoend
def test_a_real_dafny_passes(tree: Tree, any_dafny: tuple[str, ...]) -> None:
    """A real Dafny is found, with its version, its identity and a passed self-test."""
    tree.dafny = any_dafny
    tree.write("half.dfy", stand_in.spec("Half", "n / 2"))
    told = found(tree.s2c("doctor", "--json"), 0)["dafny"]
    assert told.state is State.OK
    assert told.said.startswith("Dafny ")
    assert f" passes its self-test ({any_dafny[0]}; identity b2:tool.1:" in told.said


# --- endpoint ---------------------------------------------------------------------------------------------------------


def test_nothing_is_asked_without_ping(project: Tree) -> None:
    """No request, whatever is looked at."""
    with Server(stream_text("ready")) as server:
        project.configure(base_url=server.url)
        clean(project.s2c("doctor"), 0)
        assert server.requests == []


def test_ping_asks_once_and_little(project: Tree) -> None:
    """One request with the model, the key and a small limit; what came back is told with tokens and cost."""
    with Server(stream_text("ready")) as server:
        project.configure(base_url=server.url)
        told = found(project.s2c("doctor", "--ping", "--json"), 0)["ping"]
        (request,) = server.requests
    assert (request.body["model"], request.max_output) == (MODEL, 64)
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert told.state is State.OK
    assert told.said.startswith(f"{MODEL} answered 'ready' (stop; 10 + 5 tokens, $0.00002, ")


@pytest.mark.parametrize(
    ("behaviour", "said", "fix"),
    [
        (status(401, {"message": f"wrong key {KEY}"}), "answered 401: wrong key ***", "check the key in the variable"),
        (status(404), "answered 404: trouble 404", "check model and base_url"),
        (status(429, {"message": "busy"}), "answered 429: busy", "see whether base_url is right"),
        (silent(), "no end before the deadline", "see whether base_url is right"),
        (dropped(), "the connection broke", "see whether base_url is right"),
    ],
)
def test_a_ping_that_fails_says_why(project: Tree, behaviour: Behaviour, said: str, fix: str) -> None:
    """The cause in the endpoint's words and what to do; sent once, and the key is blotted out."""
    with Server(behaviour) as server:
        project.configure(base_url=server.url, request_seconds=10)  # the import of openai counts, and machines are busy
        ended = project.s2c("doctor", "--ping", "--json")
        assert len(server.requests) == 1
    told = found(ended, 2)
    assert bad(told) == ["ping"]
    assert said in told["ping"].said
    assert told["ping"].said.startswith(f"{server.url}: ")
    assert fix in told["ping"].fix
    assert KEY not in ended.text


def test_nobody_listens(project: Tree) -> None:
    """An address where nothing is up is a FAIL of the ping with the cause."""
    told = found(project.s2c("doctor", "--ping", "--json"), 2)
    assert bad(told) == ["ping"]
    assert "no connection" in told["ping"].said


def test_a_ping_keeps_to_the_settings(project: Tree) -> None:
    """Where a run would send nothing (frozen, offline, a cap without a price or above it), ping sends nothing."""
    with Server(stream_text("ready")) as server:
        project.configure(base_url=server.url)
        for name in ("FROZEN", "OFFLINE"):
            told = found(project.s2c("doctor", "--ping", "--json", env={f"S2C_{name}": "1"}), 0)
            assert told["ping"].said == "nothing was sent: frozen or offline is set"
        capped = found(project.s2c("doctor", "--ping", "--json", env={"S2C_MAX_COST": "0.00001"}), 2)
        assert "this request may cost" in capped["ping"].said
        del project.settings["price_input"], project.settings["price_output"]
        unknown = found(project.s2c("doctor", "--ping", "--json", env={"S2C_MAX_COST": "1"}), 2)
        assert bad(unknown) == ["price", "ping"]
        assert server.requests == []
        assert found(project.s2c("doctor", "--json"), 0)["price"].state is State.WARN


def test_the_key_is_never_shown(project: Tree) -> None:
    """Not the key, not its length, not the secret of verdicts, not the user and password of an address."""
    secret = "a verdict secret of no use"
    with Server(stream_text(f"your key is {KEY}")) as server:
        host = server.url.removeprefix("http://")
        project.configure(base_url=f"http://user:pass-word@{host}?token=abc")
        for arguments in (["--ping"], ["--json"]):
            text = project.s2c("doctor", *arguments, env={"S2C_VERDICT_KEY": secret}).text
            assert "OPENAI_API_KEY" in text
            assert [one for one in (KEY, secret, "pass-word", "abc") if one in text] == []
            (line,) = (one for one in text.splitlines() if "comes from the variable OPENAI" in one)
            assert str(len(KEY)) not in line.replace(host, "")


def test_a_key_in_the_place_of_its_name_is_not_shown(project: Tree) -> None:
    """Whoever writes the key itself into api_key_env reads that a name belongs there, and not the key."""
    project.configure(api_key_env=KEY)
    ended = project.s2c("doctor")
    assert "api_key_env must be the name of an environment variable, never a key" in ended.out
    assert KEY not in ended.text


def test_a_key_that_is_missing(project: Tree) -> None:
    """OpenAI's endpoint without a key is a FAIL that names the variable; where a run asks nothing it is a warning."""
    del project.settings["base_url"]
    project.configure(api_key_env="MY_KEY")
    told = found(project.s2c("doctor", "--json"), 2)["endpoint"]
    assert (told.state, told.fix) == (State.FAIL, "put the key into the variable MY_KEY, or set base_url")
    assert found(project.s2c("doctor", "--json", env={"S2C_FROZEN": "1"}), 0)["endpoint"].state is State.WARN


def test_a_short_secret_is_no_pattern() -> None:
    """The key is blotted out of every finding; what is too short to be one is not searched for."""
    one = Finding("a", State.OK, "said sk-12345678", "fix sk-12345678")
    assert without(" sk-12345678\n", [one]) == (Finding("a", State.OK, "said ***", "fix ***"),)
    assert without("s", [one]) == without("", [one]) == (one,)


# --- cache ------------------------------------------------------------------------------------------------------------


def test_a_cache_is_counted(project: Tree) -> None:
    """After a build both databases open, and the records as text are those of the store."""
    told = found(build(project).s2c("doctor", "--json"), 0)
    assert bad(told) == []
    assert "opens, " in told["cache store"].said
    assert "opens, " in told["cache verdicts"].said
    assert "rows in the form S2C1" in told["cache"].said
    count = sum(len(one.read_text().splitlines()) for one in (project.root / "cache/records").glob("*.jsonl"))
    assert count > 1
    assert told["records"].said == f"{count} in {project.root}/cache/records (schema 1), {count} in the store"
    assert told["verdict key"].said.endswith("/.local/state/s2c/verdict.key, mode 0600")


@pytest.mark.parametrize("name", ["store", "verdicts"])
def test_a_damaged_database_is_told(project: Tree, name: str) -> None:
    """A FAIL of that database alone; after the run that puts it right, a warning names what was put aside."""
    file = build(project).root / "cache/db" / name / "cache.db"
    file.write_bytes(b"no database at all" + file.read_bytes()[18:])
    told = found(project.s2c("doctor", "--json"), 2)
    assert f"cache {name}" in bad(told)
    assert set(bad(told)) <= {f"cache {name}", "records"}
    again = found(project.s2c("doctor", "--json"), 2)[f"cache {name}"]
    assert "it was found damaged" in again.said
    assert "`s2c plan` is enough" in again.fix
    clean(project.s2c("plan"), 0)
    mended = listed(project.s2c("doctor", "--json"), 0)
    assert [one["said"] for one in mended if one["state"] == "warn"] == [
        f"damaged databases were put aside: {name}.broken-1"
    ]


def test_a_row_that_is_not_what_was_written(project: Tree) -> None:
    """A changed row of the store is a FAIL with its key; rows of verdicts that are not signed here are a warning."""
    build(project)
    for name in ("store", "verdicts"):
        with closing(sqlite3.connect(project.root / f"cache/db/{name}/cache.db")) as connection, connection:
            connection.execute("UPDATE Cache SET value = x'533243310000' WHERE rowid = 1")
    told = found(project.s2c("doctor", "--json"), 2)
    assert "1 can't: " in told["cache store"].said
    assert told["cache verdicts"].state is State.WARN
    assert "rows that this machine did not sign are ignored" in told["cache verdicts"].said


def test_records_and_store_are_held_against_each_other(project: Tree) -> None:
    """What only the text has, the next run reads; what only the store has is a warning; a bad line has its place."""
    folder = build(project).root / "cache"
    (folder / "db").rename(folder / "away")
    assert ": the next run reads " in found(project.s2c("doctor", "--json"), 0)["records"].said
    assert not (folder / "db").exists()
    (folder / "away").rename(folder / "db")
    first = min((folder / "records").glob("*.jsonl"))
    kept = first.read_text()
    first.write_text(kept + "no record\n")
    told = [one for one in listed(project.s2c("doctor", "--json"), 0) if one["what"] == "records"]
    assert f"{first.name}:{len(kept.splitlines()) + 1}: this line is skipped" in told[0]["said"]
    first.unlink()
    warned = found(project.s2c("doctor", "--json"), 0)["records"]
    assert warned.state is State.WARN
    assert "of the store are not written as text" in warned.said


def test_the_key_of_verdicts(project: Tree, home: Path) -> None:
    """One that others can read is a FAIL; one in the environment is ok; a short one is a FAIL; none is made."""
    build(project)
    file = home / ".local/state/s2c/verdict.key"
    file.chmod(0o644)
    told = found(project.s2c("doctor", "--json"), 2)
    assert bad(told) == ["cache verdicts", "verdict key"]
    assert "others can read it" in told["verdict key"].said
    file.unlink()
    told = found(project.s2c("doctor", "--json"), 0)
    assert "is not there" in told["cache verdicts"].said
    assert told["verdict key"].said == f"none yet: the first run makes {file}"
    assert not file.exists()
    given = found(project.s2c("doctor", "--json", env={"S2C_VERDICT_KEY": "x" * 32}), 0)["verdict key"]
    assert given.said == "from the environment variable S2C_VERDICT_KEY"
    assert (
        found(project.s2c("doctor", "--json", env={"S2C_VERDICT_KEY": "short"}), 2)["verdict key"].state is State.FAIL
    )


# --- file systems -----------------------------------------------------------------------------------------------------


def test_a_folder_that_was_deleted(tmp_path: Path) -> None:
    """In a current folder that is gone, each command says that, without a traceback."""
    program = "import os, sys; os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone'); import s2c.cli as c; "
    for command in ("plan", "init", "doctor"):
        called = [sys.executable, "-c", f"{program} sys.exit(c.main(['{command}']))"]
        done = subprocess.run(called, cwd=tmp_path, capture_output=True, timeout=60, check=False)
        ended = clean(Ended(done.returncode, done.stdout.decode(), done.stderr.decode()), 2)
        assert "the current folder can't be read: No such file or directory" in ended.text


def test_a_file_in_the_place_of_a_folder(project: Tree) -> None:
    """Where build/ or cache/records can't be a folder, that is a FAIL."""
    project.write("build", "a file")
    told = found(project.s2c("doctor", "--json"), 2)
    assert bad(told) == ["build folder"]
    assert told["build folder"].said == f"{project.root}/build is not a folder"
    (project.root / "build").unlink()
    project.write("cache/records", "a file")
    assert bad(found(project.s2c("doctor", "--json"), 2)) == ["records"]


def test_network_file_systems_are_known_by_their_type() -> None:
    """The longest mount that holds a path counts, the later of two; only network types are warned of."""
    mounts = (
        "/dev/sda1 / ext4 rw 0 0\nhost:/h /home nfs4 rw 0 0\n/dev/b /home/a\\040b ext4 rw 0 0\n"
        "//host/s /mnt cifs rw 0 0\ntmpfs /mnt tmpfs rw 0 0\nodd\n"
    )
    kinds = {path: places.kind(Path(path), mounts) for path in ("/x", "/home/u/p", "/homes", "/home/a b/c", "/mnt/p")}
    assert kinds == {"/x": "ext4", "/home/u/p": "nfs4", "/homes": "ext4", "/home/a b/c": "ext4", "/mnt/p": "tmpfs"}
    for name in ("nfs", "nfs4", "cifs", "smb3", "lustre", "fuse.sshfs"):
        (told,) = places.system("cache folder", Path("/p"), name, database=True)
        assert told.state is State.WARN
        assert f"({name}): SQLite's locks do not hold there" in told.said
    assert [
        one
        for name in ("ext4", "xfs", "btrfs", "tmpfs", "overlay", "")
        for one in places.system("a", Path("/p"), name, database=True)
    ] == []


def test_names_that_differ_in_case_and_a_network_are_told() -> None:
    """A file system without case and a sandbox that can't take the network away are warnings with what to do."""
    assert [one.state for one in places.case("a", Path("/p"), same=True)] == [State.WARN]
    assert list(places.case("a", Path("/p"), same=False)) == []
    told = machine.isolation("not enforced: Operation not permitted")
    assert (told.state, told.said) == (
        State.WARN,
        "verifiers can reach the network: not enforced: Operation not permitted",
    )
    assert machine.isolation("network namespace").state is State.OK


def test_little_room_is_told() -> None:
    """Less than a gigabyte that is free is a warning with how much it is."""
    (told,) = places.room("build folder", Path("/p"), 5_000_000)
    assert (told.state, told.said) == (State.WARN, "only 5 MB are free at /p")
    assert list(places.room("build folder", Path("/p"), places.LEAST)) == []
