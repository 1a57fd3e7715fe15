"""Facts about the machine that this process runs on."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import sys
from pathlib import Path

import archspec.cpu
import psutil
from archspec.cpu.detect import detected_info

from envspec.errors import HostError
from envspec.gpu import Platform
from envspec.host import Compiler, Fault, Host
from envspec.tools import amd, apple, cmake, compilers, container, devices, libraries, nvidia, toolkits, variables
from envspec.tools.place import Asked, Place

PLATFORMS = {
    ("Linux", "x86_64"): Platform.LINUX_64,
    ("Linux", "aarch64"): Platform.LINUX_AARCH64,
    ("Darwin", "arm64"): Platform.OSX_ARM64,
    ("Windows", "AMD64"): Platform.WIN_64,
}
CGROUP = Path("/sys/fs/cgroup")


def this_platform(kind: tuple[str, str] | None = None) -> Platform:
    """Platform of this machine, or of one whose system and processor are called so.

    Raises:
        HostError: envspec does not know it.

    """
    system, processor = kind or (platform.system(), platform.machine())
    found = PLATFORMS.get((system, processor))
    if found is None:
        message = f"not supported: {system} on {processor}"
        raise HostError(message, hint=f"envspec runs on {', '.join(Platform)}")
    return found


def detect() -> Host:
    """The facts that are had at once: no program is started."""
    return Host(
        platform=this_platform(),
        cpu=_cpu(),
        libc=" ".join(platform.libc_ver()).strip(),
        cores=_cores(),
        memory=_memory(),
    )


def here(kind: tuple[str, str] | None = None) -> tuple[Place, bool]:
    """This machine, and whether Rosetta makes it look like another one; `kind` as above.

    Raises:
        HostError: envspec does not know its platform.

    """
    environment = dict(os.environ)
    if (kind or (platform.system(), platform.machine())) == ("Darwin", "x86_64"):
        mac = Place(Path("/"), environment, Platform.OSX_ARM64)
        if apple.translated(mac):
            return mac, True
    return Place(Path(Path.cwd().anchor), environment, this_platform(kind)), False


def survey() -> Host:
    """All facts about this machine; each outside program has some seconds, and they run at the same time.

    Raises:
        HostError: envspec does not know its platform.

    """
    place, translated = here()
    return look(place, nvidia_python=sys.executable).model_copy(update={"translated": translated})


def look(place: Place, nvidia_python: str) -> Host:
    """All facts about a place; `nvidia_python` is the interpreter that loads NVIDIA's library."""
    nvidia_asked = Asked(lambda: nvidia.find(place, nvidia_python))
    amd_asked = Asked(lambda: amd.find(place))
    toolkits_asked = Asked(lambda: toolkits.find(place))
    compilers_asked: Asked[tuple[Compiler, ...] | None] = Asked(lambda: compilers.installed(place))
    cmake_asked = Asked(lambda: cmake.find(place))
    apple_gpus = apple.gpus(place) if place.platform is Platform.OSX_ARM64 else ()
    found = libraries.find(place)
    features = tuple(sorted(detected_info().features))
    enough = 4 * place.patience
    driver, nvidia_gpus, fault = nvidia_asked.get(nvidia.Nvidia(fault=Fault.HANGS), enough)
    amd_gpus, rocm = amd_asked.get(amd.Amd(), enough)
    return Host(
        platform=place.platform,
        system=_system(place),
        cpu=_cpu(),
        features=features,
        libc=" ".join(platform.libc_ver()).strip(),
        cores=_cores(),
        memory=_memory(),
        disk=_disk(),
        driver=driver,
        fault=fault,
        gpus=(*nvidia_gpus, *amd_gpus, *apple_gpus),
        cards=devices.cards(place),
        denied=devices.denied(place),
        rocm=rocm,
        toolkits=toolkits_asked.get((), enough),
        compilers=compilers_asked.get(None, enough),
        cmake=cmake_asked.get(None, enough),
        wsl=container.wsl(place),
        wsl_clashes=container.wsl_clashes(place),
        container=container.name(place),
        variables=variables.kept(place.environment),
        library_path=tuple(dict.fromkeys(str(Path(path).parent) for path in found)),
        libraries=found,
    )


def _system(place: Place) -> str:
    """Name of the operating system as people say it."""
    match = re.search(r'^PRETTY_NAME="?(.+?)"?$', place.text("/etc/os-release"), re.MULTILINE)
    if match and place.platform in {Platform.LINUX_64, Platform.LINUX_AARCH64}:
        return match[1]
    if place.platform is Platform.OSX_ARM64:
        return f"macOS {platform.mac_ver()[0]}".strip()
    return f"{platform.system()} {platform.release()}"


def _disk() -> int | None:
    """Bytes free at the working folder."""
    try:
        return shutil.disk_usage(Path.cwd()).free
    except OSError:
        return None


def _cpu() -> str:
    """Name of the microarchitecture, and a hash of every feature that the processor reports."""
    features = " ".join(sorted(detected_info().features))
    return f"{archspec.cpu.host().name} {hashlib.sha256(features.encode()).hexdigest()[:16]}"


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> int:
    """Bytes that can be had without swapping, within the limit of the container."""
    available = psutil.virtual_memory().available
    limit = _number(CGROUP / "memory.max")
    used = _number(CGROUP / "memory.current")
    return available if limit is None or used is None else max(0, min(available, limit - used))


def _number(path: Path) -> int | None:
    try:
        text = path.read_text()
    except OSError:
        return None
    return int(text) if re.fullmatch(r"\d+\s*", text) else None
