"""The format of pip's requirements files.

Source: https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

from __future__ import annotations

import argparse
import re
import shlex
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion

from envspec.errors import SpecError
from envspec.init.packages import LLAMA, Finds
from envspec.init.taken import TAG, Rank, host_of, masked, path_of
from envspec.spec import Install

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envspec.init.taken import Opener, Source

MAX_FILES = 50
OPTION = re.compile(r"(?:^|\s)--?[A-Za-z]")
COMMENT = re.compile(r"(^|\s+)#.*$")
ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|[.~/\\]|[^\s@;]+\.(?:whl|zip|tar\.gz|tar\.bz2)(?:[\s;]|$)")
"""What a line begins with that is an address or a path; or the name of a file."""
FROM_CONDA = re.compile(r"@EXPLICIT|[\w.-]+=[^=\s]+(?:=\S*)?")
ADDRESSES = ("--index-url", "--extra-index-url", "--find-links")
BINARY = ("--no-binary", "--only-binary")
IGNORED = ("--trusted-host", "--use-feature", "--config-settings", "--global-option", "--install-option")
FLAGS = ("--no-index", "--prefer-binary", "--require-hashes", "--pre")
SHORT = {"--index-url": ("-i", "--pypi-url"), "--find-links": ("-f",), "--config-settings": ("-C", "--config-setting")}


class _Parser(argparse.ArgumentParser):
    """Reads the options of a line."""

    def error(self, message: str) -> NoReturn:
        """Raise what would end the program."""
        raise ValueError(message)


def _parser() -> _Parser:
    parser = _Parser(prog="", add_help=False, allow_abbrev=False)
    parser.add_argument("-r", "--requirement", action="append", default=[])
    parser.add_argument("-c", "--constraint", action="append", default=[])
    parser.add_argument("-e", "--editable", action="append", default=[])
    parser.add_argument("--hash", action="append", default=[])
    for name in (*ADDRESSES, *BINARY, *IGNORED):
        parser.add_argument(name, *SHORT.get(name, ()), action="append", default=[], dest=name)
    for name in FLAGS:
        parser.add_argument(name, action="append_const", const="", default=[], dest=name)
    return parser


PARSER = _parser()


class At(NamedTuple):
    """Where a line stands."""

    where: str
    source: Source
    constraint: bool = False

    def fail(self, text: str, hint: str) -> NoReturn:
        """Raise an error that points to the line."""
        message = f"{self.where}: {masked(text)}"
        raise SpecError(message, hint=hint) from None


def logical(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, joined where one ends with a backslash, without comments."""
    first, parts = 0, list[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        first = first if parts else number
        comment = COMMENT.match(line) is not None
        if line.endswith("\\") and not comment:
            parts.append(line.rstrip("\\"))
            continue
        yield first, COMMENT.sub("", "".join([*parts, " " + line if comment else line])).strip()
        parts = []
    if parts:
        yield first, COMMENT.sub("", "".join(parts)).strip()


class Reading:
    """One file, and all that it names."""

    def __init__(self, open_file: Opener, finds: Finds) -> None:
        self._open, self._finds = open_file, finds
        self._seen: set[tuple[str, bool]] = set()

    def file(self, source: Source, *, constraint: bool = False) -> None:
        """Read a file, unless it was read before.

        Raises:
            SpecError: a line is wrong; names file and line.

        """
        if (source.key, constraint) in self._seen:
            return
        self._seen.add((source.key, constraint))
        for number, line in logical(source.text):
            if line:
                self.line(line, At(f"{source.shown}:{number}", source, constraint))

    def line(self, text: str, at: At) -> None:
        """Read one line: a requirement with its options, or options alone."""
        begins = OPTION.search(text)
        words, options = (text[: begins.start()], text[begins.start() :]) if begins else (text, "")
        try:
            found = vars(PARSER.parse_args(shlex.split(options.replace("\\", "/"))))
        except ValueError as error:
            told = "these options cannot be read" if "@" in str(error) else str(error)
            at.fail(told, "see pip's description of requirements files")
        for name, values in found.items():
            for value in values:
                self._option(name, value, at)
        if words.strip():
            self._requirement(words.strip(), at)

    def _option(self, name: str, value: str, at: At) -> None:
        if name in {"requirement", "constraint"}:
            self._nested(value, at, constraint=at.constraint or name == "constraint")
        elif name == "editable":
            self._finds.note(at.where, f"`-e {value}` is not taken over: add the project to the environment afterwards")
        elif name == "hash":
            self._finds.note(at.source.shown, "hashes are not taken over: the lock writes those of all platforms")
        elif name in ADDRESSES:
            self._address(name, value, at)
        elif name in BINARY:
            self._binary(name, value, at)
        else:
            self._finds.note(at.where, f"`{name}` is not taken over")

    def _nested(self, name: str, at: At, *, constraint: bool) -> None:
        if "://" in name:
            self._finds.note(at.where, f"the file at {host_of(name)} is not read: save it beside {at.source.shown}")
            return
        if len(self._seen) >= MAX_FILES:
            at.fail(f"more than {MAX_FILES} files name each other", "put the requirements into fewer files")
        self.file(self._open(name, at.source), constraint=constraint)

    def _address(self, option: str, url: str, at: At) -> None:
        tag = path_of(url).rstrip("/").rpartition("/")[2]
        if not TAG.fullmatch(tag):
            told = (
                f"{option} {host_of(url)} is not taken over: packages come from the default index as pip or uv know it"
            )
            self._finds.note(at.where, told)
            return
        rank = Rank.LLAMA if "llama" in url else Rank.NAMED
        self._finds.cuda.tag(tag, at.where, f"{option} .../{tag}", rank)
        if "/nightly" in url:
            self._finds.note(at.where, f"{option} .../nightly/{tag}: only releases are known, no nightly builds")

    def _binary(self, option: str, value: str, at: At) -> None:
        names = {canonicalize_name(name.strip()) for name in value.split(",")}
        if LLAMA in names:
            self._finds.install = Install.SOURCE if option == "--no-binary" else Install.WHEEL
        if names != {LLAMA}:
            told = "only llama-cpp-python is ever compiled" if option == "--no-binary" else "that is always so"
            self._finds.note(at.where, f"`{option} {value}` is not taken over: {told}")

    def _requirement(self, words: str, at: At) -> None:
        text = words if not ADDRESS.match(words) else self._named(words, at)
        if text is None:
            return
        try:
            requirement = Requirement(text)
        except (InvalidRequirement, RecursionError) as error:
            hint = "write a requirement such as `fastapi>=0.110`"
            if FROM_CONDA.fullmatch(words):
                hint = (
                    "this is a list of conda; take over what `conda env export --from-history > environment.yml` writes"
                )
            at.fail(f"{words[:200]!r} is no requirement: {str(error).splitlines()[0]}", hint)
        if at.constraint:
            self._finds.constrain(requirement, at.where)
        else:
            self._finds.add(requirement, at.where)

    def _named(self, words: str, at: At) -> str | None:
        """Write an address as a requirement with a name; None where nothing tells the name."""
        url, *condition = re.split(r"\s*;\s+", words, maxsplit=1)
        marker = f" ; {condition[0]}" if condition else ""
        egg = re.search(r"#(?:.*&)?egg=([A-Za-z0-9._-]+)", url)
        if egg:
            return f"{egg[1]} @ {url.partition('#')[0]}{marker}"
        try:
            name = parse_wheel_filename(path_of(url).rpartition("/")[2])[0]
        except (InvalidVersion, InvalidWheelFilename):
            what = f"{host_of(url)}/.../{path_of(url).rpartition('/')[2]}" if "://" in url else url
            self._finds.note(at.where, f"{what} is not taken over: it tells no name and version")
            return None
        return f"{name} @ {url}{marker}"
