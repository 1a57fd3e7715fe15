from __future__ import annotations

import pytest

from envspec.gpu import Backend, Capability, CudaVersion, Platform, Target


@pytest.mark.parametrize(("text", "parts"), [("12.6", (12, 6, None)), ("12.6.3", (12, 6, 3)), ("11.8", (11, 8, None))])
def test_cuda_versions(text: str, parts: tuple[int, int, int | None]) -> None:
    assert CudaVersion.parse(text) == parts
    assert str(CudaVersion.parse(text)) == text


@pytest.mark.parametrize("text", ["12", "12.x", "", "12.6.3.4", "v12.6", "12.6 "])
def test_no_cuda_versions(text: str) -> None:
    with pytest.raises(ValueError, match="is not a CUDA version"):
        CudaVersion.parse(text)


def test_a_cuda_release_belongs_to_its_line() -> None:
    assert CudaVersion(12, 6, 3).line == CudaVersion(12, 6)
    assert (CudaVersion(12, 6, 3).tag, CudaVersion(11, 8).tag) == ("cu126", "cu118")


@pytest.mark.parametrize(
    ("wanted", "release", "covered"),
    [
        ("12.6", "12.6.0", True),
        ("12.6", "12.6.3", True),
        ("12.6.3", "12.6.3", True),
        ("12.6.3", "12.6.2", False),
        ("12.6", "12.8.0", False),
        ("11.6", "12.6.0", False),
    ],
)
def test_a_line_covers_its_releases(wanted: str, release: str, covered: bool) -> None:  # noqa: FBT001
    assert CudaVersion.parse(wanted).covers(CudaVersion.parse(release)) is covered


def test_capabilities() -> None:
    assert Capability.parse("8.9") < Capability.parse("12.0")
    assert str(Capability.parse("12.0")) == "12.0"


@pytest.mark.parametrize("text", ["89", "8", "8.", "8.9.0", "8.9a", "sm_89", ""])
def test_no_capabilities(text: str) -> None:
    with pytest.raises(ValueError, match="is not a compute capability"):
        Capability.parse(text)


@pytest.mark.parametrize(("text", "parts"), [("8.6", ((8, 6), "")), ("9.0a", ((9, 0), "a")), ("12.0f", ((12, 0), "f"))])
def test_targets(text: str, parts: tuple[tuple[int, int], str]) -> None:
    assert Target.parse(text) == parts
    assert str(Target.parse(text)) == text


@pytest.mark.parametrize("text", ["8.6b", "a", "", "86", "9.0af"])
def test_no_targets(text: str) -> None:
    with pytest.raises(ValueError, match="is not a compute capability"):
        Target.parse(text)


@pytest.mark.parametrize(
    ("target", "runs", "not_on"),
    [
        ("8.0", "8.0 8.6 8.9", "7.5 9.0 12.0"),
        ("8.6", "8.6 8.9", "8.0 9.0"),
        ("9.0", "9.0", "8.9 10.0 12.0"),
        ("9.0a", "9.0", "8.9 10.0"),
        ("10.0f", "10.0 10.3", "9.0 11.0 12.0"),
        ("12.0", "12.0 12.1", "10.0 11.0"),
        ("12.0a", "12.0", "12.1"),
        ("12.1f", "12.1", "12.0"),
    ],
)
def test_machine_code_runs_within_its_major_version(target: str, runs: str, not_on: str) -> None:
    code = Target.parse(target)
    assert [one for one in f"{runs} {not_on}".split() if code.runs_on(Capability.parse(one))] == runs.split()


@pytest.mark.parametrize(
    ("target", "gpu", "runs"), [("8.7", "8.7", True), ("8.6", "8.7", False), ("8.0", "8.7", False)]
)
def test_an_embedded_gpu_runs_its_own_code_only(target: str, gpu: str, runs: bool) -> None:  # noqa: FBT001
    assert Target.parse(target).runs_on(Capability.parse(gpu), tegra=True) is runs


@pytest.mark.parametrize(
    ("target", "compiles", "not_on"),
    [
        ("7.0", "7.0 7.5 8.9 9.0 12.1", "6.1"),
        ("9.0", "9.0 10.0 12.0", "8.9"),
        ("12.0", "12.0 12.1", "11.0 9.0"),
        ("9.0a", "9.0", "10.0 12.0"),
        ("10.0f", "10.0 10.3", "11.0 12.0"),
    ],
)
def test_ptx_compiles_for_its_capability_and_all_later_ones(target: str, compiles: str, not_on: str) -> None:
    code = Target.parse(target)
    assert [
        one for one in f"{compiles} {not_on}".split() if code.compiles_on(Capability.parse(one))
    ] == compiles.split()


def test_only_the_cpu_uses_no_gpu() -> None:
    assert [backend for backend in Backend if not backend.uses_gpu] == [Backend.CPU]


def test_each_platform_has_its_markers() -> None:
    assert {platform.markers["sys_platform"] for platform in Platform} == {"linux", "darwin", "win32"}
    assert Platform.WIN_64.markers["platform_machine"] == "AMD64"
