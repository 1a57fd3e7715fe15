"""NVIDIA's driver and GPUs: from its management library, then from nvidia-smi, then from what the kernel tells."""

from __future__ import annotations

import csv
import re
import sys
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from envspec.frozen import Frozen
from envspec.gpu import Capability, CudaVersion
from envspec.host import Driver, Fault, Gpu, Vendor
from envspec.scalars import Written
from envspec.tools.visible import hidden

if TYPE_CHECKING:
    from envspec.tools.place import Place

FIELDS = ("uuid", "name", "compute_cap", "memory.total", "driver_version", "mig.mode.current")
"""Drivers before 510 do not know `compute_cap`, those before 450 no MIG."""
LIBRARY_NOT_FOUND = 12
FUNCTION_NOT_FOUND = 13
FAULT_OF_CODE = {
    4: Fault.DENIED,
    9: Fault.NOT_LOADED,
    15: Fault.LOST,
    16: Fault.LOST,
    17: Fault.BLOCKED,
    18: Fault.MISMATCH,
}
"""Return codes of NVML, which are also exit codes of nvidia-smi.

Source: https://docs.nvidia.com/deploy/nvml-api/group__nvmlDeviceEnumvs.html
"""
FAULT_OF_TEXT = (
    ("version mismatch", Fault.MISMATCH),
    ("no devices were found", Fault.NO_DEVICE),
    ("couldn't communicate with the nvidia driver", Fault.NOT_LOADED),
    ("driver not loaded", Fault.NOT_LOADED),
    ("insufficient permissions", Fault.DENIED),
    ("access blocked by the operating system", Fault.BLOCKED),
    ("gpu is lost", Fault.LOST),
    ("unable to determine the device handle", Fault.LOST),
    ("failed to initialize nvml", Fault.UNKNOWN),
)
VERSION = re.compile(r"\b\d{3}\.\d{1,3}(?:\.\d{1,3})?\b")


class Nvidia(NamedTuple):
    """What is known of NVIDIA on a machine."""

    driver: Driver | None = None
    gpus: tuple[Gpu, ...] = ()
    fault: Fault | None = None


class Card(Frozen):
    """One GPU as a tool tells it, or a slice of one; its UUID goes nowhere else."""

    uuid: str
    name: str
    capability: tuple[int, int] | None = None
    memory: int | None = None
    mig: bool = False
    slices: tuple[Card, ...] = ()


class Seen(Frozen):
    """What one of the tools told; `error` and `refused` are return codes of NVML."""

    error: int = 0
    driver: str = ""
    cuda: int = 0
    """1000 * major + 10 * minor."""
    cards: tuple[Card, ...] = ()
    refused: tuple[int, ...] = ()
    fault: Fault | None = None


def find(place: Place, python: str = sys.executable) -> Nvidia:
    """Ask one tool after the other until one knows; `python` runs NVIDIA's own binding, and may hang or crash."""
    seen = _library(place, python)
    if seen is None:
        seen = _smi(place)
    if seen.driver:
        return _nvidia(seen, place)
    kernel = parse_kernel(place.text("/proc/driver/nvidia/version"), _information(place))
    fault = seen.fault or (Fault.NO_DEVICE if kernel.driver and not kernel.cards else None)
    return _nvidia(kernel.model_copy(update={"fault": fault}), place)


def _library(place: Place, python: str) -> Seen | None:
    """None where the library is not there, so that nvidia-smi is worth a try."""
    with as_file(files("envspec.probes").joinpath("nvml.py")) as script:
        done = place.run(python, "-P", str(script))
    if done is None:
        return Seen(fault=Fault.HANGS)
    seen = parse_library(done.stdout)
    return None if seen is None or seen.error in {LIBRARY_NOT_FOUND, FUNCTION_NOT_FOUND} else seen


def parse_library(text: str) -> Seen | None:
    """Read what the probe printed in its last line; None where it did not get so far."""
    try:
        seen = Seen.model_validate_json(text.strip().rpartition("\n")[2])
    except ValidationError:
        return None
    return seen.model_copy(update={"fault": _fault_of_codes(seen)})


def _fault_of_codes(seen: Seen) -> Fault | None:
    if seen.error:
        return FAULT_OF_CODE.get(seen.error, Fault.UNKNOWN)
    refused = [FAULT_OF_CODE[code] for code in seen.refused if code in FAULT_OF_CODE]
    if Fault.LOST in refused:
        return Fault.LOST
    return None if seen.cards else next(iter(refused), Fault.NO_DEVICE)


def _smi(place: Place) -> Seen:
    """Ask nvidia-smi; old ones refuse the whole query for one field that they do not know."""
    program = place.program("nvidia-smi") or _hidden_program(place)
    if program is None:
        return Seen()
    told = _query(place, program, FIELDS)
    if told is None:
        return Seen(fault=Fault.HANGS)
    seen = parse_smi(told)
    if not seen.driver:
        return seen
    if any(card.mig for card in seen.cards) and (listing := place.run(program, "-L")):
        seen = seen.model_copy(update={"cards": with_slices(seen.cards, listing.stdout)})
    table = place.run(program)
    return seen.model_copy(update={"cuda": parse_cuda(table.stdout if table else "")})


