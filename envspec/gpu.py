"""The words that all stages share: platforms, backends, CUDA versions, compute capabilities."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import NamedTuple, Self


class Platform(StrEnum):
    """A target, named as conda names its subdirs."""

    LINUX_64 = "linux-64"
    LINUX_AARCH64 = "linux-aarch64"
    OSX_ARM64 = "osx-arm64"
    WIN_64 = "win-64"

    @property
    def markers(self) -> dict[str, str]:
        """The PEP 508 marker variables that are fixed for this platform."""
        system, sys_platform, os_name, machine = _MARKERS[self]
        return {
            "platform_system": system,
            "sys_platform": sys_platform,
            "os_name": os_name,
            "platform_machine": machine,
        }


_MARKERS = {
    Platform.LINUX_64: ("Linux", "linux", "posix", "x86_64"),
    Platform.LINUX_AARCH64: ("Linux", "linux", "posix", "aarch64"),
    Platform.OSX_ARM64: ("Darwin", "darwin", "posix", "arm64"),
    Platform.WIN_64: ("Windows", "win32", "nt", "AMD64"),
}


class Backend(StrEnum):
    """What runs the model layers."""

    CUDA = "cuda"
    ROCM = "rocm"
    VULKAN = "vulkan"
    METAL = "metal"
    CPU = "cpu"


class CudaVersion(NamedTuple):
    """A CUDA release line such as 12.6 (`patch` is None), or an exact release such as 12.6.3."""

    major: int
    minor: int
    patch: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `12.6` or `12.6.3`.

        Raises:
            ValueError: the text is neither.

        """
        match = re.fullmatch(r"(\d{1,2})\.(\d{1,2})(?:\.(\d{1,3}))?", text)
        if match is None:
            message = f"{text!r} is not a CUDA version such as 12.6 or 12.6.3"
            raise ValueError(message)
        major, minor, patch = match.groups()
        return cls(int(major), int(minor), None if patch is None else int(patch))

    def __str__(self) -> str:
        return ".".join(str(part) for part in self if part is not None)


class Capability(NamedTuple):
    """A compute capability such as 8.9.

    Source: https://developer.nvidia.com/cuda-gpus
    """

    major: int
    minor: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `8.9`.

        Raises:
            ValueError: the text is no compute capability.

        """
        match = re.fullmatch(r"(\d{1,2})\.(\d)", text)
        if match is None:
            message = f"{text!r} is not a compute capability such as 8.9"
            raise ValueError(message)
        return cls(int(match[1]), int(match[2]))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"
