"""Run one verb: the only place that catches errors, and the only one that knows exit codes of signals."""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import signal
import sys
from typing import TYPE_CHECKING, Literal

from rich.console import Console
from rich.text import Text

from envspec.cli.feedback import Feedback
from envspec.errors import EnvspecError, HostError

if TYPE_CHECKING:
    from argparse import Namespace

PIPED_WIDTH = 200
"""Columns of a table that no terminal limits."""
FULL_DISK = {errno.ENOSPC, errno.EDQUOT}
BROKEN_PIPE = 141
"""What shells give a program that SIGPIPE ended."""


def execute(args: Namespace) -> int:
    """Run the verb of `args`; gives the exit code. A bug stays a traceback."""
    colours: Literal["auto"] | None = None if args.no_color or os.environ.get("NO_COLOR") else "auto"
    stderr = Console(stderr=True, color_system=colours, highlight=False, soft_wrap=True)
    args.stdout = Console(color_system=colours, highlight=False, soft_wrap=True)
    if not args.stdout.is_terminal:
        args.stdout.width = PIPED_WIDTH
    feedback = Feedback(stderr, verbose=args.verbose)
    log = logging.getLogger("envspec")
    log.addHandler(feedback)
    log.setLevel(logging.DEBUG)
    try:
        code: int = args.verb(args)
        if sys.stdout:
            sys.stdout.flush()
    except EnvspecError as error:
        feedback.close()
        return _tell(stderr, error)
    except KeyboardInterrupt:
        feedback.close()
        return _tell(
            stderr, _Interrupted("interrupted", hint="run the command again; a build goes on where it stopped")
        )
    except BrokenPipeError:
        _drop_stdout()
        return BROKEN_PIPE
    except OSError as error:
        feedback.close()
        _drop_stdout()
        return _tell(stderr, _of_the_host(error))
    finally:
        feedback.close()
        log.removeHandler(feedback)
    return code


class _Interrupted(EnvspecError):
    exit_code = 128 + signal.SIGINT


def _of_the_host(error: OSError) -> EnvspecError:
    """Turn what the system refused into an error of ours.

    Raises:
        OSError: the system did not say what; that is a bug.

    """
    place = error.filename2 or error.filename
    if error.errno in FULL_DISK:
        where = place or "the place that the output or a temporary file goes to"
        return HostError(f"the disk is full: {where}", hint="free some space and run the command again")
    if error.errno is None:
        raise error
    message = f"{place}: {error.strerror}" if place else str(error.strerror)
    return HostError(message, hint="choose another place, or change its permissions")


def _drop_stdout() -> None:
    """Send what is still unwritten to nowhere, so that leaving does not fail on it again."""
    with contextlib.suppress(OSError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(stderr: Console, error: EnvspecError) -> int:
    stderr.print(Text.assemble(("error: ", "bold red"), error.message))
    if error.hint:
        stderr.print(Text.assemble(("hint: ", "bold cyan"), error.hint))
    return error.exit_code
