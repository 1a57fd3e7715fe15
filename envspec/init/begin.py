"""Wishes, a machine and what a file says -> the first spec that resolves."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, NamedTuple

from envspec.errors import UsageError
from envspec.gpu import Backend, Platform
from envspec.host import Vendor
from envspec.init import cards
from envspec.init.settle import settled
from envspec.plan.conflict import explained
from envspec.plan.journal import Journal
from envspec.plan.question import Question
from envspec.plan.resolve import search
from envspec.spec import Base, Spec, range_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envspec.catalog import Catalog
    from envspec.frozen import Json
    from envspec.host import Host
    from envspec.init.taken import Taken
    from envspec.init.wish import Wish
    from envspec.plan import Conflict

TORCH = (">=2.6", ">=2.0")
"""Ranges for a spec that asks for none, the preferred one first."""
LLAMA = ">=0.3"
PYTHONS = (12, 13, 11, 14, 10, 9)
"""Python 3 minor versions to try where nothing is known about the machine's."""
TELLING = {
    "backend": ("backend/platform", "arch/rocm-index", "arch/llama-wheel"),
    "torch": ("glibc/torch-wheel", "arch/torch-wheel", "driver/runtime"),
    "base": ("toolkit/source", "compiler/toolkit", "glibc/toolkit"),
}
"""Rules that tell best why something else was chosen."""


class Machine(NamedTuple):
    """The machine that the spec is for."""

    host: Host
    pythons: tuple[int, ...] = ()
    """Python 3 minor versions that are installed, newest first; empty where nobody looked."""
    present: bool = True
    """Whether it is the one that runs this."""


class Beginning(NamedTuple):
    """A spec with what should be said about it."""

    spec: Spec
    remarks: dict[str, str]
    """Why a key is as it is."""
    notes: tuple[str, ...]
    """What was not taken over from a file, and what to know about the machine."""
    conflict: Conflict | None = None
    """Why nothing fits, where nothing does."""


class Attempt(NamedTuple):
    """Values that can be chosen."""

    backend: Backend
    torch: str | None
    base: Base
    python: str


class _Case:
    """All that is given."""

    def __init__(self, wish: Wish, taken: Taken, machine: Machine, catalog: Catalog) -> None:
        self.wish, self.taken, self.machine, self.catalog = wish, taken, machine, catalog
        self.platforms = wish.platforms or taken.platforms or (machine.host.platform,)
        self.named = bool(wish.platforms or taken.platforms)
        self.here = machine.host if machine.host.platform in self.platforms else None
        self.notes = list(taken.notes)

    def spec(self, attempt: Attempt, gpus: tuple[str, ...]) -> Spec:
        """The spec of an attempt."""
        wish, taken = self.wish, self.taken
        cuda = wish.cuda or taken.cuda
        tree: dict[str, Json] = {
            "envspec": "1",
            "name": wish.name,
            "python": attempt.python,
            "platforms": self.platforms,
            "base": attempt.base,
            "backend": attempt.backend,
            "gpu": gpus,
            "conda": taken.conda if attempt.base is Base.CONDA else (),
            "pip": taken.pip,
            "env": dict(taken.env),
        }
        if cuda and attempt.backend is Backend.CUDA:
            tree["cuda"] = str(cuda)
        if attempt.torch is not None:
            tree["torch"] = {"version": attempt.torch, "packages": taken.torch.packages if taken.torch else ()}
        if taken.llama:
            version = range_text(taken.llama.version) or LLAMA
            tree["llama-cpp-python"] = {**taken.llama.model_dump(mode="json"), "version": version}
        elif not taken.source:
            tree["llama-cpp-python"] = {"version": LLAMA}
        return Spec.model_validate(tree)


def begin(wish: Wish, taken: Taken, machine: Machine, catalog: Catalog) -> Beginning:
    """Choose what is left open so that a plan exists: native GPU code, a virtual environment, a new torch, if possible.

    Raises:
        SpecError: a GPU or CUDA version does not exist.
        UsageError: options contradict each other.

    """
    case = _Case(wish, taken, machine, catalog)
    backends = _backends(case)
    gpus = {backend: _gpus(case, backend) for backend in backends}
    attempts = tuple(_attempts(case, backends))
    for attempt in attempts:
        spec = case.spec(attempt, gpus[attempt.backend])
        if search(Question(spec, case.here, catalog), Journal()):
            _tell(case, attempts[0], attempt, case.spec(attempts[0], gpus[backends[0]]))
            spec, remarks = settled(spec, machine.host, catalog, named=case.named or not machine.present)
            return Beginning(spec, remarks, tuple(case.notes))
    spec = case.spec(attempts[0], gpus[backends[0]])
    return Beginning(spec, {}, tuple(case.notes), explained(Question(spec, case.here, catalog), search))