def _query(place: Place, program: str, fields: tuple[str, ...]) -> str | None:
    """Ask for a table, without the fields that are not known."""
    done = place.run(program, f"--query-gpu={','.join(fields)}", "--format=csv,nounits")
    if done is None:
        return None
    told = done.stdout + done.stderr
    unknown = re.search(r'Field "([\w.]+)" is not a valid field', told)
    left = tuple(field for field in fields if unknown is None or field != unknown[1])
    return told if left == fields else _query(place, program, left)


def _hidden_program(place: Place) -> str | None:
    """Path of nvidia-smi where Windows keeps it, seen from inside WSL or not."""
    programs = place.environment.get("PROGRAMFILES", "")
    known = [place.at("/usr/lib/wsl/lib/nvidia-smi")]
    if place.windows and programs:
        known.append(place.at(programs) / "NVIDIA Corporation" / "NVSMI" / "nvidia-smi.exe")
    return next((str(path) for path in known if path.is_file()), None)


def parse_smi(text: str) -> Seen:
    """Read the table of `nvidia-smi --query-gpu=... --format=csv,nounits`, or its complaint."""
    lines = text.splitlines()
    heading = next((number for number, line in enumerate(lines) if line.startswith("uuid, ")), None)
    lower = text.lower()
    fault = next((fault for words, fault in FAULT_OF_TEXT if words in lower), None)
    if heading is None:
        return Seen(fault=fault)
    names = [name.strip().partition(" ")[0] for name in lines[heading].split(",")]
    rows = csv.DictReader(lines[heading + 1 :], names, skipinitialspace=True)
    cards: list[Card] = []
    driver = ""
    for row in rows:
        if None in row.values() or not (row["uuid"] or "").startswith("GPU-"):
            continue
        driver = driver or row["driver_version"]
        capability = re.fullmatch(r"(\d+)\.(\d)", row.get("compute_cap", ""))
        memory = row.get("memory.total", "")
        cards.append(
            Card(
                uuid=row["uuid"],
                name=row["name"],
                capability=(int(capability[1]), int(capability[2])) if capability else None,
                memory=int(memory) << 20 if memory.isdecimal() else None,
                mig=row.get("mig.mode.current") == "Enabled",
            )
        )
    return Seen(driver=driver, cards=tuple(cards), fault=fault)


def with_slices(cards: tuple[Card, ...], listing: str) -> tuple[Card, ...]:
    """Add the slices that `nvidia-smi -L` tells below each GPU."""
    slices: dict[str, list[Card]] = {card.uuid: [] for card in cards}
    here = ""
    for line in listing.splitlines():
        if gpu := re.match(r"GPU \d+: .*\(UUID: (GPU-[^)]+)\)", line):
            here = gpu[1]
        elif (part := re.match(r"\s+MIG (\S+)\s+Device\s+\d+: \(UUID: (MIG-[^)]+)\)", line)) and here in slices:
            slices[here].append(Card(uuid=part[2], name=f"MIG {part[1]}"))
    return tuple(card.model_copy(update={"slices": tuple(slices[card.uuid])}) for card in cards)


def parse_cuda(table: str) -> int:
    """Newest CUDA of the driver from the head of nvidia-smi's table, as 1000 * major + 10 * minor; 0: not told."""
    match = re.search(r"CUDA (?:UMD )?Version\s*:\s*(\d+)\.(\d+)", table)
    return 1000 * int(match[1]) + 10 * int(match[2]) if match else 0


def _information(place: Place) -> str:
    folder = place.at("/proc/driver/nvidia/gpus")
    cards = sorted(folder.glob("*/information"))
    return "\n".join(place.text(f"/{path.relative_to(place.root)}") for path in cards)


def parse_kernel(version: str, information: str) -> Seen:
    """Read /proc/driver/nvidia/version and the `information` files of its GPUs."""
    line = next((line for line in version.splitlines() if line.startswith("NVRM version:")), "")
    found = VERSION.search(line)
    names = re.findall(r"^Model:\s*(.+?)\s*$", information, re.MULTILINE)
    uuids = re.findall(r"^GPU UUID:\s*(\S+)", information, re.MULTILINE)
    cards = tuple(Card(uuid=uuid, name=name) for name, uuid in zip(names, uuids, strict=False))
    return Seen(driver=found[0] if found else "", cards=cards)


def _nvidia(seen: Seen, place: Place) -> Nvidia:
    driver = VERSION.search(seen.driver)
    cuda = CudaVersion(seen.cuda // 1000, seen.cuda % 1000 // 10) if seen.cuda else None
    cards = [card.model_copy(update={"uuid": card.uuid or f"#{number}"}) for number, card in enumerate(seen.cards)]
    listed = [(card.uuid, tuple(part.uuid for part in card.slices)) for card in cards]
    out = hidden(place.environment.get("CUDA_VISIBLE_DEVICES"), listed)
    gpus = [_gpu(part, card, unseen=part.uuid in out) for card in cards for part in (card, *card.slices)]
    return Nvidia(Driver(version=Written(driver[0]), cuda=cuda) if driver else None, tuple(gpus), seen.fault)


def _gpu(part: Card, card: Card, *, unseen: bool) -> Gpu:
    """One GPU, or one slice of it."""
    return Gpu(
        vendor=Vendor.NVIDIA,
        name=part.name if part.name.startswith(card.name) else f"{card.name} {part.name}",
        capability=Capability(*card.capability) if card.capability else None,
        memory=part.memory,
        mig=card.mig,
        hidden=unseen,
    )
