"""The CUDA toolkits of this machine, by their nvcc."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packaging.version import Version

from envspec.gpu import CudaVersion
from envspec.host import Toolkit
from envspec.tools.place import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envspec.tools.place import Place

HOMES = ("CUDA_PATH", "CUDA_HOME", "CUDA_ROOT", "CUDAToolkit_ROOT")
"""Variables that name the folder of a toolkit. CMake reads the first, torch the second."""
HEADERS = ("cublas_v2.h", "cuda_runtime_api.h")
LIBRARIES = ("libcublas.so", "libcudart.so")
IMPORT_LIBRARIES = ("cublas.lib", "cudart.lib")


class Found(NamedTuple):
    """One nvcc, and where its toolkit lies."""

    origin: str
    nvcc: Path
    release: CudaVersion
    build: Version
    root: Path


def find(place: Place) -> tuple[Toolkit, ...]:
    """All toolkits, first the one that a build takes: CUDACXX, then PATH, then the rest as CMake looks for them.

    Source: https://cmake.org/cmake/help/latest/module/FindCUDAToolkit.html
    """
    candidates = dict.fromkeys(_candidates(place))
    asked = [Asked(partial(_ask, place, origin, nvcc)) for origin, nvcc in candidates]
    by_root: dict[Path, list[Found]] = {}
    for question in asked:
        if found := question.get(None, 2 * place.patience):
            by_root.setdefault(found.root, []).append(found)
    return tuple(_toolkit(ways, place) for ways in by_root.values())


def _toolkit(ways: list[Found], place: Place) -> Toolkit:
    first = ways[0]
    return Toolkit(
        version=first.release,
        build=first.build,
        nvcc=str(first.nvcc),
        origin=", ".join(dict.fromkeys(way.origin for way in ways)),
        complete=_complete(first.root, place),
    )


def _candidates(place: Place) -> Iterator[tuple[str, Path]]:
    """Ways to nvcc with what led there, in the order in which a build prefers them."""
    name = "nvcc.exe" if place.windows else "nvcc"
    named = place.environment.get("CUDACXX", "")
    if program := place.program(named) if named else None:
        yield "CUDACXX", Path(program)
    yield from _existing(("PATH", folder / name) for folder in place.paths("PATH"))
    for variable in HOMES:
        folders = place.paths(variable)[:1]
        yield from _existing((variable, folder / "bin" / name) for folder in folders)
    usual = [(f"/{path.relative_to(place.root).as_posix()}", path / "bin" / name) for path in _usual(place)]
    yield from _existing(iter(usual))
    for folder in place.paths("CONDA_PREFIX")[:1]:
        yield from _existing(iter([("CONDA_PREFIX", folder / ("Library/bin" if place.windows else "bin") / name)]))


def _existing(ways: Iterator[tuple[str, Path]]) -> Iterator[tuple[str, Path]]:
    return ((origin, path) for origin, path in ways if path.is_file())


def _usual(place: Place) -> list[Path]:
    """Folders where installers put toolkits: the default one, then newest first."""
    if place.windows:
        programs = place.environment.get("PROGRAMFILES", "")
        parent = Path(programs or place.root) / "NVIDIA GPU Computing Toolkit" / "CUDA"
        return sorted(parent.glob("v*"), key=_number, reverse=True)
    versions = sorted(place.at("/usr/local").glob("cuda-*"), key=_number, reverse=True)
    return [
        place.at("/usr/local/cuda"),
        *versions,
        *map(place.at, ("/opt/cuda", "/usr", "/usr/lib/nvidia-cuda-toolkit")),
    ]


def _number(path: Path) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", path.name)))


def _ask(place: Place, origin: str, nvcc: Path) -> Found | None:
    done = place.run(str(nvcc), "--version")
    version = parse(done.stdout) if done else None
    return Found(origin, nvcc, *version, _root(place, nvcc)) if version else None


def parse(text: str) -> tuple[CudaVersion, Version] | None:
    """Release line and own version in what `nvcc --version` prints."""
    match = re.search(r"release (\d+\.\d+), V(\d+\.\d+\.\d+)", text)
    return (CudaVersion.parse(match[1]), Version(match[2])) if match else None


def _root(place: Place, nvcc: Path) -> Path:
    """Folder of the toolkit; a launcher script somewhere else is asked for it."""
    root = nvcc.resolve().parent.parent
    if (root / "nvvm").is_dir() or (root / "include" / HEADERS[1]).is_file():
        return root
    done = place.run(str(nvcc), "--dryrun", "-x", "cu", "NUL" if place.windows else "/dev/null")
    top = parse_top(done.stdout + done.stderr) if done else None
    return Path(top).resolve() if top else root


def parse_top(text: str) -> str | None:
    """Folder of the toolkit in what `nvcc --dryrun` prints."""
    match = re.search(r"^#\$ TOP=(.+?)\s*$", text, re.MULTILINE)
    return match[1] if match else None


def _complete(root: Path, place: Place) -> bool:
    """Whether headers and libraries to link are there; distributions put them beside those of the system."""
    roots = [root, *root.glob("targets/*")]
    system = place.at("/usr")
    local = place.at("/usr/local")
    if root.is_relative_to(system) and not root.is_relative_to(local):
        roots += [system, *system.glob("lib/*-linux-gnu")]
    includes = [base / "include" for base in roots]
    if place.windows:
        folders, names = [base / "lib" / "x64" for base in roots] + [base / "lib" for base in roots], IMPORT_LIBRARIES
    else:
        folders, names = [base / part for base in roots for part in ("lib64", "lib", ".")], LIBRARIES
    return _all_there(HEADERS, includes) and _all_there(names, folders)


def _all_there(names: tuple[str, ...], folders: list[Path]) -> bool:
    return all(any((folder / name).is_file() for folder in folders) for name in names)
