from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from envspec.errors import SpecError
from envspec.tools.imports import MAX_BYTES, Folder, decoded

if TYPE_CHECKING:
    from pathlib import Path

CHINESE = "# 深度学习\ntorch\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "gbk", "gb18030"])
def test_encodings(encoding: str) -> None:
    assert decoded(CHINESE.encode(encoding), "r.txt") == CHINESE


def test_marks_and_declarations() -> None:
    assert decoded(b"\xfe\xff" + "six".encode("utf-16-be"), "r.txt") == "six"
    assert decoded(b"\x00\x00\xfe\xff" + "six".encode("utf-32-be"), "r.txt") == "six"
    declared = "# -*- coding: big5 -*-\n# 深度學習\ntorch\n"
    assert decoded(declared.encode("big5"), "r.txt") == declared
    third = "\n\n# coding: big5\n"
    assert decoded(third.encode(), "r.txt") == third


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"caf\xe9 \xff\xff", "r.txt: not a text file in UTF-8"),
        (b"# coding: nonsense\n", "r.txt: not a text file in UTF-8"),
        (b"# coding: hex\n", "r.txt: not a text file in UTF-8"),
        (b"\xff\xfea", "r.txt: not a text file in UTF-8"),
        (b"a\0b", "r.txt: not a text file"),
    ],
)
def test_no_text(data: bytes, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        decoded(data, "r.txt")
    assert caught.value.message == message


def test_a_folder_and_what_lies_in_it(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    first, second = tmp_path / "a" / "r.txt", tmp_path / "a" / "b" / "c.txt"
    first.write_text("-r b/c.txt\n")
    second.write_text("six\n")
    folder = Folder(first)
    start = folder.first()
    assert (start.shown, start.text) == ("r.txt", "-r b/c.txt\n")
    assert folder.open("b\\..\\b/c.txt", start).text == "six\n" if os.name == "nt" else True
    nested = folder.open("b/c.txt", start)
    assert nested.shown == "b/c.txt"
    assert folder.open("../r.txt", nested).key == start.key
    for name in ("../x", "/etc/hostname", "../../" * 30 + "etc/hostname", "b/\0"):
        with pytest.raises(SpecError, match="lies outside of|cannot be read"):
            folder.open(name, start)


def test_odd_files(tmp_path: Path) -> None:
    big, pipe = tmp_path / "big.txt", tmp_path / "pipe"
    big.write_bytes(b"#" * (MAX_BYTES + 1))
    os.mkfifo(pipe)
    for path, message in (
        (big, "larger than 1024 KiB"),
        (pipe, "is no regular file"),
        (tmp_path, "is no regular file"),
        (tmp_path / "none", "No such file"),
    ):
        with pytest.raises(SpecError, match=message):
            Folder(path).first()
