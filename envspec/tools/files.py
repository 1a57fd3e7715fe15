"""Write files whole or not at all, hash them, lock paths, swap folders."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import os
import secrets
import shutil
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs
from filelock import FileLock, Timeout

from envspec import progress
from envspec.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RENAME_EXCHANGE = 2
AT_FDCWD = -100


def cache_root() -> Path:
    """Folder of everything that can be made again; `ENVSPEC_CACHE_DIR` overrides it.

    Raises:
        HostError: there is no home folder to put it in, or it cannot be written.

    """
    chosen = os.environ.get("ENVSPEC_CACHE_DIR")
    root = Path(chosen) if chosen else platformdirs.user_cache_path("envspec", appauthor=False)
    hint = "set ENVSPEC_CACHE_DIR to a folder that you can write"
    if not chosen and not root.is_absolute():
        message = "no home folder, so there is no place for the cache"
        raise HostError(message, hint=hint)
    root = root.absolute()
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"the cache folder {root} cannot be made: {error.strerror}"
        raise HostError(message, hint=hint) from error
    if not os.access(root, os.W_OK):
        message = f"the cache folder {root} is not writable"
        raise HostError(message, hint=hint)
    return root


def write(path: Path, text: str) -> None:
    """Write a text file so that readers see the old text or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with new.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise


def sha256(path: Path) -> str:
    """Hash of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def held(path: Path, waiting_for: str) -> Iterator[None]:
    """Hold a lock file; waits for whoever holds it. The system frees it when a process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        progress.stage(f"waiting for another envspec that {waiting_for}")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def is_held(path: Path) -> bool:
    """Whether a living process holds this lock file."""
    if not path.exists():
        return False
    try:
        with FileLock(path, blocking=False):
            return False
    except Timeout:
        return True


def exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step; False where the system cannot.

    Source: https://man7.org/linux/man-pages/man2/rename.2.html (RENAME_EXCHANGE)
    """
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in {errno.EINVAL, errno.ENOSYS, errno.EPERM}:
        return False
    raise OSError(code, os.strerror(code), str(one), None, str(other))


def remove(folder: Path) -> None:
    """Delete a folder and everything in it, files without write permission too."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder, onerror=_make_writable)


def _make_writable(function: Callable[[str], None], path: str, _error: object) -> None:
    for place in (Path(path).parent, Path(path)):
        with contextlib.suppress(OSError):
            place.chmod(place.stat().st_mode | stat.S_IWUSR)
    function(path)


def size(folder: Path) -> int:
    """Bytes of all files in a folder."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
