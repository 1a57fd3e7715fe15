"""Conflicts: minimal, with their reasons; and every change that is offered is made here and resolved again."""

from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING, NamedTuple

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from envspec import catalog
from envspec.gpu import Backend, Platform
from envspec.host import Compiler, CompilerKind, Driver, Host
from envspec.plan import Change, Conflict, Plan, Rejection, resolve
from envspec.plan.journal import Journal
from envspec.plan.question import Question
from envspec.plan.resolve import search
from envspec.spec import Base, Install, Spec, ToolkitRequest, ToolkitSource
from tests.profiles import CASES, profile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Asked = tuple[Spec, Host | None]

CATALOG = catalog.load()
ANY = SpecifierSet()
NVIDIA = {"vendor": "nvidia", "name": "NVIDIA GPU"}
PYTHONS = tuple(SpecifierSet(text) for text in (">=3.8", *(f"==3.{minor}.*" for minor in range(8, 16))))
LLAMA = "llama-cpp-python"
CONFLICTS = [path for path in CASES if {"conflict", "conflict_any"} & set(profile(path).expect)]


def spec(**lines: object) -> Spec:
    known = {"envspec": "1", "name": "x", "python": "3.12", "platforms": ["linux-64"], "backend": "cuda"}
    named = {LLAMA if name == "llama" else name: value for name, value in lines.items()}
    return Spec.model_validate({**known, **named})


def host(**facts: object) -> Host:
    known = {"platform": "linux-64", "cpu": "zen3", "libc": "glibc 2.39", "cores": 8, "memory": 1 << 34}
    return Host.model_validate({**known, **facts})


def conflict(asked: Asked) -> Conflict:
    with pytest.raises(Conflict) as caught:
        resolve(*asked, CATALOG)
    return caught.value


def loosened(asked: Asked, name: str) -> Iterator[Asked]:
    """The same without the demand of one line, in all ways, the loosest last."""
    wanted, machine = asked
    llama, torch, gpus = wanted.llama, wanted.torch, wanted.gpu
    here = wanted.platforms or ((machine.platform,) if machine else ())
    some = [one for count in range(1, len(here)) for one in itertools.combinations(here, count)]
    facts: dict[str, dict[str, object]] = {
        "driver": {"driver": None},
        "glibc": {"libc": ""},
        "compilers": {"compilers": None},
    }
    updates: dict[str, list[dict[str, object]]] = {
        "install": [{"llama": llama and llama.model_copy(update={"install": Install.AUTO})}],
        LLAMA: [{"llama": llama and llama.model_copy(update={"version": ANY})}],
        "python": [{"python": one} for one in PYTHONS],
        "toolkit": [{"toolkit": ToolkitRequest(source=one)} for one in (ToolkitSource.AUTO, ToolkitSource.SYSTEM)],
        "base": [{"base": one} for one in Base],
        "platforms": [{"platforms": one} for one in (*some, *((one,) for one in Platform))],
        "torch": [{"torch": torch and torch.model_copy(update={"version": ANY})}, {"torch": None}],
        "cuda": [{"cuda": None}],
        "gpu": [{"gpu": some} for some in (*(tuple(one for one in gpus if one != gpu) for gpu in gpus), ())],
        "backend": [{"backend": one, "cuda": None, "toolkit": ToolkitRequest()} for one in Backend],
    }
    if name in facts:
        yield wanted, machine and machine.model_copy(update=facts[name])
    for update in updates.get(name, []):
        yield wanted.model_copy(update=update), machine


def free(asked: Asked, kept: Iterable[str]) -> Iterator[Asked]:
    """All other lines loosened; another backend or platform would be another question."""
    found = [asked]
    for name in {"install", LLAMA, "python", "base", "torch", "cuda", "gpu", "driver", "glibc", "compilers"} - set(
        kept
    ):
        ways = [list(loosened(one, name)) for one in found]
        found = [other for some in ways for other in (some if name in {"python", "base"} else some[-1:])]
    if "toolkit" not in kept and asked[0].toolkit.source is not ToolkitSource.AUTO:
        found = [other for one in found for other in loosened(one, "toolkit")]
    yield from found


def solvable(asked: Asked) -> bool:
    return search(Question(*asked, CATALOG), Journal()) is not None


