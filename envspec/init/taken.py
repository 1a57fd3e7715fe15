"""What a file of pip or conda says, in the words of a spec."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, Protocol
from urllib.parse import unquote, urlsplit

from envspec.gpu import Backend, CudaVersion, Platform

if TYPE_CHECKING:
    from packaging.markers import Marker

    from envspec.catalog import Catalog
    from envspec.spec import LlamaRequest, TorchRequest

PYTHONS = range(8, 16)
"""Python 3 minor versions for which a marker is tried."""
TAG = re.compile(r"cu\d{2,3}|cpu|rocm\d+(?:\.\d+)*")
"""What an index, or the local part of a version, is called after."""


class Source(NamedTuple):
    """A file that is read."""

    shown: str
    """Its name in messages."""
    key: str
    """What tells it from other files."""
    text: str


class Opener(Protocol):
    """Opens a file that another one names."""

    def __call__(self, name: str, asker: Source, /) -> Source:
        """Open a file.

        Raises:
            SpecError: it cannot be read, or lies outside of the folder.

        """


class Taken(NamedTuple):
    """What was found; `notes` tell what was not taken over."""

    source: str = ""
    name: str | None = None
    python: str | None = None
    platforms: tuple[Platform, ...] = ()
    backend: Backend | None = None
    """CPU or ROCm, where the file takes such wheels of torch."""
    cuda: CudaVersion | None = None
    torch: TorchRequest | None = None
    llama: LlamaRequest | None = None
    conda: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    env: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()


class Rank:
    """Whose word counts more where a file names several CUDA versions: the smaller number."""

    TORCH = 0
    """torch itself: its local version, its wheel, its conda build."""
    NAMED = 1
    """An index of torch, a toolkit, a label."""
    LLAMA = 2
    """Wheels of llama-cpp-python; they run with any newer CUDA of the same major version, so torch comes first."""
    PART = 3
    """A library of CUDA."""


class Said(NamedTuple):
    """A CUDA version that a line names."""

    rank: int
    version: CudaVersion
    where: str
    what: str


class Cuda:
    """The CUDA versions, and other backends, that a file names."""

    def __init__(self, catalog: Catalog, notes: dict[str, None]) -> None:
        self._catalog, self._notes = catalog, notes
        self._said: list[Said] = []
        self._backends: dict[Backend, str] = {}

    def tag(self, tag: str, where: str, what: str, rank: int) -> None:
        """Take the tag of an index or of a local version: cu121, cpu, rocm6.2."""
        if re.fullmatch(r"cu\d{2,3}", tag):
            known = {row.tag for row in self._catalog.torch_wheels}
            if rank != Rank.LLAMA and tag not in known:
                cuda = sorted((name for name in known if name.startswith("cu")), key=lambda name: int(name[2:]))
                self.note(where, f"{what}: no wheels of torch with the tag {tag} are known, only {', '.join(cuda)}")
                return
            self.version(CudaVersion(int(tag[2:-1]), int(tag[-1])), where, what, rank)
        elif tag.startswith(("cpu", "rocm")):
            self._backends.setdefault(Backend.CPU if tag == "cpu" else Backend.ROCM, where)
        else:
            self.note(where, f"{what}: the tag {tag!r} means nothing here and is not taken over")

    def version(self, version: CudaVersion, where: str, what: str, rank: int) -> None:
        """Take a CUDA version that a line names, if there is such a release."""
        releases = self._catalog.releases_of.get(version.line, ())
        if not releases:
            known = ", ".join(str(line) for line, rows in self._catalog.releases_of.items() if rows)
            self.note(where, f"{what}: no CUDA {version.line} is known, only {known}; it is not taken over")
            return
        if not any(version.covers(row.release) for row in releases):
            self.note(where, f"{what}: no CUDA {version} is known; {version.line} is taken")
            version = version.line
        self._said.append(Said(rank, version, where, what))

    def note(self, where: str, text: str) -> None:
        """Tell something about a line."""
        self._notes[f"{where}: {masked(text)}"] = None

    def chosen(self, *, torch: bool) -> tuple[CudaVersion | None, Backend | None]:
        """The version that counts, or the other backend."""
        said = [one for one in self._said if not (torch and one.rank == Rank.LLAMA)]
        for one in self._said:
            if one not in said:
                self.note(one.where, f"{one.what} is not taken over: the CUDA is that of torch")
        if not said:
            return None, next(iter(self._backends), None)
        best = min(said, key=lambda one: (one.rank, one.version.patch is None))
        for one in said:
            if one.version.line != best.version.line:
                told = f"{one.what} says CUDA {one.version}; that of {best.where}, CUDA {best.version}, is taken"
                self.note(one.where, told)
        for backend, where in self._backends.items():
            self.note(where, f"wheels for {backend} are not taken over: {best.where} asks for CUDA {best.version}")
        return best.version, None


def masked(text: str) -> str:
    """Text without what may be secret in its addresses: users, passwords, and what follows a `?`."""
    text = re.sub(r"://(?:[^\s/:]+:\S*@|[^\s/]*@)", "://***@", text)
    text = re.sub(r"[^\s/'\"]*:[^\s/'\"]*@", "***@", text)
    return re.sub(r"(://[^\s?]*)\?\S+", r"\1?***", re.sub(r"/t/[^/\s]+", "/t/***", text))


def host_of(url: str) -> str:
    """The part of an address that can be told to anybody."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "an address that cannot be read"
    return f"{parts.scheme}://{parts.hostname}" if parts.hostname else "a local folder"


def path_of(url: str) -> str:
    """The path of an address; empty where it cannot be read."""
    try:
        return unquote(urlsplit(url).path)
    except ValueError:
        return ""


def holds(marker: Marker | None, platform: Platform) -> bool:
    """Whether a marker is true on a platform with some Python."""
    return marker is None or any(_true(marker, platform, minor) for minor in PYTHONS)


def _true(marker: Marker, platform: Platform, minor: int) -> bool:
    environment = {
        **platform.markers,
        "implementation_name": "cpython",
        "implementation_version": f"3.{minor}.9",
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_version": "",
        "python_full_version": f"3.{minor}.9",
        "python_version": f"3.{minor}",
        "extra": "",
    }
    return marker.evaluate(environment)
