"""Apple silicon, by sysctl."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envspec.host import Gpu, Vendor

if TYPE_CHECKING:
    from envspec.tools.place import Place


def translated(place: Place) -> bool:
    """Whether Rosetta runs this process.

    Source: https://developer.apple.com/documentation/apple-silicon/about-the-rosetta-translation-environment
    """
    return _value(place, "sysctl.proc_translated") == "1"


def gpus(place: Place) -> tuple[Gpu, ...]:
    """The GPU of the chip, by the name of the chip."""
    return (Gpu(vendor=Vendor.APPLE, name=_value(place, "machdep.cpu.brand_string") or "Apple silicon"),)


def _value(place: Place, name: str) -> str:
    """What sysctl knows under a name; empty where it does not."""
    done = place.run(place.program("sysctl") or "/usr/sbin/sysctl", "-n", name)
    return done.stdout.strip() if done else ""
