"""The verb `catalog`: what the tables say, as text or JSON on stdout."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, get_args

from packaging.version import Version
from rich.table import Table
from rich.text import Text

from envspec import pipeline
from envspec.catalog import AmdGpu, CudaLine, LlamaWheel, NvidiaGpu, TorchWheel
from envspec.catalog.compare import minors
from envspec.catalog.model import Confidence
from envspec.cli import render
from envspec.errors import UsageError
from envspec.gpu import Backend, CudaVersion, Platform, Target

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Iterable

    from envspec.catalog import Catalog, Row
    from envspec.frozen import Json
    from envspec.gpu import Capability

WRONG = 7
"""Exit code where the catalog says what an index denies."""
TABLES = {
    "cuda": ("cuda_lines", "cuda_releases", "architectures"),
    "torch": ("torch_releases", "torch_wheels", "torch_gaps", "rocm_indexes"),
    "gpus": ("nvidia_gpus", "amd_gpus"),
    "llama": ("llama_eras", "llama_releases", "llama_wheels", "llama_unbuildable", "llama_rewrites", "llama_rocm"),
}
LEVELS: tuple[str, ...] = get_args(Confidence)
AGES = ("line", "release", "version", "torch", "since")
"""Fields that tell which row of a table is the newest."""


class Asked(NamedTuple):
    """What a view is about: all rows, or those that serve one GPU."""

    catalog: Catalog
    gpu: NvidiaGpu | AmdGpu | None


def catalog(args: Namespace) -> int:
    """Show what envspec knows of CUDA, torch, llama-cpp-python and GPUs."""
    if args.topic == "check":
        return check(args)
    rows = pipeline.catalog(args.catalog)
    asked = Asked(rows, _gpu(rows, args.gpu))
    if args.json:
        return render.json_value(args, _json(asked, TABLES.get(args.topic)))
    views: dict[str | None, Callable[[Asked], Iterable[Table]]] = {
        None: summary,
        "cuda": cuda,
        "torch": torch,
        "gpus": gpus,
        "llama": llama,
    }
    for number, table in enumerate(views[args.topic](asked)):
        if number:
            args.stdout.print()
        args.stdout.print(table)
    return 0


def check(args: Namespace) -> int:
    """Compare the catalog with the live indexes."""
    found = pipeline.compare_catalog(args.catalog)
    wrong = any(one.wrong for one in found.differences)
    if args.json:
        value: Json = {
            "pages": found.pages,
            "differences": [one.model_dump(mode="json") for one in found.differences],
            "unreached": [one.model_dump(mode="json") for one in found.unreached],
        }
        render.json_value(args, value)
        return WRONG if wrong else 0
    table = _table("what", "index", "platform", "releases", "")
    for one in found.differences:
        style = "bold red" if one.wrong else "green"
        table.add_row(Text(one.what, style), one.index, one.platform or "", _releases(one.releases), one.detail)
    if table.row_count:
        args.stdout.print(table)
    for miss in found.unreached:
        args.stdout.print(f"not reached: {miss.url}: {miss.problem}", markup=False)
    state = "wrong" if wrong else "behind" if table.row_count else "right"
    args.stdout.print(f"{found.pages} pages and labels read: the catalog is {state}", markup=False)
    return WRONG if wrong else 0


def summary(asked: Asked) -> Iterable[Table]:
    """One line for each table."""
    table = _table("table", "rows", "newest", *LEVELS)
    for name, counts in _counts(asked.catalog).items():
        table.add_row(name, *map(str, counts.values()))
    return (table,)


def cuda(asked: Asked) -> Iterable[Table]:
    """CUDA lines: drivers, architectures, compilers."""
    table = _table(
        "line",
        "newest",
        "driver",
        "on Windows",
        "compiles for",
        "gcc",
        "clang",
        "MSVC",
        "glibc",
        "conda",
        "on the index",
    )
    for line, row in asked.catalog.line_of.items():
        if not _wanted(asked, row):
            continue
        releases = asked.catalog.releases_of[line]
        table.add_row(
            str(line),
            str(releases[0].release) if releases else "",
            f">= {row.driver_linux}",
            f">= {row.driver_windows}",
            f"{row.targets[0].capability} .. {row.targets[-1].capability}",
            f"{row.gcc_min} .. {row.gcc_max}",
            f"<= {row.clang_max}",
            f"{row.msc_min} .. {row.msc_max}",
            f"< {row.glibc_breaks}" if row.glibc_breaks else "any",
            str(next((found.release for found in releases if found.label), "")),
            "nvcc" if row.nvcc_on_index else "",
        )
    return (table,)


def torch(asked: Asked) -> Iterable[Table]:
    """Wheels of torch by release and tag; platforms that have the same share a line."""
    table = _table("torch", "tag", "platforms", "Python", "machine code", "PTX")
    for release in asked.catalog.torch_by_age:
        for tag in asked.catalog.torch_tags_of[release.version]:
            groups: dict[tuple[str, str, str], list[str]] = {}
            for platform in Platform:
                wheel = asked.catalog.torch_wheel_of.get((release.version, tag, platform))
                if wheel and _wanted(asked, wheel):
                    code = _words(wheel.sm) or _words(_gfx(asked.catalog, wheel))
                    key = (minors(wheel.python), code, _words(wheel.ptx))
                    groups.setdefault(key, []).append(f"{platform} (unconfirmed)" if wheel.unconfirmed else platform)
            for (python, code, ptx), platforms in groups.items():
                table.add_row(str(release.version), tag, " ".join(platforms), python, code, ptx)
    return (table,)


def gpus(asked: Asked) -> Iterable[Table]:
    """GPUs with their short names."""
    names: dict[NvidiaGpu | AmdGpu, list[str]] = {}
    for name, gpu in asked.catalog.gpu_by_name.items():
        names.setdefault(gpu, []).append(name)
    table = _table("name", "code", "architecture", "memory", "short names")
    for nvidia in asked.catalog.nvidia_gpus:
        if _wanted(asked, nvidia):
            kind = asked.catalog.architecture_of[nvidia.capability].name
            memory = " or ".join(f"{size:g}" for size in nvidia.memory)
            table.add_row(nvidia.name, str(nvidia.capability), kind, f"{memory} GB", " ".join(names.get(nvidia, ())))
    for amd in asked.catalog.amd_gpus:
        if _wanted(asked, amd):
            table.add_row(", ".join(amd.models), amd.gfx, amd.name, "", " ".join(names.get(amd, ())))
    return (table,)


def llama(asked: Asked) -> Iterable[Table]:
    """Switches and wheels of llama-cpp-python."""
    newest = asked.catalog.llama_by_age[0].version
    backends = [backend for backend in Backend if backend is not Backend.CPU]
    eras = _table("releases", *backends)
    for era in asked.catalog.llama_eras:
        eras.add_row(f"{era.since} .. {era.until or newest}", *(era.switches.get(backend, "") for backend in backends))
    wheels = _table("wheels", "platform", "releases", "CUDA", "machine code", "PTX", "Python", "glibc")
    for row in asked.catalog.llama_wheels:
        if _wanted(asked, row):
            wheels.add_row(
                row.tag,
                row.platform,
                _releases((str(row.since), str(row.until or newest))),
                str(row.cuda or ""),
                _words(row.sm) or _words(row.gfx),
                _words(row.ptx),
                minors(row.python),
                f">= {row.glibc}" if row.glibc else "",
            )
    return (eras, wheels)


def _gpu(rows: Catalog, name: str | None) -> NvidiaGpu | AmdGpu | None:
    gpu = rows.gpu_named(name) if name else None
    if name and gpu is None:
        message = f"no GPU is called {name!r}"
        raise UsageError(message, hint="`envspec catalog gpus` shows their names")
    return gpu


def _json(asked: Asked, tables: tuple[str, ...] | None) -> Json:
    """Rows of some tables as they are; of all tables, counts."""
    if tables is None:
        return _counts(asked.catalog)
    shown: dict[str, Json] = {}
    for name in tables:
        rows: tuple[Row, ...] = getattr(asked.catalog, name)
        shown[name] = [row.model_dump(mode="json", exclude_defaults=True) for row in rows if _wanted(asked, row)]
    return shown


def _counts(catalog: Catalog) -> dict[str, dict[str, str | int]]:
    found: dict[str, dict[str, str | int]] = {}
    for name in type(catalog).model_fields:
        rows: tuple[Row, ...] = getattr(catalog, name)
        levels: list[str] = [row.confidence for row in rows]
        found[name] = {"rows": len(rows), "newest": _newest(rows), **{level: levels.count(level) for level in LEVELS}}
    return found


def _newest(rows: tuple[Row, ...]) -> str:
    """Newest version in a table; empty where its rows have no age."""
    found = [getattr(row, "until", None) or getattr(row, name, None) for row in rows for name in AGES]
    versions = [version for version in found if isinstance(version, Version | CudaVersion)]
    return str(max(versions)) if versions else ""


def _wanted(asked: Asked, row: Row) -> bool:
    """Whether a row is about the GPU that was asked for; a row about no GPU always is."""
    if asked.gpu is None:
        return True
    if isinstance(row, NvidiaGpu | AmdGpu):
        return row == asked.gpu
    if not isinstance(row, CudaLine | TorchWheel | LlamaWheel):
        return True
    if isinstance(row, LlamaWheel) and row.backend is Backend.VULKAN:
        return True
    return _serves(asked.catalog, row, asked.gpu)


def _serves(catalog: Catalog, row: CudaLine | TorchWheel | LlamaWheel, gpu: NvidiaGpu | AmdGpu) -> bool:
    if isinstance(gpu, AmdGpu):
        return gpu.gfx in _gfx(catalog, row)
    if isinstance(row, CudaLine):
        return Target(gpu.capability) in row.targets
    return _runs(catalog, row, gpu.capability)


def _gfx(catalog: Catalog, row: CudaLine | TorchWheel | LlamaWheel) -> tuple[str, ...]:
    if isinstance(row, TorchWheel):
        return next((index.gfx for index in catalog.rocm_indexes if index.tag == row.tag), ())
    return row.gfx if isinstance(row, LlamaWheel) else ()


def _runs(catalog: Catalog, row: TorchWheel | LlamaWheel, gpu: Capability) -> bool:
    tegra = catalog.architecture_of[gpu].tegra
    native = any(target.runs_on(gpu, tegra=tegra) for target in row.sm)
    return native or any(target.compiles_on(gpu) for target in row.ptx)


def _releases(versions: tuple[str, ...]) -> str:
    return versions[0] if versions[0] == versions[-1] else f"{versions[0]} .. {versions[-1]}"


def _words(values: tuple[Target, ...] | tuple[str, ...]) -> str:
    return " ".join(map(str, values))


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table
