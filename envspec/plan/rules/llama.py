"""Rules about llama-cpp-python: which wheels may be taken, and what can be compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envspec.gpu import Backend, Platform
from envspec.plan.candidates import Refusal
from envspec.plan.code import Verdict, without_code
from envspec.plan.rules import driver
from envspec.plan.rules.words import gpus, minors
from envspec.spec import Install

if TYPE_CHECKING:
    from envspec.plan.candidates import Compilation, Wheel
    from envspec.plan.question import Question


def wheel_wanted(question: Question, _platform: Platform, _wheel: Wheel, _worst: Verdict) -> Refusal | None:
    """The spec allows a wheel; for the CPU it must ask for one."""
    if question.takes_wheels:
        return None
    if question.install is Install.SOURCE:
        return Refusal("`install: source`")
    if question.cmake:
        return Refusal("the options under `cmake` ask for a build of its own")
    return Refusal("wheels are made for any CPU; compiled here it uses all that this CPU can do")


def wheel_content(question: Question, _platform: Platform, wheel: Wheel, _worst: Verdict) -> Refusal | None:
    """What the wheel holds is known, not concluded from its neighbours."""
    if wheel.row.confidence == "inferred" and question.install is Install.AUTO:
        return Refusal("what code it holds is only inferred; `install: wheel` takes it all the same", wheel.row.source)
    return None


def wheel_python(_question: Question, _platform: Platform, wheel: Wheel, _worst: Verdict) -> Refusal | None:
    """Its Python tags cover every Python of the environment."""
    if wheel.row.python and not wheel.pythons <= set(wheel.row.python):
        return Refusal(f"wheels for Python {minors(wheel.row.python)} only", wheel.row.source)
    return None


def wheel_glibc(question: Question, platform: Platform, wheel: Wheel, _worst: Verdict) -> Refusal | None:
    """The host's glibc is new enough for it."""
    found, least = question.glibc(platform), wheel.row.glibc
    if found and least and found < least:
        return Refusal(f"needs glibc {least}, the machine has {found}", wheel.row.source)
    return None


def wheel_code(question: Question, _platform: Platform, wheel: Wheel, worst: Verdict) -> Refusal | None:
    """It holds code for each GPU: machine code, and PTX only where the spec insists on a wheel."""
    row = wheel.row
    if question.spec.backend is Backend.ROCM:
        missing = [gfx for gfx in question.gfx if gfx not in row.gfx]
        return Refusal(f"no code for {', '.join(missing)}, only {' '.join(row.gfx)}", row.source) if missing else None
    if question.spec.backend is not Backend.CUDA:
        return None
    good_enough = worst if question.install is Install.WHEEL else Verdict.NATIVE
    without = without_code(question, row.sm, row.ptx, good_enough)
    if not without:
        return None
    compiled = set(without) - set(without_code(question, row.sm, row.ptx, Verdict.JIT))
    why = "only PTX for" if compiled == set(without) else "no code for"
    return Refusal(f"{why} {gpus(without)}; machine code for {' '.join(map(str, row.sm))}", row.source)


def wheel_runtime(_question: Question, _platform: Platform, wheel: Wheel, _worst: Verdict) -> Refusal | None:
    """It was built with a CUDA of the environment's major version, and no newer one."""
    if wheel.row.cuda is None or wheel.line is None:
        return None
    built = wheel.row.cuda.line
    if built.major != wheel.line.major:
        return Refusal(f"needs the libraries of CUDA {built.major}, the environment has {wheel.line}")
    if built > wheel.line:
        return Refusal(f"built with CUDA {built}, newer than {wheel.line} of the environment")
    return None


def wheel_ptx(question: Question, platform: Platform, wheel: Wheel, _worst: Verdict) -> Refusal | None:
    """The driver can compile its PTX, where a GPU needs that."""
    if wheel.row.cuda is None:
        return None
    return driver.ptx(question, platform, wheel.row.cuda.line, (wheel.row.sm, wheel.row.ptx))


def source_wanted(question: Question, _platform: Platform, _made: Compilation, _worst: Verdict) -> Refusal | None:
    """The spec allows compiling."""
    return Refusal("`install: wheel`") if question.install is Install.WHEEL else None


def source_backend(question: Question, _platform: Platform, made: Compilation, _worst: Verdict) -> Refusal | None:
    """The release has a switch for the backend."""
    backend = question.spec.backend
    if made.era is None:
        return Refusal("the names of its build switches are not in the catalog")
    if backend is not Backend.CPU and backend not in made.era.switches:
        return Refusal(f"it has no {backend} backend", made.era.source)
    return None


def source_rocm(question: Question, platform: Platform, made: Compilation, _worst: Verdict) -> Refusal | None:
    """The machine's ROCm, where it is known, is new enough."""
    host = question.host_of(platform)
    if question.spec.backend is not Backend.ROCM or host is None or host.rocm is None:
        return None
    for row in question.catalog.llama_rocm:
        if row.covers(made.version) and host.rocm < row.rocm:
            return Refusal(f"needs ROCm {row.rocm}, the machine has {host.rocm}", row.source)
    return None


def source_toolkit(question: Question, _platform: Platform, made: Compilation, _worst: Verdict) -> Refusal | None:
    """It compiles for each GPU with that toolkit."""
    if made.toolkit is None:
        return None
    line = made.toolkit.line.line
    for row in question.catalog.llama_unbuildable:
        if row.covers(made.version) and line <= row.cuda:
            bad = [capability for capability in question.capabilities if capability >= row.capability]
            if bad:
                return Refusal(f"does not compile for {gpus(bad)} with CUDA {line}: {row.reason}", row.source)
    return None
