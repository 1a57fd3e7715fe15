"""Compilers on PATH, and those of Visual Studio."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envspec.gpu import Platform
from envspec.host import CompilerKind
from envspec.tools import compilers, visual_studio

if TYPE_CHECKING:
    from tests.tools.conftest import Machine, Recorded

FREE = "Copyright (C) 2024 Free Software Foundation, Inc.\nThis is free software; see the source for copying\n"
DEBIAN = f"g++ (Debian 12.2.0-14+deb12u1) 12.2.0\n{FREE}"
NEWER = f"g++-14 (Ubuntu 14.2.0-4ubuntu2~24.04) 14.2.0\n{FREE}"
CLANG = "Ubuntu clang version 18.1.3 (1ubuntu1)\nTarget: x86_64-pc-linux-gnu\n"


@pytest.mark.parametrize(
    ("text", "kind", "version"),
    [
        (DEBIAN, CompilerKind.GCC, "12.2.0"),
        (NEWER, CompilerKind.GCC, "14.2.0"),
        (f"gcc (GCC) 8.5.0 20210514 (Red Hat 8.5.0-22)\n{FREE}", CompilerKind.GCC, "8.5.0"),
        (f"g++ (SUSE Linux) 7.5.0\n{FREE}", CompilerKind.GCC, "7.5.0"),
        (f"g++ (GCC) 15.1.1 20250521 (Red Hat 15.1.1-2)\n{FREE}", CompilerKind.GCC, "15.1.1"),
        (f"x86_64-conda-linux-gnu-c++ (conda-forge gcc 13.3.0-2) 13.3.0\n{FREE}", CompilerKind.GCC, "13.3.0"),
        (CLANG, CompilerKind.CLANG, "18.1.3"),
        ("Debian clang version 14.0.6\nTarget: x86_64-pc-linux-gnu\n", CompilerKind.CLANG, "14.0.6"),
        ("Apple clang version 16.0.0 (clang-1600.0.26.6)\n", CompilerKind.CLANG, "16.0.0"),
        ("clang version 20.1.0-rc2\n", CompilerKind.CLANG, "20.1.0"),
    ],
)
def test_families_and_versions_are_read(text: str, kind: CompilerKind, version: str) -> None:
    found = compilers.parse(text)
    assert found is not None
    assert (found[0], str(found[1])) == (kind, version)


@pytest.mark.parametrize("text", ["", "icpc (ICC) 2021.10.0 20230609\n", FREE])
def test_others_are_not_listed(text: str) -> None:
    assert compilers.parse(text) is None


def test_the_system_s_own_comes_first(machine: Machine) -> None:
    for name, text in (("clang++-18", CLANG), ("g++-14", NEWER), ("c++", DEBIAN), ("g++", DEBIAN), ("g++-12", DEBIAN)):
        machine.program(name, ("--version", text, 0))
    machine.program("g++-11", ("--version", "broken\n", 1))
    machine.program("g++-foo", ("--version", DEBIAN, 0))
    found = compilers.installed(machine.place())
    assert [(one.path.removeprefix(f"{machine.bin}/"), str(one.version)) for one in found] == [
        ("c++", "12.2.0"),
        ("clang++-18", "18.1.3"),
        ("g++-14", "14.2.0"),
    ]


def test_a_compiler_that_hangs_is_left_out(machine: Machine) -> None:
    machine.hanging("c++")
    machine.program("g++", ("--version", DEBIAN, 0))
    assert [one.path for one in compilers.installed(machine.place(patience=1.5))] == [str(machine.bin / "g++")]


def test_a_machine_without_compilers_has_none(machine: Machine) -> None:
    assert compilers.installed(machine.place()) == ()


def test_visual_studio_tells_its_toolsets(machine: Machine, recorded: Recorded) -> None:
    programs = machine.root / "Program Files (x86)"
    for product, version in (("2022/Community", "14.39.33519"), ("2022/Community", "14.40.33807")):
        machine.file(
            f"Program Files (x86)/Microsoft Visual Studio/{product}/VC/Tools/MSVC/{version}/bin/Hostx64/x64/cl.exe"
        )
    machine.file("Program Files (x86)/Microsoft Visual Studio/2022/Community/VC/Tools/MSVC/notes/x")
    machine.file("Program Files (x86)/Microsoft Visual Studio/2019/BuildTools/VC/Tools/MSVC/14.29.30133/lib/x64/x")
    vswhere = programs / "Microsoft Visual Studio" / "Installer" / "vswhere.exe"
    vswhere.parent.mkdir(parents=True)
    listing = recorded("vswhere.json").replace("@ROOT@", str(programs))
    vswhere.write_text(f"#!/bin/sh\n/bin/cat <<'EOF'\n{listing}\nEOF\n", encoding="utf-8")
    vswhere.chmod(0o755)
    place = machine.place({"PROGRAMFILES(X86)": str(programs)}, platform=Platform.WIN_64)
    assert [(one.kind, str(one.version)) for one in compilers.installed(place)] == [
        (CompilerKind.MSVC, "14.40.33807"),
        (CompilerKind.MSVC, "14.39.33519"),
    ]


def test_without_visual_studio_windows_has_no_compiler(machine: Machine) -> None:
    assert compilers.installed(machine.place(platform=Platform.WIN_64)) == ()
    missing = machine.place({"PROGRAMFILES(X86)": str(machine.root)}, platform=Platform.WIN_64)
    assert compilers.installed(missing) == ()
    assert visual_studio.parse("Error 0x57") == ()
    assert visual_studio.parse('[{"instanceId": "1"}]') == ()
