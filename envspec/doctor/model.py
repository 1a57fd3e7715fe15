"""What a finding is, and what looks for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

from envspec.frozen import Frozen

if TYPE_CHECKING:
    from envspec.catalog import Catalog
    from envspec.host import Host


class Severity(StrEnum):
    """How bad it is; the worst first."""

    ERROR = "error"
    """The GPU cannot be used, or what is built in this shell fails or ends on the CPU."""
    WARNING = "warning"
    """One of the usual ways to install something fails."""
    NOTE = "note"
    """Good to know; nothing is wrong."""


class Finding(Frozen):
    """One thing about a machine that people stumble over."""

    id: str
    severity: Severity
    what: str
    """What is there, with names and numbers."""
    cause: str
    """Why that matters, and what a program says when it fails of it."""
    fix: str
    source: str
    """URL where it is told."""


Findings = Iterator[Finding]
Trap = Callable[["Host", "Catalog"], Findings]
