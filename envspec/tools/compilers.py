"""The C and C++ compilers of this machine."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, NamedTuple

from envspec.errors import ToolMissing
from envspec.tools import process

if TYPE_CHECKING:
    from collections.abc import Mapping

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
