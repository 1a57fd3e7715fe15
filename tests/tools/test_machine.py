from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from envspec.errors import ToolMissing
from envspec.tools import compilers, machine


def test_facts_about_this_machine_are_plausible() -> None:
    host = machine.detect()
    assert 1 <= host.cores <= (os.cpu_count() or 1)
    assert 1 << 28 < host.memory < 1 << 44
    assert re.fullmatch(r"\S+ [0-9a-f]{16}", host.cpu)
    assert machine.detect().cpu == host.cpu


@pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler here")
def test_the_compiler_is_the_one_of_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "/no/such/compiler")
    found = compilers.find({})
    assert found.paths is not None
    assert all(Path(path).is_absolute() for path in found.paths)
    assert re.search(r"\d+\.\d+", found.version)


@pytest.mark.skipif(shutil.which("g++") is None, reason="no g++ here")
def test_the_compiler_that_the_spec_names_is_taken() -> None:
    gxx = shutil.which("g++") or ""
    assert compilers.find({"CMAKE_CXX_COMPILER": gxx, "CMAKE_C_COMPILER": "gcc"}).paths == ("gcc", gxx)
    assert compilers.find({"CMAKE_CXX_COMPILER": gxx}).paths == (shutil.which("cc"), gxx)
    with pytest.raises(ToolMissing, match="/bin/false does not run"):
        compilers.find({"CMAKE_CXX_COMPILER": "/bin/false"})


def test_no_compiler_is_an_error_that_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ToolMissing, match="no C\\+\\+ compiler") as caught:
        compilers.find({})
    assert "apt install g++" in (caught.value.hint or "")
    assert not compilers.ccache()
