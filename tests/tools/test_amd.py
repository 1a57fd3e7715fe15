"""AMD's GPUs, from the kernel and from rocminfo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from envspec.host import Vendor
from envspec.tools import amd

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.conftest import Machine, Recorded

NODES = "/sys/class/kfd/kfd/topology/nodes"


@pytest.mark.parametrize(
    ("number", "gfx"),
    [
        (0, None),
        (90000, "gfx900"),
        (90006, "gfx906"),
        (90010, "gfx90a"),
        (90402, "gfx942"),
        (90500, "gfx950"),
        (100300, "gfx1030"),
        (100306, "gfx1036"),
        (110000, "gfx1100"),
        (110501, "gfx1151"),
        (120001, "gfx1201"),
    ],
)
def test_targets_are_read_from_the_kernel(number: int, gfx: str | None) -> None:
    assert amd.parse_node(f"simd_count 1\ngfx_target_version {number}\nvendor_id 4098\n") == gfx


def test_an_old_kernel_tells_no_target() -> None:
    assert amd.parse_node("simd_count 1\n") is None


def test_rocminfo_is_read(recorded: Recorded) -> None:
    assert amd.parse(recorded("rocminfo-7900xtx.txt")) == (
        amd.Agent("gfx1100", "Radeon RX 7900 XTX", 25149440 << 10),
        amd.Agent("gfx1036", "AMD gfx1036", None),
    )
    assert amd.parse("ROCk module is NOT loaded, possibly no GPU devices\n") == ()


def test_names_come_from_rocminfo_and_targets_from_the_kernel(
    machine: Machine, recorded: Recorded, tmp_path: Path
) -> None:
    machine.file(f"{NODES}/0/properties", recorded("kfd-cpu.txt"))
    machine.file(f"{NODES}/1/properties", "gfx_target_version 110000\n")
    machine.file(f"{NODES}/10/properties", recorded("kfd-mi210.txt"))
    machine.file(f"{NODES}/2/properties", "gfx_target_version 110000\n")
    machine.file("/opt/rocm/.info/version", "6.2.4-117\n")
    machine.program("rocminfo", ("*", recorded("rocminfo-7900xtx.txt"), 0), log=tmp_path / "log")
    found = amd.find(machine.place())
    assert str(found.rocm) == "6.2.4"
    assert [(gpu.name, gpu.gfx, gpu.vendor) for gpu in found.gpus] == [
        ("Radeon RX 7900 XTX", "gfx1100", Vendor.AMD),
        ("AMD gfx1100", "gfx1100", Vendor.AMD),
        ("AMD gfx90a", "gfx90a", Vendor.AMD),
    ]


def test_without_the_kernel_rocminfo_is_believed(machine: Machine, recorded: Recorded) -> None:
    program = machine.program("rocm/bin/rocminfo", ("*", recorded("rocminfo-7900xtx.txt"), 0))
    found = amd.find(machine.place({"ROCM_PATH": str(program.parent.parent)}))
    assert [gpu.gfx for gpu in found.gpus] == ["gfx1100", "gfx1036"]
    assert found.rocm is None


def test_variables_that_distort_do_not_reach_rocminfo(machine: Machine, tmp_path: Path) -> None:
    program = machine.bin / "rocminfo"
    program.write_text(f"#!/bin/sh\necho $HSA_OVERRIDE_GFX_VERSION$KEPT > {tmp_path}/seen\n", encoding="utf-8")
    program.chmod(0o755)
    amd.find(machine.place({"HSA_OVERRIDE_GFX_VERSION": "11.0.0", "KEPT": "kept"}))
    assert (tmp_path / "seen").read_text(encoding="utf-8") == "kept\n"


@pytest.mark.parametrize(
    ("variables", "hidden"),
    [
        ({}, []),
        ({"HIP_VISIBLE_DEVICES": "0"}, ["gfx90a"]),
        ({"ROCR_VISIBLE_DEVICES": "1"}, ["gfx1100"]),
        ({"HIP_VISIBLE_DEVICES": ""}, ["gfx1100", "gfx90a"]),
        ({"HIP_VISIBLE_DEVICES": "-1"}, ["gfx1100", "gfx90a"]),
        ({"ROCR_VISIBLE_DEVICES": "GPU-880b91d040da15d8"}, []),
        ({"HIP_VISIBLE_DEVICES": "0,1"}, []),
    ],
)
def test_variables_hide_gpus(machine: Machine, variables: dict[str, str], hidden: list[str]) -> None:
    machine.file(f"{NODES}/1/properties", "gfx_target_version 110000\n")
    machine.file(f"{NODES}/2/properties", "gfx_target_version 90010\n")
    assert [gpu.gfx for gpu in amd.find(machine.place(variables)).gpus if gpu.hidden] == hidden


def test_a_machine_without_amd_has_nothing(machine: Machine) -> None:
    machine.file("/opt/rocm/.info/version", "unknown")
    assert amd.find(machine.place()) == amd.Amd()
