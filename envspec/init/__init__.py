"""A first spec: for a machine, from a few wishes, or out of a file that pip or conda reads."""

from envspec.init.begin import Beginning, Machine, begin
from envspec.init.read import take
from envspec.init.taken import Source, Taken
from envspec.init.wish import Wish, name_of, parse
from envspec.init.write import to_text

__all__ = [
    "Beginning",
    "Machine",
    "Source",
    "Taken",
    "Wish",
    "begin",
    "name_of",
    "parse",
    "take",
    "to_text",
]
