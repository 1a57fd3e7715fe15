"""What the tables hold: one class per kind of row, each with its source and how well it is known."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from packaging.version import Version
from pydantic import BeforeValidator

from envspec.frozen import Frozen
from envspec.gpu import Backend, Platform
from envspec.scalars import CapabilityText, CudaText, TargetText, VersionText

Confidence = Literal["measured", "declared", "inferred"]
"""Read from the files themselves; said by their maker; concluded from neighbours. The first beats the second."""


def _words(value: object) -> object:
    """Let `5.0 6.0 7.5` stand for a list: shorter rows, and faster to read."""
    return tuple(value.split()) if isinstance(value, str) else value


Words = BeforeValidator(_words)


NUMBERS_OF_A_BRANCH = 10
"""Windows drivers of branch 580 go up to 582, those of 470 up to 475.

Source: https://docs.nvidia.com/datacenter/tesla/drivers/supported-drivers-and-cuda-toolkit-versions.html
"""


class Row(Frozen):
    """A fact, how well it is known and where it comes from."""

    KEY: ClassVar[tuple[str, ...]] = ()
    """Fields that name the row: an overlay that has a row of the same key corrects it."""

    confidence: Confidence
    source: str
    """URL, or what was read."""
    note: str = ""


class Span(Row):
    """A fact about all versions from `since` to `until`, both included."""

    since: VersionText
    until: VersionText | None = None

    def covers(self, version: Version) -> bool:
        """Whether this row speaks about `version`."""
        return self.since <= version and (self.until is None or version <= self.until)


class Index(Row):
    """A package index or channel host; an overlay can name a mirror of it."""

    KEY = ("name",)

    name: Literal["torch", "conda"]
    url: str


class CudaLine(Row):
    """What all releases of a CUDA line have in common."""

    KEY = ("line",)

    line: CudaText
    driver_linux: VersionText
    """Oldest driver that runs machine code of this line (minor-version compatibility)."""
    driver_windows: VersionText
    targets: Annotated[tuple[TargetText, ...], Words]
    """What nvcc compiles for."""
    gcc_min: int
    gcc_max: int
    clang_max: int
    msc_min: int
    """`_MSC_VER`, such as 1910."""
    msc_max: int
    visual_studio: str
    glibc_breaks: VersionText | None = None
    """First glibc whose headers clash with those of the toolkit."""
    nvcc_on_index: bool
    """Whether the wheels of the default index hold the whole compiler."""

    def least_driver(self, *, windows: bool) -> Version:
        """Oldest driver that runs machine code of this line, by the numbers of Windows or of Linux."""
        return self.driver_windows if windows else self.driver_linux


class CudaRelease(Row):
    """One release of the CUDA toolkit."""

    KEY = ("release",)

    release: CudaText
    nvcc: VersionText
    driver_linux: VersionText | None = None
    """Driver that came with it; older ones cannot compile its PTX."""
    driver_windows: VersionText | None = None
    label: str | None = None
    """Conda label of the nvidia channel, such as `nvidia/label/cuda-12.6.3`."""
    conda_forge: bool = False
    """Whether conda-forge has the whole toolkit."""
    pypi: str | None = None
    """Version of the cuda-toolkit package on the default index."""

    def shipped_driver(self, *, windows: bool) -> Version | None:
        """Driver that came with it; on Windows, where 13.0 and later bring none, the branch of that for Linux."""
        if not windows or self.driver_windows:
            return self.driver_windows if windows else self.driver_linux
        return self.driver_linux and Version(str(self.driver_linux.major))


class Architecture(Row):
    """A compute capability and what its GPUs are called."""

    KEY = ("capability",)

    capability: CapabilityText
    name: str
    tegra: bool = False
    """An embedded GPU; it runs code for exactly its own capability."""
    last_driver: int | None = None
    """Last driver branch that supports it."""

    def dropped_by(self, driver: Version) -> bool:
        """Whether a driver is of a later branch than the last one for it."""
        return self.last_driver is not None and driver.major >= self.last_driver + NUMBERS_OF_A_BRANCH


class NvidiaGpu(Row):
    """A GPU that people can buy."""

    KEY = ("name",)

    name: str
    """As NVIDIA calls it, without `NVIDIA`."""
    aliases: Annotated[tuple[str, ...], Words] = ()
    """Further short names, such as `gtx-1060`."""
    driver_name: str | None = None
    """As the driver calls it, where that differs."""
    capability: CapabilityText
    memory: Annotated[tuple[float, ...], Words]
    """GB; several where it was sold with several sizes."""
    form: Literal["desktop", "laptop", "workstation", "datacenter", "embedded"]
    platforms: Annotated[tuple[Platform, ...], Words] = ()
    """Where alone it exists: one module with its CPU; empty: anywhere."""


class AmdGpu(Row):
    """AMD GPUs of one LLVM target."""

    KEY = ("gfx",)

    gfx: str
    name: str
    """Architecture, such as RDNA3."""
    models: tuple[str, ...]


class BackendRow(Row):
    """Where a backend exists."""

    KEY = ("backend",)

    backend: Backend
    platforms: Annotated[tuple[Platform, ...], Words]
    torch: Literal["cuda", "rocm", "cpu"]
    """Which torch wheels go with it."""
