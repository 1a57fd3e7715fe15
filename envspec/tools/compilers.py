"""The C and C++ compilers of this machine."""

from __future__ import annotations

import re
import shutil
import sys
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from packaging.version import Version

from envspec.errors import ToolMissing
from envspec.host import Compiler, CompilerKind
from envspec.tools import process, visual_studio
from envspec.tools.place import Asked

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from envspec.tools.place import Place

PLAIN = ("c++", "g++", "clang++")
PAIRS = (("cc", "c++"), ("gcc", "g++"), ("clang", "clang++"))


class Compilers(NamedTuple):
    """Absolute paths and the first line of `c++ --version`; no paths where CMake finds the compiler itself."""

    paths: tuple[str, str] | None
    version: str


def find(named: Mapping[str, str]) -> Compilers:
    """Find the compilers that the CMake options `named` ask for, or else the system's.

    CC and CXX of the shell are not asked: they may belong to anything.

    Raises:
        ToolMissing: there is none; the hint says how to get one.

    """
    c, cxx = named.get("CMAKE_C_COMPILER"), named.get("CMAKE_CXX_COMPILER")
    if sys.platform == "win32" and not cxx:
        return Compilers(None, "MSVC, as CMake finds it")
    if not (c and cxx):
        system = _system()
        c, cxx = c or system[0], cxx or system[1]
    return Compilers((c, cxx), _version(cxx))


def _system() -> tuple[str, str]:
    """Absolute paths of the first pair that is installed."""
    for names in PAIRS:
        c, cxx = (shutil.which(name) for name in names)
        if c and cxx:
            return c, cxx
    message = "llama-cpp-python is compiled from source, and there is no C++ compiler"
    hint = "install one: `apt install g++`, `dnf install gcc-c++` or, on macOS, `xcode-select --install`"
    raise ToolMissing(message, hint=hint)


def _version(compiler: str) -> str:
    """First line of `--version`."""
    done = process.run((compiler, "--version"), env=process.clean_environment())
    if done.code:
        message = f"the C++ compiler {compiler} does not run: exit code {done.code}"
        raise ToolMissing(message, hint="repair it, or name another with `cmake: {CMAKE_CXX_COMPILER: ...}`")
    return done.stdout.partition("\n")[0]


def ccache() -> bool:
    """Whether ccache is installed; llama.cpp then uses it by itself."""
    return shutil.which("ccache") is not None


def installed(place: Place) -> tuple[Compiler, ...]:
    """C++ compilers that nvcc can work with: the system's own first, then by family and newest first."""
    if place.windows:
        return visual_studio.find(place)
    asked = [(path, Asked(partial(_ask, place, path))) for path in _programs(place)]
    found: list[Compiler] = []
    for path, question in asked:
        if (known := question.get(None, place.patience + 1)) and known not in [(c.kind, c.version) for c in found]:
            found.append(Compiler(kind=known[0], version=known[1], path=str(path)))
    return tuple(found)


def _programs(place: Place) -> Iterator[Path]:
    """One path of each name on PATH: `c++`, `g++` and `clang++`, then those with a number in their name."""
    folders = place.paths("PATH")
    for name in PLAIN:
        path = next((path for folder in folders if (path := folder / name).is_file()), None)
        if path:
            yield path
    numbered: dict[tuple[str, int], Path] = {}
    for path in (path for folder in folders for name in ("g++-*", "clang++-*") for path in folder.glob(name)):
        if match := re.fullmatch(r"(g\+\+|clang\+\+)-(\d+)", path.name):
            numbered.setdefault((match[1], -int(match[2])), path)
    yield from (path for _, path in sorted(numbered.items()))


def _ask(place: Place, path: Path) -> tuple[CompilerKind, Version] | None:
    done = place.run(str(path), "--version")
    return parse(done.stdout) if done and not done.code else None


def parse(text: str) -> tuple[CompilerKind, Version] | None:
    """Family and version in what `--version` prints; None for a compiler that is neither gcc nor clang."""
    line = text.partition("\n")[0]
    if match := re.search(r"\bclang version (\d+\.\d+(?:\.\d+)?)", line):
        return CompilerKind.CLANG, Version(match[1])
    if "Free Software Foundation" in text and (match := re.search(r"\) (\d+(?:\.\d+)+)", line)):
        return CompilerKind.GCC, Version(match[1])
    return None
