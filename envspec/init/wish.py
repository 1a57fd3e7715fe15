"""What the command line asks of a new spec."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from envspec.errors import UsageError
from envspec.frozen import Frozen
from envspec.gpu import Backend, Platform
from envspec.spec import Base
from envspec.spec.fields import Cuda, GpuName, Name, PythonRange

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME: TypeAdapter[str] = TypeAdapter(Name)
OTHERWISE = "env"


class Wish(Frozen):
    """Options of `init`; what is None is chosen."""

    name: Name
    platforms: tuple[Platform, ...] = ()
    gpu: tuple[GpuName, ...] = ()
    backend: Backend | None = None
    cuda: Cuda | None = None
    python: PythonRange | None = None
    base: Base | None = None
    torch: bool = True


def parse(given: Mapping[str, object]) -> Wish:
    """Check the options.

    Raises:
        UsageError: a value is wrong; names its option.

    """
    try:
        return Wish.model_validate(given)
    except ValidationError as error:
        problem = error.errors()[0]
    option = {"platforms": "platform"}.get(str(problem["loc"][0]), str(problem["loc"][0]))
    message = f"--{option}: {problem['msg'].removeprefix('Value error, ')}"
    raise UsageError(message, hint="`envspec init --help` shows examples")


def name_of(text: str) -> str:
    """A name for an environment out of the name of a folder, a file, or another environment."""
    short = re.sub(r"[^A-Za-z0-9._-]+", "-", text)[:64].strip("._-")
    try:
        return NAME.validate_python(short)
    except ValidationError:
        return OTHERWISE
