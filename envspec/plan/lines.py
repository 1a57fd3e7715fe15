"""The lines of a spec, and the facts of a host, that can be in conflict: how each is relaxed and set anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from envspec.gpu import Backend, Platform
from envspec.host import Compiler, CompilerKind, Driver
from envspec.plan.question import Question
from envspec.plan.rules.toolkit import MSC_VERSION_BASE
from envspec.spec import Base, Install, ToolkitRequest, ToolkitSource, range_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envspec.plan.search import Answer

Relaxed = tuple[Question, ...]
Fixes = tuple[tuple[str, Question], ...]
ANY = SpecifierSet()
ANY_PYTHON = SpecifierSet(">=3.8")
PYTHONS = tuple(SpecifierSet(f"==3.{minor}.*") for minor in range(15, 7, -1))
BACKENDS = (Backend.METAL, Backend.CUDA, Backend.ROCM, Backend.VULKAN, Backend.CPU)


class Line(NamedTuple):
    """One line that can be in conflict."""

    name: str
    given: str
    relax: Callable[[Question], Relaxed]
    """Questions without this demand, the mildest first."""
    fix: Callable[[Question, Question, Answer], Fixes]
    """For a question, one that was relaxed and its answer: new values, each with the question that has it."""


def lines(question: Question) -> tuple[Line, ...]:
    """Lines that can be relaxed, those first that one would blame last."""
    return (*_of_host(question), *_of_spec(question))


def changed(question: Question, **update: object) -> Question:
    """The same question about a changed spec."""
    return Question(question.spec.model_copy(update=update), question.host, question.catalog)


def elsewhere(question: Question, **update: object) -> Question:
    """The same question on a changed machine."""
    host = question.host and question.host.model_copy(update=update)
    return Question(question.spec, host, question.catalog)


def _of_spec(question: Question) -> Iterator[Line]:
    spec = question.spec
    if spec.llama and spec.llama.install is not Install.AUTO:
        yield Line("install", spec.llama.install, _relax_install, _fix_install)
    if spec.llama and spec.llama.version != ANY:
        yield Line("llama-cpp-python", range_text(spec.llama.version), _relax_llama, _fix_llama)
    yield Line("python", range_text(spec.python), _relax_python, _fix_python)
    if spec.toolkit.source is not ToolkitSource.AUTO:
        yield Line("toolkit", spec.toolkit.source, _relax_toolkit, _fix_toolkit)
    yield Line("base", spec.base, _relax_base, _fix_base)
    yield Line("platforms", ", ".join(question.platforms), _relax_platforms, _fix_platforms)
    if spec.torch:
        yield Line("torch", range_text(spec.torch.version) or "any version", _relax_torch, _fix_torch)
    if spec.cuda:
        yield Line("cuda", str(spec.cuda), _relax_cuda, _fix_cuda)
    if spec.gpu:
        yield Line("gpu", ", ".join(map(str, question.gpus)) or ", ".join(spec.gpu), _relax_gpu, _fix_gpu)
    yield Line("backend", spec.backend, _relax_backend, _fix_backend)


def _of_host(question: Question) -> Iterator[Line]:
    host = question.host
    if host and host.compilers is not None:
        have = ", ".join(f"{found.kind} {found.version}" for found in host.compilers) or "none"
        yield Line("compilers", have, _relax_compilers, _fix_compilers)
    if host and host.glibc:
        yield Line("glibc", ".".join(map(str, host.glibc)), _relax_glibc, _fix_glibc)
    if host and host.driver:
        yield Line("driver", str(host.driver.version), _relax_driver, _fix_driver)


def _relax_install(question: Question) -> Relaxed:
    llama = question.spec.llama
    return (changed(question, llama=llama.model_copy(update={"install": Install.AUTO})),) if llama else ()


def _fix_install(question: Question, _relaxed: Question, _answer: Answer) -> Fixes:
    return (("auto", _relax_install(question)[0]),)


def _relax_llama(question: Question) -> Relaxed:
    llama = question.spec.llama
    return (changed(question, llama=llama.model_copy(update={"version": ANY})),) if llama else ()


def _fix_llama(question: Question, _relaxed: Question, answer: Answer) -> Fixes:
    llama = question.spec.llama
    value = f"=={answer.llama.version}" if answer.llama else ""
    return ((value, changed(question, llama=llama and llama.model_copy(update={"version": SpecifierSet(value)}))),)


def _relax_python(question: Question) -> Relaxed:
    """Any Python; a wheel that is insisted on may be there for a single one only."""
    singles = PYTHONS if question.install is Install.WHEEL else ()
    return tuple(changed(question, python=one) for one in (ANY_PYTHON, *singles))


def _fix_python(question: Question, _relaxed: Question, answer: Answer) -> Fixes:
    nearest = min(answer.pythons, key=lambda minor: min(abs(minor - given) for given in question.pythons))
    return ((f"3.{nearest}", changed(question, python=SpecifierSet(f"==3.{nearest}.*"))),)


def _relax_toolkit(question: Question) -> Relaxed:
    others = (ToolkitSource.AUTO, ToolkitSource.SYSTEM)
    return tuple(changed(question, toolkit=ToolkitRequest(source=one)) for one in others)


def _fix_toolkit(question: Question, relaxed: Question, _answer: Answer) -> Fixes:
    toolkit = relaxed.spec.toolkit
    return ((toolkit.source, changed(question, toolkit=toolkit)),)


def _relax_base(question: Question) -> Relaxed:
    other = Base.VENV if question.spec.base is Base.CONDA else Base.CONDA
    return (changed(question, base=other),)


def _fix_base(question: Question, relaxed: Question, _answer: Answer) -> Fixes:
    return ((relaxed.spec.base, changed(question, base=relaxed.spec.base)),)


def _relax_backend(question: Question) -> Relaxed:
    """Other backends, where this one cannot run on the platform or GPU at all."""
    row = question.catalog.backend_of[question.spec.backend]
    exists = set(question.platforms) <= set(row.platforms) and _vendors_fit(question, question.spec.backend)
    if exists and not question.lacks_native and _known_to_llama(question):
        return ()
    others = [backend for backend in BACKENDS if backend is not question.spec.backend]
    return tuple(_with_backend(question, backend) for backend in others if _vendors_fit(question, backend))


def _with_backend(question: Question, backend: Backend) -> Question:
    """Another backend, without the lines that speak about CUDA."""
    return changed(question, backend=backend, cuda=None, toolkit=ToolkitRequest())


def _known_to_llama(question: Question) -> bool:
    """Whether a release of llama-cpp-python that fits has the backend; where none fits, that is not the reason."""
    if question.spec.llama is None or question.spec.backend is Backend.CPU:
        return True
    fitting = question.catalog.llama_fitting(question.llama_range)
    eras = [question.catalog.llama_era(row.version) for row in fitting]
    return not eras or any(era and question.spec.backend in era.switches for era in eras)


def _vendors_fit(question: Question, backend: Backend) -> bool:
    return not question.gpus or all(gpu.runs_on(backend) for gpu in question.gpus)


def _fix_backend(question: Question, relaxed: Question, _answer: Answer) -> Fixes:
    backend, spec = relaxed.spec.backend, question.spec
    given = {"cuda": spec.cuda, "toolkit": spec.toolkit.source is not ToolkitSource.AUTO}
    dropped = " and ".join(f"`{name}`" for name, there in given.items() if there)
    value = f"{backend}, without {dropped}" if dropped else backend
    return ((value, _with_backend(question, backend)),)


def _relax_platforms(question: Question) -> Relaxed:
    """Without one of several platforms, or on one where the backend and the GPUs exist."""
    exists = [
        platform
        for platform in question.catalog.backend_of[question.spec.backend].platforms
        if all(platform in gpu.platforms for gpu in question.gpus if gpu.platforms)
    ]
    kept = tuple(platform for platform in question.platforms if platform in exists)
    if len(kept) < len(question.platforms):
        return tuple(changed(question, platforms=one) for one in ([kept] if kept else [(here,) for here in exists]))
    less = [tuple(one for one in kept if one is not without) for without in kept]
    return tuple(changed(question, platforms=some) for some in less if some)


def _fix_platforms(question: Question, relaxed: Question, _answer: Answer) -> Fixes:
    return ((f"[{', '.join(relaxed.platforms)}]", changed(question, platforms=relaxed.platforms)),)


def _relax_torch(question: Question) -> Relaxed:
    torch = question.spec.torch
    ranged = torch and torch.version != ANY
    any_version = (changed(question, torch=torch and torch.model_copy(update={"version": ANY})),) if ranged else ()
    return (*any_version, changed(question, torch=None))


def _fix_torch(question: Question, _relaxed: Question, answer: Answer) -> Fixes:
    torch = question.spec.torch
    if answer.torch is None or torch is None:
        return (("false", changed(question, torch=None)),)
    version = f"=={answer.torch.release.version}"
    return ((version, changed(question, torch=torch.model_copy(update={"version": SpecifierSet(version)}))),)


def _relax_cuda(question: Question) -> Relaxed:
    return (changed(question, cuda=None),)


def _fix_cuda(question: Question, _relaxed: Question, answer: Answer) -> Fixes:
    return ((str(answer.line), changed(question, cuda=answer.line)),) if answer.line else ()


def _relax_gpu(question: Question) -> Relaxed:
    """Without one of several GPUs, or without all."""
    names = question.spec.gpu
    less = [tuple(one for one in names if one != without) for without in names] if len(names) > 1 else []
    return tuple(changed(question, gpu=some) for some in (*less, ()))


def _fix_gpu(question: Question, relaxed: Question, _answer: Answer) -> Fixes:
    names = relaxed.spec.gpu
    return ((f"[{', '.join(names)}]", changed(question, gpu=names)),) if names else ()


def _relax_driver(question: Question) -> Relaxed:
    return (elsewhere(question, driver=None),)


def _fix_driver(question: Question, relaxed: Question, answer: Answer) -> Fixes:
    """The last driver for the GPU, the oldest that runs the CUDA line, or one that came with a toolkit."""
    platform = question.host.platform if question.host else question.platforms[0]
    rows = [row for rows in question.catalog.releases_of.values() for row in rows]
    known = {driver for row in rows if (driver := question.shipped_driver(row, platform))}
    if answer.line:
        least = question.least_driver(question.catalog.family(answer.line), platform)
        known = {least, *(one for one in known if one > least)}
    last = relaxed.last_driver
    newer = () if last else tuple((f"{one} or newer", one) for one in sorted(known))
    branch = ((f"a driver of branch {last}", Version(f"{last}.999")),) if last else ()
    return tuple((value, elsewhere(question, driver=Driver(version=one))) for value, one in (*branch, *newer))


def _relax_glibc(question: Question) -> Relaxed:
    return (elsewhere(question, libc=""),)


def _fix_glibc(question: Question, relaxed: Question, answer: Answer) -> Fixes:
    """What the wheels need at least; where something is compiled on a venv, what the toolkit's headers go with too."""
    needed = [Version("2.17")]
    if answer.torch:
        build, wheels = answer.torch, question.catalog.torch_wheel_of
        rows = (wheels[build.release.version, build.tag, platform] for platform in relaxed.platforms)
        needed.extend(row.glibc or build.release.glibc for row in rows)
    if answer.llama:
        needed.extend(row.glibc for row in answer.llama.wheels.values() if row.glibc)
    least = max(needed)
    breaks = answer.toolkit.line.glibc_breaks if answer.toolkit and relaxed.spec.base is Base.VENV else None
    value = f"{least} or newer" + (f", older than {breaks}" if breaks else "")
    return ((value, elsewhere(question, libc=f"glibc {least}")),)


def _relax_compilers(question: Question) -> Relaxed:
    return (elsewhere(question, compilers=None),)


def _fix_compilers(question: Question, _relaxed: Question, answer: Answer) -> Fixes:
    """Install the newest compiler that nvcc takes."""
    if answer.toolkit is None or question.host is None:
        return ()
    line = answer.toolkit.line
    if question.host.platform is Platform.WIN_64:
        toolset = f"14.{line.msc_max - MSC_VERSION_BASE}"
        found = Compiler(kind=CompilerKind.MSVC, version=Version(toolset), path="")
    else:
        found = Compiler(kind=CompilerKind.GCC, version=Version(str(line.gcc_max)), path="")
    fixed = elsewhere(question, compilers=(*(question.host.compilers or ()), found))
    older = " or older" if found.kind is CompilerKind.MSVC else ""
    return ((f"install {found.kind} {found.version}{older}", fixed),)
