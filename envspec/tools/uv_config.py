"""Which of uv's settings are kept: where the default index is and how to reach it; all others could change a result.

Source: https://docs.astral.sh/uv/reference/settings/
"""

from __future__ import annotations

import json
import os
import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

from envspec.errors import ToolError
from envspec.tools import pip_config

if TYPE_CHECKING:
    from envspec.frozen import Json

VARIABLES = re.compile(
    r"UV_(DEFAULT_INDEX|INDEX_URL|INDEX_\w+_(USERNAME|PASSWORD)|CACHE_DIR|CONCURRENT_\w+|HTTP_\w+"
    r"|INSECURE_HOST|KEYRING_PROVIDER|LINK_MODE|NATIVE_TLS|SYSTEM_CERTS|OFFLINE|PYTHON_INSTALL_DIR)"
)
KEYS = (
    *("allow-insecure-host", "cache-dir", "http-proxy", "https-proxy", "keyring-provider", "link-mode"),
    *("native-tls", "no-proxy", "offline", "system-certs"),
)


def environment() -> dict[str, str]:
    """The user's environment without other indexes, other settings of uv, and an active environment."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("UV_", "VIRTUAL_ENV", "CONDA", "PYTHON", "PIP_")) or VARIABLES.fullmatch(name)
    }
    index = default_index()
    return {**kept, "UV_DEFAULT_INDEX": index} if index else kept


def default_index() -> str | None:
    """Address of the index that uv's user chose, or pip's, or None where both were left alone."""
    chosen = os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("UV_INDEX_URL")
    return chosen or _index_of(_configuration()) or pip_config.index_url()


def kept_settings() -> str:
    """Text of a uv.toml with the settings that are kept."""
    found = _configuration()
    return "".join(f"{key} = {json.dumps(found[key])}\n" for key in KEYS if key in found)


def _index_of(settings: dict[str, Json]) -> str | None:
    listed = settings.get("index")
    for entry in listed if isinstance(listed, list) else []:
        if isinstance(entry, dict) and entry.get("default"):
            return str(entry.get("url"))
    pip = settings.get("pip")
    url = settings.get("index-url") or (pip.get("index-url") if isinstance(pip, dict) else None)
    return str(url) if url else None


def _configuration() -> dict[str, Json]:
    """Settings of the first uv.toml that is there."""
    for path in _files():
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except OSError:
            continue
        except ValueError as error:
            message = f"uv's configuration {path} cannot be read: {error}"
            raise ToolError(message, hint="repair it; uv itself cannot read it either") from error
    return {}


def _files() -> list[Path]:
    """Where uv looks: https://docs.astral.sh/uv/concepts/configuration-files/."""
    named = [os.environ["UV_CONFIG_FILE"]] if os.environ.get("UV_CONFIG_FILE") else []
    if sys.platform == "win32":
        folders = [os.environ.get(name, "") for name in ("APPDATA", "PROGRAMDATA")]
    else:
        folders = [os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config"), "/etc"]  # noqa: PTH111 - as below
    # os.path.expanduser leaves the tilde where there is no home folder, pathlib raises.
    return [*map(Path, named), *(Path(folder, "uv", "uv.toml") for folder in folders)]
