"""Environment variables that change how GPU programs are built or run, without the secrets in them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

KEPT = frozenset(
    (
        *(
            "CMAKE_ARGS",
            "CMAKE_GENERATOR",
            "CMAKE_CUDA_ARCHITECTURES",
            "CUDAARCHS",
            "FORCE_CMAKE",
            "SKBUILD_CMAKE_ARGS",
        ),
        *("CUDA_HOME", "CUDA_PATH", "CUDA_ROOT", "CUDAToolkit_ROOT", "CUDACXX", "CUDAHOSTCXX"),
        *("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "NVIDIA_VISIBLE_DEVICES"),
        *("CC", "CXX", "CFLAGS", "CXXFLAGS", "LDFLAGS", "LD_LIBRARY_PATH", "LD_PRELOAD"),
        *("NVCC_APPEND_FLAGS", "NVCC_PREPEND_FLAGS"),
        *("HSA_OVERRIDE_GFX_VERSION", "HIP_PATH", "ROCM_PATH", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"),
        *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_BINARY", "PIP_ONLY_BINARY"),
        *("UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_TORCH_BACKEND"),
        *("CONDA_PREFIX", "CONDA_OVERRIDE_CUDA", "VIRTUAL_ENV", "PYTHONPATH"),
    )
)
PREFIXES = ("GGML_", "LLAMA_")
SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|AUTH|CREDENTIAL")
MASKS = (
    (re.compile(r"(\w://)[^/@\s]+@"), r"\1***@"),
    (re.compile(r"([?&][\w.-]*(?:key|token|auth|sig|secret|password)[\w.-]*=)[^&#\s]+", re.IGNORECASE), r"\1***"),
    (re.compile(r"\b(GPU|MIG)-(?:GPU-)?[0-9a-fA-F-]{4,}(?:/\d+/\d+)?"), r"\1-***"),
)
"""User and password of a URL, a token in its query, the identity of a GPU."""
TOKEN = re.compile(r"(?<=/)(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[\w-]{20,}(?=[/\s?#]|$)")
"""A part of the path of a URL that looks like a token."""


def kept(environment: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """Names and values, sorted; a name that ends in a blank is one that cmd.exe made of `set NAME = value`."""
    matter = [name for name in environment if _matters(name.rstrip())]
    return tuple((name, masked(environment[name])) for name in sorted(matter))


def _matters(name: str) -> bool:
    upper = name.upper()
    return (name in KEPT or upper.startswith(PREFIXES)) and not SECRET.search(upper)


def masked(value: str) -> str:
    """Value without credentials and identities."""
    for pattern, instead in MASKS:
        value = pattern.sub(instead, value)
    return " ".join(TOKEN.sub("***", part) if "://" in part else part for part in value.split(" "))
