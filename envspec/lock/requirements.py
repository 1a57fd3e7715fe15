"""Hashed requirements: the text that pip, pip-tools and uv read and write."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from envspec.errors import LockError
from envspec.lock.model import Pin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def render(pins: Iterable[Pin], header: str = "") -> str:
    """Write pins with one hash a line, and who needs each of them."""
    return header + "".join(_entry(pin) for pin in sorted(pins, key=lambda pin: (pin.name, pin.version, pin.marker)))


def _entry(pin: Pin) -> str:
    head = f"{pin.name}=={pin.version}" + (f" ; {pin.marker}" if pin.marker else "")
    lines = [head, *(f"    --hash=sha256:{digest}" for digest in sorted(pin.hashes))]
    via = f"    # via {', '.join(pin.via)}" if pin.via else "    # via the spec"
    return " \\\n".join(lines) + f"\n{via}\n"


def parse(text: str, source: str) -> tuple[Pin, ...]:
    """Read pins that `render`, uv or pip-compile wrote.

    Raises:
        LockError: a line is no exact pin with hashes; names `source` and the line.

    """
    return tuple(_pin(entry, f"{source}:{number}") for number, entry in _entries(text))


def _entries(text: str) -> Iterator[tuple[int, str]]:
    """Yield each requirement with its continuation lines and the comments below it."""
    start, entry = 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        if line[:1] in {"", "#"} or line.startswith("--"):
            continue
        if line[0].isspace():
            entry += "\n" + line.strip()
            continue
        if entry:
            yield start, entry
        start, entry = number, line
    if entry:
        yield start, entry


def _pin(entry: str, where: str) -> Pin:
    code = " ".join(line.removesuffix("\\") for line in entry.splitlines() if not line.startswith("#"))
    text, *options = code.split("--hash=sha256:")
    hint = "run `envspec lock` to write it anew"
    try:
        requirement = Requirement(text.strip())
    except InvalidRequirement as error:
        message = f"{where}: {str(error).splitlines()[0]}"
        raise LockError(message, hint=hint) from None
    exact = [item.version for item in requirement.specifier if item.operator == "=="]
    hashes = sorted(option.strip() for option in options)
    if len(exact) != 1 or not hashes or not all(re.fullmatch(r"[0-9a-f]{64}", digest) for digest in hashes):
        message = f"{where}: {requirement.name} is not pinned as name==version with sha256 hashes"
        raise LockError(message, hint=hint)
    comments = " ".join(line.strip("# ") for line in entry.splitlines() if line.startswith("#"))
    via = [name for name in re.split(r"[,\s]+", comments.removeprefix("via").strip()) if name]
    return Pin(
        name=canonicalize_name(requirement.name),
        version=exact[0],
        hashes=tuple(hashes),
        marker=str(requirement.marker or ""),
        via=() if "the" in via or "(pyproject.toml)" in via else tuple(sorted(via)),
    )
