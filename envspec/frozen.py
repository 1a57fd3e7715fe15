"""The base of all models: immutable, and strict about unknown fields; and the type of plain values."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Json: TypeAlias = "str | float | bool | Sequence[Json] | Mapping[str, Json] | None"
"""What JSON can say, and YAML without tags."""


class Frozen(BaseModel):
    """A value: frozen, hashable, with no field that is not declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")
