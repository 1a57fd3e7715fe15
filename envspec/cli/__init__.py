"""The command line: parse, one pipeline call, one rendering, an exit code."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING

from envspec.cli.execute import execute
from envspec.cli.parser import build

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType
    from typing import NoReturn

__all__ = ["build", "main"]


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run `envspec` and exit with its code."""
    signal.signal(signal.SIGTERM, _leave)
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, _leave)
    sys.exit(execute(build().parse_args(argv)))


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    """End through the `finally` clauses, so that nothing half-made stays behind."""
    sys.exit(128 + number)
