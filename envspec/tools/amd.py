"""AMD's GPUs and ROCm: from the kernel, with names from rocminfo."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packaging.version import Version

from envspec.host import Gpu, Vendor

if TYPE_CHECKING:
    from envspec.tools.place import Place

DISTORTING = ("HSA_OVERRIDE_GFX_VERSION", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "GPU_DEVICE_ORDINAL")
"""Variables that make rocminfo tell something else than what is there."""
VISIBLE = ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")


class Amd(NamedTuple):
    """What is known of AMD on a machine."""

    gpus: tuple[Gpu, ...] = ()
    rocm: Version | None = None


class Agent(NamedTuple):
    """A GPU as rocminfo tells it."""

    gfx: str
    name: str
    memory: int | None


def find(place: Place) -> Amd:
    """Look into the kernel's topology, which no variable changes; else ask rocminfo."""
    rocm = _rocm(place)
    nodes = sorted(place.at("/sys/class/kfd/kfd/topology/nodes").glob("[0-9]*"), key=lambda path: int(path.name))
    found = [gfx for path in nodes if (gfx := parse_node(place.text(f"/{path.relative_to(place.root)}/properties")))]
    agents = _agents(place)
    return Amd(_shown(named(found, agents) if found else agents, place), rocm)


def _agents(place: Place) -> tuple[Agent, ...]:
    program = place.program("rocminfo") or str(_root(place) / "bin" / "rocminfo")
    done = place.run(program, without=DISTORTING)
    return parse(done.stdout) if done else ()


def parse(text: str) -> tuple[Agent, ...]:
    """Read the GPUs out of what rocminfo prints."""
    agents: list[Agent] = []
    for block in re.split(r"^\*+\s*\n\s*Agent \d+\s*\n\*+\s*\n", text, flags=re.MULTILINE)[1:]:
        # a block goes on with memory pools and code names, whose fields are indented further
        fields = dict(re.findall(r"^  (\w[\w ]*?):[ \t]*(.*?)[ \t]*$", block, re.MULTILINE))
        if fields.get("Device Type") == "GPU" and re.fullmatch(r"gfx[0-9a-f]+", fields.get("Name", "")):
            pool = re.search(r"COARSE GRAINED\s*\n\s*Size:\s*(\d+)", block)
            name = fields.get("Marketing Name") or f"AMD {fields['Name']}"
            agents.append(Agent(fields["Name"], name, int(pool[1]) << 10 if pool else None))
    return tuple(agents)


def named(targets: list[str], agents: tuple[Agent, ...]) -> tuple[Agent, ...]:
    """The GPUs of the kernel, each with what rocminfo knows of one of the same kind."""
    left = list(agents)
    found: list[Agent] = []
    for gfx in targets:
        agent = next((agent for agent in left if agent.gfx == gfx), Agent(gfx, f"AMD {gfx}", None))
        if agent in left:
            left.remove(agent)
        found.append(agent)
    return tuple(found)


def parse_node(properties: str) -> str | None:
    """LLVM target of a node of the topology: `gfx_target_version 90010` is gfx90a; None for a CPU.

    Source: https://github.com/ROCm/ROCR-Runtime/blob/master/libhsakmt/src/topology.c
    """
    match = re.search(r"^gfx_target_version (\d+)$", properties, re.MULTILINE)
    number = int(match[1]) if match else 0
    return f"gfx{number // 10000}{number // 100 % 100:x}{number % 100:x}" if number else None


def _shown(agents: tuple[Agent, ...], place: Place) -> tuple[Gpu, ...]:
    """GPUs with those that a variable hides marked so."""
    seen = set(range(len(agents)))
    for variable in VISIBLE:
        value = place.environment.get(variable)
        if value is not None:
            numbers = [int(part) for part in re.findall(r"(?:^|,)\s*(\d{1,4})(?=\s*(?:,|$))", value)]
            by_name = any(part.strip().startswith("GPU-") for part in value.split(","))
            seen &= seen if by_name else set(numbers)
    return tuple(
        Gpu(vendor=Vendor.AMD, name=agent.name, gfx=agent.gfx, memory=agent.memory, hidden=number not in seen)
        for number, agent in enumerate(agents)
    )


def _root(place: Place) -> Path:
    """Folder of ROCm."""
    named = place.environment.get("ROCM_PATH") or place.environment.get("HIP_PATH")
    return Path(named) if named else place.at("/opt/rocm")


def _rocm(place: Place) -> Version | None:
    """Release of ROCm."""
    try:
        text = (_root(place) / ".info" / "version").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    match = re.match(r"\d+\.\d+(?:\.\d+)?", text)
    return Version(match[0]) if match else None
