"""build/: files are whole, lie inside, and are touched only when they change."""

from pathlib import Path

import pytest

from s2c.errors import StoreError
from s2c.outputs import Outputs


@pytest.fixture
def outputs(tmp_path: Path) -> Outputs:
    """The outputs of an empty project."""
    return Outputs(tmp_path, tmp_path / "build")


def test_what_is_written_is_read(outputs: Outputs, tmp_path: Path) -> None:
    """Bytes come back as they were; folders are made; what is not there is None."""
    assert outputs.read("a/b.dfy") is None
    assert outputs.write("a/b.dfy", b"x\r\n\x00\xff")
    assert outputs.read("a/b.dfy") == b"x\r\n\x00\xff"
    assert outputs.read("a") is None
    assert outputs.read("a/b.dfy/c.dfy") is None
    assert [path.name for path in (tmp_path / "build" / "a").iterdir()] == ["b.dfy"]


def test_the_same_bytes_are_not_written_again(outputs: Outputs, tmp_path: Path) -> None:
    """A file that holds the bytes already keeps its time and its inode; another's bytes replace it as a whole."""
    outputs.write("a.dfy", b"one")
    before = (tmp_path / "build" / "a.dfy").stat()
    assert not outputs.write("a.dfy", b"one")
    after = (tmp_path / "build" / "a.dfy").stat()
    assert (before.st_mtime_ns, before.st_ino) == (after.st_mtime_ns, after.st_ino)
    with (tmp_path / "build" / "a.dfy").open("rb") as reader:
        assert outputs.write("a.dfy", b"another")
        assert reader.read() == b"one"  # who reads it sees the old file, whole


def test_a_file_has_the_users_usual_mode(outputs: Outputs, tmp_path: Path) -> None:
    """An output is as readable as any file that the user makes."""
    outputs.write("a.dfy", b"one")
    (tmp_path / "usual").write_bytes(b"")
    assert (tmp_path / "build" / "a.dfy").stat().st_mode == (tmp_path / "usual").stat().st_mode


@pytest.mark.parametrize(
    "path", ["", "/etc/x", "../x", "a/../../x", "a/..", ".stale/x", ".failed/x", ".verdict/x", "a\0b"]
)
def test_a_path_that_leads_out_is_refused(outputs: Outputs, tmp_path: Path, path: str) -> None:
    """Whatever a path says, nothing is written outside build/ or into its own folders."""
    refused = pytest.raises(StoreError, match="does not lead into the build folder")
    with refused:
        outputs.write(path, b"x")
    with refused:
        outputs.retire(path)
    with refused:
        outputs.verdict_file(path)
    with refused:
        outputs.write_failed(path, b"x", "why")
    assert outputs.read(path) is None
    assert not (tmp_path / "build").exists()


def test_a_link_that_leads_out_is_refused(outputs: Outputs, tmp_path: Path) -> None:
    """A link among the parents is followed only inside build/; a link in a file's place is replaced, not followed."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.dfy").write_bytes(b"mine")
    outputs.write("in/x.dfy", b"x")
    (tmp_path / "build" / "out").symlink_to(outside)
    (tmp_path / "build" / "also").symlink_to(tmp_path / "build" / "in")
    (tmp_path / "build" / "x.dfy").symlink_to(outside / "x.dfy")
    with pytest.raises(StoreError, match="a link leads out"):
        outputs.write("out/x.dfy", b"x")
    with pytest.raises(StoreError, match="a link leads out"):
        outputs.retire("out/x.dfy")
    outputs.write("also/y.dfy", b"y")
    outputs.write("x.dfy", b"x")
    assert outputs.read("in/y.dfy") == b"y"
    assert not (tmp_path / "build" / "x.dfy").is_symlink()
    assert [path.read_bytes() for path in outside.iterdir()] == [b"mine"]


def test_a_build_folder_that_is_a_link_works(tmp_path: Path) -> None:
    """The build folder itself may be a link: that is the user's own choice."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "build").symlink_to(tmp_path / "elsewhere")
    assert Outputs(tmp_path, tmp_path / "build").write("a.dfy", b"x")
    assert (tmp_path / "elsewhere" / "a.dfy").read_bytes() == b"x"


def test_a_stale_file_is_moved(outputs: Outputs, tmp_path: Path) -> None:
    """What has no implementation today goes to .stale, with its bytes; its verdict is gone; once more is no error."""
    outputs.write("a/b.dfy", b"old")
    outputs.write_verdict("a/b.dfy", b"{}\n")
    assert outputs.retire("a/b.dfy")
    assert not outputs.retire("a/b.dfy")
    assert outputs.read("a/b.dfy") is None
    assert not (tmp_path / "build" / ".verdict").exists()
    assert (tmp_path / "build" / ".stale" / "a" / "b.dfy").read_bytes() == b"old"


def test_a_failed_attempt_is_kept_until_it_is_cleared(outputs: Outputs, tmp_path: Path) -> None:
    """The last attempt and its report lie in .failed; clearing takes both, and the folders that are empty then."""
    folder = tmp_path / "build" / ".failed"
    outputs.write_failed("a/b.dfy", b"bad", "a/b.dfy:1:2: error: no")
    outputs.write_failed("a/c.dfy", b"bad", "")
    assert (folder / "a" / "b.dfy").read_bytes() == b"bad"
    assert (folder / "a" / "b.dfy.txt").read_text(encoding="utf-8") == "a/b.dfy:1:2: error: no\n"
    outputs.clear_failed("a/b.dfy")
    assert sorted(path.name for path in (folder / "a").iterdir()) == ["c.dfy", "c.dfy.txt"]
    outputs.clear_failed("a/c.dfy")
    outputs.clear_failed("a/c.dfy")
    assert not folder.exists()


def test_an_edit_is_kept_beside(outputs: Outputs, tmp_path: Path) -> None:
    """A person's file is copied beside; the same one only once, another one without replacing the first."""
    outputs.write("a.dfy", b"edit")
    assert outputs.keep_edited("a.dfy") == outputs.keep_edited("a.dfy") == tmp_path / "build" / "a.dfy.edited"
    outputs.write("a.dfy", b"second edit")
    outputs.keep_edited("a.dfy")
    found = {path.name: path.read_bytes() for path in (tmp_path / "build").iterdir()}
    assert found == {"a.dfy": b"second edit", "a.dfy.edited": b"edit", "a.dfy.edited-2": b"second edit"}


def test_verdict_files_have_a_folder_of_their_own(outputs: Outputs, tmp_path: Path) -> None:
    """The verdict of PATH lies at .verdict/PATH.json."""
    assert outputs.verdict_file("a/b.dfy") == tmp_path / "build" / ".verdict" / "a" / "b.dfy.json"
    assert outputs.write_verdict("a/b.dfy", b"{}\n")
    assert outputs.verdict_file("a/b.dfy").read_bytes() == b"{}\n"


def test_what_the_system_refuses_is_one_message(outputs: Outputs) -> None:
    """A folder in a file's place is told with its path; no trace of ours stays."""
    outputs.write("a.dfy/b.dfy", b"x")
    with pytest.raises(StoreError, match=r"build/a\.dfy: this file of the build folder can't be written"):
        outputs.write("a.dfy", b"x")
    with pytest.raises(StoreError, match=r"build/a\.dfy/b\.dfy/c"):
        outputs.write("a.dfy/b.dfy/c", b"x")
