"""A matrix, multiplied out: one spec for each cell."""

from __future__ import annotations

import re
from itertools import product
from typing import TYPE_CHECKING, TypeAlias, cast

from packaging.specifiers import SpecifierSet
from pydantic import ValidationError

from envspec.spec.fields import range_text
from envspec.spec.model import Matrix, Spec, TorchRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envspec.gpu import CudaVersion

OPERATORS = {"===": "", "==": "", "~=": "near", "!=": "not", ">=": "from", "<=": "to", ">": "above", "<": "below"}
"""Words for the signs of a range: a name has to be one folder on every system."""
Value: TypeAlias = "CudaVersion | SpecifierSet | str"
Cell: TypeAlias = "dict[str, Value]"
Axes: TypeAlias = "dict[str, tuple[Value, ...]]"
AXES = ("cuda", "gpu", "python", "torch")


def expand(spec: Spec) -> tuple[Spec, ...]:
    """One spec for each cell that is not excluded, named after it; a spec without a matrix is its only cell.

    Raises:
        ValueError: every cell is excluded, or `exclude` names what is no value of its axis.

    """
    if spec.matrix is None:
        return (spec,)
    axes: Axes = {name: tuple(dict.fromkeys(getattr(spec.matrix, name))) for name in AXES if getattr(spec.matrix, name)}
    cells = (dict(zip(axes, values, strict=True)) for values in product(*axes.values()))
    kept = tuple(_cell(spec, cell) for cell in cells if not _excluded(axes, spec.matrix.exclude, cell))
    if not kept:
        message = "matrix: every cell is excluded"
        raise ValueError(message)
    return kept


def _excluded(axes: Axes, excluded: tuple[tuple[tuple[str, str], ...], ...], cell: Cell) -> bool:
    """Whether a line of `exclude` names this cell; an axis that it does not name counts as equal."""
    return any(all(cell[axis] == _meant(axes, axis, text) for axis, text in line) for line in excluded)


def _meant(axes: Axes, axis: str, text: str) -> Value:
    """The value of an axis that a text means: `RTX 4090` is rtx-4090."""
    try:
        (value,) = getattr(Matrix.model_validate({axis: text}), axis)
    except ValidationError:
        value = None
    if value not in axes[axis]:
        message = f"matrix: exclude names {axis} {text!r}, which is no value of that axis"
        raise ValueError(message)
    return cast("Value", value)


def _cell(spec: Spec, cell: Cell) -> Spec:
    update: dict[str, object] = {**cell, "matrix": None, "name": "-".join((spec.name, *_parts(cell)))}
    if "gpu" in cell:
        update["gpu"] = (cell["gpu"],)
    if "torch" in cell:
        request = spec.torch or TorchRequest()
        update["torch"] = request.model_copy(update={"version": cell["torch"]})
    return spec.model_copy(update=update)


def _parts(cell: Cell) -> Iterator[str]:
    """What a cell adds to the name: `cuda12.6`, `py3.12`, `torch2.6`, `rtx-4090`."""
    words = {"cuda": "cuda", "gpu": "", "python": "py", "torch": "torch"}
    for axis, value in cell.items():
        short = _text(value).replace(".*", "")
        for operator, word in OPERATORS.items():
            short = short.replace(operator, word)
        yield words[axis] + re.sub(r"[^A-Za-z0-9.]+", "-", short).strip("-")


def _text(value: Value) -> str:
    return range_text(value) if isinstance(value, SpecifierSet) else str(value)
