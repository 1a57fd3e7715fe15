"""Traps in the NVIDIA driver: what keeps it from working, and what it is too old or too new for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from envspec.doctor.model import Finding, Severity
from envspec.doctor.rows import (
    capability,
    least_driver,
    listed,
    nvidia,
    shipped_driver,
    winner,
    with_windows_driver,
)
from envspec.host import Fault, Vendor

if TYPE_CHECKING:
    from packaging.version import Version

    from envspec.catalog import Catalog
    from envspec.doctor.model import Findings, Trap
    from envspec.host import Host

COMPATIBILITY = "https://docs.nvidia.com/deploy/cuda-compatibility/minor-version-compatibility.html"
INSTALL = "https://docs.nvidia.com/datacenter/tesla/driver-installation-guide/index.html"
LEGACY = "https://forums.developer.nvidia.com/t/unix-graphics-feature-deprecation-schedule/60588"


class Told(NamedTuple):
    """What, cause, fix and source of a fault."""

    what: str
    cause: str
    fix: str
    source: str = INSTALL


FAULTS = {
    Fault.BLOCKED: Told(
        "the NVIDIA driver is blocked by the operating system",
        "in WSL, the driver of Windows is missing or too old; elsewhere another program holds the GPU",
        "update the driver in Windows, then run `wsl --shutdown` there",
        "https://docs.nvidia.com/cuda/wsl-user-guide/index.html",
    ),
    Fault.DENIED: Told(
        "this user may not use the NVIDIA driver: Insufficient Permissions",
        "the device files are open, but the system (SELinux, AppArmor, cgroups of a container) forbids their use",
        "run nvidia-smi as root to compare; see what `ausearch -m avc` or dmesg say",
    ),
    Fault.HANGS: Told(
        "NVIDIA's own tools do not answer",
        "the driver waits for a GPU that does not; every CUDA program will hang as well",
        "look for `NVRM: Xid` in the output of dmesg, and restart the machine",
        "https://docs.nvidia.com/deploy/xid-errors/index.html",
    ),
    Fault.LOST: Told(
        "a GPU stopped answering: GPU is lost",
        "it has fallen off the bus: heat, power, a riser cable, or a crash of the driver",
        "restart the machine; if it comes back, look for `NVRM: Xid` in the output of dmesg",
        "https://docs.nvidia.com/deploy/xid-errors/index.html",
    ),
    Fault.MISMATCH: Told(
        "the NVIDIA driver's kernel module and libraries are of different releases: Driver/library version mismatch",
        "the driver was updated and the old module is still loaded; no CUDA program starts until they agree",
        "restart the machine (or unload and load the nvidia modules); in a container, start it anew",
    ),
    Fault.NO_DEVICE: Told(
        "the NVIDIA driver is loaded and sees no GPU",
        "the GPU is switched off, given to a virtual machine, or of a kind that this driver does not know",
        "see what `lspci -nnk` and dmesg say; a new card needs a newer driver (from Blackwell on its open modules)",
    ),
    Fault.NOT_LOADED: Told(
        "the NVIDIA driver is installed, but its kernel module is not loaded",
        "it was not built for the running kernel, Secure Boot refuses it, or nouveau holds the card",
        "see what `modprobe nvidia` and dmesg say; reinstall the driver, or its DKMS package with the kernel headers",
    ),
    Fault.UNKNOWN: Told(
        "NVIDIA's own tools fail: Failed to initialize NVML",
        "the driver is broken, or only half of it is installed",
        "run nvidia-smi and see dmesg; reinstall the driver and restart the machine",
    ),
}


def fault(host: Host, catalog: Catalog) -> Findings:
    """The driver itself does not work; containers, WSL and permissions are told elsewhere."""
    elsewhere = (
        (host.fault is Fault.BLOCKED and host.wsl_clashes)
        or (host.fault is Fault.DENIED and host.denied)
        or (host.fault in {Fault.NO_DEVICE, Fault.UNKNOWN} and host.container)
    )
    if host.fault and not elsewhere:
        told = FAULTS[host.fault]
        gone = _gone(host, catalog) if host.fault is Fault.NO_DEVICE else ""
        yield Finding(
            id=f"driver/{host.fault}",
            severity=Severity.ERROR,
            what=told.what,
            cause=told.cause + gone,
            fix=told.fix,
            source=told.source,
        )


def _gone(host: Host, catalog: Catalog) -> str:
    """What the driver no longer supports."""
    if host.driver is None:
        return ""
    branch = host.driver.version.major
    rows = catalog.architecture_of.values()
    gone = dict.fromkeys(row.name for row in rows if row.dropped_by(host.driver.version))
    return f"; branch {branch} no longer supports {listed(gone)}" if gone else ""


def missing(host: Host, _catalog: Catalog) -> Findings:
    """A card and no driver."""
    if Vendor.NVIDIA in host.cards and not host.driver and not host.fault and not host.container:
        yield Finding(
            id="driver/missing",
            severity=Severity.ERROR,
            what="there is an NVIDIA card, and no NVIDIA driver",
            cause="nouveau shows pictures, but runs no CUDA",
            fix="install the driver of the distribution (Ubuntu: `sudo ubuntu-drivers install`), and restart",
            source=INSTALL,
        )


def for_toolkit(host: Host, catalog: Catalog) -> Findings:
    """What the toolkit that a build takes asks of the driver."""
    found = winner(host, catalog)
    if found is None or host.driver is None:
        return
    toolkit, row = found
    version, least = host.driver.version, least_driver(row, host)
    releases = catalog.releases_of[row.line]
    exact = [release for release in releases if release.nvcc == toolkit.build]
    shipped = shipped_driver(exact, host) or shipped_driver(releases, host)
    if version < least:
        yield Finding(
            id="driver/toolkit",
            severity=Severity.ERROR,
            what=f"driver {version} runs nothing that CUDA {toolkit.version} ({toolkit.nvcc}) builds: "
            f"{least} is the oldest that does",
            cause="programs stop: CUDA driver version is insufficient for CUDA runtime version",
            fix=f"update the driver to {least} or newer, or build with a toolkit of a lower major version",
            source=COMPATIBILITY,
        )
    elif shipped and version < shipped:
        yield Finding(
            id="driver/ptx",
            severity=Severity.NOTE,
            what=f"driver {version} is older than the one of CUDA {toolkit.version} ({shipped})",
            cause="machine code of it runs (minor-version compatibility), its PTX does not: PTX was compiled with an "
            "unsupported toolchain",
            fix=f"compile for this GPU by number, as envspec does; or update the driver to {shipped}",
            source=COMPATIBILITY,
        )


def for_cuda(host: Host, catalog: Catalog) -> Findings:
    """Which major versions of CUDA the driver runs at all."""
    if host.driver is None:
        return
    least: dict[int, Version] = {}
    for line, row in catalog.line_of.items():
        least[line.major] = min(least.get(line.major, least_driver(row, host)), least_driver(row, host))
    runs = [major for major, driver in least.items() if driver <= host.driver.version]
    beyond = [major for major in least if major not in runs]
    if not beyond:
        return
    severity = Severity.ERROR if not runs else Severity.NOTE if len(beyond) == 1 else Severity.WARNING
    newest = f"{runs[-1]}.x" if runs else "none that envspec knows"
    needs = listed(f"CUDA {major}.x needs {least[major]}" for major in beyond)
    yield Finding(
        id="driver/cuda",
        severity=severity,
        what=f"driver {host.driver.version} runs CUDA up to {newest}; {needs}",
        cause="newer builds stop: CUDA driver version is insufficient for CUDA runtime version",
        fix=f"update the driver to {least[beyond[-1]]} or newer"
        + (f", or stay with builds for CUDA {runs[-1]}.x: `cuda:` in the spec" if runs else ""),
        source=COMPATIBILITY,
    )


def for_gpu(host: Host, catalog: Catalog) -> Findings:
    """A card that the driver no longer supports, or does not support yet."""
    if host.driver is None:
        return
    found = host.driver.version
    for number in sorted({known for gpu in nvidia(host) if (known := capability(gpu, catalog))}):
        names = listed(dict.fromkeys(gpu.name for gpu in nvidia(host) if capability(gpu, catalog) == number))
        row = catalog.architecture_of.get(number)
        first = catalog.first_driver(number, windows=with_windows_driver(host))
        if row and row.dropped_by(found):
            yield Finding(
                id="driver/newer-than-card",
                severity=Severity.ERROR,
                what=f"driver {found} does not support {names} ({row.name}, {number})",
                cause=f"branch {row.last_driver} is the last one for {row.name}",
                fix=f"install a driver of branch {row.last_driver}"
                + (f", and use CUDA {lines[-1]} or older" if (lines := catalog.lines_for(number)) else ""),
                source=LEGACY,
            )
        elif first and found.major < first:
            yield Finding(
                id="driver/older-than-card",
                severity=Severity.ERROR,
                what=f"driver {found} does not know {names} ({number}) yet",
                cause=f"branch {first} is the first one for it",
                fix=f"update the driver to branch {first} or newer",
                source="https://docs.nvidia.com/datacenter/tesla/drivers/index.html",
            )


def ceiling(host: Host, catalog: Catalog) -> Findings:
    """The CUDA version that nvidia-smi shows is no toolkit."""
    if host.driver is None or host.driver.cuda is None:
        return
    shown = host.driver.cuda.line
    if any(toolkit.version.line == shown for toolkit in host.toolkits):
        return
    unreleased = shown not in catalog.line_of and min(catalog.line_of) < shown < max(catalog.line_of)
    yield Finding(
        id="driver/ceiling",
        severity=Severity.NOTE,
        what=f"the CUDA {shown} that nvidia-smi shows is the newest that the driver supports, not a toolkit",
        cause="builds for older CUDA run as well; an index of wheels for just this version need not exist"
        + (f", and a toolkit {shown} was never released" if unreleased else ""),
        fix="nothing to do: `cuda:` in a spec may be any line up to this one",
        source=COMPATIBILITY,
    )


TRAPS: tuple[Trap, ...] = (fault, missing, for_toolkit, for_cuda, for_gpu, ceiling)
