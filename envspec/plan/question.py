"""What is asked: the spec with its GPUs looked up, and what is known of the machine."""

from __future__ import annotations

import difflib
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from packaging.specifiers import SpecifierSet
from packaging.version import Version

from envspec.catalog import AmdGpu, Catalog, CudaLine, NvidiaGpu, slug
from envspec.errors import SpecError, Unsatisfiable
from envspec.gpu import Backend, Capability, CudaVersion, Platform
from envspec.host import Vendor
from envspec.spec import Install, python_versions

if TYPE_CHECKING:
    from envspec.catalog import CudaRelease
    from envspec.host import Gpu, Host
    from envspec.spec import Spec

VENDORS = {Backend.CUDA: {Vendor.NVIDIA}, Backend.ROCM: {Vendor.AMD}, Backend.VULKAN: {Vendor.AMD, Vendor.NVIDIA}}
"""Whose GPUs a backend runs on; Metal's and the CPU's have no names here."""
NATIVE = "native"
PTX = "+ptx"


class WantedGpu(NamedTuple):
    """A GPU that the spec names; one of `capability` and `gfx` is given."""

    name: str
    capability: Capability | None = None
    gfx: str | None = None
    ptx: bool = False
    """PTX is asked for too, so that later GPUs can compile it."""
    platforms: tuple[Platform, ...] = ()
    """Where alone it exists; empty: anywhere."""

    @property
    def vendor(self) -> Vendor:
        """Who makes it."""
        return Vendor.NVIDIA if self.capability else Vendor.AMD

    def runs_on(self, backend: Backend) -> bool:
        """Whether a backend uses it."""
        return self.vendor in VENDORS.get(backend, set())

    def __str__(self) -> str:
        what = str(self.capability or self.gfx)
        return what if self.name == what else f"{self.name} ({what})"


class Question:
    """A spec, a catalog, and perhaps a machine."""

    def __init__(self, spec: Spec, host: Host | None, catalog: Catalog) -> None:
        """Look up what the spec names.

        Raises:
            SpecError: a GPU or CUDA version of the spec does not exist.
            Unsatisfiable: no platform is named, or `native` without a machine.

        """
        self.spec = spec
        self.host = host
        self.catalog = catalog
        self.platforms = tuple(sorted(set(spec.platforms or ((host.platform,) if host else ()))))
        if not self.platforms:
            message = "no platform: the spec names none and nothing is known about the host"
            raise Unsatisfiable(message, hint="add `platforms: [linux-64]` to the spec")
        found = [_look_up(name, spec.backend, host, catalog) for name in spec.gpu]
        self.gpus = tuple(dict.fromkeys(gpu for some in found for gpu in some))
        self.lacks_native = not all(found)
        """The spec asks for the GPUs of a machine that has none."""
        if spec.cuda:
            _check_cuda(spec.cuda, catalog)

    @cached_property
    def pythons(self) -> frozenset[int]:
        """Python 3 minor versions of the spec's range."""
        return frozenset(python_versions(self.spec.python))

    @property
    def install(self) -> Install:
        """How llama-cpp-python is to be installed."""
        return self.spec.llama.install if self.spec.llama else Install.AUTO

    @property
    def takes_wheels(self) -> bool:
        """Whether a prebuilt wheel may be taken: for the CPU the spec must ask for one; `cmake` asks for a build."""
        auto = self.install is Install.AUTO and not self.cmake and self.spec.backend is not Backend.CPU
        return auto or self.install is Install.WHEEL

    @property
    def llama_range(self) -> SpecifierSet:
        """Versions of llama-cpp-python that fit."""
        return self.spec.llama.version if self.spec.llama else SpecifierSet()

    @property
    def cmake(self) -> dict[str, str]:
        """CMake options that the spec gives."""
        return dict(self.spec.llama.cmake) if self.spec.llama else {}

    @cached_property
    def capabilities(self) -> tuple[Capability, ...]:
        """Compute capabilities of the NVIDIA GPUs named, ascending."""
        return tuple(sorted({gpu.capability for gpu in self.gpus if gpu.capability}))

    @cached_property
    def gfx(self) -> tuple[str, ...]:
        """LLVM targets of the AMD GPUs named."""
        return tuple(sorted({gpu.gfx for gpu in self.gpus if gpu.gfx}))

    @cached_property
    def wants_ptx(self) -> bool:
        """Whether later GPUs are to run the code too, or GPUs of several capabilities are named."""
        return any(gpu.ptx for gpu in self.gpus) or len(self.capabilities) > 1

    def host_of(self, platform: Platform) -> Host | None:
        """The machine, where `platform` is its own."""
        return self.host if self.host and self.host.platform is platform else None

    def glibc(self, platform: Platform) -> Version | None:
        """Version of glibc where it is known."""
        host = self.host_of(platform)
        return Version(".".join(map(str, host.glibc))) if host and host.glibc else None

    def driver(self, platform: Platform) -> Version | None:
        """NVIDIA driver where it is known."""
        host = self.host_of(platform)
        return host.driver.version if host and host.driver else None

    def windows_driver(self, platform: Platform) -> bool:
        """Whether the driver counts as those of Windows do: there, and in WSL."""
        host = self.host_of(platform)
        return platform is Platform.WIN_64 or bool(host and host.wsl)

    def least_driver(self, line: CudaLine, platform: Platform) -> Version:
        """Oldest driver that runs machine code of a CUDA line."""
        return line.least_driver(windows=self.windows_driver(platform))

    @cached_property
    def last_driver(self) -> int | None:
        """Last driver branch that supports all GPUs, where one of them is no longer supported."""
        rows = (self.catalog.architecture_of[capability] for capability in self.capabilities)
        return min((row.last_driver for row in rows if row.last_driver), default=None)

    def shipped_driver(self, release: CudaRelease, platform: Platform) -> Version | None:
        """Driver that came with a release of CUDA."""
        return release.shipped_driver(windows=self.windows_driver(platform))

    def tegra(self, capability: Capability) -> bool:
        """Whether GPUs of a capability run code for exactly themselves only."""
        row = self.catalog.architecture_of.get(capability)
        return row is not None and row.tegra


