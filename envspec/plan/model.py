"""The Plan: what to install and how to build it, for all platforms, with reasons."""

from __future__ import annotations

from envspec.frozen import Frozen
from envspec.gpu import Backend, Platform
from envspec.spec import Base


class Choice(Frozen):
    """One decision and why it was made."""

    topic: str
    value: str
    reason: str
    source: str | None = None


class Rejection(Frozen):
    """A candidate that was not taken, and the rule that refused it."""

    candidate: str
    rule: str
    reason: str


class CMakeOption(Frozen):
    """One `-DNAME=VALUE` of the build and why it is given."""

    name: str
    value: str
    reason: str


class SourceBuild(Frozen):
    """How llama-cpp-python is compiled."""

    version: str
    cmake: tuple[CMakeOption, ...]
    left_out: tuple[str, ...]
    """Options of llama.cpp itself that are switched off although upstream forces them on."""
    requires: tuple[str, ...]
    """PEP 508 requirements of the build environment."""


class Plan(Frozen):
    """One consistent answer; holds nothing about any machine."""

    name: str
    python: str
    platforms: tuple[Platform, ...]
    base: Base
    backend: Backend
    requirements: tuple[str, ...]
    """PEP 508 requirements that the Python packages are locked from."""
    build: SourceBuild | None
    environment: tuple[tuple[str, str], ...]
    choices: tuple[Choice, ...]
    rejections: tuple[Rejection, ...]
    warnings: tuple[str, ...]
