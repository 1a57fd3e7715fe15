"""The catalog, and the questions that stages ask of it."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from envspec.catalog.tables import Tables
from envspec.gpu import Backend, Capability, CudaVersion, Platform

if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

    from envspec.catalog.model import AmdGpu, Architecture, BackendRow, CudaLine, CudaRelease, NvidiaGpu
    from envspec.catalog.packages import (
        KnownArchive,
        LeftOut,
        LlamaEra,
        LlamaOption,
        LlamaRelease,
        LlamaWheel,
        TorchRelease,
        TorchWheel,
    )

FIRST_IN_OLDEST_LINE = (8, 9)
"""CUDA 11.8, the oldest line of the catalog, brought 8.9 and 9.0; what it knows besides is older.

Source: https://docs.nvidia.com/cuda/archive/11.8.0/cuda-toolkit-release-notes/index.html
"""
NOISE = re.compile(r"\b(?:nvidia|geforce|tesla|quadro|amd|radeon|instinct|laptop gpu|generation)\b")


class Catalog(Tables):
    """All tables, indexed once."""

    @cached_property
    def line_of(self) -> dict[CudaVersion, CudaLine]:
        """CUDA lines by name, oldest first."""
        return {row.line: row for row in sorted(self.cuda_lines, key=lambda row: row.line)}

    def family(self, line: CudaVersion) -> CudaLine:
        """Row of a line, or of another of its major version, which must be there: their drivers are the same."""
        return self.line_of.get(line) or next(row for one, row in self.line_of.items() if one.major == line.major)

    def first_driver(self, capability: Capability, *, windows: bool) -> int | None:
        """Branch that came with the first toolkit for a capability; None for those older than the catalog."""
        fitting = self.lines_for(capability)
        if not fitting or (fitting[0] == next(iter(self.line_of)) and capability < FIRST_IN_OLDEST_LINE):
            return None
        drivers = (row.shipped_driver(windows=windows) for row in reversed(self.releases_of[fitting[0]]))
        return next((driver.major for driver in drivers if driver), None)

    def lines_for(self, capability: Capability) -> list[CudaVersion]:
        """CUDA lines that compile for a capability, oldest first."""
        return [line for line, row in self.line_of.items() if any(one.capability == capability for one in row.targets)]

    @cached_property
    def releases_of(self) -> dict[CudaVersion, tuple[CudaRelease, ...]]:
        """Exact releases of each line, newest first."""
        newest_first = sorted(self.cuda_releases, key=lambda row: row.release, reverse=True)
        return {line: tuple(row for row in newest_first if row.release.line == line) for line in self.line_of}

    @cached_property
    def line_of_tag(self) -> dict[str, CudaVersion]:
        """CUDA line of each tag such as cu126, lines without a row included."""
        tags = {row.tag for row in self.torch_wheels} | {row.tag for row in self.llama_wheels}
        return {tag: CudaVersion(int(tag[2:-1]), int(tag[-1])) for tag in tags if re.fullmatch(r"cu\d{3}", tag)}

    @cached_property
    def architecture_of(self) -> dict[Capability, Architecture]:
        """Compute capabilities that exist."""
        return {row.capability: row for row in sorted(self.architectures, key=lambda row: row.capability)}

    @cached_property
    def backend_of(self) -> dict[Backend, BackendRow]:
        """Where each backend exists."""
        return {row.backend: row for row in self.backends}

    @cached_property
    def index_of(self) -> dict[str, str]:
        """URL of each index, without a slash at the end."""
        return {row.name: row.url.rstrip("/") for row in self.indexes}

    @cached_property
    def torch_by_age(self) -> tuple[TorchRelease, ...]:
        """Releases of torch, newest first."""
        return tuple(sorted(self.torch_releases, key=lambda row: row.version, reverse=True))

    @cached_property
    def torch_wheel_of(self) -> dict[tuple[Version, str, Platform], TorchWheel]:
        """Wheels of torch by release, tag and platform."""
        return {(row.torch, row.tag, row.platform): row for row in self.torch_wheels}

    @cached_property
    def torch_tags_of(self) -> dict[Version, tuple[str, ...]]:
        """Every tag that a release of torch has on some platform."""
        tags: dict[Version, set[str]] = {}
        for row in self.torch_wheels:
            tags.setdefault(row.torch, set()).add(row.tag)
        return {version: tuple(sorted(found)) for version, found in tags.items()}

    @cached_property
    def llama_by_age(self) -> tuple[LlamaRelease, ...]:
        """Releases of llama-cpp-python, newest first."""
        return tuple(sorted(self.llama_releases, key=lambda row: row.version, reverse=True))

    @cached_property
    def llama_wheels_of(self) -> dict[tuple[Backend, Platform, Version], tuple[LlamaWheel, ...]]:
        """Wheel rows of each release, by backend and platform."""
        found: dict[tuple[Backend, Platform, Version], list[LlamaWheel]] = {}
        for row in self.llama_wheels:
            for release in self.llama_by_age:
                if row.covers(release.version):
                    found.setdefault((row.backend, row.platform, release.version), []).append(row)
        return {key: tuple(rows) for key, rows in found.items()}

    @cached_property
    def gpu_by_name(self) -> dict[str, NvidiaGpu | AmdGpu]:
        """GPUs by each short name: `rtx-4090`, `rtx-4060-laptop`, `rx-7900-xtx`, `gfx1100`."""
        names: dict[str, NvidiaGpu | AmdGpu] = {}
        for amd in self.amd_gpus:
            names[amd.gfx] = amd
            for model in amd.models:
                names.setdefault(slug(model), amd)
        for gpu in self.nvidia_gpus:
            for name in (gpu.name, gpu.driver_name or "", *gpu.aliases):
                names.setdefault(slug(name), gpu)
        names.pop("", None)
        return names

    def llama_fitting(self, wanted: SpecifierSet) -> tuple[LlamaRelease, ...]:
        """Releases of llama-cpp-python in a range, newest first."""
        known = self._fitting.get(wanted)
        if known is None:
            known = tuple(row for row in self.llama_by_age if wanted.contains(row.version))
            self._fitting[wanted] = known
        return known

    @cached_property
    def _fitting(self) -> dict[SpecifierSet, tuple[LlamaRelease, ...]]:
        """Ranges that were asked for before: a search asks for the same one many times."""
        return {}

    def gpu_named(self, name: str) -> NvidiaGpu | AmdGpu | None:
        """GPU of a name, however its maker, a driver or a user writes it."""
        return self.gpu_by_name.get(slug(name))

    def llama_archive(self, version: Version) -> KnownArchive | None:
        """What is known of the source archive of a release."""
        return next((row.archive for row in self.llama_releases if row.version == version), None)

    def llama_era(self, version: Version) -> LlamaEra | None:
        """Row with the switches of a release, or None where nothing is known."""
        return next((row for row in self.llama_eras if row.covers(version)), None)

    def left_out(self, version: Version) -> tuple[LeftOut, ...]:
        """What a release compiles for nothing."""
        return tuple(row for row in self.llama_left_out if row.covers(version))

    def options(self, version: Version) -> dict[str, LlamaOption]:
        """CMake options that a release reads."""
        return {row.option: row for row in self.llama_options if row.covers(version)}


def slug(name: str) -> str:
    """Short name of a GPU: `NVIDIA GeForce RTX 4060 Laptop GPU` and `rtx-4060-mobile` both give `rtx-4060-laptop`."""
    text = re.sub(r"[\s_-]+", " ", name.lower()).strip()
    laptop = "laptop" in text or "mobile" in text
    text = NOISE.sub(" ", text).replace("laptop", " ").replace("mobile", " ")
    text = re.sub(r"(\d+) gb\b", r"\1gb", text)
    short = "-".join(re.sub(r"[^a-z0-9.+ ]", " ", text).split())
    return f"{short}-laptop" if laptop and short else short
