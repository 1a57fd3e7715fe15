"""Match specs of conda, as far as people write them into environment.yml.

Source: https://docs.conda.io/projects/conda/en/stable/user-guide/concepts/pkg-specs.html
"""

from __future__ import annotations

import re
from typing import NamedTuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet

NAME = re.compile(r"(?:(?P<channel>\S+?)::)?(?P<name>[A-Za-z0-9_][\w.-]*)\s*(?P<rest>(?:[\s=<>!~\[].*)?)")
BRACKETS = re.compile(r"\[(.*)\]\s*$")
PAIR = re.compile(r"(\w+)\s*=\s*(?:'([^']*)'|\"([^\"]*)\"|([^,\s]+))")
PART = re.compile(r"(===?|~=|[<>!]=?|=)?\s*v?(\d[\w.!]*?)(\.?\*)?")


class Match(NamedTuple):
    """A package with what is asked of it."""

    channel: str
    name: str
    version: str
    """As conda writes it: `=3.12`, `>=1,<2`, `1.11`; empty: any."""
    build: str

    def __str__(self) -> str:
        """The same without the build, which fits one platform only."""
        channel = f"{self.channel}::" if self.channel else ""
        joint = " " if self.version and self.version[0] not in "=~!" else ""
        return f"{channel}{self.name}{joint}{self.version}"


def parse(text: str) -> Match | None:
    """Read a match spec; None where it is none."""
    found = NAME.fullmatch(text.strip())
    if found is None:
        return None
    rest, given = found["rest"].strip(), dict[str, str]()
    brackets = BRACKETS.search(rest)
    if brackets:
        rest = rest[: brackets.start()].strip()
        given = {key: one or two or three for key, one, two, three in PAIR.findall(brackets[1])}
    version, build = _parts(rest)
    return Match(
        channel=found["channel"] or given.get("channel", ""),
        name=found["name"].lower(),
        version=version or given.get("version", ""),
        build=build or given.get("build", ""),
    )


def _parts(rest: str) -> tuple[str, str]:
    """Version and build of what follows the name."""
    fuzzy = re.fullmatch(r"=\s*([^=\s]+)\s*=?\s*(\S*)", rest)
    if fuzzy:
        return f"={fuzzy[1]}", fuzzy[2]
    joined = re.sub(r"\s*([,|])\s*", r"\1", re.sub(r"([=<>!~])\s+", r"\1", rest))
    version, _, build = joined.partition(" ")
    return ("" if version == "*" else version), build.strip()


def versions(text: str) -> SpecifierSet | None:
    """A version of conda as Python packages write it; None where that cannot be said, as with `|`."""
    parts = []
    for item in filter(None, text.split(",")):
        found = PART.fullmatch(item)
        if found is None:
            return None
        operator, number, star = found.groups()
        if operator in {"=", None, "=="} and (star or operator == "="):
            parts.append(f"=={number}" if number.count(".") > 1 and not star else f"=={number}.*")
        else:
            parts.append(f"{operator or '=='}{number}")
    try:
        return SpecifierSet(",".join(parts))
    except InvalidSpecifier:
        return None


def release(text: str) -> tuple[int, ...] | None:
    """The numbers of a version that is named, not of a range: (12, 1) of `=12.1` and `12.1.*`."""
    found = re.fullmatch(r"={0,2}(\d+(?:\.\d+)*)(?:\.?\*)?", text)
    return tuple(map(int, found[1].split("."))) if found else None
