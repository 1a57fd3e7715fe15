"""The Pythons of this machine, as uv finds them."""

from __future__ import annotations

import json
import re
import sys
from typing import TYPE_CHECKING

import uv

from envspec.errors import ToolError
from envspec.spec.fields import MINORS
from envspec.tools import process, uv_config

if TYPE_CHECKING:
    from envspec.frozen import Json

COMMAND = ("python", "list", "--only-installed", "--no-python-downloads", "--offline", "--no-config")
PATIENCE = 20.0
"""Seconds; uv starts each Python once and remembers what it said."""


def installed(patience: float = PATIENCE) -> tuple[int, ...]:
    """Python 3 minor versions that are installed, newest first; at least the one that runs this."""
    argv = (uv.find_uv_bin(), *COMMAND, "--output-format=json")
    try:
        done = process.run(argv, env=uv_config.environment(), timeout=patience)
    except (TimeoutError, ToolError):
        return (sys.version_info.minor,)
    return minors(done.stdout) or (sys.version_info.minor,)


def minors(text: str) -> tuple[int, ...]:
    """Minor versions in what uv prints: releases of CPython, without those that are built without the GIL."""
    try:
        listed: Json = json.loads(text)
    except ValueError:
        return ()
    found: set[int] = set()
    for entry in listed if isinstance(listed, list) else []:
        if isinstance(entry, dict) and entry.get("implementation") == "cpython" and entry.get("variant") == "default":
            version = re.fullmatch(r"3\.(\d+)\.\d+", str(entry.get("version")))
            found |= {int(version[1])} if version else set()
    return tuple(sorted(found & set(MINORS), reverse=True))
