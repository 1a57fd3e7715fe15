"""One function per verb: a pipeline call, a rendering, an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envspec import pipeline
from envspec.cli import render
from envspec.errors import EnvspecError, UsageError
from envspec.gpu import Platform
from envspec.shells import Shell

if TYPE_CHECKING:
    from argparse import Namespace

STALE = 5
CHECK_FAILED = 7


def catalog(args: Namespace) -> int:
    """Show what envspec knows of CUDA, torch, llama-cpp-python and GPUs."""
    from envspec.cli import catalog_view

    return catalog_view.catalog(args)


def plan(args: Namespace) -> int:
    """Decide what a spec needs, with reasons."""
    if args.cmake_args:
        shell, platform = Shell(args.cmake_args), Platform(args.platform) if args.platform else None
        return render.text(args, pipeline.cmake_args(args.spec, shell, platform, args.host))
    found = pipeline.cells(args.spec, args.host)
    if len(found) > 1:
        return render.cells(args, found)
    outcome = found[0][1]
    if isinstance(outcome, EnvspecError):
        raise outcome
    return render.plan(args, outcome)


def lock(args: Namespace) -> int:
    """Pin everything by hash for all platforms of a spec."""
    if args.check:
        changes = pipeline.stale(args.spec)
        render.staleness(args, changes)
        return STALE if changes else 0
    return render.locked(args, pipeline.lock(args.spec, upgrade=args.upgrade, host=args.host))


def create(args: Namespace) -> int:
    """Make an environment from the lock."""
    if args.dry_run:
        return render.steps(args, pipeline.steps(args.spec))
    made = pipeline.create(args.spec, args.prefix, force=args.force)
    render.created(args, made)
    return CHECK_FAILED if made.action == "refused" else 0


def verify(args: Namespace) -> int:
    """Look whether an environment works."""
    report = pipeline.verify(args.prefix)
    render.report(args, report)
    return 0 if report.passed else CHECK_FAILED


def remove(args: Namespace) -> int:
    """Delete an environment."""
    return render.removed(args, pipeline.remove(args.prefix))


def run(args: Namespace) -> int:
    """Run a program inside an environment."""
    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not command:
        message = "no program to run"
        raise UsageError(message, hint=f"write it after `--`: envspec run {args.prefix} -- python")
    return pipeline.run(args.prefix, tuple(command))


def shell_hook(args: Namespace) -> int:
    """Print what a shell evaluates to enter an environment."""
    return render.text(args, pipeline.shell_hook(args.prefix, args.shell))


def cache_list(args: Namespace) -> int:
    """Show what the cache holds."""
    return render.cache(args, pipeline.cached())


def cache_prune(args: Namespace) -> int:
    """Remove from the cache what is not needed."""
    return render.pruned(args, pipeline.prune(args.older_than))


def cache_dir(args: Namespace) -> int:
    """Print the folder of the cache."""
    return render.text(args, f"{pipeline.cache_dir()}\n")


def schema(args: Namespace) -> int:
    """Print the JSON Schema of a spec."""
    return render.json_value(args, pipeline.schema())


def completion(args: Namespace) -> int:
    """Print the completion script of a shell."""
    return render.text(args, pipeline.completion(args.parser, args.shell))
