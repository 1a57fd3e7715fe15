"""pip's configuration: which index its user chose.

Source: https://pip.pypa.io/en/stable/topics/configuration/
"""

from __future__ import annotations

import configparser
import os
import sys
from pathlib import Path

import platformdirs

FILE = "pip.ini" if sys.platform == "win32" else "pip.conf"


def index_url() -> str | None:
    """Address of the index that pip is configured to use, or None where it was left alone."""
    if chosen := os.environ.get("PIP_INDEX_URL"):
        return chosen
    found = None
    for path in files():
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (OSError, UnicodeDecodeError, configparser.Error):
            continue
        found = parser.get("global", "index-url", fallback=found)
        found = parser.get("install", "index-url", fallback=found)
    return found


def files() -> list[Path]:
    """Configuration files in the order in which pip reads them; later ones win."""
    named = os.environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return []
    system = [Path(folder) / "pip" for folder in platformdirs.site_config_dir("", multipath=True).split(os.pathsep)]
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 - leaves the tilde where there is no home folder, pathlib raises
    legacy = [home / "pip"] if sys.platform == "win32" else [home / ".pip", home / ".config" / "pip"]
    user = [*legacy, platformdirs.user_config_path("pip", appauthor=False, roaming=True)]
    folders = [*system, *([Path("/etc")] if sys.platform != "win32" else []), *user, Path(sys.prefix)]
    return [*(folder / FILE for folder in folders), *([Path(named)] if named else [])]
