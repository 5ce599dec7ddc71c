"""`s2c init`, in a process of its own: what it writes, what it leaves alone, and what it says."""

import os
import sys
import tomllib
from pathlib import Path

import pytest

from s2c import scaffold
from s2c.errors import S2cError
from s2c.languages.base import languages
from s2c.languages.known import known
from s2c.scaffold import DODO, Change
from tests import stand_in
from tests.loopback import Server
from tests.openai_server import AnswerBook, answer_fills
from tests.projects import Tree
from tests.test_cli import clean, run

SPEC = stand_in.spec("Half", "n / 2")
PLAIN = "lemma L()\n  ensures true\n{}\n"
IGNORED = b"build/\ncache/db/\n.doit.db*\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one spec, and nothing else."""
    place = tmp_path / "specs"
    place.mkdir()
    (place / "half.dfy").write_text(SPEC)
    return place


def picture(folder: Path) -> dict[str, bytes | None]:
    """Every file and folder below, with its bytes."""
    return {str(one.relative_to(folder)): one.read_bytes() if one.is_file() else None for one in folder.rglob("*")}


def test_a_folder_of_specs_becomes_a_project(folder: Path) -> None:
    """dodo.py and [tool.s2c] are written, nothing else; and a plan finds the specs by them."""
    ended = clean(run(folder, "init"), 0)
    assert ended.out.startswith("wrote pyproject.toml with [tool.s2c]\nwrote dodo.py\nfound 1 spec with 2 holes\n")
    assert ended.out.endswith("\nnext: s2c plan\n")
    assert set(picture(folder)) == {"half.dfy", "dodo.py", "pyproject.toml"}
    assert (folder / "dodo.py").read_bytes() == DODO
    assert tomllib.loads((folder / "pyproject.toml").read_text()) == {"tool": {"s2c": {"specs": ["**/*"]}}}
    assert "half.dfy: ask" in clean(run(folder, "plan"), 0).out


def test_what_init_wrote_builds(tree: Tree, tmp_path: Path) -> None:
    """With the model that it says is missing, the next `doit` fills and verifies the specs."""
    (tree.root / "dodo.py").unlink()
    stand_in.install(tree, tmp_path / "tool")
    tree.settings = {}
    tree.write("half.dfy", SPEC)
    clean(tree.s2c("init"), 0)
    book = AnswerBook([{"match": stand_in.head("Half"), "fills": stand_in.fill("n / 2")}])
    with Server(answer_fills(book)) as server:
        tree.configure(model="played-model-1", base_url=server.url)
        ended = tree.doit()
    assert ended.code == 0, ended.text
    assert tree.states == {"half.dfy": "verified"}


def test_a_second_run_changes_nothing(folder: Path) -> None:
    """It says so, and no file is touched, not even written again with the same bytes."""
    (folder / ".git").mkdir()
    clean(run(folder, "init"), 0)
    before = picture(folder), [one.stat().st_mtime_ns for one in sorted(folder.rglob("*"))]
    ended = clean(run(folder, "init"), 0)
    assert ended.out.startswith("nothing was written: all that s2c needs is here already\nfound 1 spec")
    assert (picture(folder), [one.stat().st_mtime_ns for one in sorted(folder.rglob("*"))]) == before


# --- pyproject.toml ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "before",
    [
        b'[project]\nname = "mine"\n',
        b'[project]\r\nname = "mine"\r\n',
        b"[tool.ruff]\nline-length = 100 # no end of line here",
        b'[tool.other]\nnot-a-number = nan\nx = """\n[tool.s2c]\n"""\n',
        b"# gr\xc3\xb6\xc3\x9fe\n[[a.b]]\n[[a.b]]\n",
        b"[tool.s2c-other]\n",
        b"",
    ],
)
def test_a_pyproject_only_gains(folder: Path, before: bytes) -> None:
    """What is there stays byte for byte and means the same; the table stands behind it, in the file's own line ends."""
    path = folder / "pyproject.toml"
    path.write_bytes(before)
    path.chmod(0o664)
    assert "added [tool.s2c] at the end of pyproject.toml\n" in clean(run(folder, "init"), 0).out
    after = path.read_bytes()
    assert after.startswith(before)
    assert after.count(b"\r\n") in {0, after.count(b"\n")}
    found = tomllib.loads(after.decode(), parse_float=str)
    assert found["tool"].pop("s2c") == {"specs": ["**/*"]}
    old = tomllib.loads(before.decode(), parse_float=str)
    assert found == {"tool": {}, **old}
    assert path.stat().st_mode & 0o777 == 0o664


