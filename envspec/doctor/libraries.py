"""Traps in the search path of libraries."""

from __future__ import annotations

import re
from pathlib import PurePath, PureWindowsPath
from typing import TYPE_CHECKING

from envspec.doctor.model import Finding, Severity
from envspec.doctor.rows import listed
from envspec.gpu import Platform

if TYPE_CHECKING:
    from envspec.catalog import Catalog
    from envspec.doctor.model import Findings, Trap
    from envspec.host import Host

CUDART = re.compile(r"libcudart\.so\.(\d+)(?:\.\d+)*|cudart64_(\d{2})\d?\.dll", re.IGNORECASE)
"""Both 11.0 and 110 are of CUDA 11."""


def stubs(host: Host, _catalog: Catalog) -> Findings:
    """A driver stub that comes before the driver."""
    drivers = [PurePath(path) for path in host.libraries if PurePath(path).name.startswith("libcuda.so")]
    first = next(iter(drivers), None)
    if first is None or first.parent.name != "stubs":
        return
    loaded = first.with_name("libcuda.so.1") in drivers
    yield Finding(
        id="libraries/stub",
        severity=Severity.ERROR if loaded else Severity.WARNING,
        what=f"LD_LIBRARY_PATH leads to a stub of the driver: {first}",
        cause="stubs are for linking; a program that loads one says `CUDA driver is a stub library`, or finds no GPU"
        + ("" if loaded else " (it has no libcuda.so.1, so only those that load libcuda.so by name do)"),
        fix=f"take {first.parent} out of LD_LIBRARY_PATH; where it was put there to link, use LIBRARY_PATH instead",
        source="https://github.com/NVIDIA/warp/issues/219",
    )


def cudart(host: Host, _catalog: Catalog) -> Findings:
    """CUDA runtimes of several major versions."""
    majors: dict[str, str] = {}
    for path in host.libraries:
        name = PureWindowsPath(path).name
        if match := CUDART.fullmatch(name):
            majors.setdefault(match[1] or match[2], path)
    if len(majors) > 1:
        yield Finding(
            id="libraries/cudart",
            severity=Severity.WARNING,
            what=f"{_variable(host)} leads to the runtimes of CUDA {listed(majors)}: {listed(majors.values())}",
            cause="one process may load parts of both: undefined symbols, or errors of cuBLAS without a reason",
            fix=f"leave at most one toolkit in {_variable(host)}; environments bring their own libraries",
            source="https://docs.nvidia.com/deploy/cuda-compatibility/",
        )


def before(host: Host, _catalog: Catalog) -> Findings:
    """CUDA libraries that come before those of an environment."""
    names = [path for path in host.libraries if re.search(r"lib(cudart|cublas)\.so", path)]
    if names and host.platform is not Platform.WIN_64:
        folders = listed(dict.fromkeys(str(PurePath(path).parent) for path in names))
        yield Finding(
            id="libraries/before",
            severity=Severity.NOTE,
            what=f"LD_LIBRARY_PATH puts the CUDA libraries in {folders} before those of every environment",
            cause="torch and llama-cpp-python are tested with the libraries that they bring, and load these instead",
            fix="unset LD_LIBRARY_PATH where an environment behaves strangely; envspec unsets it for builds and checks",
            source="https://man7.org/linux/man-pages/man8/ld.so.8.html",
        )


def _variable(host: Host) -> str:
    return "PATH" if host.platform is Platform.WIN_64 else "LD_LIBRARY_PATH"


TRAPS: tuple[Trap, ...] = (stubs, cudart, before)
