"""Compatibility facts as validated rows; a new release is a row and no Python."""

from envspec.catalog.load import load, merged, overlaid, parse, texts
from envspec.catalog.model import AmdGpu, CudaLine, CudaRelease, NvidiaGpu, Row
from envspec.catalog.packages import (
    KnownArchive,
    LeftOut,
    LlamaEra,
    LlamaOption,
    LlamaRelease,
    LlamaWheel,
    TorchRelease,
    TorchWheel,
)
from envspec.catalog.queries import Catalog, slug

__all__ = [
    "AmdGpu",
    "Catalog",
    "CudaLine",
    "CudaRelease",
    "KnownArchive",
    "LeftOut",
    "LlamaEra",
    "LlamaOption",
    "LlamaRelease",
    "LlamaWheel",
    "NvidiaGpu",
    "Row",
    "TorchRelease",
    "TorchWheel",
    "load",
    "merged",
    "overlaid",
    "parse",
    "slug",
    "texts",
]
