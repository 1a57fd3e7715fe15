"""Profiles of machines: files that say what somebody has, what he asks for, and what must come out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ruamel.yaml import YAML

from envspec.host import Host
from envspec.spec import Spec

if TYPE_CHECKING:
    from envspec.frozen import Json

CASES = sorted((Path(__file__).parent / "cases" / "machines").glob("*.yaml"))


class Profile(NamedTuple):
    """One file: a machine, a request, and what is expected of it."""

    spec: Spec
    host: Host | None
    expect: dict[str, Json]


def profile(path: Path) -> Profile:
    """Read a profile; its numbers are text, as in a spec."""
    tree = YAML(typ="base", pure=True).load(path.read_text(encoding="utf-8"))
    spec = Spec.model_validate({"envspec": "1", "name": "case", **tree["spec"]})
    host = Host.model_validate(tree["host"]) if tree.get("host") else None
    return Profile(spec, host, tree["expect"])
