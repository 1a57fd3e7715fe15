"""Facts about one machine: found by `envspec.tools.machine`, or read from a file; missing facts stay unknown."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from envspec.frozen import Frozen
from envspec.gpu import Platform
from envspec.scalars import CapabilityText, CudaText, VersionText


class Vendor(StrEnum):
    """Who makes a GPU."""

    AMD = "amd"
    APPLE = "apple"
    INTEL = "intel"
    NVIDIA = "nvidia"


class Gpu(Frozen):
    """One GPU of a machine."""

    vendor: Vendor
    name: str
    """As the driver calls it: `NVIDIA GeForce RTX 4060 Laptop GPU`."""
    capability: CapabilityText | None = None
    """Compute capability; None for other vendors, or where the driver does not tell it."""
    gfx: str | None = None
    """LLVM target of an AMD GPU, such as gfx1100."""
    memory: int | None = None
    """Bytes."""
    hidden: bool = False
    """An environment variable such as CUDA_VISIBLE_DEVICES hides it from programs."""
    mig: bool = False
    """A slice of a GPU (Multi-Instance GPU), or a GPU that is divided into such slices."""


class Driver(Frozen):
    """The NVIDIA driver."""

    version: VersionText
    cuda: CudaText | None = None
    """Newest CUDA that it supports; no toolkit is installed by that."""


class Fault(StrEnum):
    """What keeps the NVIDIA driver from serving programs, as its own tools tell it."""

    BLOCKED = "blocked"
    """The operating system does not let programs use the GPU; seen in WSL."""
    DENIED = "denied"
    """This user may not open the device files."""
    HANGS = "hangs"
    """The driver's own tools do not end."""
    LOST = "lost"
    """A GPU stopped answering."""
    MISMATCH = "mismatch"
    """The kernel module and the libraries are of different releases."""
    NO_DEVICE = "no-device"
    """The driver is there and serves no GPU."""
    NOT_LOADED = "not-loaded"
    """The driver is installed, its kernel module is not loaded."""
    UNKNOWN = "unknown"
    """The tools fail without saying why; seen in containers that lost their devices."""


class Toolkit(Frozen):
    """A CUDA toolkit that is installed."""

    version: CudaText
    """What `nvcc --version` says; the patch level is not printed there."""
    build: VersionText | None = None
    """Version of nvcc itself, such as 12.1.105; some patch releases can be told by it."""
    nvcc: str
    """Path of nvcc."""
    origin: str
    """How it was found: PATH, CUDA_HOME, CUDA_PATH, or the folder that was looked into; all ways, with commas."""
    complete: bool = True
    """Whether cuBLAS and cudart can be linked: headers and libraries are there."""


class CompilerKind(StrEnum):
    """Families of host compilers that nvcc works with."""

    CLANG = "clang"
    GCC = "gcc"
    MSVC = "msvc"


class Compiler(Frozen):
    """A C++ compiler that is installed."""

    kind: CompilerKind
    version: VersionText
    """Of gcc and clang their own; of MSVC the toolset, such as 14.39."""
    path: str


class Host(Frozen):
    """What decides which builds run on a machine, and how they are made."""

    format: Literal["envspec-host/1"] = "envspec-host/1"
    platform: Platform
    system: str = ""
    """Name and version of the operating system, for people."""
    cpu: str
    """Microarchitecture as archspec names it, and a hash of its features; `-march=native` depends on both."""
    features: tuple[str, ...] = ()
    """Instruction sets of the CPU, as archspec names them."""
    libc: str
    """C library and version, such as `glibc 2.36`; empty where it plays no role."""
    cores: Annotated[int, Field(ge=1)]
    """CPU cores that this process may use."""
    memory: Annotated[int, Field(ge=0)]
    """Bytes of memory available now, within the limit of the container."""
    disk: int | None = None
    """Bytes free where environments are made."""
    driver: Driver | None = None
    fault: Fault | None = None
    """What is wrong with the NVIDIA driver."""
    gpus: tuple[Gpu, ...] = ()
    cards: tuple[Vendor, ...] = ()
    """Makers of the graphics cards on the PCI bus, whether a driver serves them or not; empty where unknown."""
    denied: tuple[str, ...] = ()
    """Device files of GPUs that this user may not open."""
    rocm: VersionText | None = None
    """AMD's ROCm, where it is installed for the whole system."""
    toolkits: tuple[Toolkit, ...] = ()
    """The first is the one that a shell finds."""
    compilers: tuple[Compiler, ...] | None = None
    """None: not looked for."""
    cmake: VersionText | None = None
    translated: bool = False
    """This Python is an x86_64 program on Apple silicon, run by Rosetta."""
    wsl: bool = False
    """Windows Subsystem for Linux: the driver is the one of Windows."""
    wsl_clashes: tuple[str, ...] = ()
    """Libraries of a Linux driver inside WSL, which get in the way of those of Windows."""
    container: str = ""
    """docker, podman, ...; empty outside."""
    variables: tuple[tuple[str, str], ...] = ()
    """Environment variables that change how CUDA programs are built or run; credentials are masked."""
    library_path: tuple[str, ...] = ()
    """Folders of LD_LIBRARY_PATH, or of PATH on Windows, that hold CUDA libraries or driver stubs."""
    libraries: tuple[str, ...] = ()
    """The libcuda and libcudart files in those folders, in the order in which a program finds them."""

    @property
    def glibc(self) -> tuple[int, int] | None:
        """Version of glibc; None where the C library is another one or unknown."""
        match = re.match(r"glibc (\d+)\.(\d+)", self.libc)
        return (int(match[1]), int(match[2])) if match else None
