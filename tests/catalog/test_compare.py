"""What indexes list against what the catalog says."""

from __future__ import annotations

import pytest

from envspec.catalog import Catalog, merged, parse, texts
from envspec.catalog.compare import (
    MISSING,
    NEW,
    PYTHON,
    Difference,
    Label,
    Package,
    Page,
    Seen,
    addresses,
    compare,
    label_address,
    minors,
)
from envspec.gpu import CudaVersion, Platform
from tests.catalog.pages import CATALOG, llama_files, torch_files


def differences(package: Package, tag: str, files: set[str] | None) -> list[Difference]:
    page = Page(package=package, tag=tag, files=None if files is None else frozenset(files))
    return list(compare(CATALOG, Seen(pages=(page,))))


@pytest.mark.parametrize("tag", ["cpu", "cu117", "cu126", "cu130", "rocm6.2.4"])
def test_a_page_of_torch_that_agrees(tag: str) -> None:
    assert differences("torch", tag, torch_files(tag)) == []


@pytest.mark.parametrize("tag", ["cpu", "cu118", "cu121", "metal", "vulkan", "hip-radeon"])
def test_a_page_of_llama_that_agrees(tag: str) -> None:
    assert differences("llama-cpp-python", tag, llama_files(tag)) == []


def test_a_new_release_is_no_fault() -> None:
    files = torch_files("cu132") | {"torch-2.16.0+cu132-cp315-cp315-manylinux_2_28_x86_64.whl"}
    assert differences("torch", "cu132", files) == [
        Difference(what=NEW, index="torch cu132", platform=Platform.LINUX_64, releases=("2.16.0",))
    ]
    assert not differences("torch", "cu132", files)[0].wrong


def test_a_new_tag_is_no_fault() -> None:
    names = {f"torch-{release}+cu134-cp314-cp314-win_amd64.whl" for release in ("1.13.1", "2.15.0", "2.15.1")}
    (found,) = differences("torch", "cu134", names)
    assert (found.what, found.platform, found.releases) == (NEW, Platform.WIN_64, ("2.15.0", "2.15.1"))
    assert differences("torch", "cu134", None) == []


def test_a_missing_file_is_a_fault() -> None:
    files = {name for name in torch_files("cu126") if not (name.startswith("torch-2.7") and "win" in name)}
    (found,) = differences("torch", "cu126", files)
    assert (found.what, found.platform, found.releases) == (MISSING, Platform.WIN_64, ("2.7.0", "2.7.1"))
    assert found.wrong


def test_a_missing_page_misses_everything() -> None:
    found = differences("llama-cpp-python", "cu132", None)
    assert [(one.what, one.platform, one.releases[0], one.releases[-1]) for one in found] == [
        (MISSING, Platform.LINUX_64, "0.3.25", "0.3.35"),
        (MISSING, Platform.WIN_64, "0.3.25", "0.3.35"),
    ]


def test_other_pythons_are_a_fault() -> None:
    files = {name for name in torch_files("cu124") if "-cp39-" not in name or "win" not in name}
    found = differences("torch", "cu124", files)
    assert [(one.what, one.platform, one.detail, one.releases) for one in found] == [
        (PYTHON, Platform.WIN_64, "catalog 3.8 .. 3.12, index 3.8 3.10 3.11 3.12", ("2.4.0", "2.4.1")),
        (PYTHON, Platform.WIN_64, "catalog 3.9 .. 3.12, index 3.10 .. 3.12", ("2.5.0", "2.5.1")),
        (PYTHON, Platform.WIN_64, "catalog 3.9 .. 3.13, index 3.10 .. 3.13", ("2.6.0",)),
    ]
    assert all(one.wrong for one in found)


def test_a_wheel_for_any_python_beside_others_is_for_any() -> None:
    files = llama_files("vulkan") | {"llama_cpp_python-0.3.30-cp312-cp312-win_amd64.whl"}
    assert differences("llama-cpp-python", "vulkan", files) == []


