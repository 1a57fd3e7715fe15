"""What was refused during a search, equal refusals of several versions told as one."""

from __future__ import annotations

from typing import NamedTuple

from packaging.version import Version

from envspec.plan.model import Rejection


class Refused(NamedTuple):
    """What equal refusals share."""

    subject: str
    rule: str
    reason: str


class Journal:
    """Collects refusals in the order in which they were met."""

    def __init__(self) -> None:
        self._versions: dict[tuple[Refused, str], dict[Version | str, None]] = {}
        self._sources: dict[Refused, str] = {}

    def refuse(
        self, subject: str, version: Version | str, rule: str, reason: str, *, tag: str = "", source: str = ""
    ) -> None:
        """Note that a rule refused a version of something, for wheels with their tag."""
        refused = Refused(subject, rule, reason)
        self._versions.setdefault((refused, tag), {})[version] = None
        self._sources.setdefault(refused, source)

    def has(self, rule: str) -> bool:
        """Whether a rule refused anything."""
        return any(refused.rule == rule for refused, _ in self._versions)

    def rejections(self) -> tuple[Rejection, ...]:
        """All refusals, in a stable order; tags of the same versions stand together."""
        tags: dict[tuple[Refused, tuple[Version | str, ...]], list[str]] = {}
        for (refused, tag), versions in self._versions.items():
            tags.setdefault((refused, tuple(versions)), []).append(tag)
        return tuple(
            Rejection(
                candidate=" ".join(filter(None, (refused.subject, _span(versions), ", ".join(sorted(named))))),
                rule=refused.rule,
                reason=refused.reason,
                source=self._sources[refused] or None,
            )
            for (refused, versions), named in tags.items()
        )


def _span(versions: tuple[Version | str, ...]) -> str:
    """`2.11.0 .. 2.15.0 (6)` for several, the version itself for one."""
    if len(versions) == 1:
        return str(versions[0])
    ordered = sorted(versions, key=lambda version: Version(str(version)))
    return f"{ordered[0]} .. {ordered[-1]} ({len(ordered)})"
