"""What this version cannot do yet: said at once, never left out in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from envspec.errors import NotSupported, SpecError
from envspec.gpu import Backend
from envspec.spec import Base, Install, Spec, ToolkitSource

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN_KEYS = ("llama-cpp-python", "torch", "torchaudio", "torchvision")


def check(spec: Spec) -> None:
    """Refuse a spec that asks for what this version cannot do, or for two things at once.

    Raises:
        SpecError: two lines of the spec contradict each other.
        NotSupported: a line of the spec is not implemented; names all such lines.

    """
    for contradiction in _contradictions(spec):
        raise SpecError(contradiction, hint="remove one of the two lines")
    missing = tuple(_missing(spec))
    if missing:
        raise NotSupported("; ".join(what for what, _ in missing), hint="; ".join(hint for _, hint in missing))


def _contradictions(spec: Spec) -> Iterator[str]:
    if spec.backend is Backend.CPU:
        for key, given in (("cuda", spec.cuda), ("gpu", spec.gpu)):
            if given:
                yield f"`{key}` is given, but `backend: cpu` uses no GPU"
        if spec.toolkit.source not in {ToolkitSource.AUTO, ToolkitSource.NONE}:
            yield f"`toolkit: {spec.toolkit.source}` is given, but `backend: cpu` needs no CUDA toolkit"
    if spec.conda and spec.base is Base.VENV:
        yield "`conda` lists packages, but `base: venv` has no conda packages"
    for text in spec.pip:
        name = canonicalize_name(Requirement(text).name)
        if name in OWN_KEYS:
            yield f"`pip` asks for {text!r}, but {name} has a key of its own (`torch:` or `llama-cpp-python:`)"


def _missing(spec: Spec) -> Iterator[tuple[str, str]]:
    """Yield what is missing and what to do instead."""
    if spec.base is Base.CONDA:
        yield "`base: conda`", "use `base: venv`"
    if spec.backend is not Backend.CPU:
        yield f"`backend: {spec.backend}`", "use `backend: cpu`"
    if spec.torch is not None:
        yield "`torch`", "remove it, or list another package under `pip`"
    if spec.matrix is not None:
        yield "`matrix`", "write one spec for each cell"
    if spec.llama is not None and spec.llama.install is Install.WHEEL:
        yield "`llama-cpp-python: {install: wheel}`", "use `install: source`"
    for text in spec.pip:
        if Requirement(text).url:
            yield f"the direct URL in `pip: [{text}]`", "name a version of the package instead"
