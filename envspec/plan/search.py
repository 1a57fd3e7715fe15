"""The search: every combination in the order of preference, the first that passes all rules wins.

The order: native code before PTX, wheels that were seen before those that are only inferred to exist, the newest torch,
the fewest platforms that compile, the newest llama-cpp-python,
the oldest CUDA line, its newest release.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from packaging.version import Version

from envspec.gpu import Backend, CudaVersion, Platform
from envspec.plan import rules
from envspec.plan.candidates import Compilation, Toolkit, TorchBuild, Wheel
from envspec.spec import Base, ToolkitSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envspec.catalog import LlamaRelease, LlamaWheel
    from envspec.plan.candidates import C, Rule
    from envspec.plan.code import Verdict
    from envspec.plan.journal import Journal
    from envspec.plan.question import Question

AUTO_SOURCES = {
    Base.CONDA: (ToolkitSource.CONDA_LABEL, ToolkitSource.CONDA_FORGE),
    Base.VENV: (ToolkitSource.PYPI, ToolkitSource.SYSTEM),
}
"""Where `toolkit: auto` looks, in this order."""


class Llama(NamedTuple):
    """A release of llama-cpp-python, and how each platform gets it."""

    version: Version
    wheels: dict[Platform, LlamaWheel]
    """Platforms that take a wheel; the others compile."""
    toolkit: Toolkit | None
    """What compiles CUDA code there."""


class Answer(NamedTuple):
    """A combination that passes all rules."""

    line: CudaVersion | None
    torch: TorchBuild | None
    llama: Llama | None
    toolkit: Toolkit | None
    pythons: frozenset[int]
    worst: Verdict


class Search:
    """One run over the candidates: `worst` says what GPU code is good enough, `trusting` that hearsay is."""

    def __init__(self, question: Question, journal: Journal, worst: Verdict, *, trusting: bool = False) -> None:
        self.question = question
        self.journal = journal
        self.worst = worst
        self._llama_for: dict[tuple[CudaVersion | None, frozenset[int]], Llama | None] = {}
        """What goes with a CUDA line and Pythons: the same for every torch that has them."""
        self._toolkit_for: dict[tuple[CudaVersion, tuple[Platform, ...]], Toolkit | None] = {}
        self.torch_rules = rules.TORCH if trusting else (*rules.TORCH, rules.SEEN)

    def best(self) -> Answer | None:
        """The preferred combination, or None where none passes."""
        if not self._passes(rules.ASKED, None, "backend", str(self.question.spec.backend)):
            return None
        if self.question.spec.torch is None:
            return self._with(None)
        for builds in self._torch_releases():
            found = [answer for build in builds if (answer := self._with(build))]
            if found:
                return min(found, key=self._preference)
        return None

    def _torch_releases(self) -> Iterator[list[TorchBuild]]:
        """Builds of torch that pass on all platforms, by release, newest first."""
        catalog, wanted = self.question.catalog, self.question.spec.torch
        for release in catalog.torch_by_age:
            if wanted and not wanted.version.contains(release.version):
                self.journal.refuse("torch", release.version, "torch/requested", f"the spec asks for {wanted.version}")
                continue
            builds = (
                TorchBuild(release, tag, catalog.line_of_tag.get(tag))
                for tag in sorted(catalog.torch_tags_of.get(release.version, ()), key=_newest_rocm_first)
                if self._right_kind(tag)
            )
            yield [build for build in builds if self._torch_passes(build)]

    def _right_kind(self, tag: str) -> bool:
        kind = self.question.catalog.backend_of[self.question.spec.backend].torch
        return tag == "cpu" if kind == "cpu" else tag.startswith("rocm" if kind == "rocm" else "cu1")

    def _torch_passes(self, build: TorchBuild) -> bool:
        version = build.release.version
        if build.line and not self._passes(rules.LINE, build.line, "torch", version, build.tag):
            return False
        if not self._passes(self.torch_rules, build, "torch", version, build.tag):
            return False
        if not self._pythons(build):
            reason = "no Python of the spec has a wheel on every platform"
            self.journal.refuse("torch", version, "python/torch", reason, tag=build.tag)
            return False
        return True

    def _pythons(self, build: TorchBuild | None) -> frozenset[int]:
        """Pythons of the spec that torch has on all platforms."""
        pythons = self.question.pythons
        if build:
            wheels = self.question.catalog.torch_wheel_of
            for platform in self.question.platforms:
                pythons &= set(wheels[build.release.version, build.tag, platform].python)
        return pythons

    def _with(self, torch: TorchBuild | None) -> Answer | None:
        """The best combination with this torch, or without torch."""
        if self.question.spec.backend is not Backend.CUDA:
            return self._complete(torch, None)
        lines = (torch.line,) if torch else tuple(self._lines)
        found = [answer for line in lines if line and (answer := self._complete(torch, line))]
        return min(found, key=self._preference, default=None)

    @cached_property
    def _lines(self) -> list[CudaVersion]:
        """CUDA lines that pass, oldest first."""
        lines = (line for line, releases in self.question.catalog.releases_of.items() if releases)
        return [line for line in lines if self._passes(rules.LINE, line, "cuda", str(line))]

    def _complete(self, torch: TorchBuild | None, line: CudaVersion | None) -> Answer | None:
        pythons = self._pythons(torch)
        if self.question.spec.llama is None:
            return Answer(line, torch, None, None, pythons, self.worst)
        if (line, pythons) not in self._llama_for:
            self._llama_for[line, pythons] = self._llama(line, pythons)
        llama = self._llama_for[line, pythons]
        return Answer(line, torch, llama, llama.toolkit, pythons, self.worst) if llama else None

    def _toolkit(self, line: CudaVersion, on: tuple[Platform, ...]) -> Toolkit | None:
        """The newest release of a line that can be had and compiles for the GPUs, on platforms that compile."""
        if (line, on) not in self._toolkit_for:
            self._toolkit_for[line, on] = self._find_toolkit(line, on)
        return self._toolkit_for[line, on]

    def _find_toolkit(self, line: CudaVersion, on: tuple[Platform, ...]) -> Toolkit | None:
        wanted = self.question.spec.toolkit.source
        sources = AUTO_SOURCES[self.question.spec.base] if wanted is ToolkitSource.AUTO else (wanted,)
        for release in self.question.catalog.releases_of.get(line, ()):
            for source in sources:
                toolkit = Toolkit(self.question.catalog.line_of[line], release, source)
                if self._passes(rules.TOOLKIT, toolkit, "toolkit", str(release.release), source, on=on):
                    return toolkit
        return None

    def _llama(self, line: CudaVersion | None, pythons: frozenset[int]) -> Llama | None:
        """The release that the fewest platforms compile, of those the newest."""
        best: Llama | None = None
        for release in self._llama_releases:
            wheels = {
                platform: wheel
                for platform in self.question.platforms
                if (wheel := self._wheel(release.version, platform, line, pythons))
            }
            missing = tuple(platform for platform in self.question.platforms if platform not in wheels)
            toolkit = self._toolkit(line, missing) if line and missing else None
            if missing and not self._compiles(release.version, missing, line, toolkit):
                continue
            if best is None or len(wheels) > len(best.wheels):
                best = Llama(release.version, wheels, toolkit)
            if len(best.wheels) == self._most_wheels:
                break
        return best

    @cached_property
    def _llama_releases(self) -> tuple[LlamaRelease, ...]:
        wanted = self.question.llama_range
        releases = self.question.catalog.llama_by_age
        fitting = self.question.catalog.llama_fitting(wanted) or self._pinned_beyond(releases[0])
        for row in () if fitting else releases:
            self.journal.refuse("llama-cpp-python", row.version, "llama/requested", f"the spec asks for {wanted}")
        return fitting

    def _pinned_beyond(self, newest: LlamaRelease) -> tuple[LlamaRelease, ...]:
        """A release that the spec pins and that is newer than the catalog; it is built like the newest."""
        pins = (
            Version(item.version)
            for item in self.question.llama_range
            if item.operator == "==" and "*" not in item.version
        )
        wanted = [pin for pin in pins if pin > newest.version and self.question.llama_range.contains(pin)]
        return tuple(newest.model_copy(update={"version": pin, "confidence": "inferred"}) for pin in wanted)

    @cached_property
    def _most_wheels(self) -> int:
        """How many platforms can have a wheel at best."""
        rows = self.question.catalog.llama_wheels
        backend = self.question.spec.backend
        if not self.question.takes_wheels:
            return 0
        return len({row.platform for row in rows if row.backend is backend} & set(self.question.platforms))

    def _wheel(
        self, version: Version, platform: Platform, line: CudaVersion | None, pythons: frozenset[int]
    ) -> LlamaWheel | None:
        """The wheel of a release whose CUDA is nearest to that of the environment."""
        rows = self.question.catalog.llama_wheels_of.get((self.question.spec.backend, platform, version), ())
        passing = []
        if not rows and self.question.takes_wheels:
            reason = f"no wheel for {platform}"
            self.journal.refuse("llama-cpp-python wheel", version, "llama/wheel-exists", reason)
        for row in rows:
            wheel = Wheel(version, row, line, pythons)
            subject = "llama-cpp-python wheel"
            if self._passes(rules.WHEEL, wheel, subject, version, row.tag, on=(platform,)):
                passing.append(row)
        return max(passing, key=lambda row: (row.cuda or (0, 0), row.tag), default=None)

    def _compiles(
        self, version: Version, platforms: tuple[Platform, ...], line: CudaVersion | None, toolkit: Toolkit | None
    ) -> bool:
        if line and toolkit is None:
            return False
        made = Compilation(version, self.question.catalog.llama_era(version), toolkit)
        return self._passes(rules.SOURCE, made, "llama-cpp-python source", version, on=platforms)

    def _passes(
        self,
        judges: tuple[Rule[C], ...],
        candidate: C,
        subject: str,
        version: Version | str,
        tag: str = "",
        *,
        on: tuple[Platform, ...] | None = None,
    ) -> bool:
        for platform in on or self.question.platforms:
            for rule in judges:
                refusal = rule.refuses(self.question, platform, candidate, self.worst)
                if refusal:
                    self.journal.refuse(subject, version, rule.id, refusal.reason, tag=tag, source=refusal.source)
                    return False
        return True

    def _preference(self, answer: Answer) -> tuple[int, int, CudaVersion]:
        """The smaller the better, among answers with the same torch release."""
        llama = answer.llama
        compiles = len(self.question.platforms) - len(llama.wheels) if llama else 0
        age = self._age[llama.version] if llama else 0
        return compiles, age, answer.line or CudaVersion(0, 0)

    @cached_property
    def _age(self) -> dict[Version, int]:
        return {row.version: age for age, row in enumerate(self._llama_releases)}


def _newest_rocm_first(tag: str) -> tuple[bool, list[int], str]:
    numbers = [-int(part) for part in tag.removeprefix("rocm").split(".")] if tag.startswith("rocm") else []
    return not numbers, numbers, tag
