from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from envspec.errors import LockError
from envspec.tools.sdist import unpack

if TYPE_CHECKING:
    from pathlib import Path


def archive(path: Path, *members: tuple[str, str | None]) -> Path:
    """Make an archive; a member with a link target is a link."""
    with tarfile.open(path, "w:gz") as tar:
        for name, link in members:
            info = tarfile.TarInfo(name)
            if link is None:
                info.size = 4
                tar.addfile(info, io.BytesIO(b"data"))
            else:
                info.type, info.linkname = tarfile.SYMTYPE, link
                tar.addfile(info)
    return path


def test_what_no_build_needs_is_left_out(tmp_path: Path) -> None:
    made = archive(
        tmp_path / "x.tar.gz",
        ("x-1/pyproject.toml", None),
        ("x-1/.git/objects/pack", None),
        ("x-1/vendor/llama.cpp/models/big.gguf", None),
        ("x-1/vendor/llama.cpp/src/models/small.cpp", None),
        ("x-1/.gitignore", None),
    )
    unpack(made, tmp_path / "out")
    found = sorted(
        path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()
    )
    assert found == [".gitignore", ".unpacked", "pyproject.toml", "vendor/llama.cpp/src/models/small.cpp"]


def test_a_finished_folder_is_left_alone_and_a_half_one_made_anew(tmp_path: Path) -> None:
    made, out = archive(tmp_path / "x.tar.gz", ("x-1/a", None)), tmp_path / "out"
    unpack(made, out)
    (out / "built.o").touch()
    unpack(made, out)
    assert (out / "built.o").exists()
    (out / ".unpacked").unlink()
    unpack(made, out)
    assert not (out / "built.o").exists()


@pytest.mark.parametrize(
    "members",
    [
        [("x-1/../../evil", None)],
        [("x-1//etc/evil", None), ("x-1/../evil", None)],
        [("x-1/link", "../../outside"), ("x-1/link/evil", None)],
        [("x-1/link", "/etc/passwd")],
    ],
)
def test_nothing_leaves_the_folder(tmp_path: Path, members: list[tuple[str, str | None]]) -> None:
    with pytest.raises(LockError, match="cannot be unpacked"):
        unpack(archive(tmp_path / "x.tar.gz", *members), tmp_path / "deep" / "out")
    assert all((tmp_path / "deep" / "out") in path.parents for path in tmp_path.rglob("evil"))


@pytest.mark.parametrize("cut", [0, 20, 100])
def test_a_damaged_archive_is_an_error(tmp_path: Path, cut: int) -> None:
    made = archive(tmp_path / "x.tar.gz", ("x-1/a", None), ("x-1/b", None))
    made.write_bytes(made.read_bytes()[:cut])
    with pytest.raises(LockError, match="cannot be unpacked"):
        unpack(made, tmp_path / "out")
