"""Options that the build backend, CMake and Ninja are started with."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import PurePath

    from envspec.build.recipe import BuildRecipe
    from envspec.host import Host

LEFT_OUT_FILE = "left_out.cmake"
MEMORY_PER_JOB = 1 << 30
"""Bytes that one compiler process may need; g++ takes up to 700 MB on llama.cpp's model files (measured)."""
COPIES = ("lib/**", "include/**", "bin/**")
"""What llama.cpp's own install rules add to the wheel beside the package: a second copy of every library."""


def jobs(host: Host) -> int:
    """How many compilers may run at once without filling the memory."""
    return max(1, min(host.cores, host.memory // MEMORY_PER_JOB))


def config_settings(
    recipe: BuildRecipe, folder: PurePath, compilers: tuple[str, str] | None, *, ccache: bool
) -> dict[str, list[str] | str]:
    """PEP 517 settings for scikit-build-core that make the slim wheel in a build folder that stays.

    Source: https://scikit-build-core.readthedocs.io/en/latest/configuration/index.html
    """
    options = {"GGML_CCACHE": "ON" if ccache else "OFF"}
    if recipe.left_out:
        options["CMAKE_PROJECT_llama.cpp_INCLUDE"] = (folder / LEFT_OUT_FILE).as_posix()
    if compilers:
        options["CMAKE_C_COMPILER"], options["CMAKE_CXX_COMPILER"] = compilers
    options |= dict(recipe.cmake)
    return {
        "build-dir": str(folder / "build"),
        "cmake.args": [f"-D{name}={value}" for name, value in sorted(options.items())],
        "wheel.exclude": list(COPIES),
        "build.verbose": "false",
    }


def left_out_script(recipe: BuildRecipe) -> str:
    """CMake code that switches off what upstream forces on, read when llama.cpp's own project begins.

    The outer CMakeLists.txt forces the cache variable; a normal variable of the inner scope hides it.
    Source: https://cmake.org/cmake/help/latest/variable/CMAKE_PROJECT_PROJECT-NAME_INCLUDE.html
    """
    return "".join(f"set({name} OFF)\n" for name in recipe.left_out)
