"""The parser: one `configure` for `envspec` and for whoever hands us an ArgumentParser."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich_argparse import RawDescriptionRichHelpFormatter

import envspec
from envspec.cli import commands

if TYPE_CHECKING:
    from collections.abc import Callable

SHELLS = ("bash", "zsh", "fish", "powershell", "cmd")
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
    _stages(verbs, common)
    _environments(verbs, common)
    _around(parser, verbs, common)


def _common() -> argparse.ArgumentParser:
    """Options that every verb has."""
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("-v", "--verbose", action="count", default=0, help="tell every stage, on a terminal or not")
    common.add_argument("--no-color", action="store_true", help="no colours (also: NO_COLOR=1)")
    return common


if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 - argparse has no public name for it
    Verb = Callable[[argparse.Namespace], int]


def _verb(
    verbs: Verbs, common: argparse.ArgumentParser, name: str, verb: Verb, examples: str, *, json: bool = True
) -> argparse.ArgumentParser:
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


def _stages(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    plan = _verb(verbs, common, "plan", commands.plan, "  envspec plan specs/quickstart.yaml\n")
    _spec(plan)

    lock = _verb(
        verbs,
        common,
        "lock",
        commands.lock,
        "  envspec lock my.yaml              writes lockfiles/NAME/, keeps versions that still fit\n"
        "  envspec lock my.yaml --upgrade    takes the newest versions\n"
        "  envspec lock my.yaml --check      exit code 5 if the spec has changed since; for CI\n",
    )
    _spec(lock)
    how = lock.add_mutually_exclusive_group()
    how.add_argument("--check", action="store_true", help="write nothing; say whether the lock is fresh")
    how.add_argument("--upgrade", action="store_true", help="do not keep the versions of the existing lock")

    create = _verb(
        verbs,
        common,
        "create",
        commands.create,
        "  envspec create specs/quickstart.yaml                   makes .envs/quickstart\n"
        "  envspec create specs/quickstart.yaml --prefix ~/llm    makes it elsewhere\n"
        "  envspec create specs/quickstart.yaml --dry-run         only says what it would do\n",
    )
    _spec(create)
    create.add_argument("--prefix", type=_path, metavar="PATH", help="where to make it (default: .envs/NAME)")
    create.add_argument("--force", action="store_true", help="make it anew, and drop what was added to it")
    create.add_argument("--dry-run", action="store_true", help="only print the steps")

    verify = _verb(verbs, common, "verify", commands.verify, "  envspec verify .envs/quickstart\n")
    _prefix(verify)


def _environments(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    run = _verb(
        verbs,
        common,
        "run",
        commands.run,
        "  envspec run .envs/quickstart -- python -m llama_cpp.server --model model.gguf\n"
        "  envspec run specs/quickstart.yaml -- pytest -q\n",
        json=False,
    )
    _prefix(run)
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD", help="program and its arguments")

    hook = _verb(
        verbs,
        common,
        "shell-hook",
        commands.shell_hook,
        '  eval "$(envspec shell-hook .envs/quickstart --shell bash)"    leave with: envspec_deactivate\n'
        "  envspec shell-hook .envs/quickstart --shell fish | source\n"
        "  envspec shell-hook .envs/quickstart --shell powershell | Out-String | Invoke-Expression\n",
        json=False,
    )
    _prefix(hook)
    hook.add_argument("--shell", choices=SHELLS, default="cmd" if sys.platform == "win32" else "bash", help="its shell")

    remove = _verb(verbs, common, "remove", commands.remove, "  envspec remove .envs/quickstart\n")
    _prefix(remove)


def _around(parser: argparse.ArgumentParser, verbs: Verbs, common: argparse.ArgumentParser) -> None:
    cache = verbs.add_parser(
        "cache",
        help="built wheels: list, prune, dir",
        description="Built wheels, unfinished builds and source archives.",
        formatter_class=RawDescriptionRichHelpFormatter,
        allow_abbrev=False,
    )
    parts = cache.add_subparsers(title="verbs", metavar="VERB", required=True)
    _verb(parts, common, "list", commands.cache_list, "  envspec cache list --json\n")
    prune = _verb(
        parts,
        common,
        "prune",
        commands.cache_prune,
        "  envspec cache prune                   drops unfinished builds and wheels not used for 30 days\n"
        "  envspec cache prune --older-than 0    drops everything\n",
    )
    prune.add_argument("--older-than", type=_days, default=30.0, metavar="DAYS", help="age of wheels (default: 30)")
    _verb(parts, common, "dir", commands.cache_dir, "  du -sh $(envspec cache dir)\n", json=False)

    _verb(verbs, common, "schema", commands.schema, "  envspec schema > envspec.schema.json\n", json=False)
    completion = _verb(
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


def _spec(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("spec", type=Path, metavar="SPEC", help="a spec such as specs/quickstart.yaml")


def _prefix(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "prefix", type=_path, metavar="PREFIX", help="an environment, or the spec that it was made from"
    )


def _path(text: str) -> Path:
    if not text:
        message = "must not be empty"
        raise argparse.ArgumentTypeError(message)
    return Path(text)


def _days(text: str) -> float:
    days = float(text)
    if not days >= 0:
        message = "must not be negative"
        raise argparse.ArgumentTypeError(message)
    return days
