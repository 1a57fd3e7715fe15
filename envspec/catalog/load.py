"""Read the tables that envspec ships."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from ruamel.yaml import YAML

from envspec.catalog.model import Catalog


@cache
def load() -> Catalog:
    """Read and validate all tables; a bad row is a bug and raises pydantic's error."""
    text = files("envspec.catalog").joinpath("llama_cpp_python.yaml").read_text(encoding="utf-8")
    return Catalog.model_validate(YAML(typ="safe", pure=True).load(text))
