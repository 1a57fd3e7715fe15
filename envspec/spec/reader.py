"""Read a spec: YAML text to Spec, every error with its line and column."""

from __future__ import annotations

import difflib
import re
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TypeAlias

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import Node, ScalarNode, SequenceNode

from envspec.errors import SpecError
from envspec.spec.model import Spec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic_core import ErrorDetails

Tree: TypeAlias = "str | list[Tree] | dict[str, Tree] | None"
Path: TypeAlias = tuple[str | int, ...]

MAX_BYTES = 256 * 1024
"""A spec is a page of text; anything larger is not a spec."""
MAX_VALUES = 10_000
"""Values after aliases are expanded; stops files that grow exponentially through nested anchors."""


class Place(NamedTuple):
    """Line and column of a key and of its value, counted from 1."""

    key: str
    value: str


@dataclass
class Document:
    """The values of a YAML file as the text that the user wrote, and where each of them stands."""

    source: str
    places: dict[Path, Place] = field(default_factory=dict)
    values: int = 0

    def fail(self, place: str, message: str, *, hint: str | None = None) -> NoReturn:
        """Raise an error that points into the file."""
        message = f"{self.source}:{place}: {message}"
        raise SpecError(message, hint=hint) from None

    def tree(self, node: Node, path: Path = (), key: str = "1:1") -> Tree:
        """Turn a YAML node into plain values, each scalar as its text."""
        self.values += 1
        here = _mark(node)
        if self.values > MAX_VALUES:
            self.fail(
                here,
                f"the file expands to more than {MAX_VALUES} values",
                hint="write the values out; anchors that refer to anchors are not needed in a spec",
            )
        self.places[path] = Place(key, here)
        if isinstance(node, ScalarNode):
            null = str(node.tag) == "tag:yaml.org,2002:null" and node.style is None
            return None if null else str(node.value)
        if isinstance(node, SequenceNode):
            return [self.tree(item, (*path, index), _mark(item)) for index, item in enumerate(node.value)]
        return dict(self._pairs(node, path))

    def _pairs(self, node: Node, path: Path) -> Iterator[tuple[str, Tree]]:
        seen: dict[str, str] = {}
        for name, value in node.value:
            place = _mark(name)
            if not isinstance(name, ScalarNode):
                self.fail(place, "a key must be a single value")
            key = str(name.value)
            if key in seen:
                self.fail(place, f"duplicate key {key!r}, first at {seen[key]}", hint="keep one of the two")
            seen[key] = place
            yield key, self.tree(value, (*path, key), place)

    def place(self, path: Path, *, of_key: bool = False) -> str:
        """Where a value stands, or the nearest thing around it that the user wrote."""
        while path not in self.places:
            path = path[:-1]
        return self.places[path].key if of_key else self.places[path].value


def read(text: str, source: str) -> Spec:
    """Read a spec.

    Raises:
        SpecError: the text is not YAML, or not a valid spec; names line and column.

    """
    if len(text) > MAX_BYTES:
        message = f"{source}: larger than {MAX_BYTES // 1024} KiB, so it is not a spec"
        raise SpecError(message, hint="give the path of a spec such as specs/quickstart.yaml")
    document = Document(source)
    tree = _compose(document, text)
    if not isinstance(tree, dict):
        hint = "a spec begins with the line `envspec: 1`; see specs/quickstart.yaml"
        document.fail("1:1", "expected a mapping of keys to values", hint=hint)
    try:
        return Spec.model_validate(tree)
    except ValidationError as error:
        told = [_explain(document, detail) for detail in error.errors()]
    told.sort(key=lambda item: [int(number) for number in item[0].split(":")])
    message = "\n".join(f"{source}:{place}: {text}" for place, text in told)
    raise SpecError(message, hint="`envspec schema` describes every key; specs/quickstart.yaml is an example")


def _compose(document: Document, text: str) -> Tree:
    try:
        with warnings.catch_warnings(action="ignore"):
            node = YAML(typ="rt", pure=True).compose(text)
        return None if node is None else document.tree(node)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
        problem = " ".join(part for part in (error.context, error.problem) if part)
        document.fail(place, f"not valid YAML: {problem}", hint="check indentation, quotes and colons")
    except (KeyError, ValueError, YAMLError) as error:
        document.fail("1:1", f"not valid YAML: {' '.join(str(error).split())}")
    except RecursionError:
        document.fail("1:1", "nested too deeply to be a spec")


def _mark(node: Node) -> str:
    return f"{node.start_mark.line + 1}:{node.start_mark.column + 1}"


def _explain(document: Document, detail: ErrorDetails) -> tuple[str, str]:
    """Give place and message of one pydantic error in the words of the user's file."""
    path: Path = detail["loc"]
    dotted = ".".join(str(part) for part in path)
    given = detail["input"]
    match detail["type"]:
        case "extra_forbidden":
            keys = _keys(path[:-1])
            known = _nearest(str(path[-1]), keys) or f"known keys: {', '.join(keys)}"
            return document.place(path, of_key=True), f"unknown key {path[-1]!r}; {known}"
        case "missing":
            return document.place(path[:-1]), f"missing key {path[-1]!r}"
        case "enum" | "literal_error":
            allowed = detail["ctx"]["expected"].replace(" or ", ", ").replace("'", "").split(", ")
            message = f"{dotted}: {given!r} is not one of {', '.join(allowed)}"
            nearest = _nearest(str(given), allowed)
            return document.place(path), f"{message}; {nearest}" if nearest else message
        case "value_error":
            return document.place(path), f"{dotted}: {detail['ctx']['error']}"
        case _:
            message = re.sub(
                r"dictionary or instance of \w+", "single value or mapping", detail["msg"].replace("tuple", "list")
            )
            return document.place(path), f"{dotted}: {message}"


def _nearest(word: str, known: list[str]) -> str | None:
    found = difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.6)
    return f"did you mean {found[0]!r}?" if found else None


def _keys(path: Path) -> list[str]:
    """Keys that are allowed in the mapping at `path`."""
    model: type[BaseModel] = Spec
    for part in path:
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        found = list(_models(fields[str(part)].annotation))
        model = found[0]
    return [field.alias or name for name, field in model.model_fields.items()]


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    """Find the models in an annotation such as `TorchRequest | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from _models(part)
