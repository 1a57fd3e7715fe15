"""The C and C++ compilers of this machine."""

from __future__ import annotations

import shutil
import sys
from typing import NamedTuple

from envspec.errors import ToolMissing
from envspec.tools import process

PAIRS = (("cc", "c++"), ("gcc", "g++"), ("clang", "clang++"))


class Compilers(NamedTuple):
    """Absolute paths and the first line of `c++ --version`; no paths where CMake finds the compiler itself."""

    paths: tuple[str, str] | None
    version: str


def find() -> Compilers:
    """Find the system's compilers; CC and CXX of the shell are not asked, they may belong to anything.

    Raises:
        ToolMissing: there is none; the hint says how to get one.

    """
    if sys.platform == "win32":
        return Compilers(None, "MSVC, as CMake finds it")
    for c, cxx in PAIRS:
        paths = shutil.which(c), shutil.which(cxx)
        if paths[0] and paths[1]:
            done = process.run((paths[1], "--version"), env=process.clean_environment())
            if done.code == 0:
                return Compilers((paths[0], paths[1]), done.stdout.partition("\n")[0])
    message = "llama-cpp-python is compiled from source, and there is no C++ compiler"
    hint = "install one: `apt install g++`, `dnf install gcc-c++` or, on macOS, `xcode-select --install`"
    raise ToolMissing(message, hint=hint)


def ccache() -> bool:
    """Whether ccache is installed; llama.cpp then uses it by itself."""
    return shutil.which("ccache") is not None
