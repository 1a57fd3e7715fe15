"""A prefix that was made, and the steps that make one."""

from __future__ import annotations

from enum import StrEnum

from envspec.build import BuildRecipe
from envspec.frozen import Frozen
from envspec.gpu import Backend, Platform
from envspec.lock import Pin


class Prefix(Frozen):
    """What a prefix says about itself; written last, so that a half-made one says nothing."""

    name: str
    digest: str
    """Lock digest for its platform."""
    platform: Platform
    backend: Backend
    python: str
    """Range of Python versions."""
    packages: tuple[tuple[str, str], ...]
    """Name and version of each locked package for the Python that was taken."""
    llama: bool
    environment: tuple[tuple[str, str], ...]
    """Variables of the spec's `env`."""


class Kind(StrEnum):
    """What a step does."""

    PYTHON = "python"
    BUILD = "build"
    PACKAGES = "packages"


class Step(Frozen):
    """One step of `create`; which fields it has follows from its kind."""

    kind: Kind
    title: str
    python: str = ""
    recipe: BuildRecipe | None = None
    pins: tuple[Pin, ...] = ()
