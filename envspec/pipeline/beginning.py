"""The first spec of a project.

Imports stand inside the functions, so that each call loads only what it needs.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from envspec.catalog import Catalog
    from envspec.init import Machine, Taken
    from envspec.plan import Conflict, Plan
    from envspec.spec import Spec


class Order(NamedTuple):
    """What `init` is asked for, as it was typed."""

    path: Path | None = None
    """A file, or a folder that is to get `specs/NAME.yaml`; None: the working folder."""
    name: str | None = None
    gpu: tuple[str, ...] = ()
    backend: str | None = None
    platforms: tuple[str, ...] = ()
    python: str | None = None
    cuda: str | None = None
    base: str | None = None
    torch: bool = True
    host: Path | None = None
    """Facts about another machine."""
    source: Path | None = None
    """A requirements.txt or an environment.yml."""
    force: bool = False
    """Write over a file that exists, and write a spec that has no plan."""
    printed: bool = False
    """Write no file."""


class Begun(NamedTuple):
    """A new spec; one of `plan` and `conflict` is given."""

    path: Path | None
    """Where it was written."""
    text: str
    plan: Plan | None
    conflict: Conflict | None
    notes: tuple[str, ...]


def init(order: Order) -> Begun:
    """Write a spec for this machine, or for the one of a host file; without `force` only one that has a plan.

    Raises:
        SpecError: a GPU or a CUDA release does not exist; the file to take requirements from is wrong.
        Unsatisfiable: nothing fits.
        UsageError: an option is wrong, or the file exists.

    """
    from envspec import init as first
    from envspec.spec import read
    from envspec.tools import catalog_store

    catalog = catalog_store.load(_folder(order.path))
    machine = _machine(order.host)
    taken = _taken(order, machine, catalog)
    name = order.name or first.name_of(_name(order.path) or taken.name or _folder(order.path).name)
    path = None if order.printed else _target(order, name)
    wish = first.parse({**_wish(order), "name": name})
    begun = first.begin(wish, taken, machine, catalog)
    text = first.to_text(begun.spec, begun.remarks, begun.notes, taken.source)
    if begun.conflict and not order.force:
        raise _explained(begun.conflict)
    spec = read(text, str(path or name))
    plan = None if begun.conflict else _plan(spec, machine, order, catalog)
    if path:
        _write(path, text)
    remarks = (f"{key}: {why}" for key, why in begun.remarks.items())
    return Begun(path, text, plan, begun.conflict, (*begun.notes, *remarks))


def _folder(path: Path | None) -> Path:
    """The folder of the project: the one that holds `specs/`."""
    whole = (path or Path()).absolute()
    if path is None or path.is_dir():
        return whole
    return next((one.parent for one in whole.parents if one.name == "specs"), whole.parent)


def _name(path: Path | None) -> str | None:
    return path.stem if path and not path.is_dir() else None


def _machine(host: Path | None) -> Machine:
    from envspec import progress
    from envspec.init import Machine
    from envspec.tools import host_file, machine, pythons

    if host:
        return Machine(host_file.load(host), present=False)
    progress.stage("looking at this machine")
    return Machine(machine.survey(), pythons.installed())


def _taken(order: Order, machine: Machine, catalog: Catalog) -> Taken:
    from envspec.init import Taken, parse, take
    from envspec.tools import imports

    if order.source is None:
        return Taken()
    named = parse({"name": "env", "platforms": order.platforms}).platforms
    folder = imports.Folder(order.source)
    return take(folder.first(), folder.open, catalog, named or (machine.host.platform,))


def _target(order: Order, name: str) -> Path:
    """The file to write.

    Raises:
        UsageError: it exists, or its name does not end as that of a spec.

    """
    from envspec.errors import UsageError

    path = order.path or Path()
    if path.is_dir():
        path = path / "specs" / f"{name}.yaml"
    if path.suffix not in {".yaml", ".yml"}:
        message = f"{str(path)!r} does not end in .yaml"
        raise UsageError(message, hint=f"give a file such as specs/{name}.yaml, or only `--name {name}`")
    if path.is_dir() or (path.exists() and not order.force):
        message = f"{path} exists"
        raise UsageError(message, hint="give another path or --name, or --force to write over it")
    return path


def _wish(order: Order) -> dict[str, object]:
    """The options that were given, by the names of the wish."""
    given = {
        "gpu": order.gpu,
        "backend": order.backend,
        "platforms": order.platforms,
        "python": order.python,
        "cuda": order.cuda,
        "base": order.base,
    }
    return {"torch": order.torch, **{name: value for name, value in given.items() if value is not None}}


def _plan(spec: Spec, machine: Machine, order: Order, catalog: Catalog) -> Plan:
    """The plan that `envspec plan` will show."""
    from envspec.plan import resolve

    native = "native" in {name.partition("+")[0] for name in spec.gpu}
    looked = bool(order.host) or native or not spec.platforms
    return resolve(spec, machine.host if looked else None, catalog)


def _explained(conflict: Conflict) -> Conflict:
    """The conflict in the words of the command line."""
    how = "`--cuda`, `--gpu`, `--python`, `--base`, `--backend`, `--platform` and `--no-torch` change these lines"
    conflict.hint = f"{conflict.hint}; {how}; `--force` writes the spec anyway, to be changed by hand"
    return conflict


def _write(path: Path, text: str) -> None:
    from envspec.errors import UsageError
    from envspec.tools import files

    try:
        files.write(path, text)
    except (FileExistsError, NotADirectoryError) as error:
        message = f"{path} cannot be written: a folder of it is a file"
        raise UsageError(message, hint="give another path") from error
