"""Measure envspec beside the bare tools, side by side in one run; `--quick` leaves out the two compilations.

usage: nox -s bench [-- --quick]
"""

from __future__ import annotations

import argparse
import functools
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import uv
from rich.console import Console
from rich.table import Table

from envspec import catalog
from envspec.build import LEFT_OUT_FILE, config_settings, jobs, left_out_script, recipe
from envspec.errors import EnvspecError
from envspec.gpu import Platform
from envspec.lock import Question
from envspec.lock.requirements import render
from envspec.plan import resolve
from envspec.spec import Spec
from envspec.tools import compilers, files, machine, process, tiny_model
from envspec.tools.builder import Builder
from envspec.tools.project import Project
from envspec.tools.uv import Uv, compile_command, install_command, project
from envspec.tools.venv import interpreter
from envspec.tools.wheel_cache import WheelCache
from tests.profiles import CASES, Profile, profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from envspec.host import Host

ROOT = Path(__file__).parent.parent
SPEC = ROOT / "specs" / "quickstart.yaml"
UV = uv.find_uv_bin()
LINES = ("11.8", "12.1", "12.4", "12.6", "12.8", "12.9", "13.0", "13.2")
PROBE = """
import itertools, sys, llama_cpp
model = llama_cpp.Llama(sys.argv[1], n_ctx=256, n_gpu_layers=0, verbose=False)
list(itertools.islice(model.generate([1, 291, 259, 262, 260, 279], temp=0.0, top_k=1), 8))
"""


