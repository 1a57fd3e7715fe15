from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from envspec.build import BuildInputs
from envspec.gpu import Platform
from envspec.lock import Archive
from envspec.tools import files
from envspec.tools.wheel_cache import RECORD, WheelCache

if TYPE_CHECKING:
    from pathlib import Path

INPUTS = BuildInputs(
    platform=Platform.LINUX_64,
    sdist=Archive(name="llama-cpp-python", version="0.3.36", filename="x.tar.gz", sha256="a" * 64),
    cmake=(),
    left_out=(),
    tools=(),
    compiler="c++ 12",
    libc="glibc 2.36",
    cpu="zen3",
)
NAME = "x-1-py3-none-any.whl"


@pytest.fixture
def cache(tmp_path: Path) -> WheelCache:
    made = WheelCache(tmp_path / "cache")
    (tmp_path / NAME).write_bytes(b"wheel")
    made.put(tmp_path / NAME, INPUTS)
    return made


def test_a_wheel_is_found_by_what_it_was_built_from(cache: WheelCache) -> None:
    found = cache.get(INPUTS.key)
    assert found is not None
    assert found[0].read_bytes() == b"wheel"
    assert (found[1].name, found[1].size, found[1].inputs) == ("llama-cpp-python", 5, INPUTS)
    assert cache.get("0" * 32) is None


@pytest.mark.parametrize(("name", "content"), [(NAME, b"wheeL"), (NAME, b""), (RECORD, b"{"), (RECORD, b"{}")])
def test_a_damaged_entry_is_removed(cache: WheelCache, name: str, content: bytes) -> None:
    (cache.wheels / INPUTS.key / name).write_bytes(content)
    assert cache.get(INPUTS.key) is None
    assert list(cache.wheels.iterdir()) == []


def test_an_entry_that_lost_its_wheel_is_removed(cache: WheelCache) -> None:
    (cache.wheels / INPUTS.key / NAME).unlink()
    assert cache.get(INPUTS.key) is None


def test_the_same_wheel_again_replaces_the_entry(cache: WheelCache, tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"again")
    assert cache.put(tmp_path / NAME, INPUTS)[0].read_bytes() == b"again"
    assert len(list(cache.wheels.iterdir())) == 1


def test_listing_tells_builds_that_go_on(cache: WheelCache) -> None:
    for key in ("dead", "alive"):
        (cache.builds / key).mkdir(parents=True)
        (cache.builds / key / "x.o").write_bytes(b"1234")
    with files.held(cache.lock("alive"), "tests"):
        wheels, builds = cache.list()
        assert [wheel.key for wheel in wheels] == [INPUTS.key]
        assert [(build.key, build.size, build.running) for build in builds] == [("alive", 4, True), ("dead", 4, False)]
        cache.prune(0)
        assert [path.name for path in cache.builds.iterdir() if path.is_dir()] == ["alive"]
    cache.prune(0)
    assert cache.list() == ((), ())


def test_pruning_knows_what_was_used(cache: WheelCache) -> None:
    assert cache.prune(30) == 0
    assert cache.get(INPUTS.key)
    old = time.time() - 31 * 86400
    os.utime(cache.wheels / INPUTS.key, (old, old))
    assert cache.list()[0][0].key == INPUTS.key
    assert cache.wheels.joinpath(INPUTS.key).stat().st_mtime == old, "looking is not using"
    assert cache.get(INPUTS.key), "using a wheel makes it young"
    assert cache.prune(30) == 0
    os.utime(cache.wheels / INPUTS.key, (old, old))
    assert cache.prune(30) > 5
    assert cache.get(INPUTS.key) is None


def test_pruning_nothing(tmp_path: Path) -> None:
    assert WheelCache(tmp_path / "none").prune(0) == 0
    assert WheelCache(tmp_path / "none").list() == ((), ())
