"""Run programs inside a prefix."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from envspec.prefix import Activation, variables
from envspec.tools import process

if TYPE_CHECKING:
    from pathlib import Path

    from envspec.prefix import Prefix


def activation(target: Path, prefix: Prefix) -> Activation:
    """Activation of a prefix on this machine."""
    return Activation.of(target.absolute(), prefix.environment, windows=sys.platform == "win32")


def run(target: Path, prefix: Prefix, argv: tuple[str, ...]) -> int:
    """Run a program in place of this one, inside the environment."""
    return process.become(argv, variables(activation(target, prefix), os.environ))


def clean(target: Path, prefix: Prefix) -> dict[str, str]:
    """Environment inside a prefix with nothing of the user's shell that could change a result."""
    return variables(activation(target, prefix), process.clean_environment("CUDA_VISIBLE", "GGML_VK_VISIBLE"))
