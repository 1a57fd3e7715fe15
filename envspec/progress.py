"""Progress as log records, so that no stage needs to know who shows it."""

from __future__ import annotations

import logging
from typing import Literal, NamedTuple

log = logging.getLogger("envspec")

Unit = Literal["steps", "bytes"]


class Progress(NamedTuple):
    """How far a task is; `total` is None while unknown, `done == total` ends the task."""

    task: str
    done: int
    total: int | None
    unit: Unit


def report(task: str, done: int, total: int | None, unit: Unit = "steps") -> None:
    """Tell whoever listens how far `task` is; the record carries it as `record.progress`."""
    log.debug("%s %s/%s", task, done, total, extra={"progress": Progress(task, done, total, unit)})


def stage(text: str) -> None:
    """Tell that a stage begins; shown as one line on a terminal."""
    log.info(text)
