"""The layout of a virtual environment."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from envspec.errors import PrefixError

if TYPE_CHECKING:
    from pathlib import Path


def interpreter(prefix: Path) -> Path:
    """Its Python."""
    return prefix / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def python_version(prefix: Path) -> str:
    """Full version of its Python, such as 3.12.4.

    Raises:
        PrefixError: the folder is no virtual environment.

    """
    try:
        text = (prefix / "pyvenv.cfg").read_text(encoding="utf-8")
    except OSError:
        text = ""
    found = re.search(r"^version(?:_info)?\s*=\s*(\d+\.\d+\.\d+)", text, re.MULTILINE)
    if found is None:
        message = f"{prefix} is no virtual environment"
        raise PrefixError(message, hint="run `envspec create` again")
    return found[1]
