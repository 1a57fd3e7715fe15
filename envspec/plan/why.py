"""Questions about a decision: why this, and why not that."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet
from packaging.version import Version
from pydantic import ValidationError

from envspec.errors import UsageError
from envspec.frozen import Frozen
from envspec.gpu import Backend
from envspec.plan import rules
from envspec.plan.conflict import Conflict
from envspec.plan.model import Choice, Plan, Rejection
from envspec.plan.resolve import resolve
from envspec.spec import Install, Spec, ToolkitSource, python_versions

if TYPE_CHECKING:
    from envspec.catalog import Catalog
    from envspec.host import Host
    from envspec.plan.model import LlamaPlan, TorchPlan

SUBJECTS = {
    "torch": ("torch",),
    "cuda": ("cuda",),
    "toolkit": ("toolkit",),
    "install": ("llama-cpp-python wheel", "llama-cpp-python source"),
    "llama-cpp-python": ("llama-cpp-python",),
}
"""What the rejections of a topic begin with."""
RULES = {
    "torch": (*rules.LINE, *rules.TORCH),
    "cuda": rules.LINE,
    "toolkit": rules.TOOLKIT,
    "install": (*rules.WHEEL, *rules.SOURCE),
    "gpu": rules.ASKED,
    "backend": rules.ASKED,
}
"""Rules that a choice of a topic passed, or, for `install`, decided it."""
ALIASES = {"llama": "llama-cpp-python", "llama_cpp_python": "llama-cpp-python", "-D": "cmake"}
ASKED = re.compile(r"\s*([A-Za-z_-]+)\s*(===|==|=|~=|>=|<=|!=|<|>)\s*(\S.*)")


class Why(Frozen):
    """A topic of a plan: what was chosen, and what was not."""

    topic: str
    choices: tuple[Choice, ...]
    rules: tuple[str, ...]
    rejections: tuple[Rejection, ...]


class WhyNot(Frozen):
    """What happens with another demand: a plan that is possible but not preferred, or a conflict."""

    asked: str
    preferred: str | None
    """Why the plan is better than the one with this demand; None where that one is impossible."""
    instead: Plan | None
    lines: tuple[tuple[str, str], ...] = ()
    reasons: tuple[Rejection, ...] = ()


def topics(plan: Plan) -> tuple[str, ...]:
    """What can be asked about."""
    return tuple(dict.fromkeys("cmake" if one.topic.startswith("-D") else one.topic for one in plan.choices))


def why(plan: Plan, topic: str) -> Why:
    """Reasons of one choice, and what was refused for it.

    Raises:
        UsageError: the plan has no such topic.

    """
    name = ALIASES.get(topic, topic)
    options = name == "cmake"
    chosen = tuple(one for one in plan.choices if one.topic == name or (options and one.topic.startswith("-D")))
    if not chosen:
        message = f"--why: the plan decides nothing about {topic!r}"
        raise UsageError(message, hint=f"it decides {', '.join(topics(plan))}")
    refused = tuple(one for one in plan.rejections if _speaks_of(one, name))
    return Why(topic=name, choices=chosen, rules=rule_ids(name), rejections=refused)


def rule_ids(topic: str) -> tuple[str, ...]:
    """Rules that decide a topic."""
    return tuple(dict.fromkeys(rule.id for rule in RULES.get(topic, ())))


def _speaks_of(rejection: Rejection, topic: str) -> bool:
    subjects = SUBJECTS.get(topic, ())
    return any(re.match(rf"{re.escape(subject)} [0-9]", rejection.candidate) for subject in subjects)


def why_not(spec: Spec, host: Host | None, catalog: Catalog, asked: str) -> WhyNot:
    """What a further demand such as `torch==2.8` or `cuda=12.1` would do.

    Raises:
        UsageError: the text is no demand.
        SpecError: what it names does not exist.

    """
    key, changed = _with(spec, asked)
    try:
        other = resolve(changed, host, catalog)
    except Conflict as conflict:
        return WhyNot(asked=asked, preferred=None, instead=None, lines=conflict.given, reasons=conflict.reasons)
    made = resolve(spec, host, catalog)
    preferred = _better(made, other, catalog) if _allows(spec, other, key) else ""
    return WhyNot(asked=asked, preferred=preferred or f"the spec says otherwise: its line `{key}:`", instead=other)


def _with(spec: Spec, asked: str) -> tuple[str, Spec]:
    """The line that a demand speaks about, and the spec with that line changed."""
    found = ASKED.fullmatch(asked.strip())
    if found is None:
        message = f"--why-not: {asked!r} is no demand"
        hint = "write torch==2.8, cuda=12.1, llama-cpp-python==0.3.16, python=3.13 or install=wheel"
        raise UsageError(message, hint=hint)
    key, operator, value = ALIASES.get(found[1], found[1]), found[2], found[3]
    written = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    text = value if operator in {"=", "=="} else f"{operator}{value}"
    if key in {"install", "llama-cpp-python"}:
        llama = dict(written.get("llama-cpp-python") or {})
        written["llama-cpp-python"] = {**llama, "install" if key == "install" else "version": text}
    elif key == "torch":
        written["torch"] = {**dict(written.get("torch") or {}), "version": text}
    elif key in {"gpu", "platforms"}:
        written[key] = tuple(text.split(","))
    else:
        written[key] = text
    try:
        return key, Spec.model_validate(written)
    except ValidationError as error:
        problem = error.errors()[0]
        message = f"--why-not: {asked!r}: {problem['msg'].removeprefix('Value error, ')}"
        raise UsageError(message, hint="the left side is a key of the spec; see `envspec schema`") from None


def _allows(spec: Spec, other: Plan, key: str) -> bool:
    """Whether the line of the spec leaves room for another plan, so that a preference decided against it."""
    torch, llama = other.torch and other.torch.version, other.llama and other.llama.version
    room = {
        "torch": spec.torch and torch and spec.torch.version.contains(torch),
        "llama-cpp-python": spec.llama and llama and spec.llama.version.contains(llama),
        "cuda": spec.cuda is None or (other.cuda and str(spec.cuda.line) == other.cuda.line),
        "install": spec.llama and spec.llama.install is Install.AUTO,
        "toolkit": spec.toolkit.source is ToolkitSource.AUTO,
        "python": set(python_versions(SpecifierSet(other.python))) <= set(python_versions(spec.python)),
    }
    return bool(room.get(key))


def _better(plan: Plan, other: Plan, catalog: Catalog) -> str:
    """The first preference by which a plan beats another, in the order of `envspec.plan.search`."""
    cpu, compiled = plan.backend is Backend.CPU, _compiled(plan) - _compiled(other)
    ranks = (
        (_jit(plan) < _jit(other), "machine code for every GPU is preferred to PTX that the driver compiles"),
        (_unconfirmed(plan, catalog) < _unconfirmed(other, catalog), "a torch that was seen on the index is preferred"),
        (_newer(plan.torch, other.torch), "a newer torch is preferred: {0.torch.version} before {1.torch.version}"),
        (cpu and compiled > 0, "compiling for this CPU is preferred to a wheel that is made for any"),
        (compiled < 0, "a prebuilt wheel is preferred to compiling, where it has code for every GPU"),
        (
            _newer(plan.llama, other.llama),
            "a newer llama-cpp-python is preferred: {0.llama.version} before {1.llama.version}",
        ),
        (
            plan.cuda and other.cuda and plan.cuda.line != other.cuda.line,
            "the oldest CUDA that serves is preferred, since most drivers run it: {0.cuda.line}",
        ),
    )
    why = next((text for holds, text in ranks if holds), "the plan already is so, or just as good")
    return why.format(plan, other)


def _newer(one: TorchPlan | LlamaPlan | None, other: TorchPlan | LlamaPlan | None) -> bool:
    return bool(one and other and Version(one.version) > Version(other.version))


def _unconfirmed(plan: Plan, catalog: Catalog) -> bool:
    """Whether nobody has seen a wheel of its torch."""
    torch = plan.torch
    keys = [(Version(torch.version), torch.tag, platform) for platform in plan.platforms] if torch else []
    return any(catalog.torch_wheel_of[key].unconfirmed for key in keys)


def _jit(plan: Plan) -> bool:
    return any("jit" in {gpu.torch, gpu.llama} for gpu in plan.gpus)


def _compiled(plan: Plan) -> int:
    """How many platforms compile."""
    return sum(install.wheel is None for install in plan.llama.installs) if plan.llama else 0
