"""Field types of models for values that are written as text: parsed once, written back the same."""

from __future__ import annotations

from typing import Annotated

from packaging.version import Version
from pydantic import PlainSerializer, PlainValidator, WithJsonSchema

from envspec.gpu import Capability, CudaVersion, Target


class Written(Version):
    """A version that keeps how it was written: driver 580.65.06 is not 580.65.6 to those who look for it."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return self.text


_AS_TEXT = PlainSerializer(str, return_type=str)
_SCHEMA = WithJsonSchema({"type": "string"})


def _version(value: object) -> Version:
    return value if isinstance(value, Version) else Written(_text(value))


def _cuda(value: object) -> CudaVersion:
    return value if isinstance(value, CudaVersion) else CudaVersion.parse(_text(value))


def _capability(value: object) -> Capability:
    return value if isinstance(value, Capability) else Capability.parse(_text(value))


def _target(value: object) -> Target:
    return value if isinstance(value, Target) else Target.parse(_text(value))


def _text(value: object) -> str:
    if not isinstance(value, str):
        message = f"expected text, found {type(value).__name__}; put it in quotes"
        raise ValueError(message)  # noqa: TRY004 - pydantic turns ValueError into an error with a place
    return value


VersionText = Annotated[Version, PlainValidator(_version), _AS_TEXT, _SCHEMA]
CudaText = Annotated[CudaVersion, PlainValidator(_cuda), _AS_TEXT, _SCHEMA]
CapabilityText = Annotated[Capability, PlainValidator(_capability), _AS_TEXT, _SCHEMA]
TargetText = Annotated[Target, PlainValidator(_target), _AS_TEXT, _SCHEMA]
