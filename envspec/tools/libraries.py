"""CUDA libraries that LD_LIBRARY_PATH, or PATH on Windows, puts before those of an environment."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from envspec.tools.place import Place

LINUX = re.compile(r"lib(?:cuda|cudart|cublas)\.so(?:\.\d+)*")
WINDOWS = re.compile(r"(?:cudart|cublas)64_\d+\.dll", re.IGNORECASE)


def find(place: Place) -> tuple[str, ...]:
    """Libraries in the order in which a program finds them."""
    folders, kinds = (place.paths("PATH"), WINDOWS) if place.windows else (place.paths("LD_LIBRARY_PATH"), LINUX)
    return tuple(str(path) for folder in folders for path in _files(folder) if kinds.fullmatch(path.name))


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
