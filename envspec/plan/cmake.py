"""CMake options as data: names right for the release, architectures explicit, nothing left to what is installed."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, Literal

from envspec.errors import SpecError
from envspec.gpu import Backend, Platform, Target
from envspec.plan.model import CMakeOption

if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from packaging.version import Version

    from envspec.gpu import Capability
    from envspec.plan.candidates import Toolkit, TorchBuild
    from envspec.plan.model import SourceBuild
    from envspec.plan.question import Question

FALSE = {"", "0", "FALSE", "IGNORE", "N", "NO", "NOTFOUND", "OFF"}
"""What CMake takes for false: https://cmake.org/cmake/help/latest/command/if.html"""
ALWAYS = (
    CMakeOption(name="CMAKE_BUILD_TYPE", value="Release", reason="full optimisation"),
    CMakeOption(
        name="CMAKE_PLATFORM_NO_VERSIONED_SONAME",
        value="ON",
        reason="a wheel has no symbolic links, so each versioned name would be a full copy of the library",
    ),
)
WHERE_KNOWN = (
    CMakeOption(name="LLAMA_NATIVE", value="ON", reason="the wheel is built on the machine that runs it"),
    CMakeOption(name="GGML_NATIVE", value="ON", reason="the wheel is built on the machine that runs it"),
    CMakeOption(name="GGML_OPENMP", value="ON", reason="all cores in prompt processing"),
    CMakeOption(
        name="LLAVA_BUILD", value="ON", reason="image and audio input (mtmd); OFF saves a quarter of the build"
    ),
)
"""Options of ours that only some releases have."""
OF_CUDA = (
    CMakeOption(name="GGML_CUDA_NCCL", value="OFF", reason="decided here, not by whether NCCL happens to be installed"),
)
OF_ROCM = (CMakeOption(name="GGML_HIP_RCCL", value="OFF", reason="decided here, not by what is installed"),)
OLDEST_PORTABLE = (5, 0)
"""Oldest capability in llama.cpp's own default lists.

Source: https://github.com/ggml-org/llama.cpp/blob/master/ggml/src/ggml-cuda/CMakeLists.txt
"""
ARCHITECTURES = "CMAKE_CUDA_ARCHITECTURES"
LINKER_FLAGS = "CMAKE_SHARED_LINKER_FLAGS"
CHECKED = re.compile(r"GGML_|LLAMA_|LLAVA_", re.IGNORECASE)
"""Names that must be options of the release: upstream ignores a wrong one without a word.

Source: https://github.com/ggml-org/llama.cpp/blob/master/ggml/CMakeLists.txt
"""


def options(
    question: Question, version: Version, toolkit: Toolkit | None, torch: TorchBuild | None
) -> tuple[CMakeOption, ...]:
    """Merge our options with those of the spec, which win.

    Raises:
        SpecError: the spec names an option that this release does not have, or one that contradicts it.

    """
    known = question.catalog.options(version)
    chosen = {item.name: item for item in ALWAYS}
    chosen |= {item.name: item for item in (*WHERE_KNOWN, *_of_backend(question.spec.backend)) if item.name in known}
    chosen |= {item.name: item for item in _switches(question, version)}
    if toolkit:
        targets, reason = _targets(question, version, toolkit, torch)
        chosen[ARCHITECTURES] = CMakeOption(name=ARCHITECTURES, value=";".join(targets), reason=reason)
    if question.spec.backend is Backend.ROCM and question.gfx:
        name = "GPU_TARGETS" if "GPU_TARGETS" in known else "AMDGPU_TARGETS"
        chosen[name] = CMakeOption(name=name, value=";".join(question.gfx), reason="the GPUs that the spec names")
    for name, value in question.cmake.items():
        _check(question, version, name, value, toolkit)
        chosen[name] = CMakeOption(name=name, value=value, reason="set by the spec")
    return tuple(chosen[name] for name in sorted(chosen))


def arguments(build: SourceBuild, platform: Platform) -> tuple[tuple[str, str], ...]:
    """Names and values for one platform, with the run-time search path that its linker needs.

    The backslash keeps `$ORIGIN` from Ninja and the shell: https://gitlab.kitware.com/cmake/cmake/-/issues/16934
    """
    given = {item.name: item.value for item in build.cmake}
    paths = dict(build.library_paths).get(platform, ())
    if paths:
        flags = " ".join(f"-Wl,-rpath,\\$ORIGIN/{path}" for path in paths)
        given[LINKER_FLAGS] = " ".join(filter(None, (given.get(LINKER_FLAGS), flags)))
    return tuple(sorted(given.items()))


def _of_backend(backend: Backend) -> tuple[CMakeOption, ...]:
    return {Backend.CUDA: OF_CUDA, Backend.ROCM: OF_ROCM}.get(backend, ())


def _switches(question: Question, version: Version) -> Iterable[CMakeOption]:
    """The switch of the backend on, and CUDA off where it is another."""
    era = question.catalog.llama_era(version)
    backend = question.spec.backend
    for known, name in era.switches.items() if era else ():
        if known is backend:
            yield CMakeOption(name=name, value="ON", reason=f"backend: {backend}; the switch of release {version}")
        elif known is Backend.CUDA:
            yield CMakeOption(name=name, value="OFF", reason=f"backend: {backend}")


