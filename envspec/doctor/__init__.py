"""What people stumble over on a machine, with cause and fix."""

from envspec.doctor.findings import findings
from envspec.doctor.model import Finding, Severity

__all__ = ["Finding", "Severity", "findings"]
