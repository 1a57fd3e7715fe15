"""Take what a file of pip or conda says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envspec.errors import SpecError
from envspec.init.environment import Environment
from envspec.init.packages import Finds
from envspec.init.requirements import Reading

if TYPE_CHECKING:
    from envspec.catalog import Catalog
    from envspec.gpu import Platform
    from envspec.init.taken import Opener, Source, Taken

OTHERS = re.compile(r"(?i)pipfile|.*\.(toml|lock|cfg|py|json|ipynb|whl|gz|zip)")


def take(source: Source, open_file: Opener, catalog: Catalog, platforms: tuple[Platform, ...]) -> Taken:
    """Read a requirements.txt, with the files that it names, or an environment.yml; `platforms` decide on markers.

    Raises:
        SpecError: the file is of another kind, or wrong; names file and line.

    """
    if OTHERS.fullmatch(source.shown):
        message = f"{source.shown}: cannot be taken over"
        raise SpecError(message, hint="give a requirements.txt of pip or an environment.yml of conda")
    finds = Finds(catalog, platforms)
    reading = Reading(open_file, finds)
    if source.shown.lower().endswith((".yml", ".yaml")):
        Environment(source, reading, finds).read()
    else:
        reading.file(source)
    return finds.taken(source.shown)
