"""What the catalog says about the parts of a machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envspec.catalog import NvidiaGpu
from envspec.gpu import Platform
from envspec.host import CompilerKind, Vendor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.version import Version

    from envspec.catalog import Catalog, CudaLine, CudaRelease
    from envspec.gpu import Capability
    from envspec.host import Compiler, Gpu, Host, Toolkit

MSC_VERSION_BASE = 1900
"""`_MSC_VER` of toolset 14.N is 1900 + N: https://learn.microsoft.com/cpp/overview/compiler-versions"""


def nvidia(host: Host) -> tuple[Gpu, ...]:
    """GPUs of NVIDIA."""
    return tuple(gpu for gpu in host.gpus if gpu.vendor is Vendor.NVIDIA)


def capability(gpu: Gpu, catalog: Catalog) -> Capability | None:
    """What the driver tells, or else what is known of a GPU of this name."""
    if gpu.capability or gpu.vendor is not Vendor.NVIDIA:
        return gpu.capability
    row = catalog.gpu_named(gpu.name)
    return row.capability if isinstance(row, NvidiaGpu) else None


def winner(host: Host, catalog: Catalog) -> tuple[Toolkit, CudaLine] | None:
    """The toolkit that a build takes, and its row; None where there is no toolkit or no row."""
    row = catalog.line_of.get(host.toolkits[0].version.line) if host.toolkits else None
    return (host.toolkits[0], row) if row else None


def with_windows_driver(host: Host) -> bool:
    """Whether the driver is numbered as on Windows."""
    return host.wsl or host.platform is Platform.WIN_64


def least_driver(row: CudaLine, host: Host) -> Version:
    """Oldest driver that runs machine code of a CUDA line."""
    return row.least_driver(windows=with_windows_driver(host))


def shipped_driver(releases: Iterable[CudaRelease], host: Host) -> Version | None:
    """Driver that came with the oldest of these releases of which that is known."""
    windows = with_windows_driver(host)
    drivers = [row.shipped_driver(windows=windows) for row in releases]
    return min((driver for driver in drivers if driver), default=None)


def fits(compiler: Compiler, row: CudaLine) -> bool:
    """Whether nvcc of a CUDA line takes a host compiler."""
    if compiler.kind is CompilerKind.GCC:
        return row.gcc_min <= compiler.version.major <= row.gcc_max
    if compiler.kind is CompilerKind.CLANG:
        return compiler.version.major <= row.clang_max
    return row.msc_min <= MSC_VERSION_BASE + compiler.version.minor <= row.msc_max


def listed(words: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
