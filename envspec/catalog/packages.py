"""Rows about torch and llama-cpp-python."""

from __future__ import annotations

from typing import Annotated, Literal

from envspec.catalog.model import Row, Span, Words
from envspec.frozen import Frozen
from envspec.gpu import Backend, Platform
from envspec.scalars import CapabilityText, CudaText, TargetText, VersionText


class TorchRelease(Row):
    """One release of torch, whatever its wheels were built for."""

    KEY = ("version",)

    version: VersionText
    torchvision: VersionText
    torchaudio: VersionText
    glibc: VersionText
    """Oldest glibc of its Linux wheels."""


class TorchWheel(Row):
    """The wheels of one torch release, one index tag and one platform."""

    KEY = ("torch", "tag", "platform")

    torch: VersionText
    tag: str
    """cpu, cu126, rocm6.4, ... as in https://download.pytorch.org/whl/cu126."""
    platform: Platform
    python: Annotated[tuple[int, ...], Words]
    """Python 3 minor versions."""
    glibc: VersionText | None = None
    """Oldest glibc, where it is not that of the release."""
    sm: Annotated[tuple[TargetText, ...], Words] = ()
    """Targets whose machine code every fat binary of libtorch_cuda holds."""
    ptx: Annotated[tuple[TargetText, ...], Words] = ()
    unconfirmed: bool = False
    """Nobody has seen that the index has it."""


class TorchGap(Span):
    """A part of torch that has no code for a GPU that the rest supports."""

    KEY = ("library", "since", "capability")

    library: str
    capability: CapabilityText
    tags: Annotated[tuple[str, ...], Words]
    platforms: Annotated[tuple[Platform, ...], Words]
    effect: str


class RocmIndex(Row):
    """What the wheels of one ROCm tag are compiled for."""

    KEY = ("tag",)

    tag: str
    gfx: Annotated[tuple[str, ...], Words]


class KnownArchive(Frozen):
    """A source archive that was read: with its hash goes its metadata, so nobody downloads it to resolve."""

    sha256: str
    requires: tuple[str, ...]
    """`Requires-Dist` of its PKG-INFO."""


class LlamaRelease(Row):
    """One release of llama-cpp-python."""

    KEY = ("version",)

    version: VersionText
    llama_cpp: str
    """Commit of the llama.cpp inside, and its build number where known."""
    archive: KnownArchive | None = None


class LlamaEra(Span):
    """Releases of llama-cpp-python that name their switches and build needs alike."""

    KEY = ("since",)

    switches: dict[Backend, str]
    build_requires: tuple[str, ...]


class LlamaOption(Span):
    """A CMake option of llama-cpp-python, of llama.cpp or of ggml, in the releases that read it."""

    KEY = ("option", "since")

    option: str
    became: str | None = None
    """Its name afterwards, where it was renamed."""


class LeftOut(Span):
    """An option of llama.cpp that the Python package can do without."""

    KEY = ("option", "since")

    option: str
    reason: str


class LlamaUnbuildable(Span):
    """Releases that a CUDA line cannot compile for some GPUs."""

    KEY = ("since", "cuda", "capability")

    cuda: CudaText
    """This line and all before it."""
    capability: CapabilityText
    """This capability and all above it."""
    reason: str


class LlamaRewrite(Span):
    """Releases that change architectures of one major version: 120 becomes 120a."""

    KEY = ("since", "major")

    major: int
    suffix: Literal["a", "f"]


class LlamaWheel(Span):
    """Prebuilt wheels of llama-cpp-python: one index tag and platform, all releases of the span."""

    KEY = ("tag", "platform", "since")

    index: str
    """URL of the simple index."""
    tag: str
    """cu124, rocm72, hip-radeon, vulkan, metal, cpu."""
    backend: Backend
    platform: Platform
    cuda: CudaText | None = None
    """Toolkit it was built with."""
    sm: Annotated[tuple[TargetText, ...], Words] = ()
    ptx: Annotated[tuple[TargetText, ...], Words] = ()
    gfx: Annotated[tuple[str, ...], Words] = ()
    python: Annotated[tuple[int, ...], Words] = ()
    """Python 3 minor versions; empty: any (py3-none)."""
    glibc: VersionText | None = None


class RocmMinimum(Span):
    """Oldest ROCm that a release of llama-cpp-python compiles with."""

    KEY = ("since",)

    rocm: VersionText
