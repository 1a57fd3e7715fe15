from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from ruamel.yaml import YAML

from envspec.errors import SpecError
from envspec.gpu import Backend, CudaVersion, Platform
from envspec.spec import Base, Spec, ToolkitSource, range_text, read, schema
from envspec.spec.reader import MAX_BYTES

CASES = Path(__file__).parent.parent / "cases" / "specs"
VALID = sorted((CASES / "valid").glob("*.yaml"))
INVALID = sorted((CASES / "invalid").glob("*.yaml"))
SHIPPED = sorted((CASES.parent.parent.parent / "specs").glob("*.yaml"))


def load(path: Path) -> Spec:
    return read(path.read_text(encoding="utf-8"), path.name)


def test_every_field_is_read() -> None:
    spec = load(CASES / "valid" / "rtx4090.yaml")
    assert range_text(spec.python) == "==3.10.*", "3.10 must not become 3.1"
    assert spec.platforms == (Platform.LINUX_64, Platform.WIN_64)
    assert (spec.base, spec.backend, spec.cuda) == (Base.CONDA, Backend.CUDA, CudaVersion(12, 6))
    assert spec.gpu == ("rtx-4090", "8.9", "native")
    assert spec.toolkit.source is ToolkitSource.AUTO
    assert spec.torch is not None
    assert range_text(spec.torch.version) == ">=2.6"
    assert spec.llama is not None
    assert spec.llama.cmake == (("GGML_CUDA_FA_ALL_QUANTS", "ON"),)
    assert spec.llama.extras == ("server",)
    assert spec.conda == ("ffmpeg", "conda-forge::libsndfile >=1.2")
    assert spec.pip == ("fastapi>=0.110",)
    assert spec.env == (("CUDA_VISIBLE_DEVICES", "0"),)
    assert spec.matrix is not None
    assert spec.matrix.cuda == (CudaVersion(11, 8), CudaVersion(12, 1), CudaVersion(12, 6), CudaVersion(12, 8))
    assert spec.matrix.exclude == ((("cuda", "11.8"), ("python", "3.13")),)


def test_a_single_value_stands_for_a_list_and_a_version_for_its_key() -> None:
    spec = load(CASES / "valid" / "short_forms.yaml")
    assert spec.platforms == (Platform.LINUX_64,)
    assert spec.pip == ("six",)
    assert spec.torch is None
    assert spec.llama is not None
    assert range_text(spec.llama.version) == "==0.3.16"
    assert range_text(spec.python) == "==3.12.4"


def test_long_forms() -> None:
    spec = load(CASES / "valid" / "long_forms.yaml")
    assert spec.cuda == CudaVersion(12, 6, 3)
    assert spec.toolkit.packages == "full"
    assert spec.torch is not None
    assert (range_text(spec.torch.version), spec.torch.packages) == ("==2.6.*", ("torchvision", "torchaudio"))
    assert spec.llama is not None
    assert spec.llama.cmake == (("GGML_BLAS", "OFF"), ("GGML_BLAS_VENDOR", "OpenBLAS"))


@pytest.mark.parametrize("path", VALID + SHIPPED, ids=lambda path: path.stem)
def test_a_spec_survives_its_own_dump(path: Path) -> None:
    spec = load(path)
    assert Spec.model_validate(spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)) == spec


@pytest.mark.parametrize("path", VALID + SHIPPED, ids=lambda path: path.stem)
def test_editors_accept_what_the_reader_accepts(path: Path) -> None:
    jsonschema.validate(json.loads(json.dumps(YAML(typ="safe").load(path))), schema())


@pytest.mark.parametrize("name", ["unknown_key", "typo_in_value", "missing", "typo_in_platform", "unknown_nested"])
def test_editors_refuse_what_the_reader_refuses(name: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(YAML(typ="safe").load(CASES / "invalid" / f"{name}.yaml"), schema())


@pytest.mark.parametrize("path", INVALID, ids=lambda path: path.stem)
def test_an_error_names_line_column_and_cause(path: Path) -> None:
    with pytest.raises(SpecError) as caught:
        load(path)
    expected = path.with_suffix(".txt").read_text(encoding="utf-8").strip()
    assert expected in caught.value.message
    assert caught.value.message.startswith(f"{path.name}:")


def test_all_errors_are_told_in_the_order_of_the_file() -> None:
    with pytest.raises(SpecError) as caught:
        load(CASES / "invalid" / "two_errors.yaml")
    lines = caught.value.message.splitlines()
    assert [line.split(": ")[0] for line in lines] == ["two_errors.yaml:2:7", "two_errors.yaml:4:10"]


def test_nested_anchors_do_not_explode() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 30)]
    with pytest.raises(SpecError, match="expands to more than 10000 values"):
        read("\n".join(rows), "bomb.yaml")


def test_a_large_file_is_no_spec() -> None:
    text = "".join(f"a{n}: &a{n} [*a{max(n - 1, 0)}]\n" for n in range(60_000))
    assert len(text) > 1_000_000
    with pytest.raises(SpecError, match=f"larger than {MAX_BYTES // 1024} KiB"):
        read(text, "large.yaml")


def test_deep_nesting_is_no_crash() -> None:
    with pytest.raises(SpecError, match="nested too deeply"):
        read("[" * 50_000, "deep.yaml")


@pytest.mark.parametrize(
    "text",
    [
        "\x00",
        "\ud800",
        "%YAML 9.9\n---\na: b",
        "a: &x b\nc: &x d",
        "a: \x07",
        "a: !!python/object:os.system x",
        "? {a: b}\n: c",
        "*a",
    ],
)
def test_rubbish_is_an_error_of_ours(text: str) -> None:
    with pytest.raises(SpecError):
        read(text, "rubbish.yaml")


def test_a_requirement_of_parentheses_is_an_error() -> None:
    text = f"envspec: 1\nname: x\npython: 3.12\nbackend: cpu\npip: ['a; {'(' * 3000}']\n"
    with pytest.raises(SpecError, match="is not a PEP 508 requirement"):
        read(text, "x.yaml")
