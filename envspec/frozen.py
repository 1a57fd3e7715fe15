"""The base of all models: immutable, and strict about unknown fields."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Frozen(BaseModel):
    """A value: frozen, hashable, with no field that is not declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")
