"""Field types of the spec: text as the user wrote it, parsed once into what it means."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Annotated

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version
from pydantic import BeforeValidator, PlainSerializer, PlainValidator, WithJsonSchema

from envspec.gpu import Capability, CudaVersion

if TYPE_CHECKING:
    from collections.abc import Mapping

MINORS = range(8, 31)
"""Python 3 minor versions that a range may cover."""
ALL_PYTHONS = {minor: [Version(f"3.{minor}.{patch}") for patch in range(40)] for minor in MINORS}
OWN_VARIABLES = {
    *("PATH", "PYTHONHOME", "VIRTUAL_ENV", "VIRTUAL_ENV_PROMPT"),
    *("BASHOPTS", "EUID", "PPID", "SHELLOPTS", "UID"),  # a shell refuses to change these
}
CMAKE_LISTS = {"AMDGPU_TARGETS", "CMAKE_CUDA_ARCHITECTURES", "CMAKE_HIP_ARCHITECTURES", "GPU_TARGETS"}
"""CMake options whose value is a list, written with `;`."""
_SCALAR = {"type": ["string", "number", "boolean"]}
_RESERVED = {"aux", "con", "nul", "prn", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))}


def _name(value: object) -> str:
    """Check a name that becomes a folder on every operating system."""
    text = _text(value)
    if re.fullmatch(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?", text) is None:
        message = (
            f"{text!r} cannot be a folder name everywhere: use letters, digits, '.', '_' and '-', "
            "at most 64, the first and last a letter or digit"
        )
        raise ValueError(message)
    if text.split(".")[0].lower() in _RESERVED:
        message = f"{text!r} is a reserved name on Windows"
        raise ValueError(message)
    return text


def _text(value: object) -> str:
    if not isinstance(value, str):
        message = "expected a single value, not a list, a mapping or nothing"
        raise ValueError(message)  # noqa: TRY004 - pydantic turns ValueError into an error with a place
    if "\0" in value:
        message = "contains a NUL character"
        raise ValueError(message)
    return value


def _specifiers(value: object, *, example: str) -> SpecifierSet:
    text = _text(value).strip()
    bare = re.fullmatch(r"(\d+)((?:\.\d+)*)", text)
    if bare is not None:
        exact = len(text.split(".")) > 2  # noqa: PLR2004 - major.minor.patch
        text = f"=={text}" if exact else f"=={text}.*"
    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        message = f"{text!r} is not a version or range such as {example}"
        raise ValueError(message) from None


def _python(value: object) -> SpecifierSet:
    specifiers = _specifiers(value, example="3.12, '>=3.11' or '>=3.11,<3.14'")
    if not any(item.operator in {"==", ">=", ">", "~="} for item in specifiers):
        message = f"{str(specifiers) or 'an empty range'!r} has no lower bound; write for example '>=3.11'"
        raise ValueError(message)
    if not python_versions(specifiers):
        message = f"no Python 3 fits {range_text(specifiers)!r}"
        raise ValueError(message)
    return specifiers


@cache
def python_versions(specifiers: SpecifierSet) -> Mapping[int, tuple[str, str]]:
    """Lowest and highest patch version of each Python 3 minor version in a range."""
    fitting = {minor: [version for version in ALL_PYTHONS[minor] if specifiers.contains(version)] for minor in MINORS}
    return {minor: (str(versions[0]), str(versions[-1])) for minor, versions in fitting.items() if versions}


def _version(value: object) -> SpecifierSet:
    return _specifiers(value, example="2.6, '==0.3.16' or '>=0.3,<0.4'")


def _requirement(value: object) -> str:
    """Check a PEP 508 requirement and give it in its normal form."""
    text = _text(value)
    try:
        requirement = Requirement(text)
    except (InvalidRequirement, RecursionError) as error:
        message = f"{text[:200]!r} is not a PEP 508 requirement: {str(error).splitlines()[0]}"
        raise ValueError(message) from None
    return str(requirement)


def _match_spec(value: object) -> str:
    text = _text(value).strip()
    if re.fullmatch(r"(?:[\w./:-]+::)?[A-Za-z0-9_][\w.-]*(?:\s*[=<>!~ ].*)?(?:\[.*\])?", text) is None:
        message = f"{text!r} is not a conda match spec such as 'ffmpeg' or 'ffmpeg >=6'"
        raise ValueError(message)
    return text


def _gpu(value: object) -> str:
    """Check a compute capability, a model name, or `native`; `RTX 4090` becomes `rtx-4090`.

    `+ptx` at the end asks for PTX too, as in torch's TORCH_CUDA_ARCH_LIST.
    """
    text = re.sub(r"[\s_]+", "-", _text(value).strip().lower())
    name, plus, _ = text.partition("+ptx")
    if name + plus != text or not re.fullmatch(r"[a-z][a-z0-9.-]*|[0-9.]+", name):
        message = f"{text!r} is not a GPU such as rtx-4090, 8.9 or native"
        raise ValueError(message)
    return (name if name[0].isalpha() else str(Capability.parse(name))) + plus


def _cuda(value: object) -> CudaVersion:
    return value if isinstance(value, CudaVersion) else CudaVersion.parse(_text(value))


def _pairs(value: object) -> tuple[tuple[str, str], ...]:
    if not isinstance(value, dict):
        message = "expected a mapping of names to values"
        raise ValueError(message)  # noqa: TRY004 - pydantic turns ValueError into an error with a place
    for name, item in value.items():
        if not isinstance(item, str):
            message = f"{name}: expected a single value, not a list, a mapping or nothing"
            raise ValueError(message)  # noqa: TRY004 - as above
        if "\0" in item or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", str(name)):
            message = f"{name!r} is not a usable name, or its value contains a NUL character"
            raise ValueError(message)
    return tuple(sorted(value.items()))


def _variables(value: object) -> tuple[tuple[str, str], ...]:
    """Read environment variables; those that activation itself sets are refused."""
    pairs = _pairs(value)
    for name, _ in pairs:
        if "." in name or name in OWN_VARIABLES or name.startswith("_ENVSPEC"):
            message = f"{name!r} is no variable that an environment can set"
            raise ValueError(message)
    return pairs


def _cmake_options(value: object) -> tuple[tuple[str, str], ...]:
    """Read CMake options; YAML's true and false become CMake's ON and OFF."""
    switches = {"true": "ON", "on": "ON", "yes": "ON", "false": "OFF", "off": "OFF", "no": "OFF"}
    pairs = _pairs(value)
    for name, item in pairs:
        if re.search(r"[\r\n\"]" if name in CMAKE_LISTS else r"[\r\n;\"]", item):
            message = f"{name}: a CMake value cannot hold line ends, ';' or '\"' here"
            raise ValueError(message)
    return tuple((name, switches.get(item.lower(), item)) for name, item in pairs)


def _listed(value: object) -> object:
    """Let a single value stand for a list of one."""
    return (value,) if isinstance(value, str) else value


def _described(description: str, *, number: bool = True) -> WithJsonSchema:
    return WithJsonSchema({"type": ["string", "number"] if number else "string", "description": description})


def range_text(specifiers: SpecifierSet) -> str:
    """Write a range as people do: lower bounds first."""
    return ",".join(sorted((str(item) for item in specifiers), key=lambda text: (text.startswith("<"), text)))


_AS_TEXT = PlainSerializer(str, return_type=str)
_AS_RANGE = PlainSerializer(range_text, return_type=str)
_MAPPING = {"type": "object", "additionalProperties": _SCALAR}
_AS_MAPPING = PlainSerializer(dict, return_type=dict[str, str])

Name = Annotated[str, PlainValidator(_name), _described("Name of the environment and of its lock folder")]
PythonRange = Annotated[
    SpecifierSet, PlainValidator(_python), _AS_RANGE, _described("Python version or range: 3.12, '>=3.11,<3.14'")
]
VersionRange = Annotated[
    SpecifierSet, PlainValidator(_version), _AS_RANGE, _described("Version or range: 2.6, '>=0.3,<0.4'")
]
RequirementText = Annotated[str, PlainValidator(_requirement), _described("PEP 508 requirement", number=False)]
MatchSpecText = Annotated[str, PlainValidator(_match_spec), _described("conda match spec", number=False)]
Cuda = Annotated[CudaVersion, PlainValidator(_cuda), _AS_TEXT, _described("CUDA release line or exact release")]
GpuName = Annotated[
    str,
    PlainValidator(_gpu),
    _described("GPU model (rtx-4090), compute capability (8.9) or native; +ptx adds PTX"),
]
CMakeOptions = Annotated[
    tuple[tuple[str, str], ...], PlainValidator(_cmake_options), _AS_MAPPING, WithJsonSchema(_MAPPING)
]
Pairs = Annotated[tuple[tuple[str, str], ...], PlainValidator(_pairs), _AS_MAPPING, WithJsonSchema(_MAPPING)]
Variables = Annotated[tuple[tuple[str, str], ...], PlainValidator(_variables), _AS_MAPPING, WithJsonSchema(_MAPPING)]
Listed = BeforeValidator(_listed)
