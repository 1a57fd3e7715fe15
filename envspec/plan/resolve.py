"""Find the one combination that works, and say why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from envspec.plan import conflict, contradictions, parts, rules, tell
from envspec.plan.code import Verdict
from envspec.plan.journal import Journal
from envspec.plan.model import Plan
from envspec.plan.question import Question
from envspec.plan.search import Search
from envspec.spec import python_versions, range_text

if TYPE_CHECKING:
    from packaging.specifiers import Specifier

    from envspec.catalog import Catalog
    from envspec.host import Host
    from envspec.plan.search import Answer
    from envspec.spec import Spec


def resolve(spec: Spec, host: Host | None, catalog: Catalog) -> Plan:
    """Decide everything that the lock and the build need to know.

    What is given of `host` counts; without it nothing about any machine enters the plan.

    Raises:
        SpecError: a line of the spec is wrong by itself, or contradicts another.
        Unsatisfiable: no combination fits; names the lines in conflict, and changes that were tried and work.

    """
    contradictions.check(spec)
    question = Question(spec, host, catalog)
    journal = Journal()
    answer = search(question, journal)
    if answer is None:
        raise conflict.explained(question, search)
    return _assemble(question, answer, journal)


def search(question: Question, journal: Journal) -> Answer | None:
    """The preferred combination: with machine code for every GPU, or else with PTX; of wheels that were seen."""
    for worst in (Verdict.NATIVE, Verdict.JIT) if question.capabilities else (Verdict.NATIVE,):
        answer = Search(question, journal, worst).best()
        if answer is None and journal.has(rules.SEEN.id):
            answer = Search(question, journal, worst, trusting=True).best()
        if answer:
            return answer
    return None


def _assemble(question: Question, answer: Answer, journal: Journal) -> Plan:
    spec = question.spec
    decided = tell.Parts(
        parts.cuda(question, answer),
        parts.torch(question, answer),
        parts.llama(question, answer),
        parts.build(question, answer),
    )
    return Plan(
        name=spec.name,
        python=_python(question, answer),
        platforms=question.platforms,
        base=spec.base,
        backend=spec.backend,
        gpus=parts.gpus(question, answer),
        cuda=decided.cuda,
        torch=decided.torch,
        llama=decided.llama,
        requirements=parts.requirements(question, answer),
        build=decided.build,
        environment=spec.env,
        choices=tuple(tell.choices(question, answer, decided)),
        rejections=journal.rejections(),
        warnings=tuple(tell.warnings(question, answer, decided)),
    )


def _python(question: Question, answer: Answer) -> str:
    """The range of the spec, narrowed to what torch has wheels for."""
    given = question.spec.python
    if answer.torch is None or answer.pythons == question.pythons:
        return range_text(given)
    low, high = min(answer.pythons), max(answer.pythons)
    narrowed = SpecifierSet(f"==3.{low}.*" if low == high else f">=3.{low},<3.{high + 1}")
    telling = [str(item) for item in given if _rules_out(item, narrowed)]
    return range_text(narrowed & SpecifierSet(",".join(telling)))


def _rules_out(item: Specifier, pythons: SpecifierSet) -> bool:
    """Whether a part of a range rules out some of `pythons`."""
    if item.operator == "!=":
        return bool(python_versions(pythons & SpecifierSet(f"=={item.version}")))
    return python_versions(pythons & SpecifierSet(str(item))) != python_versions(pythons)
