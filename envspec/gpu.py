"""The words that all stages share: platforms, backends, CUDA versions, compute capabilities."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Literal, NamedTuple, Self


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

    @property
    def uses_gpu(self) -> bool:
        """Whether model layers run on a GPU."""
        return self is not Backend.CPU


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

    @property
    def line(self) -> CudaVersion:
        """The release line of an exact release: 12.6 of 12.6.3."""
        return CudaVersion(self.major, self.minor)

    @property
    def tag(self) -> str:
        """Name of the line in wheel indexes: cu126."""
        return f"cu{self.major}{self.minor}"

    def covers(self, release: CudaVersion) -> bool:
        """Whether `release` is this release, or one of this line."""
        return self.line == release.line and self.patch in {None, release.patch}

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


class Target(NamedTuple):
    """What GPU code was compiled for: 8.6, 9.0a or 12.0f; whether as machine code or as PTX is said beside it.

    Source: https://docs.nvidia.com/cuda/cuda-programming-guide/02-basics/nvcc.html
    """

    capability: Capability
    suffix: Literal["", "a", "f"] = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `8.6`, `9.0a` or `12.0f`.

        Raises:
            ValueError: the text is no target.

        """
        suffix: Literal["", "a", "f"] = "a" if text.endswith("a") else "f" if text.endswith("f") else ""
        return cls(Capability.parse(text.removesuffix(suffix)), suffix)

    def runs_on(self, gpu: Capability, *, tegra: bool = False) -> bool:
        """Whether machine code for this target runs on `gpu`.

        Code for 8.6 runs on 8.9, never on another major version; an `a` target on its own capability only, an `f`
        target on its family. Tegra GPUs run code for exactly themselves.
        """
        if self.suffix == "a" or tegra:
            return self.capability == gpu
        return self.capability.major == gpu.major and self.capability.minor <= gpu.minor

    def compiles_on(self, gpu: Capability) -> bool:
        """Whether a driver can compile PTX for this target when it loads it on `gpu`."""
        return self.runs_on(gpu) if self.suffix else self.capability <= gpu

    def __str__(self) -> str:
        return f"{self.capability}{self.suffix}"
