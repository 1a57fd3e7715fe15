"""Where llama.cpp put the layers of a model, from its log lines and not from its printed summary.

`offloaded 5/5 layers to GPU` is computed from what was asked for; `layer 3 assigned to device CUDA0` is what was done.
Source: https://github.com/ggml-org/llama.cpp/blob/master/src/llama-model.cpp
"""

from __future__ import annotations

import re

ASSIGNED = re.compile(r"layer\s+(\d+) assigned to device (\S+?)(?:,|$)", re.MULTILINE)


def layers(log: str) -> dict[int, str]:
    """Device of each layer; the index after the last block is the output layer."""
    return {int(index): device for index, device in ASSIGNED.findall(log)}
