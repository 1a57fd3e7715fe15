"""Traps in environment variables, old guides' most of all."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from envspec.doctor.model import Finding, Severity
from envspec.doctor.rows import listed

if TYPE_CHECKING:
    from envspec.catalog import Catalog
    from envspec.doctor.model import Findings, Trap
    from envspec.host import Host

BUILD = "https://github.com/ggml-org/llama.cpp/blob/master/docs/build.md"
COMPILERS = {"CC": {"cc", "gcc"}, "CXX": {"c++", "g++"}, "CUDAHOSTCXX": {"c++", "g++", "gcc"}}
SKBUILD = "https://scikit-build-core.readthedocs.io/en/latest/configuration/index.html"


def force_cmake(host: Host, _catalog: Catalog) -> Findings:
    """FORCE_CMAKE of old guides."""
    if "FORCE_CMAKE" in dict(host.variables):
        yield Finding(
            id="variables/force-cmake",
            severity=Severity.NOTE,
            what="FORCE_CMAKE is set, and does nothing",
            cause="llama-cpp-python is built by scikit-build-core since 0.2.0, which always uses CMake",
            fix="unset FORCE_CMAKE; to compile although there is a wheel: pip install --no-binary llama-cpp-python",
            source=SKBUILD,
        )


def not_read(host: Host, catalog: Catalog) -> Findings:
    """CMake options as environment variables."""
    options = {row.option for row in catalog.llama_options if row.option.startswith(("GGML_", "LLAMA_"))}
    found = [name for name, _ in host.variables if name in options]
    if found:
        yield Finding(
            id="variables/not-read",
            severity=Severity.WARNING,
            what=f"the environment has {listed(found)}: CMake does not read options from there",
            cause="a build goes on without them, so one that was meant for the GPU ends on the CPU",
            fix=f"unset them; a build reads CMAKE_ARGS='-D{found[0]}=on', a spec `cmake: {{{found[0]}: true}}`",
            source=BUILD,
        )


def blank(host: Host, _catalog: Catalog) -> Findings:
    """`set CMAKE_ARGS = ...` in cmd.exe."""
    for name, _ in host.variables:
        if name != name.rstrip():
            yield Finding(
                id="variables/blank",
                severity=Severity.WARNING,
                what=f"there is a variable {name!r}, with a blank at the end of its name",
                cause=f"in cmd.exe, `set {name}= value` makes a variable of that name, and {name.rstrip()} stays unset",
                fix=f"write `set {name.rstrip()}=value`, without blanks around the sign",
                source="https://learn.microsoft.com/windows-server/administration/windows-commands/set_1",
            )


def architectures(host: Host, _catalog: Catalog) -> Findings:
    """CMAKE_CUDA_ARCHITECTURES as an environment variable."""
    value = dict(host.variables).get("CMAKE_CUDA_ARCHITECTURES")
    if value is not None:
        yield Finding(
            id="variables/architectures",
            severity=Severity.WARNING,
            what="CMAKE_CUDA_ARCHITECTURES is set as an environment variable, and does nothing",
            cause="CMake reads CUDAARCHS from the environment; the other is an option",
            fix=f"set CUDAARCHS={value}, or CMAKE_ARGS=-DCMAKE_CUDA_ARCHITECTURES={value}",
            source="https://cmake.org/cmake/help/latest/envvar/CUDAARCHS.html",
        )


def compilers(host: Host, _catalog: Catalog) -> Findings:
    """CC, CXX, CUDAHOSTCXX that are not the system's."""
    given = [(name, value) for name, value in host.variables if value and name in COMPILERS]
    other = [f"{name}={value}" for name, value in given if PurePath(value).name not in COMPILERS[name]]
    if other:
        yield Finding(
            id="variables/compilers",
            severity=Severity.NOTE,
            what=f"{listed(other)}: builds in this shell take another compiler than the system's",
            cause="a compiler that nvcc does not accept, or with another C++ library, ends in errors far from here",
            fix="unset them unless they are meant; envspec builds without them, and takes them from a spec only",
            source="https://cmake.org/cmake/help/latest/envvar/CUDAHOSTCXX.html",
        )


def extra_index(host: Host, _catalog: Catalog) -> Findings:
    """Two indexes that pip mixes."""
    if dict(host.variables).get("PIP_EXTRA_INDEX_URL"):
        yield Finding(
            id="variables/extra-index",
            severity=Severity.WARNING,
            what="PIP_EXTRA_INDEX_URL is set",
            cause="pip takes the highest version from whichever index has it: a CPU torch replaces the CUDA one, and "
            "anybody's package of the same name replaces yours",
            fix="unset it, and give each package its index where it is installed; envspec pins files by hash",
            source="https://pip.pypa.io/en/stable/cli/pip_install/#cmdoption-extra-index-url",
        )


def unsupported_compiler(host: Host, _catalog: Catalog) -> Findings:
    """`-allow-unsupported-compiler` for every nvcc."""
    for name, value in host.variables:
        if name in {"NVCC_APPEND_FLAGS", "NVCC_PREPEND_FLAGS"} and "-allow-unsupported-compiler" in value:
            yield Finding(
                id="variables/unsupported-compiler",
                severity=Severity.WARNING,
                what=f"{name} has -allow-unsupported-compiler",
                cause="nvcc then takes compilers that it was never tested with: builds fail late, or crash when run",
                fix=f"unset {name}, and give nvcc a compiler that it supports with CUDAHOSTCXX",
                source="https://docs.nvidia.com/cuda/cuda-compiler-driver-nvcc/index.html",
            )


def conda_override(host: Host, _catalog: Catalog) -> Findings:
    """Conda is told another CUDA than the driver's."""
    value = dict(host.variables).get("CONDA_OVERRIDE_CUDA")
    if value is not None and not (host.driver and str(host.driver.cuda) == value):
        yield Finding(
            id="variables/conda-override",
            severity=Severity.NOTE,
            what=f"CONDA_OVERRIDE_CUDA is {value or 'empty'}: conda believes that instead of the driver",
            cause="it solves for a CUDA that this machine may not run; empty, it takes packages for the CPU",
            fix="unset it, except where an environment for another machine is solved",
            source="https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-virtual.html",
        )


def leaks(host: Host, _catalog: Catalog) -> Findings:
    """What reaches into every environment."""
    found = [name for name, value in host.variables if value and name in {"LD_PRELOAD", "PYTHONPATH"}]
    if found:
        yield Finding(
            id="variables/leaks",
            severity=Severity.NOTE,
            what=f"{listed(found)}: set for every program",
            cause="its modules and libraries come before those of any environment",
            fix=f"unset {' '.join(found)} where an environment behaves strangely",
            source="https://docs.python.org/3/using/cmdline.html#envvar-PYTHONPATH",
        )


TRAPS: tuple[Trap, ...] = (
    *(force_cmake, not_read, blank, architectures, compilers),
    *(extra_index, unsupported_compiler, conda_override, leaks),
)
