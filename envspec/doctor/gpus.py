"""Traps in the GPUs that programs see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envspec.doctor.model import Finding, Severity
from envspec.doctor.rows import capability, listed, nvidia
from envspec.gpu import Backend, Platform

if TYPE_CHECKING:
    from envspec.catalog import Catalog
    from envspec.doctor.model import Findings, Trap
    from envspec.host import Host

HIDING = ("CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")
OVERRIDE = "HSA_OVERRIDE_GFX_VERSION"
NVIDIA_FILES = "https://github.com/NVIDIA/open-gpu-kernel-modules/blob/main/kernel-open/nvidia/nv-reg.h"
ROCM = "https://rocm.docs.amd.com/projects/install-on-linux/en/latest/reference/system-requirements.html"


def hidden(host: Host, _catalog: Catalog) -> Findings:
    """A variable hides GPUs."""
    unseen = [gpu.name for gpu in host.gpus if gpu.hidden]
    variables = dict(host.variables)
    if unseen:
        told = (
            listed(f"{name}={variables[name] or '(empty)'}" for name in HIDING if name in variables)
            if (any(name in variables for name in HIDING))
            else "a variable"
        )
        everything = len(unseen) == len(host.gpus)
        yield Finding(
            id="gpus/hidden",
            severity=Severity.WARNING if everything else Severity.NOTE,
            what=f"{told} hides {listed(unseen)}" + (": no GPU is left" if everything else ""),
            cause="programs started in this shell do not see what it hides, and run on the CPU without an error"
            if everything
            else "programs started in this shell do not see what it hides, and count the rest from 0",
            fix="unset it, or list the numbers that `nvidia-smi -L` shows, without blanks",
            source="https://docs.nvidia.com/cuda/cuda-programming-guide/05-appendices/environment-variables.html",
        )


def mixed(host: Host, catalog: Catalog) -> Findings:
    """GPUs that need different code."""
    names = {known: gpu.name for gpu in nvidia(host) if not gpu.hidden and (known := capability(gpu, catalog))}
    if len(names) > 1:
        told = listed(f"{names[number]} ({number})" for number in sorted(names))
        wanted = ", ".join(f'"{number}"' for number in sorted(names))
        yield Finding(
            id="gpus/mixed",
            severity=Severity.NOTE,
            what=f"the GPUs are of different kinds: {told}",
            cause="code for one need not run on the other: no kernel image is available for execution on the device",
            fix=f"name all of them in the spec: `gpu: [{wanted}]`",
            source="https://docs.nvidia.com/cuda/cuda-programming-guide/02-basics/nvcc.html",
        )


def mig(host: Host, _catalog: Catalog) -> Findings:
    """GPUs in slices."""
    slices = [gpu.name for gpu in host.gpus if gpu.mig]
    if slices:
        yield Finding(
            id="gpus/mig",
            severity=Severity.NOTE,
            what=f"divided by MIG: {listed(slices)}",
            cause="a program sees one slice, and only its memory; a GPU in MIG mode without slices runs nothing",
            fix="give each program its slice: CUDA_VISIBLE_DEVICES=MIG-..., from `nvidia-smi -L`",
            source="https://docs.nvidia.com/datacenter/tesla/mig-user-guide/",
        )


def no_rocm_wheel(host: Host, catalog: Catalog) -> Findings:
    """AMD GPUs that wheels hold no code for."""
    torch = {gfx for row in catalog.rocm_indexes for gfx in row.gfx}
    wheels = (row for row in catalog.llama_wheels if row.backend is Backend.ROCM and row.platform is host.platform)
    llama = {gfx for row in wheels for gfx in row.gfx}
    for gfx in sorted({gpu.gfx for gpu in host.gpus if gpu.gfx}):
        names = listed(gpu.name for gpu in host.gpus if gpu.gfx == gfx)
        lacking = [name for name, held in (("torch", torch), ("llama-cpp-python", llama)) if gfx not in held]
        if lacking:
            yield Finding(
                id="amd/no-wheel",
                severity=Severity.WARNING if "torch" in lacking else Severity.NOTE,
                what=f"no ROCm wheel of {listed(lacking)} has code for {names} ({gfx})",
                cause="programs stop: invalid device function, or hipErrorNoBinaryForGpu",
                fix="use `backend: vulkan`"
                + ("" if "torch" in lacking else ", or `install: source` with a system ROCm"),
                source=ROCM,
            )


def override(host: Host, catalog: Catalog) -> Findings:
    """The card is passed off as another one."""
    value = dict(host.variables).get(OVERRIDE)
    parts = (value or "").split(".")
    if not value or len(parts) != len(("major", "minor", "step")) or not all(part.isdecimal() for part in parts):
        return
    if host.platform is Platform.WIN_64:
        yield Finding(
            id="amd/override",
            severity=Severity.WARNING,
            what=f"{OVERRIDE}={value} is set, and Windows does not honour it",
            cause="only ROCm on Linux reads it",
            fix="unset it, and use `backend: vulkan` where ROCm has no code for the card",
            source=ROCM,
        )
        return
    target = f"gfx{int(parts[0])}{int(parts[1]):x}{int(parts[2]):x}"
    notes = {row.gfx: row.note for row in catalog.amd_gpus}
    for gfx in sorted({gpu.gfx for gpu in host.gpus if gpu.gfx} - {target}):
        yield Finding(
            id="amd/override",
            severity=Severity.WARNING,
            what=f"{OVERRIDE}={value} passes {gfx} off as {target}",
            cause="code for another card may run, fault or hang" + (f"; known: {notes[gfx]}" if notes.get(gfx) else ""),
            fix="unset it where wheels have code for the card itself, or where programs fault",
            source="https://github.com/ollama/ollama/blob/main/docs/gpu.mdx",
        )


def rocm_old(host: Host, catalog: Catalog) -> Findings:
    """A ROCm that llama.cpp does not compile with."""
    newest = catalog.llama_by_age[0].version
    least = next((row.rocm for row in catalog.llama_rocm if row.covers(newest)), None)
    if host.rocm and least and host.rocm < least:
        yield Finding(
            id="amd/rocm-old",
            severity=Severity.WARNING,
            what=f"ROCm {host.rocm} is too old to compile llama-cpp-python {newest}, which needs {least}",
            cause="its CMake stops at the version of hip",
            fix="update ROCm, or use a wheel (`install: wheel`) or `backend: vulkan`",
            source="https://github.com/ggml-org/llama.cpp/blob/master/ggml/src/ggml-hip/CMakeLists.txt",
        )


def denied(host: Host, _catalog: Catalog) -> Findings:
    """Device files that this user may not open."""
    if not host.denied:
        return
    amd = any(path.endswith("kfd") for path in host.denied)
    yield Finding(
        id="gpus/denied",
        severity=Severity.ERROR,
        what=f"this user cannot open {listed(host.denied)}",
        cause="CUDA then says `no CUDA-capable device is detected`, ROCm `unable to open /dev/kfd`",
        fix="in a container, pass them in (`--device /dev/kfd --device /dev/dri`); else join their groups: "
        "sudo usermod -aG render,video $USER, and log in again"
        if amd
        else "see `ls -l /dev/nvidia*`: join the group of the files, or set NVreg_DeviceFileMode=0666 of the module",
        source=ROCM if amd else NVIDIA_FILES,
    )


TRAPS: tuple[Trap, ...] = (hidden, mixed, mig, no_rocm_wheel, override, rocm_old, denied)
