"""How rules write what they speak about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envspec.gpu import Capability


def gpus(capabilities: Iterable[Capability]) -> str:
    """`compute capability 6.1 and 12.0`."""
    return f"compute capability {' and '.join(map(str, capabilities))}"


def minors(pythons: Iterable[int]) -> str:
    """`3.9, 3.10`."""
    return ", ".join(f"3.{minor}" for minor in sorted(pythons))
