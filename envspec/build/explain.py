"""Find in the log of a failed build what went wrong, not merely its last lines."""

from __future__ import annotations

import re
from typing import NamedTuple


class Cause(NamedTuple):
    """A failure that is known: the line that shows it, and what to do."""

    shows: re.Pattern[str]
    means: str
    hint: str


CAUSES = (
    Cause(
        re.compile(r"[Nn]o space left on device"),
        "the disk is full",
        "free some space and run the command again; the build goes on where it stopped",
    ),
    Cause(
        re.compile(r"Killed signal terminated program|fatal error: Killed|virtual memory exhausted|out of memory"),
        "the compiler ran out of memory",
        "close other programs and run the command again; the build goes on where it stopped",
    ),
    Cause(
        re.compile(r"unrecognized command.line option|unknown argument: '|unknown target CPU"),
        "the compiler does not know an option",
        "check the flags under `cmake` in the spec, or install a newer compiler (g++ 9 or newer)",
    ),
    Cause(
        re.compile(r"No CMAKE_C(XX)?_COMPILER could be found|is not able to compile a simple test program"),
        "the C++ compiler does not work",
        "install one: `apt install g++`, `dnf install gcc-c++`, `xcode-select --install`, or Visual Studio Build Tools",
    ),
)
FIRST_ERROR = re.compile(r"(^|[^-\w])((fatal )?error( [A-Z]+\d+)?:|CMake Error|undefined reference|ninja: error)")
UNKNOWN = "read the log; the first error in it is the one that counts"


def explain(log: str) -> tuple[str, str]:
    """Message and hint for a failed build: a known cause, or else the first real error of the log."""
    lines = log.splitlines()
    for cause in CAUSES:
        if any(cause.shows.search(line) for line in lines):
            return cause.means, cause.hint
    for number, line in enumerate(lines):
        if FIRST_ERROR.search(line):
            return " ".join(" ".join(lines[number : number + 3]).split())[:400], UNKNOWN
    return (lines[-1].strip()[:400] if lines else "it printed nothing"), UNKNOWN
