"""The format of conda's environment files.

Source: https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-environments.html
"""

from __future__ import annotations

import re
import warnings
from typing import TYPE_CHECKING, NoReturn

from packaging.specifiers import SpecifierSet
from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from envspec.gpu import CudaVersion, Platform
from envspec.init import match_spec
from envspec.init.packages import COMPANIONS, LLAMA
from envspec.init.requirements import At, logical
from envspec.init.taken import Rank, host_of, masked
from envspec.spec import range_text
from envspec.spec.fields import MatchSpecText, PythonRange, Variables
from envspec.spec.reader import Document, Place

if TYPE_CHECKING:
    from envspec.init.match_spec import Match
    from envspec.init.packages import Finds
    from envspec.init.requirements import Reading
    from envspec.init.taken import Source
    from envspec.spec.reader import Path, Tree

HINT = "`conda env export --from-history` writes such a file; see conda's description of environment.yml"
LABEL = re.compile(r"nvidia/label/cuda-(\d+)\.(\d+)\.(\d+)")
TORCH = {"pytorch": "torch", "pytorch-cpu": "torch", "pytorch-gpu": "torch", "torch": "torch"}
OWN = {**TORCH, LLAMA: LLAMA, **{name: name for name in COMPANIONS}}
EXACT = {"cuda", "cuda-toolkit", "cudatoolkit", "cuda-version"}
"""Packages whose version is a release of CUDA."""
TOOLKIT = re.compile(
    r"cuda|cuda-(toolkit|version|nvcc|runtime|compiler|cudart|libraries|driver)([-_].*)?|cudatoolkit(-dev)?|pytorch-cuda"
)
UNNEEDED = {"pip", "pytorch-mutex", "torchtriton"}
SECRET = re.compile(r"(^|_)TOKEN(_|$)|SECRET|PASSW|API_?KEY|CREDENTIAL|ACCESS_KEY", re.IGNORECASE)
RANGE: TypeAdapter[SpecifierSet] = TypeAdapter(PythonRange)
MATCH: TypeAdapter[str] = TypeAdapter(MatchSpecText)
PAIRS: TypeAdapter[tuple[tuple[str, str], ...]] = TypeAdapter(Variables)


