"""Spec, Host, Catalog -> Plan: every choice with its reason, every rejection with its rule."""

from envspec.plan.cmake import FALSE, arguments
from envspec.plan.conflict import Change, Conflict
from envspec.plan.model import (
    Choice,
    CMakeOption,
    CudaPlan,
    GpuPlan,
    LlamaInstall,
    LlamaPlan,
    Plan,
    Rejection,
    SourceBuild,
    ToolkitPlan,
    TorchPlan,
)
from envspec.plan.resolve import resolve
from envspec.plan.why import Why, WhyNot, rule_ids, topics, why, why_not

__all__ = [
    "FALSE",
    "CMakeOption",
    "Change",
    "Choice",
    "Conflict",
    "CudaPlan",
    "GpuPlan",
    "LlamaInstall",
    "LlamaPlan",
    "Plan",
    "Rejection",
    "SourceBuild",
    "ToolkitPlan",
    "TorchPlan",
    "Why",
    "WhyNot",
    "arguments",
    "resolve",
    "rule_ids",
    "topics",
    "why",
    "why_not",
]
