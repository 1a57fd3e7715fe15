"""What cannot be locked yet: said at once, never left out in silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from envspec.errors import NotSupported
from envspec.gpu import Backend
from envspec.spec import Base, Spec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envspec.plan import Plan


def check(spec: Spec, plan: Plan) -> None:
    """Refuse a plan that this version can make but not lock.

    Raises:
        NotSupported: names all that is missing, and what to do instead.

    """
    missing = tuple(_missing(spec, plan))
    if missing:
        what = "; ".join(f"locking {what}" for what, _ in missing)
        raise NotSupported(what, hint="; ".join(hint for _, hint in missing))


def _missing(spec: Spec, plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield what is missing and what to do instead."""
    if spec.matrix is not None:
        yield "`matrix`", "write one spec for each cell"
    if plan.base is Base.CONDA:
        yield "`base: conda`", "use `base: venv`"
    if plan.backend is not Backend.CPU:
        yield (
            f"`backend: {plan.backend}`",
            f"`envspec plan` tells what {plan.backend} needs, `backend: cpu` can be locked",
        )
    if plan.torch is not None:
        yield "`torch`", "`envspec plan` tells its version and index"
    if plan.llama and any(install.wheel for install in plan.llama.installs):
        yield "wheels of llama-cpp-python", "use `install: source`"
    for text in spec.pip:
        if Requirement(text).url:
            yield f"the direct URL in `pip: [{text}]`", "name a version of the package instead"
