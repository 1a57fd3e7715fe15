"""Unpack a source archive: only what a build needs, and nothing outside its folder."""

from __future__ import annotations

import tarfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from envspec.errors import LockError
from envspec.tools import files

if TYPE_CHECKING:
    from collections.abc import Iterator

UNUSED = (
    PurePosixPath(".git"),
    PurePosixPath("vendor/llama.cpp/.git"),
    PurePosixPath("vendor/llama.cpp/docs"),
    PurePosixPath("vendor/llama.cpp/media"),
    PurePosixPath("vendor/llama.cpp/models"),
)
"""Folders of llama-cpp-python's archive that no build reads: 150 of 217 MB."""


def unpack(archive: Path, target: Path) -> None:
    """Put the content of `archive`, without its top folder, to `target`; does nothing where that is done.

    Raises:
        LockError: the archive is damaged or has entries that lead out of its folder.

    """
    done = target / ".unpacked"
    if done.exists():
        return
    files.remove(target)
    target.mkdir(parents=True)
    try:
        with tarfile.open(archive) as tar:
            tar.extractall(target, members=_members(tar), filter="data")
    except (tarfile.TarError, EOFError) as error:
        message = f"{archive.name} cannot be unpacked: {error}"
        raise LockError(message, hint="the archive is damaged or hostile; use another version or index") from error
    done.touch()


def _members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    for member in tar:
        path = PurePosixPath(*PurePosixPath(member.name).parts[1:])
        if path.parts and not any(path.is_relative_to(folder) for folder in UNUSED):
            yield member.replace(name=str(path), deep=False)
