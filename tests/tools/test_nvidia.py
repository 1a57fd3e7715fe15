"""NVIDIA's GPUs and driver, from recorded outputs and programs that print them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from envspec.gpu import Capability, CudaVersion
from envspec.host import Fault
from envspec.tools import nvidia
from envspec.tools.visible import hidden

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.conftest import Machine, Recorded

ANY = ("*", "", 0)
A, B, C = "GPU-8932f937-d72c", "GPU-89a1b2c3-4d5e", "GPU-c7b5e0d1-2a3b"
SLICES = ("MIG-11111111-aaaa", "MIG-22222222-aaaa")
CARDS = [(A, ()), (B, ()), (C, SLICES)]


def no_library(machine: Machine) -> str:
    """An interpreter whose NVIDIA library is missing."""
    return str(machine.program("python", ("*", '{"error": 12}\n', 0)))


@pytest.mark.parametrize(
    ("name", "driver", "cards"),
    [
        ("smi-h200-570.csv", "570.133.20", [("NVIDIA H200", (9, 0), 143771, False)]),
        ("smi-rtx4060laptop-566-windows.csv", "566.36", [("NVIDIA GeForce RTX 4060 Laptop GPU", (8, 9), 8188, False)]),
        (
            "smi-two-535.csv",
            "535.183.01",
            [("NVIDIA GeForce RTX 4090", (8, 9), 24564, False), ("NVIDIA GeForce GTX 1080 Ti", (6, 1), 11264, False)],
        ),
        ("smi-gtx1080-470.csv", "470.256.02", [("GeForce GTX 1080", None, 8119, False)]),
        ("smi-teslak80-418.csv", "418.226.00", [("Tesla K80", None, 11441, False)] * 2),
        (
            "smi-a100-mig-535.csv",
            "535.161.08",
            [("NVIDIA A100-SXM4-40GB", (8, 0), 40960, True), ("NVIDIA A100-SXM4-40GB", (8, 0), 40960, False)],
        ),
        ("smi-gb10-580.csv", "580.95.05", [("NVIDIA GB10", (12, 1), None, False)]),
    ],
)
def test_tables_of_all_eras_are_read(
    recorded: Recorded, name: str, driver: str, cards: list[tuple[str, tuple[int, int] | None, int | None, bool]]
) -> None:
    seen = nvidia.parse_smi(recorded(name))
    assert (seen.driver, seen.fault) == (driver, None)
    memory = [card.memory and card.memory >> 20 for card in seen.cards]
    assert [
        (card.name, card.capability, size, card.mig) for card, size in zip(seen.cards, memory, strict=True)
    ] == cards


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("mismatch", Fault.MISMATCH),
        ("nodevice", Fault.NO_DEVICE),
        ("notloaded", Fault.NOT_LOADED),
        ("denied", Fault.DENIED),
        ("blocked", Fault.BLOCKED),
        ("unknown", Fault.UNKNOWN),
        ("lost", Fault.LOST),
    ],
)
def test_complaints_are_understood(recorded: Recorded, name: str, fault: Fault) -> None:
    seen = nvidia.parse_smi(recorded(f"smi-error-{name}.txt"))
    assert (seen.driver, seen.cards, seen.fault) == ("", (), fault)


def test_rubbish_is_nothing() -> None:
    assert nvidia.parse_smi("") == nvidia.Seen()
    assert nvidia.parse_smi("uuid, name, driver_version\nGPU-1\nno, row\n, ,\n") == nvidia.Seen()
    assert nvidia.parse_library("") is None
    assert nvidia.parse_library("Traceback (most recent call last):\n  File") is None
    assert nvidia.parse_kernel("", "") == nvidia.Seen()


@pytest.mark.parametrize(
    ("name", "cuda"), [("smi-table-550.txt", 12040), ("smi-table-418.txt", 10010), ("smi-table-396.txt", 0)]
)
def test_the_newest_cuda_stands_in_the_head_of_the_table(recorded: Recorded, name: str, cuda: int) -> None:
    assert nvidia.parse_cuda(recorded(name)) == cuda


@pytest.mark.parametrize(
    ("name", "driver"), [("kernel-closed-550.txt", "550.54.15"), ("kernel-open-570.txt", "570.86.15")]
)
def test_the_kernel_module_tells_its_version(recorded: Recorded, name: str, driver: str) -> None:
    seen = nvidia.parse_kernel(recorded(name), recorded("kernel-gpu.txt"))
    assert seen.driver == driver
    assert [card.name for card in seen.cards] == ["NVIDIA GeForce RTX 3090"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"error": 18}', Fault.MISMATCH),
        ('{"error": 4}', Fault.DENIED),
        ('{"error": 999}', Fault.UNKNOWN),
        ('{"driver": "550.54.15"}', Fault.NO_DEVICE),
        ('{"driver": "550.54.15", "refused": [4]}', Fault.DENIED),
        ('{"driver": "550.54.15", "refused": [4, 15]}', Fault.LOST),
        ('{"driver": "550.54.15", "refused": [3], "cards": [{"uuid": "GPU-1", "name": "x"}]}', None),
        ('{"driver": "550.54.15", "refused": [15], "cards": [{"uuid": "GPU-1", "name": "x"}]}', Fault.LOST),
    ],
)
def test_return_codes_are_understood(text: str, fault: Fault | None) -> None:
    seen = nvidia.parse_library(text)
    assert seen is not None
    assert seen.fault is fault


def test_the_library_is_asked_first(machine: Machine, recorded: Recorded, tmp_path: Path) -> None:
    log = tmp_path / "log"
    machine.program("nvidia-smi", ANY, log=log)
    python = machine.program("python", ("*", recorded("nvml-h200.json"), 0))
    found = nvidia.find(machine.place(), str(python))
    assert found.driver is not None
    assert (str(found.driver.version), found.driver.cuda) == ("570.133.20", CudaVersion(12, 8))
    assert [(gpu.name, gpu.capability, gpu.hidden) for gpu in found.gpus] == [("NVIDIA H200", Capability(9, 0), False)]
    assert not log.exists()


def test_slices_follow_their_gpu(machine: Machine, recorded: Recorded) -> None:
    python = str(machine.program("python", ("*", recorded("nvml-mig.json"), 0)))
    found = nvidia.find(machine.place(), python).gpus
    assert [(gpu.name, gpu.mig, gpu.capability) for gpu in found] == [
        ("NVIDIA A100-SXM4-40GB", True, Capability(8, 0)),
        ("NVIDIA A100-SXM4-40GB MIG 3g.20gb", True, Capability(8, 0)),
    ]
    assert all(gpu.hidden for gpu in nvidia.find(machine.place({"CUDA_VISIBLE_DEVICES": ""}), python).gpus)


def test_an_old_smi_is_asked_without_the_fields_that_it_does_not_know(machine: Machine, recorded: Recorded) -> None:
    machine.program(
        "nvidia-smi",
        ("*compute_cap*", recorded("smi-error-field.txt"), 2),
        ("*mig.mode*", 'Field "mig.mode.current" is not a valid field to query.\n', 2),
        ("*--query-gpu*", recorded("smi-teslak80-418.csv"), 0),
        ('""', recorded("smi-table-418.txt"), 0),
    )
    found = nvidia.find(machine.place({"CUDA_VISIBLE_DEVICES": "1"}), no_library(machine))
    assert found.driver is not None
    assert (str(found.driver.version), str(found.driver.cuda)) == ("418.226.00", "10.1")
    assert [(gpu.name, gpu.capability, gpu.hidden) for gpu in found.gpus] == [
        ("Tesla K80", None, True),
        ("Tesla K80", None, False),
    ]


def test_a_smi_that_refuses_what_was_not_asked_is_not_asked_for_ever(machine: Machine) -> None:
    machine.program("nvidia-smi", ("*", 'Field "index" is not a valid field to query.\n', 2))
    assert nvidia.find(machine.place(), no_library(machine)) == nvidia.Nvidia()


def test_smi_lists_slices(machine: Machine, recorded: Recorded) -> None:
    machine.program(
        "nvidia-smi",
        ("*--query-gpu*", recorded("smi-a100-mig-535.csv"), 0),
        ("-L", recorded("smi-a100-mig-535.list.txt"), 0),
    )
    found = nvidia.find(machine.place(), no_library(machine)).gpus
    assert [(gpu.name, gpu.mig) for gpu in found] == [
        ("NVIDIA A100-SXM4-40GB", True),
        ("NVIDIA A100-SXM4-40GB MIG 3g.20gb", True),
        ("NVIDIA A100-SXM4-40GB MIG 1g.5gb", True),
        ("NVIDIA A100-SXM4-40GB", False),
    ]


@pytest.mark.parametrize(
    ("told", "code", "fault"), [("smi-error-mismatch.txt", 18, Fault.MISMATCH), ("smi-error-nodevice.txt", 6, None)]
)
def test_the_kernel_knows_what_a_broken_driver_does_not_tell(
    machine: Machine, recorded: Recorded, told: str, code: int, fault: Fault | None
) -> None:
    machine.program("nvidia-smi", ("*", recorded(told), code))
    machine.file("/proc/driver/nvidia/version", recorded("kernel-closed-550.txt"))
    found = nvidia.find(machine.place(), no_library(machine))
    assert found.driver is not None
    assert (str(found.driver.version), found.driver.cuda, found.gpus) == ("550.54.15", None, ())
    assert found.fault is (fault or Fault.NO_DEVICE)


def test_no_tool_at_all_still_gives_name_and_driver(machine: Machine, recorded: Recorded) -> None:
    machine.file("/proc/driver/nvidia/version", recorded("kernel-open-570.txt"))
    machine.file("/proc/driver/nvidia/gpus/0000:0a:00.0/information", recorded("kernel-gpu.txt"))
    found = nvidia.find(machine.place({"CUDA_VISIBLE_DEVICES": "GPU-4e4e"}), no_library(machine))
    assert [(gpu.name, gpu.capability, gpu.hidden) for gpu in found.gpus] == [("NVIDIA GeForce RTX 3090", None, False)]
    assert found.fault is None


def test_a_driver_without_a_device_is_a_fault(machine: Machine, recorded: Recorded) -> None:
    machine.file("/proc/driver/nvidia/version", recorded("kernel-open-570.txt"))
    assert nvidia.find(machine.place(), no_library(machine)).fault is Fault.NO_DEVICE


def test_a_machine_without_nvidia_has_nothing(machine: Machine) -> None:
    assert nvidia.find(machine.place(), no_library(machine)) == nvidia.Nvidia()


@pytest.mark.parametrize("program", ["python", "nvidia-smi"])
def test_a_tool_that_hangs_holds_up_nobody(machine: Machine, recorded: Recorded, program: str) -> None:
    python = no_library(machine)
    machine.hanging(program)
    machine.file("/proc/driver/nvidia/version", recorded("kernel-closed-550.txt"))
    start = time.monotonic()
    found = nvidia.find(machine.place(patience=0.3), python)
    assert time.monotonic() - start < 5
    assert found.fault is Fault.HANGS
    assert found.driver is not None


def test_smi_is_found_where_windows_puts_it(machine: Machine, recorded: Recorded) -> None:
    program = machine.program("elsewhere/nvidia-smi", ("*--query*", recorded("smi-h200-570.csv"), 0))
    folder = machine.root / "usr/lib/wsl/lib"
    folder.mkdir(parents=True)
    shutil.copy(program, folder)
    assert len(nvidia.find(machine.place(), no_library(machine)).gpus) == 1


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, [A, B, C, *SLICES]),
        ("", []),
        ("0", [A]),
        ("0,1", [A, B]),
        (" 1 , 0 ", [A, B]),
        ("2", [C, *SLICES]),
        ("-1", []),
        ("0,-1,1", [A]),
        ("0,7,1", [A]),
        ("0,0", []),
        ("NoDevFiles", []),
        ("all", []),
        ("none", []),
        (A, [A]),
        ("GPU-8932", [A]),
        ("GPU-89", []),
        (f"{B},0", [A, B]),
        ("GPU-ffff", []),
        (SLICES[1], [C, SLICES[1]]),
        (f"{SLICES[0]},{SLICES[1]}", [C, *SLICES]),
        ("MIG-9999", []),
        (f"MIG-{C}/1/0", [C, *SLICES]),
    ],
)
def test_cuda_visible_devices_hides_what_cuda_would(value: str | None, shown: list[str]) -> None:
    assert hidden(value, CARDS) == {A, B, C, *SLICES} - set(shown)


LIBRARY = r"""
#include <string.h>
typedef struct { unsigned long long total, free, used; } Memory;
static int parts[3] = {0, 1, 2};
int nvmlInitWithFlags(unsigned flags) { return CODE; }
int nvmlInit_v2(void) { return CODE; }
int nvmlSystemGetDriverVersion(char *text, unsigned size) { strcpy(text, "535.161.08"); return 0; }
int nvmlSystemGetCudaDriverVersion(int *found) { *found = 12020; return 0; }
int nvmlSystemGetCudaDriverVersion_v2(int *found) { *found = 12020; return 0; }
int nvmlDeviceGetCount_v2(unsigned *found) { *found = 3; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void **found) {
    if (index == 2) return 15;
    *found = &parts[index];
    return 0;
}
int nvmlDeviceGetUUID(void *part, char *text, unsigned size) {
    strcpy(text, part == &parts[2] ? "MIG-1" : part == &parts[1] ? "GPU-1" : "GPU-0");
    return 0;
}
int nvmlDeviceGetName(void *part, char *text, unsigned size) {
    strcpy(text, part == &parts[2] ? "NVIDIA A100 MIG 1g.5gb" : "NVIDIA A100");
    return 0;
}
int nvmlDeviceGetCudaComputeCapability(void *part, int *major, int *minor) { *major = 8; *minor = 0; return 0; }
int nvmlDeviceGetMemoryInfo(void *part, Memory *memory) {
    if (part == &parts[1]) return 3;
    memory->total = 5ULL << 30;
    return 0;
}
int nvmlDeviceGetMigMode(void *part, unsigned *current, unsigned *pending) {
    if (part == &parts[1]) return 3;
    *current = *pending = 1;
    return 0;
}
int nvmlDeviceGetMaxMigDeviceCount(void *part, unsigned *count) { *count = 2; return 0; }
int nvmlDeviceGetMigDeviceHandleByIndex(void *part, unsigned index, void **found) {
    if (index) return 6;
    *found = &parts[2];
    return 0;
}
"""


@pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="a library is compiled that stands for NVIDIA's"
)
@pytest.mark.parametrize("code", [0, 18, 9])
def test_the_probe_reads_the_library(machine: Machine, tmp_path: Path, code: int) -> None:
    source = tmp_path / "nvml.c"
    source.write_text(LIBRARY, encoding="utf-8")
    library = tmp_path / "libnvidia-ml.so.1"
    subprocess.run(["cc", "-shared", "-fPIC", f"-DCODE={code}", "-o", library, source], check=True)
    found = nvidia.find(machine.place({"LD_LIBRARY_PATH": str(tmp_path)}))
    if code:
        assert found == nvidia.Nvidia(fault=Fault.MISMATCH if code == 18 else Fault.NOT_LOADED)
        return
    assert found.driver is not None
    assert (str(found.driver.version), found.driver.cuda) == ("535.161.08", CudaVersion(12, 2))
    assert found.fault is Fault.LOST
    assert [(gpu.name, gpu.memory, gpu.mig) for gpu in found.gpus] == [
        ("NVIDIA A100", 5 << 30, True),
        ("NVIDIA A100 MIG 1g.5gb", 5 << 30, True),
        ("NVIDIA A100", None, False),
    ]
