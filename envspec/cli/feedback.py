"""What a person sees on stderr while a verb runs: log records as lines, progress as bars."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID
    from rich.text import Text

    from envspec.progress import Progress


class Feedback(logging.Handler):
    """Shows stages and bars on a terminal; elsewhere only warnings, or everything with `-v`."""

    def __init__(self, stderr: Console, *, verbose: int) -> None:
        super().__init__()
        self.stderr, self.verbose = stderr, verbose
        self.bars: Bars | None = None
        self.tasks: dict[str, TaskID] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Show one record."""
        step: Progress | None = getattr(record, "progress", None)
        if step is not None:
            if self.stderr.is_terminal:
                self._advance(step)
        elif (
            record.levelno >= logging.WARNING
            or self.verbose
            or (self.stderr.is_terminal and record.levelno >= logging.INFO)
        ):
            self.stderr.print(
                record.getMessage(), markup=False, style="dim" if record.levelno < logging.WARNING else ""
            )

    def close(self) -> None:
        """Remove the bars from the screen."""
        if self.bars is not None:
            self.bars.stop()
            self.bars = None
        super().close()

    def _advance(self, step: Progress) -> None:
        if self.bars is None:
            self.bars = _bars(self.stderr)
            self.bars.start()
        if step.task not in self.tasks:
            self.tasks[step.task] = self.bars.add_task(step.task, total=step.total, unit=step.unit)
        self.bars.update(self.tasks[step.task], completed=step.done, total=step.total)
        if step.done == step.total:
            self.bars.remove_task(self.tasks.pop(step.task))


def _bars(stderr: Console) -> Bars:
    from rich import progress

    class Count(progress.ProgressColumn):
        """`12/131` for steps, `3.1/73.0 MB` for bytes."""

        bytes = progress.DownloadColumn()
        steps = progress.MofNCompleteColumn()

        def render(self, task: progress.Task) -> Text:
            return (self.bytes if task.fields["unit"] == "bytes" else self.steps).render(task)

    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        Count(),
        progress.TimeElapsedColumn(),
        progress.TextColumn("ETA"),
        progress.TimeRemainingColumn(),
        console=stderr,
        transient=True,
    )
