"""Read Ninja's own counter."""

from __future__ import annotations

import re

STEP = re.compile(r"^\[(\d+)/(\d+)\] ")


def parse_step(line: str) -> tuple[int, int] | None:
    """Finished and total steps of a line such as `[12/131] Building CXX object ...`."""
    match = STEP.match(line)
    return (int(match[1]), int(match[2])) if match else None
