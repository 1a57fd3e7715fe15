"""Lines of a spec that contradict each other before anything is looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from envspec.errors import SpecError
from envspec.gpu import Backend
from envspec.spec import Base, Install, Spec, ToolkitSource

if TYPE_CHECKING:
    from collections.abc import Iterator

OWN_KEYS = ("llama-cpp-python", "torch", "torchaudio", "torchvision")


def check(spec: Spec) -> None:
    """Refuse a spec that asks for two things at once.

    Raises:
        SpecError: two lines of the spec contradict each other.

    """
    for contradiction in _contradictions(spec):
        raise SpecError(contradiction, hint="remove one of the two lines")


def _contradictions(spec: Spec) -> Iterator[str]:
    if spec.backend is not Backend.CUDA:
        if spec.cuda:
            yield f"`cuda: {spec.cuda}` is given, but `backend: {spec.backend}` uses no CUDA"
        rocm = {ToolkitSource.SYSTEM} if spec.backend is Backend.ROCM else set()
        if spec.toolkit.source not in {ToolkitSource.AUTO, ToolkitSource.NONE} | rocm:
            yield f"`toolkit: {spec.toolkit.source}` is given, but `backend: {spec.backend}` needs no CUDA toolkit"
    if spec.backend in {Backend.CPU, Backend.METAL} and spec.gpu:
        yield f"`gpu` is given, but `backend: {spec.backend}` chooses no GPU"
    if spec.llama and spec.llama.cmake and spec.llama.install is Install.WHEEL:
        yield "`cmake` gives options for compiling, but `install: wheel` compiles nothing"
    if spec.conda and spec.base is Base.VENV:
        yield "`conda` lists packages, but `base: venv` has no conda packages"
    for text in spec.pip:
        name = canonicalize_name(Requirement(text).name)
        if name in OWN_KEYS:
            yield f"`pip` asks for {text!r}, but {name} has a key of its own (`torch:` or `llama-cpp-python:`)"
