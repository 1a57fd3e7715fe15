"""Where facts about a machine are looked for, and how long each question may take."""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from envspec.errors import ToolMissing
from envspec.gpu import Platform
from envspec.tools import process

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from envspec.tools.process import Completed

PATIENCE = 6.0
"""Seconds that one outside program gets; the first call of a driver on a machine with eight GPUs takes some."""
LIMIT = 1 << 20
"""Characters that are read of a file; those that describe a machine are short."""
T = TypeVar("T")


class Place(NamedTuple):
    """This machine; or a folder, an environment and fake programs that stand for one."""

    root: Path
    environment: Mapping[str, str]
    platform: Platform
    patience: float = PATIENCE

    @property
    def windows(self) -> bool:
        """Whether programs end in `.exe`."""
        return self.platform is Platform.WIN_64

    def at(self, path: str) -> Path:
        """Where an absolute path of Linux lies."""
        return self.root / path.lstrip("/")

    def text(self, path: str) -> str:
        """Text of a file at an absolute path of Linux; empty where it cannot be read."""
        try:
            with self.at(path).open(encoding="utf-8", errors="replace") as file:
                return file.read(LIMIT)
        except OSError:
            return ""

    def paths(self, variable: str) -> tuple[Path, ...]:
        """Absolute folders that a variable such as PATH lists."""
        separator = ";" if self.windows else ":"
        parts = (Path(part) for part in self.environment.get(variable, "").split(separator) if part)
        return tuple(dict.fromkeys(part for part in parts if part.is_absolute()))

    def program(self, name: str) -> str | None:
        """Absolute path of a program on PATH."""
        return shutil.which(name, path=self.environment.get("PATH", ""))

    def run(self, *argv: str, without: tuple[str, ...] = ()) -> Completed | None:
        """Run a program in English; None where it does not start, or does not end in time.

        The variables named in `without` do not reach it.

        """
        env = {name: value for name, value in self.environment.items() if name not in without}
        try:
            return process.run(argv, env={**env, "LC_ALL": "C", "LANGUAGE": ""}, timeout=self.patience)
        except (TimeoutError, ToolMissing, ValueError):
            return None


class Asked(Generic[T]):
    """The answer to a question that has a thread of its own, so that several are asked at once.

    A program that not even SIGKILL ends, because a driver hangs, holds up nobody: its thread is left behind.
    """

    def __init__(self, ask: Callable[[], T]) -> None:
        self._answer: Future[T] = Future()
        threading.Thread(target=self._run, args=(ask,), daemon=True).start()

    def _run(self, ask: Callable[[], T]) -> None:
        try:
            self._answer.set_result(ask())
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is wanted
            self._answer.set_exception(error)

    def wait(self) -> T:
        """Give the answer of a question that ends by itself."""
        return self._answer.result()

    def get(self, otherwise: T, patience: float) -> T:
        """Give the answer, or `otherwise` where it does not come in time."""
        try:
            return self._answer.result(patience)
        except TimeoutError:
            return otherwise
