"""Activation, evaluated by the shells themselves."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import PurePosixPath, PureWindowsPath

import pytest

from envspec.errors import UsageError
from envspec.prefix import Activation, script, variables
from envspec.shells import Shell

NASTY = "你好 'single' \"double\" $HOME `id` \\ %PATH% ! \u2019 end"
ACTIVATION = Activation.of(
    PurePosixPath("/环境 a/it's"), (("GREETING", NASTY), ("LINES_", "one\ntwo"), ("EMPTY", "")), windows=False
)
SHOW = "env -0 | tr '\\n\\0' '\\001\\n' | grep -E '^(PATH|GREETING|LINES_|EMPTY|VIRTUAL_ENV|PYTHONHOME|OTHER)='"
BEFORE = {"PATH": "/usr/bin:/bin", "PYTHONHOME": "/old", "GREETING": "mine", "OTHER": "x", "HOME": "/nonexistent"}


def shell(name: str, text: str) -> list[dict[str, str]]:
    """Run a script, and give the environment at each place where it says `SHOW`."""
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not installed")
    options = {"bash": ["--norc", "-eu"], "zsh": ["-f", "-eu"], "fish": ["--no-config"]}[name]
    done = subprocess.run(
        [name, *options, "-c", text.replace("SHOW", f"{SHOW}; echo '==='")],
        env=BEFORE,
        capture_output=True,
        check=False,
        encoding="utf-8",
        timeout=30,
    )
    assert done.stderr == ""
    assert done.returncode == 0
    shown = done.stdout.split("===\n")[:-1]
    return [dict(line.replace("\1", "\n").split("=", 1) for line in part.splitlines()) for part in shown]


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_enter_and_leave(name: str) -> None:
    text = script(ACTIVATION, Shell(name))
    before, inside, after = shell(name, f"SHOW\n{text}\nSHOW\nenvspec_deactivate\nSHOW")
    assert inside == {
        "PATH": "/环境 a/it's/bin:/usr/bin:/bin",
        "GREETING": NASTY,
        "LINES_": "one\ntwo",
        "EMPTY": "",
        "VIRTUAL_ENV": "/环境 a/it's",
        "OTHER": "x",
    }
    assert after == before


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_entering_twice_is_entering_once(name: str) -> None:
    text = script(ACTIVATION, Shell(name))
    before, inside, after = shell(name, f"SHOW\n{text}\n{text}\nSHOW\nenvspec_deactivate\nSHOW")
    assert inside["PATH"] == "/环境 a/it's/bin:/usr/bin:/bin"
    assert after == before


def test_a_process_inside_gets_the_same_variables() -> None:
    inside = variables(ACTIVATION, BEFORE)
    assert inside["PATH"] == "/环境 a/it's/bin:/usr/bin:/bin"
    assert inside["GREETING"] == NASTY
    assert inside["OTHER"] == "x"
    assert "PYTHONHOME" not in inside
    assert variables(ACTIVATION, {})["PATH"].startswith("/环境 a/it's/bin:")


def test_powershell_quotes_what_it_takes_for_a_quote() -> None:
    text = script(ACTIVATION, Shell.POWERSHELL)
    assert "$env:VIRTUAL_ENV = '/环境 a/it''s'" in text
    assert "''single''" in text
    assert "\u2019\u2019 end'" in text
    assert "function global:envspec_deactivate" in text


def test_cmd_keeps_its_percent_signs() -> None:
    windows = Activation.of(PureWindowsPath(r"C:\用户\50% a"), (("A", "%PATH%\n& x"),), windows=True)
    text = script(windows, Shell.CMD)
    assert '@set "PATH=C:\\用户\\50%% a\\Scripts;%PATH%"\r\n' in text
    assert '@set "A=%%PATH%% & x"\r\n' in text


def test_cmd_refuses_what_it_cannot_quote() -> None:
    with pytest.raises(UsageError, match="double quote"):
        script(Activation.of(PureWindowsPath("C:/a"), (("A", 'a"&calc&rem '),), windows=True), Shell.CMD)
