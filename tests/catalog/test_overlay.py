"""A user's file that corrects the catalog."""

from __future__ import annotations

import re

import pytest
from packaging.version import Version

from envspec.catalog import Catalog, load, merged, overlaid, parse, texts
from envspec.errors import SpecError
from envspec.gpu import Capability, CudaVersion, Platform, Target

BASE = merged(*map(parse, texts().values()))
LINE = CudaVersion(12, 6)


def corrected(text: str) -> Catalog:
    return overlaid(BASE, text, "my.yaml")


def test_a_field_is_corrected_and_the_others_stay() -> None:
    catalog = corrected('cuda_lines: [{line: "12.6", gcc_max: 14, confidence: measured, source: my own build}]')
    ours, theirs = catalog.line_of[LINE], load().line_of[LINE]
    assert (ours.gcc_max, ours.source) == (14, "my own build")
    assert ours.targets == theirs.targets
    assert len(catalog.cuda_lines) == len(load().cuda_lines)


def test_a_row_is_added() -> None:
    catalog = corrected("""
sources: {maker: https://gpu.example}
nvidia_gpus:
  - {name: GeForce RTX 6090, capability: "12.0", memory: 48, form: desktop, confidence: declared, source: maker}
torch_wheels:
  - {torch: 2.15.0, tag: cu134, platform: linux-64, python: 14 15, sm: 9.0 10.0f, ptx: "12.0",
     confidence: inferred, source: maker}
""")
    gpu = catalog.gpu_named("NVIDIA GeForce RTX 6090")
    assert gpu
    assert gpu.source == "https://gpu.example"
    wheel = catalog.torch_wheel_of[Version("2.15.0"), "cu134", Platform.LINUX_64]
    assert wheel.sm == (Target(Capability(9, 0)), Target(Capability(10, 0), "f"))
    assert "cu134" in catalog.torch_tags_of[Version("2.15.0")]


def test_an_index_is_replaced_by_a_mirror() -> None:
    catalog = corrected("indexes: [{name: torch, url: https://mirror.example/whl/}]")
    assert catalog.index_of == {"torch": "https://mirror.example/whl", "conda": "https://conda.anaconda.org"}


def test_several_corrections_of_one_row_add_up() -> None:
    catalog = corrected('cuda_lines: [{line: "12.6", gcc_max: 14}, {line: "12.6", clang_max: 20}]')
    assert (catalog.line_of[LINE].gcc_max, catalog.line_of[LINE].clang_max) == (14, 20)


def test_the_catalog_itself_stays_as_it_is() -> None:
    corrected('cuda_lines: [{line: "12.6", gcc_max: 14}]')
    assert load().line_of[LINE].gcc_max == 13
    assert merged(*map(parse, texts().values())) == BASE


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("cuda_lines: [{line: 12.6", "expected ',' or '}'"),
        ("cuda_lines: [{line: '12.6', line: '12.8'}]", "found duplicate key"),
        ("", "expected tables"),
        ("just text", "expected tables"),
        ("- cuda_lines", "expected tables"),
        ("cuda_lines: {line: '12.6'}", "expected tables"),
        ("sources: [a]", "expected tables"),
        ("cuda_lines: ['12.6']", "cuda_lines: a row is not a mapping of fields"),
        ("cuda_line: []", "cuda_line: no such table; there are backends, indexes, cuda_lines"),
        ("cuda_lines: [{line: '12.6', gcc: 14}]", "gcc: Extra inputs are not permitted"),
        ("cuda_lines: [{line: '12.6', gcc_max: new}]", "gcc_max: Input should be a valid integer"),
        (
            "cuda_lines: [{line: 12.x, confidence: declared, source: y}]",
            "'12.x' is not a CUDA version such as 12.6 or 12.6.3",
        ),
        ("cuda_lines: [{line: '12.6', targets: 8.0 9.x}]", "'9.x' is not a compute capability such as 8.9"),
        ("cuda_lines: [{line: '12.6', driver_linux: soon}]", "driver_linux: "),
        ("cuda_lines: [{line: '12.6', driver_linux: [1, 2]}]", "expected text, found list"),
        ("cuda_lines: [{line: '12.6', confidence: sure}]", "Input should be 'measured', 'declared' or 'inferred'"),
        ("torch_wheels: [{torch: 2.5.1, tag: cu121, platform: beos, confidence: declared, source: y}]", "platform: "),
        ("indexes: [{name: npm, url: x, confidence: declared, source: y}]", "name: Input should be 'torch' or 'conda'"),
        ("architectures: [{capability: '13.0', name: Next, confidence: inferred}]", "source: Field required"),
        ("cuda_lines: [{gcc_max: 14, confidence: declared, source: y}]", "line: Field required"),
        ("x: " * 5000, ""),
        ("[" * 5000, ""),
    ],
)
def test_a_bad_file_is_told_by_name(text: str, told: str) -> None:
    with pytest.raises(SpecError) as caught:
        corrected(text)
    assert caught.value.message.startswith("my.yaml:")
    assert told in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "table"),
    [
        ("cuda_lines: [{line: '12.6', gcc: 14}]", "cuda_lines"),
        ("torch_wheels: [{torch: 2.5.1, tag: cu121, platform: linux-64, python: new}]", "torch_wheels"),
    ],
)
def test_a_bad_row_is_told_with_its_table(text: str, table: str) -> None:
    with pytest.raises(SpecError, match=table):
        corrected(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "nvidia_gpus: [{name: X, capability: '13.0', memory: '1', form: desktop, confidence: inferred, source: s}]",
            "nvidia_gpus: X: compute capability 13.0 has no row in `architectures`",
        ),
        (
            "torch_wheels: [{torch: 9.0, tag: cpu, platform: linux-64, python: '1', confidence: inferred, source: s}]",
            "torch_wheels: 9.0 cpu: the release has no row in `torch_releases`",
        ),
    ],
)
def test_rows_that_lack_another_are_refused(text: str, told: str) -> None:
    with pytest.raises(SpecError, match=re.escape(told)):
        overlaid(BASE, text, "my.yaml")
