"""Build llama-cpp-python from its source archive, or take the wheel from the cache."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pyproject_hooks import BackendUnavailable, BuildBackendHookCaller, HookMissing

from envspec import progress
from envspec.build import (
    LEFT_OUT_FILE,
    BuildInputs,
    config_settings,
    explain,
    jobs,
    left_out_script,
    parse_step,
)
from envspec.errors import LockError, ToolError
from envspec.tools import compilers, download, files, process, sdist, venv

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envspec.build import BuildRecipe
    from envspec.host import Host
    from envspec.tools.uv import Uv
    from envspec.tools.wheel_cache import Wheel, WheelCache

BACKEND = "scikit_build_core.build"


TASK = "compile llama.cpp"
LOG = "build.log"
MARK = "ENVSPEC_BUILD"
"""Variable that tells which build a process belongs to."""


class BuildFailed(Exception):
    """The build backend ended with an error; the log says why."""


class Builder:
    """Makes the wheel of a recipe, once for each set of inputs."""

    def __init__(self, cache: WheelCache, uv: Uv, host: Host) -> None:
        self.cache, self.uv, self.host = cache, uv, host

    def wheel(self, recipe: BuildRecipe, python: str) -> tuple[Path, Wheel]:
        """Wheel of a recipe; `python` runs the build backend and does not change the result.

        Raises:
            ToolMissing: there is no compiler.
            ToolError: the build failed; names the log.
            LockError: the source archive has another hash than the lock says.

        """
        found = compilers.find(dict(recipe.cmake))
        inputs = BuildInputs.of(recipe, self.host, found.version)
        if cached := self.cache.get(inputs.key):
            progress.stage(f"{recipe.sdist.name} {recipe.sdist.version}: taken from the wheel cache")
            return cached
        with files.held(self.cache.lock(inputs.key), "builds the same wheel"):
            return self.cache.get(inputs.key) or self._build(recipe, inputs, found, python)

    def _build(
        self, recipe: BuildRecipe, inputs: BuildInputs, found: compilers.Compilers, python: str
    ) -> tuple[Path, Wheel]:
        """Build in a folder that stays until the wheel is made, so that an interrupted build goes on."""
        folder = self.cache.builds / inputs.key
        process.end_all(process.marked(MARK, inputs.key), grace=0)  # what outlived a killed envspec still writes there
        archive = self.source(recipe)
        count = jobs(self.host)
        progress.stage(f"{recipe.sdist.name} {recipe.sdist.version}: compiling with {found.version}, {count} at once")
        sdist.unpack(archive, folder / "src")
        files.remove(folder / "src" / "llama_cpp" / "lib")  # an earlier run's install step put libraries there
        files.write(folder / LEFT_OUT_FILE, left_out_script(recipe))
        tools = self._environment(folder / "env", recipe, python)
        env = process.clean_environment(
            "CCACHE_",
            **{MARK: inputs.key},
            CCACHE_BASEDIR=str(folder),
            CMAKE_BUILD_PARALLEL_LEVEL=str(count),
            **({"CMAKE_GENERATOR": "Ninja"} if found.paths else {}),
            PATH=os.pathsep.join((str(tools.parent), os.environ.get("PATH", os.defpath))),
        )
        settings = config_settings(recipe, folder, found.paths, ccache=compilers.ccache())
        wheel = _run_backend(folder, tools, settings, env)
        kept = self.cache.put(wheel, inputs)
        files.remove(folder)
        return kept

    def _environment(self, folder: Path, recipe: BuildRecipe, python: str) -> Path:
        """Python of an environment with the locked build tools."""
        inside = venv.interpreter(folder)
        if not (folder / ".ready").exists():
            files.remove(folder)
            self.uv.make_venv(folder, python)
            self.uv.install(inside, recipe.tools, {})
            (folder / ".ready").touch()
        return inside

    def source(self, recipe: BuildRecipe) -> Path:
        """Path of the source archive, downloaded from whatever index is configured."""
        archive = recipe.sdist
        target = self.cache.sdists / archive.sha256 / archive.filename
        if target.exists() and files.sha256(target) == archive.sha256:
            return target
        with files.held(self.cache.sdists / f"{archive.sha256}.lock", "downloads the same source archive"):
            if not target.exists() or files.sha256(target) != archive.sha256:
                offered = self.uv.find_sdist(archive.name, archive.version)
                if offered.archive.sha256 != archive.sha256:
                    message = (
                        f"{archive.filename}: hash does not match: locked sha256 {archive.sha256}, "
                        f"the index has {offered.archive.sha256}"
                    )
                    raise LockError(message, hint="use another index or mirror, or lock again with `envspec lock`")
                download.fetch(offered.url, archive.sha256, target)
        return target


def _run_backend(folder: Path, python: Path, settings: Mapping[str, list[str] | str], env: Mapping[str, str]) -> Path:
    """Let the build backend make the wheel; each Ninja step is reported, everything is logged."""
    log, out = folder / LOG, folder / "dist"
    out.mkdir(exist_ok=True)
    with log.open("w", encoding="utf-8") as file:

        def on_line(line: str) -> None:
            file.write(line + "\n")
            if step := parse_step(line):
                progress.report(TASK, *step)

        def run(cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None) -> None:
            code = process.stream(
                tuple(cmd), on_line, env={**env, **(extra_environ or {})}, cwd=Path(cwd) if cwd else None
            )
            if code:
                raise BuildFailed

        hooks = BuildBackendHookCaller(str(folder / "src"), BACKEND, runner=run, python_executable=str(python))
        try:
            return out / hooks.build_wheel(str(out), dict(settings))
        except (BackendUnavailable, BuildFailed, HookMissing) as error:
            file.flush()
            means, hint = explain(log.read_text(encoding="utf-8"))
            message = f"llama-cpp-python could not be built: {means}\nthe log is {log}"
            raise ToolError(message, hint=hint) from error
