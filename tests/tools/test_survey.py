"""What else is known of a machine: devices, container, WSL, variables, libraries, CMake; and all of it together."""

from __future__ import annotations

import os
import platform
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from envspec.errors import HostError
from envspec.gpu import Platform
from envspec.host import Fault, Vendor
from envspec.tools import apple, cmake, container, devices, libraries, variables
from envspec.tools import machine as tools_machine
from envspec.tools.place import Asked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.conftest import Machine, Recorded

PCI = "/sys/bus/pci/devices"
WSL = "Linux version 5.15.153.1-microsoft-standard-WSL2 (root@941d701f84f1) (gcc 11.2.0)\n"


def test_cards_are_seen_without_a_driver(machine: Machine) -> None:
    for number, (vendor, kind) in enumerate(
        [
            ("0x8086", "0x060000"),
            ("0x8086", "0x030000"),
            ("0x10de", "0x030200"),
            ("0x1002", "0x030000"),
            ("0x1a03", "0x030000"),
        ]
    ):
        machine.file(f"{PCI}/0000:0{number}:00.0/vendor", f"{vendor}\n")
        machine.file(f"{PCI}/0000:0{number}:00.0/class", f"{kind}\n")
    assert devices.cards(machine.place()) == (Vendor.INTEL, Vendor.NVIDIA, Vendor.AMD)


def test_device_files_that_cannot_be_opened_are_told(machine: Machine) -> None:
    for name in ("nvidia0", "nvidiactl", "nvidia-uvm", "nvidia-modeset"):
        machine.file(f"/dev/{name}")
    assert devices.denied(machine.place()) == ()
    for name in ("nvidia1", "kfd"):
        (machine.root / "dev" / name).symlink_to(machine.root / "no-such-device")
    assert devices.denied(machine.place()) == ("/dev/kfd", "/dev/nvidia1")


def test_a_container_that_does_not_get_amd_s_device(machine: Machine) -> None:
    (machine.root / "sys/class/kfd").mkdir(parents=True)
    assert devices.denied(machine.place()) == ("/dev/kfd",)
    machine.file("/dev/kfd")
    assert devices.denied(machine.place()) == ()


@pytest.mark.parametrize(
    ("files", "environment", "name"),
    [
        ({}, {}, ""),
        ({"/.dockerenv": ""}, {}, "docker"),
        ({"/run/.containerenv": ""}, {}, "podman"),
        ({"/.dockerenv": ""}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "kubernetes"),
        ({}, {"APPTAINER_NAME": "llm.sif"}, "apptainer"),
        ({}, {"SINGULARITY_NAME": "llm.sif"}, "apptainer"),
        ({"/proc/1/cgroup": "0::/kubepods/burstable/pod1/2\n"}, {}, "kubernetes"),
        ({"/proc/1/cgroup": "12:devices:/docker/0123456789ab\n"}, {}, "docker"),
        ({"/proc/1/cgroup": "0::/machine.slice/libpod-1.scope\n"}, {}, "podman"),
        ({"/proc/1/cgroup": "0::/init.scope\n"}, {}, ""),
        ({}, {"container": "systemd-nspawn"}, "systemd-nspawn"),
    ],
)
def test_containers_are_recognised(
    machine: Machine, files: dict[str, str], environment: dict[str, str], name: str
) -> None:
    for path, text in files.items():
        machine.file(path, text)
    assert container.name(machine.place(environment)) == name


def test_wsl_is_recognised_and_so_is_a_linux_driver_in_it(machine: Machine) -> None:
    assert not container.wsl(machine.place())
    real = machine.file("/usr/lib/wsl/lib/libcuda.so.1")
    folder = machine.root / "usr/lib/x86_64-linux-gnu"
    folder.mkdir(parents=True)
    (folder / "libcuda.so.1").symlink_to(real)
    machine.file("/usr/lib/x86_64-linux-gnu/libcuda.so.550.54.15")
    assert container.wsl_clashes(machine.place()) == ()
    machine.file("/proc/version", WSL)
    assert container.wsl(machine.place())
    assert container.wsl_clashes(machine.place()) == ("/usr/lib/x86_64-linux-gnu/libcuda.so.550.54.15",)


