"""Make an environment so that at every moment there is the old one, the new one, or none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from envspec.prefix.model import Kind, Prefix, Step


class Installer(Protocol):
    """Whoever can do one kind of step."""

    def apply(self, step: Step, stage: Path) -> None:
        """Do `step` in the folder `stage`."""
        ...


class Site(Protocol):
    """The place where a prefix is, or will be."""

    def stage(self) -> AbstractContextManager[Path]:
        """A new folder beside the prefix; removed at the end unless it was committed."""
        ...

    def commit(self, stage: Path, describe: Callable[[Path], Prefix]) -> Prefix:
        """Write the prefix's description of itself into the stage and put it in place, in one step."""
        ...


def create(
    steps: tuple[Step, ...],
    site: Site,
    installers: Mapping[Kind, Installer],
    check: Callable[[Path], bool],
    describe: Callable[[Path], Prefix],
) -> Prefix | None:
    """Do all steps in a stage and put it in place if `check` accepts it; None if it does not."""
    with site.stage() as stage:
        for step in steps:
            installers[step.kind].apply(step, stage)
        return site.commit(stage, describe) if check(stage) else None
