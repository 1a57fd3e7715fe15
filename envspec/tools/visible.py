"""Which GPUs the variables of CUDA and ROCm hide from programs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def hidden(value: str | None, cards: Sequence[tuple[str, tuple[str, ...]]]) -> set[str]:
    """UUIDs of the GPUs, and of their slices, that a value of CUDA_VISIBLE_DEVICES hides; None hides none.

    Each card is its UUID and those of its slices, in the order of nvidia-smi. The list ends at its first invalid
    entry; a list that names a GPU twice shows none.

    Source: https://docs.nvidia.com/cuda/cuda-programming-guide/05-appendices/environment-variables.html
    """
    everything = {uuid for card, slices in cards for uuid in (card, *slices)}
    if value is None:
        return set()
    shown: list[tuple[str, ...]] = []
    for entry in value.split(","):
        named = _named(entry.strip(), cards)
        if not named:
            break
        if named in shown:
            return everything
        shown.append(named)
    return everything - {uuid for named in shown for uuid in named}


def _named(entry: str, cards: Sequence[tuple[str, tuple[str, ...]]]) -> tuple[str, ...]:
    """UUIDs that one entry shows: a GPU with all its slices, or one slice with the GPU that it is part of."""
    if re.fullmatch(r"\d{1,4}", entry):
        return next(((card, *slices) for card, slices in cards[int(entry) : int(entry) + 1]), ())
    if old := re.fullmatch(r"MIG-(GPU-[^/]+)/\d+/\d+", entry):
        entry = old[1]
    if entry.startswith("MIG-"):
        return next(((card, part) for card, slices in cards for part in slices if part.startswith(entry)), ())
    matching = [(card, *slices) for card, slices in cards if entry.startswith("GPU-") and card.startswith(entry)]
    return matching[0] if len(matching) == 1 else ()