def check_minimal(asked: Asked, names: list[str]) -> None:
    others = list(free(asked, names))
    assert not any(map(solvable, others)), f"{names} are not in conflict by themselves"
    for name in names:
        loose = (one for other in others for one in loosened(other, name))
        assert any(map(solvable, loose)), f"without {name} it is still a conflict"


def changed(asked: Asked, change: Change) -> list[Asked]:
    """The spec or the machine with the new values, as somebody would write them."""
    found = [asked]
    for name, value in change.lines:
        found = [other for one in found for other in written(one, name, value)]
    return found


def written(asked: Asked, name: str, value: str) -> list[Asked]:
    wanted, machine = asked
    if name in {"driver", "glibc", "compilers"}:
        assert machine is not None
        return [(wanted, machine.model_copy(update=update)) for update in facts(machine, name, value)]
    text: object = value[1:-1].split(", ") if value.startswith("[") else value
    lines = wanted.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    if name in {LLAMA, "install"}:
        lines[LLAMA] = {**lines.get(LLAMA, {}), "version" if name == LLAMA else "install": value}
    elif name == "backend":
        lines = {key: given for key, given in lines.items() if f"`{key}`" not in value}
        lines[name] = value.partition(",")[0]
    elif name == "torch" and value != "false":
        lines["torch"] = {**lines["torch"], "version": value}
    else:
        lines[name] = text
    return [(Spec.model_validate(lines), machine)]


def facts(machine: Host, name: str, value: str) -> list[dict[str, object]]:
    """What a machine may be where it is as the change says: the words are taken at their word."""
    numbers = re.findall(r"\d[\d.]*", value)
    if name == "compilers":
        kind = CompilerKind.MSVC if "msvc" in value.lower() else CompilerKind.GCC
        found = Compiler(kind=kind, version=Version(numbers[0]), path="/new")
        return [{"compilers": (*(machine.compilers or ()), found)}]
    if name == "glibc":
        newest = int(numbers[1].split(".")[1]) - 1 if "older than" in value else 99
        return [{"libc": f"glibc {text}"} for text in (numbers[0].rstrip("."), f"2.{newest}")]
    if "branch" in value:
        return [{"driver": Driver(version=Version(f"{numbers[0]}.{patch}"))} for patch in ("65.06", "159.03")]
    return [{"driver": Driver(version=Version(text))} for text in (numbers[0], "999.99")]


def check_changes(asked: Asked, found: Conflict) -> None:
    for change in found.changes:
        for other in changed(asked, change):
            assert isinstance(resolve(*other, CATALOG), Plan), str(change)


@pytest.mark.parametrize("path", CONFLICTS, ids=lambda path: path.stem)
def test_the_conflict_of_a_profile_is_minimal_and_its_changes_work(path: object) -> None:
    case = profile(path)  # type: ignore[arg-type]
    asked = case.spec, case.host
    found = conflict(asked)
    check_minimal(asked, [name for name, _ in found.given])
    check_changes(asked, found)


INSTALL_SOURCE = {"install": "source"}
GCC_15 = [{"kind": "gcc", "version": "15.1.0", "path": "/g++"}]
MSVC_14_40 = [{"kind": "msvc", "version": "14.40.33807", "path": "cl.exe"}]
CUDA_12_8 = [{"version": "12.8", "nvcc": "/nvcc", "origin": "PATH"}]


class Case(NamedTuple):
    """What is asked, the lines in conflict, a rule among the reasons, and the new value of each line that has one."""

    asked: Asked
    names: str
    rule: str
    changes: dict[str, str]


