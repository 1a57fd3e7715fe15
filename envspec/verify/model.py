"""The Report and what goes into it."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field

from envspec.frozen import Frozen
from envspec.gpu import Backend


class Status(StrEnum):
    """Outcome of a check."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Check(Frozen):
    """One thing that was looked at, what was seen, and what to do about it."""

    id: str
    status: Status
    detail: str
    hint: str | None = None


class Report(Frozen):
    """All checks of one environment."""

    prefix: str
    checks: tuple[Check, ...]
    log: str = ""
    """Everything that llama.cpp logged, where a check failed."""

    @property
    def passed(self) -> bool:
        """Whether no check failed; a skipped one did not."""
        return all(check.status is not Status.FAILED for check in self.checks)


class Expectation(Frozen):
    """What the lock says about an environment."""

    python: str
    """Range of Python versions."""
    backend: Backend
    packages: tuple[tuple[str, str], ...]
    """Name and version."""
    llama: bool
    """Whether llama-cpp-python belongs to it."""


class Observation(Frozen):
    """What a probe left behind, complete or not."""

    stage: Literal["start", "import", "load", "decode", "done"]
    """Last thing that the probe began: start, import, load, decode, done."""
    ended: str
    """How its process ended: `exit 0`, `SIGSEGV`, `no answer after 120 s`."""
    python: str = ""
    packages: dict[str, str] = Field(default_factory=dict)
    system: str = ""
    """What llama.cpp says about the machine and its own build."""
    tokens: tuple[int, ...] = ()
    error: str = ""
    log: str = ""
    """Everything that llama.cpp logged, and stderr of the process."""
