"""Is a lock still the lock of its spec? Only what the user wrote counts, not what a newer catalog would choose."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envspec.frozen import Json
    from envspec.lock.model import Lock
    from envspec.spec import Spec


def changes(lock: Lock, spec: Spec) -> tuple[str, ...]:
    """What the spec says now that it did not say when the lock was made, a line each."""
    before, now = (model.model_dump(mode="json", by_alias=True, exclude_defaults=True) for model in (lock.spec, spec))
    return tuple(_differences(before, now, ""))


def differences(before: Lock | None, now: Lock) -> tuple[str, ...]:
    """Packages that two locks pin differently, a line each."""
    old, new = (_versions(lock) if lock else {} for lock in (before, now))
    names = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
    return tuple(
        f"{name} {old[name]} -> {new.get(name, 'removed')}" if name in old else f"{name} {new[name]} added"
        for name in names
    )


def _versions(lock: Lock) -> dict[str, str]:
    """Versions of each package on all platforms; the name of a build tool says so."""
    found: dict[str, set[str]] = {}
    for item in lock.platforms:
        for suffix, pins in (("", item.packages), (" (build)", item.build_packages)):
            for pin in pins:
                found.setdefault(pin.name + suffix, set()).add(pin.version)
    return {name: ", ".join(sorted(versions)) for name, versions in found.items()}


def _differences(before: Json, now: Json, path: str) -> Iterator[str]:
    if before == now:
        return
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted(before.keys() | now.keys()):
            yield from _differences(before.get(key), now.get(key), f"{path}.{key}" if path else key)
    elif isinstance(before, list) and isinstance(now, list) and sorted(map(str, before)) != sorted(map(str, now)):
        yield from (f"{path}: {item} added" for item in now if item not in before)
        yield from (f"{path}: {item} removed" for item in before if item not in now)
    elif before is None:
        yield f"{path}: {_plain(now)} added"
    elif now is None:
        yield f"{path}: {_plain(before)} removed"
    elif not isinstance(before, list):
        yield f"{path}: {_plain(before)} -> {_plain(now)}"


def _plain(value: Json) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_plain(item)}" for key, item in value.items())
    return ", ".join(_plain(item) for item in value) if isinstance(value, list) else str(value)
