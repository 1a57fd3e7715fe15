"""The files of a user's project: specs, locks, and where prefixes go."""

from __future__ import annotations

import os
from pathlib import Path

from envspec.errors import LockError, SpecError
from envspec.lock import PLAN_FILE, Lock, from_files, to_files
from envspec.spec import MAX_BYTES, read
from envspec.tools import files


class Project:
    """A spec and its surroundings: locks and prefixes are kept in the folder that holds `specs/`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.spec = read(_text(path), str(path))
        folder = Path(os.path.abspath(path)).parent  # noqa: PTH100 - takes `..` out
        holder = next((one.parent for one in (folder, *folder.parents) if one.name == "specs"), folder)
        self.folder = holder
        self.lock_folder = holder / "lockfiles" / self.spec.name
        self.prefix = holder / ".envs" / self.spec.name

    def lock(self) -> Lock:
        """Read the lock.

        Raises:
            LockError: there is none, or it is damaged.

        """
        folder = self.lock_folder
        if not (folder / PLAN_FILE).exists():
            message = f"no lock for {self.path}: {folder} has no {PLAN_FILE}"
            raise LockError(message, hint=f"run `envspec lock {self.path}`")
        found = {
            item.name: item.read_text(encoding="utf-8", errors="replace") for item in folder.iterdir() if item.is_file()
        }
        return from_files(found, str(folder))

    def write_lock(self, lock: Lock) -> None:
        """Write the lock's files, and remove those of platforms that it no longer covers."""
        made = to_files(lock)
        for name, text in sorted(made.items(), key=lambda item: item[0] == PLAN_FILE):
            files.write(self.lock_folder / name, text)
        for kind in ("pip-*.txt", "build-*.txt"):
            for path in self.lock_folder.glob(kind):
                if path.name not in made:
                    path.unlink()


def _text(path: Path) -> str:
    hint = "give the path of a spec such as specs/quickstart.yaml"
    try:
        if not path.is_dir() and path.exists() and not path.is_file():
            message = f"{path} is no regular file"
            raise SpecError(message, hint=hint)
        if path.stat().st_size > MAX_BYTES:
            message = f"{path}: larger than {MAX_BYTES // 1024} KiB, so it is not a spec"
            raise SpecError(message, hint=hint)
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        message = f"{path}: not UTF-8 text: {error.reason} at byte {error.start}"
        raise SpecError(message, hint="save the file as UTF-8") from error
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or str(error)
        message = f"{str(path)!r} cannot be read: {what}"
        raise SpecError(message, hint=hint) from error
