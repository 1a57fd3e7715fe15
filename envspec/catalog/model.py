"""The rows of the catalog and the questions that stages ask of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from packaging.version import Version
from pydantic import PlainSerializer, PlainValidator

from envspec.frozen import Frozen
from envspec.gpu import Backend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packaging.specifiers import SpecifierSet

ReleaseVersion = Annotated[Version, PlainValidator(lambda text: Version(str(text))), PlainSerializer(str)]


class Row(Frozen):
    """A fact, how well it is known and where it comes from."""

    confidence: Literal["measured", "declared", "inferred"]
    source: str


class Span(Row):
    """A fact about all versions from `since` to `until`, both included."""

    since: ReleaseVersion
    until: ReleaseVersion | None = None

    def covers(self, version: Version) -> bool:
        """Whether this row speaks about `version`."""
        return self.since <= version and (self.until is None or version <= self.until)


class LlamaEra(Span):
    """Releases of llama-cpp-python that name their switches and build needs alike."""

    switches: dict[Backend, str]
    build_requires: tuple[str, ...]


class LeftOut(Span):
    """An option of llama.cpp that the Python package can do without."""

    option: str
    reason: str


class KnownArchive(Frozen):
    """A source archive that was read: with its hash goes its metadata, so nobody downloads it to resolve."""

    sha256: str
    requires: tuple[str, ...]
    """`Requires-Dist` of its PKG-INFO."""


class LlamaRelease(Row):
    """One release of llama-cpp-python."""

    version: ReleaseVersion
    archive: KnownArchive | None = None


class Catalog(Frozen):
    """All tables."""

    eras: tuple[LlamaEra, ...]
    left_out: tuple[LeftOut, ...]
    releases: tuple[LlamaRelease, ...]

    def llama_releases(self, wanted: SpecifierSet) -> Iterator[LlamaRelease]:
        """Releases that fit `wanted`, newest first."""
        newest_first = sorted(self.releases, key=lambda row: row.version, reverse=True)
        return (row for row in newest_first if wanted.contains(row.version))

    def llama_archive(self, version: Version) -> KnownArchive | None:
        """What is known of the source archive of a release."""
        return next((row.archive for row in self.releases if row.version == version), None)

    def llama_era(self, version: Version) -> LlamaEra | None:
        """Row with the switches of a release, or None where nothing is known."""
        return next((row for row in self.eras if row.covers(version)), None)

    def llama_left_out(self, version: Version) -> tuple[LeftOut, ...]:
        """What a release compiles for nothing."""
        return tuple(row for row in self.left_out if row.covers(version))
