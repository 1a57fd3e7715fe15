"""Values that the shells themselves read back."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from envspec.errors import UsageError
from envspec.shells import Shell, assignment

if TYPE_CHECKING:
    from pathlib import Path

READER = "import os, sys; sys.stdout.buffer.write(os.environ['VALUE'].encode())"
PROGRAMS = {
    Shell.BASH: ("bash", "--norc", "-eu"),
    Shell.ZSH: ("zsh", "-f", "-eu"),
    Shell.FISH: ("fish", "--no-config"),
    Shell.POWERSHELL: ("pwsh", "-NoProfile", "-NonInteractive", "-File"),
}
VALUES = (
    "",
    "plain",
    "two words",
    'it\'s "quoted" and `run` and $HOME and $(id) and ${HOME} and !!',
    r"back\slash \n \' \\ end\\",
    "100% %PATH% ^ & | < > ; * ? ~ # {a,b}",
    "one\ntwo\n\tthree",
    "你好，\u2018单引号\u2019\u201a\u201b \u201c双引号\u201d 🙂",
    "-n",
)
OPTIONS = (
    r"-DCMAKE_SHARED_LINKER_FLAGS=-Wl,-rpath,\$ORIGIN/../../nvidia/cu13/lib -Wl,-rpath,\$ORIGIN",
    "-DCMAKE_CUDA_ARCHITECTURES=86-real;120a-real;90-virtual",
    r"-DCMAKE_CUDA_HOST_COMPILER=C:\Program Files\VC\cl.exe",
    "-DCMAKE_CXX_FLAGS=-DNAME='it is' -O2",
)


def seen(shell: Shell, line: str, folder: Path) -> str:
    """What a program sees that the shell starts after `line`."""
    program, *options = PROGRAMS[shell]
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")
    reader, script = folder / "reader.py", folder / ("script.ps1" if shell is Shell.POWERSHELL else "script")
    reader.write_text(READER, encoding="utf-8")
    call = f"'{sys.executable}' '{reader}'"
    script.write_text(
        f"{line}{'& ' if shell is Shell.POWERSHELL else ''}{call}\n",
        encoding="utf-8-sig" if ".ps1" in script.name else "utf-8",
    )
    done = subprocess.run([program, *options, script], capture_output=True, check=False, timeout=60)
    assert done.stderr == b""
    return done.stdout.decode()


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("shell", PROGRAMS)
def test_a_program_gets_the_value_that_was_assigned(shell: Shell, value: str, tmp_path: Path) -> None:
    assert seen(shell, assignment("VALUE", value, shell), tmp_path) == value


@pytest.mark.parametrize("shell", PROGRAMS)
def test_cmake_args_come_out_as_they_went_in(shell: Shell, tmp_path: Path) -> None:
    line = assignment("VALUE", shlex.join(OPTIONS), shell)
    assert tuple(shlex.split(seen(shell, line, tmp_path))) == OPTIONS


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("plain", 'set "VALUE=plain"\r\n'),
        ("a & b | c ^ d", 'set "VALUE=a & b | c ^ d"\r\n'),
        ("100% %PATH%", 'set "VALUE=100%% %%PATH%%"\r\n'),
        ("one\r\ntwo", 'set "VALUE=one  two"\r\n'),
    ],
)
def test_cmd_keeps_its_percent_signs_and_stays_on_a_line(value: str, line: str) -> None:
    assert assignment("VALUE", value, Shell.CMD) == line


def test_cmd_refuses_what_it_cannot_quote() -> None:
    with pytest.raises(UsageError, match="double quote") as caught:
        assignment("VALUE", 'a" & calc & rem "', Shell.CMD)
    assert caught.value.hint


@pytest.mark.parametrize("shell", Shell)
def test_an_assignment_is_one_line_of_its_own(shell: Shell) -> None:
    assert assignment("VALUE", "x", shell).count("\n") == 1
    assert assignment("VALUE", "x", shell).endswith("\n")
