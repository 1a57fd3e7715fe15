"""A machine to look at: a folder, and programs that say what was recorded."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

from envspec.gpu import Platform
from envspec.tools.place import Place

if TYPE_CHECKING:
    from collections.abc import Mapping

HOSTS = Path(__file__).parent.parent / "cases" / "hosts"


def recorded(name: str) -> str:
    return (HOSTS / name).read_text(encoding="utf-8")


class Machine:
    """A place in a temporary folder; its programs are shell scripts."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "root"
        self.bin = folder / "bin"
        self.root.mkdir()
        self.bin.mkdir()

    def file(self, path: str, text: str = "") -> Path:
        made = self.root / path.lstrip("/")
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(text, encoding="utf-8")
        return made

    def program(self, name: str | Path, *replies: tuple[str, str, int], log: Path | None = None) -> Path:
        """Make a program; each reply is a pattern of its arguments, what it prints and its exit code."""
        path = self.bin / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = ["#!/bin/sh"]
        if log:
            lines.append(f'echo "$*" >> {shlex.quote(str(log))}')
        for pattern, text, code in replies:
            lines.append(f"case \"$*\" in {pattern}) printf '%s' {shlex.quote(text)}; exit {code};; esac")
        path.write_text("\n".join([*lines, "exit 9", ""]), encoding="utf-8")
        path.chmod(0o755)
        return path

    def hanging(self, name: str) -> Path:
        path = self.bin / name
        path.write_text("#!/bin/sh\nexec /bin/sleep 60\n", encoding="utf-8")
        path.chmod(0o755)
        return path

    def place(
        self,
        variables: Mapping[str, str] | None = None,
        *,
        platform: Platform = Platform.LINUX_64,
        patience: float = 10,
    ) -> Place:
        return Place(self.root, {"PATH": str(self.bin), **(variables or {})}, platform, patience)


class Recorded(Protocol):
    def __call__(self, name: str) -> str: ...


@pytest.fixture(name="recorded")
def _recorded() -> Recorded:
    """Text of a recorded output."""
    return recorded


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """An empty machine."""
    if os.name != "posix":
        pytest.skip("its programs are shell scripts")
    return Machine(tmp_path)
