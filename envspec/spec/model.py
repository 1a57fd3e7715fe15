"""The Spec: every field that a user can write, validated, and nothing about any machine."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from packaging.specifiers import SpecifierSet
from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from envspec.frozen import Frozen
from envspec.gpu import Backend, Platform
from envspec.spec.fields import (
    CMakeOptions,
    Cuda,
    GpuName,
    Listed,
    MatchSpecText,
    Name,
    Pairs,
    PythonRange,
    RequirementText,
    Variables,
    VersionRange,
)


class Base(StrEnum):
    """Who provides Python and the prefix."""

    CONDA = "conda"
    VENV = "venv"


class Install(StrEnum):
    """Where llama-cpp-python comes from."""

    AUTO = "auto"
    SOURCE = "source"
    WHEEL = "wheel"


class ToolkitSource(StrEnum):
    """Where the CUDA toolkit comes from."""

    AUTO = "auto"
    CONDA_FORGE = "conda-forge"
    CONDA_LABEL = "conda-label"
    NONE = "none"
    PYPI = "pypi"
    SYSTEM = "system"


class ToolkitRequest(Frozen):
    """`toolkit:`, in short form only its source."""

    source: ToolkitSource = ToolkitSource.AUTO
    packages: Literal["components", "full"] = "components"


class TorchRequest(Frozen):
    """`torch:`, in short form only its version."""

    version: VersionRange = Field(default_factory=SpecifierSet)
    packages: Annotated[tuple[Literal["torchvision", "torchaudio"], ...], Listed] = ()


class LlamaRequest(Frozen):
    """`llama-cpp-python:`, in short form only its version."""

    version: VersionRange = Field(default_factory=SpecifierSet)
    extras: Annotated[tuple[Literal["all", "dev", "server", "test"], ...], Listed] = ()
    install: Install = Install.AUTO
    cmake: CMakeOptions = ()


class Matrix(Frozen):
    """`matrix:`, the axes to multiply and the cells to leave out."""

    cuda: Annotated[tuple[Cuda, ...], Listed] = ()
    gpu: Annotated[tuple[GpuName, ...], Listed] = ()
    python: Annotated[tuple[PythonRange, ...], Listed] = ()
    torch: Annotated[tuple[VersionRange, ...], Listed] = ()
    exclude: tuple[Pairs, ...] = ()

    @model_validator(mode="after")
    def _exclude_names_axes(self) -> Self:
        axes = {name for name in ("cuda", "gpu", "python", "torch") if getattr(self, name)}
        for cell in self.exclude:
            unknown = sorted({name for name, _ in cell} - axes)
            if unknown:
                message = f"exclude names {unknown[0]!r}, which is no axis of this matrix"
                raise ValueError(message)
        return self


def _short_form(key: str, long_form: type[Frozen]) -> BeforeValidator:
    """Let `torch: ">=2.6"` stand for `torch: {version: ">=2.6"}`, and `false` for nothing."""

    def expand(value: object) -> object:
        if not isinstance(value, str):
            return value
        return None if value.lower() == "false" else {key: value}

    return BeforeValidator(expand, json_schema_input_type=long_form | float | str | bool)


class Spec(Frozen):
    """An environment, as its user describes it."""

    envspec: Annotated[Literal["1"], WithJsonSchema({"enum": [1, "1"], "description": "Version of this format"})]
    name: Name
    python: PythonRange
    platforms: Annotated[tuple[Platform, ...], Listed] = Field(default=(), description="Default: this machine's")
    base: Base = Base.VENV
    backend: Backend
    cuda: Cuda | None = None
    gpu: Annotated[tuple[GpuName, ...], Listed] = ()
    toolkit: Annotated[ToolkitRequest, _short_form("source", ToolkitRequest)] = ToolkitRequest()
    torch: Annotated[TorchRequest | None, _short_form("version", TorchRequest)] = None
    llama: Annotated[LlamaRequest | None, _short_form("version", LlamaRequest)] = Field(
        default=None, alias="llama-cpp-python"
    )
    conda: Annotated[tuple[MatchSpecText, ...], Listed] = ()
    pip: Annotated[tuple[RequirementText, ...], Listed] = ()
    env: Variables = ()
    matrix: Matrix | None = None
