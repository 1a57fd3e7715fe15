"""Profiles of machines with what must come out: values worked out from the facts, not from the code."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from envspec import catalog
from envspec.errors import EnvspecError
from envspec.plan import Conflict, Plan, resolve
from tests.profiles import CASES, profile

if TYPE_CHECKING:
    from pathlib import Path

    from envspec.frozen import Json

CATALOG = catalog.load()
CONFLICTS = {"conflict", "conflict_any"}


def seen(plan: Plan) -> dict[str, Json]:
    """What a profile can speak about."""
    options = {option.name: option.value for option in plan.build.cmake} if plan.build else {}
    toolkit = plan.cuda.toolkit if plan.cuda else None
    return {
        "torch": f"{plan.torch.version}+{plan.torch.tag}" if plan.torch else None,
        "cuda": plan.cuda.line if plan.cuda else None,
        "release": toolkit.release if toolkit else None,
        "toolkit": toolkit.source if toolkit else None,
        "llama": plan.llama.version if plan.llama else None,
        "install": {one.platform: one.wheel or "source" for one in plan.llama.installs} if plan.llama else {},
        "architectures": options.get("CMAKE_CUDA_ARCHITECTURES"),
        "python": plan.python,
        "cmake": options,
    }


def written(value: Json) -> Json:
    """`null` of a file as None."""
    return None if value in ("null", "~", "") else value


def ids(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", [path for path in CASES if not CONFLICTS & set(profile(path).expect)], ids=ids)
def test_a_plan(path: Path) -> None:
    case = profile(path)
    plan = resolve(case.spec, case.host, CATALOG)
    found = seen(plan)
    for key, wanted in case.expect.items():
        if key == "warns":
            for word in cast("list[str]", wanted):
                assert any(word in warning for warning in plan.warnings), (word, plan.warnings)
        elif key == "cmake":
            options = cast("dict[str, str]", found["cmake"])
            given = {name: options.get(name) for name in cast("dict[str, str]", wanted)}
            assert given == {name: written(value) for name, value in cast("dict[str, str]", wanted).items()}
        elif key == "python":
            assert plan.python in (wanted, f"=={wanted}.*")
        else:
            assert found[key] == written(wanted), key


@pytest.mark.parametrize("path", [path for path in CASES if CONFLICTS & set(profile(path).expect)], ids=ids)
def test_a_conflict(path: Path) -> None:
    case = profile(path)
    with pytest.raises(EnvspecError) as caught:
        resolve(case.spec, case.host, CATALOG)
    conflict = caught.value
    assert isinstance(conflict, Conflict), conflict
    names = sorted(name for name, _ in conflict.given)
    sets = [case.expect["conflict"]] if "conflict" in case.expect else cast("list[Json]", case.expect["conflict_any"])
    assert names in [sorted(cast("list[str]", one)) for one in sets]
    rules = {reason.rule for reason in conflict.reasons}
    assert set(cast("list[str]", case.expect.get("rules", []))) <= rules
    changes = {name: value for change in conflict.changes for name, value in change.lines}
    for name, value in cast("dict[str, str]", case.expect.get("change", {})).items():
        assert name in changes, changes
        assert written(value) in {None, changes[name]}