ONE_CONFLICT = {
    "driver too old for the GPU": Case(
        (spec(gpu="rtx-4090", llama={}), host(driver={"version": "470.256.02"})),
        "driver gpu", "driver/gpu", {"driver": "520.61.05 or newer"},
    ),
    "driver too new for the GPU": Case(
        (spec(gpu="gtx-1080-ti", llama={}), host(driver={"version": "595.45.04"})),
        "driver gpu", "driver/gpu", {"driver": "a driver of branch 580"},
    ),
    "driver too old for the GPU, without CUDA": Case(
        (spec(backend="vulkan", gpu="rtx-4090", llama={}), host(driver={"version": "470.256.02"})),
        "driver gpu", "driver/gpu", {"driver": "520.61.05 or newer"},
    ),
    "driver too old for the toolkit": Case(
        (spec(cuda="13.0", llama={}), host(driver={"version": "535.104.05"})),
        "cuda driver", "driver/runtime", {"driver": "580.65.06 or newer", "cuda": "11.8"},
    ),
    "glibc too old for torch": Case(
        (spec(torch="==2.7.1"), host(libc="glibc 2.27")),
        "glibc torch", "glibc/torch-wheel", {"glibc": "2.28 or newer", "torch": "==2.6.0"},
    ),
    "glibc too old for one build of torch": Case(
        (spec(torch="==2.6.0", cuda="12.6"), host(libc="glibc 2.27")),
        "cuda glibc torch", "glibc/torch-wheel", {"glibc": "2.28 or newer", "cuda": "11.8"},
    ),
    "glibc too new for the toolkit": Case(
        (spec(cuda="12.8", llama=INSTALL_SOURCE, toolkit="system"), host(libc="glibc 2.41", toolkits=CUDA_12_8)),
        "base cuda glibc install", "glibc/toolkit", {"glibc": "2.17 or newer, older than 2.41", "install": "auto"},
    ),
    "compiler too new": Case(
        (spec(cuda="12.8", llama=INSTALL_SOURCE), host(compilers=GCC_15, toolkits=CUDA_12_8)),
        "base compilers cuda install", "compiler/toolkit", {"compilers": "install gcc 14", "base": "conda"},
    ),
    "compiler too new on Windows": Case(
        (spec(cuda="12.1", base="conda", llama=INSTALL_SOURCE, platforms=["win-64"]),
         host(platform="win-64", libc="", compilers=MSVC_14_40)),
        "compilers cuda", "compiler/toolkit", {"compilers": "install msvc 14.39 or older"},
    ),
    "python too new for torch": Case(
        (spec(python="3.13", torch="==2.4.1"), None), "python torch", "python/torch", {"python": "3.12"}
    ),
    "python too old for torch": Case(
        (spec(python="3.8", torch="==2.15.0"), None),
        "python torch", "python/torch", {"python": "3.11", "torch": "==2.4.1"},
    ),
    "python that a wheel lacks": Case(
        (spec(python="3.13", llama={"version": "==0.3.19", "install": "wheel"}), None),
        "install llama-cpp-python python", "python/llama-wheel", {"python": "3.12", LLAMA: "==0.3.35"},
    ),
    "no such llama-cpp-python": Case(
        (spec(backend="cpu", llama=">=0.4"), None), LLAMA, "llama/requested", {LLAMA: "==0.3.36"}
    ),
    "no such torch": Case((spec(torch=">=3"), None), "torch", "torch/requested", {"torch": "==2.15.0"}),
    "torch of another CUDA": Case(
        (spec(torch="==2.5.1", cuda="12.6"), None),
        "cuda torch", "cuda/requested", {"cuda": "11.8", "torch": "==2.14.1"},
    ),
    "torch without code for the GPU": Case(
        (spec(torch="==2.5.1", gpu="rtx-5090"), None), "gpu torch", "arch/torch-wheel", {"torch": "==2.15.0"}
    ),
    "no nvcc to compile with": Case(
        (spec(toolkit="none", cuda="13.0", llama=INSTALL_SOURCE), None),
        "install toolkit", "toolkit/source", {"toolkit": "auto", "install": "auto"},
    ),
    "conda packages without conda": Case(
        (spec(toolkit="conda-label", cuda="12.6", llama=INSTALL_SOURCE), None),
        "base install toolkit", "toolkit/source", {"base": "conda", "toolkit": "system"},
    ),
    "a backend before its time": Case(
        (spec(backend="vulkan", llama="==0.2.34"), None), "backend llama-cpp-python", "llama/backend", {}
    ),
    "a backend on another platform": Case(
        (spec(platforms=["osx-arm64"], llama={}), None), "backend platforms", "backend/platform", {"backend": "metal"}
    ),
    "a backend on one of the platforms": Case(
        (spec(platforms=["linux-64", "osx-arm64"], llama={}), None),
        "backend platforms", "backend/platform", {"platforms": "[linux-64]"},
    ),
    "a torch for one of the platforms": Case(
        (spec(platforms=["linux-64", "win-64"], torch="==2.13.0", cuda="12.9"), None),
        "cuda platforms torch", "torch/tag-exists", {"platforms": "[linux-64]", "cuda": "12.6"},
    ),
    "a GPU of another maker": Case(
        (spec(gpu=["rtx-4090", "rx-7900-xtx"], llama={}), None),
        "backend gpu", "gpu/backend", {"gpu": "[rtx-4090]", "backend": "vulkan"},
    ),
    "a machine whose GPU is of another maker": Case(
        (spec(backend="rocm", gpu="native", llama={}), host(gpus=[{**NVIDIA, "capability": "8.9"}])),
        "backend gpu", "gpu/native", {"backend": "cuda"},
    ),
    "one GPU too old for what the other needs": Case(
        (spec(gpu=["gtx-970", "b300"], base="conda", cuda="13.0", llama={}), None),
        "cuda gpu", "arch/toolkit", {"cuda": "12.9"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ONE_CONFLICT)
def test_lines_in_conflict(name: str) -> None:
    case = ONE_CONFLICT[name]
    found = conflict(case.asked)
    names = [line for line, _ in found.given]
    assert sorted(names) == case.names.split()
    assert case.rule in {reason.rule for reason in found.reasons}
    check_minimal(case.asked, names)
    check_changes(case.asked, found)
    offered = dict(change.lines[0] for change in found.changes if len(change.lines) == 1)
    assert {line: offered.get(line) for line in case.changes} == case.changes


TWO_CONFLICTS = {
    "driver and release": (spec(gpu="rtx-4090", llama=">=0.4"), host(driver={"version": "470.256.02"})),
    "torch and toolkit": (spec(gpu="rtx-5090", torch="==2.5.1", cuda="13.0", llama={"version": "<0.2"}), None),
    "driver and compiler": (
        spec(cuda="12.8", llama=INSTALL_SOURCE, base="venv"),
        host(compilers=GCC_15, toolkits=CUDA_12_8, driver={"version": "470.256.02"}),
    ),
    "glibc and platform": (
        spec(platforms=["linux-64", "osx-arm64"], torch="==2.13.0", llama={}),
        host(libc="glibc 2.17"),
    ),
    "backend and release": (spec(platforms=["osx-arm64"], llama=">=0.4"), None),
}


@pytest.mark.parametrize("name", TWO_CONFLICTS)
def test_of_two_conflicts_one_is_told_and_both_are_solved(name: str) -> None:
    asked = TWO_CONFLICTS[name]
    found = conflict(asked)
    check_minimal(asked, [line for line, _ in found.given])
    assert found.changes
    assert {len(change.lines) for change in found.changes} == {2}
    assert len(found.changes) <= 3
    check_changes(asked, found)


def test_of_three_conflicts_no_change_is_offered() -> None:
    asked = spec(gpu="rtx-4090", torch=">=3", llama=">=0.4"), host(driver={"version": "470.256.02"})
    found = conflict(asked)
    check_minimal(asked, [line for line, _ in found.given])
    assert found.changes == ()
    assert found.hint == "no change of one or two of these lines helps"


OTHER_LINES = {
    "cuda goes with the backend": (spec(platforms=["osx-arm64"], cuda="12.6", llama={}), None),
    "so does the toolkit": (spec(gpu="rx-7900-xtx", toolkit="conda-label", base="conda", llama={}), None),
    "conda packages need conda": (spec(cuda="13.4", base="conda", conda=["ffmpeg"], llama=INSTALL_SOURCE), None),
    "an option that only new releases have": (
        spec(cuda="11.8", base="conda", gpu="h100", llama={"version": "0.3.36", "cmake": {"GGML_CUDA_FA_QUANTS": "x"}}),
        None,
    ),
    "a switch of the backend": (
        spec(gpu="rx-7900-xtx", llama={**INSTALL_SOURCE, "cmake": {"GGML_CUDA": "ON"}}), None
    ),
    "architectures of one GPU": (
        spec(gpu=["8.9", "5.2"], cuda="13.0", llama={**INSTALL_SOURCE, "cmake": {"CMAKE_CUDA_ARCHITECTURES": "89"}}),
        None,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER_LINES)
def test_a_change_leaves_no_contradiction_to_the_other_lines(name: str) -> None:
    asked = OTHER_LINES[name]
    check_changes(asked, conflict(asked))


def test_a_change_that_takes_a_line_away_says_so() -> None:
    found = conflict(OTHER_LINES["cuda goes with the backend"])
    told = [str(change) for change in found.changes if dict(change.lines).get("backend", "").startswith("metal")]
    assert told
    assert "cuda" in told[0].partition("(")[0]


def reasons(count: int) -> tuple[Rejection, ...]:
    return tuple(Rejection(candidate=f"torch 2.{one}.0", rule="a/b", reason="no code") for one in range(count))


@pytest.mark.parametrize(
    ("count", "shown", "more"), [(1, 1, ""), (8, 8, ""), (9, 8, "  ... and 1 more; `envspec explain` shows all")]
)
def test_the_message_names_lines_and_a_few_reasons(count: int, shown: int, more: str) -> None:
    told = Conflict((("cuda", "12.6"), ("gpu", "rtx-5090 (12.0)")), reasons(count), ()).message.splitlines()
    assert told[:4] == [
        "no combination fits; these lines are in conflict:",
        "  cuda: 12.6",
        "  gpu: rtx-5090 (12.0)",
        "because:",
    ]
    assert told[4] == "  torch 2.0.0: no code [a/b]"
    assert len(told[4:]) == shown + bool(more)
    assert told[-1] == more or not more


def test_the_hint_lists_the_changes() -> None:
    changes = (
        Change(lines=(("cuda", "12.8"),), gives="CUDA 12.8"),
        Change(lines=(("gpu", "[rtx-4090]"), ("torch", "==2.6.0")), gives="torch 2.6.0+cu126"),
    )
    hint = Conflict((), (), changes).hint
    assert hint == (
        "tried, and works: cuda: 12.8 (CUDA 12.8); or gpu: [rtx-4090] and torch: ==2.6.0 (torch 2.6.0+cu126)"
    )


@pytest.mark.parametrize(
    ("asked", "line", "gives"),
    [
        ((spec(backend="cpu", llama=">=0.4"), None), LLAMA, "llama-cpp-python 0.3.36 from source"),
        ((spec(gpu="rx-7900-xtx", llama={}), None), "backend", "llama-cpp-python 0.3.35 wheel"),
        ((spec(gpu="rx-7900-xtx", pip=["six"]), None), "backend", "backend rocm"),
        ((spec(torch=">=3", gpu="rtx-4090"), None), "torch", "CUDA 13.2, torch 2.15.0+cu132"),
    ],
)
def test_a_change_says_what_comes_of_it(asked: Asked, line: str, gives: str) -> None:
    told = {change.lines[0][0]: change.gives for change in conflict(asked).changes}
    assert told[line] == gives


def test_a_conflict_on_another_machine_is_not_blamed_on_this_one() -> None:
    machine = host(driver={"version": "470.256.02"}, libc="glibc 2.17", compilers=[])
    found = conflict((spec(platforms=["win-64"], gpu="rtx-4090", torch=">=3"), machine))
    assert [name for name, _ in found.given] == ["torch"]


def test_what_is_in_conflict_is_told_as_it_was_written() -> None:
    machine = host(driver={"version": "470.256.02"}, compilers=GCC_15)
    found = conflict((spec(gpu=["rtx-4090", "8.6"], llama={}), machine))
    assert dict(found.given) == {"driver": "470.256.02", "gpu": "rtx-4090 (8.9), 8.6"}
    found = conflict((spec(gpu="native", llama={}), host()))
    assert dict(found.given) == {"gpu": "native"}
    found = conflict((spec(cuda="12.8", llama=INSTALL_SOURCE), host(compilers=[], toolkits=CUDA_12_8)))
    assert dict(found.given)["compilers"] == "none"


def test_a_backend_is_not_blamed_for_a_release_that_is_newer_than_the_catalog() -> None:
    found = conflict((spec(cuda="12.6", llama="==0.3.99"), None))
    assert [name for name, _ in found.given] == [LLAMA, "base", "cuda"]
