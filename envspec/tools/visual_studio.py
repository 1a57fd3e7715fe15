"""The C++ toolsets of Visual Studio, by vswhere."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import Version
from pydantic import TypeAdapter, ValidationError

from envspec.frozen import Frozen
from envspec.host import Compiler, CompilerKind

if TYPE_CHECKING:
    from envspec.tools.place import Place

QUERY = ("-all", "-products", "*", "-format", "json", "-utf8")
"""Source: https://github.com/microsoft/vswhere/wiki/Find-VC"""


class _Installation(Frozen, extra="ignore"):
    """One Visual Studio or Build Tools; most of what vswhere tells of it does not matter."""

    installationPath: str  # noqa: N815 - its name in JSON


INSTALLATIONS = TypeAdapter(list[_Installation])


def find(place: Place) -> tuple[Compiler, ...]:
    """All toolsets, newest first; CMake takes the newest of the newest Visual Studio."""
    programs = place.environment.get("PROGRAMFILES(X86)", "")
    vswhere = Path(programs) / "Microsoft Visual Studio" / "Installer" / "vswhere.exe"
    done = place.run(str(vswhere), *QUERY) if programs else None
    folders = [folder for path in parse(done.stdout if done else "") for folder in _toolsets(Path(path))]
    found = [
        Compiler(kind=CompilerKind.MSVC, version=Version(folder.name), path=str(compiler))
        for folder in folders
        for compiler in sorted(folder.glob("bin/Hostx64/x64/cl.exe"))
    ]
    return tuple(sorted(found, key=lambda compiler: compiler.version, reverse=True))


def parse(text: str) -> tuple[str, ...]:
    """Folders of the installations in the JSON of vswhere."""
    try:
        return tuple(item.installationPath for item in INSTALLATIONS.validate_json(text))
    except (ValidationError, json.JSONDecodeError):
        return ()


def _toolsets(installation: Path) -> list[Path]:
    tools = installation / "VC" / "Tools" / "MSVC"
    return [folder for folder in sorted(tools.glob("*")) if re.fullmatch(r"\d+(\.\d+)+", folder.name)]
