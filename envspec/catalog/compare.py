"""What live indexes list against what the catalog says of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import Version

from envspec.frozen import Frozen
from envspec.gpu import CudaVersion, Platform
from envspec.scalars import CudaText

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from packaging.tags import Tag

    from envspec.catalog.queries import Catalog

Package = Literal["torch", "llama-cpp-python"]
What = Literal["new on the index", "in the catalog but missing there", "Python tags differ"]
Files = dict[tuple[Version, Platform], frozenset[int]]
"""Python 3 minor versions of each release and platform; no minor version: any Python 3."""

NEW: What = "new on the index"
MISSING: What = "in the catalog but missing there"
PYTHON: What = "Python tags differ"
PLATFORMS = (
    (re.compile(r"(many)?linux[0-9_]*_x86_64"), Platform.LINUX_64),
    (re.compile(r"(many)?linux[0-9_]*_aarch64"), Platform.LINUX_AARCH64),
    (re.compile(r"macosx_[0-9_]*(arm64|universal2)"), Platform.OSX_ARM64),
    (re.compile(r"win_amd64"), Platform.WIN_64),
)


class Address(Frozen):
    """A page of an index that is worth a look."""

    package: Package
    tag: str
    url: str


class Page(Frozen):
    """What a page listed."""

    package: Package
    tag: str
    files: frozenset[str] | None
    """File names; None: there is no such page."""


class Label(Frozen):
    """Whether a channel has the label of a CUDA release."""

    release: CudaText
    exists: bool


class Unreached(Frozen):
    """An index, or a page of it, that could not be read."""

    url: str
    problem: str


class Seen(Frozen):
    """What all indexes answered."""

    pages: tuple[Page, ...] = ()
    labels: tuple[Label, ...] = ()
    unreached: tuple[Unreached, ...] = ()


class Difference(Frozen):
    """Releases of which an index and the catalog say different things."""

    what: What
    index: str
    """torch cu126, llama-cpp-python metal, conda nvidia/label/cuda-12.6.3."""
    platform: Platform | None = None
    releases: tuple[str, ...]
    detail: str = ""

    @property
    def wrong(self) -> bool:
        """Whether the catalog is wrong, not only behind."""
        return self.what != NEW


def addresses(catalog: Catalog) -> tuple[Address, ...]:
    """Pages of the tags that the catalog has, and of those that its CUDA lines could have."""
    lines = {line.tag for line in catalog.line_of}
    torch = {row.tag for row in catalog.torch_wheels} | lines
    llama = {(row.tag, row.index.rstrip("/")) for row in catalog.llama_wheels}
    parents = {index.rpartition("/")[0] for _, index in llama}
    llama |= {(tag, f"{parent}/{tag}") for parent in parents for tag in lines - {tag for tag, _ in llama}}
    return (
        *(Address(package="torch", tag=tag, url=f"{catalog.index_of['torch']}/{tag}/torch/") for tag in sorted(torch)),
        *(
            Address(package="llama-cpp-python", tag=tag, url=f"{index}/llama-cpp-python/")
            for tag, index in sorted(llama)
        ),
    )


def label_address(catalog: Catalog, release: CudaVersion) -> str:
    """Package list under the label that a CUDA release has or would have."""
    return f"{catalog.index_of['conda']}/{label_name(release)}/linux-64/repodata.json"


def label_name(release: CudaVersion) -> str:
    """Label that the nvidia channel gives a CUDA release."""
    return f"nvidia/label/cuda-{release}"


def compare(catalog: Catalog, seen: Seen) -> tuple[Difference, ...]:
    """All differences, page by page."""
    pages = [entry for page in seen.pages for entry in _page(catalog, page)]
    labels = [entry for label in seen.labels for entry in _label(catalog, label)]
    return (*pages, *labels)


def _page(catalog: Catalog, page: Page) -> Iterator[Difference]:
    known = _known(catalog, page)
    listed = _listed(page)
    releases = catalog.torch_by_age if page.package == "torch" else catalog.llama_by_age
    first = min(row.version for row in releases)
    for platform in Platform:
        begin = min((version for version, place in known if place == platform), default=first)
        missing = [version for version, place in known if place == platform and (version, place) not in listed]
        added = [
            version
            for version, place in listed
            if place == platform and (version, place) not in known and version >= begin
        ]
        yield from _difference(MISSING, page, platform, missing)
        yield from _difference(NEW, page, platform, added)
        other: dict[str, list[Version]] = {}
        for key in sorted(known.keys() & listed.keys()):
            if key[1] == platform and known[key] != listed[key]:
                detail = f"catalog {minors(known[key])}, index {minors(listed[key])}"
                other.setdefault(detail, []).append(key[0])
        for detail, versions in other.items():
            yield from _difference(PYTHON, page, platform, versions, detail)


def _difference(
    what: What, page: Page, platform: Platform, versions: Iterable[Version], detail: str = ""
) -> Iterator[Difference]:
    releases = tuple(map(str, sorted(versions)))
    if releases:
        index = f"{page.package} {page.tag}"
        yield Difference(what=what, index=index, platform=platform, releases=releases, detail=detail)


def _known(catalog: Catalog, page: Page) -> Files:
    if page.package == "torch":
        return {(row.torch, row.platform): frozenset(row.python) for row in catalog.torch_wheels if row.tag == page.tag}
    return {
        (release.version, row.platform): frozenset(row.python)
        for row in catalog.llama_wheels
        if row.tag == page.tag
        for release in catalog.llama_by_age
        if row.covers(release.version)
    }


def _listed(page: Page) -> Files:
    found: dict[tuple[Version, Platform], set[int]] = {}
    anywhere: set[tuple[Version, Platform]] = set()
    for name in page.files or ():
        for version, platform, minor in _wheels(name, page):
            found.setdefault((version, platform), set())
            if minor is None:
                anywhere.add((version, platform))
            else:
                found[version, platform].add(minor)
    return {key: frozenset() if key in anywhere else frozenset(minor) for key, minor in found.items()}


def _wheels(name: str, page: Page) -> Iterator[tuple[Version, Platform, int | None]]:
    """Release, platform and Python 3 minor version of a file; other builds and early releases do not count."""
    try:
        project, version, _, tags = parse_wheel_filename(name)
    except InvalidWheelFilename:
        return
    if project != page.package or version.is_prerelease or version.local not in {None, page.tag}:
        return
    for tag in tags:
        platform = next((platform for pattern, platform in PLATFORMS if pattern.fullmatch(tag.platform)), None)
        if platform and (tag.interpreter == "py3" or _plain(tag)):
            minor = None if tag.interpreter == "py3" else int(tag.interpreter[3:])
            yield Version(version.public), platform, minor


def _plain(tag: Tag) -> bool:
    """Whether a file is for CPython with its lock: cp313, not cp313t."""
    return bool(re.fullmatch(r"cp3\d+", tag.interpreter)) and not tag.abi.endswith("t")


def _label(catalog: Catalog, label: Label) -> Iterator[Difference]:
    row = next(row for row in catalog.cuda_releases if row.release == label.release)
    if label.exists != bool(row.label):
        what = NEW if label.exists else MISSING
        yield Difference(what=what, index=f"conda {label_name(label.release)}", releases=(str(label.release),))


def minors(found: Iterable[int]) -> str:
    """Python versions in short: `3.9 .. 3.13`, or `any`."""
    numbers = sorted(found)
    if not numbers:
        return "any"
    whole = len(numbers) > 1 and numbers == list(range(numbers[0], numbers[-1] + 1))
    return f"3.{numbers[0]} .. 3.{numbers[-1]}" if whole else " ".join(f"3.{number}" for number in numbers)