def _backends(case: _Case) -> tuple[Backend, ...]:
    """Backends to try, the preferred one first."""
    wish, taken = case.wish, case.taken
    named = {gpu.vendor for gpu in cards.named(wish.gpu, case.platforms, case.here, case.catalog)}
    if wish.gpu and not named and not wish.backend:
        message = f"--gpu {wish.gpu[0]}: this machine has no GPU that can be used"
        raise UsageError(message, hint="name a GPU, such as `--gpu rtx-4090`, or run `envspec doctor`")
    if wish.backend:
        chosen: tuple[Backend, ...] = (wish.backend,)
    elif named:
        chosen = cards.backends(named, case.platforms)
    elif wish.cuda:
        chosen = (Backend.CUDA,)
    elif taken.backend is Backend.CPU:
        chosen = (Backend.CPU,)
        case.notes.append(f"{taken.source} takes wheels for the CPU, so `backend: cpu`; `--backend` chooses another")
    else:
        chosen = _of_machine(case)
    if wish.gpu and chosen[0] in {Backend.CPU, Backend.METAL}:
        message = f"--gpu {wish.gpu[0]}: `backend: {chosen[0]}` chooses no GPU"
        raise UsageError(message, hint="leave out --gpu or --backend")
    if wish.cuda and Backend.CUDA not in chosen:
        message = f"--cuda {wish.cuda}: `backend: {chosen[0]}` uses no CUDA"
        raise UsageError(message, hint="leave out --cuda, or say `--backend cuda`")
    if taken.cuda and Backend.CUDA not in chosen:
        case.notes.append(f"CUDA {taken.cuda} of {taken.source} is not taken over: `backend: {chosen[0]}` uses none")
    if taken.backend and taken.backend not in chosen:
        told = f"wheels for {taken.backend} of {taken.source} are not taken over: `backend: {chosen[0]}` is chosen"
        case.notes.append(told)
    return chosen


def _of_machine(case: _Case) -> tuple[Backend, ...]:
    """Backends of the GPUs of the machine, else of what the file takes, else the CPU."""
    host = case.machine.host
    seen = {gpu.vendor for gpu in host.gpus if not gpu.hidden} & {Vendor.NVIDIA, Vendor.AMD, Vendor.APPLE}
    if case.here and seen:
        return cards.backends({min(seen, key=cards.ORDER.index)}, case.platforms)
    if case.taken.cuda:
        return (Backend.CUDA,)
    if case.taken.backend:
        return (case.taken.backend,)
    if set(case.platforms) == {Platform.OSX_ARM64}:
        return (Backend.METAL,)
    case.notes.append(cards.why_none(host, case.platforms))
    return (Backend.CPU,)


def _gpus(case: _Case, backend: Backend) -> tuple[str, ...]:
    """Names of GPUs for a spec with this backend."""
    if case.wish.gpu or case.here is None or backend in {Backend.CPU, Backend.METAL}:
        return tuple(dict.fromkeys(case.wish.gpu))
    names, unknown = cards.names(case.here, backend, case.catalog)
    case.notes += [note for note in unknown if note not in case.notes]
    return names


def _attempts(case: _Case, backends: tuple[Backend, ...]) -> Iterator[Attempt]:
    """Everything that can be chosen, in the order of preference."""
    wish, taken = case.wish, case.taken
    torches: tuple[str | None, ...] = TORCH
    if not wish.torch or (taken.source and not taken.torch):
        torches = (None,)
    elif taken.torch and len(taken.torch.version):
        torches = (range_text(taken.torch.version),)
    if wish.base:
        bases: tuple[Base, ...] = (wish.base,)
    else:
        bases = (Base.CONDA,) if taken.conda else (Base.VENV, Base.CONDA)
    if taken.conda and wish.base is Base.VENV:
        case.notes.append(f"`--base venv` has no conda packages, so these are not taken over: {', '.join(taken.conda)}")
    for backend, torch, base in product(backends, torches, bases):
        for python in _pythons(case, base):
            yield Attempt(backend, torch, base, python)


def _pythons(case: _Case, base: Base) -> tuple[str, ...]:
    if case.wish.python is not None:
        return (range_text(case.wish.python),)
    if case.taken.python:
        return (case.taken.python,)
    installed = case.machine.pythons if case.here and base is Base.VENV else ()
    return tuple(f"3.{minor}" for minor in installed or PYTHONS)


def _tell(case: _Case, first: Attempt, taken: Attempt, refused: Spec) -> None:
    """Say why the first attempt was not the one."""
    changed = {
        name: (before, after)
        for name, before, after in zip(Attempt._fields, first, taken, strict=True)
        if before != after and name != "python"
    }
    if not changed:
        return
    conflict = explained(Question(refused, case.here, case.catalog), search)
    rules = TELLING[next(iter(changed))]
    telling = [one for one in conflict.reasons if one.rule in rules and one.source]
    told = (*telling, *conflict.reasons)[0]
    before = ", ".join(f"{name} {old}" for name, (old, _) in changed.items())
    after = ", ".join(f"{name} {new}" for name, (_, new) in changed.items())
    case.notes.append(f"{after} is chosen, because {before} does not fit: {told.candidate}: {told.reason}")
