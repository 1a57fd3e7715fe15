"""All traps, asked one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envspec.doctor import cmake_args, compilers, driver, gpus, libraries, system, toolkits, variables
from envspec.doctor.model import Severity

if TYPE_CHECKING:
    from envspec.catalog import Catalog
    from envspec.doctor.model import Finding, Trap
    from envspec.host import Host

TRAPS: tuple[Trap, ...] = (
    *driver.TRAPS,
    *gpus.TRAPS,
    *system.TRAPS,
    *toolkits.TRAPS,
    *compilers.TRAPS,
    *libraries.TRAPS,
    cmake_args.options,
    *variables.TRAPS,
)
WORST_FIRST = tuple(Severity)


def findings(host: Host, catalog: Catalog) -> tuple[Finding, ...]:
    """Everything that people stumble over on this machine, the worst first."""
    found = [finding for trap in TRAPS for finding in trap(host, catalog)]
    return tuple(sorted(found, key=lambda finding: WORST_FIRST.index(finding.severity)))
