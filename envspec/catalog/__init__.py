"""Compatibility facts as validated rows; a new release is a row and no Python."""

from envspec.catalog.load import load
from envspec.catalog.model import Catalog, KnownArchive, LeftOut, LlamaEra, LlamaRelease

__all__ = ["Catalog", "KnownArchive", "LeftOut", "LlamaEra", "LlamaRelease", "load"]
