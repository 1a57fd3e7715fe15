"""Rules about torch: does the wheel exist, and does it run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envspec.gpu import Backend, Platform
from envspec.plan.candidates import Refusal
from envspec.plan.code import without_code
from envspec.plan.rules import driver
from envspec.plan.rules.words import gpus, minors

if TYPE_CHECKING:
    from envspec.plan.candidates import TorchBuild
    from envspec.plan.code import Verdict
    from envspec.plan.question import Question


def tag_exists(question: Question, platform: Platform, torch: TorchBuild, _worst: Verdict) -> Refusal | None:
    """A wheel of this tag was released for the platform."""
    catalog = question.catalog
    if (torch.release.version, torch.tag, platform) in catalog.torch_wheel_of:
        return None
    tags = [
        tag
        for tag in catalog.torch_tags_of[torch.release.version]
        if (torch.release.version, tag, platform) in catalog.torch_wheel_of
    ]
    reason = f"no such wheel for {platform}, only {', '.join(tags) or 'none at all'}"
    return Refusal(reason, catalog.index_of["torch"])


def seen(question: Question, platform: Platform, torch: TorchBuild, _worst: Verdict) -> Refusal | None:
    """Somebody has seen that the index has the wheel."""
    wheel = question.catalog.torch_wheel_of[torch.release.version, torch.tag, platform]
    if wheel.unconfirmed:
        return Refusal(f"nobody has confirmed that the index has it for {platform}", wheel.source)
    return None


def python(question: Question, platform: Platform, torch: TorchBuild, _worst: Verdict) -> Refusal | None:
    """Its wheels cover a Python of the spec."""
    wheel = question.catalog.torch_wheel_of[torch.release.version, torch.tag, platform]
    if question.pythons.isdisjoint(wheel.python):
        return Refusal(f"{platform}: wheels for Python {minors(wheel.python)} only", wheel.source)
    return None


def glibc(question: Question, platform: Platform, torch: TorchBuild, _worst: Verdict) -> Refusal | None:
    """The host's glibc is new enough for its Linux wheels."""
    found = question.glibc(platform)
    wheel = question.catalog.torch_wheel_of[torch.release.version, torch.tag, platform]
    least = wheel.glibc or torch.release.glibc
    if found and found < least:
        return Refusal(f"needs glibc {least}, the machine has {found}", torch.release.source)
    return None


def code(question: Question, platform: Platform, torch: TorchBuild, worst: Verdict) -> Refusal | None:
    """Every fat binary of its main library holds code for each GPU."""
    if torch.line is None:
        return None
    wheel = question.catalog.torch_wheel_of[torch.release.version, torch.tag, platform]
    missing = without_code(question, wheel.sm, wheel.ptx, worst)
    if not missing:
        return None
    held = " ".join(map(str, wheel.sm)) or "an unknown list"
    return Refusal(f"no code for {gpus(missing)} on {platform}, only {held}", wheel.source)


def rocm_targets(question: Question, _platform: Platform, torch: TorchBuild, _worst: Verdict) -> Refusal | None:
    """Wheels of its ROCm tag are compiled for each GPU."""
    if question.spec.backend is not Backend.ROCM:
        return None
    row = next((row for row in question.catalog.rocm_indexes if row.tag == torch.tag), None)
    if row is None:
        return Refusal("what GPUs it is compiled for is not known") if question.gfx else None
    missing = [gfx for gfx in question.gfx if gfx not in row.gfx]
    if missing:
        return Refusal(f"no code for {', '.join(missing)}, only {' '.join(row.gfx)}", row.source)
    return None


def ptx(question: Question, platform: Platform, torch: TorchBuild, _worst: Verdict) -> Refusal | None:
    """The driver can compile its PTX, where a GPU needs that."""
    if torch.line is None:
        return None
    wheel = question.catalog.torch_wheel_of[torch.release.version, torch.tag, platform]
    return driver.ptx(question, platform, torch.line, (wheel.sm, wheel.ptx))
