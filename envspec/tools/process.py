"""Start processes: the only import of subprocess."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

import psutil

from envspec.errors import ToolMissing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

GRACE = 10.0
"""Seconds that a program gets to end by itself after Ctrl-C, before it is killed."""

PASSED_ON = (
    *("HOME", "USER", "LOGNAME", "PATH", "LANG", "LANGUAGE", "TZ", "TMPDIR", "TEMP", "TMP", "TERM"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"),
    *("APPDATA", "LOCALAPPDATA", "USERPROFILE", "SYSTEMROOT", "WINDIR", "COMSPEC", "PATHEXT", "PROGRAMDATA"),
    *("PROGRAMFILES", "PROGRAMFILES(X86)", "NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE"),
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "DEVELOPER_DIR", "SDKROOT"),
)
"""Variables that reach a build or a probe; compilers, flags and search paths of the user's shell do not."""


class Completed(NamedTuple):
    """What a finished process left behind; `code` is negative where a signal ended it."""

    code: int
    stdout: str
    stderr: str


def clean_environment(*prefixes: str, **given: str) -> dict[str, str]:
    """Environment with what every program needs, variables that begin with `prefixes`, and `given`."""
    keep = ("LC_", *prefixes)
    passed = {name: value for name, value in os.environ.items() if name.upper() in PASSED_ON or name.startswith(keep)}
    return {**passed, **given}


def run(
    argv: tuple[str, ...], *, env: Mapping[str, str], cwd: Path | None = None, timeout: float | None = None
) -> Completed:
    """Run a program to its end and keep what it prints.

    Raises:
        ToolMissing: there is no such program.
        TimeoutError: it took more than `timeout` seconds, and was killed.

    """
    try:
        done = subprocess.run(  # noqa: S603 - a list of arguments, no shell
            argv,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
        )
    except OSError as error:
        raise _missing(argv, error) from error
    except subprocess.TimeoutExpired as error:
        message = f"{argv[0]} took more than {timeout:g} s"
        raise TimeoutError(message) from error
    return Completed(done.returncode, done.stdout, done.stderr)


def stream(
    argv: tuple[str, ...],
    on_line: Callable[[str], None],
    *,
    env: Mapping[str, str],
    cwd: Path | None = None,
    grace: float = GRACE,
) -> int:
    """Run a program and hand over each line that it prints; gives its exit code.

    The program and all that it starts end when this function is left by an exception, such as Ctrl-C.

    Raises:
        ToolMissing: there is no such program.

    """
    try:
        process = subprocess.Popen(  # noqa: S603 - a list of arguments, no shell
            argv,
            env=dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise _missing(argv, error) from error
    try:
        for line in process.stdout or ():
            on_line(line.rstrip("\n"))
        return process.wait()
    except BaseException:
        _end(process, grace)
        raise
    finally:
        if process.stdout:
            process.stdout.close()


def _end(process: subprocess.Popen[str], grace: float) -> None:
    """Interrupt a program and its children, which lets Ninja delete what is half written; then kill."""
    if sys.platform == "win32":
        family = psutil.Process(process.pid).children(recursive=True)
        process.terminate()
        end_all(family, grace)
    else:
        end = time.monotonic() + grace
        number = int(signal.SIGINT)
        while _signal(process.pid, number):
            number = signal.SIGKILL if time.monotonic() > end else 0
            process.poll()
            time.sleep(0.02)
    process.wait()


def _signal(group: int, number: int) -> bool:
    """Send a signal to a process group; False where it has no member left."""
    try:
        os.killpg(group, number)
    except (PermissionError, ProcessLookupError):
        return False
    return True


def end_all(processes: list[psutil.Process], grace: float = GRACE) -> None:
    """Wait for processes to end by themselves, then kill those that did not."""
    _, alive = psutil.wait_procs(processes, timeout=grace)
    for one in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    psutil.wait_procs(alive, timeout=GRACE)


def marked(name: str, value: str) -> list[psutil.Process]:
    """Processes that were started with `name=value` in their environment, and outlived whoever did it."""
    found = []
    for one in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if one.pid != os.getpid() and one.environ().get(name) == value:
                found.append(one)
    return found


def become(argv: tuple[str, ...], env: Mapping[str, str]) -> int:
    """Run a program in place of this one: its signals and its exit code are its own.

    Raises:
        ToolMissing: there is no such program on the PATH of `env`.

    """
    try:
        program = shutil.which(argv[0], path=env.get("PATH")) or argv[0]
        if sys.platform == "win32":
            return subprocess.run((program, *argv[1:]), env=dict(env), check=False).returncode  # noqa: S603 - as above
        os.execve(program, argv, dict(env))  # noqa: S606 - on purpose without a shell
    except (OSError, ValueError) as error:
        raise _missing(argv, error) from error


def _missing(argv: tuple[str, ...], error: OSError | ValueError) -> ToolMissing:
    why = "no such program" if isinstance(error, FileNotFoundError) else getattr(error, "strerror", None) or error
    return ToolMissing(f"cannot run {argv[0]!r}: {why}", hint="check its name and that it is on PATH")
