"""The JSON Schema of a spec, for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envspec.spec.model import Spec

if TYPE_CHECKING:
    from envspec.frozen import Json


def schema() -> dict[str, Json]:
    """JSON Schema of a spec as an editor sees it: after YAML turned `3.12` into a number."""
    made: dict[str, Json] = Spec.model_json_schema(by_alias=True, mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **{key: _single_for_list(value) for key, value in made.items()},
        "title": "envspec",
    }


def _single_for_list(node: Json) -> Json:
    """Say what the reader allows: a single value for a list of one."""
    if isinstance(node, list):
        return [_single_for_list(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _single_for_list(value) for key, value in node.items()}
    items = node.get("items")
    if node.get("type") != "array" or (isinstance(items, dict) and items.get("type") == "object"):
        return node
    outer = {"default", "description", "title"}
    described = {key: value for key, value in node.items() if key in outer}
    listed = {key: value for key, value in node.items() if key not in outer}
    return {**described, "anyOf": [items, listed]}
