"""Traps in what is around the GPU: container, WSL, processor, memory, disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envspec.doctor.model import Finding, Severity
from envspec.doctor.rows import listed, nvidia
from envspec.gpu import Platform
from envspec.host import Fault, Vendor

if TYPE_CHECKING:
    from envspec.catalog import Catalog
    from envspec.doctor.model import Findings, Trap
    from envspec.host import Host

CONTAINERS = "https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/troubleshooting.html"
MEMORY, DISK = 4 * 10**9, 10 * 10**9
"""Bytes that a CUDA build wants: a compiler job takes up to 2 GB, an environment with torch several."""
GIVE_GPU = {
    "docker": "start it with `--gpus all` (the NVIDIA container toolkit must be installed on the host)",
    "podman": "start it with `--device nvidia.com/gpu=all` (a CDI specification must be there on the host)",
    "kubernetes": "ask for one in the pod: `resources: {limits: {nvidia.com/gpu: 1}}`",
    "apptainer": "start it with `--nv`",
}


def container(host: Host, _catalog: Catalog) -> Findings:
    """The machine has a GPU, the container does not get it."""
    if not host.container or nvidia(host):
        return
    if host.fault is Fault.UNKNOWN:
        yield Finding(
            id="container/lost-gpu",
            severity=Severity.ERROR,
            what=f"this container ({host.container}) lost its GPU: Failed to initialize NVML: Unknown Error",
            cause="systemd reloaded its units on the host, and took the devices away from running containers",
            fix="start the container anew; NVIDIA describes how to keep it from happening",
            source=CONTAINERS,
        )
    elif host.fault is Fault.NO_DEVICE or (not host.driver and not host.fault and Vendor.NVIDIA in host.cards):
        yield Finding(
            id="container/no-gpu",
            severity=Severity.WARNING,
            what=f"the machine has an NVIDIA GPU, this container ({host.container}) has none",
            cause="the driver's libraries and device files are not passed in; programs run on the CPU",
            fix=GIVE_GPU.get(host.container, "pass the GPU in, as the documentation of the container says"),
            source="https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/docker-specialized.html",
        )


def wsl(host: Host, _catalog: Catalog) -> Findings:
    """A Linux driver inside WSL."""
    if host.wsl_clashes:
        yield Finding(
            id="wsl/linux-driver",
            severity=Severity.ERROR,
            what=f"a Linux driver is installed inside WSL: {listed(host.wsl_clashes)}",
            cause="it hides the driver that Windows puts into /usr/lib/wsl/lib: no CUDA-capable device is detected",
            fix="remove it (`sudo apt purge 'libnvidia-compute-*' 'nvidia-driver-*'`), `wsl --shutdown` in Windows; "
            "inside WSL, install only toolkits (cuda-toolkit-12-x), never `cuda` or `cuda-drivers`",
            source="https://docs.nvidia.com/cuda/wsl-user-guide/index.html",
        )


def rosetta(host: Host, _catalog: Catalog) -> Findings:
    """An x86_64 Python on Apple silicon."""
    if host.translated:
        yield Finding(
            id="cpu/rosetta",
            severity=Severity.ERROR,
            what="this Python is an x86_64 program that Rosetta translates",
            cause="what it builds is x86_64 as well: no Metal, and ten times slower",
            fix="install a Python for arm64: `python -c 'import platform; print(platform.machine())'` must say arm64",
            source="https://github.com/abetlen/llama-cpp-python#installation",
        )


def no_avx2(host: Host, _catalog: Catalog) -> Findings:
    """A processor that wheels are not made for."""
    intel = host.platform in {Platform.LINUX_64, Platform.WIN_64}
    if intel and host.features and "avx2" not in host.features:
        yield Finding(
            id="cpu/no-avx2",
            severity=Severity.WARNING,
            what="the processor has no AVX2, or the virtual machine hides it",
            cause="wheels that are built for newer processors end with `Illegal instruction` (Windows: 0xc000001d)",
            fix="compile for this processor: `install: source` in the spec; a virtual machine must show the host's CPU",
            source="https://github.com/abetlen/llama-cpp-python/issues/272",
        )


def small(host: Host, _catalog: Catalog) -> Findings:
    """Little memory or disk for a CUDA build."""
    if not host.gpus and not host.toolkits:
        return
    if host.memory < MEMORY:
        yield Finding(
            id="memory/small",
            severity=Severity.WARNING,
            what=f"{host.memory / 10**9:.1f} GB of memory are free",
            cause="one job of nvcc takes up to 2 GB; the system kills a build that takes more than there is",
            fix="close programs, add swap (WSL: `memory=` in .wslconfig), or set CMAKE_BUILD_PARALLEL_LEVEL=1",
            source="https://learn.microsoft.com/windows/wsl/wsl-config"
            if host.wsl
            else "https://cmake.org/cmake/help/latest/envvar/CMAKE_BUILD_PARALLEL_LEVEL.html",
        )
    if host.disk is not None and host.disk < DISK:
        yield Finding(
            id="disk/small",
            severity=Severity.WARNING,
            what=f"{host.disk / 10**9:.1f} GB are free where environments are made",
            cause="torch for CUDA with its libraries takes several GB, a toolkit and a build some more",
            fix="free some space, or make environments elsewhere: `envspec create SPEC --prefix PATH`",
            source="https://pytorch.org/get-started/locally/",
        )


TRAPS: tuple[Trap, ...] = (container, wsl, rosetta, no_avx2, small)
