"""What a spec needs, and why; no network.

Imports stand inside the functions, so that each call loads only what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from envspec.catalog import Catalog
    from envspec.errors import EnvspecError
    from envspec.gpu import Platform
    from envspec.host import Host
    from envspec.plan import Conflict, Plan, Rejection, Why, WhyNot
    from envspec.shells import Shell
    from envspec.spec import Spec
    from envspec.tools.project import Project


class Explanation(NamedTuple):
    """A decision in parts; one of `plan` and `conflict` is given."""

    plan: Plan | None
    topics: tuple[Why, ...]
    others: tuple[Rejection, ...]
    """What was refused for no topic of the plan."""
    conflict: Conflict | None


def plan(spec: Path, host: Path | None = None) -> Plan:
    """Decide what a spec needs; `host` is a file of `envspec doctor --save`, for another machine.

    Raises:
        SpecError: the spec or the host file is wrong.
        Unsatisfiable: nothing fits.

    """
    from envspec.tools import catalog_store
    from envspec.tools.project import Project

    project = Project(spec)
    return decide(project, catalog_store.load(project.folder), host)


def decide(project: Project, catalog: Catalog, host: Path | None = None) -> Plan:
    """Resolve the spec of a project.

    Raises:
        UsageError: the spec has a matrix, so several plans.

    """
    from envspec.plan import resolve

    _must_be_single(project)
    return resolve(project.spec, machine_of(project.spec, host), catalog)


def _must_be_single(project: Project) -> None:
    from envspec.errors import UsageError

    if project.spec.matrix:
        message = f"{project.path} has a matrix, so there is no single plan to tell about"
        raise UsageError(message, hint="`envspec plan` shows its cells; write one of them as a spec of its own")


def machine_of(spec: Spec, host: Path | None) -> Host | None:
    """The machine that counts: the one of the file, or this one where the spec leaves something to it."""
    if host:
        from envspec.tools import host_file

        return host_file.load(host)
    native = "native" in {name.partition("+")[0] for name in spec.gpu}
    if spec.platforms and not native:
        return None
    from envspec.tools import machine

    return machine.survey() if native or spec.backend.uses_gpu else machine.detect()


def explain(spec: Path, host: Path | None = None) -> Explanation:
    """The whole decision: each choice with its rules and what was refused, or the lines in conflict."""
    from envspec.plan import Conflict, topics
    from envspec.plan import why as reasons

    try:
        made = plan(spec, host)
    except Conflict as conflict:
        return Explanation(None, (), (), conflict)
    parts = tuple(reasons(made, topic) for topic in topics(made))
    told = {one for part in parts for one in part.rejections}
    return Explanation(made, parts, tuple(one for one in made.rejections if one not in told), None)


def why(spec: Path, topic: str, host: Path | None = None) -> Why:
    """Reasons of one choice.

    Raises:
        UsageError: the plan has no such topic.

    """
    from envspec.plan import why as reasons

    return reasons(plan(spec, host), topic)


def why_not(spec: Path, asked: str, host: Path | None = None) -> WhyNot:
    """What a further demand such as `torch==2.8` would do.

    Raises:
        UsageError: the text is no demand.

    """
    from envspec.plan import why_not as reasons
    from envspec.tools import catalog_store
    from envspec.tools.project import Project

    project = Project(spec)
    _must_be_single(project)
    return reasons(project.spec, machine_of(project.spec, host), catalog_store.load(project.folder), asked)


def cells(spec: Path, host: Path | None = None) -> tuple[tuple[Spec, Plan | EnvspecError], ...]:
    """Each cell of the matrix of a spec, with its plan or the reason why there is none."""
    from envspec.errors import SpecError
    from envspec.spec import expand
    from envspec.tools import catalog_store
    from envspec.tools.project import Project

    project = Project(spec)
    catalog = catalog_store.load(project.folder)
    machine = machine_of(project.spec, host)
    try:
        expanded = expand(project.spec)
    except ValueError as error:
        message = f"{spec}: {error}"
        raise SpecError(message, hint="remove a line of `exclude`") from None
    return tuple((cell, _outcome(cell, machine, catalog)) for cell in expanded)


def _outcome(cell: Spec, machine: Host | None, catalog: Catalog) -> Plan | EnvspecError:
    from envspec.errors import EnvspecError
    from envspec.plan import resolve

    try:
        return resolve(cell, machine, catalog)
    except EnvspecError as error:
        return error


def cmake_args(spec: Path, shell: Shell, platform: Platform | None = None, host: Path | None = None) -> str:
    """A line that sets CMAKE_ARGS as the plan has it, for people who build by hand.

    scikit-build-core splits the value as a POSIX shell does, on every system.
    Source: https://scikit-build-core.readthedocs.io/en/latest/configuration/index.html

    Raises:
        UsageError: nothing is compiled on the platform.

    """
    import shlex

    from envspec.errors import UsageError
    from envspec.gpu import Platform
    from envspec.plan import arguments
    from envspec.shells import Shell, assignment

    made = plan(spec, host)
    compiled = [one.platform for one in (made.llama.installs if made.llama else ()) if one.wheel is None]
    usual = Platform.WIN_64 if shell in {Shell.CMD, Shell.POWERSHELL} else None
    chosen = platform or (usual if usual in compiled else next(iter(compiled), None))
    if made.build is None or chosen not in compiled:
        where = f" on {platform}" if platform else ""
        message = f"nothing is compiled{where}, so there are no CMAKE_ARGS"
        raise UsageError(message, hint="`install: source` compiles llama-cpp-python; see `envspec plan`")
    value = shlex.join(f"-D{name}={text}" for name, text in arguments(made.build, chosen))
    return assignment("CMAKE_ARGS", value, shell)
