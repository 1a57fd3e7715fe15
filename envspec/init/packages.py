"""Requirements by what they are: torch, llama-cpp-python, what torch brings itself, and all others."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from envspec.gpu import CudaVersion
from envspec.init.taken import TAG, Cuda, Rank, Taken, holds, host_of, path_of
from envspec.spec import Install, LlamaRequest, TorchRequest, range_text

if TYPE_CHECKING:
    from packaging.requirements import Requirement

    from envspec.catalog import Catalog
    from envspec.gpu import Platform

COMPANIONS = ("torchvision", "torchaudio")
EXTRAS = {"all", "dev", "server", "test"}
LLAMA = "llama-cpp-python"
OWN = ("torch", LLAMA, *COMPANIONS)
BROUGHT = re.compile(r"nvidia-[a-z0-9-]+-cu1\d|triton|pytorch-triton(-rocm)?")
"""What torch requires exactly, so that a pin of it fits one release only."""
RUNTIME = re.compile(r"nvidia-cuda-runtime(-cu1\d)?")
"""Its version is that of CUDA: 12.1.105 is of 12.1."""


class Finds:
    """What is found while a file is read; `taken` puts it together."""

    def __init__(self, catalog: Catalog, platforms: tuple[Platform, ...]) -> None:
        self.catalog, self.platforms = catalog, platforms
        self.notes: dict[str, None] = {}
        self.cuda = Cuda(catalog, self.notes)
        self.name: str | None = None
        self.named_platforms: tuple[Platform, ...] = ()
        self.python: str | None = None
        self.conda: list[str] = []
        self.env: dict[str, str] = {}
        self.install = Install.AUTO
        self.constraints: dict[str, tuple[SpecifierSet, str]] = {}
        self.wheel_pythons: set[str] = set()
        self._own: dict[str, SpecifierSet] = {}
        self._extras: dict[str, None] = {}
        self._others: list[Requirement] = []

    def note(self, where: str, text: str) -> None:
        """Tell something about a line."""
        self.cuda.note(where, text)

    def add(self, requirement: Requirement, where: str) -> None:
        """Take a requirement."""
        name = canonicalize_name(requirement.name)
        if RUNTIME.fullmatch(name):
            self._runtime(requirement, where)
        if name not in OWN:
            self._other(requirement, where)
        elif any(holds(requirement.marker, platform) for platform in self.platforms):
            self._take_own(name, requirement, where)
        else:
            self.note(where, f"{name} is not taken over: `{requirement.marker}` is true on none of the platforms")

    def constrain(self, requirement: Requirement, where: str) -> None:
        """Take a constraint: it counts where something requires the package."""
        name = canonicalize_name(requirement.name)
        if requirement.url or requirement.marker:
            self.note(where, f"the constraint on {name} is not taken over: it has an address or a marker")
            return
        known, first = self.constraints.get(name, (SpecifierSet(), where))
        self.constraints[name] = (known & requirement.specifier, first)

    def demand(self, name: str, versions: SpecifierSet) -> None:
        """Take a package that has a key of its own; what several lines say counts together."""
        self._own[name] = self._own.get(name, SpecifierSet()) & versions

    def _take_own(self, name: str, requirement: Requirement, where: str) -> None:
        if not all(holds(requirement.marker, platform) for platform in self.platforms):
            self.note(where, f"`{requirement.marker}` is not taken over: {name} is for all platforms of a spec")
        if requirement.url:
            self._of_address(name, requirement, where)
        else:
            self.demand(name, self._public(name, requirement.specifier, where))
        for extra in sorted(requirement.extras):
            if name == LLAMA and extra in EXTRAS:
                self._extras[extra] = None
            else:
                self.note(where, f"the extra {extra!r} of {name} is not taken over")

    def _public(self, name: str, versions: SpecifierSet, where: str) -> SpecifierSet:
        """Versions without their local parts; those are tags: 2.5.1+cu121."""
        plain = []
        for item in versions:
            public, _, local = item.version.partition("+")
            try:
                plain.append(Specifier(f"{'==' if item.operator == '===' else item.operator}{public}"))
            except InvalidSpecifier:
                self.note(where, f"{name}{item} is not taken over: that is no version")
            if local:
                rank = Rank.LLAMA if name == LLAMA else Rank.TORCH
                self.cuda.tag(
                    local.partition(".")[0] if local.startswith("cu") else local, where, f"{name}{item}", rank
                )
        return SpecifierSet(",".join(map(str, plain)))

    def _of_address(self, name: str, requirement: Requirement, where: str) -> None:
        """Take a wheel by what its address says: the version, the tag, the Python."""
        url = str(requirement.url)
        found = wheel(url)
        if found is None:
            self.note(where, f"the address of {name} ({host_of(url)}) is not taken over, so any release fits")
            self.demand(name, SpecifierSet())
            return
        version, pythons = found
        self.demand(name, SpecifierSet(f"=={version.public}"))
        self.wheel_pythons |= pythons
        rank = Rank.LLAMA if name == LLAMA else Rank.TORCH
        tags = [version.local] if version.local else re.findall(rf"[-/]({TAG.pattern})(?=/)", url)
        for tag in tags[-1:]:
            self.cuda.tag(tag, where, f"the wheel of {name} for {tag}", rank)

    def _runtime(self, requirement: Requirement, where: str) -> None:
        for item in requirement.specifier:
            pinned = re.match(r"(\d+)\.(\d+)\.", item.version)
            if item.operator == "==" and pinned:
                version = CudaVersion(int(pinned[1]), int(pinned[2]))
                self.cuda.version(version, where, str(requirement), Rank.PART)

    def _other(self, requirement: Requirement, where: str) -> None:
        url = requirement.url or ""
        if re.match(r"file:|[./~]|[A-Za-z]:[\\/]", url):
            found = wheel(url)
            kept = f"=={found[0].public}" if found else ""
            self.note(where, f"{requirement.name}: the local file is not taken over, only {requirement.name}{kept}")
            requirement.url, requirement.specifier = None, SpecifierSet(kept)
        elif secret(url):
            text = f"{requirement.name} is not taken over: its address ({host_of(url)}) may hold a password"
            self.note(where, text)
            return
        self._others.append(requirement)

    def taken(self, source: str) -> Taken:
        """Put together what was found."""
        self._apply_constraints()
        torch, llama = self._torch(), self._llama()
        pip = self._pip(brought=torch is not None)
        cuda, backend = self.cuda.chosen(torch=torch is not None)
        of_wheels = next(iter(self.wheel_pythons)) if len(self.wheel_pythons) == 1 else None
        return Taken(
            source=source,
            name=self.name,
            python=self.python or of_wheels,
            platforms=self.named_platforms,
            backend=backend,
            cuda=cuda,
            torch=torch,
            llama=llama,
            conda=tuple(dict.fromkeys(self.conda)),
            pip=pip,
            env=tuple(sorted(self.env.items())),
            notes=tuple(self.notes),
        )

    def _apply_constraints(self) -> None:
        unused: dict[str, list[str]] = {}
        for name, (versions, where) in self.constraints.items():
            others = [one for one in self._others if canonicalize_name(one.name) == name and not one.url]
            for one in others:
                one.specifier &= versions
            if name in self._own:
                self.demand(name, self._public(name, versions, where))
            elif not others:
                unused.setdefault(where.rpartition(":")[0], []).append(name)
        for where, names in unused.items():
            told = f"{', '.join(names[:5])}{', ...' if names[5:] else ''}"
            self.note(where, f"constraints are taken over only for what is required, so not for {told}")

    def _torch(self) -> TorchRequest | None:
        companions = tuple(name for name in COMPANIONS if name in self._own)
        if "torch" not in self._own and not companions:
            return None
        versions = self._own.get("torch", SpecifierSet())
        rows = [row for row in self.catalog.torch_by_age if versions.contains(row.version)]
        for name in companions:
            wanted = self._own[name]
            fitting = [row for row in rows if wanted.contains(getattr(row, name), prereleases=True)]
            if rows and not fitting:
                told = range_text(versions) or "of any version"
                self.note(name, f"{range_text(wanted)} is not taken over: it goes with no torch {told} of the catalog")
            elif len(fitting) < len(rows):
                newest, oldest = fitting[0].version, fitting[-1].version
                versions &= SpecifierSet(f"=={newest}" if newest == oldest else f">={oldest},<={newest}")
                rows = fitting
        return TorchRequest.model_validate({"version": range_text(versions), "packages": companions})

    def _llama(self) -> LlamaRequest | None:
        if LLAMA not in self._own:
            return None
        tree = {"version": range_text(self._own[LLAMA]), "extras": tuple(self._extras), "install": self.install}
        return LlamaRequest.model_validate(tree)

    def _pip(self, *, brought: bool) -> tuple[str, ...]:
        names = [one.name for one in self._others if brought and BROUGHT.fullmatch(canonicalize_name(one.name))]
        if names:
            self.note(
                "torch", f"{', '.join(dict.fromkeys(names))}: torch brings them itself, so they are not taken over"
            )
        return tuple(dict.fromkeys(str(one) for one in self._others if one.name not in names))


def wheel(url: str) -> tuple[Version, set[str]] | None:
    """Version and CPython versions of a wheel, by its file name; None where the address is of no wheel."""
    try:
        _, version, _, tags = parse_wheel_filename(path_of(url).rpartition("/")[2])
    except (InvalidVersion, InvalidWheelFilename):
        return None
    pythons = (re.fullmatch(r"cp3(\d+)", tag.interpreter) for tag in tags if tag.abi != "abi3")
    return version, {f"3.{found[1]}" for found in pythons if found}


def secret(url: str) -> bool:
    """Whether an address has a user with a password, a token or a variable in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return True
    user = bool(parts.username) and not parts.scheme.endswith("ssh")
    return user or bool(parts.password or parts.query) or "${" in url
