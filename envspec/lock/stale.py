"""Is a lock still the lock of its spec? Only what the user wrote counts, not what a newer catalog would choose."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envspec.lock.model import Lock
    from envspec.spec import Spec

Json: TypeAlias = "str | float | bool | None | list[Json] | dict[str, Json]"


def changes(lock: Lock, spec: Spec) -> tuple[str, ...]:
    """What the spec says now that it did not say when the lock was made, a line each."""
    before, now = (model.model_dump(mode="json", by_alias=True, exclude_defaults=True) for model in (lock.spec, spec))
    return tuple(_differences(before, now, ""))


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
