"""The steps from a lock to an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envspec.build import recipe
from envspec.prefix.model import Kind, Step

if TYPE_CHECKING:
    from envspec.gpu import Platform
    from envspec.lock import Lock


def steps(lock: Lock, platform: Platform) -> tuple[Step, ...]:
    """Steps that make the environment of `lock` on `platform`, in order.

    Raises:
        LockError: the lock does not cover `platform`.

    """
    pins = lock.on(platform).packages
    wheel = recipe(lock, platform)
    made = [
        Step(kind=Kind.PYTHON, title=f"virtual environment with Python {lock.plan.python}", python=lock.plan.python)
    ]
    if wheel:
        title = f"{wheel.sdist.name} {wheel.sdist.version} from source, or from the wheel cache"
        made.append(Step(kind=Kind.BUILD, title=title, recipe=wheel))
    made.append(Step(kind=Kind.PACKAGES, title=f"{len(pins)} locked packages", pins=pins))
    return tuple(made)
