"""Lock a plan: one universal resolution, split by platform, every file pinned by hash."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from envspec.errors import LockError
from envspec.lock import markers
from envspec.lock.model import Archive, Lock, Pin, PlatformLock

if TYPE_CHECKING:
    from envspec.gpu import Platform
    from envspec.plan import Plan
    from envspec.spec import Spec

LLAMA = "llama-cpp-python"


class Solver(Protocol):
    """Whoever resolves Python requirements on the default index."""

    def solve(
        self, requirements: tuple[str, ...], python: str, platforms: tuple[Platform, ...], keep: tuple[Pin, ...]
    ) -> tuple[Pin, ...]:
        """Resolve for all platforms and all Pythons of a range at once, staying with `keep` where it fits."""
        ...

    def sdist(self, name: str, version: str) -> Archive:
        """Find the source archive of a release."""
        ...


def solve(spec: Spec, plan: Plan, solver: Solver, previous: Lock | None) -> Lock:
    """Lock `plan`, staying with the versions of `previous` where they still fit.

    Raises:
        Unsatisfiable: the requirements contradict each other.
        LockError: a package has no hashes.
        ToolError: the index cannot be reached.

    """
    build = plan.build
    with ThreadPoolExecutor() as pool:
        packages = pool.submit(solver.solve, plan.requirements, plan.python, plan.platforms, _keep(previous))
        tools = (
            pool.submit(solver.solve, build.requires, plan.python, plan.platforms, _keep(previous, build=True))
            if build
            else None
        )
        sdist = pool.submit(solver.sdist, LLAMA, build.version).result() if build else None
        pins = tuple(_from_source(pin, sdist) for pin in packages.result())
        build_pins = tools.result() if tools else ()
    return Lock(
        spec=spec,
        plan=plan,
        sdist=sdist,
        platforms=tuple(
            PlatformLock(
                platform=platform,
                packages=markers.for_platform(pins, platform, plan.python),
                build_packages=markers.for_platform(build_pins, platform, plan.python),
            )
            for platform in plan.platforms
        ),
    )


def _from_source(pin: Pin, sdist: Archive | None) -> Pin:
    """Leave only the source archive of what we build ourselves."""
    if sdist is None or pin.name != sdist.name:
        return pin
    if sdist.sha256 not in pin.hashes:
        message = f"{sdist.filename}: the index lists it with two different hashes"
        raise LockError(message, hint="clear the cache of your index mirror, or use another mirror")
    return pin.model_copy(update={"hashes": (sdist.sha256,)})


def _keep(previous: Lock | None, *, build: bool = False) -> tuple[Pin, ...]:
    """Give the pins of the previous lock as one universal resolution again."""
    if previous is None:
        return ()
    kept: list[Pin] = []
    for item in previous.platforms:
        known = item.platform.markers
        here = f'sys_platform == "{known["sys_platform"]}" and platform_machine == "{known["platform_machine"]}"'
        kept += [
            pin.model_copy(update={"marker": f"({pin.marker}) and {here}" if pin.marker else here})
            for pin in (item.build_packages if build else item.packages)
        ]
    return tuple(kept)