class Environment:
    """One environment.yml."""

    def __init__(self, source: Source, reading: Reading, finds: Finds) -> None:
        self._source, self._reading, self._finds = source, reading, finds
        self._document = Document(source.shown)
        self._document.places[()] = Place("1:1", "1:1")
        self._builds: list[str] = []

    def read(self) -> None:
        """Take all that the file says.

        Raises:
            SpecError: it is no environment file; names file and line.

        """
        tree = self._tree()
        if not isinstance(tree, dict) or "dependencies" not in tree or "envspec" in tree:
            self._fail((), self._other_file(tree))
        known = {"name", "channels", "dependencies", "variables", "prefix", "platforms"}
        for key in (key for key in tree if key not in known):
            self._finds.note(self._where((key,)), f"`{key}` is not taken over")
        name = tree.get("name")
        self._finds.name = name if isinstance(name, str) else None
        self._platforms(self._list(tree, "platforms"))
        self._channels(self._list(tree, "channels"))
        for number, item in enumerate(self._list(tree, "dependencies")):
            self._dependency(item, ("dependencies", number))
        self._variables(tree.get("variables"))
        if self._builds:
            told = f"{', '.join(self._builds[:5])}{', ...' if self._builds[5:] else ''}"
            text = f"build strings are not taken over, they fit one platform ({told})"
            self._finds.note(self._source.shown, text)

    def _tree(self) -> Tree:
        try:
            with warnings.catch_warnings(action="ignore"):
                node = YAML(typ="rt", pure=True).compose(self._source.text)
            return None if node is None else self._document.tree(node)
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = f"{mark.line + 1}:{mark.column + 1}" if mark else "1:1"
            problem = " ".join(part for part in (error.context, error.problem) if part)
            self._document.fail(place, f"not valid YAML: {problem}", hint=HINT)
        except (KeyError, ValueError, YAMLError) as error:
            self._document.fail("1:1", f"not valid YAML: {' '.join(str(error).split())}", hint=HINT)
        except RecursionError:
            self._document.fail("1:1", "nested too deeply to be an environment file", hint=HINT)

    def _other_file(self, tree: Tree) -> str:
        if isinstance(tree, dict) and "envspec" in tree:
            return "this is a spec already, not an environment file of conda"
        if isinstance(tree, dict) and "package" in tree:
            return "this is a lockfile: give the environment.yml that it was made from"
        return "not an environment file of conda: it has no `dependencies`"

    def _where(self, path: Path, *, of_key: bool = True) -> str:
        line = self._document.place(path, of_key=of_key).partition(":")[0]
        return f"{self._source.shown}:{line}"

    def _fail(self, path: Path, text: str, hint: str = HINT) -> NoReturn:
        At(self._where(path), self._source).fail(text, hint)

    def _list(self, tree: dict[str, Tree], key: str) -> list[Tree]:
        found = tree.get(key)
        if found is None:
            return []
        if isinstance(found, str):
            return [found]
        if not isinstance(found, list):
            self._fail((key,), f"`{key}` must be a list")
        return found

    def _platforms(self, names: list[Tree]) -> None:
        known = [Platform(name) for name in names if isinstance(name, str) and name in set(Platform)]
        for number, name in enumerate(names):
            if name not in known:
                self._finds.note(self._where(("platforms", number)), f"the platform {name} is not supported")
        if known:
            self._finds.platforms = self._finds.named_platforms = tuple(dict.fromkeys(known))

    def _channels(self, names: list[Tree]) -> None:
        others = []
        for number, name in enumerate(names):
            if not isinstance(name, str) or not self._label(name, self._where(("channels", number))):
                others.append(host_of(str(name)) if "://" in str(name) else str(name))
        if others:
            told = f"channels are not taken over: {', '.join(dict.fromkeys(others))}; `channel::name` names one"
            self._finds.note(self._where(("channels",)), told)

    def _label(self, channel: str, where: str) -> bool:
        """Take the CUDA release of a label of the nvidia channel."""
        found = LABEL.search(channel)
        if found:
            version = CudaVersion(int(found[1]), int(found[2]), int(found[3]))
            self._finds.cuda.version(version, where, f"the channel {found[0]}", Rank.NAMED)
        return found is not None

    def _dependency(self, item: Tree, path: Path) -> None:
        if isinstance(item, dict):
            for key, value in item.items():
                self._group(key, value, (*path, key))
            return
        match = match_spec.parse(item) if isinstance(item, str) else None
        if match is None:
            self._fail(path, f"{item!r} is no package such as `ffmpeg` or `numpy>=2`")
        self._package(match, str(item), self._where(path))

    def _group(self, key: str, value: Tree, path: Path) -> None:
        if key != "pip":
            self._finds.note(self._where(path), f"`{key}` is not taken over; only a list under `pip` is")
            return
        for number, item in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(item, str):
                self._fail((*path, number), f"{item!r} is no requirement")
            for _, line in filter(lambda numbered: numbered[1], logical(item)):
                self._reading.line(line, At(self._where((*path, number)), self._source))

    def _package(self, match: Match, text: str, where: str) -> None:
        if match.channel:
            self._label(match.channel, where)
        if match.name == "python":
            self._python(match, where)
        elif match.name in OWN:
            self._own(OWN[match.name], match, where)
        elif match.name == "cpuonly":
            self._finds.cuda.tag("cpu", where, text, Rank.TORCH)
        elif TOOLKIT.fullmatch(match.name):
            self._toolkit(match, where)
        elif match.name.startswith("__") or match.name in UNNEEDED:
            self._finds.note(where, f"{match.name} is not taken over: envspec does not need it")
        else:
            self._kept(match, where)

    def _python(self, match: Match, where: str) -> None:
        wanted = match_spec.versions(match.version)
        minor = re.fullmatch(r"(?:==)?(\d+\.\d+)", match.version)
        if minor:
            self._finds.note(where, f"python {match.version} is read as any {minor[1]}.x")
            wanted = SpecifierSet(f"=={minor[1]}.*")
        if wanted is None:
            self._finds.note(where, f"python {match.version}: this range is not taken over")
        elif match.version:
            lower = any(item.operator in {"==", ">=", ">", "~="} for item in wanted)
            text = range_text(wanted if lower else wanted & SpecifierSet(">=3.8"))
            try:
                RANGE.validate_python(text)
            except ValidationError:
                At(where, self._source).fail(f"python {match.version}: no Python 3 fits", "envspec needs Python 3")
            self._finds.python = text

    def _own(self, name: str, match: Match, where: str) -> None:
        wanted = match_spec.versions(match.version)
        if wanted is None:
            self._finds.note(where, f"{match.name} {match.version}: this range is not taken over, so any release fits")
        self._finds.demand(name, wanted or SpecifierSet())
        rank = Rank.LLAMA if name == LLAMA else Rank.TORCH
        cuda = re.search(r"cuda_?(\d\d)\.?(\d)", match.build)
        if cuda:
            version = CudaVersion(int(cuda[1]), int(cuda[2]))
            self._finds.cuda.version(version, where, f"the build of {match.name}", rank)
        elif re.search(r"(^|[*_])cpu", match.build) or match.name == "pytorch-cpu":
            self._finds.cuda.tag("cpu", where, match.name, rank)

    def _toolkit(self, match: Match, where: str) -> None:
        found = match_spec.release(match.version) or ()
        what = f"{match.name}{match.version}"
        if len(found) > 1:
            patch = found[2] if match.name in EXACT and len(found) > 2 else None  # noqa: PLR2004 - major.minor.patch
            rank = Rank.TORCH if match.name == "pytorch-cuda" else Rank.NAMED
            self._finds.cuda.version(CudaVersion(found[0], found[1], patch), where, what, rank)
        elif match.version:
            self._finds.note(where, f"{what} names no single CUDA release and is not taken over")
        if match.name not in {"pytorch-cuda", "cuda-version"}:
            told = f"{match.name} itself is not taken over: the plan brings a toolkit where something is compiled"
            self._finds.note(where, told)

    def _kept(self, match: Match, where: str) -> None:
        if "://" in match.channel or "/t/" in match.channel:
            self._finds.note(where, f"the channel of {match.name} ({host_of(match.channel)}) is not taken over")
            match = match._replace(channel="")
        if match.build:
            self._builds.append(match.name)
        try:
            self._finds.conda.append(MATCH.validate_python(str(match)))
        except ValidationError:
            At(where, self._source).fail(f"{match} is no match spec", "write a package such as `ffmpeg >=6`")

    def _variables(self, found: Tree) -> None:
        if found is None:
            return
        if not isinstance(found, dict):
            self._fail(("variables",), "`variables` must be a mapping of names to values")
        for name, value in found.items():
            where = self._where(("variables", name))
            if SECRET.search(name) or masked(str(value)) != str(value):
                self._finds.note(where, f"{name} is not taken over: it may be a secret, and a spec is for everybody")
                continue
            try:
                self._finds.env |= dict(PAIRS.validate_python({name: value}))
            except ValidationError:
                self._finds.note(where, f"{name} is not taken over: an environment cannot set it")
