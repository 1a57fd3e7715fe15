"""What is built and from what; its hash is the address of the wheel in the cache."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from envspec.frozen import Frozen
from envspec.gpu import Platform
from envspec.lock import Archive, Lock, Pin
from envspec.plan import FALSE, arguments

if TYPE_CHECKING:
    from envspec.host import Host

NATIVE = "GGML_NATIVE"
"""CMake option that compiles for the CPU of the build machine; upstream's default is ON."""


class BuildRecipe(Frozen):
    """The part of a lock that decides how one wheel is built on one platform."""

    platform: Platform
    sdist: Archive
    cmake: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...]
    tools: tuple[Pin, ...]
    """Packages of the build environment."""


class BuildInputs(Frozen):
    """Everything that decides the bytes of a wheel: its recipe, and what the build machine adds."""

    platform: Platform
    sdist: Archive
    cmake: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...]
    tools: tuple[str, ...]
    """`name==version` of each package of the build environment."""
    compiler: str
    """First line of `c++ --version`."""
    libc: str
    cpu: str
    """Microarchitecture and features; empty where the code does not depend on them."""

    @classmethod
    def of(cls, recipe: BuildRecipe, host: Host, compiler: str) -> BuildInputs:
        """Inputs of a build of `recipe` on `host`."""
        options = dict(recipe.cmake)
        native = options.get(NATIVE, "ON").upper() not in FALSE or any("native" in value for value in options.values())
        return cls(
            platform=recipe.platform,
            sdist=recipe.sdist,
            cmake=recipe.cmake,
            left_out=recipe.left_out,
            tools=tuple(f"{pin.name}=={pin.version}" for pin in recipe.tools),
            compiler=compiler,
            libc=host.libc,
            cpu=host.cpu if native else "",
        )

    @property
    def key(self) -> str:
        """Address in the wheel cache: 32 hexadecimal digits."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def recipe(lock: Lock, platform: Platform) -> BuildRecipe | None:
    """Recipe of the wheel that `platform` needs, or None where nothing is compiled."""
    if lock.plan.build is None or lock.sdist is None:
        return None
    pins = lock.on(platform).build_packages
    return BuildRecipe(
        platform=platform,
        sdist=lock.sdist,
        cmake=arguments(lock.plan.build, platform),
        left_out=lock.plan.build.left_out,
        tools=pins,
    )
