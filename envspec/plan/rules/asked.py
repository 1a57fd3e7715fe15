"""Rules about what is asked: they hold or fail before anything is chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envspec.plan.candidates import Refusal

if TYPE_CHECKING:
    from envspec.gpu import CudaVersion, Platform
    from envspec.plan.code import Verdict
    from envspec.plan.question import Question


def platform(question: Question, where: Platform, _asked: None, _worst: Verdict) -> Refusal | None:
    """The backend exists on the platform."""
    row = question.catalog.backend_of[question.spec.backend]
    if where in row.platforms:
        return None
    return Refusal(f"{row.backend} does not exist on {where}, only on {', '.join(row.platforms)}", row.source)


def vendor(question: Question, _where: Platform, _asked: None, _worst: Verdict) -> Refusal | None:
    """The backend runs on each GPU."""
    backend = question.spec.backend
    foreign = [str(gpu) for gpu in question.gpus if not gpu.runs_on(backend)]
    return Refusal(f"{backend} does not run on {', '.join(foreign)}") if foreign else None


def gpu_platform(question: Question, where: Platform, _asked: None, _worst: Verdict) -> Refusal | None:
    """Each GPU exists on the platform."""
    foreign = [str(gpu) for gpu in question.gpus if gpu.platforms and where not in gpu.platforms]
    return Refusal(f"there is no {', '.join(foreign)} on {where}: it is one module with its CPU") if foreign else None


def native(question: Question, _where: Platform, _asked: None, _worst: Verdict) -> Refusal | None:
    """The machine has a usable GPU, where the spec asks for those that it has."""
    if not question.lacks_native or question.host is None:
        return None
    seen = [f"{gpu.name} (hidden)" if gpu.hidden else gpu.name for gpu in question.host.gpus]
    backend = question.spec.backend
    return Refusal(f"`native` finds no GPU for {backend} on the machine; seen: {', '.join(seen) or 'none at all'}")


def line(question: Question, _where: Platform, asked: CudaVersion, _worst: Verdict) -> Refusal | None:
    """The CUDA line is the one of the spec."""
    wanted = question.spec.cuda
    return Refusal(f"the spec asks for CUDA {wanted}") if wanted and wanted.line != asked else None
