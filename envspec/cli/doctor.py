"""The verb `doctor`: what a machine is like, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from rich.table import Table
from rich.text import Text

from envspec import pipeline
from envspec.cli import render

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

    from envspec.doctor import Finding
    from envspec.frozen import Json
    from envspec.host import Gpu, Host, Toolkit
    from envspec.pipeline import Diagnosis

ERROR_FOUND = 7
STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}
EXAMPLES = """\
  envspec doctor                         facts about this machine, and what people stumble over there
  envspec doctor --save gpu-box.yaml     keeps the facts: envspec plan my.yaml --host gpu-box.yaml
  envspec doctor --host gpu-box.yaml     looks at the facts of another machine
"""


def options(parser: ArgumentParser) -> None:
    """Add the options of the verb."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--save", type=Path, metavar="FILE", help="also write the facts to a file")
    which.add_argument("--host", type=Path, metavar="FILE", help="look at the facts in a file, not at this machine")


def doctor(args: Namespace) -> int:
    """Look at this machine: GPU, driver, toolkits, compilers, and what people stumble over."""
    seen = pipeline.doctor(args.host)
    if args.save:
        pipeline.save_host(seen.host, args.save)
    _show(args, seen)
    return ERROR_FOUND if seen.failed else 0


def _show(args: Namespace, seen: Diagnosis) -> None:
    if args.json:
        findings = [finding.model_dump(mode="json") for finding in seen.findings]
        render.json_value(args, cast("Json", {"host": seen.host.model_dump(mode="json"), "findings": findings}))
        return
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for name, value in _facts(seen.host):
        table.add_row(name, Text(value))
    args.stdout.print(table)
    for finding in seen.findings:
        args.stdout.print()
        _tell(args, finding)
    args.stdout.print()
    args.stdout.print(_summary(seen), markup=False)
    if args.save:
        args.stdout.print(f"saved {args.save}", markup=False)


def _tell(args: Namespace, finding: Finding) -> None:
    """Show one finding; indented lines, so that a long one is easily copied."""
    head = Text.assemble((finding.severity, STYLES[finding.severity]), f": {finding.what}")
    args.stdout.print(head)
    for name, value in (("why", finding.cause), ("fix", finding.fix), ("see", f"{finding.source} ({finding.id})")):
        args.stdout.print(Text.assemble("  ", (f"{name}: ", "dim"), value))


def _summary(seen: Diagnosis) -> str:
    counts = {name: sum(finding.severity == name for finding in seen.findings) for name in STYLES}
    told = [f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items() if count]
    return ", ".join(told) or "nothing to complain about"


def _facts(host: Host) -> Iterator[tuple[str, str]]:
    """Names and values of what matters."""
    around = ("WSL" if host.wsl else "", host.container and f"container: {host.container}")
    yield "system", ", ".join(part for part in (host.system, host.platform, host.libc, *around) if part)
    yield "cpu", f"{host.cpu.partition(' ')[0]}, {host.cores} cores, {_giga(host.memory)} of memory free"
    if host.disk is not None:
        yield "disk", f"{_giga(host.disk)} free"
    if host.driver or host.fault:
        version = f" {host.driver.version}" if host.driver else ""
        ceiling = f", for CUDA up to {host.driver.cuda}" if host.driver and host.driver.cuda else ""
        yield "driver", f"NVIDIA{version}{ceiling}{f': {host.fault}' if host.fault else ''}"
    elif not host.gpus:
        yield "driver", "no NVIDIA driver"
    for gpu in host.gpus:
        yield "gpu", _gpu(gpu)
    if host.rocm:
        yield "rocm", str(host.rocm)
    yield from (("toolkit", _toolkit(toolkit)) for toolkit in host.toolkits)
    if host.compilers:
        yield "compiler", ", ".join(f"{one.kind} {one.version} ({one.path})" for one in host.compilers)
    if host.cmake:
        yield "cmake", str(host.cmake)
    yield from (("variable", f"{name}={value}") for name, value in host.variables)


def _gpu(gpu: Gpu) -> str:
    memory = _giga(gpu.memory) if gpu.memory else ""
    marks = ("MIG" if gpu.mig else "", "hidden" if gpu.hidden else "")
    code = str(gpu.capability or gpu.gfx or "")
    return ", ".join(part for part in (gpu.name, code, memory, *marks) if part)


def _toolkit(toolkit: Toolkit) -> str:
    lacking = "" if toolkit.complete else ", without cuBLAS or CUDA runtime to compile with"
    return f"CUDA {toolkit.build or toolkit.version} ({toolkit.nvcc}; found by {toolkit.origin}){lacking}"


def _giga(count: int) -> str:
    return f"{count / 10**9:.1f} GB"
