from __future__ import annotations

import pytest

from envspec import catalog
from envspec.errors import LockError
from envspec.gpu import Platform
from envspec.lock import Archive, Lock, Pin, PlatformLock
from envspec.plan import resolve
from envspec.prefix import Kind, steps
from envspec.spec import read

HEAD = "envspec: 1\nname: x\npython: '>=3.11'\nplatforms: linux-64\nbackend: cpu\n"
PIN = Pin(name="six", version="1", hashes=("0" * 64,))


def lock(text: str, sdist: Archive | None) -> Lock:
    spec = read(HEAD + text, "x")
    only = PlatformLock(platform=Platform.LINUX_64, packages=(PIN,), build_packages=(PIN,))
    return Lock(spec=spec, plan=resolve(spec, None, catalog.load()), sdist=sdist, platforms=(only,))


def test_with_llama_there_is_a_build() -> None:
    archive = Archive(name="llama-cpp-python", version="0.3.36", filename="x.tar.gz", sha256="1" * 64)
    made = steps(lock("llama-cpp-python: ==0.3.36\n", archive), Platform.LINUX_64)
    assert [step.kind for step in made] == [Kind.PYTHON, Kind.BUILD, Kind.PACKAGES]
    assert made[0].python == ">=3.11"
    assert made[1].recipe is not None
    assert made[1].recipe.sdist == archive
    assert made[1].recipe.tools == (PIN,)
    assert made[2].pins == (PIN,)


def test_without_llama_there_is_none() -> None:
    assert [step.kind for step in steps(lock("pip: six\n", None), Platform.LINUX_64)] == [Kind.PYTHON, Kind.PACKAGES]


def test_another_platform_is_refused() -> None:
    with pytest.raises(LockError, match="has no win-64"):
        steps(lock("pip: six\n", None), Platform.WIN_64)
