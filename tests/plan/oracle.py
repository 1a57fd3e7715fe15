"""A second resolver, slow and simple: it lists every combination and writes each rule out once more.

It shares the rows of the catalog and the words of `envspec.gpu` with the real one, and no line of code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING, TypeAlias

from envspec.catalog.model import AmdGpu, NvidiaGpu
from envspec.gpu import Backend, Capability, CudaVersion, Platform
from envspec.host import CompilerKind, Vendor
from envspec.spec.fields import python_versions
from envspec.spec.model import Base, Install, ToolkitSource

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packaging.version import Version

    from envspec.catalog import Catalog, CudaRelease, LlamaWheel, TorchWheel
    from envspec.gpu import Target
    from envspec.host import Compiler, Host
    from envspec.spec.model import Spec

NEWEST_PYTHON = 15
FIRST_DRIVER = {"8.9": 520, "9.0": 520, "10.0": 570, "12.0": 570, "10.3": 575, "12.1": 575, "11.0": 580}
"""Branch of the driver that came with the first toolkit of a compute capability."""
NATIVE, JIT, NONE = range(3)
SOURCE = "source"

Torch: TypeAlias = tuple["Version", str]
Toolkit: TypeAlias = tuple[CudaVersion, str]
Key: TypeAlias = tuple[float, ...]


@dataclass(frozen=True)
class Pick:
    """One combination, good or bad."""

    torch: Torch | None
    """Release and tag."""
    cuda_line: CudaVersion | None
    toolkit: Toolkit | None
    """Release and source; of a system toolkit only the line is known. None where nothing is compiled for CUDA."""
    llama: Version | None
    installs: Mapping[Platform, str] = field(default_factory=dict)
    """Wheel tag, or `source`."""


def violations(spec: Spec, host: Host | None, catalog: Catalog, pick: Pick) -> list[str]:
    """Ids of the rules that a combination breaks; torch/seen is none of them, it is a matter of rank."""
    case = Case(spec, host, catalog)
    found = [*case.asked(), *case.torch(pick.torch, pick.cuda_line), *case.line(pick.cuda_line)]
    if pick.toolkit:
        found += case.toolkit(pick.toolkit, pick.cuda_line)
    if (pick.llama is None) != (spec.llama is None):
        found.append("llama/requested")
    if pick.llama:
        found += case.llama(pick.llama)
        for platform in case.platforms:
            found += case.install(pick, platform)
    return list(dict.fromkeys(found))


def preference(spec: Spec, host: Host | None, catalog: Catalog, pick: Pick) -> Key:
    """Rank of a combination that breaks no rule; the smallest is the answer."""
    return Case(spec, host, catalog).rank(pick)


def all_picks(spec: Spec, host: Host | None, catalog: Catalog) -> Iterator[Pick]:
    """Every combination within the version ranges of the spec."""
    case = Case(spec, host, catalog)
    for torch, line, llama in product(case.torches, case.lines, case.llamas):
        for installs in product(*(case.ways(platform) for platform in case.platforms if llama)):
            compiled = SOURCE in installs and line is not None
            for toolkit in case.toolkits if compiled else (None,):
                yield Pick(torch, line, toolkit, llama, dict(zip(case.platforms, installs, strict=False)))


def best(spec: Spec, host: Host | None, catalog: Catalog) -> Pick | None:
    """The preferred combination; None where every one breaks a rule.

    Rules look at parts of a combination, so a part that breaks one is left out with all combinations that hold it.
    """
    case = Case(spec, host, catalog)
    if _broken(case.asked()):
        return None
    found: list[tuple[Key, Pick]] = []
    for torch, line in product(case.torches, case.lines):
        start = Pick(torch, line, None, None)
        if _broken(case.torch(torch, line)) or _broken(case.line(line)):
            continue
        if found and case.rank(start)[:3] > found[0][0][:3]:
            continue  # llama-cpp-python makes no rank better
        toolkits = [toolkit for toolkit in case.toolkits if not _broken(case.toolkit(toolkit, line))] if line else []
        for llama in case.llamas:
            found += [(case.rank(pick), pick) for pick in _installed(case, start, llama, [None, *toolkits])]
        found = [min(found, key=lambda item: item[0])] if found else []
    return found[0][1] if found else None


def _broken(rules: Iterator[str]) -> bool:
    return next(rules, None) is not None


def _installed(case: Case, start: Pick, llama: Version | None, toolkits: Iterable[Toolkit | None]) -> Iterator[Pick]:
    for toolkit in toolkits:
        part = Pick(start.torch, start.cuda_line, toolkit, llama)
        fitting = [
            [way for way in case.ways(platform) if not _broken(case.way(part, platform, way))]
            for platform in case.platforms
            if llama
        ]
        for installs in product(*fitting):
            if toolkit is None or SOURCE in installs:
                chosen = dict(zip(case.platforms, installs, strict=False))
                yield Pick(start.torch, start.cuda_line, toolkit, llama, chosen)


@dataclass(frozen=True)
class Case:
    """A question to the resolver, and what each rule says to parts of an answer."""

    spec: Spec
    host: Host | None
    catalog: Catalog

    # What there is to choose from

    @cached_property
    def platforms(self) -> tuple[Platform, ...]:
        return self.spec.platforms or ((self.host.platform,) if self.host else ())

    @cached_property
    def torches(self) -> Sequence[Torch | None]:
        wanted = self.spec.torch
        if wanted is None:
            return (None,)
        rows = self.catalog.torch_wheels
        return sorted({(row.torch, row.tag) for row in rows if wanted.version.contains(row.torch)}, reverse=True)

    @cached_property
    def lines(self) -> Sequence[CudaVersion | None]:
        if self.spec.backend != Backend.CUDA:
            return (None,)
        return sorted({row.line for row in self.catalog.cuda_lines} | set(self.catalog.line_of_tag.values()))

    @cached_property
    def toolkits(self) -> Sequence[Toolkit]:
        sources = ("conda-label", "conda-forge", "pypi")
        releases = [(row.release, source) for row in self.catalog.cuda_releases for source in sources]
        return [*releases, *((row.line, "system") for row in self.catalog.cuda_lines)]

    @cached_property
    def llamas(self) -> Sequence[Version | None]:
        wanted = self.spec.llama
        if wanted is None:
            return (None,)
        versions = [row.version for row in self.catalog.llama_releases]
        return sorted((version for version in versions if wanted.version.contains(version)), reverse=True)

    def ways(self, platform: Platform) -> Sequence[str]:
        """How llama-cpp-python can come to a platform."""
        rows = self.catalog.llama_wheels
        tags = {row.tag for row in rows if (row.backend, row.platform) == (self.spec.backend, platform)}
        return (*sorted(tags), SOURCE)

    # What the host says

    def here(self, *platforms: Platform) -> Host | None:
        """The host, where its facts are about one of these platforms."""
        return self.host if self.host and self.host.platform in platforms else None

    @cached_property
    def driver(self) -> Version | None:
        host = self.here(*self.platforms)
        cuda = self.spec.backend == Backend.CUDA
        return host.driver.version if cuda and host and host.driver else None

    @cached_property
    def windows_driver(self) -> bool:
        return self.host is not None and (self.host.wsl or self.host.platform == Platform.WIN_64)

    def old_glibc(self, platform: Platform, minimum: Version | None) -> bool:
        host = self.here(platform)
        return bool(minimum and host and host.glibc and host.glibc < minimum.release[:2])

    # The GPUs

    @cached_property
    def gpus(self) -> tuple[tuple[Capability | str, ...], bool]:
        """Compute capabilities and gfx targets that the spec names, and whether all of them are known."""
        found: list[Capability | str] = []
        known = True
        for name in self.spec.gpu:
            text = name.removesuffix("+ptx")
            more = self._visible() if text == "native" else self._named(text)
            known = known and bool(more)
            found += more
        return tuple(dict.fromkeys(found)), known

    def _named(self, text: str) -> list[Capability | str]:
        if text[0].isdigit():
            return [Capability.parse(text)]
        row = self.catalog.gpu_named(text)
        return [_code(row)] if row else []

    def _visible(self) -> list[Capability | str]:
        """GPUs of the host that programs see and the backend can use."""
        vendors = {Backend.CUDA: {Vendor.NVIDIA}, Backend.ROCM: {Vendor.AMD}}.get(self.spec.backend, set(Vendor))
        found: list[Capability | str] = []
        for gpu in self.host.gpus if self.host else ():
            if not gpu.hidden and gpu.vendor in vendors:
                row = self.catalog.gpu_named(gpu.name)
                code = gpu.capability or gpu.gfx or (_code(row) if row else None)
                found += [code] if code else []
        return found

    @cached_property
    def capabilities(self) -> tuple[Capability, ...]:
        return tuple(gpu for gpu in self.gpus[0] if isinstance(gpu, Capability))

    @cached_property
    def gfx(self) -> set[str]:
        return {gpu for gpu in self.gpus[0] if isinstance(gpu, str)}

    def verdict(self, sm: Iterable[Target], ptx: Iterable[Target]) -> int:
        """How a library serves the GPUs: the worst of them decides."""
        return max((self._serves(sm, ptx, gpu) for gpu in self.capabilities), default=NATIVE)

    def _serves(self, sm: Iterable[Target], ptx: Iterable[Target], gpu: Capability) -> int:
        row = self.catalog.architecture_of.get(gpu)
        exact = row is not None and row.tegra
        for target in sm:
            made = target.capability
            family = made.major == gpu.major and made.minor <= gpu.minor
            if made == gpu or (family and target.suffix != "a" and not exact):
                return NATIVE
        return JIT if any(target.capability <= gpu and not target.suffix for target in ptx) else NONE

    # The rules

    def asked(self) -> Iterator[str]:
        """Judge what the spec says of backend, platforms and GPUs."""
        if not set(self.platforms) <= set(self.catalog.backend_of[self.spec.backend].platforms):
            yield "backend/platform"
        if not self.gpus[1]:
            yield "gpu/known"
        rows = [self.catalog.gpu_named(text.removesuffix("+ptx")) for text in self.spec.gpu]
        homes = [row.platforms for row in rows if isinstance(row, NvidiaGpu) and row.platforms]
        if any(platform not in home for home in homes for platform in self.platforms):
            yield "gpu/platform"
        if self.gfx and self.spec.backend not in {Backend.ROCM, Backend.VULKAN}:
            yield "gpu/backend"
        if self.capabilities and self.spec.backend not in {Backend.CUDA, Backend.VULKAN}:
            yield "gpu/backend"
        host = self.here(*self.platforms)
        found = host.driver.version if host and host.driver else None
        if found and any(self._unknown_to(found, gpu) for gpu in self.capabilities):
            yield "driver/gpu"

    def _unknown_to(self, driver: Version, gpu: Capability) -> bool:
        """Compare branches: those of Windows drivers are numbered on (571 and 572 of 570, 581 and 582 of 580)."""
        branch = driver.major // 5 * 5 if self.windows_driver else driver.major
        row = self.catalog.architecture_of.get(gpu)
        last = row.last_driver if row else None
        return branch < FIRST_DRIVER.get(str(gpu), 0) or (last is not None and branch > last)

    def torch(self, torch: Torch | None, line: CudaVersion | None) -> Iterator[str]:
        if torch is None or self.spec.torch is None:
            if torch or self.spec.torch:
                yield "torch/requested"
            return
        version, tag = torch
        if not self.spec.torch.version.contains(version):
            yield "torch/requested"
        rows = [self.catalog.torch_wheel_of.get((version, tag, platform)) for platform in self.platforms]
        kind = self.catalog.backend_of[self.spec.backend].torch
        if self._kind(tag) != kind or None in rows:
            yield "torch/tag-exists"
        if not self.pythons(torch):
            yield "python/torch"
        if kind == "cuda" and self.catalog.line_of_tag.get(tag) != line:
            yield "torch/toolkit"
        minimum = next(row.glibc for row in self.catalog.torch_releases if row.version == version)
        minima = [row.glibc or minimum if row else minimum for row in rows]
        if any(self.old_glibc(platform, least) for platform, least in zip(self.platforms, minima, strict=True)):
            yield "glibc/torch-wheel"
        yield from self._torch_code([row for row in rows if row])

    def _kind(self, tag: str) -> str:
        return "cuda" if tag in self.catalog.line_of_tag else tag[:4] if tag.startswith("rocm") else tag

    def _torch_code(self, rows: Sequence[TorchWheel]) -> Iterator[str]:
        gfx = {row.tag: set(row.gfx) for row in self.catalog.rocm_indexes}
        for row in rows:
            serves = self.verdict(row.sm, row.ptx) if self._kind(row.tag) == "cuda" else NATIVE
            if serves == NONE:
                yield "arch/torch-wheel"
            if serves == JIT and self._too_old_for_ptx(self.catalog.line_of_tag[row.tag]):
                yield "driver/ptx"
            if self._kind(row.tag) == "rocm" and not self.gfx <= gfx.get(row.tag, set()):
                yield "arch/rocm-index"

    def _too_old_for_ptx(self, made_with: CudaVersion) -> bool:
        """Whether the driver is older than the newest that came with this release, or with this line."""
        rows = [row for row in self.catalog.cuda_releases if made_with.covers(row.release)]
        came = [row.driver_windows if self.windows_driver else row.driver_linux for row in rows]
        return any(self.driver < driver for driver in came if self.driver and driver)

    def pythons(self, torch: Torch | None) -> set[int]:
        """Python minor versions that the spec and torch leave over."""
        left = {minor for minor in python_versions(self.spec.python) if minor <= NEWEST_PYTHON}
        for platform in self.platforms if torch else ():
            row = self.catalog.torch_wheel_of.get((*torch, platform)) if torch else None
            left &= set(row.python) if row else left
        return left

    def line(self, line: CudaVersion | None) -> Iterator[str]:
        if (line is None) == (self.spec.backend == Backend.CUDA):
            yield "cuda/requested"
        if line is None:
            return
        if self.spec.cuda and self.spec.cuda.line != line:
            yield "cuda/requested"
        rows = [row for row in self.catalog.cuda_lines if row.line.major == line.major]
        minimum = min(row.driver_windows if self.windows_driver else row.driver_linux for row in rows)
        if self.driver and self.driver < minimum:
            yield "driver/runtime"

    def toolkit(self, toolkit: Toolkit, line: CudaVersion | None) -> Iterator[str]:
        release, source = toolkit
        if release.line != line:
            yield "torch/toolkit"
        asked = self.spec.toolkit.source
        believed = source == "system" and asked == ToolkitSource.SYSTEM and self.here(*self.platforms) is None
        if self.spec.cuda and not self.spec.cuda.covers(release) and not (believed and self.spec.cuda.line == release):
            yield "cuda/requested"
        row = next((row for row in self.catalog.cuda_releases if row.release == release), None)
        if asked == ToolkitSource.AUTO:
            allowed = source == self._automatic(release, row)
        else:
            allowed = source == asked and self._has(release, row, source)
        if not allowed:
            yield "toolkit/source"

    def _automatic(self, release: CudaVersion, row: CudaRelease | None) -> str | None:
        """Source that `toolkit: auto` takes a release from."""
        order: tuple[str, ...] = ("system",) if all(self.here(platform) for platform in self.platforms) else ()
        if self.spec.base == Base.CONDA:
            order = ("conda-label", "conda-forge")
        elif self.catalog.line_of[release.line].nvcc_on_index:
            order = ("pypi",)
        return next((source for source in order if self._has(release, row, source)), None)

    def _has(self, release: CudaVersion, row: CudaRelease | None, source: str) -> bool:
        conda = self.spec.base == Base.CONDA
        match source:
            case "conda-label":
                return conda and row is not None and row.label is not None
            case "conda-forge":
                return conda and row is not None and row.conda_forge and release.major >= 12
            case "pypi":
                return row is not None and row.pypi is not None and self.catalog.line_of[release.line].nvcc_on_index
            case _:
                host = self.here(*self.platforms)
                there = host.toolkits if host else ()
                return host is None or any(item.version.line == release and item.complete for item in there)

    def llama(self, version: Version) -> Iterator[str]:
        if not self.spec.llama or not self.spec.llama.version.contains(version):
            yield "llama/requested"

    def install(self, pick: Pick, platform: Platform) -> Iterator[str]:
        return self.way(pick, platform, pick.installs[platform])

    def way(self, pick: Pick, platform: Platform, way: str) -> Iterator[str]:
        """Judge how llama-cpp-python comes to a platform; the other platforms do not matter."""
        if way == SOURCE:
            return self._source(pick, platform)
        return self._wheel(pick, platform, way)

    @cached_property
    def wanted(self) -> Install:
        return self.spec.llama.install if self.spec.llama else Install.AUTO

    def _wheel(self, pick: Pick, platform: Platform, tag: str) -> Iterator[str]:
        if self.wanted == Install.SOURCE or (self.spec.backend == Backend.CPU and self.wanted == Install.AUTO):
            yield "llama/install"
        row = self._wheel_row(pick.llama, platform, tag)
        if row is None:
            yield "llama/wheel-exists"
            return
        if row.python and not self.pythons(pick.torch) <= set(row.python):
            yield "python/llama-wheel"
        if self.old_glibc(platform, row.glibc):
            yield "glibc/llama-wheel"
        if row.confidence == "inferred" and self.wanted != Install.WHEEL:
            yield "llama/wheel-content"
        if row.cuda and pick.cuda_line and not _older_of_major(row.cuda, pick.cuda_line):
            yield "llama/wheel-runtime"
        yield from self._wheel_code(row)

    def _wheel_row(self, version: Version | None, platform: Platform, tag: str) -> LlamaWheel | None:
        rows = self.catalog.llama_wheels_of.get((self.spec.backend, platform, version), ()) if version else ()
        return next((row for row in rows if row.tag == tag), None)

    def _wheel_code(self, row: LlamaWheel) -> Iterator[str]:
        if row.backend == Backend.CUDA:
            serves = self.verdict(row.sm, row.ptx)
            if serves == NONE or (serves == JIT and self.wanted != Install.WHEEL):
                yield "arch/llama-wheel"
            if serves == JIT and row.cuda and self._too_old_for_ptx(row.cuda):
                yield "driver/ptx"
        if row.backend == Backend.ROCM and not self.gfx <= set(row.gfx):
            yield "arch/llama-wheel"

    def _source(self, pick: Pick, platform: Platform) -> Iterator[str]:
        if self.wanted == Install.WHEEL:
            yield "llama/install"
        era = self.catalog.llama_era(pick.llama) if pick.llama else None
        if era is None or (self.spec.backend not in era.switches and self.spec.backend != Backend.CPU):
            yield "llama/backend"
        asked = self.spec.toolkit.source
        if self.spec.backend == Backend.ROCM and asked not in {ToolkitSource.AUTO, ToolkitSource.SYSTEM}:
            yield "toolkit/source"
        if self.spec.backend == Backend.CUDA:
            yield from self._compiled(pick, platform)

    def _compiled(self, pick: Pick, platform: Platform) -> Iterator[str]:
        if pick.toolkit is None or pick.llama is None:
            yield "toolkit/source"
            return
        line = self.catalog.line_of[pick.toolkit[0].line]
        targets = {target.capability for target in line.targets if not target.suffix}
        if not set(self.capabilities) <= targets:
            yield "arch/toolkit"
        for row in self.catalog.llama_unbuildable:
            newest = max(self.capabilities, default=Capability(0, 0))
            if row.covers(pick.llama) and line.line <= row.cuda and newest >= row.capability:
                yield "llama/toolkit"
        host = self.here(platform)
        own_compiler = self.spec.base == Base.CONDA and platform != Platform.WIN_64
        if host is None or own_compiler:
            return
        if host.compilers is not None and not any(self._fits(item, platform, line.line) for item in host.compilers):
            yield "compiler/toolkit"
        if host.glibc and line.glibc_breaks and host.glibc >= line.glibc_breaks.release[:2]:
            yield "glibc/toolkit"

    def _fits(self, compiler: Compiler, platform: Platform, line: CudaVersion) -> bool:
        row = self.catalog.line_of[line]
        match compiler.kind:
            case CompilerKind.GCC:
                return platform != Platform.WIN_64 and row.gcc_min <= compiler.version.major <= row.gcc_max
            case CompilerKind.CLANG:
                return platform != Platform.WIN_64 and compiler.version.major <= row.clang_max
            case CompilerKind.MSVC:
                return platform == Platform.WIN_64 and row.msc_min <= 1900 + compiler.version.minor <= row.msc_max

    # The order of preference

    def rank(self, pick: Pick) -> Key:
        """JIT, unseen torch, age of torch, compiled platforms, age of llama, CUDA line, toolkit, wheel tags."""
        version, tag = pick.torch or (None, "")
        rows = [self.catalog.torch_wheel_of[version, tag, p] for p in self.platforms] if version else []
        wheels = [self._wheel_row(pick.llama, p, way) for p, way in sorted(pick.installs.items()) if way != SOURCE]
        served = [self.verdict(row.sm, row.ptx) for row in (*rows, *wheels) if row and self._kind(row.tag) == "cuda"]
        compiled = sum(way == SOURCE for way in pick.installs.values()) if self.spec.backend != Backend.CPU else 0
        ages = [row.version for row in self.catalog.torch_by_age]
        llamas = [row.version for row in self.catalog.llama_by_age]
        return (
            max(served, default=NATIVE),
            any(row.unconfirmed for row in rows),
            ages.index(version) if version else 0,
            compiled,
            llamas.index(pick.llama) if pick.llama else 0,
            *(_number(pick.cuda_line) if pick.cuda_line else ()),
            *(-number for number in (_number(pick.toolkit[0]) if pick.toolkit else (0, 0, 0))),
            *(-number for row in wheels if row and row.cuda for number in _number(row.cuda)),
        )


def _code(row: NvidiaGpu | AmdGpu) -> Capability | str:
    return row.capability if isinstance(row, NvidiaGpu) else row.gfx


def _older_of_major(made_with: CudaVersion, line: CudaVersion) -> bool:
    return made_with.major == line.major and made_with.line <= line


def _number(version: CudaVersion) -> tuple[int, int, int]:
    return version.major, version.minor, version.patch or 0
