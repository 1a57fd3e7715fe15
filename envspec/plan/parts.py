"""The parts of a plan, out of the answer of the search."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from envspec.gpu import Backend, CudaVersion, Platform
from envspec.plan import cmake
from envspec.plan.code import Verdict, verdict
from envspec.plan.model import (
    CudaPlan,
    GpuPlan,
    LlamaInstall,
    LlamaPlan,
    SourceBuild,
    ToolkitPlan,
    TorchPlan,
)
from envspec.plan.rules.toolkit import compiler_limits
from envspec.spec import Base, ToolkitSource

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envspec.gpu import Capability, Target
    from envspec.plan.candidates import Toolkit
    from envspec.plan.question import Question, WantedGpu
    from envspec.plan.search import Answer

LINUX = (Platform.LINUX_64, Platform.LINUX_AARCH64)
WHEEL_FOLDERS = {
    11: ("../../nvidia/cuda_runtime/lib", "../../nvidia/cublas/lib"),
    12: ("../../nvidia/cuda_runtime/lib", "../../nvidia/cublas/lib"),
}
"""Where the `nvidia-*` wheels put libcudart and libcublas, seen from `llama_cpp/lib`."""
NEWER_WHEEL_FOLDERS = ("../../nvidia/cu{major}/lib",)
"""From CUDA 13 on all of them share a folder."""
CONDA_FOLDERS = ("../../../..",)
"""`lib` of the prefix, seen from `lib/python3.N/site-packages/llama_cpp/lib`."""


def gpus(question: Question, answer: Answer) -> tuple[GpuPlan, ...]:
    """How each part runs on each GPU of the spec."""
    return tuple(
        GpuPlan(
            name=gpu.name,
            target=str(gpu.capability or gpu.gfx),
            torch=_torch_on(question, answer, gpu),
            llama=_llama_on(question, answer, gpu),
        )
        for gpu in question.gpus
    )


def _torch_on(question: Question, answer: Answer, gpu: WantedGpu) -> Literal["native", "jit"] | None:
    if answer.torch is None or question.spec.backend not in {Backend.CUDA, Backend.ROCM}:
        return None
    if gpu.capability is None:
        return "native"
    keys = [(answer.torch.release.version, answer.torch.tag, platform) for platform in question.platforms]
    wheels = [question.catalog.torch_wheel_of[key] for key in keys]
    return _worst(question, gpu.capability, ((wheel.sm, wheel.ptx) for wheel in wheels))


def _llama_on(question: Question, answer: Answer, gpu: WantedGpu) -> Literal["native", "jit"] | None:
    if answer.llama is None:
        return None
    if gpu.capability is None or question.spec.backend is not Backend.CUDA:
        return "native"
    return _worst(question, gpu.capability, ((row.sm, row.ptx) for row in answer.llama.wheels.values()))


def _worst(
    question: Question, gpu: Capability, code: Iterable[tuple[tuple[Target, ...], tuple[Target, ...]]]
) -> Literal["native", "jit"]:
    tegra = question.tegra(gpu)
    worst = max((verdict(sm, ptx, gpu, tegra=tegra) for sm, ptx in code), default=Verdict.NATIVE)
    return "native" if worst is Verdict.NATIVE else "jit"


def cuda(question: Question, answer: Answer) -> CudaPlan | None:
    """The CUDA of the environment."""
    if answer.line is None:
        return None
    row = question.catalog.family(answer.line)
    drivers = tuple((platform, str(question.least_driver(row, platform))) for platform in question.platforms)
    return CudaPlan(
        line=str(answer.line),
        drivers=drivers,
        runtime=runtime(question, answer),
        toolkit=_toolkit(question, answer.toolkit) if answer.toolkit else None,
    )


def runtime(question: Question, answer: Answer) -> Literal["torch", "conda", "pypi", "system"]:
    """Who brings the CUDA libraries that programs load: one copy for torch and llama-cpp-python."""
    if answer.torch:
        return "torch"
    if answer.toolkit and answer.toolkit.source is ToolkitSource.SYSTEM:
        return "system"
    return "conda" if question.spec.base is Base.CONDA else "pypi"


def _toolkit(question: Question, toolkit: Toolkit) -> ToolkitPlan:
    release = toolkit.release
    packages = {
        ToolkitSource.CONDA_LABEL: release.label,
        ToolkitSource.CONDA_FORGE: f"cuda-version={release.release.line}",
        ToolkitSource.PYPI: f"cuda-toolkit[nvcc,cublas,cccl]=={release.pypi}",
    }
    return ToolkitPlan(
        release=str(release.release),
        source=toolkit.source,
        package=packages.get(toolkit.source),
        nvcc=str(release.nvcc),
        compilers=tuple((platform, compiler_limits(toolkit.line, platform)) for platform in question.platforms),
    )


def torch(question: Question, answer: Answer) -> TorchPlan | None:
    """The torch that is installed, with the companions that the spec asks for."""
    if answer.torch is None or question.spec.torch is None:
        return None
    release = answer.torch.release
    versions = {"torch": release.version, "torchvision": release.torchvision, "torchaudio": release.torchaudio}
    names = ("torch", *question.spec.torch.packages)
    return TorchPlan(
        version=str(release.version),
        tag=answer.torch.tag,
        index=f"{question.catalog.index_of['torch']}/{answer.torch.tag}",
        packages=tuple((name, str(versions[name])) for name in dict.fromkeys(names)),
    )


def llama(question: Question, answer: Answer) -> LlamaPlan | None:
    """The llama-cpp-python that is installed, on each platform."""
    if answer.llama is None or question.spec.llama is None:
        return None
    wheels = answer.llama.wheels
    installs = [
        LlamaInstall(platform=platform, wheel=wheels[platform].tag, index=wheels[platform].index)
        if platform in wheels
        else LlamaInstall(platform=platform, wheel=None)
        for platform in question.platforms
    ]
    extras = tuple(sorted(question.spec.llama.extras))
    return LlamaPlan(version=str(answer.llama.version), extras=extras, installs=tuple(installs))


def build(question: Question, answer: Answer) -> SourceBuild | None:
    """How llama-cpp-python is compiled, where a platform has to.

    Raises:
        SpecError: an option of the spec does not exist or contradicts it.

    """
    if answer.llama is None or len(answer.llama.wheels) == len(question.platforms):
        return None
    version = answer.llama.version
    era = question.catalog.llama_era(version)
    left_out = [row.option for row in question.catalog.left_out(version) if row.option not in question.cmake]
    return SourceBuild(
        version=str(version),
        cmake=cmake.options(question, version, answer.toolkit, answer.torch),
        left_out=tuple(left_out),
        requires=era.build_requires if era else (),
        library_paths=_library_paths(question, answer),
    )


def _library_paths(question: Question, answer: Answer) -> tuple[tuple[Platform, tuple[str, ...]], ...]:
    """Where the CUDA libraries lie; on Windows the activation says so, it has no run-time search path."""
    if answer.line is None or answer.llama is None:
        return ()
    brings = runtime(question, answer)
    if brings == "system":
        return ()
    paths = CONDA_FOLDERS if brings == "conda" else wheel_folders(answer.line)
    compiling = [platform for platform in question.platforms if platform not in answer.llama.wheels]
    return tuple((platform, paths) for platform in compiling if platform in LINUX)


def wheel_folders(line: CudaVersion) -> tuple[str, ...]:
    """Folders of the `nvidia-*` wheels of a CUDA line, seen from `llama_cpp/lib`."""
    return WHEEL_FOLDERS.get(line.major) or tuple(text.format(major=line.major) for text in NEWER_WHEEL_FOLDERS)


def requirements(question: Question, answer: Answer) -> tuple[str, ...]:
    """What is locked from the default index: the requirements of the spec, and llama-cpp-python."""
    named = list(question.spec.pip)
    if answer.llama and question.spec.llama:
        extras = ",".join(sorted(question.spec.llama.extras))
        named.append(f"llama-cpp-python{f'[{extras}]' if extras else ''}=={answer.llama.version}")
    return tuple(sorted(named))
