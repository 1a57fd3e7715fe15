"""Facts about one machine; detecting them is the work of `envspec.tools.machine`."""

from __future__ import annotations

from envspec.frozen import Frozen
from envspec.gpu import Platform


class Host(Frozen):
    """What decides how things are built and run on a machine."""

    platform: Platform
    cpu: str
    """Microarchitecture as archspec names it, and a hash of its features; `-march=native` depends on both."""
    libc: str
    """C library and version, such as `glibc 2.36`; empty where it plays no role."""
    cores: int
    """CPU cores that this process may use."""
    memory: int
    """Bytes of memory available now, within the limit of the container."""
