from __future__ import annotations

import pytest

from envspec.gpu import CudaVersion
from envspec.spec import Spec, expand, range_text, read


def spec(lines: str) -> Spec:
    return read(f"envspec: 1\nname: x\npython: '3.12'\nbackend: cuda\n{lines}\n", "x.yaml")


def names(lines: str) -> list[str]:
    return [cell.name for cell in expand(spec(lines))]


@pytest.mark.parametrize("lines", ["cuda: '12.6'", "gpu: [rtx-4090, h100]"])
def test_a_spec_without_a_matrix_is_its_only_cell(lines: str) -> None:
    assert expand(spec(lines)) == (spec(lines),)


@pytest.mark.parametrize(
    ("matrix", "cells"),
    [
        ("{}", ["x"]),
        ("{cuda: '11.8'}", ["x-cuda11.8"]),
        ("{cuda: ['11.8', '12.6.3']}", ["x-cuda11.8", "x-cuda12.6.3"]),
        ("{gpu: [RTX 4090, '8.9', 9.0+ptx]}", ["x-rtx-4090", "x-8.9", "x-9.0-ptx"]),
        ("{python: ['3.10', 3.12.4]}", ["x-py3.10", "x-py3.12.4"]),
        ("{torch: ['2.6', ==2.8.0]}", ["x-torch2.6", "x-torch2.8.0"]),
        ("{cuda: ['12.6', '12.6']}", ["x-cuda12.6"]),
        ("{python: ['3.12', '>=3.12', '<3.12,>=3.9']}", ["x-py3.12", "x-pyfrom3.12", "x-pyfrom3.9-below3.12"]),
        (
            "{torch: ['>2.6', '<=2.6', '~=2.6.0', '!=2.6.0']}",
            ["x-torchabove2.6", "x-torchto2.6", "x-torchnear2.6.0", "x-torchnot2.6.0"],
        ),
        (
            "{python: ['3.12', '3.13'], cuda: ['11.8', '12.6']}",
            ["x-cuda11.8-py3.12", "x-cuda11.8-py3.13", "x-cuda12.6-py3.12", "x-cuda12.6-py3.13"],
        ),
        ("{cuda: '12.6', gpu: h100, python: '3.12', torch: '2.8'}", ["x-cuda12.6-h100-py3.12-torch2.8"]),
    ],
)
def test_axes_are_multiplied_and_name_the_cells(matrix: str, cells: list[str]) -> None:
    assert names(f"matrix: {matrix}") == cells


@pytest.mark.parametrize(
    ("exclude", "left"),
    [
        ("[]", "cuda11.8-py3.12 cuda11.8-py3.13 cuda12.6-py3.12 cuda12.6-py3.13"),
        ("[{cuda: '11.8', python: '3.13'}]", "cuda11.8-py3.12 cuda12.6-py3.12 cuda12.6-py3.13"),
        ("[{cuda: '11.8'}]", "cuda12.6-py3.12 cuda12.6-py3.13"),
        ("[{python: '3.13'}]", "cuda11.8-py3.12 cuda12.6-py3.12"),
        ("[{python: ==3.13.*}]", "cuda11.8-py3.12 cuda12.6-py3.12"),
        ("[{cuda: '11.8'}, {python: '3.13'}]", "cuda12.6-py3.12"),
    ],
)
def test_a_line_of_exclude_leaves_out_the_cells_that_it_names(exclude: str, left: str) -> None:
    matrix = f"{{cuda: ['11.8', '12.6'], python: ['3.12', '3.13'], exclude: {exclude}}}"
    assert names(f"matrix: {matrix}") == [f"x-{name}" for name in left.split()]


@pytest.mark.parametrize(
    ("axis", "excluded"),
    [
        ("torch: ['2.6', '2.8']", "torch: '2.8'"),
        ("torch: ['2.6', 2.8.0]", "torch: 2.8.0"),
        ("gpu: [h100, rtx-4090]", "gpu: rtx-4090"),
        ("gpu: ['8.9', RTX 4090]", "gpu: RTX 4090"),
    ],
)
def test_other_axes_are_excluded_as_they_were_written(axis: str, excluded: str) -> None:
    assert len(names(f"matrix: {{{axis}, exclude: [{{{excluded}}}]}}")) == 1


def test_a_cell_is_a_spec_of_its_own() -> None:
    cell = expand(
        spec(
            "cuda: '12.8'\ngpu: h100\ntorch: {version: '2.7', packages: [torchvision]}\n"
            "matrix: {cuda: '12.6', gpu: rtx-4090, python: '3.13', torch: '>=2.8'}"
        )
    )[0]
    assert cell.matrix is None
    assert (cell.cuda, cell.gpu, range_text(cell.python)) == (CudaVersion(12, 6), ("rtx-4090",), "==3.13.*")
    assert cell.torch is not None
    assert (range_text(cell.torch.version), cell.torch.packages) == (">=2.8", ("torchvision",))
    assert Spec.model_validate(cell.model_dump(mode="json", by_alias=True, exclude_defaults=True)) == cell


def test_an_axis_of_torch_asks_for_torch() -> None:
    cells = expand(spec("matrix: {torch: ['2.6', '2.8']}"))
    assert [range_text(cell.torch.version) for cell in cells if cell.torch] == ["==2.6.*", "==2.8.*"]


def test_what_is_no_axis_stays() -> None:
    cells = expand(spec("cuda: '12.6'\ngpu: h100\nmatrix: {python: ['3.11', '3.12']}"))
    assert {(cell.cuda, cell.gpu, cell.backend) for cell in cells} == {(CudaVersion(12, 6), ("h100",), "cuda")}


@pytest.mark.parametrize(
    ("axis", "excluded"),
    [("cuda", "'12.8'"), ("cuda", "twelve"), ("python", "'3.99'"), ("python", "'>=3.12'"), ("gpu", "rtx-3090")],
)
def test_an_exclusion_that_names_no_value_is_an_error(axis: str, excluded: str) -> None:
    axes = "cuda: ['11.8', '12.6'], python: ['3.12', '3.13'], gpu: [rtx-4090, h100]"
    with pytest.raises(ValueError, match=f"exclude names {axis} .* no value of that axis"):
        expand(spec(f"matrix: {{{axes}, exclude: [{{{axis}: {excluded}}}]}}"))


def test_all_cells_excluded_is_an_error() -> None:
    with pytest.raises(ValueError, match="matrix: every cell is excluded"):
        expand(spec("matrix: {cuda: ['11.8', '12.6'], exclude: [{cuda: '11.8'}, {cuda: '12.6'}]}"))
