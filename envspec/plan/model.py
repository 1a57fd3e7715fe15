"""The Plan: what to install and how to build it, for all platforms, with reasons."""

from __future__ import annotations

from typing import Literal

from envspec.frozen import Frozen
from envspec.gpu import Backend, Platform
from envspec.spec import Base, ToolkitSource


class Choice(Frozen):
    """One decision and why it was made."""

    topic: str
    value: str
    reason: str
    source: str | None = None


class Rejection(Frozen):
    """Candidates that were not taken, and the rule that refused them."""

    candidate: str
    rule: str
    reason: str
    source: str | None = None


class GpuPlan(Frozen):
    """A GPU that the spec names, and how each part runs on it."""

    name: str
    target: str
    """Compute capability or LLVM target: 8.9, gfx1100."""
    torch: Literal["native", "jit"] | None = None
    llama: Literal["native", "jit"] | None = None


class ToolkitPlan(Frozen):
    """The CUDA toolkit that compiles."""

    release: str
    """Exact release; of a system toolkit only the line counts."""
    source: ToolkitSource
    package: str | None
    """Conda label, or requirement of the default index."""
    nvcc: str
    compilers: tuple[tuple[Platform, str], ...]
    """Host compilers that it takes, in words."""


class CudaPlan(Frozen):
    """The one CUDA of the environment."""

    line: str
    drivers: tuple[tuple[Platform, str], ...]
    """Oldest driver that runs it."""
    runtime: Literal["torch", "conda", "pypi", "system"]
    """Who brings libcudart and libcublas."""
    toolkit: ToolkitPlan | None
    """None where nothing is compiled."""


class TorchPlan(Frozen):
    """The torch that is installed."""

    version: str
    tag: str
    index: str
    packages: tuple[tuple[str, str], ...]
    """torch and its companions with their versions."""

    def named(self, platforms: tuple[Platform, ...]) -> str:
        """Version with its tag, as the wheels have it: 2.14.1+cu126; those for macOS have no tag."""
        return self.version if platforms == (Platform.OSX_ARM64,) else f"{self.version}+{self.tag}"


class LlamaInstall(Frozen):
    """How one platform gets llama-cpp-python."""

    platform: Platform
    wheel: str | None
    """Tag of the wheel index; None: compiled from source."""
    index: str | None = None


class CMakeOption(Frozen):
    """One `-DNAME=VALUE` of the build and why it is given."""

    name: str
    value: str
    reason: str


class SourceBuild(Frozen):
    """How llama-cpp-python is compiled."""

    version: str
    cmake: tuple[CMakeOption, ...]
    left_out: tuple[str, ...]
    """Options of llama.cpp itself that are switched off although upstream forces them on."""
    requires: tuple[str, ...]
    """PEP 508 requirements of the build environment."""
    library_paths: tuple[tuple[Platform, tuple[str, ...]], ...] = ()
    """Folders relative to the library's own, where it finds the CUDA libraries of the environment."""


class LlamaPlan(Frozen):
    """The llama-cpp-python that is installed."""

    version: str
    extras: tuple[str, ...]
    installs: tuple[LlamaInstall, ...]


class Plan(Frozen):
    """One consistent answer; holds of a machine only what the spec left to it."""

    name: str
    python: str
    platforms: tuple[Platform, ...]
    base: Base
    backend: Backend
    gpus: tuple[GpuPlan, ...] = ()
    cuda: CudaPlan | None = None
    torch: TorchPlan | None = None
    llama: LlamaPlan | None = None
    requirements: tuple[str, ...]
    """PEP 508 requirements of the default index that the Python packages are locked from."""
    build: SourceBuild | None
    environment: tuple[tuple[str, str], ...]
    choices: tuple[Choice, ...]
    rejections: tuple[Rejection, ...]
    warnings: tuple[str, ...]
