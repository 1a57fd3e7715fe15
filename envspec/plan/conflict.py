"""No plan: the smallest set of lines in conflict, and changes that were tried and work."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

from envspec.errors import SpecError, Unsatisfiable
from envspec.frozen import Frozen
from envspec.plan import contradictions, parts
from envspec.plan.code import Verdict
from envspec.plan.journal import Journal
from envspec.plan.lines import Line, lines

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envspec.plan.model import Rejection
    from envspec.plan.question import Question
    from envspec.plan.search import Answer

    Searched = Callable[[Question, Journal], Answer | None]

SWAPPED = {"backend", "base", "platforms"}
"""Lines that can only be given another value, so that leaving them as they are stays one of the ways."""
ABOUT = {
    "arch/llama-wheel": {"gpu"},
    "arch/rocm-index": {"gpu"},
    "arch/toolkit": {"gpu", "cuda"},
    "arch/torch-wheel": {"gpu", "torch", "cuda"},
    "backend/platform": {"backend", "platforms"},
    "compiler/toolkit": {"compilers"},
    "cuda/requested": {"cuda"},
    "driver/gpu": {"driver", "gpu"},
    "driver/ptx": {"driver", "gpu"},
    "driver/runtime": {"driver"},
    "glibc/llama-wheel": {"glibc"},
    "glibc/toolkit": {"glibc"},
    "glibc/torch-wheel": {"glibc", "torch", "platforms"},
    "gpu/backend": {"gpu", "backend"},
    "gpu/native": {"gpu"},
    "gpu/platform": {"gpu", "platforms"},
    "llama/backend": {"llama-cpp-python", "backend"},
    "llama/install": {"install"},
    "llama/requested": {"llama-cpp-python"},
    "llama/rocm": {"llama-cpp-python"},
    "llama/toolkit": {"llama-cpp-python", "gpu", "cuda"},
    "llama/wheel-exists": {"install", "platforms"},
    "python/llama-wheel": {"python", "install"},
    "python/torch": {"python", "torch", "platforms"},
    "toolkit/source": {"toolkit", "base"},
    "torch/requested": {"torch"},
    "torch/tag-exists": {"torch", "platforms", "cuda"},
}
"""Lines that a rule speaks about: a reason counts by how many of them are in conflict."""
SHOWN = 8
"""Reasons that a message lists; `envspec explain` shows all."""


class Change(Frozen):
    """New values of one or two lines with which the spec was resolved."""

    lines: tuple[tuple[str, str], ...]
    """Name and new value."""
    gives: str
    """What the plan then is, in short."""

    def __str__(self) -> str:
        return " and ".join(f"{name}: {value}" for name, value in self.lines) + f" ({self.gives})"


class Conflict(Unsatisfiable):
    """Lines that cannot be satisfied together."""

    def __init__(
        self, given: tuple[tuple[str, str], ...], reasons: tuple[Rejection, ...], changes: tuple[Change, ...]
    ) -> None:
        self.given, self.reasons, self.changes = given, reasons, changes
        told = [f"  {name}: {value}" for name, value in given]
        why = [f"  {item.candidate}: {item.reason} [{item.rule}]" for item in reasons[:SHOWN]]
        more = [f"  ... and {len(reasons) - SHOWN} more; `envspec explain` shows all"] if len(reasons) > SHOWN else []
        works = "; or ".join(str(change) for change in changes)
        super().__init__(
            "\n".join(["no combination fits; these lines are in conflict:", *told, "because:", *why, *more]),
            hint=f"tried, and works: {works}" if works else "no change of one or two of these lines helps",
        )


def explained(question: Question, search: Searched) -> Conflict:
    """Find the lines in conflict, why, and what to change."""
    every = lines(question)
    core = _core(question, every, search)
    journal = Journal()
    search(question, journal)
    names = {line.name for line in core}
    about = [item for item in journal.rejections() if ABOUT.get(item.rule, set()) & names]
    about.sort(key=lambda item: -len(ABOUT[item.rule] & names))
    telling = [item for item in about if not item.rule.endswith("/requested")]
    reasons = tuple(telling or about) or journal.rejections()
    given = tuple((line.name, line.given) for line in core)
    return Conflict(given, reasons, _changes(question, core, every, search))


def _core(question: Question, every: tuple[Line, ...], search: Searched) -> tuple[Line, ...]:
    """Drop each line that the conflict does not need; what remains is minimal.

    Source: the deletion filter of Chinneck and Dravnieks, https://doi.org/10.1287/ijoc.3.2.157
    """
    core: list[Line] = []
    open_questions: tuple[Question, ...] = (question,)
    for line in every:
        kept = open_questions if line.name in SWAPPED else ()
        relaxed = tuple(other for one in open_questions for other in line.relax(one))
        if any(search(one, Journal()) for one in relaxed):
            core.append(line)
        elif relaxed:
            open_questions = (*kept, *relaxed)
    return tuple(core)


def _changes(
    question: Question, core: tuple[Line, ...], every: tuple[Line, ...], search: Searched
) -> tuple[Change, ...]:
    single = [change for line in core if (change := _change(question, (line,), search))]
    if single:
        return tuple(single)
    pairs = ((first, second) for first, second in combinations(every, 2) if first in core or second in core)
    found = (change for pair in pairs if (change := _change(question, pair, search)))
    return tuple(change for change, _ in zip(found, range(3), strict=False))


def _change(question: Question, changed: tuple[Line, ...], search: Searched) -> Change | None:
    """New values for lines, or None where changing them does not help; the result was resolved."""
    open_questions: tuple[Question, ...] = (question,)
    for line in changed:
        open_questions = tuple(relaxed for one in open_questions for relaxed in line.relax(one))
    for relaxed in open_questions:
        answer = search(relaxed, Journal())
        for values, fixed in _fixes(question, relaxed, answer, changed) if answer else ():
            proven = search(fixed, Journal())
            if proven and _consistent(fixed, proven):
                return Change(lines=values, gives=_short(fixed, proven))
    return None


def _consistent(question: Question, answer: Answer) -> bool:
    """Whether the other lines of the spec go with the new values, those too that the search does not look at."""
    try:
        contradictions.check(question.spec)
        parts.build(question, answer)
    except SpecError:
        return False
    return True


def _fixes(
    question: Question, relaxed: Question, answer: Answer, changed: tuple[Line, ...]
) -> Iterator[tuple[tuple[tuple[str, str], ...], Question]]:
    """Every way to write new values into all of the lines."""
    if not changed:
        yield (), question
        return
    first, *others = changed
    for value, fixed in first.fix(question, relaxed, answer):
        for values, last in _fixes(fixed, relaxed, answer, tuple(others)):
            yield ((first.name, value), *values), last


def _short(question: Question, answer: Answer) -> str:
    told = [f"CUDA {answer.line}"] if answer.line else []
    if answer.torch:
        told.append(str(answer.torch))
    if answer.llama:
        compiles = len(answer.llama.wheels) < len(question.platforms)
        told.append(f"llama-cpp-python {answer.llama.version} {'from source' if compiles else 'wheel'}")
    if answer.worst is Verdict.JIT:
        told.append("by PTX only")
    return ", ".join(told) or f"backend {question.spec.backend}"
