"""Every trap: a machine on which it is told, and one on which it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from envspec import catalog
from envspec.doctor import Severity, findings
from envspec.doctor.cmake_args import MAPPED, REFUSED
from envspec.gpu import Capability, CudaVersion, Platform
from envspec.host import Compiler, CompilerKind, Driver, Fault, Gpu, Host, Toolkit, Vendor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envspec.doctor import Finding

    Change = Mapping[str, object]

ROWS = catalog.load()
NEWEST = ROWS.llama_by_age[0].version
NVCC = "/usr/local/cuda-{}/bin/nvcc"


def gpu(name: str = "NVIDIA GeForce RTX 4090", capability: str | None = "8.9", **more: bool) -> Gpu:
    return Gpu(vendor=Vendor.NVIDIA, name=name, capability=Capability.parse(capability) if capability else None, **more)


def amd(gfx: str, name: str = "AMD Radeon") -> Gpu:
    return Gpu(vendor=Vendor.AMD, name=name, gfx=gfx)


def driver(version: str, cuda: str | None = None) -> Driver:
    return Driver(version=Version(version), cuda=CudaVersion.parse(cuda) if cuda else None)


def toolkit(
    version: str, origin: str = "PATH", nvcc: str = "", build: str | None = None, *, complete: bool = True
) -> Toolkit:
    return Toolkit(
        version=CudaVersion.parse(version),
        build=Version(build) if build else None,
        nvcc=nvcc or NVCC.format(version),
        origin=origin,
        complete=complete,
    )


def gcc(version: str, path: str = "/usr/bin/c++") -> Compiler:
    return Compiler(kind=CompilerKind.GCC, version=Version(version), path=path)


def clang(version: str) -> Compiler:
    return Compiler(kind=CompilerKind.CLANG, version=Version(version), path="/usr/bin/clang++")


def msvc(version: str) -> Compiler:
    return Compiler(kind=CompilerKind.MSVC, version=Version(version), path=r"C:\VS\cl.exe")


HEALTHY = Host(
    platform=Platform.LINUX_64,
    cpu="zen4 0123456789abcdef",
    features=("avx", "avx2"),
    libc="glibc 2.35",
    cores=16,
    memory=64 * 10**9,
    disk=500 * 10**9,
    driver=driver("580.95.05", "13.0"),
    gpus=(gpu(),),
    cards=(Vendor.NVIDIA,),
    toolkits=(toolkit("13.0", build="13.0.88"),),
    compilers=(gcc("13.3.0"),),
    cmake=Version("3.28.3"),
)
WINDOWS = {"platform": Platform.WIN_64, "libc": "", "driver": driver("580.88", "13.0")}
NO_GPU = {"driver": None, "gpus": (), "toolkits": ()}
STUBS, LIBRARIES = "/usr/local/cuda/lib64/stubs/", "/usr/local/cuda/lib64/"


def variables(**given: str) -> Change:
    return {"variables": tuple(given.items())}


def host(*changes: Change) -> Host:
    """The healthy machine with changes, validated."""
    merged: dict[str, object] = {}
    for change in changes:
        merged.update(change)
    return Host.model_validate({**{name: getattr(HEALTHY, name) for name in Host.model_fields}, **merged})


def cmake_args(text: str) -> Change:
    return variables(CMAKE_ARGS=text)


E, W, N = Severity.ERROR, Severity.WARNING, Severity.NOTE
FIRES: list[tuple[str, Severity, str, list[Change]]] = [
    # id, severity, words of it, changes to the healthy machine
    ("driver/mismatch", E, "version mismatch", [NO_GPU, {"fault": Fault.MISMATCH}]),
    ("driver/no-device", E, "sees no GPU", [NO_GPU, {"fault": Fault.NO_DEVICE}]),
    (
        "driver/no-device",
        E,
        "branch 590 no longer supports Kepler, Maxwell, Pascal and Volta",
        [{"fault": Fault.NO_DEVICE, "driver": driver("590.44.01"), "gpus": ()}],
    ),
    ("driver/no-device", E, "switched off", [{"fault": Fault.NO_DEVICE, "driver": driver("470.256.02"), "gpus": ()}]),
    ("driver/not-loaded", E, "modprobe nvidia", [NO_GPU, {"fault": Fault.NOT_LOADED}]),
    ("driver/hangs", E, "do not answer", [NO_GPU, {"fault": Fault.HANGS, "container": "docker"}]),
    ("driver/lost", E, "GPU is lost", [{"fault": Fault.LOST}]),
    ("driver/unknown", E, "Failed to initialize NVML", [NO_GPU, {"fault": Fault.UNKNOWN}]),
    ("driver/blocked", E, "wsl --shutdown", [NO_GPU, {"fault": Fault.BLOCKED, "wsl": True}]),
    ("driver/denied", E, "SELinux", [NO_GPU, {"fault": Fault.DENIED}]),
    ("driver/missing", E, "nouveau", [NO_GPU]),
    ("driver/toolkit", E, "580.65.06 is the oldest", [{"driver": driver("570.86.10")}]),
    (
        "driver/toolkit",
        E,
        "528.33 is the oldest",
        [WINDOWS, {"driver": driver("512.15"), "toolkits": (toolkit("12.4"),), "compilers": (msvc("14.39"),)}],
    ),
    (
        "driver/ptx",
        N,
        "CUDA 12.4 (550.54.14)",
        [{"driver": driver("535.183.01"), "toolkits": (toolkit("12.4"),)}],
    ),
    (
        "driver/ptx",
        N,
        "CUDA 12.4 (550.54.15)",
        [{"driver": driver("550.54.14"), "toolkits": (toolkit("12.4", build="12.4.131"),)}],
    ),
    (
        "driver/ptx",
        N,
        "CUDA 12.4 (551.61)",
        [{"wsl": True, "driver": driver("538.15"), "toolkits": (toolkit("12.4", build="12.4.99"),)}],
    ),
    ("driver/cuda", N, "runs CUDA up to 12.x; CUDA 13.x needs 580.65.06", [{"driver": driver("570.86.10")}]),
    ("driver/cuda", W, "CUDA up to 11.x; CUDA 12.x needs 525.60.13", [{"driver": driver("470.256.02")}]),
    ("driver/cuda", E, "none that envspec knows", [{"driver": driver("418.226.00")}]),
    ("driver/cuda", N, "CUDA 13.x needs 580", [{"driver": driver("566.36"), "wsl": True}]),
    (
        "driver/newer-than-card",
        E,
        "does not support NVIDIA GeForce GTX 1080 Ti (Pascal, 6.1)",
        [{"driver": driver("590.44.01"), "gpus": (gpu("NVIDIA GeForce GTX 1080 Ti", "6.1"),)}],
    ),
    (
        "driver/newer-than-card",
        E,
        "Volta, 7.0",
        [{"driver": driver("590.44.01"), "gpus": (gpu("Tesla V100-SXM2-16GB", "7.0"),)}],
    ),
    (
        "driver/older-than-card",
        E,
        "branch 570 is the first one",
        [{"driver": driver("550.54.15"), "gpus": (gpu("NVIDIA GeForce RTX 5090", "12.0"),), "toolkits": ()}],
    ),
    (
        "driver/older-than-card",
        E,
        "branch 520 is the first one",
        [{"driver": driver("515.65.01"), "gpus": (gpu(capability=None),), "toolkits": ()}],
    ),
    ("driver/ceiling", N, "CUDA 12.8 that nvidia-smi shows", [{"driver": driver("580.95.05", "12.8")}]),
    ("driver/ceiling", N, "12.7 was never released", [{"driver": driver("580.95.05", "12.7")}]),
    (
        "gpus/hidden",
        W,
        "CUDA_VISIBLE_DEVICES=-1 hides",
        [{"gpus": (gpu(hidden=True),)}, variables(CUDA_VISIBLE_DEVICES="-1")],
    ),
    ("gpus/hidden", W, "(empty) hides", [{"gpus": (gpu(hidden=True),)}, variables(CUDA_VISIBLE_DEVICES="")]),
    (
        "gpus/hidden",
        N,
        "count the rest from 0",
        [{"gpus": (gpu(hidden=True), gpu())}, variables(CUDA_VISIBLE_DEVICES="1")],
    ),
    ("gpus/hidden", W, "a variable hides", [{"gpus": (gpu(hidden=True),)}]),
    (
        "gpus/mixed",
        N,
        '`gpu: ["6.1", "8.9"]`',
        [{"gpus": (gpu(), gpu("NVIDIA GeForce GTX 1080 Ti", None))}],
    ),
    (
        "gpus/mig",
        N,
        "NVIDIA A100 and NVIDIA A100 MIG 1g.5gb",
        [{"gpus": (gpu("NVIDIA A100", "8.0", mig=True), gpu("NVIDIA A100 MIG 1g.5gb", "8.0", mig=True))}],
    ),
    ("gpus/denied", E, "/dev/nvidia0 and /dev/nvidiactl", [{"denied": ("/dev/nvidia0", "/dev/nvidiactl")}]),
    ("gpus/denied", E, "render,video", [{"denied": ("/dev/kfd",)}]),
    (
        "amd/no-wheel",
        W,
        "torch and llama-cpp-python has code for AMD Radeon (gfx1010)",
        [NO_GPU, {"gpus": (amd("gfx1010"),)}],
    ),
    ("amd/no-wheel", N, "llama-cpp-python has code for AMD Radeon (gfx900)", [NO_GPU, {"gpus": (amd("gfx900"),)}]),
    (
        "amd/override",
        W,
        "passes gfx1031 off as gfx1030",
        [{"gpus": (amd("gfx1031"),)}, variables(HSA_OVERRIDE_GFX_VERSION="10.3.0")],
    ),
    (
        "amd/override",
        W,
        "fault or hang",
        [{"gpus": (amd("gfx1102"),)}, variables(HSA_OVERRIDE_GFX_VERSION="11.0.0")],
    ),
    (
        "amd/override",
        W,
        "Windows does not honour it",
        [WINDOWS, {"gpus": (amd("gfx1031"),)}, variables(HSA_OVERRIDE_GFX_VERSION="10.3.0")],
    ),
    ("amd/rocm-old", W, "ROCm 5.7 is too old", [{"rocm": Version("5.7")}]),
    ("container/no-gpu", W, "--gpus all", [NO_GPU, {"container": "docker"}]),
    ("container/no-gpu", W, "--gpus all", [NO_GPU, {"container": "docker", "cards": (), "fault": Fault.NO_DEVICE}]),
    (
        "container/no-gpu",
        W,
        "--nv",
        [NO_GPU, {"container": "apptainer", "gpus": (amd("gfx1100"),), "fault": Fault.NO_DEVICE}],
    ),
    ("container/no-gpu", W, "nvidia.com/gpu: 1", [NO_GPU, {"container": "kubernetes"}]),
    ("container/no-gpu", W, "documentation of the container", [NO_GPU, {"container": "lxc"}]),
    ("container/lost-gpu", E, "Unknown Error", [NO_GPU, {"container": "docker", "fault": Fault.UNKNOWN}]),
    (
        "wsl/linux-driver",
        E,
        "wsl --shutdown",
        [{"wsl": True, "wsl_clashes": ("/usr/lib/x86_64-linux-gnu/libcuda.so.1",), "fault": Fault.BLOCKED}],
    ),
    ("cpu/rosetta", E, "must say arm64", [{"translated": True}]),
    ("cpu/no-avx2", W, "Illegal instruction", [{"features": ("avx", "sse4_2")}]),
    ("memory/small", W, "3.2 GB of memory", [{"memory": 3_200_000_000}]),
    ("memory/small", W, "wsl-config", [{"memory": 3_200_000_000, "wsl": True}]),
    ("disk/small", W, "9.0 GB are free", [{"disk": 9 * 10**9}]),
    ("toolkit/none", N, "none is needed", [{"toolkits": ()}]),
    ("toolkit/several", N, "12.4 (/usr/local/cuda-12.4/bin/nvcc)", [{"toolkits": (toolkit("13.0"), toolkit("12.4"))}]),
    (
        "toolkit/distribution",
        W,
        "CUDA 11.5 of the distribution (/usr/bin/nvcc), not 12.4",
        [{"toolkits": (toolkit("11.5", nvcc="/usr/bin/nvcc"), toolkit("12.4"))}],
    ),
    (
        "toolkit/distribution",
        W,
        "CUDA 12.0 of the distribution",
        [{"toolkits": (toolkit("12.0", nvcc="/usr/bin/nvcc"), toolkit("12.4"))}],
    ),
    ("toolkit/distribution", W, "CUDA 11.5", [{"toolkits": (toolkit("11.5", nvcc="/usr/bin/nvcc"),)}]),
    ("toolkit/old", W, "11.8 is the oldest", [{"toolkits": (toolkit("10.2"),)}]),
    (
        "toolkit/gpu",
        W,
        "cannot compile for NVIDIA GeForce GTX 1080 Ti (6.1)",
        [{"gpus": (gpu("NVIDIA GeForce GTX 1080 Ti", "6.1"), gpu())}],
    ),
    (
        "toolkit/gpu",
        W,
        "from CUDA 12.8 to 13.",
        [{"gpus": (gpu("NVIDIA GeForce RTX 5090", "12.0"),), "toolkits": (toolkit("12.4"),)}],
    ),
    ("toolkit/gpu", W, "leave the toolkit to envspec", [{"gpus": (gpu("NVIDIA Next", "99.0"),)}]),
    (
        "toolkit/disagree",
        W,
        "CUDA_HOME of CUDA 12.4",
        [
            {"toolkits": (toolkit("13.0"), toolkit("12.4", "CUDA_HOME, /usr/local/cuda-12.4"))},
            variables(CUDA_HOME="/usr/local/cuda-12.4"),
        ],
    ),
    ("toolkit/home-empty", W, "CUDA_HOME is /opt/none", [variables(CUDA_HOME="/opt/none")]),
    ("toolkit/home-empty", W, "CUDA_PATH is C:", [WINDOWS, variables(CUDA_PATH=r"C:\none")]),
    ("toolkit/cudacxx", E, "could not find compiler", [variables(CUDACXX="/opt/none/nvcc")]),
    (
        "toolkit/not-on-path",
        N,
        "CUDACXX=/usr/local/cuda-13.0/bin/nvcc",
        [{"toolkits": (toolkit("13.0", "/usr/local/cuda-13.0"),)}],
    ),
    ("toolkit/incomplete", W, "libcublas-dev-13-0", [{"toolkits": (toolkit("13.0", complete=False),)}]),
    ("compilers/none", N, "no C++ compiler", [{"compilers": ()}]),
    (
        "compilers/too-new",
        W,
        "install g++-13",
        [{"toolkits": (toolkit("12.4"),), "compilers": (gcc("15.1.0"), clang("20.1"))}],
    ),
    (
        "compilers/too-new",
        W,
        "CUDAHOSTCXX=/usr/bin/g++-12 (gcc 12.4.0)",
        [{"toolkits": (toolkit("12.4"),), "compilers": (gcc("14.2.0"), gcc("12.4.0", "/usr/bin/g++-12"))}],
    ),
    ("compilers/too-new", W, "gcc 5.4.0", [{"compilers": (gcc("5.4.0"),)}]),
    (
        "compilers/too-new",
        W,
        "gcc 14.2.0 (/usr/bin/g++-14)",
        [
            {"toolkits": (toolkit("12.4"),), "compilers": (gcc("12.4.0"), gcc("14.2.0", "/usr/bin/g++-14"))},
            variables(CUDAHOSTCXX="g++-14"),
        ],
    ),
    (
        "compilers/visual-studio",
        W,
        "-vcvars_ver=14.39",
        [WINDOWS, {"toolkits": (toolkit("12.1"),), "compilers": (msvc("14.40.33807"), msvc("14.39.33519"))}],
    ),
    (
        "compilers/visual-studio",
        W,
        "STL1002",
        [WINDOWS, {"toolkits": (toolkit("11.8"),), "compilers": (msvc("14.44.35207"),)}],
    ),
    ("compilers/glibc", W, "take CUDA 13.0 or newer", [{"toolkits": (toolkit("12.8"),), "libc": "glibc 2.41"}]),
    ("compilers/glibc", W, "take CUDA 13.2 or newer", [{"libc": "glibc 2.42"}]),
    ("cmake/old", W, "CMake 3.16.3 is older", [{"cmake": Version("3.16.3")}]),
    ("cmake/native", N, "CMake 3.22.1 does not know", [{"cmake": Version("3.22.1")}]),
    ("libraries/stub", E, "libcuda.so.1", [{"libraries": (f"{STUBS}libcuda.so.1", f"{LIBRARIES}libcudart.so.13")}]),
    ("libraries/stub", E, "to a stub", [{"libraries": (f"{STUBS}libcuda.so", f"{STUBS}libcuda.so.1")}]),
    ("libraries/stub", W, "only those that load libcuda.so by name", [{"libraries": (f"{STUBS}libcuda.so",)}]),
    (
        "libraries/cudart",
        W,
        "CUDA 12 and 11",
        [{"libraries": (f"{LIBRARIES}libcudart.so.12", "/old/libcudart.so.11.0", "/old/libcudart.so.11.8.89")}],
    ),
    (
        "libraries/cudart",
        W,
        "PATH leads to the runtimes of CUDA 12 and 11",
        [WINDOWS, {"libraries": (r"C:\v12\bin\cudart64_12.dll", r"C:\v11\bin\cudart64_110.dll")}],
    ),
    ("libraries/before", N, "in /usr/local/cuda/lib64 before", [{"libraries": (f"{LIBRARIES}libcublas.so.13",)}]),
    ("cmake-args/refused", E, "write -DGGML_CUDA instead", [cmake_args("-DLLAMA_CUBLAS=on")]),
    (
        "cmake-args/refused",
        E,
        "SKBUILD_CMAKE_ARGS has",
        [variables(SKBUILD_CMAKE_ARGS="-DA=1;-D LLAMA_CUBLAS:BOOL='ON'")],
    ),
    ("cmake-args/cpu-build", E, "write -DGGML_HIP instead", [cmake_args("-DGGML_HIPBLAS=on")]),
    ("cmake-args/cpu-build", E, "write -DGGML_HIP instead", [cmake_args('-DLLAMA_HIPBLAS="1"')]),
    ("cmake-args/cpu-build", E, "write -DGGML_VULKAN instead", [cmake_args("-DLLAMA_VULKAN=ON")]),
    ("cmake-args/old-name", N, "write -DGGML_CUDA instead", [cmake_args("-DLLAMA_CUDA=on")]),
    ("cmake-args/ignored", W, "write -DGGML_AVX2 instead", [cmake_args("-DLLAMA_AVX2=on")]),
    ("cmake-args/ignored", W, "it is gone", [cmake_args("-DGGML_CUDA_F16=on")]),
    ("cmake-args/unknown", W, "did you mean -DGGML_CUDA?", [cmake_args("-DGGML_CUDAA=on")]),
    ("cmake-args/unknown", W, "look up its name", [cmake_args("-DGGML_XYZZY_PLUGH=on")]),
    ("variables/force-cmake", N, "does nothing", [variables(FORCE_CMAKE="1")]),
    ("variables/not-read", W, "has GGML_CUDA:", [variables(GGML_CUDA="1")]),
    ("variables/not-read", W, "LLAMA_CUBLAS", [variables(LLAMA_CUBLAS="1")]),
    ("variables/blank", W, "set CMAKE_ARGS=value", [variables(**{"CMAKE_ARGS ": "-DGGML_CUDA=on"})]),
    ("variables/architectures", W, "CUDAARCHS=89", [variables(CMAKE_CUDA_ARCHITECTURES="89")]),
    ("variables/compilers", N, "CC=/opt/gcc/bin/gcc-9 and CXX=icpx", [variables(CC="/opt/gcc/bin/gcc-9", CXX="icpx")]),
    ("variables/extra-index", W, "highest version", [variables(PIP_EXTRA_INDEX_URL="https://example.org/simple")]),
    (
        "variables/unsupported-compiler",
        W,
        "NVCC_APPEND_FLAGS",
        [variables(NVCC_APPEND_FLAGS="-allow-unsupported-compiler")],
    ),
    (
        "variables/unsupported-compiler",
        W,
        "NVCC_PREPEND_FLAGS",
        [variables(NVCC_PREPEND_FLAGS="--allow-unsupported-compiler")],
    ),
    ("variables/conda-override", N, "is 12.4:", [variables(CONDA_OVERRIDE_CUDA="12.4")]),
    ("variables/conda-override", N, "is empty:", [NO_GPU, variables(CONDA_OVERRIDE_CUDA="")]),
    ("variables/leaks", N, "LD_PRELOAD and PYTHONPATH", [variables(LD_PRELOAD="x.so", PYTHONPATH="/x")]),
]
QUIET: list[tuple[str, list[Change]]] = [
    # id that is not told, changes to the healthy machine; with none of them nothing at all is told
    ("driver/no-device", [NO_GPU, {"container": "docker", "fault": Fault.NO_DEVICE}]),
    ("driver/unknown", [NO_GPU, {"container": "docker", "fault": Fault.UNKNOWN}]),
    ("driver/denied", [NO_GPU, {"fault": Fault.DENIED, "denied": ("/dev/nvidia0",)}]),
    ("driver/blocked", [{"fault": Fault.BLOCKED, "wsl_clashes": ("/usr/lib64/libcuda.so.1",)}]),
    ("driver/missing", [NO_GPU, {"cards": ()}]),
    ("driver/missing", [NO_GPU, {"cards": (Vendor.AMD, Vendor.INTEL)}]),
    ("driver/missing", [NO_GPU, {"container": "docker"}]),
    ("driver/missing", [NO_GPU, {"fault": Fault.NOT_LOADED}]),
    ("driver/toolkit", [{"driver": None}]),
    ("driver/toolkit", [{"toolkits": (toolkit("12.4"),), "driver": driver("535.183.01")}]),
    ("driver/toolkit", [{"wsl": True, "driver": driver("580.88")}]),
    ("driver/ptx", [{"toolkits": (toolkit("10.2"),)}]),
    ("driver/ptx", [{**WINDOWS, "driver": driver("580.88")}]),
    ("driver/cuda", [{"driver": None}]),
    ("driver/newer-than-card", [{"gpus": (gpu("NVIDIA GeForce GTX 1080 Ti", "6.1"),)}]),
    ("driver/newer-than-card", [{"driver": driver("590.44.01")}]),
    ("driver/newer-than-card", [{"driver": driver("590.44.01"), "gpus": (gpu("NVIDIA Next", "99.0"),)}]),
    ("driver/older-than-card", [{"driver": driver("470.256.02"), "gpus": (gpu("GeForce GTX 1080", "6.1"),)}]),
    ("driver/older-than-card", [{"driver": driver("470.256.02"), "gpus": (gpu("NVIDIA Unheard-of", None),)}]),
    ("driver/older-than-card", [{"driver": driver("550.54.15"), "gpus": (amd("gfx1100"),)}]),
    (
        "driver/older-than-card",
        # no driver is known to have come with CUDA 13.4, the first that compiles for 10.7
        [{"platform": Platform.WIN_64, "driver": driver("560.1"), "gpus": (gpu("NVIDIA Unheard-of", "10.7"),)}],
    ),
    ("driver/ceiling", [{"driver": driver("580.95.05")}]),
    ("driver/ceiling", [{"driver": None}]),
    ("gpus/mixed", [{"gpus": (gpu(), gpu())}]),
    ("gpus/mixed", [{"gpus": (gpu(), gpu("NVIDIA GeForce GTX 1080 Ti", "6.1", hidden=True))}]),
    ("amd/no-wheel", [{"gpus": (amd("gfx1100"),)}]),
    ("amd/override", [variables(HSA_OVERRIDE_GFX_VERSION="10.3.0")]),
    ("amd/override", [{"gpus": (amd("gfx1030"),)}, variables(HSA_OVERRIDE_GFX_VERSION="10.3.0")]),
    ("amd/override", [{"gpus": (amd("gfx1031"),)}, variables(HSA_OVERRIDE_GFX_VERSION="gfx1030")]),
    ("amd/override", [{"gpus": (amd("gfx1031"),)}, variables(HSA_OVERRIDE_GFX_VERSION="10.3.x")]),
    ("amd/rocm-old", [{"rocm": Version("6.2.4")}]),
    ("container/no-gpu", [{"container": "docker"}]),
    ("container/no-gpu", [NO_GPU, {"container": "docker", "cards": ()}]),
    ("container/no-gpu", [NO_GPU, {"container": "docker", "fault": Fault.MISMATCH}]),
    ("cpu/no-avx2", [{"features": ()}]),
    ("cpu/no-avx2", [{"platform": Platform.LINUX_AARCH64, "features": ("asimd",)}]),
    ("memory/small", [NO_GPU, {"memory": 10**9}]),
    ("disk/small", [{"disk": None}]),
    ("toolkit/none", [NO_GPU]),
    ("toolkit/none", [{"gpus": (amd("gfx1100"),), "toolkits": ()}]),
    ("toolkit/several", [{"toolkits": (toolkit("13.0"), toolkit("13.0", nvcc="/opt/cuda/bin/nvcc"))}]),
    ("toolkit/distribution", [{"toolkits": (toolkit("12.4", nvcc="/usr/bin/nvcc"),)}]),
    ("toolkit/distribution", [{"toolkits": (toolkit("12.4", nvcc="/usr/bin/nvcc"), toolkit("11.8"))}]),
    ("toolkit/old", [{"toolkits": (toolkit("11.5", nvcc="/usr/bin/nvcc"),)}]),
    ("toolkit/old", [{"toolkits": ()}]),
    ("toolkit/gpu", [{"toolkits": (toolkit("99.0"),)}]),
    ("toolkit/gpu", [{"gpus": (gpu("NVIDIA Unheard-of", None),)}]),
    (
        "toolkit/disagree",
        [{"toolkits": (toolkit("13.0", "PATH, CUDA_HOME"), toolkit("12.4"))}, variables(CUDA_HOME="/x")],
    ),
    ("toolkit/disagree", [{"toolkits": (toolkit("13.0"), toolkit("12.4", "CUDA_PATH"))}]),
    ("toolkit/home-empty", [{"toolkits": (toolkit("13.0", "PATH, CUDA_HOME"),)}, variables(CUDA_HOME="/x")]),
    ("toolkit/home-empty", [variables(CUDA_HOME="")]),
    ("toolkit/cudacxx", [{"toolkits": (toolkit("13.0", "CUDACXX, PATH"),)}, variables(CUDACXX="nvcc")]),
    ("compilers/none", [{"compilers": None}]),
    ("compilers/too-new", [{"compilers": None}]),
    ("compilers/too-new", [{"compilers": (clang("99.0"),)}]),
    ("compilers/too-new", [{"compilers": (gcc("99.0"),)}, variables(CUDAHOSTCXX="/opt/unknown/g++")]),
    (
        "compilers/too-new",
        [{"compilers": (gcc("99.0"), gcc("12.4.0", "/usr/bin/g++-12"))}, variables(CUDAHOSTCXX="/usr/bin/g++-12")],
    ),
    ("compilers/too-new", [{"compilers": (gcc("99.0"), clang("18.1"))}, variables(CUDAHOSTCXX="clang++")]),
    ("compilers/visual-studio", [WINDOWS, {"toolkits": (toolkit("12.4"),), "compilers": (msvc("14.40.33807"),)}]),
    ("compilers/visual-studio", [WINDOWS, {"toolkits": (toolkit("12.1"),), "compilers": (msvc("14.39.33519"),)}]),
    ("compilers/glibc", [{"libc": "musl 1.2"}]),
    ("compilers/glibc", [{"libc": "glibc 2.42", "toolkits": (toolkit("13.2"),)}]),
    ("compilers/glibc", [{"libc": "glibc 2.41"}]),
    ("cmake/old", [{"cmake": None}]),
    ("cmake/old", [{"cmake": Version("3.21.0")}]),
    ("cmake/native", [{"cmake": Version("3.22.1"), "toolkits": ()}]),
    ("libraries/stub", [{"libraries": ("/usr/lib/libcuda.so.1", f"{STUBS}libcuda.so")}]),
    ("libraries/stub", [{"libraries": (f"{LIBRARIES}libcudart.so.13",)}]),
    ("libraries/cudart", [{"libraries": ("/a/libcudart.so.12", "/b/libcudart.so.12.4.127")}]),
    ("libraries/before", [{"libraries": ("/usr/lib/libcuda.so.1",)}]),
    ("libraries/before", [WINDOWS, {"libraries": (r"C:\libcudart.so.12",)}]),
    ("cmake-args/refused", [cmake_args("-DLLAMA_CUBLAS=off")]),
    ("cmake-args/unknown", [cmake_args("-DGGML_CUDA=on -DCMAKE_CUDA_ARCHITECTURES=89 -DMY_OPTION=1 -GNinja")]),
    ("variables/not-read", [variables(GGML_CUDA_ENABLE_UNIFIED_MEMORY="1", LLAMA_CACHE="/x")]),
    ("variables/compilers", [variables(CC="/usr/bin/gcc", CXX="g++", CUDAHOSTCXX="")]),
    ("variables/extra-index", [variables(PIP_INDEX_URL="https://example.org/simple")]),
    ("variables/unsupported-compiler", [variables(NVCC_PREPEND_FLAGS="-ccbin=/usr/bin/g++-12")]),
    ("variables/conda-override", [variables(CONDA_OVERRIDE_CUDA="13.0")]),
    ("variables/leaks", [variables(PYTHONPATH="")]),
]


def told(*changes: Change) -> tuple[Finding, ...]:
    return findings(host(*changes), ROWS)


def test_a_healthy_machine_has_nothing_to_tell() -> None:
    assert told() == ()


@pytest.mark.parametrize(("name", "severity", "words", "changes"), FIRES)
def test_a_trap_is_told(name: str, severity: Severity, words: str, changes: list[Change]) -> None:
    found = [one for one in told(*changes) if one.id == name]
    assert [one.severity for one in found] == [severity]
    assert words in f"{found[0].what} {found[0].cause} {found[0].fix} {found[0].source}"


@pytest.mark.parametrize(("name", "changes"), QUIET)
def test_where_a_trap_is_not_it_is_not_told(name: str, changes: list[Change]) -> None:
    assert name not in [one.id for one in told(*changes)]


def test_every_finding_has_cause_fix_and_source() -> None:
    for _, _, _, changes in FIRES:
        for one in told(*changes):
            assert one.source.startswith("https://")
            assert not any(
                text.endswith((".", " ")) or "  " in text or "None" in text for text in (one.what, one.cause, one.fix)
            )
            assert all((one.what, one.cause, one.fix))


def test_the_worst_comes_first() -> None:
    found = told(NO_GPU, cmake_args("-DLLAMA_AVX2=on -DLLAMA_CUDA=on -DLLAMA_CUBLAS=on"))
    assert [one.severity for one in found] == sorted((one.severity for one in found), key=list(Severity).index)
    assert {one.severity for one in found} == set(Severity)


def test_a_toolkit_older_than_the_catalog_was_released_all_the_same() -> None:
    (ceiling,) = (one for one in told({"driver": driver("470.256.02", "11.4")}) if one.id == "driver/ceiling")
    assert "never released" not in ceiling.cause


def test_a_cpu_machine_is_healthy() -> None:
    assert told(NO_GPU, {"cards": (Vendor.INTEL,)}) == ()


def test_an_apple_machine_is_healthy() -> None:
    chip = Gpu(vendor=Vendor.APPLE, name="Apple M2")
    mac = {"platform": Platform.OSX_ARM64, "gpus": (chip,), "libc": "", "features": ("neon",), "cards": ()}
    assert told(NO_GPU, mac, {"compilers": (clang("16.0"),)}) == ()


def test_several_names_are_several_findings() -> None:
    found = told(cmake_args("-DLLAMA_AVX=on -DLLAMA_AVX2=on"))
    assert [one.id for one in found] == ["cmake-args/ignored"] * 2


def test_what_is_said_of_old_names_is_what_the_catalog_says() -> None:
    notes = {row.option: row.note for row in ROWS.llama_options if not row.covers(NEWEST)}
    assert all("refuse it" in notes[name] for name in REFUSED)
    assert {name for name, note in notes.items() if "refuse it" in note} == REFUSED
    assert {name for name, note in notes.items() if "and later map" in note} == MAPPED & set(notes)
