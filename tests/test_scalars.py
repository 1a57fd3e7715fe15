from __future__ import annotations

import pytest
from packaging.version import Version
from pydantic import TypeAdapter, ValidationError

from envspec.frozen import Frozen
from envspec.gpu import Capability, CudaVersion, Target
from envspec.scalars import CapabilityText, CudaText, TargetText, VersionText, Written


class Sample(Frozen):
    version: VersionText = Version("1")
    cuda: CudaText = CudaVersion(12, 6)
    capability: CapabilityText = Capability(8, 9)
    target: TargetText = Target(Capability(9, 0), "a")


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("version", "580.65.06", Version("580.65.6")),
        ("version", "2.15.0", Version("2.15")),
        ("cuda", "12.6", CudaVersion(12, 6)),
        ("cuda", "12.6.3", CudaVersion(12, 6, 3)),
        ("capability", "12.0", Capability(12, 0)),
        ("target", "8.6", Target(Capability(8, 6))),
        ("target", "12.0f", Target(Capability(12, 0), "f")),
    ],
)
def test_text_is_parsed_once_and_written_back_the_same(field: str, text: str, value: object) -> None:
    read = Sample.model_validate({field: text})
    assert getattr(read, field) == value
    assert read.model_dump(mode="json")[field] == text
    assert Sample.model_validate(read.model_dump(mode="json")) == read
    assert getattr(Sample.model_validate({field: value}), field) is value, "a parsed value stays as it is"


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("version", 580.65, "expected text, found float; put it in quotes"),
        ("cuda", 12.6, "expected text, found float; put it in quotes"),
        ("capability", None, "expected text, found NoneType"),
        ("target", ["8.6"], "expected text, found list"),
        ("version", "new", "Invalid version"),
        ("cuda", "12", "is not a CUDA version"),
        ("capability", "89", "is not a compute capability"),
        ("target", "8.6x", "is not a compute capability"),
    ],
)
def test_other_values_are_refused(field: str, value: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Sample.model_validate({field: value})


@pytest.mark.parametrize("kind", [VersionText, CudaText, CapabilityText, TargetText])
def test_the_schema_says_text(kind: type[object]) -> None:
    assert TypeAdapter(kind).json_schema() == {"type": "string"}


def test_a_version_keeps_how_it_was_written_and_compares_by_value() -> None:
    one, same, newer = Written("580.65.06"), Written("580.65.6"), Written("580.82.07")
    assert (str(one), str(same)) == ("580.65.06", "580.65.6")
    assert one == same
    assert hash(one) == hash(same)
    assert max(one, newer) is newer
    assert one < Version("580.65.7")
