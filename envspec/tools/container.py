"""Whether this is a container, or Linux inside Windows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envspec.tools.place import Place

NAMES = re.compile(r"(kubepods|docker|podman|libpod|containerd|lxc)")
SPOKEN = {"kubepods": "kubernetes", "libpod": "podman"}
LIBRARY_FOLDERS = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib")


def name(place: Place) -> str:
    """Kind of the container; empty outside."""
    if "KUBERNETES_SERVICE_HOST" in place.environment:
        return "kubernetes"
    if "APPTAINER_NAME" in place.environment or "SINGULARITY_NAME" in place.environment:
        return "apptainer"
    if place.at("/run/.containerenv").exists():
        return "podman"
    if place.at("/.dockerenv").exists():
        return "docker"
    match = NAMES.search(place.text("/proc/1/cgroup"))
    return SPOKEN.get(match[1], match[1]) if match else place.environment.get("container", "")


def wsl(place: Place) -> bool:
    """Whether Windows runs this Linux."""
    return "microsoft" in place.text("/proc/version").lower()


def wsl_clashes(place: Place) -> tuple[str, ...]:
    """Driver libraries inside WSL that are not those of Windows; the links of its own folder lead there."""
    if not wsl(place):
        return ()
    own = place.at("/usr/lib/wsl").resolve()
    found = [path for folder in LIBRARY_FOLDERS for path in sorted(place.at(folder).glob("libcuda.so*"))]
    return tuple(
        f"/{path.relative_to(place.root).as_posix()}" for path in found if not path.resolve().is_relative_to(own)
    )
