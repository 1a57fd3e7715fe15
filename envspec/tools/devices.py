"""Graphics cards on the PCI bus, and the device files that programs need."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from envspec.host import Vendor

if TYPE_CHECKING:
    from envspec.tools.place import Place

VENDORS = {"0x1002": Vendor.AMD, "0x10de": Vendor.NVIDIA, "0x8086": Vendor.INTEL}
"""Source: https://pci-ids.ucw.cz"""
DISPLAY = "0x03"
"""Class of display controllers, 3D controllers without an outlet included."""
NEEDED = re.compile(r"nvidia\d+|nvidiactl|nvidia-uvm|kfd")


def cards(place: Place) -> tuple[Vendor, ...]:
    """Makers of the graphics cards, in the order of the bus."""
    found = []
    for path in sorted(place.at("/sys/bus/pci/devices").glob("*")):
        name = f"/sys/bus/pci/devices/{path.name}"
        if place.text(f"{name}/class").startswith(DISPLAY):
            found.append(VENDORS.get(place.text(f"{name}/vendor").strip()))
    return tuple(vendor for vendor in found if vendor)


def denied(place: Place) -> tuple[str, ...]:
    """Device files of GPUs that this user may not open, and AMD's one where it is missing beside its driver."""
    names = [path.name for path in sorted(place.at("/dev").glob("*")) if NEEDED.fullmatch(path.name)]
    closed = [name for name in names if not os.access(place.at(f"/dev/{name}"), os.R_OK | os.W_OK)]
    if place.at("/sys/class/kfd").is_dir() and "kfd" not in names:
        closed.append("kfd")
    return tuple(f"/dev/{name}" for name in closed)
