"""The verbs that make and use environments: lock, create, verify, run, shell-hook, remove."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from envspec.cli import arguments, commands

if TYPE_CHECKING:
    from envspec.cli.arguments import Verbs


def add(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    """Add them."""
    _making(verbs, common)
    _using(verbs, common)


def _making(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    lock = arguments.add(
        verbs,
        common,
        "lock",
        commands.lock,
        "  envspec lock my.yaml              writes lockfiles/NAME/, keeps versions that still fit\n"
        "  envspec lock my.yaml --upgrade    takes the newest versions\n"
        "  envspec lock my.yaml --check      exit code 5 if the spec has changed since; for CI\n",
    )
    arguments.spec(lock)
    arguments.host(lock)
    how = lock.add_mutually_exclusive_group()
    how.add_argument("--check", action="store_true", help="write nothing; say whether the lock is fresh")
    how.add_argument("--upgrade", action="store_true", help="do not keep the versions of the existing lock")

    create = arguments.add(
        verbs,
        common,
        "create",
        commands.create,
        "  envspec create specs/quickstart.yaml                   makes .envs/quickstart\n"
        "  envspec create specs/quickstart.yaml --prefix ~/llm    makes it elsewhere\n"
        "  envspec create specs/quickstart.yaml --dry-run         only says what it would do\n",
    )
    arguments.spec(create)
    create.add_argument("--prefix", type=arguments.path, metavar="PATH", help="where to make it (default: .envs/NAME)")
    create.add_argument("--force", action="store_true", help="make it anew, and drop what was added to it")
    create.add_argument("--dry-run", action="store_true", help="only print the steps")

    verify = arguments.add(verbs, common, "verify", commands.verify, "  envspec verify .envs/quickstart\n")
    arguments.prefix(verify)


def _using(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    run = arguments.add(
        verbs,
        common,
        "run",
        commands.run,
        "  envspec run .envs/quickstart -- python -m llama_cpp.server --model model.gguf\n"
        "  envspec run specs/quickstart.yaml -- pytest -q\n",
        json=False,
    )
    arguments.prefix(run)
    run.add_argument("command", nargs=argparse.REMAINDER, metavar="-- CMD", help="program and its arguments")

    hook = arguments.add(
        verbs,
        common,
        "shell-hook",
        commands.shell_hook,
        '  eval "$(envspec shell-hook .envs/quickstart --shell bash)"    leave with: envspec_deactivate\n'
        "  envspec shell-hook .envs/quickstart --shell fish | source\n"
        "  envspec shell-hook .envs/quickstart --shell powershell | Out-String | Invoke-Expression\n",
        json=False,
    )
    arguments.prefix(hook)
    hook.add_argument(
        "--shell", choices=arguments.SHELLS, default="cmd" if sys.platform == "win32" else "bash", help="its shell"
    )

    remove = arguments.add(verbs, common, "remove", commands.remove, "  envspec remove .envs/quickstart\n")
    arguments.prefix(remove)
