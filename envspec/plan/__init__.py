"""Spec, Host, Catalog -> Plan: every choice with its reason, every rejection with its rule."""

from envspec.plan.model import Choice, CMakeOption, Plan, Rejection, SourceBuild
from envspec.plan.resolve import resolve

__all__ = ["CMakeOption", "Choice", "Plan", "Rejection", "SourceBuild", "resolve"]
