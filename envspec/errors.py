"""Every failure that a user can meet, with its exit code and what to do about it."""

from __future__ import annotations

from typing import ClassVar


class EnvspecError(Exception):
    """A failure with a message (what and where) and a hint (what to do next)."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(EnvspecError):
    """The command line asks for something that makes no sense."""

    exit_code = 2


class SpecError(EnvspecError):
    """The spec cannot be read or is not valid."""

    exit_code = 2


class HostError(EnvspecError):
    """This machine lacks something: a Python, disk space, a permission."""

    exit_code = 3


class PrefixError(HostError):
    """The prefix cannot be used: not ours, not writable, not there."""


class Unsatisfiable(EnvspecError):
    """No combination fits the spec."""

    exit_code = 4


class NotSupported(Unsatisfiable):
    """The spec is valid, but this version of envspec cannot do what it asks for."""

    def __init__(self, what: str, *, hint: str | None = None) -> None:
        super().__init__(f"not supported yet: {what}", hint=hint)


class LockError(EnvspecError):
    """The lock is missing, out of date, damaged, or a file does not have the locked hash."""

    exit_code = 5


class ToolError(EnvspecError):
    """An outside program failed."""

    exit_code = 6


class ToolMissing(ToolError):
    """An outside program is not installed."""
