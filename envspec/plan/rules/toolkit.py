"""Rules about the CUDA toolkit that compiles: can it be had, does it know the GPU, does the compiler fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envspec.gpu import Platform
from envspec.host import CompilerKind
from envspec.plan.candidates import Refusal
from envspec.plan.rules.words import gpus
from envspec.spec import Base, ToolkitSource

if TYPE_CHECKING:
    from envspec.catalog import CudaLine, CudaRelease
    from envspec.host import Compiler
    from envspec.plan.candidates import Toolkit
    from envspec.plan.code import Verdict
    from envspec.plan.question import Question

CONDA = {ToolkitSource.CONDA_FORGE, ToolkitSource.CONDA_LABEL}
MSC_VERSION_BASE = 1900
"""`_MSC_VER` of toolset 14.N is 1900 + N: https://learn.microsoft.com/cpp/overview/compiler-versions"""


def requested(question: Question, _platform: Platform, toolkit: Toolkit, _worst: Verdict) -> Refusal | None:
    """It is of the line, or the release, of the spec."""
    wanted = question.spec.cuda
    if wanted and not wanted.covers(toolkit.release.release):
        return Refusal(f"the spec asks for CUDA {wanted}")
    return None


def source(question: Question, platform: Platform, toolkit: Toolkit, _worst: Verdict) -> Refusal | None:
    """The source has this release, and the base of the spec can use it."""
    row, line = toolkit.release, toolkit.line
    if toolkit.source in CONDA and question.spec.base is not Base.CONDA:
        return Refusal("conda packages need `base: conda`")
    if toolkit.source is ToolkitSource.SYSTEM:
        return _installed(question, platform, row)
    first = next((known for known, row in question.catalog.line_of.items() if row.nvcc_on_index), None)
    lacks = {
        ToolkitSource.CONDA_LABEL: row.label is None and "no conda label of the nvidia channel is known for it",
        ToolkitSource.CONDA_FORGE: not row.conda_forge and "conda-forge does not have it",
        ToolkitSource.NONE: "`toolkit: none`: there is no nvcc to compile with",
        ToolkitSource.PYPI: (not line.nvcc_on_index and f"its wheels hold no nvcc; those of CUDA {first} are the first")
        or (row.pypi is None and "the default index does not have it"),
    }
    reason = lacks[toolkit.source]
    return Refusal(reason, row.source) if reason else None


def _installed(question: Question, platform: Platform, release: CudaRelease) -> Refusal | None:
    """Believe a spec that says `toolkit: system` about a machine that is not known.

    nvcc does not print the patch level of its toolkit, only its own build: an exact release is known by that.
    """
    host, line = question.host_of(platform), release.release.line
    if host is None:
        named = question.spec.toolkit.source is ToolkitSource.SYSTEM
        return None if named else Refusal(f"not known to be installed on {platform}; `toolkit: system` says so")
    exact = question.spec.cuda is not None and question.spec.cuda.patch is not None
    known = {row.nvcc for row in question.catalog.releases_of[line]}
    for found in host.toolkits:
        same = found.build == release.nvcc or (not exact and found.build not in known)
        if found.version.line == line and found.complete and same:
            return None
    have = ", ".join(str(found.build or found.version) for found in host.toolkits) or "none"
    return Refusal(f"CUDA {line} is not installed on the machine, or without cuBLAS; nvcc found: {have}")


def code(question: Question, _platform: Platform, toolkit: Toolkit, _worst: Verdict) -> Refusal | None:
    """Its nvcc compiles for the capability of each GPU."""
    able = {target.capability for target in toolkit.line.targets}
    missing = [capability for capability in question.capabilities if capability not in able]
    if not missing:
        return None
    held = f"{min(able)} to {max(able)}"
    return Refusal(
        f"nvcc of CUDA {toolkit.line.line} makes no code for {gpus(missing)}, only {held}", toolkit.line.source
    )


def compiler(question: Question, platform: Platform, toolkit: Toolkit, _worst: Verdict) -> Refusal | None:
    """A host compiler within its limits is there; conda brings one, except on Windows."""
    host = question.host_of(platform)
    if host is None or host.compilers is None:
        return None
    if question.spec.base is Base.CONDA and platform is not Platform.WIN_64:
        return None
    if {"CMAKE_CUDA_HOST_COMPILER", "CMAKE_CXX_COMPILER"} & set(question.cmake):
        return None
    if any(compiler_fits(found, toolkit.line, platform) for found in host.compilers):
        return None
    have = ", ".join(f"{found.kind} {found.version}" for found in host.compilers) or "none"
    limits = compiler_limits(toolkit.line, platform)
    return Refusal(f"CUDA {toolkit.line.line} needs {limits}; the machine has {have}", toolkit.line.source)


def compiler_fits(found: Compiler, line: CudaLine, platform: Platform) -> bool:
    """Whether nvcc of a line takes a host compiler; on Windows it takes MSVC only."""
    if platform is Platform.WIN_64:
        msc = MSC_VERSION_BASE + found.version.minor
        return found.kind is CompilerKind.MSVC and line.msc_min <= msc <= line.msc_max
    if found.kind is CompilerKind.CLANG:
        return found.version.major <= line.clang_max
    return line.gcc_min <= found.version.major <= line.gcc_max


def compiler_limits(line: CudaLine, platform: Platform) -> str:
    """The host compilers that nvcc of a line takes, in words."""
    if platform is Platform.WIN_64:
        newest = f"14.{line.msc_max - MSC_VERSION_BASE}"
        return f"{line.visual_studio} (MSVC toolset up to {newest})"
    return f"gcc {line.gcc_min} to {line.gcc_max}, or clang up to {line.clang_max}"


def glibc(question: Question, platform: Platform, toolkit: Toolkit, _worst: Verdict) -> Refusal | None:
    """Its headers go with those of the host's glibc; conda has its own."""
    found, breaks = question.glibc(platform), toolkit.line.glibc_breaks
    if found is None or breaks is None or found < breaks or question.spec.base is Base.CONDA:
        return None
    reason = f"headers of CUDA {toolkit.line.line} clash with glibc {breaks} and newer; the machine has {found}"
    return Refusal(reason, toolkit.line.source)
