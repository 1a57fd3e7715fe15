"""What the user asks for: the Spec, its YAML reader with positions, its JSON Schema."""

from envspec.spec.fields import python_versions, range_text
from envspec.spec.matrix import expand
from envspec.spec.model import (
    Base,
    Install,
    LlamaRequest,
    Matrix,
    Spec,
    ToolkitRequest,
    ToolkitSource,
    TorchRequest,
)
from envspec.spec.reader import MAX_BYTES, read
from envspec.spec.schema import schema

__all__ = [
    "MAX_BYTES",
    "Base",
    "Install",
    "LlamaRequest",
    "Matrix",
    "Spec",
    "ToolkitRequest",
    "ToolkitSource",
    "TorchRequest",
    "expand",
    "python_versions",
    "range_text",
    "read",
    "schema",
]
