"""What a machine is like, and what people stumble over there.

Imports stand inside the functions, so that each call loads only what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from envspec.doctor import Finding
    from envspec.host import Host


class Diagnosis(NamedTuple):
    """What `doctor` saw."""

    host: Host
    findings: tuple[Finding, ...]
    """The worst first."""

    @property
    def failed(self) -> bool:
        """Whether one of the findings is an error."""
        return any(finding.severity == "error" for finding in self.findings)


def doctor(host_file: Path | None = None) -> Diagnosis:
    """Look at this machine, or at one that was saved in a file.

    Raises:
        SpecError: the file is no host file.
        HostError: envspec does not know the platform of this machine.

    """
    from envspec import catalog
    from envspec.doctor import findings
    from envspec.tools import host_file as saved
    from envspec.tools import machine
    from envspec.tools.place import Asked

    asked = Asked(lambda: saved.load(host_file) if host_file else machine.survey())
    rows = catalog.load()
    host = asked.wait()
    return Diagnosis(host, findings(host, rows))


def save_host(host: Host, path: Path) -> None:
    """Write the facts about a machine to a file, without what tells whose it is."""
    from envspec.tools import host_file

    host_file.save(host, path)
