"""GPUs of a machine as a spec names them, and the backends that run on them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envspec.catalog import AmdGpu, slug
from envspec.gpu import Backend, Platform
from envspec.host import Vendor
from envspec.plan.question import VENDORS, Question
from envspec.spec import Spec

if TYPE_CHECKING:
    from envspec.catalog import Catalog
    from envspec.host import Gpu, Host
    from envspec.plan.question import WantedGpu

ORDER = (Vendor.NVIDIA, Vendor.AMD, Vendor.APPLE)
"""Whose GPU counts where a machine has several."""
WRITABLE = re.compile(r"[a-z][a-z0-9.-]*")


def backends(vendors: set[Vendor], platforms: tuple[Platform, ...]) -> tuple[Backend, ...]:
    """Backends that run on GPUs of these makers, the preferred one first."""
    if len(vendors) > 1:
        return (Backend.VULKAN,)
    if vendors == {Vendor.NVIDIA}:
        return (Backend.CUDA,)
    if vendors == {Vendor.APPLE}:
        return (Backend.METAL,)
    return (Backend.ROCM, Backend.VULKAN) if set(platforms) == {Platform.LINUX_64} else (Backend.VULKAN,)


def named(
    names: tuple[str, ...], platforms: tuple[Platform, ...], host: Host | None, catalog: Catalog
) -> tuple[WantedGpu, ...]:
    """GPUs that a user names.

    Raises:
        SpecError: there is no such GPU; names the nearest.
        Unsatisfiable: `native`, and the machine has none.

    """
    tree = {"envspec": "1", "name": "gpus", "python": "3.12", "backend": "vulkan", "gpu": names, "platforms": platforms}
    return Question(Spec.model_validate(tree), host, catalog).gpus


def names(host: Host, backend: Backend, catalog: Catalog) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the GPUs that a backend uses, each once; and notes about those that have none."""
    found: dict[str, None] = {}
    notes = []
    for gpu in host.gpus:
        if gpu.hidden or gpu.vendor not in VENDORS.get(backend, set()):
            continue
        name = _name(gpu, catalog)
        if name:
            found[name] = None
        else:
            notes.append(
                f"{gpu.name} is not in the catalog, so it is not named; `--gpu` takes a compute capability too"
            )
    return tuple(found), tuple(notes)


def _name(gpu: Gpu, catalog: Catalog) -> str | None:
    """Short name of the catalog, where it stands for the same code; else what the code is for."""
    short = slug(gpu.name)
    row = catalog.gpu_by_name.get(short)
    if gpu.vendor is Vendor.AMD:
        target = row.gfx if isinstance(row, AmdGpu) else None
        known = gpu.gfx in {one.gfx for one in catalog.amd_gpus}
        code: str | None = gpu.gfx if known else None
        given: str | None = gpu.gfx
    else:
        target = str(row.capability) if row and not isinstance(row, AmdGpu) else None
        code = str(gpu.capability) if gpu.capability in catalog.architecture_of else None
        given = str(gpu.capability) if gpu.capability else None
    return short if target and given in {None, target} and WRITABLE.fullmatch(short) else code or target


def why_none(host: Host, platforms: tuple[Platform, ...]) -> str:
    """Why a spec is for the CPU."""
    more = "`--gpu NAME` names a GPU"
    if host.platform not in platforms:
        return f"the GPUs of this machine do not count for {', '.join(platforms)}, so `backend: cpu`; {more}"
    hidden = [gpu.name for gpu in host.gpus if gpu.hidden]
    if hidden:
        return f"{', '.join(hidden)} is hidden from programs by an environment variable, so `backend: cpu`; {more}"
    if set(host.cards) & {Vendor.NVIDIA, Vendor.AMD}:
        makers = " and ".join(one.upper() for one in host.cards if one in ORDER)
        told = f"a graphics card of {makers} is there, but no driver serves it (`envspec doctor`)"
        return f"{told}, so `backend: cpu`; {more}"
    return f"no GPU of NVIDIA, AMD or Apple was found, so `backend: cpu`; {more}"
