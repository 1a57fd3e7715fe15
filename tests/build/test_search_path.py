"""The run-time search path survives scikit-build-core, CMake and Ninja: read from a library that was really linked."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile

from envspec.gpu import Platform
from envspec.plan import SourceBuild, arguments

PYPROJECT = """
[build-system]
requires = ["scikit-build-core"]
build-backend = "scikit_build_core.build"
[project]
name = "linked"
version = "1"
"""
CMAKE = """
cmake_minimum_required(VERSION 3.21)
project(linked C)
add_library(linked SHARED linked.c)
set_target_properties(linked PROPERTIES INSTALL_RPATH "$ORIGIN" BUILD_WITH_INSTALL_RPATH TRUE)
install(TARGETS linked LIBRARY DESTINATION linked/lib)
"""
BUILD = SourceBuild(
    version="1",
    cmake=(),
    left_out=(),
    requires=(),
    library_paths=((Platform.LINUX_64, ("../../nvidia/cu13/lib", "../../../..")),),
)


def runpath(wheel: Path, folder: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        library = archive.extract("linked/lib/liblinked.so", folder)
    with Path(library).open("rb") as file:
        dynamic = ELFFile(file).get_section_by_name(".dynamic")
        assert isinstance(dynamic, DynamicSection)
        tags = dynamic.iter_tags("DT_RUNPATH")
        return next(str(tag.runpath) for tag in tags)  # type: ignore[attr-defined]  # named after the tag


@pytest.mark.online
@pytest.mark.skipif(sys.platform != "linux", reason="run-time search paths are a matter of Linux here")
def test_the_linker_gets_the_paths_by_settings_and_by_variable(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name, text in (
        ("pyproject.toml", PYPROJECT),
        ("CMakeLists.txt", CMAKE),
        ("linked.c", "int f(void){return 1;}"),
    ):
        (source / name).write_text(text)
    tools = tmp_path / "tools"
    subprocess.run([sys.executable, "-m", "venv", tools], check=True)
    install = [str(tools / "bin/pip"), "install", "-q", "scikit-build-core>=0.9.2", "cmake>=3.21", "ninja>=1.11"]
    subprocess.run(install, check=True, stderr=subprocess.DEVNULL)
    options = [f"-D{name}={value}" for name, value in arguments(BUILD, Platform.LINUX_64)]
    env = {"PATH": os.pathsep.join((str(tools / "bin"), os.environ["PATH"])), "CMAKE_GENERATOR": "Ninja"}
    code = "import json, sys; from scikit_build_core.build import *; build_wheel(sys.argv[1], json.loads(sys.argv[2]))"
    ways = {
        "settings": ({"cmake.args": options}, env),
        "variable": ({}, {**env, "CMAKE_ARGS": shlex.join(options)}),
    }
    for name, (settings, variables) in ways.items():
        out = tmp_path / name
        command = [str(tools / "bin/python"), "-c", code, str(out), json.dumps(settings)]
        out.mkdir()
        subprocess.run(command, cwd=source, env=variables, check=True, capture_output=True)
        found = runpath(next(out.glob("*.whl")), out).split(":")
        assert found == ["$ORIGIN/../../nvidia/cu13/lib", "$ORIGIN/../../../..", "$ORIGIN"], name
