"""The order of creation, with installers and a site that only take notes."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envspec.gpu import Backend, Platform
from envspec.prefix import Kind, Prefix, Step, create

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

STEPS = tuple(Step(kind=kind, title=kind) for kind in (Kind.PYTHON, Kind.BUILD, Kind.PACKAGES))
PREFIX = Prefix(
    name="x",
    digest="d",
    platform=Platform.LINUX_64,
    backend=Backend.CPU,
    python=">=3.11",
    packages=(),
    llama=False,
    environment=(),
)


class Notes:
    """Installer and Site in one."""

    def __init__(self, fails: str = "") -> None:
        self.said: list[str] = []
        self.fails = fails

    def say(self, text: str) -> None:
        self.said.append(text)
        if text == self.fails:
            raise KeyboardInterrupt

    def apply(self, step: Step, stage: Path) -> None:
        assert stage == Path("stage")
        self.say(step.kind)

    @contextlib.contextmanager
    def stage(self) -> Iterator[Path]:
        self.say("open")
        try:
            yield Path("stage")
        finally:
            self.said.append("close")

    def commit(self, stage: Path, describe: Callable[[Path], Prefix]) -> Prefix:
        self.say("commit")
        return describe(stage)

    def run(self, *, works: bool = True) -> Prefix | None:
        def check(_: Path) -> bool:
            self.say("check")
            return works

        return create(STEPS, self, dict.fromkeys(Kind, self), check, lambda _: PREFIX)


def test_commit_comes_after_every_step_and_the_check() -> None:
    notes = Notes()
    assert notes.run() == PREFIX
    assert notes.said == ["open", "python", "build", "packages", "check", "commit", "close"]


def test_a_failed_check_commits_nothing() -> None:
    notes = Notes()
    assert notes.run(works=False) is None
    assert notes.said[-2:] == ["check", "close"]


@pytest.mark.parametrize("step", ["python", "build", "packages", "check", "commit"])
def test_an_interruption_anywhere_closes_the_stage(step: str) -> None:
    notes = Notes(step)
    with pytest.raises(KeyboardInterrupt):
        notes.run()
    assert notes.said[-2:] == [step, "close"]
