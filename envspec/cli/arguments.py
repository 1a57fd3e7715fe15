"""What several verbs share: how a verb is made, and their arguments."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich_argparse import RawDescriptionRichHelpFormatter

if TYPE_CHECKING:
    from collections.abc import Callable

    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name for it
    Verb = Callable[[argparse.Namespace], int]

SHELLS = ("bash", "zsh", "fish", "powershell", "cmd")


def add(
    verbs: Verbs, common: argparse.ArgumentParser, name: str, verb: Verb, examples: str, *, json: bool = True
) -> argparse.ArgumentParser:
    """Add a verb; its help is the docstring of its function."""
    text = (verb.__doc__ or "").rstrip(".")
    parser = verbs.add_parser(
        name,
        help=text[0].lower() + text[1:],
        description=f"{text}.",
        epilog=f"examples:\n{examples}",
        formatter_class=RawDescriptionRichHelpFormatter,
        parents=[common],
        allow_abbrev=False,
    )
    parser.set_defaults(verb=verb, json=False)
    if json:
        parser.add_argument("--json", action="store_true", help="the result as JSON on stdout")
    return parser


def spec(parser: argparse.ArgumentParser) -> None:
    """Add the argument SPEC."""
    parser.add_argument("spec", type=Path, metavar="SPEC", help="a spec such as specs/quickstart.yaml")


def prefix(parser: argparse.ArgumentParser) -> None:
    """Add the argument PREFIX."""
    parser.add_argument("prefix", type=path, metavar="PREFIX", help="an environment, or the spec that it was made from")


def host(parser: argparse.ArgumentParser) -> None:
    """Add the option --host."""
    parser.add_argument(
        "--host", type=path, metavar="FILE", help="plan for another machine: a file of `envspec doctor --save FILE`"
    )


def path(text: str) -> Path:
    """Read a path that is not empty."""
    if not text:
        message = "must not be empty"
        raise argparse.ArgumentTypeError(message)
    return Path(text)


def days(text: str) -> float:
    """Read a number of days."""
    days = float(text)
    if not days >= 0:
        message = "must not be negative"
        raise argparse.ArgumentTypeError(message)
    return days
