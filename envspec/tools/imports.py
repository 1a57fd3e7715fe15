"""Files of other tools that a spec is made from: read as text, within one folder."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from envspec.errors import SpecError
from envspec.init import Source

MAX_BYTES = 1 << 20
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks, the longer ones first; PowerShell writes UTF-16."""
HINT = "give a requirements.txt of pip or an environment.yml of conda"


class Folder:
    """Where files may name each other: the working folder if the first file lies in it, else that file's own."""

    def __init__(self, first: Path) -> None:
        self._first = first
        here, place = Path.cwd().resolve(), first.absolute().parent.resolve()
        self._root = here if place.is_relative_to(here) else place

    def first(self) -> Source:
        """Read the file that the user names."""
        return _source(self._first, self._first.name)

    def open(self, name: str, asker: Source) -> Source:
        """Read a file that another one names.

        Raises:
            SpecError: it cannot be read, or lies outside of the folder.

        """
        path = Path(asker.key).parent / name.removeprefix("file:")
        try:
            whole = path.resolve()
        except (OSError, RuntimeError, ValueError):
            whole = Path(asker.key) / "?"
        if not whole.is_relative_to(self._root):
            message = f"{asker.shown} names {name!r}, which lies outside of {self._root}"
            raise SpecError(
                message, hint="copy that file beside the first one, or start envspec in a folder above both"
            )
        return _source(whole, whole.relative_to(self._root).as_posix())


def _source(path: Path, shown: str) -> Source:
    try:
        if path.exists() and not path.is_file():
            message = f"{path} is no regular file"
            raise SpecError(message, hint=HINT)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        whole = path.resolve()
    except (OSError, ValueError) as error:
        what = getattr(error, "strerror", None) or str(error)
        message = f"{str(path)!r} cannot be read: {what}"
        raise SpecError(message, hint=HINT) from error
    if len(data) > MAX_BYTES:
        message = f"{path}: larger than {MAX_BYTES >> 10} KiB, so it is no list of packages"
        raise SpecError(message, hint=HINT)
    return Source(shown, str(whole), decoded(data, shown))


def decoded(data: bytes, shown: str) -> str:
    """Text of a file: by its mark, by a line such as `# -*- coding: gbk -*-`, as UTF-8, or as Chinese Windows has it.

    Source: https://pip.pypa.io/en/stable/reference/requirements-file-format/#encoding

    Raises:
        SpecError: it is no text.

    """
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return _text(data[len(mark) :], encoding, shown)
    named = re.search(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", b"\n".join(data.split(b"\n", 2)[:2]), re.MULTILINE)
    if named:
        return _text(data, named[1].decode(), shown)
    try:
        data.decode()
    except UnicodeDecodeError:
        return _text(data, "gb18030", shown)
    return _text(data, "utf-8", shown)


def _text(data: bytes, encoding: str, shown: str) -> str:
    try:
        text = data.decode(encoding)
    except (LookupError, UnicodeError) as error:
        message = f"{shown}: not a text file in UTF-8"
        raise SpecError(message, hint="save the file as UTF-8") from error
    if "\0" in text:
        message = f"{shown}: not a text file"
        raise SpecError(message, hint=HINT)
    return text