@pytest.mark.parametrize(
    ("before", "said"),
    [
        (b"[project\n", "not valid TOML"),
        (b"\xff\n", "not valid TOML"),
        (b"\xef\xbb\xbf[project]\n", "not valid TOML"),
        (b"tool = { other = 1 }\n", "[tool.s2c] can't be put at its end"),
        (b"[tool]\ns2c = 1\n", "[tool.s2c] must be a table"),
        (b"tool = 1\n", "[tool] must be a table"),
    ],
)
def test_a_pyproject_that_takes_nothing_is_told(folder: Path, before: bytes, said: str) -> None:
    """One that does not parse, or can't be appended to, is an error with its path; nothing at all is written."""
    (folder / "pyproject.toml").write_bytes(before)
    was = picture(folder)
    ended = clean(run(folder, "init"), 3)
    assert said in ended.err
    assert f"{folder}/pyproject.toml" in ended.err
    assert (ended.out, picture(folder)) == ("", was)


def test_a_table_that_is_there_stays(folder: Path) -> None:
    """An existing [tool.s2c] is not touched; what it lacks is told, and the rest is done."""
    before = b'[tool.s2c]\nspecs = ["src/*.dfy"]\n'
    (folder / "pyproject.toml").write_bytes(before)
    ended = clean(run(folder, "init"), 0)
    assert ended.out.startswith("wrote dodo.py\nleft as it is: [tool.s2c] of pyproject.toml\n")
    assert 'by hand: specs = ["src/*.dfy"] finds none; what is here is found by specs = ["**/*"]\n' in ended.out
    assert "found 1 spec with 2 holes\n" in ended.out
    assert (folder / "pyproject.toml").read_bytes() == before
    assert (folder / "dodo.py").read_bytes() == DODO


def test_a_link_stays_a_link(folder: Path, tmp_path: Path) -> None:
    """A pyproject.toml that is a link to a file elsewhere gains the table there."""
    (tmp_path / "real.toml").write_bytes(b"[a]\n")
    (folder / "pyproject.toml").symlink_to(tmp_path / "real.toml")
    clean(run(folder, "init"), 0)
    assert (folder / "pyproject.toml").is_symlink()
    assert b"[tool.s2c]" in (tmp_path / "real.toml").read_bytes()


# --- dodo.py ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "before", ["def task_mine():\n    return {}\n", "# from s2c.tasks import *\n", "def broken(:\n", "\0"]
)
def test_a_dodo_of_another_stays(folder: Path, before: str) -> None:
    """A dodo.py without s2c's tasks is left, the line to add is told, and the rest is done."""
    (folder / "dodo.py").write_text(before)
    ended = clean(run(folder, "init"), 0)
    assert "wrote pyproject.toml" in ended.out
    assert "by hand: dodo.py is here already, without s2c's tasks: add the line `from s2c.tasks import *`" in ended.out
    assert (folder / "dodo.py").read_text() == before
    again = clean(run(folder, "init"), 0).out
    assert again.startswith("nothing was written\nto be done by hand: dodo.py is here already")


def test_a_dodo_with_the_tasks_is_enough(folder: Path) -> None:
    """A dodo.py that takes s2c's tasks, and has others beside them, needs nothing."""
    (folder / "dodo.py").write_text("import os\nfrom s2c.tasks import *\n\ndef task_mine():\n    return {}\n")
    ended = clean(run(folder, "init"), 0)
    assert "left as it is: dodo.py\n" in ended.out
    assert "by hand" not in ended.out


@pytest.mark.parametrize("name", ["dodo.py", "pyproject.toml", ".gitignore"])
def test_a_folder_in_the_way_is_told(folder: Path, name: str) -> None:
    """Where one of the files can't be read, nothing is written."""
    (folder / ".git").mkdir()
    (folder / name).mkdir()
    was = picture(folder)
    ended = clean(run(folder, "init"), 3 if name == "pyproject.toml" else 2)
    assert "can't be read: Is a directory" in ended.err
    assert picture(folder) == was


# --- .gitignore -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "added"),
    [
        (None, IGNORED),
        (b"*.o\n", IGNORED),
        (b"*.o", b"\n" + IGNORED),
        (b"*.o\r\n/build\r\n", b"cache/db/\r\n.doit.db*\r\n"),
        (b"!build/\n cache/db \n", b".doit.db*\n"),
        (b"\xff\n" + IGNORED, b""),
    ],
)
def test_gitignore_gains_what_it_lacks(folder: Path, before: bytes | None, added: bytes) -> None:
    """In a git repository each line is added unless it is there in some form; the rest stays byte for byte."""
    (folder / ".git").mkdir()
    if before is not None:
        (folder / ".gitignore").write_bytes(before)
    assert (".gitignore" in clean(run(folder, "init"), 0).out) == bool(added)
    assert (folder / ".gitignore").read_bytes() == (before or b"") + added


def test_gitignore_is_for_repositories(folder: Path) -> None:
    """Outside of one only a .gitignore that is there gains; in a subfolder of one it is made, with the folders set."""
    clean(run(folder, "init"), 0)
    assert not (folder / ".gitignore").exists()
    (folder / ".gitignore").write_bytes(b"*.o\n")
    clean(run(folder, "init"), 0)
    assert (folder / ".gitignore").read_bytes() == b"*.o\n" + IGNORED
    (folder / ".gitignore").unlink()
    (folder.parent / ".git").write_text("gitdir: elsewhere\n")
    clean(run(folder, "init", env={"S2C_BUILD": "out", "S2C_CACHE": "kept"}), 0)
    assert (folder / ".gitignore").read_bytes() == b"out/\nkept/db/\n.doit.db*\n"


