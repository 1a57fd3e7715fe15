"""Lock a plan: one universal resolution, split by platform, every file pinned by hash."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from packaging.version import Version

from envspec.errors import LockError
from envspec.frozen import Frozen
from envspec.gpu import Platform
from envspec.lock import markers, support
from envspec.lock.model import Archive, Lock, Pin, PlatformLock

if TYPE_CHECKING:
    from envspec.catalog import Catalog, KnownArchive
    from envspec.plan import Plan
    from envspec.spec import Spec

LLAMA = "llama-cpp-python"


class Question(Frozen):
    """What is to be resolved."""

    requirements: tuple[str, ...]
    python: str
    """Range of Python versions."""
    platforms: tuple[Platform, ...]
    keep: tuple[Pin, ...] = ()
    """Versions to stay with where they fit."""
    known: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    """Name, version and requirements of releases whose archive need not be downloaded to learn them."""


class Solver(Protocol):
    """Whoever resolves Python requirements on the default index."""

    def solve(self, question: Question) -> tuple[Pin, ...]:
        """Resolve for all platforms and all Pythons of a range at once."""
        ...

    def sdist(self, name: str, version: str) -> Archive:
        """Find the source archive of a release."""
        ...


def solve(spec: Spec, plan: Plan, catalog: Catalog, solver: Solver, previous: Lock | None) -> Lock:
    """Lock `plan`, staying with the versions of `previous` where they still fit.

    Raises:
        NotSupported: the plan asks for what this version cannot lock.
        Unsatisfiable: the requirements contradict each other.
        LockError: a package has no hashes, or the index has another archive than the catalog knows.
        ToolError: the index cannot be reached.

    """
    support.check(spec, plan)
    build = plan.build
    archive = catalog.llama_archive(Version(build.version)) if build else None
    known = ((LLAMA, build.version, archive.requires),) if build and archive else ()
    asked = Question(requirements=plan.requirements, python=plan.python, platforms=plan.platforms, known=known)
    with ThreadPoolExecutor() as pool:
        packages = pool.submit(solver.solve, asked.model_copy(update={"keep": _keep(previous)}))
        tools, sdist = None, None
        if build:
            needs = {"requirements": build.requires, "known": (), "keep": _keep(previous, build=True)}
            tools = pool.submit(solver.solve, asked.model_copy(update=needs))
            sdist = _checked(solver.sdist(LLAMA, build.version), archive)
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


def _checked(found: Archive, known: KnownArchive | None) -> Archive:
    """Refuse an archive that is not the one that was read for the catalog; releases never change on an index."""
    if known is not None and found.sha256 != known.sha256:
        message = f"{found.filename}: hash does not match: known is sha256 {known.sha256}, the index has {found.sha256}"
        raise LockError(message, hint="the index or its mirror serves another file: use another one")
    return found


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
