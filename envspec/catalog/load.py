"""From the texts of the tables to the catalog, with the corrections of an overlay."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, cast

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from envspec.catalog.queries import Catalog
from envspec.catalog.tables import Tables
from envspec.errors import SpecError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envspec.catalog.model import Row

FILES = (
    "backends.yaml",
    "cuda.yaml",
    "gpus.yaml",
    "torch.yaml",
    "llama_cpp_python.yaml",
    "llama_wheels.yaml",
    "llama_options.yaml",
)
Fields = dict[str, object]
Rows = dict[str, list[Fields]]


@cache
def load() -> Catalog:
    """Read and validate the tables that envspec ships; a bad row is a bug and raises pydantic's error."""
    return Catalog.model_validate(merged(*map(parse, texts().values())))


def texts() -> dict[str, str]:
    """Text of each file of the catalog."""
    folder = files("envspec.catalog")
    return {name: folder.joinpath(name).read_text(encoding="utf-8") for name in FILES}


def parse(text: str) -> Rows:
    """Read one file: its tables, the names of their sources written out. All values are text.

    Raises:
        ValueError: the text has another form.
        YAMLError: the text is not YAML.

    """
    tree = YAML(typ="base", pure=True).load(text)
    if not isinstance(tree, dict) or not all(
        isinstance(table, dict if name == "sources" else list) for name, table in tree.items()
    ):
        message = "expected tables: names, each with a list of rows"
        raise ValueError(message)
    sources: dict[str, str] = tree.pop("sources", {})
    for name, table in tree.items():
        for row in table:
            if not isinstance(row, dict):
                message = f"{name}: a row is not a mapping of fields"
                raise ValueError(message)  # noqa: TRY004 - one kind of error for all wrong forms
            if isinstance(row.get("source"), str):
                row["source"] = sources.get(row["source"], row["source"])
    return cast("Rows", tree)


def merged(*parts: Rows) -> Rows:
    """All tables; a later row corrects an earlier one of the same key, field by field."""
    tables: Rows = {}
    for part in parts:
        for name, rows in part.items():
            key = _key(name)
            known = {_identity(row, key): row for row in tables.get(name, [])}
            for row in rows:
                identity = _identity(row, key)
                known[identity] = {**known.get(identity, {}), **row}
            tables[name] = list(known.values())
    return tables


def overlaid(base: Rows, text: str, where: str) -> Catalog:
    """The catalog with the rows of a user's file.

    Raises:
        SpecError: the file is no overlay; names table, row and field.

    """
    hint = "a new row needs all fields of its table and a `source`; `envspec catalog cuda --json` shows some rows"
    try:
        tables = merged(base, parse(text))
        return consistent(Catalog.model_validate(tables))
    except ValidationError as error:
        message = f"{where}: {_told(error, tables)}"
        raise SpecError(message, hint=hint) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f"{mark.line + 1}: " if mark else " "
        message = f"{where}:{line}not valid YAML: {error.problem or error.context}"
        raise SpecError(message, hint="check indentation, quotes and colons") from None
    except (RecursionError, ValueError, YAMLError) as error:
        message = f"{where}: {' '.join(str(error).split())}"
        raise SpecError(message, hint=hint) from None


def consistent(catalog: Catalog) -> Catalog:
    """The same catalog, if its rows go together.

    Raises:
        ValueError: a row speaks of something that has no row of its own.

    """
    for gpu in catalog.nvidia_gpus:
        if gpu.capability not in catalog.architecture_of:
            message = f"nvidia_gpus: {gpu.name}: compute capability {gpu.capability} has no row in `architectures`"
            raise ValueError(message)
    releases = {row.version for row in catalog.torch_releases}
    for wheel in catalog.torch_wheels:
        if wheel.torch not in releases:
            message = f"torch_wheels: {wheel.torch} {wheel.tag}: the release has no row in `torch_releases`"
            raise ValueError(message)
    return catalog


def _told(error: ValidationError, tables: Rows) -> str:
    """Name the row of a problem by its key; a wrong value is told before a missing field."""
    problem = min(error.errors(), key=lambda one: one["type"] == "missing")
    table, number, *field = problem["loc"]
    name = " ".join(filter(None, _identity(tables[str(table)][int(number)], _key(str(table)))))
    return f"{table}: {name}: {'.'.join(map(str, field))}: {problem['msg'].removeprefix('Value error, ')}"


def _key(table: str) -> tuple[str, ...]:
    field = Tables.model_fields.get(table)
    if field is None:
        message = f"{table}: no such table; there are {', '.join(Tables.model_fields)}"
        raise ValueError(message)
    row = cast("type[Row]", field.annotation.__args__[0])  # type: ignore[union-attr]  # tuple[Row, ...]
    return row.KEY


def _identity(row: Mapping[str, object], key: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(row.get(name, "")) for name in key)
