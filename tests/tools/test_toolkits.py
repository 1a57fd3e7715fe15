"""CUDA toolkits on PATH, in variables, and in the usual folders."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envspec.gpu import CudaVersion, Platform
from envspec.tools import toolkits

if TYPE_CHECKING:
    from tests.tools.conftest import Machine, Recorded

HEADERS = ("cublas_v2.h", "cuda_runtime_api.h")


def install(machine: Machine, folder: str, text: str, *, libraries: str = "lib64", name: str = "nvcc") -> Path:
    """Put a toolkit with all that is needed to link into a folder below the root."""
    nvcc = machine.program(Path("..", "root", folder, "bin", name), ("--version", text, 0))
    for header in HEADERS:
        machine.file(f"{folder}/include/{header}")
    for library in ("libcublas.so", "libcudart.so", "cublas.lib", "cudart.lib"):
        machine.file(f"{folder}/{libraries}/{library}")
    return nvcc.resolve()


@pytest.mark.parametrize(
    ("name", "release", "build"),
    [
        ("nvcc-13.0.txt", "13.0", "13.0.88"),
        ("nvcc-12.4.txt", "12.4", "12.4.131"),
        ("nvcc-11.5-debian.txt", "11.5", "11.5.119"),
    ],
)
def test_versions_are_read(recorded: Recorded, name: str, release: str, build: str) -> None:
    found = toolkits.parse(recorded(name))
    assert found is not None
    assert (str(found[0]), str(found[1])) == (release, build)


def test_what_is_no_nvcc_has_no_version() -> None:
    assert toolkits.parse("nvcc: command not found") is None
    assert toolkits.parse_top("nvcc fatal   : Unknown option '--dryrun'") is None


def test_a_toolkit_is_told_once_with_all_ways_to_it(machine: Machine, recorded: Recorded) -> None:
    nvcc = install(machine, "usr/local/cuda-12.4", recorded("nvcc-12.4.txt"))
    (machine.root / "usr/local/cuda").symlink_to(nvcc.parent.parent)
    found = toolkits.find(machine.place({"PATH": str(nvcc.parent), "CUDA_HOME": str(machine.root / "usr/local/cuda")}))
    assert len(found) == 1
    assert found[0].origin == "PATH, CUDA_HOME, /usr/local/cuda, /usr/local/cuda-12.4"
    assert (found[0].version, str(found[0].build), found[0].complete) == (CudaVersion(12, 4), "12.4.131", True)
    assert found[0].nvcc == str(nvcc)


def test_the_first_is_the_one_that_a_build_takes(machine: Machine, recorded: Recorded) -> None:
    old = install(machine, "usr", recorded("nvcc-11.5-debian.txt"), libraries="lib/x86_64-linux-gnu")
    new = install(machine, "usr/local/cuda-12.4", recorded("nvcc-12.4.txt"))
    newest = install(machine, "usr/local/cuda-13.0", recorded("nvcc-13.0.txt"))
    conda = install(machine, "envs/llm", recorded("nvcc-12.4.txt"))

    def order(**variables: str) -> list[str]:
        return [toolkit.nvcc for toolkit in toolkits.find(machine.place(variables))]

    assert order() == [str(newest), str(new), str(old)]
    assert order(PATH=str(old.parent)) == [str(old), str(newest), str(new)]
    assert order(PATH=f"{old.parent}:{new.parent}") == [str(old), str(new), str(newest)]
    assert order(PATH=str(old.parent), CUDACXX=str(new)) == [str(new), str(old), str(newest)]
    assert order(PATH=str(old.parent), CUDACXX="nvcc")[0] == str(old)
    assert order(CUDA_PATH=str(new.parent.parent)) == [str(new), str(newest), str(old)]
    assert order(CONDA_PREFIX=str(conda.parent.parent)) == [str(newest), str(new), str(old), str(conda)]
    assert order(CUDACXX="/no/such/nvcc", CUDA_HOME="/no/such/folder", CUDA_PATH="relative") == order()


def test_a_launcher_leads_to_the_toolkit(machine: Machine, recorded: Recorded) -> None:
    nvcc = install(machine, "usr/local/cuda-13.0", recorded("nvcc-13.0.txt"))
    dryrun = f"#$ _HERE_={nvcc.parent}\n#$ TOP={nvcc.parent}/..\n#$ INCLUDES=\n"
    machine.program("nvcc", ("--version", recorded("nvcc-13.0.txt"), 0), ("--dryrun*", dryrun, 0))
    found = toolkits.find(machine.place())
    assert [toolkit.origin for toolkit in found] == ["PATH, /usr/local/cuda-13.0"]
    assert found[0].nvcc == str(machine.bin / "nvcc")


def test_the_distribution_puts_headers_and_libraries_beside_those_of_the_system(
    machine: Machine, recorded: Recorded
) -> None:
    nvcc = machine.program(
        Path("..", "root/usr/lib/nvidia-cuda-toolkit/bin/nvcc"), ("--version", recorded("nvcc-11.5-debian.txt"), 0)
    )
    assert [toolkit.complete for toolkit in toolkits.find(machine.place())] == [False]
    for header in HEADERS:
        machine.file(f"usr/include/{header}")
    for library in ("libcublas.so", "libcudart.so"):
        machine.file(f"usr/lib/x86_64-linux-gnu/{library}")
    found = toolkits.find(machine.place())
    assert [(toolkit.complete, toolkit.origin) for toolkit in found] == [(True, "/usr/lib/nvidia-cuda-toolkit")]
    assert found[0].nvcc == str(nvcc.resolve())


@pytest.mark.parametrize("lacking", ["include/cublas_v2.h", "lib64/libcublas.so", "lib64/libcudart.so"])
def test_a_part_that_is_missing_is_noticed(machine: Machine, recorded: Recorded, lacking: str) -> None:
    nvcc = install(machine, "usr/local/cuda-12.4", recorded("nvcc-12.4.txt"))
    (nvcc.parent.parent / lacking).unlink()
    assert [toolkit.complete for toolkit in toolkits.find(machine.place())] == [False]


def test_the_layout_of_conda_is_complete(machine: Machine, recorded: Recorded) -> None:
    machine.program(Path("..", "root/envs/llm/bin/nvcc"), ("--version", recorded("nvcc-12.4.txt"), 0))
    machine.file("envs/llm/nvvm/libdevice/x")
    for header in HEADERS:
        machine.file(f"envs/llm/targets/x86_64-linux/include/{header}")
    for library in ("libcublas.so", "libcudart.so"):
        machine.file(f"envs/llm/targets/x86_64-linux/lib/{library}")
    found = toolkits.find(machine.place({"CONDA_PREFIX": str(machine.root / "envs/llm")}))
    assert [(toolkit.origin, toolkit.complete) for toolkit in found] == [("CONDA_PREFIX", True)]


def test_windows_has_its_own_folders(machine: Machine, recorded: Recorded) -> None:
    parent = "Program Files/NVIDIA GPU Computing Toolkit/CUDA"
    old = install(machine, f"{parent}/v11.8", recorded("nvcc-11.5-debian.txt"), libraries="lib/x64", name="nvcc.exe")
    new = install(machine, f"{parent}/v12.4", recorded("nvcc-12.4.txt"), libraries="lib/x64", name="nvcc.exe")
    shutil.rmtree(old.parent.parent / "lib")
    variables = {"PROGRAMFILES": str(machine.root / "Program Files"), "PATH": str(old.parent)}
    found = toolkits.find(machine.place(variables, platform=Platform.WIN_64))
    assert [(toolkit.nvcc, toolkit.complete) for toolkit in found] == [(str(old), False), (str(new), True)]
    assert toolkits.find(machine.place(platform=Platform.WIN_64)) == ()


def test_an_nvcc_that_does_not_run_is_no_toolkit(machine: Machine, recorded: Recorded) -> None:
    machine.hanging("nvcc")
    machine.file("usr/local/cuda/bin/nvcc", "not a program")
    machine.program(Path("..", "root/usr/local/cuda-12.4/bin/nvcc"), ("--version", "broken", 1))
    assert toolkits.find(machine.place(patience=1.5)) == ()
    install(machine, "opt/cuda", recorded("nvcc-13.0.txt"))
    assert [toolkit.origin for toolkit in toolkits.find(machine.place(patience=1.5))] == ["/opt/cuda"]


def test_a_launcher_that_tells_nothing_is_taken_where_it_lies(machine: Machine, recorded: Recorded) -> None:
    machine.program("nvcc", ("--version", recorded("nvcc-12.4.txt"), 0))
    found = toolkits.find(machine.place())
    assert [(toolkit.origin, toolkit.complete) for toolkit in found] == [("PATH", False)]
