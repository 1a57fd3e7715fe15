"""Facts about the machine that this process runs on."""

from __future__ import annotations

import hashlib
import os
import platform
import re
from pathlib import Path

import archspec.cpu
import psutil
from archspec.cpu.detect import detected_info

from envspec.errors import HostError
from envspec.gpu import Platform
from envspec.host import Host

PLATFORMS = {
    ("Linux", "x86_64"): Platform.LINUX_64,
    ("Linux", "aarch64"): Platform.LINUX_AARCH64,
    ("Darwin", "arm64"): Platform.OSX_ARM64,
    ("Windows", "AMD64"): Platform.WIN_64,
}
CGROUP = Path("/sys/fs/cgroup")


def this_platform() -> Platform:
    """Platform of this machine.

    Raises:
        HostError: envspec does not know it.

    """
    found = PLATFORMS.get((platform.system(), platform.machine()))
    if found is None:
        message = f"not supported: {platform.system()} on {platform.machine()}"
        raise HostError(message, hint=f"envspec runs on {', '.join(Platform)}")
    return found


def detect() -> Host:
    """All facts about this machine."""
    return Host(
        platform=this_platform(),
        cpu=_cpu(),
        libc=" ".join(platform.libc_ver()).strip(),
        cores=_cores(),
        memory=_memory(),
    )


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
