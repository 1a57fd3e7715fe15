"""The one form that the files of the catalog have: rows sorted by key, one row a line, folded at 200 characters."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from ruamel.yaml import YAML

from envspec.catalog.model import Row
from envspec.catalog.tables import Tables

if TYPE_CHECKING:
    from envspec.catalog.load import Fields

WIDTH = 200
FOLD = " " * 5
PLAIN = re.compile(r"[A-Za-z0-9/<>=+(][^:#,\[\]{}\"'&*!|%@`]*(?<! )")
"""What needs no quotes inside `{ }`; addresses are added by `scalar`."""
OTHER_TYPE = re.compile(r"[-+]?\d+\.\d*|[-+]?\.\d+|0[xo].*|\d+[eE]\d+|~|null|yes|no|on|off|y|n", re.IGNORECASE)
"""What a YAML reader might take for another number than was written; true and false are meant so."""


def canonical(text: str) -> str:
    """Write a file of the catalog anew; only comments stay as they are."""
    tree = cast("dict[str, object]", YAML(typ="base", pure=True).load(text))
    comments = comments_of(text)
    parts = [comments.get("", "")]
    for name, table in tree.items():
        if name == "sources":
            lines = [
                folded(f"  {key}: {scalar(value)}") for key, value in sorted(cast("dict[str, str]", table).items())
            ]
        else:
            lines = [line(row, name) for row in in_order(cast("list[Fields]", table), name)]
        parts.append(
            "".join(f"{entry}\n" for entry in (comments.get(name), f"{name}:" if lines else "", *lines) if entry)
        )
    return "\n".join(part.rstrip("\n") + "\n" for part in parts if part)


def comments_of(text: str) -> dict[str, str]:
    """Comment lines before each table, and those of the head under the empty name."""
    comments: dict[str, str] = {}
    block: list[str] = []
    for entry in text.splitlines():
        if entry.startswith("#"):
            block.append(entry)
        elif block and not entry:
            comments[""] = "\n".join(block)
            block = []
        elif block:
            comments[entry.split(":")[0]] = "\n".join(block)
            block = []
    return comments


def in_order(rows: list[Fields], table: str) -> list[Fields]:
    """Rows sorted by key, numbers inside names by value."""
    kind = row_class(table)

    def key(row: Fields) -> list[list[tuple[int, int, str]]]:
        return [natural(str(row.get(name, ""))) for name in kind.KEY]

    return sorted(rows, key=key)


def natural(text: str) -> list[tuple[int, int, str]]:
    """Sorting key: 2.10.0 after 2.9.1, RTX 2080 before RTX 3090."""
    words = re.findall(r"\d+|\D+", text)
    return [(0, int(word), "") if word.isdigit() else (1, 0, word) for word in words]


def row_class(table: str) -> type[Row]:
    """Class of the rows of a table."""
    annotation = Tables.model_fields[table].annotation
    return cast("type[Row]", annotation.__args__[0])  # type: ignore[union-attr]  # tuple[Row, ...]


def line(row: Fields, table: str) -> str:
    """One row, folded at spaces; a folded scalar reads the same."""
    kind = row_class(table)
    last = tuple(Row.model_fields)
    names = [*kind.KEY, *(name for name in kind.model_fields if name not in (*kind.KEY, *last)), *last]
    if "until" in names:
        names.remove("until")
        names.insert(names.index("since") + 1, "until")
    return folded("  - " + flow({name: row[name] for name in names if name in row}))


def folded(text: str) -> str:
    """Break a long line after a comma, or else at a space."""
    lines: list[str] = []
    while len(text) > WIDTH:
        comma, space = text.rfind(", ", 0, WIDTH) + 1, text.rfind(" ", len(FOLD) + 1, WIDTH)
        cut = comma if comma > WIDTH // 2 else space
        if cut < 0:
            break
        lines.append(text[:cut])
        text = FOLD + text[cut + 1 :]
    return "\n".join([*lines, text])


def flow(value: object) -> str:
    """Write a value as YAML in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(entry) for entry in value) + "]"
    return scalar(str(value))


def scalar(text: str) -> str:
    """Write text: bare where no reader could take it for something else, else in double quotes."""
    address = re.fullmatch(r"https?://[^\s,\[\]{}#'\"]+", text)
    if address or (PLAIN.fullmatch(text) and not OTHER_TYPE.fullmatch(text)):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:]):
        path.write_text(canonical(path.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
