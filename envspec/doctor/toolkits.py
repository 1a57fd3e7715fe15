"""Traps in the CUDA toolkits that are installed."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from envspec.doctor.model import Finding, Severity
from envspec.doctor.rows import capability, listed, nvidia, winner

if TYPE_CHECKING:
    from envspec.catalog import Catalog
    from envspec.doctor.model import Findings, Trap
    from envspec.host import Host, Toolkit

DISTRIBUTION = ("/usr/bin/nvcc", "/bin/nvcc", "/usr/lib/nvidia-cuda-toolkit/bin/nvcc")
FOUND_FIRST = {"CUDACXX", "PATH", "CUDA_PATH"}
"""Where CMake looks for nvcc."""
FIND_TOOLKIT = "https://cmake.org/cmake/help/latest/module/FindCUDAToolkit.html"
NAME_NVCC = "put the bin folder of the one that you want first on PATH, or set CUDACXX to its nvcc"


def none(host: Host, _catalog: Catalog) -> Findings:
    """A GPU and no toolkit, which is fine."""
    if nvidia(host) and not host.toolkits:
        yield Finding(
            id="toolkit/none",
            severity=Severity.NOTE,
            what="no CUDA toolkit is installed, and none is needed",
            cause="wheels bring the CUDA libraries that they use; only compiling needs nvcc",
            fix="nothing to do: where something must be compiled, envspec puts a toolkit into the environment",
            source="https://docs.nvidia.com/cuda/cuda-installation-guide-linux/index.html",
        )


def several(host: Host, _catalog: Catalog) -> Findings:
    """More than one line."""
    lines = {toolkit.version.line for toolkit in host.toolkits}
    if len(lines) > 1:
        names = listed(f"{toolkit.version} ({toolkit.nvcc})" for toolkit in host.toolkits)
        yield Finding(
            id="toolkit/several",
            severity=Severity.NOTE,
            what=f"several CUDA toolkits are installed: {names}; a build takes the first",
            cause="programs that look in different places take different ones",
            fix=NAME_NVCC,
            source=FIND_TOOLKIT,
        )


def distribution(host: Host, catalog: Catalog) -> Findings:
    """The toolkit of the distribution is the one that a build takes, and it is old."""
    if not host.toolkits or not _of_distribution(host.toolkits[0]):
        return
    first, oldest = host.toolkits[0], next(iter(catalog.line_of))
    newer = [toolkit for toolkit in host.toolkits[1:] if toolkit.version > first.version]
    if newer or first.version.line < oldest:
        yield Finding(
            id="toolkit/distribution",
            severity=Severity.WARNING,
            what=f"a build takes CUDA {first.version} of the distribution ({first.nvcc})"
            + (f", not {newer[0].version} ({newer[0].nvcc})" if newer else ""),
            cause="it is old: it knows no newer GPU (Unsupported gpu architecture), and takes only old compilers",
            fix="remove the package nvidia-cuda-toolkit of the distribution" + (f", or {NAME_NVCC}" if newer else ""),
            source="https://github.com/ggml-org/llama.cpp/issues/11696",
        )


def old(host: Host, catalog: Catalog) -> Findings:
    """Older than anything that the catalog knows."""
    if not host.toolkits or _of_distribution(host.toolkits[0]):
        return
    first, oldest = host.toolkits[0], next(iter(catalog.line_of))
    if first.version.line < oldest:
        yield Finding(
            id="toolkit/old",
            severity=Severity.WARNING,
            what=f"a build takes CUDA {first.version} ({first.nvcc})",
            cause=f"current llama.cpp does not compile with it; CUDA {oldest} is the oldest that envspec plans with",
            fix="leave the toolkit to envspec, or install a newer one",
            source="https://github.com/ggml-org/llama.cpp/issues/11112",
        )


def gpu(host: Host, catalog: Catalog) -> Findings:
    """The toolkit cannot compile for a GPU of this machine."""
    found = winner(host, catalog)
    if found is None:
        return
    toolkit, row = found
    able = {target.capability for target in row.targets}
    for number in sorted({known for one in nvidia(host) if (known := capability(one, catalog))} - able):
        fitting = [
            line
            for line, other in catalog.line_of.items()
            if catalog.releases_of[line] and number in {target.capability for target in other.targets}
        ]
        names = listed(dict.fromkeys(one.name for one in nvidia(host) if capability(one, catalog) == number))
        yield Finding(
            id="toolkit/gpu",
            severity=Severity.WARNING,
            what=f"CUDA {toolkit.version} ({toolkit.nvcc}) cannot compile for {names} ({number})",
            cause=f"its nvcc makes code for {min(able)} to {max(able)}: Unsupported gpu architecture",
            fix=f"take a toolkit from CUDA {fitting[0]} to {fitting[-1]}, or leave it to envspec"
            if fitting
            else "leave the toolkit to envspec",
            source="https://docs.nvidia.com/cuda/cuda-compiler-driver-nvcc/index.html#gpu-feature-list",
        )


def disagree(host: Host, _catalog: Catalog) -> Findings:
    """CUDA_HOME or CUDA_PATH and nvcc are of different toolkits."""
    variables = dict(host.variables)
    for name in ("CUDA_HOME", "CUDA_PATH"):
        other = next((toolkit for toolkit in host.toolkits if name in _ways(toolkit)), None)
        if variables.get(name) and other and other != host.toolkits[0]:
            first = host.toolkits[0]
            yield Finding(
                id="toolkit/disagree",
                severity=Severity.WARNING,
                what=f"nvcc is of CUDA {first.version} ({first.nvcc}), {name} of CUDA {other.version} ({other.nvcc})",
                cause="CMake takes the one, extensions of torch take the other: mixed headers and libraries",
                fix=f"unset {name}, or put {PurePath(other.nvcc).parent} first on PATH",
                source="https://docs.pytorch.org/docs/stable/cpp_extension.html",
            )


def home_empty(host: Host, _catalog: Catalog) -> Findings:
    """CUDA_HOME or CUDA_PATH names a folder without nvcc."""
    for name, value in host.variables:
        known = any(name in _ways(toolkit) for toolkit in host.toolkits)
        if name in {"CUDA_HOME", "CUDA_PATH"} and value and not known:
            yield Finding(
                id="toolkit/home-empty",
                severity=Severity.WARNING,
                what=f"{name} is {value}, where no nvcc is",
                cause="builds look there first; on Windows, llama_cpp does not even load when the folder is missing",
                fix=f"unset {name}, or set it to the folder that holds bin/nvcc",
                source="https://github.com/abetlen/llama-cpp-python/issues/1077",
            )


def cudacxx(host: Host, _catalog: Catalog) -> Findings:
    """CUDACXX names no nvcc."""
    value = dict(host.variables).get("CUDACXX")
    if value and not any("CUDACXX" in _ways(toolkit) for toolkit in host.toolkits):
        yield Finding(
            id="toolkit/cudacxx",
            severity=Severity.ERROR,
            what=f"CUDACXX is {value}, which is no nvcc that runs",
            cause="CMake stops: could not find compiler set in environment variable CUDACXX",
            fix="unset CUDACXX, or set it to the path of an nvcc",
            source="https://cmake.org/cmake/help/latest/envvar/CUDACXX.html",
        )


def not_found(host: Host, _catalog: Catalog) -> Findings:
    """A toolkit that CMake does not see."""
    if host.toolkits and not any(FOUND_FIRST & _ways(toolkit) for toolkit in host.toolkits):
        toolkit = host.toolkits[0]
        yield Finding(
            id="toolkit/not-on-path",
            severity=Severity.NOTE,
            what=f"CUDA {toolkit.version} is installed ({toolkit.nvcc}), but not on PATH",
            cause="a build by hand ends with: No CMAKE_CUDA_COMPILER could be found",
            fix=f"to use it, set CUDACXX={toolkit.nvcc}; environments of envspec need neither",
            source=FIND_TOOLKIT,
        )


def incomplete(host: Host, _catalog: Catalog) -> Findings:
    """An nvcc without the libraries to link."""
    if host.toolkits and not host.toolkits[0].complete:
        toolkit = host.toolkits[0]
        line = str(toolkit.version.line).replace(".", "-")
        yield Finding(
            id="toolkit/incomplete",
            severity=Severity.WARNING,
            what=f"CUDA {toolkit.version} ({toolkit.nvcc}) has no cuBLAS or CUDA runtime to compile with",
            cause="llama.cpp links both; its CMake ends with: CUDA::cublas but the target was not found",
            fix=f"install NVIDIA's libcublas-dev-{line} and cuda-cudart-dev-{line}, or leave the toolkit to envspec",
            source="https://github.com/abetlen/llama-cpp-python/issues/2106",
        )


def _of_distribution(toolkit: Toolkit) -> bool:
    return toolkit.nvcc in DISTRIBUTION


def _ways(toolkit: Toolkit) -> set[str]:
    return set(toolkit.origin.split(", "))


TRAPS: tuple[Trap, ...] = (
    *(none, several, distribution, old, gpu, disagree),
    *(home_empty, cudacxx, not_found, incomplete),
)
