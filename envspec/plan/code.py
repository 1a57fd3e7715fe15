"""Which GPU code runs where: machine code, PTX that the driver compiles, or nothing."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envspec.gpu import Capability, Target
    from envspec.plan.question import Question


class Verdict(IntEnum):
    """How an artifact runs on a GPU; a higher value is worse."""

    NATIVE = 0
    JIT = 1
    """The driver compiles PTX at the first start: minutes, and kernels of newer hardware are missing."""
    NONE = 2


def verdict(sm: Iterable[Target], ptx: Iterable[Target], gpu: Capability, *, tegra: bool) -> Verdict:
    """How code for these targets runs on `gpu`."""
    if any(target.runs_on(gpu, tegra=tegra) for target in sm):
        return Verdict.NATIVE
    if any(target.compiles_on(gpu) for target in ptx):
        return Verdict.JIT
    return Verdict.NONE


def without_code(
    question: Question, sm: tuple[Target, ...], ptx: tuple[Target, ...], worst: Verdict
) -> tuple[Capability, ...]:
    """Capabilities of the spec that run these targets worse than `worst`."""
    return tuple(
        capability
        for capability in question.capabilities
        if verdict(sm, ptx, capability, tegra=question.tegra(capability)) > worst
    )
