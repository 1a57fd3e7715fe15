"""The rules: an id, one function each, by the kind of candidate that they judge."""

from __future__ import annotations

from envspec.plan.candidates import Rule
from envspec.plan.rules import asked, driver, llama, toolkit, torch

ASKED = (
    Rule("backend/platform", asked.platform),
    Rule("gpu/native", asked.native),
    Rule("gpu/platform", asked.gpu_platform),
    Rule("gpu/backend", asked.vendor),
    Rule("driver/gpu", driver.knows_gpu),
)
LINE = (
    Rule("cuda/requested", asked.line),
    Rule("driver/runtime", driver.runtime),
)
TORCH = (
    Rule("torch/tag-exists", torch.tag_exists),
    Rule("python/torch", torch.python),
    Rule("glibc/torch-wheel", torch.glibc),
    Rule("arch/torch-wheel", torch.code),
    Rule("arch/rocm-index", torch.rocm_targets),
    Rule("driver/ptx", torch.ptx),
)
SEEN = Rule("torch/seen", torch.seen)
"""Left out where nothing passes with it."""
TOOLKIT = (
    Rule("cuda/requested", toolkit.requested),
    Rule("toolkit/source", toolkit.source),
    Rule("arch/toolkit", toolkit.code),
    Rule("compiler/toolkit", toolkit.compiler),
    Rule("glibc/toolkit", toolkit.glibc),
)
WHEEL = (
    Rule("llama/install", llama.wheel_wanted),
    Rule("llama/wheel-runtime", llama.wheel_runtime),
    Rule("llama/wheel-content", llama.wheel_content),
    Rule("arch/llama-wheel", llama.wheel_code),
    Rule("python/llama-wheel", llama.wheel_python),
    Rule("glibc/llama-wheel", llama.wheel_glibc),
    Rule("driver/ptx", llama.wheel_ptx),
)
SOURCE = (
    Rule("llama/install", llama.source_wanted),
    Rule("llama/backend", llama.source_backend),
    Rule("llama/toolkit", llama.source_toolkit),
    Rule("llama/rocm", llama.source_rocm),
)
"""A compilation also needs a toolkit that passes the rules of TOOLKIT."""

__all__ = ["ASKED", "LINE", "SEEN", "SOURCE", "TOOLKIT", "TORCH", "WHEEL"]
