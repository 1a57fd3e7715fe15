"""Rules about the NVIDIA driver; an unknown driver refuses nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envspec.plan.candidates import Refusal
from envspec.plan.code import Verdict, verdict

if TYPE_CHECKING:
    from packaging.version import Version

    from envspec.catalog import CudaRelease
    from envspec.gpu import CudaVersion, Platform, Target
    from envspec.plan.question import Question


def runtime(question: Question, platform: Platform, line: CudaVersion, _worst: Verdict) -> Refusal | None:
    """The driver runs machine code of a CUDA line: minor-version compatibility."""
    found = question.driver(platform)
    if found is None:
        return None
    row = question.catalog.family(line)
    least = question.least_driver(row, platform)
    if found < least:
        return Refusal(f"CUDA {line.major}.x needs driver {least} on {platform}, the machine has {found}", row.source)
    return None


def ptx(
    question: Question, platform: Platform, line: CudaVersion, code: tuple[tuple[Target, ...], tuple[Target, ...]]
) -> Refusal | None:
    """Where a GPU needs PTX, the driver is at least the one that came with the toolkit that made it."""
    found = question.driver(platform)
    jit = any(verdict(*code, gpu, tegra=question.tegra(gpu)) is Verdict.JIT for gpu in question.capabilities)
    if found is None or not jit:
        return None
    shipped = _shipped(question, platform, question.catalog.releases_of.get(line, ()))
    if shipped and found < shipped:
        reason = f"PTX of CUDA {line} needs driver {shipped} on {platform}, the machine has {found}"
        return Refusal(reason, "https://docs.nvidia.com/deploy/cuda-compatibility/minor-version-compatibility.html")
    return None


def knows_gpu(question: Question, platform: Platform, _asked: None, _worst: Verdict) -> Refusal | None:
    """The driver supports each GPU: not too old for it, and not of a branch after its last one."""
    found = question.driver(platform)
    if found is None:
        return None
    for capability in question.capabilities:
        row = question.catalog.architecture_of[capability]
        if row.dropped_by(found):
            reason = f"driver {found} does not support {row.name} ({capability}); branch {row.last_driver} was the last"
            return Refusal(reason, row.source)
        first = question.catalog.first_driver(capability, windows=question.windows_driver(platform))
        if first and found.major < first:
            return Refusal(f"driver {found} does not know {row.name} ({capability}) yet; branch {first} is the first")
    return None


def _shipped(question: Question, platform: Platform, releases: tuple[CudaRelease, ...]) -> Version | None:
    """Driver of the oldest of these releases for which it is known."""
    drivers = (question.shipped_driver(row, platform) for row in reversed(releases))
    return next((driver for driver in drivers if driver), None)