# --- what it says -----------------------------------------------------------------------------------------------------


def test_it_says_what_it_found(folder: Path) -> None:
    """Languages, specs, holes, files without holes, and each file that does not parse with line and column."""
    (folder / "lib").mkdir()
    (folder / "lib/plain.dfy").write_text(PLAIN)
    (folder / "bad.dfy").write_text("// bad\n\nmethod (\n")
    (folder / "twice.lean").write_text(known()["lean"].sample)
    (folder / "build").mkdir()
    (folder / "build/half.dfy").write_text(SPEC)
    out = clean(run(folder, "init", env={"PATH": os.path.dirname(sys.executable)}), 0).out  # noqa: PTH120
    assert "found 4 specs with 3 holes\n  dafny: 3 specs, 2 holes; no verifier: " in out
    assert "to get it: unpack a release of https://github.com/dafny-lang/dafny/releases" in out
    assert "\n  lean: 1 spec, 1 hole; no verifier: " in out
    assert "\nbuild/ is here already, and s2c writes into it: set `build` to have another folder\n" in out
    assert "\n  1 file without holes, only checked: lib/plain.dfy\n" in out
    assert "\n    bad.dfy:3:1: error: syntax error" in out
    assert 'no model is set: set model = "..." in [tool.s2c] of pyproject.toml' in out
    assert "put the key into the variable OPENAI_API_KEY" in out


def test_it_names_the_verifier(tree: Tree, tmp_path: Path) -> None:
    """The verifier that a run would use, with version and path; a model that is set is told as that."""
    tool = stand_in.install(tree, tmp_path / "tool")
    tree.configure(model="played-model-1", base_url="http://127.0.0.1:9/v1")
    tree.write("half.dfy", SPEC)
    out = clean(tree.s2c("init"), 0).out
    assert f"  dafny: 1 spec, 2 holes; verifier Dafny 4.11.0 ({tool / 'dafny'})\n" in out
    assert "\nmodel: played-model-1\nnext: s2c plan\n" in out
    assert stand_in.runs(tool) == 0
    assert not (tree.root / "cache").exists()


def test_without_a_spec_it_says_what_one_is(folder: Path) -> None:
    """A folder without specs is exit code 2 with a small spec of each language; nothing is written."""
    (folder / "half.dfy").rename(folder / "half.txt")
    was = picture(folder)
    ended = clean(run(folder, "init"), 2)
    assert ended.err.startswith(f"s2c: {folder}: there is no spec in this folder\n")
    assert all(one.sample in ended.err and one.suffixes[0] in ended.err for one in known().values())
    assert (ended.out, picture(folder)) == ("", was)


@pytest.mark.parametrize("name", sorted(known()))
def test_each_sample_is_a_spec(name: str) -> None:
    """What a language shows as a spec parses and has exactly one hole."""
    outline = languages()[name].parse(known()[name].sample.encode())
    assert (outline.problems, len(outline.holes)) == ((), 1)


def test_a_folder_of_another_project_is_none(folder: Path) -> None:
    """Below a project that is there already nothing is written, and that project is named."""
    clean(run(folder, "init"), 0)
    (folder / "lib").mkdir()
    (folder / "lib/half.dfy").write_text(SPEC)
    was = picture(folder)
    ended = clean(run(folder / "lib", "init"), 2)
    assert f"this folder is part of the project {folder}" in ended.err
    assert picture(folder) == was


# --- writing ----------------------------------------------------------------------------------------------------------


def test_what_changed_meanwhile_is_left(tmp_path: Path) -> None:
    """A file that is not any more what was planned for is not written over; the error says what was written before."""
    (tmp_path / "b").write_bytes(b"new")
    changes = [Change(tmp_path / "a", None, b"1", "a"), Change(tmp_path / "b", b"old", b"old and more", "b")]
    with pytest.raises(S2cError, match="this file changed just now") as told:
        scaffold.write(changes)
    assert "written before that: a;" in told.value.fix
    assert picture(tmp_path / "a") == {}
    assert ((tmp_path / "a").read_bytes(), (tmp_path / "b").read_bytes()) == (b"1", b"new")


def test_a_write_that_fails_is_told(tmp_path: Path) -> None:
    """What can't be written is an error with its path, and leaves no half of a file."""
    with pytest.raises(S2cError, match="can't be written") as told:
        scaffold.write([Change(tmp_path / "gone/a", None, b"1", "a")])
    assert "written before that: nothing;" in told.value.fix
    assert [one.name for one in tmp_path.iterdir()] == ["home"]
