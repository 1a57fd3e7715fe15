"""Traps in the compilers that nvcc works with, and in CMake and the C library beside it."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.version import Version

from envspec.doctor.model import Finding, Severity
from envspec.doctor.rows import fits, winner
from envspec.host import CompilerKind

if TYPE_CHECKING:
    from envspec.catalog import Catalog, CudaLine
    from envspec.doctor.model import Findings, Trap
    from envspec.host import Compiler, Host, Toolkit

NVCC_HOSTS = "https://docs.nvidia.com/cuda/cuda-installation-guide-linux/index.html#host-compiler-support-policy"
CMAKE_KNOWS_NATIVE = Version("3.24")
"""First CMake with CMAKE_CUDA_ARCHITECTURES=native."""


def none(host: Host, _catalog: Catalog) -> Findings:
    """No compiler at all."""
    if host.compilers == ():
        yield Finding(
            id="compilers/none",
            severity=Severity.NOTE,
            what="no C++ compiler is installed",
            cause="where there is no wheel, llama-cpp-python is compiled",
            fix="use `base: conda`, which brings one on Linux; or install g++, Xcode's tools or Visual Studio's",
            source="https://github.com/abetlen/llama-cpp-python#installation",
        )


def too_new(host: Host, catalog: Catalog) -> Findings:
    """The compiler that nvcc takes by itself is not one that it supports."""
    found = winner(host, catalog)
    taken = _taken(host)
    if found is None or taken is None or fits(taken, found[1]):
        return
    toolkit, row = found
    fitting = next((one for one in host.compilers or () if one.kind is not CompilerKind.MSVC and fits(one, row)), None)
    if taken.kind is CompilerKind.MSVC:
        yield _visual_studio(host, taken, toolkit, row)
        return
    yield Finding(
        id="compilers/too-new",
        severity=Severity.WARNING,
        what=f"{taken.kind} {taken.version} ({taken.path}) is not for CUDA {toolkit.version}, which takes "
        f"gcc {row.gcc_min} to {row.gcc_max} and clang up to {row.clang_max}",
        cause="nvcc stops: unsupported GNU version, or unsupported clang version",
        fix=f"set CUDAHOSTCXX={fitting.path} ({fitting.kind} {fitting.version})"
        if fitting
        else f"install g++-{row.gcc_max} and set CUDAHOSTCXX to it, take a newer CUDA, or use `base: conda`",
        source=NVCC_HOSTS,
    )


def _taken(host: Host) -> Compiler | None:
    """The compiler that nvcc takes: the one that CUDAHOSTCXX names, the newest of Visual Studio, or else gcc."""
    named = dict(host.variables).get("CUDAHOSTCXX")
    compilers = host.compilers or ()
    if named:
        return next((one for one in compilers if named in {one.path, PurePath(one.path).name}), None)
    wanted = {CompilerKind.MSVC, CompilerKind.GCC}
    return next((one for one in compilers if one.kind in wanted), None)


def _visual_studio(host: Host, taken: Compiler, toolkit: Toolkit, row: CudaLine) -> Finding:
    """Visual Studio is newer than the toolkit allows."""
    fitting = next((one for one in host.compilers or () if fits(one, row)), None)
    return Finding(
        id="compilers/visual-studio",
        severity=Severity.WARNING,
        what=f"Visual Studio's toolset {taken.version} is not for CUDA {toolkit.version}, "
        f"which takes {row.visual_studio}",
        cause="nvcc stops with `unsupported Microsoft Visual Studio version`, or the C++ library with STL1002 "
        "(toolsets from 14.40 on want CUDA 12.4), which -allow-unsupported-compiler does not help against",
        fix=f"call vcvars64.bat -vcvars_ver={fitting.version.major}.{fitting.version.minor}, which is installed too"
        if fitting
        else f"add an older toolset ({row.visual_studio}) in the Visual Studio Installer, or take a newer CUDA",
        source="https://github.com/turboderp/exllamav2/issues/148",
    )


def glibc(host: Host, catalog: Catalog) -> Findings:
    """Headers of the C library that those of the toolkit clash with."""
    found = winner(host, catalog)
    version = host.glibc
    if found is None or version is None or _clean(found[1], version):
        return
    toolkit, row = found
    clean = next((line for line, other in catalog.line_of.items() if line > row.line and _clean(other, version)), None)
    yield Finding(
        id="compilers/glibc",
        severity=Severity.WARNING,
        what=f"{host.libc} is too new for the headers of CUDA {toolkit.version}",
        cause=f"from glibc {row.glibc_breaks} on, both declare the same functions: "
        "exception specification is incompatible with that of previous function",
        fix=(f"take CUDA {clean} or newer, or " if clean else "")
        + "use `base: conda`, which compiles with headers of its own",
        source="https://github.com/ggml-org/llama.cpp/issues/17615",
    )


def _clean(row: CudaLine, version: tuple[int, int]) -> bool:
    """Whether the headers of a CUDA line go with a glibc."""
    return row.glibc_breaks is None or version < row.glibc_breaks.release[:2]


def cmake(host: Host, catalog: Catalog) -> Findings:
    """A CMake that is too old to build with, or to compile for the GPU that is there."""
    if host.cmake is None:
        return
    needed = [Requirement(text) for era in catalog.llama_eras if era.until is None for text in era.build_requires]
    least = next((one.specifier for one in needed if one.name == "cmake"), None)
    if least is not None and host.cmake not in least:
        yield Finding(
            id="cmake/old",
            severity=Severity.WARNING,
            what=f"CMake {host.cmake} is older than llama-cpp-python asks for ({least})",
            cause="pip fetches a newer one into its build environment; a build without isolation or by hand fails",
            fix="install a newer one: uv tool install cmake",
            source="https://github.com/abetlen/llama-cpp-python/blob/main/pyproject.toml",
        )
    elif host.toolkits and host.cmake < CMAKE_KNOWS_NATIVE:
        yield Finding(
            id="cmake/native",
            severity=Severity.NOTE,
            what=f"CMake {host.cmake} does not know CMAKE_CUDA_ARCHITECTURES=native",
            cause=f"that came with {CMAKE_KNOWS_NATIVE}; with older ones a build is for a list of GPUs, or stops",
            fix="name the architecture, as envspec does, or install a newer CMake",
            source="https://cmake.org/cmake/help/latest/prop_tgt/CUDA_ARCHITECTURES.html",
        )


TRAPS: tuple[Trap, ...] = (none, too_new, glibc, cmake)
