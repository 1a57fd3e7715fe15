"""What can be chosen: a torch build, a toolkit, a wheel or a compilation of llama-cpp-python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging.version import Version

    from envspec.catalog import CudaLine, CudaRelease, LlamaEra, LlamaWheel, TorchRelease
    from envspec.gpu import CudaVersion, Platform
    from envspec.plan.code import Verdict
    from envspec.plan.question import Question
    from envspec.spec import ToolkitSource

C = TypeVar("C")


class TorchBuild(NamedTuple):
    """One release of torch with one index tag."""

    release: TorchRelease
    tag: str
    line: CudaVersion | None
    """CUDA line of the tag; None for tags of other backends."""

    def __str__(self) -> str:
        return f"torch {self.release.version}+{self.tag}"


class Toolkit(NamedTuple):
    """One release of the CUDA toolkit and where it comes from."""

    line: CudaLine
    release: CudaRelease
    source: ToolkitSource

    def __str__(self) -> str:
        return f"CUDA {self.release.release} ({self.source})"


class Wheel(NamedTuple):
    """A prebuilt wheel of one release of llama-cpp-python, and where it would run."""

    version: Version
    row: LlamaWheel
    line: CudaVersion | None
    """CUDA line of the environment: of torch's tag, or of the spec."""
    pythons: frozenset[int]
    """Python 3 minor versions of the environment."""

    def __str__(self) -> str:
        return f"llama-cpp-python {self.version} wheel {self.row.tag}"


class Compilation(NamedTuple):
    """One release of llama-cpp-python, compiled."""

    version: Version
    era: LlamaEra | None
    toolkit: Toolkit | None
    """The CUDA toolkit; None for other backends."""

    def __str__(self) -> str:
        return f"llama-cpp-python {self.version} from source"


class Refusal(NamedTuple):
    """Why a rule refuses a candidate; says nothing about its version, so that equal ones can be told at once."""

    reason: str
    source: str = ""


class Rule(NamedTuple, Generic[C]):
    """A rule about one kind of candidate, on one platform; the verdict says what GPU code is good enough."""

    id: str
    refuses: Callable[[Question, Platform, C, Verdict], Refusal | None]
