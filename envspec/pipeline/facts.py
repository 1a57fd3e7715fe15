"""What is known: the catalog, and the facts of a machine.

Imports stand inside the functions, so that each call loads only what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from envspec.catalog import Catalog
    from envspec.catalog.compare import Difference, Unreached


class Compared(NamedTuple):
    """What live indexes say of the catalog."""

    differences: tuple[Difference, ...]
    unreached: tuple[Unreached, ...]
    pages: int
    """How many pages and labels were read."""


def catalog(overlay: Path | None = None) -> Catalog:
    """Read the catalog, with the corrections of an overlay: the one given, or that of this folder.

    Raises:
        SpecError: the overlay cannot be read, or has another form.

    """
    from pathlib import Path

    from envspec.tools import catalog_store

    return catalog_store.load(Path(), overlay=overlay)


def compare_catalog(overlay: Path | None = None) -> Compared:
    """Compare the catalog with the live indexes of torch, llama-cpp-python and CUDA.

    Raises:
        ToolError: no index can be read.

    """
    from envspec.catalog.compare import compare
    from envspec.tools import indexes

    rows = catalog(overlay)
    seen = indexes.look(rows)
    return Compared(compare(rows, seen), seen.unreached, len(seen.pages) + len(seen.labels))
