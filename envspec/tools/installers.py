"""The Installers: one small class for each kind of step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envspec import progress
from envspec.prefix import Kind
from envspec.tools import venv
from envspec.tools.builder import Builder

if TYPE_CHECKING:
    from pathlib import Path

    from envspec.host import Host
    from envspec.prefix import Installer, Step
    from envspec.tools.uv import Uv
    from envspec.tools.wheel_cache import WheelCache


class MakePython:
    """Makes the virtual environment."""

    def __init__(self, uv: Uv) -> None:
        self.uv = uv

    def apply(self, step: Step, stage: Path) -> None:
        """Make a virtual environment on a Python in the range of the step."""
        progress.stage(step.title)
        self.uv.make_venv(stage, self.uv.find_python(step.python))


class BuildWheel:
    """Builds wheels, or takes them from the cache, and keeps them for `InstallPackages`."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.wheels: dict[str, tuple[Path, str]] = {}

    def apply(self, step: Step, stage: Path) -> None:
        """Have the wheel of the step's recipe ready."""
        if step.recipe is not None:
            path, wheel = self.builder.wheel(step.recipe, str(venv.interpreter(stage)))
            self.wheels[wheel.name] = path, wheel.sha256


class InstallPackages:
    """Installs what is pinned, with the wheels that were built in place of their source archives."""

    def __init__(self, uv: Uv, built: BuildWheel) -> None:
        self.uv, self.built = uv, built

    def apply(self, step: Step, stage: Path) -> None:
        """Install the step's pins, hashes required."""
        progress.stage(step.title)
        self.uv.install(venv.interpreter(stage), step.pins, self.built.wheels)


def installers(cache: WheelCache, uv: Uv, host: Host) -> dict[Kind, Installer]:
    """Give the installer of every kind of step."""
    build = BuildWheel(Builder(cache, uv, host))
    return {Kind.PYTHON: MakePython(uv), Kind.BUILD: build, Kind.PACKAGES: InstallPackages(uv, build)}