class Row(NamedTuple):
    what: str
    ours: float
    peer: str
    bare: float
    result: str
    goal: str


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def side_by_side(ours: Callable[[], object], bare: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Medians in seconds; the two take turns, so that what slows the machine slows both."""
    pairs = [(timed(ours), timed(bare)) for _ in range(rounds)]
    return statistics.median(one for one, _ in pairs), statistics.median(two for _, two in pairs)


def run(*argv: str | Path, cwd: Path | None = None) -> None:
    subprocess.run([str(part) for part in argv], cwd=cwd, check=True, capture_output=True)


def envspec(*args: str | Path) -> None:
    run(sys.executable, "-m", "envspec", *args)


def start_up() -> list[Row]:
    rows = []
    for args, goal in ((["--help"], 150), (["plan", str(SPEC)], 300)):
        ours, bare = side_by_side(functools.partial(envspec, *args), lambda: run(sys.executable, "-c", "pass"), 11)
        result = f"+{(ours - bare) * 1000:.0f} ms"
        rows.append(Row(f"envspec {args[0]}", ours, "python -c pass", bare, result, f"+{goal} ms"))
    return rows


def resolving() -> list[Row]:
    """Resolve in process: every machine profile of the tests, and matrices that grow; the peer of all is the clock."""
    rows = catalog.load()
    profiles = [profile(path) for path in CASES]
    one_by_one(profiles[:20], rows)
    plans, conflicts = one_by_one(profiles, rows)
    small, large = cells(LINES[:2]), cells(LINES)
    few, many = side_by_side(lambda: every(small, rows), lambda: every(large, rows), 5)
    growth = f"{many / few:.1f} x the time for {len(large) / len(small):.0f} x the cells"
    return [
        Row("resolve, plan", plans, f"p50 of {len(profiles)} profiles", conflicts, f"{plans * 1000:.1f} ms", "20 ms"),
        Row("resolve, conflict explained", conflicts, "p50, a plan", plans, f"{conflicts * 1000:.1f} ms", ""),
        Row(f"resolve, matrix of {len(large)}", many, f"matrix of {len(small)}", few, growth, "1 s, linear"),
    ]


def one_by_one(profiles: list[Profile], rows: catalog.Catalog) -> tuple[float, float]:
    """Median seconds of a profile that has a plan, and of one that has none."""
    times: dict[bool, list[float]] = {True: [], False: []}
    for case in profiles:
        start = time.perf_counter()
        fits = settled(case.spec, case.host, rows)
        times[fits].append(time.perf_counter() - start)
    return statistics.median(times[True]), statistics.median(times[False] or [0.0])


def settled(spec: Spec, host: Host | None, rows: catalog.Catalog) -> bool:
    """Resolve; tell whether there is a plan."""
    try:
        resolve(spec, host, rows)
    except EnvspecError:
        return False
    return True


def every(specs: list[Spec], rows: catalog.Catalog) -> None:
    for spec in specs:
        settled(spec, None, rows)


def cells(lines: tuple[str, ...]) -> list[Spec]:
    """CUDA lines x 4 platforms x 4 Pythons; no CUDA on macOS, so a part of them are conflicts that get explained."""
    common = {"envspec": "1", "name": "cell", "backend": "cuda", "base": "conda", "gpu": "8.6", "torch": ">=2"}
    return [
        Spec.model_validate(
            {**common, "cuda": line, "platforms": platform, "python": f"3.{minor}", "llama-cpp-python": ">=0.3"}
        )
        for line in lines
        for platform in Platform
        for minor in range(10, 14)
    ]


def locking(work: Path) -> Row:
    known = Project(SPEC).lock()
    here = work / "lock"
    shutil.copytree(ROOT / "specs", here / "specs")
    plan = known.plan
    (here / "pyproject.toml").write_text(
        project(Question(requirements=plan.requirements, python=plan.python, platforms=plan.platforms)),
        encoding="utf-8",
    )
    command = compile_command("pyproject.toml", "out.txt", "--generate-hashes", "--upgrade")

    def ours() -> None:
        envspec("lock", here / "specs" / "quickstart.yaml", "--upgrade")

    seconds, bare = side_by_side(ours, lambda: run(UV, *command, cwd=here), 5)
    return Row("envspec lock, 4 platforms", seconds, "uv pip compile", bare, f"{seconds / bare:.2f} x", "1.30 x")


def building(work: Path, cache: WheelCache) -> Row:
    """Compile twice from the same local archive with the same flags and tools: by envspec, and by pip."""
    host, engine = machine.detect(), Uv()
    wanted = recipe(Project(SPEC).lock(), host.platform)
    if wanted is None:
        raise SystemExit
    builder = Builder(cache, engine, host)
    archive = builder.source(wanted)
    ours = timed(lambda: builder.wheel(wanted, sys.executable))

    folder = work / "pip"
    folder.mkdir()
    engine.make_venv(folder / "env", sys.executable)
    python = interpreter(folder / "env")
    engine.install(python, wanted.tools, {})
    run(UV, "pip", "install", "--python", python, "pip")
    (folder / LEFT_OUT_FILE).write_text(left_out_script(wanted), encoding="utf-8")
    found = compilers.find({})
    settings = config_settings(wanted, folder, found.paths, ccache=compilers.ccache())
    options = [
        f"--config-settings={name}={';'.join(value) if isinstance(value, list) else value}"
        for name, value in settings.items()
    ]
    env = process.clean_environment(
        CCACHE_DISABLE="1",
        CMAKE_BUILD_PARALLEL_LEVEL=str(jobs(host)),
        CMAKE_GENERATOR="Ninja",
        PATH=os.pathsep.join((str(python.parent), os.environ["PATH"])),
    )
    command = [
        python,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "--no-build-isolation",
        "--no-cache-dir",
        "-w",
        folder,
        archive,
    ]
    bare = timed(lambda: subprocess.run([*map(str, command), *options], env=env, check=True, capture_output=True))
    return Row("build llama-cpp-python", ours, "pip wheel, same flags", bare, f"{ours / bare:.2f} x", "1.05 x")


def creating(work: Path, cache: WheelCache) -> list[Row]:
    lock, host = Project(SPEC).lock(), machine.detect()
    wheel = next(cache.wheels.glob("*/*.whl"))
    listing, model = work / "bare.txt", work / "tiny.gguf"
    pins = [pin for pin in lock.on(host.platform).packages if pin.name != "llama-cpp-python"]
    listing.write_text(
        render(pins) + f"llama-cpp-python @ {wheel.as_uri()} --hash=sha256:{files.sha256(wheel)}\n", encoding="utf-8"
    )
    tiny_model.write(model)
    count = iter(range(1000))

    def ours() -> None:
        envspec("create", SPEC, "--prefix", work / f"ours-{next(count)}")

    def bare() -> None:
        target = work / f"bare-{next(count)}"
        run(UV, "venv", target, "--python", lock.plan.python, "--no-project")
        run(UV, *install_command(interpreter(target), listing))
        run(interpreter(target), "-c", PROBE, model)

    ours()
    seconds, peer = side_by_side(ours, bare, 5)
    again, nothing = side_by_side(
        lambda: envspec("create", SPEC, "--prefix", work / "ours-0"), lambda: run(sys.executable, "-c", "pass"), 11
    )
    own = f"own share {seconds - peer:+.2f} s"
    return [
        Row("envspec create, cached", seconds, "uv venv, uv pip install, load", peer, own, "5 s, own < 1 s"),
        Row("envspec create, nothing to do", again, "python -c pass", nothing, f"{again:.2f} s", "0.5 s"),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="leave out the two compilations")
    quick = parser.parse_args().quick
    os.environ["CCACHE_DISABLE"] = "1"
    with tempfile.TemporaryDirectory(prefix="envspec-bench-") as folder:
        work = Path(folder)
        if not quick:
            os.environ["ENVSPEC_CACHE_DIR"] = str(work / "cache")
        cache = WheelCache(files.cache_root())
        rows = [*resolving(), *start_up(), locking(work)]
        rows += [] if quick else [building(work, cache)]
        rows += creating(work, cache)
    table = Table("what", "envspec", "beside", "bare", "result", "goal", box=None)
    for row in rows:
        table.add_row(row.what, f"{row.ours:.3f} s", row.peer, f"{row.bare:.3f} s", row.result, row.goal)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
