"""Facts about a machine as a file that people can read, change and give to others: nothing in it says whose it is."""

from __future__ import annotations

import io
import platform
import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from envspec.errors import HostError, SpecError
from envspec.host import Host
from envspec.tools import files

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic_core import ErrorDetails

    from envspec.frozen import Json

    Patterns = tuple[tuple[re.Pattern[str], str], ...]

FORMAT = "envspec-host/1"
HEADER = """\
# Facts about a machine, written by `envspec doctor --save`. Without names of users and machines and without passwords.
# Read by `--host`: what a spec needs there, and what people stumble over. Facts that are left out are unknown.
"""
MAX_BYTES = 1 << 20
"""A host file has one page."""
SHOWN = 5
"""Problems that are told at once."""
HINT = "make a new one on that machine: `envspec doctor --save FILE`"
FREE = {"libraries", "library_path", "nvcc", "origin", "path", "variables", "wsl_clashes"}
"""Fields that hold paths; the others hold words and numbers that must stay."""
SHORT = 3
"""Names of fewer letters stand in too many words."""
NOBODY = {"root", "user", "users", "home", "admin", "ubuntu", "debian"}


def save(host: Host, path: Path) -> None:
    """Write the facts to a file.

    Raises:
        HostError: the path is a folder.

    """
    if path.is_dir():
        message = f"{path} is a folder"
        raise HostError(message, hint="name the file to write, such as host.yaml")
    home = _home()
    files.write(path, to_text(host, home, (home.name, platform.node().partition(".")[0])))


def _home() -> Path:
    """Home folder; the root where a user has none, as in some containers."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/")


def to_text(host: Host, home: Path, names: Iterable[str] = ()) -> str:
    """Facts as YAML; in paths, `home` becomes `~` and `names` of the user and the machine become `***`."""
    facts = {"format": FORMAT, **host.model_dump(mode="json", exclude_defaults=True)}
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.width = None, 110
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # annotated with its default, None
    out = io.StringIO()
    yaml.dump(_anonymous(facts, _patterns(home, names)), out)
    return HEADER + "".join(f"{line.rstrip()}\n" for line in out.getvalue().splitlines())


def _patterns(home: Path, names: Iterable[str]) -> Patterns:
    homes = sorted({str(home), home.as_posix()} - {"/", "\\", "."}, reverse=True)
    private = sorted(name for name in names if len(name) >= SHORT and name.lower() not in NOBODY)
    return (
        *((re.compile(rf"{re.escape(one)}(?=[/\\:;,]|$)"), "~") for one in homes),
        (re.compile(r"(?i)(?<=[/\\])(users|home)([/\\])[^/\\:;]+"), r"\1\2***"),
        *((re.compile(rf"(?i)(?<=[/\\]){re.escape(name)}(?=[/\\:;,.]|$)"), "***") for name in private),
    )


def _anonymous(value: Json, patterns: Patterns, *, free: bool = False) -> Json:
    """Replace what tells persons and machines, in the fields that hold paths."""
    if isinstance(value, str):
        for pattern, instead in patterns if free else ():
            value = pattern.sub(instead, value)
        return value
    if isinstance(value, dict):
        return {name: _anonymous(part, patterns, free=name in FREE) for name, part in value.items()}
    return [_anonymous(part, patterns, free=free) for part in value] if isinstance(value, list) else value


def load(path: Path) -> Host:
    """Read a host file.

    Raises:
        SpecError: it is none; names file and field.

    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise SpecError(message, hint=HINT) from error
    if len(data) > MAX_BYTES:
        message = f"{path}: larger than {MAX_BYTES >> 10} KiB, so it is not a host file"
        raise SpecError(message, hint=HINT)
    try:
        return from_text(data.decode("utf-8-sig"), str(path))
    except UnicodeDecodeError as error:
        message = f"{path}: not a text file in UTF-8"
        raise SpecError(message, hint=HINT) from error


def from_text(text: str, where: str) -> Host:
    """Read the text of a host file; `where` names it in messages.

    Raises:
        SpecError: it is none; names the field.

    """
    try:
        tree = cast("object", YAML(typ="base", pure=True).load(text))
    except (RecursionError, ValueError, YAMLError) as error:
        message = f"{where}: not valid YAML: {' '.join(str(error).split())[:300]}"
        raise SpecError(message, hint=HINT) from None
    if not isinstance(tree, dict) or "format" not in tree:
        message = f"{where}: not a host file: it has no `format`"
        raise SpecError(message, hint=HINT)
    if tree["format"] != FORMAT:
        message = f"{where}: format {str(tree['format'])[:60]!r}; this envspec reads {FORMAT}"
        raise SpecError(message, hint=f"upgrade envspec, or {HINT}")
    try:
        return Host.model_validate(tree)
    except ValidationError as error:
        problems = [f"{where}: {_explain(problem)}" for problem in error.errors()[:SHOWN]]
        raise SpecError("\n".join(problems), hint=HINT) from None


def _explain(problem: ErrorDetails) -> str:
    place = ".".join(str(part) for part in problem["loc"])
    said = {"extra_forbidden": "unknown fact", "missing": "missing"}
    return f"{place}: {said.get(problem['type'], problem['msg'].removeprefix('Value error, '))}"
