"""From spec to proof, each stage one function.

Imports stand inside the functions, so that each call loads only what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from pathlib import Path

    from envspec.frozen import Json
    from envspec.host import Host
    from envspec.lock import Lock
    from envspec.prefix import Prefix, Step
    from envspec.shells import Shell
    from envspec.tools.project import Project
    from envspec.tools.site import Site
    from envspec.tools.wheel_cache import Unfinished, Wheel
    from envspec.verify import Report


class Locked(NamedTuple):
    """What `lock` did."""

    folder: Path
    lock: Lock
    changes: tuple[str, ...]
    """Packages that were added, removed or got another version, a line each; empty where nothing changed."""
    new: bool
    """Whether there was no lock before."""


class Created(NamedTuple):
    """What `create` did; `report` is None where nothing had to be done."""

    prefix: Path
    action: str
    """created, replaced, unchanged, or refused (a check failed; what was there before is still there)."""
    report: Report | None


class Cached(NamedTuple):
    """What the cache holds."""

    folder: Path
    wheels: tuple[Wheel, ...]
    unfinished: tuple[Unfinished, ...]


def lock(spec: Path, *, upgrade: bool = False, host: Path | None = None) -> Locked:
    """Lock a spec for all its platforms; keeps locked versions that still fit, unless `upgrade`.

    `host` is a file of `envspec doctor --save`: the machine that counts where the spec leaves something to it.
    """
    from envspec.errors import LockError
    from envspec.lock import differences, solve
    from envspec.pipeline.planning import decide
    from envspec.tools import catalog_store
    from envspec.tools.project import Project
    from envspec.tools.uv import Uv

    project = Project(spec)
    rows = catalog_store.load(project.folder)
    decided = decide(project, rows, host)
    try:
        previous = project.lock()
    except LockError:
        previous = None
    made = solve(project.spec, decided, rows, Uv(), None if upgrade else previous)
    project.write_lock(made)
    return Locked(project.lock_folder, made, differences(previous, made), previous is None)


def stale(spec: Path) -> tuple[str, ...]:
    """What the spec says now that its lock does not know, a line each; empty for a fresh lock."""
    from envspec.lock import changes
    from envspec.tools.project import Project

    project = Project(spec)
    return changes(project.lock(), project.spec)


def steps(spec: Path) -> tuple[Step, ...]:
    """What `create` would do."""
    from envspec import prefix
    from envspec.tools import machine

    return prefix.steps(_fresh_lock(spec)[1], machine.this_platform())


def create(spec: Path, prefix: Path | None = None, *, force: bool = False) -> Created:
    """Make the environment of a spec from its lock; does nothing where it is there already, unless `force`.

    Raises:
        LockError: the lock is missing, out of date, or a file does not have the locked hash.
        PrefixError: the place cannot be used.
        HostError: this machine lacks a Python or disk space.
        ToolError: the build failed, or the index cannot be reached.

    """
    from envspec.tools import machine
    from envspec.tools.site import Site
    from envspec.tools.venv import interpreter

    project, locked = _fresh_lock(spec)
    platform = machine.this_platform()
    digest = locked.digest(platform)
    site = Site(prefix or project.prefix)
    with site.held():
        before = site.prefix()
        if before and before.digest == digest and interpreter(site.target).exists() and not force:
            return Created(site.target, "unchanged", None)
        made, report = _create(locked, site, digest)
    action = ("replaced" if before else "created") if made else "refused"
    return Created(site.target, action, report)


def _create(locked: Lock, site: Site, digest: str) -> tuple[Prefix | None, Report]:
    from envspec import prefix
    from envspec.lock.markers import applies
    from envspec.tools import files, installers, venv
    from envspec.tools.uv import Uv
    from envspec.tools.wheel_cache import WheelCache

    host = _host()
    reports: list[Report] = []

    def describe(stage: Path) -> Prefix:
        python = venv.python_version(stage)
        pins = locked.on(host.platform).packages
        return prefix.Prefix(
            name=locked.plan.name,
            digest=digest,
            platform=host.platform,
            backend=locked.plan.backend,
            python=locked.plan.python,
            packages=tuple((pin.name, pin.version) for pin in pins if applies(pin, host.platform, python)),
            llama=locked.plan.build is not None,
            environment=locked.plan.environment,
        )

    def check(stage: Path) -> bool:
        reports.append(_look(stage, describe(stage), shown_as=site.target))
        return reports[-1].passed

    made = prefix.create(
        prefix.steps(locked, host.platform),
        site,
        installers.installers(WheelCache(files.cache_root()), Uv(), host),
        check,
        describe,
    )
    return made, reports[-1]


def verify(target: Path) -> Report:
    """Look whether an environment works; `target` is a prefix, or the spec of one.

    Raises:
        PrefixError: there is no environment of ours.

    """
    site = _site(target)
    return _look(site.target, site.existing(), shown_as=site.target)


def remove(target: Path) -> Path:
    """Delete an environment; `target` is a prefix, or the spec of one.

    Raises:
        PrefixError: there is no environment of ours.

    """
    site = _site(target)
    site.must_be_ours()
    with site.held():
        site.remove()
    return site.target


def run(target: Path, command: tuple[str, ...]) -> int:
    """Run a program inside an environment, in place of this process; gives its exit code on Windows."""
    from envspec.tools import inside

    site = _site(target)
    return inside.run(site.target, site.existing(), command)


def shell_hook(target: Path, shell: Shell) -> str:
    """Text that a shell evaluates to enter an environment."""
    from envspec.prefix import script
    from envspec.tools import inside

    site = _site(target)
    return script(inside.activation(site.target, site.existing()), shell)


def cached() -> Cached:
    """What the wheel cache holds."""
    from envspec.tools import files
    from envspec.tools.wheel_cache import WheelCache

    root = files.cache_root()
    return Cached(root, *WheelCache(root).list())


def cache_dir() -> Path:
    """Folder of the cache."""
    from envspec.tools import files

    return files.cache_root()


def prune(older_than: float) -> int:
    """Remove wheels not used for `older_than` days, unfinished builds and source archives; gives bytes freed."""
    from envspec.tools import files
    from envspec.tools.wheel_cache import WheelCache

    return WheelCache(files.cache_root()).prune(older_than)


def schema() -> dict[str, Json]:
    """JSON Schema of a spec."""
    from envspec import spec

    return spec.schema()


def completion(parser: ArgumentParser, shell: str) -> str:
    """Script that a shell reads to complete the verbs and options of `parser`."""
    import shtab

    return f"{shtab.complete(parser, shell)}\n"


def _host() -> Host:
    from envspec.tools import machine

    return machine.detect()


def _fresh_lock(spec: Path) -> tuple[Project, Lock]:
    from envspec.errors import LockError
    from envspec.lock import changes
    from envspec.tools.project import Project

    project = Project(spec)
    locked = project.lock()
    changed = changes(locked, project.spec)
    if changed:
        message = f"the lock of {spec} is out of date: {'; '.join(changed)}"
        raise LockError(message, hint=f"run `envspec lock {spec}`")
    return project, locked


def _site(target: Path) -> Site:
    from envspec.tools.project import Project
    from envspec.tools.site import Site

    if target.suffix in {".yaml", ".yml"} and not target.is_dir():
        return Site(Project(target).prefix)
    return Site(target)


def _look(folder: Path, prefix: Prefix, *, shown_as: Path) -> Report:
    from envspec import progress
    from envspec.tools import inside, probe
    from envspec.tools.venv import interpreter
    from envspec.verify import Expectation, judge

    progress.stage("checking that it works")
    expected = Expectation(python=prefix.python, backend=prefix.backend, packages=prefix.packages, llama=prefix.llama)
    seen = probe.look(interpreter(folder), prefix.backend, inside.clean(folder, prefix), llama=prefix.llama)
    return judge(str(shown_as), expected, seen)
