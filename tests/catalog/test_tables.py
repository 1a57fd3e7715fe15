"""What the tables must agree on, and values known by hand."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version
from ruamel.yaml import YAML

from envspec.catalog import load, parse, slug, texts
from envspec.catalog.model import AmdGpu, Row, Span
from envspec.catalog.packages import LlamaWheel, TorchWheel
from envspec.catalog.tables import Tables
from envspec.gpu import Backend, Capability, CudaVersion, Platform, Target
from tests.catalog.canonical import canonical, row_class

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envspec.catalog import NvidiaGpu

CATALOG = load()
TABLES: dict[str, tuple[Row, ...]] = {name: getattr(CATALOG, name) for name in Tables.model_fields}
TEXTS = texts()
FIRST_TAG = CudaVersion(11, 8)
UNWANTED = re.compile(r"[\s\"'(]/\w+/|[A-Z]:\\|localhost", re.IGNORECASE)
WHEELS: tuple[TorchWheel | LlamaWheel, ...] = (*CATALOG.torch_wheels, *CATALOG.llama_wheels)
TAGS = sorted({wheel.tag for wheel in WHEELS})


def wheels_of(tag: str) -> list[TorchWheel | LlamaWheel]:
    return [wheel for wheel in WHEELS if wheel.tag == tag]


def named(wheel: TorchWheel | LlamaWheel) -> str:
    first = wheel.torch if isinstance(wheel, TorchWheel) else f"llama {wheel.since}"
    return f"{first}-{wheel.tag}-{wheel.platform}"


def targets(text: str) -> tuple[Target, ...]:
    return tuple(map(Target.parse, text.split()))


def rising(values: Iterable[Version]) -> bool:
    return all(before <= after for before, after in pairwise(values))


@pytest.mark.parametrize("name", TABLES)
def test_a_table_has_rows_of_its_class(name: str) -> None:
    assert TABLES[name]
    assert {type(row) for row in TABLES[name]} == {row_class(name)}


@pytest.mark.parametrize("name", TEXTS)
def test_a_file_has_the_canonical_form(name: str) -> None:
    assert TEXTS[name] == canonical(TEXTS[name])


@pytest.mark.parametrize("name", TEXTS)
def test_a_file_uses_each_of_its_sources(name: str) -> None:
    tree = YAML(typ="base", pure=True).load(TEXTS[name])
    sources = tree.pop("sources", {})
    used = {row["source"] for rows in tree.values() for row in rows}
    assert set(sources) == used & set(sources)
    assert all(" " not in source or len(source) > 15 for source in used - set(sources)), "an unknown short name"


@pytest.mark.parametrize("name", TEXTS)
def test_a_file_says_nothing_unwanted(name: str) -> None:
    assert UNWANTED.search(TEXTS[name]) is None


@pytest.mark.parametrize("name", TEXTS)
def test_no_row_is_written_twice(name: str) -> None:
    for table, rows in parse(TEXTS[name]).items():
        keys = [tuple(str(row.get(part)) for part in row_class(table).KEY) for row in rows]
        assert sorted(set(keys)) == sorted(keys), table


@pytest.mark.parametrize("name", [name for name in TABLES if issubclass(row_class(name), Span)])
def test_spans_of_one_thing_do_not_overlap(name: str) -> None:
    groups: dict[tuple[str, ...], list[Span]] = {}
    for row in TABLES[name]:
        assert isinstance(row, Span)
        groups.setdefault(tuple(str(getattr(row, part)) for part in row.KEY if part != "since"), []).append(row)
    for key, rows in groups.items():
        for before, after in pairwise(sorted(rows, key=lambda row: row.since)):
            assert before.until is not None, key
            assert before.until < after.since, key
        assert all(row.until is None or row.since <= row.until for row in rows), key


def test_every_cuda_tag_has_a_line() -> None:
    named_lines = {line for line in CATALOG.line_of_tag.values() if line >= FIRST_TAG}
    named_lines |= {row.cuda.line for row in CATALOG.llama_wheels if row.cuda}
    named_lines |= {row.cuda for row in CATALOG.llama_unbuildable}
    assert named_lines <= set(CATALOG.line_of)
    assert len(named_lines) >= 11


def test_every_release_has_a_line_and_names_itself_alike() -> None:
    for row in CATALOG.cuda_releases:
        assert row.release.line in CATALOG.line_of
        assert row.nvcc.release[:2] == (row.release.major, row.release.minor)
        assert row.label in {None, f"nvidia/label/cuda-{row.release}"}
        assert row.pypi is None or Version(row.pypi) == Version(str(row.release))
    without = {line for line in CATALOG.line_of if not CATALOG.releases_of[line]}
    assert without == {CudaVersion(13, 5)}


def test_drivers_never_fall_as_cuda_rises() -> None:
    lines = list(CATALOG.line_of.values())
    assert rising(row.driver_linux for row in lines)
    assert rising(row.driver_windows for row in lines)
    releases = sorted(CATALOG.cuda_releases, key=lambda row: row.release)
    assert rising(row.driver_linux for row in releases if row.driver_linux)
    assert rising(row.driver_windows for row in releases if row.driver_windows)
    assert rising(row.nvcc for row in releases)


def test_a_release_came_with_a_driver_that_runs_it() -> None:
    for row in CATALOG.cuda_releases:
        assert row.driver_linux is None or row.driver_linux >= CATALOG.line_of[row.release.line].driver_linux


def test_limits_of_compilers_never_fall_as_cuda_rises() -> None:
    for before, after in pairwise(CATALOG.line_of.values()):
        assert before.gcc_min <= before.gcc_max <= after.gcc_max
        assert before.clang_max <= after.clang_max
        assert before.msc_min < before.msc_max <= after.msc_max
        assert before.nvcc_on_index <= after.nvcc_on_index


@pytest.mark.parametrize("tag", [tag for tag in TAGS if tag.startswith("cu")])
def test_nvcc_of_a_tag_can_make_the_code_of_its_wheels(tag: str) -> None:
    line = CATALOG.line_of_tag[tag]
    for wheel in wheels_of(tag):
        assert wheel.sm, named(wheel)
        if isinstance(wheel, LlamaWheel):
            assert wheel.cuda, named(wheel)
            assert wheel.cuda.line == line, named(wheel)
        if line in CATALOG.line_of:
            assert {*wheel.sm, *wheel.ptx} <= set(CATALOG.line_of[line].targets), named(wheel)


@pytest.mark.parametrize("tag", TAGS)
def test_a_wheel_lists_in_order(tag: str) -> None:
    for wheel in wheels_of(tag):
        assert list(wheel.sm) == sorted(set(wheel.sm)), named(wheel)
        assert list(wheel.ptx) == sorted(set(wheel.ptx)), named(wheel)
        if wheel.python:
            assert wheel.python == tuple(range(wheel.python[0], wheel.python[-1] + 1)), named(wheel)
        assert bool(wheel.sm) == tag.startswith("cu"), named(wheel)


def test_targets_of_a_line_stand_in_order() -> None:
    for row in CATALOG.cuda_lines:
        assert list(row.targets) == sorted(set(row.targets))


def test_torch_wheels_belong_to_releases() -> None:
    releases = {row.version for row in CATALOG.torch_releases}
    assert {row.torch for row in CATALOG.torch_wheels} == releases
    for release in releases:
        assert "cpu" in CATALOG.torch_tags_of[release]
        assert any(tag.startswith("cu") for tag in CATALOG.torch_tags_of[release])
        assert {platform for torch, _, platform in CATALOG.torch_wheel_of if torch == release} == set(Platform)


def test_companions_of_torch_never_fall() -> None:
    releases = CATALOG.torch_by_age[::-1]
    assert rising(row.torchvision for row in releases)
    assert rising(row.torchaudio for row in releases)
    assert rising(row.glibc for row in releases)


def test_gaps_speak_of_wheels_that_exist() -> None:
    for row in CATALOG.torch_gaps:
        wheels = [
            wheel
            for wheel in CATALOG.torch_wheels
            if row.covers(wheel.torch) and wheel.tag in row.tags and wheel.platform in row.platforms
        ]
        assert wheels
        for wheel in wheels:
            assert any(target.runs_on(row.capability) for target in wheel.sm), "the rest of torch supports it"


def test_rocm_indexes_have_wheels_and_known_targets() -> None:
    tags = {row.tag for row in CATALOG.torch_wheels}
    known = {row.gfx for row in CATALOG.amd_gpus}
    assert {row.tag for row in CATALOG.rocm_indexes} <= tags
    assert {gfx for row in CATALOG.rocm_indexes for gfx in row.gfx} <= known
    assert {gfx for wheel in CATALOG.llama_wheels for gfx in wheel.gfx} <= known


@pytest.mark.parametrize("wheel", CATALOG.llama_wheels, ids=named)
def test_a_llama_wheel_fits_its_backend(wheel: LlamaWheel) -> None:
    releases = [row.version for row in CATALOG.llama_releases if wheel.covers(row.version)]
    assert min(releases) == wheel.since
    assert max(releases) == wheel.until
    assert wheel.index.endswith(f"/{wheel.tag}")
    assert wheel.platform in CATALOG.backend_of[wheel.backend].platforms
    assert bool(wheel.cuda) == (wheel.backend is Backend.CUDA)
    assert bool(wheel.gfx) == (wheel.backend is Backend.ROCM)
    era = CATALOG.llama_era(wheel.since)
    assert era
    assert wheel.backend is Backend.CPU or wheel.backend in era.switches


def test_every_llama_release_has_an_era() -> None:
    assert all(CATALOG.llama_era(row.version) for row in CATALOG.llama_releases)
    newest = CATALOG.llama_by_age[0]
    assert newest.archive
    assert re.fullmatch(r"[0-9a-f]{64}", newest.archive.sha256)


def test_gpus_are_many_and_of_known_architectures() -> None:
    assert len(CATALOG.nvidia_gpus) >= 120
    assert {row.capability for row in CATALOG.nvidia_gpus} <= set(CATALOG.architecture_of)
    assert all(memory > 0 for row in CATALOG.nvidia_gpus for memory in row.memory)


@pytest.mark.parametrize("capability", [row.capability for row in CATALOG.architectures], ids=str)
def test_some_nvcc_compiles_for_each_architecture(capability: Capability) -> None:
    assert any(Target(capability) in row.targets for row in CATALOG.cuda_lines)


def test_a_short_name_means_one_capability() -> None:
    meant: dict[str, set[Capability | str]] = {}
    for gpu in CATALOG.nvidia_gpus:
        for name in (gpu.name, gpu.driver_name or gpu.name, *gpu.aliases):
            meant.setdefault(slug(name), set()).add(gpu.capability)
    for amd in CATALOG.amd_gpus:
        for name in (amd.gfx, *amd.models):
            meant.setdefault(slug(name), set()).add(amd.gfx)
    assert {name: found for name, found in meant.items() if len(found) > 1} == {}
    assert "" not in meant


def test_an_alias_is_short_and_stands_in_one_row() -> None:
    aliases = [alias for gpu in CATALOG.nvidia_gpus for alias in gpu.aliases]
    assert aliases == [slug(alias) for alias in aliases]
    assert len(aliases) == len(set(aliases))
    names = {slug(name) for gpu in CATALOG.nvidia_gpus for name in (gpu.name, gpu.driver_name or gpu.name)}
    assert not names & set(aliases)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("NVIDIA GeForce RTX 4090", "8.9"),
        ("rtx-4060-mobile", "8.9"),
        ("NVIDIA GeForce RTX 4060 Laptop GPU", "8.9"),
        ("rtx-3060", "8.6"),
        ("gtx-1060", "6.1"),
        ("NVIDIA GeForce RTX 2080 with Max-Q Design", "7.5"),
        ("titan-v", "7.0"),
        ("Tesla T4", "7.5"),
        ("Tesla V100-SXM2-16GB", "7.0"),
        ("p100", "6.0"),
        ("k80", "3.7"),
        ("NVIDIA A100-SXM4-80GB", "8.0"),
        ("a10g", "8.6"),
        ("l4", "8.9"),
        ("NVIDIA H100 80GB HBM3", "9.0"),
        ("gh200", "9.0"),
        ("b200", "10.0"),
        ("b300", "10.3"),
        ("thor", "11.0"),
        ("orin", "8.7"),
        ("rtx-5090", "12.0"),
        ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition", "12.0"),
        ("dgx-spark", "12.1"),
        ("Quadro RTX 6000", "7.5"),
        ("NVIDIA RTX 6000 Ada Generation", "8.9"),
        ("AMD Radeon RX 7900 XTX", "gfx1100"),
        ("mi300x", "gfx942"),
    ],
)
def test_gpus_that_people_name(name: str, found: str) -> None:
    gpu: NvidiaGpu | AmdGpu | None = CATALOG.gpu_named(name)
    assert gpu
    assert (gpu.gfx if isinstance(gpu, AmdGpu) else str(gpu.capability)) == found


@pytest.mark.parametrize(
    ("torch", "tag", "platform", "python", "sm", "ptx"),
    [
        ("2.0.1", "cu117", Platform.LINUX_64, (8, 9, 10, 11), "3.7 5.0 6.0 7.0 7.5 8.0 8.6", ""),
        ("2.5.1", "cu121", Platform.LINUX_64, (9, 10, 11, 12, 13), "5.0 6.0 7.0 7.5 8.0 8.6 9.0", ""),
        ("2.5.1", "cu124", Platform.WIN_64, (9, 10, 11, 12), "5.0 6.0 6.1 7.0 7.5 8.0 8.6 9.0", ""),
        ("2.5.1", "cu118", Platform.WIN_64, (9, 10, 11, 12), "3.7 5.0 6.0 6.1 7.0 7.5 8.0 8.6 9.0", "3.7"),
        ("2.8.0", "cu128", Platform.LINUX_64, (9, 10, 11, 12, 13), "7.0 7.5 8.0 8.6 9.0 10.0 12.0", ""),
        ("2.9.1", "cu129", Platform.LINUX_64, (10, 11, 12, 13, 14), "7.0 7.5 8.0 8.6 9.0 10.0 12.0", "12.0"),
        ("2.11.0", "cu130", Platform.LINUX_AARCH64, (10, 11, 12, 13, 14), "8.0 9.0 10.0 11.0 12.0", ""),
        ("2.13.0", "cu126", Platform.LINUX_64, (10, 11, 12, 13, 14, 15), "5.0 6.0 7.0 7.5 8.0 8.6 9.0", ""),
        ("2.15.0", "cu132", Platform.LINUX_64, (11, 12, 13, 14, 15), "7.5 8.0 8.6 9.0 10.0 12.0", ""),
        ("2.15.0", "cpu", Platform.OSX_ARM64, (11, 12, 13, 14, 15), "", ""),
    ],
)
def test_torch_wheels_known_by_hand(
    torch: str, tag: str, platform: Platform, python: tuple[int, ...], sm: str, ptx: str
) -> None:
    wheel = CATALOG.torch_wheel_of[Version(torch), tag, platform]
    assert (wheel.python, wheel.sm, wheel.ptx) == (python, targets(sm), targets(ptx))


@pytest.mark.parametrize(
    ("release", "nvcc", "linux", "windows", "conda_forge", "pypi"),
    [
        ("11.8.0", "11.8.89", "520.61.05", "522.06", False, "11.8.0"),
        ("12.1.1", "12.1.105", "530.30.02", "531.14", True, "12.1.1"),
        ("12.5.1", "12.5.82", "555.42.06", "555.85", True, "12.5.1"),
        ("12.6.3", "12.6.85", "560.35.05", "561.17", True, "12.6.3"),
        ("12.8.2", "12.8.93", None, None, True, "12.8.2.0"),
        ("13.0.2", "13.0.88", "580.95.05", None, True, "13.0.2"),
        ("13.4.3", "13.4.92", None, None, False, "13.4.3"),
    ],
)
def test_cuda_releases_known_by_hand(
    release: str, nvcc: str, linux: str | None, windows: str | None, pypi: str, *, conda_forge: bool
) -> None:
    row = next(row for row in CATALOG.cuda_releases if str(row.release) == release)
    assert str(row.nvcc) == nvcc
    assert (row.driver_linux, row.driver_windows) == (linux and Version(linux), windows and Version(windows))
    assert (row.conda_forge, row.pypi) == (conda_forge, pypi)


def test_cuda_lines_known_by_hand() -> None:
    line = CATALOG.line_of
    assert [str(line[CudaVersion(*cuda)].driver_linux) for cuda in ((11, 8), (12, 6), (13, 0))] == [
        "450.80.02",
        "525.60.13",
        "580.65.06",
    ]
    first: dict[str, str] = {}
    for cuda, row in line.items():
        for target in row.targets:
            first.setdefault(str(target), str(cuda))
    assert [first[name] for name in ("8.9", "9.0a", "12.0", "12.0f", "12.1", "11.0", "10.7")] == [
        "11.8",
        "12.0",
        "12.8",
        "12.9",
        "12.9",
        "13.0",
        "13.4",
    ]
    assert [str(cuda) for cuda, row in line.items() if Target(Capability(7, 0)) in row.targets][-1] == "12.9"
    assert [str(line[CudaVersion(*cuda)].glibc_breaks) for cuda in ((12, 9), (13, 1), (13, 2))] == [
        "2.41",
        "2.42",
        "None",
    ]


@pytest.mark.parametrize(
    ("tag", "platform", "release", "code", "python", "glibc"),
    [
        ("cu124", Platform.LINUX_64, "0.3.35", ("6.0 6.1 7.0 7.5 8.0 8.6 8.9 9.0", "9.0"), (), "2.35"),
        ("cu124", Platform.LINUX_64, "0.3.24", ("7.0 7.5 8.0 8.6 8.9 9.0", "9.0"), (), "2.35"),
        (
            "cu124",
            Platform.LINUX_64,
            "0.3.18",
            ("7.0 7.5 8.0 8.6 8.9 9.0", "7.0 7.5 8.0 8.6 8.9 9.0"),
            (9, 10, 11, 12),
            "2.35",
        ),
        ("cu118", Platform.WIN_64, "0.3.25", ("6.0 6.1 7.0 7.5 8.0 8.6 8.9", ""), (), None),
        ("cu132", Platform.WIN_64, "0.3.35", ("7.5 8.0 8.6 8.9 9.0", "9.0"), (), None),
        ("vulkan", Platform.LINUX_64, "0.3.26", ("", ""), (), "2.17"),
        ("metal", Platform.OSX_ARM64, "0.2.59", ("", ""), (10, 11, 12), None),
    ],
)
def test_llama_wheels_known_by_hand(
    tag: str, platform: Platform, release: str, code: tuple[str, str], python: tuple[int, ...], glibc: str | None
) -> None:
    (row,) = [
        row
        for row in CATALOG.llama_wheels
        if (row.tag, row.platform) == (tag, platform) and row.covers(Version(release))
    ]
    assert (row.sm, row.ptx, row.python) == (*map(targets, code), python)
    assert row.glibc == (glibc and Version(glibc))


@pytest.mark.parametrize(
    ("tag", "platform", "release"),
    [
        ("cu121", Platform.LINUX_64, "0.3.17"),
        ("cu121", Platform.WIN_64, "0.3.35"),
        ("cu122", Platform.LINUX_64, "0.2.89"),
        ("cu124", Platform.WIN_64, "0.3.16"),
        ("cu130", Platform.LINUX_64, "0.3.36"),
        ("metal", Platform.OSX_ARM64, "0.3.3"),
    ],
)
def test_llama_wheels_that_do_not_exist(tag: str, platform: Platform, release: str) -> None:
    rows = [row for row in CATALOG.llama_wheels if (row.tag, row.platform) == (tag, platform)]
    assert not any(row.covers(Version(release)) for row in rows)


@pytest.mark.parametrize(
    ("release", "switches"),
    [
        ("0.2.34", {"cuda": "LLAMA_CUBLAS", "rocm": "LLAMA_HIPBLAS", "metal": "LLAMA_METAL"}),
        ("0.2.79", {"cuda": "LLAMA_CUDA", "rocm": "LLAMA_HIPBLAS", "vulkan": "LLAMA_VULKAN", "metal": "LLAMA_METAL"}),
        ("0.3.1", {"cuda": "GGML_CUDA", "rocm": "GGML_HIPBLAS", "vulkan": "GGML_VULKAN", "metal": "GGML_METAL"}),
        ("0.3.36", {"cuda": "GGML_CUDA", "rocm": "GGML_HIP", "vulkan": "GGML_VULKAN", "metal": "GGML_METAL"}),
    ],
)
def test_switches_known_by_hand(release: str, switches: dict[Backend, str]) -> None:
    era = CATALOG.llama_era(Version(release))
    assert era
    assert era.switches == switches
