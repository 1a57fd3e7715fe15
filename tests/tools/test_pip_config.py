from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from envspec.errors import ToolError
from envspec.gpu import Platform
from envspec.lock import Question
from envspec.tools import pip_config
from envspec.tools.uv import Uv

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the places are those of POSIX systems")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("PIP_INDEX_URL", "PIP_CONFIG_FILE", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def test_later_files_win_and_broken_ones_are_passed_over(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(home / ".pip" / "pip.conf", "[global]\nindex-url = http://127.0.0.1/legacy\n")
    assert pip_config.index_url() == "http://127.0.0.1/legacy"
    write(home / "config" / "pip" / "pip.conf", "[global]\nindex-url = http://127.0.0.1/用户 %40\n")
    assert pip_config.index_url() == "http://127.0.0.1/用户 %40"
    write(home / "named.conf", "[install]\nindex-url = http://127.0.0.1/named\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(home / "named.conf"))
    assert pip_config.index_url() == "http://127.0.0.1/named"
    write(home / "named.conf", "no section")
    assert pip_config.index_url() == "http://127.0.0.1/用户 %40"
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    assert pip_config.index_url() is None
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1/env")
    assert pip_config.index_url() == "http://127.0.0.1/env"


def test_pips_index_is_used_where_uv_was_left_alone(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/pip")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("UV_CACHE_DIR", str(home / "cache"))
    asked = Question(requirements=("six",), python=">=3.11", platforms=(Platform.LINUX_64,))
    with pytest.raises(ToolError, match="127.0.0.1:9/pip"):
        Uv().solve(asked)
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/uv")
    with pytest.raises(ToolError, match="127.0.0.1:9/uv"):
        Uv().solve(asked)
