"""The reasons of a plan in words: its choices, and what its user should know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envspec.gpu import Backend, Platform
from envspec.plan.code import Verdict
from envspec.plan.model import Choice
from envspec.plan.rules.words import minors
from envspec.spec import Base, Install, ToolkitSource, range_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envspec.plan.model import CudaPlan, LlamaPlan, SourceBuild, TorchPlan
    from envspec.plan.question import Question
    from envspec.plan.search import Answer

METAL_SOURCE = "https://github.com/abetlen/llama-cpp-python/blob/main/CMakeLists.txt"


class Parts:
    """What was decided, in the words of the plan."""

    def __init__(
        self, cuda: CudaPlan | None, torch: TorchPlan | None, llama: LlamaPlan | None, build: SourceBuild | None
    ) -> None:
        self.cuda, self.torch, self.llama, self.build = cuda, torch, llama, build


def choices(question: Question, answer: Answer, parts: Parts) -> Iterator[Choice]:
    """Every decision with its reason."""
    yield from _foundation(question, answer)
    yield from _cuda(question, answer, parts)
    if answer.torch and parts.torch and question.spec.torch:
        wanted = range_text(question.spec.torch.version) or "any range"
        reason = f"newest release that fits {wanted} and passes every rule; from {parts.torch.index}"
        value = parts.torch.named(question.platforms)
        yield Choice(topic="torch", value=value, reason=reason, source=answer.torch.release.source)
        for name, version in parts.torch.packages[1:]:
            yield Choice(topic=name, value=version, reason=f"the release that goes with torch {parts.torch.version}")
    yield from _llama(question, answer, parts)
    for option in parts.build.cmake if parts.build else ():
        yield Choice(topic=f"-D{option.name}", value=option.value, reason=option.reason)
    if parts.build and answer.llama:
        for row in question.catalog.left_out(answer.llama.version):
            if row.option in parts.build.left_out:
                yield Choice(topic=f"-D{row.option}", value="OFF", reason=row.reason, source=row.source)


def _foundation(question: Question, answer: Answer) -> Iterator[Choice]:
    """Choices that the spec itself makes."""
    spec = question.spec
    named = "named by the spec" if spec.platforms else "this machine; the spec names none"
    yield Choice(topic="platforms", value=", ".join(question.platforms), reason=named)
    if answer.torch and answer.pythons != question.pythons:
        reason = f"what {range_text(spec.python)} of the spec shares with the wheels of torch"
        yield Choice(topic="python", value=minors(answer.pythons), reason=reason)
    else:
        reason = "range of the spec; the lock covers all of it"
        yield Choice(topic="python", value=range_text(spec.python), reason=reason)
    reason = "a virtual environment on a Python that is already installed"
    yield Choice(topic="base", value=spec.base, reason="named by the spec" if spec.base is Base.CONDA else reason)
    yield Choice(topic="backend", value=spec.backend, reason="named by the spec")
    for gpu in question.gpus:
        yield Choice(topic="gpu", value=str(gpu), reason="named by the spec", source=_gpu_source(question, gpu.name))


def _gpu_source(question: Question, name: str) -> str | None:
    row = question.catalog.gpu_named(name)
    return row.source if row else None


def _cuda(question: Question, answer: Answer, parts: Parts) -> Iterator[Choice]:
    if answer.line is None or parts.cuda is None:
        return
    if question.spec.cuda:
        reason = "named by the spec"
    elif answer.torch:
        reason = f"the CUDA of torch's {answer.torch.tag} wheels; one CUDA for the whole environment"
    else:
        reason = "the oldest line that passes every rule, so the one that most drivers run"
    row = question.catalog.family(answer.line)
    yield Choice(topic="cuda", value=str(answer.line), reason=reason, source=row.source)
    drivers = ", ".join(f"{version} ({platform})" for platform, version in parts.cuda.drivers)
    reason = f"oldest driver that runs machine code of CUDA {answer.line.major}.x (minor-version compatibility)"
    yield Choice(topic="driver", value=f">= {drivers}", reason=reason, source=row.source)
    brought = {
        "torch": "torch brings libcudart and libcublas; llama-cpp-python loads the same files",
        "conda": "conda packages of the prefix",
        "pypi": "`nvidia-*` wheels of the default index",
        "system": "the toolkit that is installed on the machine",
    }
    yield Choice(topic="CUDA libraries", value=parts.cuda.runtime, reason=brought[parts.cuda.runtime])
    toolkit = parts.cuda.toolkit
    if toolkit and answer.toolkit:
        named = question.spec.toolkit.source is not ToolkitSource.AUTO
        newest = f"newest release of CUDA {answer.line} that `base: {question.spec.base}` has"
        reason = "named by the spec" if named else newest
        value = f"{toolkit.release} ({toolkit.package or toolkit.source})"
        yield Choice(topic="toolkit", value=value, reason=reason, source=answer.toolkit.release.source)
        for platform, limits in toolkit.compilers:
            value = f"{limits} ({platform})"
            yield Choice(topic="host compiler", value=value, reason="what nvcc takes", source=row.source)


def _llama(question: Question, answer: Answer, parts: Parts) -> Iterator[Choice]:
    if answer.llama is None or parts.llama is None:
        return
    era = question.catalog.llama_era(answer.llama.version)
    newest = question.catalog.llama_by_age[0].version
    wanted = range_text(question.llama_range) or "any range"
    reason = f"newest release that fits {wanted}"
    if answer.llama.version > newest:
        reason = f"pinned by the spec; newer than the catalog, so built like {newest}"
    elif answer.llama.wheels:
        reason += " and has wheels for the most platforms"
    value = str(answer.llama.version)
    yield Choice(topic="llama-cpp-python", value=value, reason=reason, source=era.source if era else None)
    for install in parts.llama.installs:
        row = answer.llama.wheels.get(install.platform)
        if row:
            value, reason = f"wheel {row.tag} ({install.platform})", f"has code for every GPU named; from {row.index}"
            yield Choice(topic="install", value=value, reason=reason, source=row.source)
        else:
            value, reason = f"{Install.SOURCE} ({install.platform})", _why_source(question)
            yield Choice(topic="install", value=value, reason=reason)


def _why_source(question: Question) -> str:
    if question.install is Install.SOURCE:
        return "named by the spec"
    if question.cmake:
        return "the options under `cmake` ask for a build of its own"
    if question.spec.backend is Backend.CPU:
        return "compiled for this CPU; `install: wheel` takes wheels that are made for any"
    return "no wheel passes every rule; the rejections say why"


def warnings(question: Question, answer: Answer, parts: Parts) -> Iterator[str]:
    """What works, but not as one may think."""
    yield from _of_the_machine(question)
    yield from _of_torch(question, answer)
    yield from _of_wheels(question, answer)
    if question.last_driver and answer.line:
        yield f"driver branch {question.last_driver} is the last one for this GPU: do not install a newer driver"
    if answer.worst is Verdict.JIT:
        yield (
            "no machine code for a GPU, only PTX: the driver compiles it at the first start (JIT); that takes minutes, "
            "and kernels for newer hardware are missing"
        )
    if question.spec.backend is Backend.ROCM and parts.build:
        yield "compiling needs ROCm installed on the machine: neither wheels nor a conda label bring hipcc"
    if question.spec.backend is Backend.VULKAN and parts.build and question.spec.base is Base.VENV:
        yield "compiling needs Vulkan headers, loader and glslc on the machine; `base: conda` can bring them"
    source = question.spec.toolkit.source
    if answer.toolkit is None and source not in {ToolkitSource.AUTO, ToolkitSource.NONE}:
        yield f"`toolkit: {source}` is not used: nothing is compiled with CUDA"
    if answer.toolkit is None and question.spec.cuda and question.spec.cuda.patch is not None:
        yield f"of `cuda: {question.spec.cuda}` only the line counts: nothing is compiled with CUDA"
    if question.spec.backend is Backend.CUDA and not question.gpus and parts.build:
        yield "no `gpu` is named, so code for many GPUs is compiled: naming yours makes the build several times shorter"
    if question.spec.llama and question.spec.backend is not Backend.METAL and Platform.OSX_ARM64 in question.platforms:
        yield (
            "osx-arm64: llama-cpp-python always compiles its Metal backend on macOS "
            f"({METAL_SOURCE}); n_gpu_layers=0 leaves it unused"
        )


def _of_the_machine(question: Question) -> Iterator[str]:
    host, spec = question.host, question.spec
    if host and host.platform not in question.platforms:
        yield f"the machine is {host.platform}, which the spec does not name: nothing about it counts"
    if spec.llama and question.llama_range and not question.catalog.llama_fitting(question.llama_range):
        yield f"llama-cpp-python {question.llama_range} is newer than the catalog: what it needs is only assumed"


def _of_torch(question: Question, answer: Answer) -> Iterator[str]:
    if answer.torch is None or question.spec.torch is None:
        return
    version, tag = answer.torch.release.version, answer.torch.tag
    for gap in question.catalog.torch_gaps:
        if gap.covers(version) and tag in gap.tags and gap.capability in question.capabilities:
            where = [platform for platform in question.platforms if platform in gap.platforms]
            if where:
                yield f"torch {version} on {', '.join(where)}, compute capability {gap.capability}: {gap.effect}"
    wheels = [question.catalog.torch_wheel_of[version, tag, platform] for platform in question.platforms]
    for wheel in wheels:
        if wheel.unconfirmed:
            yield f"torch {version}+{tag}: nobody has confirmed that the index has it for {wheel.platform}"
        elif wheel.confidence == "inferred":
            yield f"torch {version}+{tag} on {wheel.platform}: its list of GPUs is inferred: {wheel.note}"
    audio = answer.torch.release.torchaudio
    if "torchaudio" in question.spec.torch.packages and audio.release[:2] != version.release[:2]:
        yield f"torchaudio {audio} was the last release; it was not made for torch {version}"


def _of_cpu(question: Question) -> Iterator[str]:
    features = question.host.features if question.host else ()
    if not {"avx2", "avx512f"} <= set(features):
        yield (
            "the CUDA wheels of llama-cpp-python were compiled for the CPU of their build machine: on a CPU without "
            "AVX2 or AVX-512 they may end with `Illegal instruction`; compiling avoids that"
        )


def _of_wheels(question: Question, answer: Answer) -> Iterator[str]:
    if answer.llama is None:
        return
    inferred = {row.tag: row.note for row in answer.llama.wheels.values() if row.confidence == "inferred"}
    for tag, note in inferred.items():
        yield f"what the llama-cpp-python wheels of {tag} hold is inferred: {note}"
    if question.spec.backend is not Backend.CUDA:
        for note in dict.fromkeys(f"{row.tag}: {row.note}" for row in answer.llama.wheels.values() if row.note):
            yield f"the llama-cpp-python wheel of {note}"
    elif answer.llama.wheels:
        yield from _of_cpu(question)
    fitting = (row.version for row in question.catalog.llama_fitting(question.llama_range))
    newest = next(fitting, answer.llama.version)
    if answer.llama.wheels and answer.llama.version < newest:
        yield f"llama-cpp-python {newest} fits the spec too, but has no wheel here: it would be compiled"
