"""CMake."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.version import Version

if TYPE_CHECKING:
    from envspec.tools.place import Place


def find(place: Place) -> Version | None:
    """Version of the CMake on PATH."""
    program = place.program("cmake")
    done = place.run(program, "--version") if program else None
    return parse(done.stdout) if done else None


def parse(text: str) -> Version | None:
    """Version in what `cmake --version` prints; what follows the number, such as `-rc1` or `-dirty`, is dropped."""
    match = re.search(r"cmake version (\d+\.\d+(?:\.\d+)?)", text)
    return Version(match[1]) if match else None
