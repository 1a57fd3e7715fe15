"""The three kinds of file of a lock, and the way back."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from envspec.errors import LockError
from envspec.lock import requirements
from envspec.lock.model import Archive, Lock, PlatformLock
from envspec.plan import Plan
from envspec.spec import Spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envspec.frozen import Json
    from envspec.gpu import Platform

PLAN_FILE = "plan.yaml"
FORMAT = 1
HEADER = "# Written by `envspec lock`. Change the spec and lock again instead of editing this file.\n"


def to_files(lock: Lock) -> dict[str, str]:
    """Name and text of each file; the same lock gives the same bytes on every machine."""
    files: dict[str, str] = {}
    for item in lock.platforms:
        files[_file("pip", item.platform)] = requirements.render(item.packages, HEADER)
        if lock.plan.build:
            files[_file("build", item.platform)] = requirements.render(item.build_packages, HEADER)
    listing: dict[str, Json] = {
        "format": FORMAT,
        "spec": lock.spec.model_dump(mode="json", by_alias=True, exclude_defaults=True),
        "plan": lock.plan.model_dump(mode="json"),
        "sdist": lock.sdist.model_dump(mode="json") if lock.sdist else None,
        "files": {name: fingerprint(text) for name, text in sorted(files.items())},
    }
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style, yaml.width = False, 110
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # annotated with its default, None
    out = io.StringIO()
    yaml.dump(listing, out)
    return {PLAN_FILE: HEADER + out.getvalue(), **files}


def from_files(files: Mapping[str, str], where: str) -> Lock:
    """Read a lock; `where` is its folder, for messages.

    Raises:
        LockError: a file is missing, unreadable, edited, or of another format.

    """
    hint = "run `envspec lock` to write it anew"
    try:
        listing = YAML(typ="safe", pure=True).load(files[PLAN_FILE])
        found = listing["format"]
        if found != FORMAT:
            message = f"{where}: lock format {found}; this envspec reads format {FORMAT}"
            raise LockError(message, hint="upgrade envspec, or run `envspec lock`")
        for name, digest in listing["files"].items():
            if fingerprint(files[name]) != digest:
                message = f"{where}/{name} was changed after it was locked"
                raise LockError(message, hint=hint)
        plan = Plan.model_validate(listing["plan"])
        return Lock(
            spec=Spec.model_validate(listing["spec"]),
            plan=plan,
            sdist=listing["sdist"] and Archive.model_validate(listing["sdist"]),
            platforms=tuple(_platform(files, platform, plan, where) for platform in plan.platforms),
        )
    except KeyError as error:
        message = f"{where}: {error.args[0]} is missing"
        raise LockError(message, hint=hint) from None
    except (AttributeError, RecursionError, TypeError, ValueError, YAMLError):
        message = f"{where}/{PLAN_FILE} is damaged"
        raise LockError(message, hint=hint) from None


def _platform(files: Mapping[str, str], platform: Platform, plan: Plan, where: str) -> PlatformLock:
    name, tools = _file("pip", platform), _file("build", platform)
    return PlatformLock(
        platform=platform,
        packages=requirements.parse(files[name], f"{where}/{name}"),
        build_packages=requirements.parse(files[tools], f"{where}/{tools}") if plan.build else (),
    )


def _file(kind: str, platform: Platform) -> str:
    return f"{kind}-{platform}.txt"


def fingerprint(text: str) -> str:
    """sha256 of a text file, whatever line ends version control gave it."""
    return hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()