def _look_up(name: str, backend: Backend, host: Host | None, catalog: Catalog) -> tuple[WantedGpu, ...]:
    plain, ptx = name.removesuffix(PTX), name.endswith(PTX)
    if plain == NATIVE:
        return tuple(gpu._replace(ptx=ptx) for gpu in _native(host, catalog) if gpu.runs_on(backend))
    if plain[0].isdigit():
        capability = Capability.parse(plain)
        if capability not in catalog.architecture_of:
            _no_capability(capability, catalog)
        return (WantedGpu(plain, capability, ptx=ptx),)
    row = catalog.gpu_named(plain)
    if row is None:
        near = difflib.get_close_matches(slug(plain), catalog.gpu_by_name, n=3, cutoff=0.6)
        known = f"did you mean {', '.join(near)}?" if near else f"the catalog has {len(catalog.gpu_by_name)} names"
        message = f"gpu: {plain!r} is no GPU of the catalog; {known}"
        raise SpecError(message, hint="`envspec catalog gpus` lists them; a compute capability such as 8.9 works too")
    if isinstance(row, AmdGpu):
        return (WantedGpu(plain, gfx=row.gfx, ptx=ptx),)
    return (WantedGpu(plain, row.capability, ptx=ptx, platforms=_places(row)),)


def _places(row: NvidiaGpu | AmdGpu | None) -> tuple[Platform, ...]:
    return row.platforms if isinstance(row, NvidiaGpu) else ()


def _native(host: Host | None, catalog: Catalog) -> tuple[WantedGpu, ...]:
    """Usable GPUs of the machine; none is refused by the rule gpu/native."""
    if host is None:
        message = "gpu: `native` means the GPUs of this machine, and nothing is known about it"
        raise Unsatisfiable(message, hint="name the GPU, or give `--host FILE` made by `envspec doctor --save FILE`")
    return tuple(filter(None, (_wanted(gpu, catalog) for gpu in host.gpus if not gpu.hidden)))


def _wanted(gpu: Gpu, catalog: Catalog) -> WantedGpu | None:
    row = catalog.gpu_named(gpu.name)
    if gpu.vendor is Vendor.NVIDIA:
        capability = gpu.capability or (None if row is None or isinstance(row, AmdGpu) else row.capability)
        if capability and capability not in catalog.architecture_of:
            message = f"gpu: the catalog does not know compute capability {capability} of {gpu.name}"
            raise SpecError(message, hint="add a row to `architectures` in envspec-catalog.yaml, or upgrade envspec")
        return WantedGpu(str(capability), capability, platforms=_places(row)) if capability else None
    gfx = gpu.gfx or (row.gfx if isinstance(row, AmdGpu) else None)
    return WantedGpu(gfx, gfx=gfx) if gpu.vendor is Vendor.AMD and gfx else None


def _no_capability(wrong: Capability, catalog: Catalog) -> None:
    known = sorted(
        catalog.architecture_of, key=lambda one: (abs(one.major - wrong.major), abs(one.minor - wrong.minor))
    )
    message = f"gpu: no GPU has compute capability {wrong}; nearest: {', '.join(map(str, sorted(known[:3])))}"
    raise SpecError(message, hint="`envspec doctor` shows the one of your GPU, `envspec catalog gpus` those of all")


def _check_cuda(wanted: CudaVersion, catalog: Catalog) -> None:
    releases = catalog.releases_of.get(wanted.line, ())
    if any(wanted.covers(row.release) for row in releases):
        return
    if releases:
        what = f"CUDA {wanted.line} has the releases {', '.join(str(row.release) for row in reversed(releases))}"
    else:
        lines = [line for line, rows in catalog.releases_of.items() if rows]
        what = f"the lines are {', '.join(map(str, lines))}"
    note = next((line.note for line in catalog.cuda_lines if line.line == wanted.line), "")
    message = f"cuda: no CUDA toolkit {wanted} is known; {what}"
    hint = (
        "`CUDA Version` in nvidia-smi is the newest that the driver supports, not a toolkit; leave `cuda` out to let "
        "envspec choose"
    )
    raise SpecError(message, hint=note if note and (not releases or str(wanted) in note) else hint)
