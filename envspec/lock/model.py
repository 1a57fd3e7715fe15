"""The Lock and its parts."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated

from pydantic import Field

from envspec.errors import LockError
from envspec.frozen import Frozen
from envspec.gpu import Platform
from envspec.plan import Plan
from envspec.spec import Spec


class Pin(Frozen):
    """One package of the default index: exact version, and the sha256 of every file that may be taken."""

    name: str
    version: str
    hashes: tuple[str, ...]
    marker: str = ""
    """PEP 508 marker; in a PlatformLock it speaks about Python versions only."""
    via: tuple[str, ...] = ()
    """Names of the packages that need this one; empty where the spec asks for it."""


class Archive(Frozen):
    """A source archive, found by name and version on whatever index is configured, accepted by hash."""

    name: str
    version: str
    filename: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]*$")]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class PlatformLock(Frozen):
    """The Python packages of one platform."""

    platform: Platform
    packages: tuple[Pin, ...]
    build_packages: tuple[Pin, ...]


class Lock(Frozen):
    """Everything that `create` needs; holds nothing about the machine that made it."""

    spec: Spec
    plan: Plan
    sdist: Archive | None
    platforms: tuple[PlatformLock, ...]

    def on(self, platform: Platform) -> PlatformLock:
        """Packages for `platform`.

        Raises:
            LockError: the lock does not cover it.

        """
        for item in self.platforms:
            if item.platform is platform:
                return item
        covered = ", ".join(item.platform for item in self.platforms)
        message = f"the lock of {self.plan.name!r} has no {platform}; it covers {covered}"
        raise LockError(message, hint=f"add {platform} to `platforms` in the spec and run `envspec lock`")

    def digest(self, platform: Platform) -> str:
        """Hash of what decides the install on `platform`; reasons, comments and order do not count."""
        build = self.plan.build
        decides = {
            "python": self.plan.python,
            "base": self.plan.base,
            "backend": self.plan.backend,
            "environment": self.plan.environment,
            "packages": [(pin.name, pin.version, pin.marker, pin.hashes) for pin in self.on(platform).packages],
            "sdist": self.sdist and self.sdist.sha256,
            "cmake": build and [(item.name, item.value) for item in build.cmake],
            "left_out": build and build.left_out,
        }
        return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()
