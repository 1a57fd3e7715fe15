"""What the probes saw -> Report: every check with its evidence, none passed by absence."""

from envspec.verify.judge import judge
from envspec.verify.model import Check, Expectation, Observation, Report, Status

__all__ = ["Check", "Expectation", "Observation", "Report", "Status", "judge"]
