"""The parser: one `configure` for `envspec` and for whoever hands us an ArgumentParser."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from rich_argparse import RawDescriptionRichHelpFormatter

import envspec
from envspec.cli import arguments, commands, making_verbs, planning_verbs

if TYPE_CHECKING:
    from envspec.cli.arguments import Verbs

COMPLETIONS = ("bash", "zsh", "fish")
MAIN_EXAMPLES = """\
examples:
  envspec create specs/quickstart.yaml              make the environment of a spec, from its lock
  envspec run .envs/quickstart -- python chat.py    run a program in it
  envspec verify .envs/quickstart                   prove that it works
  envspec plan my.yaml && envspec lock my.yaml      decide and pin what a new spec needs

exit codes:
  0 ok   2 spec or usage   3 this machine   4 nothing fits   5 lock   6 outside program   7 a check failed
"""


def build() -> argparse.ArgumentParser:
    """Make the parser of `envspec`."""
    parser = argparse.ArgumentParser(prog="envspec", allow_abbrev=False)
    configure(parser)
    return parser


def configure(parser: argparse.ArgumentParser) -> None:
    """Add all verbs and options."""
    parser.description = "Environments for llama-cpp-python and PyTorch as code: planned, locked, built, proven."
    parser.epilog = MAIN_EXAMPLES
    parser.formatter_class = RawDescriptionRichHelpFormatter
    parser.add_argument("--version", action="version", version=f"envspec {envspec.__version__}")
    common = _common()
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    planning_verbs.add(verbs, common)
    making_verbs.add(verbs, common)
    _around(parser, verbs, common)


def _common() -> argparse.ArgumentParser:
    """Options that every verb has."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("-v", "--verbose", action="count", default=0, help="tell every stage, on a terminal or not")
    common.add_argument("--no-color", action="store_true", help="no colours (also: NO_COLOR=1)")
    return common


def _around(parser: argparse.ArgumentParser, verbs: Verbs, common: argparse.ArgumentParser) -> None:
    cache = verbs.add_parser(
        "cache",
        help="built wheels: list, prune, dir",
        description="Built wheels, unfinished builds and source archives.",
        formatter_class=RawDescriptionRichHelpFormatter,
        allow_abbrev=False,
    )
    parts = cache.add_subparsers(title="verbs", metavar="VERB", required=True)
    arguments.add(parts, common, "list", commands.cache_list, "  envspec cache list --json\n")
    prune = arguments.add(
        parts,
        common,
        "prune",
        commands.cache_prune,
        "  envspec cache prune                   drops unfinished builds and wheels not used for 30 days\n"
        "  envspec cache prune --older-than 0    drops everything\n",
    )
    prune.add_argument(
        "--older-than", type=arguments.days, default=30.0, metavar="DAYS", help="age of wheels (default: 30)"
    )
    arguments.add(parts, common, "dir", commands.cache_dir, "  du -sh $(envspec cache dir)\n", json=False)

    arguments.add(verbs, common, "schema", commands.schema, "  envspec schema > envspec.schema.json\n", json=False)
    completion = arguments.add(
        verbs,
        common,
        "completion",
        commands.completion,
        "  envspec completion bash > ~/.local/share/bash-completion/completions/envspec\n"
        '  envspec completion zsh > "${fpath[1]}/_envspec"\n'
        "  envspec completion fish > ~/.config/fish/completions/envspec.fish\n",
        json=False,
    )
    completion.add_argument("shell", choices=COMPLETIONS, help="which shell")
    completion.set_defaults(parser=parser)
