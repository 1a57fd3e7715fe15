"""The folder of a prefix and what surrounds it: its lock file, its stage, the step that puts it in place."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from envspec.errors import PrefixError
from envspec.prefix import Prefix
from envspec.tools import files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RECORD = Path(".envspec", "prefix.json")


class Site:
    """Where a prefix is, or will be."""

    def __init__(self, target: Path, exchange: Callable[[Path, Path], bool] = files.exchange) -> None:
        self.target, self.exchange = Path(os.path.abspath(target)), exchange  # noqa: PTH100 - takes `..` out, keeps links
        self.lock = self.target.parent / f".{self.target.name}.lock"

    def prefix(self) -> Prefix | None:
        """What the prefix says about itself; None where there is none of ours."""
        try:
            return Prefix.model_validate_json((self.target / RECORD).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, ValidationError):
            return None

    def existing(self) -> Prefix:
        """What the prefix says about itself.

        Raises:
            PrefixError: there is no prefix of ours.

        """
        self.must_be_ours()
        found = self.prefix()
        if found is None:
            message = f"{self.target} was made by another version of envspec, or is damaged"
            raise PrefixError(message, hint="make it again with `envspec create SPEC`")
        return found

    def _is_ours(self) -> bool:
        """Whether envspec made this folder, in whatever version."""
        try:
            record = json.loads((self.target / RECORD).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return (
            isinstance(record, dict) and {"name", "digest"} <= record.keys() and (self.target / "pyvenv.cfg").is_file()
        )

    def must_be_ours(self) -> None:
        """Refuse what envspec did not make.

        Raises:
            PrefixError: there is nothing, or it is somebody else's.

        """
        if not self._is_ours():
            what = "is not an environment made by envspec" if self.target.exists() else "does not exist"
            message = f"{self.target} {what}"
            raise PrefixError(message, hint="make one with `envspec create SPEC`, or give the path of another")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Be the only one who changes this prefix, with the leftovers of killed runs removed.

        Raises:
            PrefixError: the place cannot be used.

        """
        with contextlib.ExitStack() as stack:
            try:
                self._check()
                self._ignored_by_git()
                stack.enter_context(files.held(self.lock, f"works on {self.target}"))
                self._clean()
                self._check()
            except PermissionError as error:
                message = f"{self.target} cannot be made here: {error.filename or self.target.parent} is not writable"
                raise PrefixError(message, hint="choose another place with `--prefix PATH`") from error
            yield

    @contextlib.contextmanager
    def stage(self) -> Iterator[Path]:
        """Give a new folder beside the prefix; it is removed at the end unless it was put in place."""
        folder = self._beside("stage")
        folder.mkdir()
        try:
            yield folder
        finally:
            with contextlib.suppress(OSError):
                files.remove(folder)

    def commit(self, stage: Path, describe: Callable[[Path], Prefix]) -> Prefix:
        """Write the description of the prefix into the stage and put it in place."""
        self._check()
        prefix = describe(stage)
        files.write(stage / RECORD, prefix.model_dump_json(indent=1) + "\n")
        if not self.target.exists():
            stage.rename(self.target)
        elif not self.exchange(stage, self.target):
            old = self._beside("old")
            self.target.rename(old)
            try:
                stage.rename(self.target)
            except OSError:
                old.rename(self.target)
                raise
            files.remove(old)
        return prefix

    def remove(self) -> None:
        """Delete the prefix: out of sight in one step, then for good.

        Raises:
            PrefixError: it is not ours.

        """
        self.must_be_ours()
        doomed = self._beside("stage")
        self.target.rename(doomed)
        files.remove(doomed)

    def _beside(self, kind: str) -> Path:
        """Name for a folder beside the prefix: `old` is put back after a crash, `stage` is deleted."""
        return self.target.parent / f".{self.target.name}~{kind}-{secrets.token_hex(4)}"

    def _check(self) -> None:
        """Refuse what is not ours to replace."""
        hint = "choose another place with `--prefix PATH`"
        if not self.target.name:
            message = f"{self.target} is the root of the file system"
            raise PrefixError(message, hint=hint)
        if os.pathsep in str(self.target):
            message = f"{self.target} contains {os.pathsep!r}, which separates the entries of PATH"
            raise PrefixError(message, hint=hint)
        if self.target.is_symlink() or (self.target.exists() and not self.target.is_dir()):
            message = f"{self.target} is a file or a link, not a folder"
            raise PrefixError(message, hint=hint)
        if self.target.is_dir() and any(self.target.iterdir()) and not self._is_ours():
            message = f"{self.target} is not empty and was not made by envspec"
            raise PrefixError(message, hint=hint)
        try:
            self.target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"{self.target} cannot be made: {error.filename}: {error.strerror}"
            raise PrefixError(message, hint=hint) from error
        if not os.access(self.target.parent, os.W_OK):
            message = f"{self.target} cannot be made: {self.target.parent} is not writable"
            raise PrefixError(message, hint=hint)

    def _clean(self) -> None:
        """Undo what a killed run left: its stage, and an old prefix that waits to be put back or deleted."""
        name = re.compile(rf"\.{re.escape(self.target.name)}~(old|stage)-[0-9a-f]{{8}}")
        for path in list(self.target.parent.iterdir()):
            found = name.fullmatch(path.name)
            if found and found[1] == "old" and not self.target.exists():
                path.rename(self.target)
            elif found:
                files.remove(path)

    def _ignored_by_git(self) -> None:
        """Keep `.envs` out of version control, as virtual environments do."""
        ignore = self.target.parent / ".gitignore"
        if self.target.parent.name == ".envs" and not ignore.exists():
            files.write(ignore, "*\n")
