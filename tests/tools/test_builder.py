"""Where the source archive comes from, and what is refused; the compilation itself is in test_quickstart."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from envspec.build import BuildRecipe
from envspec.errors import LockError
from envspec.gpu import Platform
from envspec.host import Host
from envspec.lock import Archive
from envspec.tools.builder import Builder
from envspec.tools.uv import Found, Uv
from envspec.tools.wheel_cache import WheelCache

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Server

HOST = Host(platform=Platform.LINUX_64, cpu="zen3", libc="glibc 2.36", cores=2, memory=8 << 30)
DATA = b"archive" * 1000
ARCHIVE = Archive(name="x", version="1", filename="x-1.tar.gz", sha256=hashlib.sha256(DATA).hexdigest())
RECIPE = BuildRecipe(platform=Platform.LINUX_64, sdist=ARCHIVE, cmake=(), left_out=(), tools=())


class Index(Uv):
    """An index that offers one archive."""

    def __init__(self, url: str, archive: Archive = ARCHIVE) -> None:
        self.found = Found(archive, url)

    def find_sdist(self, name: str, version: str) -> Found:
        assert (name, version) == ("x", "1")
        return self.found


@pytest.fixture
def url(server: Server) -> str:
    (server.root / ARCHIVE.filename).write_bytes(DATA)
    return f"{server.url}/{ARCHIVE.filename}"


def test_an_archive_is_downloaded_once(url: str, server: Server, tmp_path: Path) -> None:
    builder = Builder(WheelCache(tmp_path), Index(url), HOST)
    assert builder.source(RECIPE) == builder.source(RECIPE)
    assert builder.source(RECIPE).read_bytes() == DATA
    assert len(server.requests) == 1


def test_a_damaged_archive_in_the_cache_is_downloaded_again(url: str, server: Server, tmp_path: Path) -> None:
    builder = Builder(WheelCache(tmp_path), Index(url), HOST)
    builder.source(RECIPE).write_bytes(b"damaged")
    assert builder.source(RECIPE).read_bytes() == DATA
    assert len(server.requests) == 2


def test_an_index_with_another_archive_is_refused_before_any_download(url: str, server: Server, tmp_path: Path) -> None:
    other = ARCHIVE.model_copy(update={"sha256": "0" * 64})
    with pytest.raises(LockError, match="hash does not match"):
        Builder(WheelCache(tmp_path), Index(url, other), HOST).source(RECIPE)
    assert server.requests == []
