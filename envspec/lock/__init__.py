"""Plan -> Lock: what is installed and built, pinned by hashes, for all platforms."""

from envspec.lock.files import PLAN_FILE, from_files, to_files
from envspec.lock.model import Archive, Lock, Pin, PlatformLock
from envspec.lock.solve import Question, Solver, solve
from envspec.lock.stale import changes, differences

__all__ = [
    "PLAN_FILE",
    "Archive",
    "Lock",
    "Pin",
    "PlatformLock",
    "Question",
    "Solver",
    "changes",
    "differences",
    "from_files",
    "solve",
    "to_files",
]
