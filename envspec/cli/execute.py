"""Run one verb: the only place that catches errors, and the only one that knows exit codes of signals."""

from __future__ import annotations

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
NOT_ALLOWED = {errno.EACCES, errno.EPERM, errno.EROFS}


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
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except OSError as error:
        feedback.close()
        return _tell(stderr, _of_the_host(error))
    finally:
        feedback.close()
        log.removeHandler(feedback)
    return code


class _Interrupted(EnvspecError):
    exit_code = 128 + signal.SIGINT


def _of_the_host(error: OSError) -> EnvspecError:
    """Turn a full disk or a missing permission into an error of ours; anything else is a bug.

    Raises:
        OSError: it is neither.

    """
    place = error.filename2 or error.filename or "a temporary folder"
    if error.errno in FULL_DISK:
        return HostError(f"the disk is full: {place}", hint="free some space and run the command again")
    if error.errno in NOT_ALLOWED:
        return HostError(f"{place}: {error.strerror}", hint="choose another folder, or change its permissions")
    raise error


def _tell(stderr: Console, error: EnvspecError) -> int:
    stderr.print(Text.assemble(("error: ", "bold red"), error.message))
    if error.hint:
        stderr.print(Text.assemble(("hint: ", "bold cyan"), error.hint))
    return error.exit_code
