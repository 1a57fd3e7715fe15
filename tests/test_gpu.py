from __future__ import annotations

import pytest

from envspec.gpu import Capability, CudaVersion, Platform


@pytest.mark.parametrize(("text", "parts"), [("12.6", (12, 6, None)), ("12.6.3", (12, 6, 3)), ("11.8", (11, 8, None))])
def test_cuda_versions(text: str, parts: tuple[int, int, int | None]) -> None:
    assert CudaVersion.parse(text) == parts
    assert str(CudaVersion.parse(text)) == text


@pytest.mark.parametrize("text", ["12", "12.x", "", "12.6.3.4", "v12.6", "12.6 "])
def test_no_cuda_versions(text: str) -> None:
    with pytest.raises(ValueError, match="is not a CUDA version"):
        CudaVersion.parse(text)


def test_capabilities() -> None:
    assert Capability.parse("8.9") < Capability.parse("12.0")
    assert str(Capability.parse("12.0")) == "12.0"
    with pytest.raises(ValueError, match="is not a compute capability"):
        Capability.parse("89")


def test_each_platform_has_its_markers() -> None:
    assert {platform.markers["sys_platform"] for platform in Platform} == {"linux", "darwin", "win32"}
    assert Platform.WIN_64.markers["platform_machine"] == "AMD64"