def test_a_hole_that_was_filled_is_new() -> None:
    files = llama_files("cu121") | {"llama_cpp_python-0.3.14-cp310-cp310-linux_x86_64.whl"}
    (found,) = differences("llama-cpp-python", "cu121", files)
    assert (found.what, found.releases) == (NEW, ("0.3.14",))


@pytest.mark.parametrize(
    "name",
    [
        "torch-2.16.0.dev20260101+cu126-cp312-cp312-win_amd64.whl",  # not released
        "torch-2.16.0rc1+cu126-cp312-cp312-win_amd64.whl",
        "torch-2.16.0+cu126.full-cp312-cp312-win_amd64.whl",  # another build
        "torch-2.16.0+cu126-cp313-cp313t-win_amd64.whl",  # without the lock
        "torch-2.16.0+cu126-cp313-cp313-linux_s390x.whl",  # a platform without envspec
        "torch-2.16.0+cu126-cp313-cp313-musllinux_1_2_x86_64.whl",
        "torch-2.16.0+cu126-pp310-pypy310_pp73-win_amd64.whl",
        "torch-1.13.1+cu126-cp310-cp310-win_amd64.whl",  # before the first row
        "torchvision-0.99.0+cu126-cp312-cp312-win_amd64.whl",
        "torch-2.16.0.tar.gz",
        "index.html",
        "",
    ],
)
def test_files_that_do_not_count(name: str) -> None:
    assert differences("torch", "cu126", torch_files("cu126") | {name}) == []


def test_labels_of_the_channel() -> None:
    labels = tuple(
        Label(release=CudaVersion.parse(release), exists=exists)
        for release, exists in (("12.6.3", True), ("12.1.1", False), ("13.3.1", True), ("13.4.3", False))
    )
    assert compare(CATALOG, Seen(labels=labels)) == (
        Difference(what=MISSING, index="conda nvidia/label/cuda-12.1.1", releases=("12.1.1",)),
        Difference(what=NEW, index="conda nvidia/label/cuda-13.3.1", releases=("13.3.1",)),
    )


def test_addresses_of_known_tags_and_of_those_that_may_come() -> None:
    urls = {address.url for address in addresses(CATALOG)}
    assert "https://download.pytorch.org/whl/cu126/torch/" in urls
    assert "https://download.pytorch.org/whl/cu134/torch/" in urls
    assert "https://abetlen.github.io/llama-cpp-python/whl/metal/llama-cpp-python/" in urls
    assert "https://abetlen.github.io/llama-cpp-python/whl/cu126/llama-cpp-python/" in urls
    assert len(urls) == len(addresses(CATALOG))
    release = CudaVersion(12, 6, 3)
    channel = "https://conda.anaconda.org/nvidia/label/cuda-12.6.3"
    assert label_address(CATALOG, release) == f"{channel}/linux-64/repodata.json"


def test_addresses_of_mirrors() -> None:
    overlay = """
indexes: [{name: torch, url: "https://mirror.example/whl/", confidence: declared, source: here}]
llama_wheels: [{tag: vulkan, platform: win-64, since: 0.3.26, index: "https://mirror.example/llama/vulkan"}]
"""
    catalog = Catalog.model_validate(merged(*map(parse, texts().values()), parse(overlay)))
    urls = [address.url for address in addresses(catalog)]
    assert "https://mirror.example/whl/cu126/torch/" in urls
    assert not any("pytorch.org" in url for url in urls)
    assert "https://mirror.example/llama/vulkan/llama-cpp-python/" in urls


@pytest.mark.parametrize(
    ("found", "text"), [((), "any"), ((11,), "3.11"), ((9, 10, 11), "3.9 .. 3.11"), ((13, 9), "3.9 3.13")]
)
def test_python_versions_in_short(found: tuple[int, ...], text: str) -> None:
    assert minors(found) == text
