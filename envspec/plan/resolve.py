"""Find the one combination that works, and say why."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from packaging.version import Version

from envspec.errors import Unsatisfiable
from envspec.gpu import Backend, Platform
from envspec.plan import support
from envspec.plan.model import Choice, CMakeOption, Plan, Rejection, SourceBuild
from envspec.spec import Install, range_text

if TYPE_CHECKING:
    from envspec.catalog import Catalog
    from envspec.host import Host
    from envspec.spec import LlamaRequest, Spec

OPTIONS = (
    CMakeOption(name="CMAKE_BUILD_TYPE", value="Release", reason="full optimisation"),
    CMakeOption(
        name="CMAKE_PLATFORM_NO_VERSIONED_SONAME",
        value="ON",
        reason="a wheel has no symbolic links, so each versioned name would be a full copy of the library",
    ),
    CMakeOption(name="GGML_CUDA", value="OFF", reason="backend: cpu"),
    CMakeOption(name="GGML_NATIVE", value="ON", reason="the wheel is built on the machine that runs it"),
    CMakeOption(name="GGML_OPENMP", value="ON", reason="all cores in prompt processing"),
    CMakeOption(
        name="LLAVA_BUILD", value="ON", reason="image and audio input (mtmd); OFF saves a quarter of the build"
    ),
)


def resolve(spec: Spec, host: Host | None, catalog: Catalog) -> Plan:
    """Decide everything that the lock and the build need to know.

    `host` only gives the default of `platforms`; with platforms in the spec it may be None.

    Raises:
        SpecError: lines of the spec contradict each other.
        Unsatisfiable: nothing fits, or this version cannot do it yet.

    """
    support.check(spec)
    platforms = tuple(sorted(set(spec.platforms or ((host.platform,) if host else ()))))
    if not platforms:
        message = "no platform: the spec names none and nothing is known about the host"
        raise Unsatisfiable(message, hint="add `platforms: [linux-64]` to the spec")
    choices = _foundation(spec, platforms)
    build: SourceBuild | None = None
    rejections: tuple[Rejection, ...] = ()
    requirements = list(spec.pip)
    if spec.llama is not None:
        build, chosen, rejections = _llama(spec.llama, spec.backend, catalog)
        choices += chosen
        extras = f"[{','.join(sorted(spec.llama.extras))}]" if spec.llama.extras else ""
        requirements.append(f"llama-cpp-python{extras}=={build.version}")
    return Plan(
        name=spec.name,
        python=range_text(spec.python),
        platforms=platforms,
        base=spec.base,
        backend=spec.backend,
        requirements=tuple(sorted(requirements)),
        build=build,
        environment=spec.env,
        choices=tuple(choices),
        rejections=rejections,
        warnings=tuple(_warnings(spec, platforms)),
    )


def _foundation(spec: Spec, platforms: tuple[Platform, ...]) -> list[Choice]:
    """Choices that the spec itself makes."""
    named = "named by the spec" if spec.platforms else "this machine; the spec names none"
    return [
        Choice(topic="platforms", value=", ".join(platforms), reason=named),
        Choice(topic="python", value=range_text(spec.python), reason="range of the spec; the lock covers all of it"),
        Choice(topic="base", value=spec.base, reason="a virtual environment on a Python that is already installed"),
        Choice(topic="backend", value=spec.backend, reason="named by the spec"),
    ]


def _llama(
    request: LlamaRequest, backend: Backend, catalog: Catalog
) -> tuple[SourceBuild, list[Choice], tuple[Rejection, ...]]:
    version, why = _version(request, catalog)
    era = catalog.llama_era(version)
    if era is None:
        message = f"llama-cpp-python {version}: the names of its build switches are not in the catalog"
        raise Unsatisfiable(message, hint=f"ask for {catalog.eras[0].since} or newer")
    named = {name for name, _ in request.cmake}
    left_out = tuple(row for row in catalog.llama_left_out(version) if row.option not in named)
    options = _options(request, backend)
    choices = [
        Choice(topic="llama-cpp-python", value=str(version), reason=why, source=era.source),
        Choice(topic="install", value=Install.SOURCE, reason="the default index has source archives only"),
        *(Choice(topic=f"-D{item.name}", value=item.value, reason=item.reason) for item in options),
        *(Choice(topic=f"-D{row.option}", value="OFF", reason=row.reason, source=row.source) for row in left_out),
    ]
    rejected = (
        Rejection(
            candidate="prebuilt wheel",
            rule="llama/wheel-index",
            reason="wheel indexes are not searched by this version, and their wheels are not built for this CPU",
        ),
    )
    build = SourceBuild(
        version=str(version),
        cmake=options,
        left_out=tuple(row.option for row in left_out),
        requires=era.build_requires,
    )
    return build, choices, rejected


def _version(request: LlamaRequest, catalog: Catalog) -> tuple[Version, str]:
    newest = next(catalog.llama_releases(request.version), None)
    if newest is not None:
        return newest.version, f"newest release that fits {range_text(request.version) or 'any range'}"
    exact = (Version(item.version) for item in request.version if item.operator == "==" and "*" not in item.version)
    pinned = next(filter(request.version.contains, exact), None)
    known = max(row.version for row in catalog.releases)
    if pinned is not None and pinned > known:
        return pinned, f"pinned by the spec; newer than the catalog, so built like {known}"
    every = [str(row.version) for row in catalog.releases]
    near = difflib.get_close_matches(range_text(request.version).strip("=<>~!"), every, n=3, cutoff=0.4)
    message = f"no release of llama-cpp-python fits {range_text(request.version)!r}"
    raise Unsatisfiable(message, hint=f"releases go from {every[0]} to {known}; nearest: {', '.join(near) or known}")


def _options(request: LlamaRequest, backend: Backend) -> tuple[CMakeOption, ...]:
    """Merge our switches with those of the spec, which win."""
    options = {item.name: item for item in OPTIONS}
    for name, value in request.cmake:
        options[name] = CMakeOption(name=name, value=value, reason="set by the spec")
    if backend is Backend.CPU and options["GGML_CUDA"].value != "OFF":
        message = "`cmake: {GGML_CUDA: ...}` is given, but `backend: cpu` builds no CUDA code"
        raise Unsatisfiable(message, hint="remove the switch; the backend decides it")
    return tuple(options[name] for name in sorted(options))


def _warnings(spec: Spec, platforms: tuple[Platform, ...]) -> list[str]:
    if spec.llama is None or Platform.OSX_ARM64 not in platforms:
        return []
    warning = (
        "osx-arm64: llama-cpp-python always compiles its Metal backend on macOS "
        "(https://github.com/abetlen/llama-cpp-python/blob/main/CMakeLists.txt); n_gpu_layers=0 leaves it unused"
    )
    return [warning]
