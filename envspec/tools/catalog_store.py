"""Load the catalog quickly: its YAML is read once per version, then a JSON copy in the cache; overlays are files."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from envspec import catalog
from envspec.errors import HostError, SpecError
from envspec.tools import files

if TYPE_CHECKING:
    from envspec.catalog import Catalog
    from envspec.catalog.load import Rows

MAX_BYTES = 1 << 20
"""Of an overlay; the catalog itself has a fifth of it."""
VARIABLE = "ENVSPEC_CATALOG"
"""Names an overlay."""
OVERLAY = "envspec-catalog.yaml"
"""Overlay of a project, beside its `specs/`."""


def load(project: Path | None = None, *, overlay: Path | None = None) -> Catalog:
    """The catalog, with the rows of an overlay: the one given, or that of the environment or of the project folder.

    Raises:
        SpecError: the overlay is wrong, or ENVSPEC_CATALOG names no file.

    """
    path = overlay or _overlay(project)
    rows, known = _rows()
    return catalog.overlaid(rows, _text(path), str(path)) if path else known


def _overlay(project: Path | None) -> Path | None:
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named)
    found = project / OVERLAY if project else None
    return found if found and found.exists() else None


def _text(path: Path) -> str:
    try:
        if path.exists() and not path.is_dir() and not path.is_file():
            message = f"{path} is no regular file"
            raise SpecError(message)
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1)
        if len(text) > MAX_BYTES:
            message = f"{path}: larger than {MAX_BYTES // 1024} KiB, so it is no overlay of the catalog"
            raise SpecError(message)
        return text.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        what = getattr(error, "strerror", None) or "not UTF-8 text"
        message = f"the catalog overlay {path} cannot be read: {what}"
        raise SpecError(
            message, hint=f"it is given with --catalog, named by {VARIABLE}, or lies beside `specs/`"
        ) from error


def _rows() -> tuple[Rows, Catalog]:
    """All rows, from the copy in the cache where it is whole, and the catalog of them."""
    texts = catalog.texts()
    digest = hashlib.sha256("\0".join(texts.values()).encode()).hexdigest()
    try:
        copy = files.cache_root() / "catalog" / f"{digest}.json"
    except HostError:
        copy = None
    if copy:
        with contextlib.suppress(OSError, ValueError, ValidationError):
            kept: Rows = json.loads(copy.read_text(encoding="utf-8"))
            return kept, catalog.Catalog.model_validate(kept)
    rows = catalog.merged(*map(catalog.parse, texts.values()))
    if copy:
        _keep(copy, rows)
    return rows, catalog.Catalog.model_validate(rows)


def _keep(copy: Path, rows: Rows) -> None:
    """Write the copy, and remove those of other versions; without it everything works, only slower."""
    try:
        files.write(copy, json.dumps(rows))
        for other in copy.parent.glob("*.json"):
            if other != copy:
                other.unlink(missing_ok=True)
    except OSError:
        return