def _targets(question: Question, version: Version, toolkit: Toolkit, torch: TorchBuild | None) -> tuple[list[str], str]:
    """Values of CMAKE_CUDA_ARCHITECTURES: machine code for each GPU, PTX where the spec asks for more."""
    wanted, reason = question.capabilities, "machine code for each GPU that the spec names"
    ptx = question.wants_ptx
    if not wanted:
        wanted, reason = _portable(question, version, toolkit, torch), "no GPU is named: all that torch or nvcc support"
        ptx = True
    majors = _rewritten(question, version)
    real = [f"{_number(Target(one, majors.get(one.major, '')))}-real" for one in wanted]
    if not ptx:
        return real, reason
    plain = [one for one in wanted if one.major not in majors] or [
        target.capability for target in toolkit.line.targets if (target.capability.major, target.suffix) == (9, "")
    ]
    return [*real, f"{_number(Target(max(plain)))}-virtual"], f"{reason}, and PTX that later GPUs compile"


def _rewritten(question: Question, version: Version) -> dict[int, Literal["a", "f"]]:
    """Major versions whose plain architectures the build of a release turns into another kind."""
    return {row.major: row.suffix for row in question.catalog.llama_rewrites if row.covers(version)}


def _portable(
    question: Question, version: Version, toolkit: Toolkit, torch: TorchBuild | None
) -> tuple[Capability, ...]:
    """Capabilities that the torch wheels have code for, or else all of desktop and server GPUs that nvcc knows."""
    able = {one.capability for one in toolkit.line.targets if one.capability >= OLDEST_PORTABLE}
    able = {capability for capability in able if not question.tegra(capability)}
    if torch:
        wheels = question.catalog.torch_wheel_of
        keys = [(torch.release.version, torch.tag, platform) for platform in question.platforms]
        able &= {target.capability for key in keys for target in wheels[key].sm}
    else:
        able &= {row.capability for row in question.catalog.nvidia_gpus if row.form != "embedded"}
    for row in question.catalog.llama_unbuildable:
        if row.covers(version) and toolkit.line.line <= row.cuda:
            able = {one for one in able if one < row.capability}
    return tuple(sorted(able))


def _check(question: Question, version: Version, name: str, value: str, toolkit: Toolkit | None) -> None:
    """Refuse an option of the spec that the release would ignore, or that turns the backend off."""
    known = question.catalog.options(version)
    if CHECKED.match(name) and name not in known:
        _unknown(question, version, name)
    era = question.catalog.llama_era(version)
    switches = {switch: backend for backend, switch in (era.switches.items() if era else ())}
    backend = switches.get(name)
    on = value.upper() not in FALSE
    if backend and on != (backend is question.spec.backend):
        message = f"cmake: `{name}: {value}` contradicts `backend: {question.spec.backend}`"
        raise SpecError(message, hint="remove the switch; the backend decides it")
    if name == ARCHITECTURES:
        _check_architectures(question, version, value, toolkit)


def _unknown(question: Question, version: Version, name: str) -> None:
    known = question.catalog.options(version)
    spans = [row for row in question.catalog.llama_options if row.option == name]
    if spans:
        lived = ", ".join(f"{row.since} to {row.until or 'the newest'}" for row in spans)
        became = _renamed(question, name, known)
        what = f"releases {lived} have it" + (f"; here it is {became}" if became else "")
    else:
        near = difflib.get_close_matches(name.upper(), known, n=3, cutoff=0.7)
        what = f"did you mean {', '.join(near)}?" if near else "llama.cpp has no such option"
    message = f"cmake: {name} is no option of llama-cpp-python {version}; {what}"
    raise SpecError(message, hint="upstream ignores most wrong names without a word, and what they switch on stays off")


def _renamed(question: Question, name: str, known: Container[str]) -> str | None:
    """Follow the renames of an option, forwards or back, to the name that this release knows."""
    forwards = {row.option: row.became for row in question.catalog.llama_options if row.became}
    back = {new: old for old, new in forwards.items()}
    for steps in (forwards, back):
        seen: list[str] = []
        now: str | None = name
        while now and now not in seen and now not in known:
            seen.append(now)
            now = steps.get(now)
        if now and now in known:
            return now
    return None


def _check_architectures(question: Question, version: Version, value: str, toolkit: Toolkit | None) -> None:
    """Every GPU of the spec must have machine code in what the user lists; `native` and `all` are taken as they are."""
    if value.lower() in {"native", "all", "all-major"}:
        return
    listed = [re.fullmatch(r"(\d+)(\d)([af]?)(-real|-virtual)?", part) for part in value.split(";")]
    found = [one for one in listed if one]
    if len(found) < len(listed):
        message = f"cmake: `{ARCHITECTURES}: {value}` is no list of architectures"
        raise SpecError(message, hint="write for example 89-real;90-virtual, or leave the option to envspec")
    majors = _rewritten(question, version)
    targets = [Target.parse(f"{one[1]}.{one[2]}{one[3] or majors.get(int(one[1]), '')}") for one in found]
    foreign = [str(target) for target in targets if toolkit and target not in toolkit.line.targets]
    if foreign and toolkit:
        message = f"cmake: `{ARCHITECTURES}: {value}`: CUDA {toolkit.line.line} does not compile for {foreign[0]}"
        raise SpecError(message, hint="leave the option to envspec")
    real = [target for target, one in zip(targets, found, strict=True) if one[4] != "-virtual"]
    for gpu in question.capabilities:
        if not any(target.runs_on(gpu, tegra=question.tegra(gpu)) for target in real):
            message = f"cmake: `{ARCHITECTURES}: {value}` makes no machine code for compute capability {gpu}"
            raise SpecError(message, hint=f"add {gpu.major}{gpu.minor}-real, or leave the option to envspec")


def _number(target: Target) -> str:
    return f"{target.capability.major}{target.capability.minor}{target.suffix}"