def test_variables_that_matter_are_kept_and_secrets_are_not() -> None:
    seen = variables.kept(
        {
            "CMAKE_ARGS": "-DGGML_CUDA=on",
            "CMAKE_ARGS ": "-DGGML_CUDA=on",
            "GGML_CUDA": "1",
            "LLAMA_CUBLAS": "1",
            "LLAMA_API_KEY": "secret",
            "LLAMA_ARG_HF_TOKEN": "secret",
            "UV_INDEX_TORCH_PASSWORD": "secret",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "CUDA_VISIBLE_DEVICES": "GPU-8932f937-d72c-4106-c12f-20bd9faed9f6,1",
            "HOSTNAME": "secret",
            "PIP_EXTRA_INDEX_URL": "https://me:secret@example.org/simple https://example.org/aB3secretaB3secretaB3x/simple",
            "UV_DEFAULT_INDEX": "https://example.org/simple?token=secret&x=1",
            "LD_LIBRARY_PATH": "/opt/a-long-name-of-a-folder-2024/lib",
        }
    )
    assert seen == (
        ("CMAKE_ARGS", "-DGGML_CUDA=on"),
        ("CMAKE_ARGS ", "-DGGML_CUDA=on"),
        ("CUDA_VISIBLE_DEVICES", "GPU-***,1"),
        ("GGML_CUDA", "1"),
        ("LD_LIBRARY_PATH", "/opt/a-long-name-of-a-folder-2024/lib"),
        ("LLAMA_CUBLAS", "1"),
        ("PIP_EXTRA_INDEX_URL", "https://***@example.org/simple https://example.org/***/simple"),
        ("UV_DEFAULT_INDEX", "https://example.org/simple?token=***&x=1"),
    )


def test_mig_identities_are_masked() -> None:
    assert variables.masked("MIG-GPU-8932f937-d72c/1/0") == "MIG-***"
    assert variables.masked("MIG-11111111-aaaa-5bbb") == "MIG-***"
    assert variables.masked("all") == "all"


def test_libraries_are_told_in_the_order_of_the_loader(machine: Machine) -> None:
    stub = machine.file("cuda/lib64/stubs/libcuda.so")
    cudart = machine.file("cuda/lib64/libcudart.so.12")
    machine.file("cuda/lib64/libcudart_static.a")
    older = machine.file("old/libcudart.so.11.0")
    folders = f"{stub.parent}:/no/such/folder::relative:{older.parent}:{cudart.parent}:{older.parent}"
    assert libraries.find(machine.place({"LD_LIBRARY_PATH": folders})) == (str(stub), str(older), str(cudart))
    assert libraries.find(machine.place()) == ()


def test_windows_looks_along_path(machine: Machine) -> None:
    dll = machine.file("v12/bin/cudart64_12.dll")
    machine.file("v12/bin/nvcc.exe")
    place = machine.place({"PATH": f"{dll.parent};{machine.bin}"}, platform=Platform.WIN_64)
    assert libraries.find(place) == (str(dll),)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("cmake version 3.25.1\n\nCMake suite maintained", "3.25.1"),
        ("cmake version 4.0.0-rc3\n", "4.0.0"),
        ("cmake version 3.31.20250101-gabc\n", "3.31.20250101"),
        ("no cmake", None),
    ],
)
def test_cmake_tells_its_version(machine: Machine, text: str, version: str | None) -> None:
    machine.program("cmake", ("--version", text, 0))
    found = cmake.find(machine.place())
    assert (found and str(found)) == version


def test_no_cmake_has_no_version(machine: Machine) -> None:
    assert cmake.find(machine.place()) is None


def test_a_mac_names_its_chip_and_its_translator(machine: Machine) -> None:
    machine.program("sysctl", ("*proc_translated", "1\n", 0), ("*brand_string", "Apple M2 Max\n", 0))
    mac = machine.place(platform=Platform.OSX_ARM64)
    assert apple.translated(mac)
    assert [(gpu.vendor, gpu.name) for gpu in apple.gpus(mac)] == [(Vendor.APPLE, "Apple M2 Max")]
    machine.program("sysctl", ("*", "", 1))
    assert not apple.translated(mac)
    assert [gpu.name for gpu in apple.gpus(mac)] == ["Apple silicon"]


