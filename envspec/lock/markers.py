"""Split a universal resolution: what remains of a marker once the platform is known."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from packaging.markers import Marker
from packaging.specifiers import SpecifierSet

from envspec.spec import python_versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envspec.gpu import Platform
    from envspec.lock.model import Pin

UNKNOWN = ("platform_release", "platform_version")
"""Marker variables that only the machine itself knows; whoever installs evaluates them."""


def for_platform(pins: tuple[Pin, ...], platform: Platform, python: str) -> tuple[Pin, ...]:
    """Pins that `platform` needs on some Python of the range, with markers about Python only."""
    return tuple(_narrowed(pins, platform, python))


def applies(pin: Pin, platform: Platform, python: str) -> bool:
    """Whether a pin is installed with exactly this Python."""
    return not pin.marker or _holds(pin.marker, platform, python)


def _narrowed(pins: tuple[Pin, ...], platform: Platform, python: str) -> Iterator[Pin]:
    for pin in pins:
        marker = _narrow(pin.marker, platform, python) if pin.marker else ""
        if marker is not None:
            yield pin.model_copy(update={"marker": marker})


@cache
def _span(python: str) -> Mapping[int, tuple[str, str]]:
    return python_versions(SpecifierSet(python))


@cache
def _narrow(marker: str, platform: Platform, python: str) -> str | None:
    """Give the rest of `marker` as a condition on Python; None where it is never true."""
    if any(name in marker for name in UNKNOWN):
        return marker
    truth = {minor: [_holds(marker, platform, version) for version in ends] for minor, ends in _span(python).items()}
    if any(low != high for low, high in truth.values()):
        return marker
    true = [minor for minor, (low, _) in truth.items() if low]
    if not true:
        return None
    if len(true) == len(truth):
        return ""
    return " or ".join(_condition(first, last, list(truth)) for first, last in _runs(true))


def _holds(marker: str, platform: Platform, python: str) -> bool:
    environment = {
        **platform.markers,
        "implementation_name": "cpython",
        "implementation_version": python,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_version": "",
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
        "extra": "",
    }
    return Marker(marker).evaluate(environment)


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    first = last = numbers[0]
    for number in numbers[1:]:
        if number != last + 1:
            yield first, last
            first = number
        last = number
    yield first, last


def _condition(first: int, last: int, span: list[int]) -> str:
    lower = [f'python_version >= "3.{first}"'] if first != span[0] else []
    upper = [f'python_version < "3.{last + 1}"'] if last != span[-1] else []
    return " and ".join(lower + upper)
