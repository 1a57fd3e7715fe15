from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from envspec.errors import HostError
from envspec.tools import files

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.txt"
    files.write(path, "一\n")
    files.write(path, "二\n")
    assert path.read_bytes() == "二\n".encode()
    assert [item.name for item in path.parent.iterdir()] == ["x.txt"]
    with pytest.raises(UnicodeEncodeError):
        files.write(path, "\ud800")
    assert path.read_bytes() == "二\n".encode()
    assert [item.name for item in path.parent.iterdir()] == ["x.txt"]


def test_two_folders_are_swapped(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
    swapped = files.exchange(tmp_path / "a", tmp_path / "b")
    assert swapped == (sys.platform == "linux")
    assert (tmp_path / "a" / ("b" if swapped else "a")).exists()


@pytest.mark.skipif(sys.platform != "linux", reason="renameat2 is Linux")
def test_a_swap_with_nothing_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(FileNotFoundError):
        files.exchange(tmp_path / "a", tmp_path / "none")


def test_read_only_trees_are_removed(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    (folder / "b").mkdir(parents=True)
    (folder / "b" / "c").touch()
    (folder / "b" / "c").chmod(0o400)
    (folder / "b").chmod(0o500)
    files.remove(folder)
    files.remove(folder)
    assert not folder.exists()
    (tmp_path / "link").symlink_to(tmp_path)
    files.remove(tmp_path / "link")
    assert tmp_path.exists()


def test_a_lock_is_free_when_its_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "x.lock"
    code = (
        "import sys, time; from pathlib import Path; from envspec.tools import files\n"
        "with files.held(Path(sys.argv[1]), 'tests'): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    assert files.is_held(path)
    holder.kill()
    holder.wait()
    holder.stdout.close()
    assert not files.is_held(path)
    with files.held(path, "tests"):
        pass
    assert not files.is_held(tmp_path / "none.lock")


def test_the_cache_is_where_the_user_wants_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVSPEC_CACHE_DIR", str(tmp_path / "缓存"))
    assert files.cache_root() == tmp_path / "缓存"
    assert (tmp_path / "缓存").is_dir()
    monkeypatch.delenv("ENVSPEC_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    if sys.platform == "linux":
        assert files.cache_root() == tmp_path / "xdg" / "envspec"


def test_a_cache_that_is_a_file_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ENVSPEC_CACHE_DIR", str(tmp_path / "file" / "x"))
    with pytest.raises(HostError, match="cannot be made") as caught:
        files.cache_root()
    assert "ENVSPEC_CACHE_DIR" in (caught.value.hint or "")


def test_size(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"12345")
    assert files.size(tmp_path) == 5
