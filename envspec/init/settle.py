"""Pin what only this machine decides, so that the spec gives the same plan everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from envspec.errors import Unsatisfiable
from envspec.gpu import CudaVersion
from envspec.plan import resolve
from envspec.spec import Install, Spec, ToolkitRequest, ToolkitSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envspec.catalog import Catalog
    from envspec.host import Host
    from envspec.plan import Plan

NATIVE = "native"


def settled(spec: Spec, host: Host, catalog: Catalog, *, named: bool) -> tuple[Spec, dict[str, str]]:
    """A spec whose plan does not change when nobody looks at the machine, and why its keys are as they are.

    A spec that names its platforms is planned without a look at the machine: an old driver there must be in the
    spec, as `cuda:`. Where that is not possible, the platforms are left out, so that everybody looks.

    Args:
        spec: resolves on the machine.
        host: the machine.
        catalog: what is known.
        named: whether the platforms must stay.

    """
    if NATIVE in {name.partition("+")[0] for name in spec.gpu}:
        return spec, {}
    here = resolve(spec, host if host.platform in spec.platforms else None, catalog)
    pinned, remarks = spec, dict[str, str]()
    while True:
        everywhere = _resolved(pinned, catalog)
        if everywhere and _what(here) == _what(everywhere):
            return pinned, remarks
        pin = next(_pins(pinned, here, everywhere), None)
        if pin is None:
            break
        key, why, update = pin
        pinned = pinned.model_copy(update=update)
        remarks[key] = f"{why} ({_facts(host)})"
    if named:
        reason = f"where only this machine counts ({_facts(host)}), leave this line out: the plan then looks at it"
        return spec, {"platforms": reason}
    reason = f"left out, so that the machine itself counts ({_facts(host)})"
    return spec.model_copy(update={"platforms": ()}), {"platforms": reason}


def _resolved(spec: Spec, catalog: Catalog) -> Plan | None:
    try:
        return resolve(spec, None, catalog)
    except Unsatisfiable:
        return None


def _what(plan: Plan) -> tuple[object, ...]:
    """What a plan installs."""
    toolkit = plan.cuda.toolkit if plan.cuda else None
    return (
        plan.cuda.line if plan.cuda else None,
        plan.torch,
        plan.llama,
        (toolkit.release, toolkit.source) if toolkit else None,
    )


def _pins(spec: Spec, here: Plan, everywhere: Plan | None) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Keys that can be pinned to make the plans equal: each with the reason and its value."""
    installed = here.cuda and here.cuda.toolkit and here.cuda.toolkit.source is ToolkitSource.SYSTEM
    if installed and spec.toolkit.source is ToolkitSource.AUTO:
        request = ToolkitRequest(source=ToolkitSource.SYSTEM)
        yield "toolkit", "the CUDA toolkit that is installed on this machine", {"toolkit": request}
    everywhere = everywhere or here
    if here.cuda and everywhere.cuda and here.cuda.line != everywhere.cuda.line:
        why = _otherwise(f"CUDA {everywhere.cuda.line}")
        yield "cuda", why, {"cuda": CudaVersion.parse(here.cuda.line)}
    if spec.torch and here.torch and everywhere.torch and here.torch.version != everywhere.torch.version:
        torch = spec.torch.model_copy(update={"version": SpecifierSet(f"=={here.torch.version}")})
        yield "torch", _otherwise(f"torch {everywhere.torch.version}"), {"torch": torch}
    if spec.llama and here.llama and everywhere.llama and here.llama.version != everywhere.llama.version:
        exact = spec.llama.model_copy(update={"version": SpecifierSet(f"=={here.llama.version}")})
        yield "llama-cpp-python", _otherwise(everywhere.llama.version), {"llama": exact}
    compiled = here.llama and here.llama != everywhere.llama and all(one.wheel is None for one in here.llama.installs)
    if spec.llama and spec.llama.install is Install.AUTO and compiled:
        source = spec.llama.model_copy(update={"install": Install.SOURCE})
        yield "llama-cpp-python", _otherwise("a wheel"), {"llama": source}


def _otherwise(what: str) -> str:
    return f"without this line it would be {what}, which does not fit this machine"


def _facts(host: Host) -> str:
    """What of a machine decides on versions."""
    driver = [f"driver {host.driver.version}"] if host.driver else []
    return ", ".join([*driver, *([host.libc] if host.libc else []), *([] if driver or host.libc else [host.platform])])