def test_everything_together(machine: Machine, recorded: Recorded) -> None:
    python = machine.program("python", ("*", recorded("nvml-h200.json"), 0))
    machine.program("cmake", ("--version", "cmake version 3.28.3\n", 0))
    machine.program("nvcc", ("--version", recorded("nvcc-13.0.txt"), 0))
    machine.file("/etc/os-release", 'NAME="Ubuntu"\nPRETTY_NAME="Ubuntu 24.04.2 LTS"\n')
    machine.file("/proc/version", WSL)
    cudart = machine.file("/cuda/libcudart.so.12")
    host = tools_machine.look(machine.place({"LD_LIBRARY_PATH": str(cudart.parent), "FORCE_CMAKE": "1"}), str(python))
    assert (host.system, host.wsl, host.fault) == ("Ubuntu 24.04.2 LTS", True, None)
    assert [gpu.name for gpu in host.gpus] == ["NVIDIA H200"]
    assert host.driver is not None
    assert [str(toolkit.version) for toolkit in host.toolkits] == ["13.0"]
    assert host.compilers == ()
    assert str(host.cmake) == "3.28.3"
    assert host.library_path == (str(cudart.parent),)
    assert dict(host.variables)["FORCE_CMAKE"] == "1"
    assert host.disk


def test_a_mac_and_windows_are_named(machine: Machine) -> None:
    machine.program("sysctl", ("*brand_string", "Apple M2\n", 0))
    python = str(machine.program("python", ("*", '{"error": 12}', 0)))
    mac = tools_machine.look(machine.place(platform=Platform.OSX_ARM64), python)
    assert (mac.system, [gpu.name for gpu in mac.gpus]) == (f"macOS {platform.mac_ver()[0]}".strip(), ["Apple M2"])
    windows = tools_machine.look(machine.place(platform=Platform.WIN_64), python)
    assert windows.system == f"{platform.system()} {platform.release()}"


def test_a_wedged_driver_holds_up_nobody(machine: Machine) -> None:
    machine.hanging("python")
    machine.hanging("cmake")
    machine.hanging("g++")
    start = time.monotonic()
    host = tools_machine.look(machine.place(patience=0.3), str(machine.bin / "python"))
    assert time.monotonic() - start < 5
    assert (host.fault, host.cmake, host.compilers) == (Fault.HANGS, None, ())


def test_an_answer_that_never_comes_is_not_waited_for() -> None:
    asked = Asked(threading.Event().wait)
    assert asked.get(otherwise=False, patience=0.05) is False


def test_a_bug_in_a_question_is_not_swallowed() -> None:
    def ask() -> int:
        message = "bug"
        raise RuntimeError(message)

    with pytest.raises(RuntimeError, match="bug"):
        Asked(ask).get(1, 5)
    with pytest.raises(RuntimeError, match="bug"):
        Asked(ask).wait()


def test_a_working_folder_that_is_gone_has_no_disk(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    python = str(machine.program("python", ("*", '{"error": 12}', 0)))
    assert tools_machine.look(machine.place(), python).disk is None


def test_this_machine_is_surveyed_in_time() -> None:
    start = time.monotonic()
    host = tools_machine.survey()
    assert time.monotonic() - start < 10
    assert host.platform is tools_machine.this_platform()
    assert host.features
    assert host.system
    assert host.model_copy(update={"memory": 0, "disk": 0}).cpu == tools_machine.detect().cpu
    assert host.compilers is not None


def test_an_intel_mac_is_not_known_but_a_translated_python_is(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.program("sysctl", ("*proc_translated", "1\n", 0))
    monkeypatch.setenv("PATH", str(machine.bin))
    place, translated = tools_machine.here(("Darwin", "x86_64"))
    assert (place.platform, translated) == (Platform.OSX_ARM64, True)
    machine.program("sysctl", ("*", "0\n", 0))
    with pytest.raises(HostError, match="Darwin on x86_64"):
        tools_machine.here(("Darwin", "x86_64"))
    assert tools_machine.here(("Windows", "AMD64"))[0].windows


def test_files_that_are_not_text_are_read_all_the_same(machine: Machine) -> None:
    machine.file("/proc/version").write_bytes(b"\xff\xfe\x00")
    assert "\N{REPLACEMENT CHARACTER}" in machine.place().text("/proc/version")
    assert machine.place().text("/no/such/file") == ""
    assert machine.place().text("/") == ""
    assert machine.place().run(sys.executable, "-c", "\0") is None
    assert os.sep in str(machine.place().at("/usr"))
