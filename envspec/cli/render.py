"""Results as text or JSON on stdout."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from envspec.errors import EnvspecError, LockError, Unsatisfiable

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

    from pydantic import BaseModel

    from envspec.frozen import Json
    from envspec.pipeline import Cached, Created, Locked
    from envspec.plan import Plan
    from envspec.prefix import Step
    from envspec.spec import Spec
    from envspec.verify import Report

MARKS = {"passed": "[green]passed[/]", "failed": "[bold red]failed[/]", "skipped": "[yellow]skipped[/]"}
UNITS = ("B", "kB", "MB", "GB")


def plan(args: Namespace, made: Plan) -> int:
    """Show the choices of a plan with their reasons."""
    if args.json:
        return model(args, made)
    for choice in made.choices:
        joint = "=" if choice.topic.startswith("-D") else " "
        args.stdout.print(Text.assemble((f"{choice.topic}{joint}{choice.value}", "bold"), f"\n    {choice.reason}"))
    for warning in made.warnings:
        args.stdout.print(f"warning: {warning}", markup=False)
    if made.rejections:
        kinds = "1 kind" if len(made.rejections) == 1 else f"{len(made.rejections)} kinds"
        told = f"{kinds} of candidates refused: `envspec explain {args.spec}` shows why"
        args.stdout.print(told, markup=False)
    return 0


def cells(args: Namespace, found: tuple[tuple[Spec, Plan | EnvspecError], ...]) -> int:
    """Show what each cell of a matrix gives; exit code 4 if one gives nothing."""
    code: int = Unsatisfiable.exit_code if any(isinstance(one, EnvspecError) for _, one in found) else 0
    if args.json:
        told: list[Json] = []
        for cell, one in found:
            outcome = {"error": str(one)} if isinstance(one, EnvspecError) else {"plan": one.model_dump(mode="json")}
            told.append({"name": cell.name, **outcome})
        json_value(args, told)
        return code
    table = _table("cell", "plan")
    for cell, one in found:
        if isinstance(one, EnvspecError):
            first, *others = one.message.splitlines()
            table.add_row(cell.name, Text(first, "red"))
            for line in others:
                table.add_row("", Text(line))
        else:
            table.add_row(cell.name, Text(short(one)))
    args.stdout.print(table)
    return code


def short(plan: Plan) -> str:
    """A plan in one line."""
    told = [f"python {plan.python}"]
    if plan.cuda:
        told.append(f"CUDA {plan.cuda.toolkit.release if plan.cuda.toolkit else plan.cuda.line}")
    if plan.torch:
        told.append(f"torch {plan.torch.named(plan.platforms)}")
    if plan.llama:
        ways = sorted({f"wheel {one.wheel}" if one.wheel else "from source" for one in plan.llama.installs})
        told.append(f"llama-cpp-python {plan.llama.version} {', '.join(ways)}")
    return "; ".join(told)


def locked(args: Namespace, made: Locked) -> int:
    """Tell what `lock` wrote."""
    covered = ", ".join(item.platform for item in made.lock.platforms)
    if args.json:
        return json_value(
            args, {"folder": str(made.folder), "changes": list(made.changes), "platforms": covered.split(", ")}
        )
    for change in made.changes:
        args.stdout.print(f"  {change}", markup=False)
    count = max(len(item.packages) for item in made.lock.platforms)
    what = "locked" if made.changes or made.new else "up to date"
    args.stdout.print(f"{what}: {count} packages for {covered} in {made.folder}", markup=False)
    return 0


def staleness(args: Namespace, changes: tuple[str, ...]) -> int:
    """Tell whether a lock is fresh."""
    if args.json:
        return json_value(args, {"fresh": not changes, "changes": list(changes)})
    if changes:
        message = "\n  ".join((f"the lock of {args.spec} is out of date:", *changes))
        raise LockError(message, hint=f"run `envspec lock {args.spec}`")
    args.stdout.print(f"the lock of {args.spec} is fresh", markup=False)
    return 0


def steps(args: Namespace, todo: tuple[Step, ...]) -> int:
    """Show what `create` would do."""
    if args.json:
        return json_value(args, [{"kind": step.kind, "title": step.title} for step in todo])
    for number, step in enumerate(todo, start=1):
        args.stdout.print(f"{number}. {step.title}", markup=False)
    args.stdout.print(f"{len(todo) + 1}. check that it works, then put it in place", markup=False)
    return 0


def created(args: Namespace, made: Created) -> int:
    """Tell what `create` did, and how to use it."""
    if args.json:
        seen = made.report.model_dump(mode="json") if made.report else {}
        return json_value(args, {**seen, "prefix": str(made.prefix), "action": made.action})
    if made.report:
        _checks(args, made.report)
    match made.action:
        case "unchanged":
            args.stdout.print(f"{made.prefix} is up to date; nothing to do", markup=False)
        case "refused":
            args.stdout.print("a check failed, so nothing was put in place", markup=False)
        case action:
            args.stdout.print(f"{action} {made.prefix}", markup=False)
            args.stdout.print(f"use it: envspec run {made.prefix} -- python", markup=False)
    return 0


def report(args: Namespace, seen: Report) -> int:
    """Show the checks of an environment."""
    if args.json:
        return json_value(args, {**seen.model_dump(mode="json"), "passed": seen.passed})
    _checks(args, seen)
    args.stdout.print(f"{seen.prefix}: {'works' if seen.passed else 'does not work'}", markup=False)
    return 0


def removed(args: Namespace, prefix: Path) -> int:
    """Tell that an environment is gone."""
    if args.json:
        return json_value(args, {"removed": str(prefix)})
    return text(args, f"removed {prefix}\n")


def cache(args: Namespace, held: Cached) -> int:
    """Show what the cache holds."""
    if args.json:
        wheels = [wheel.model_dump(mode="json") for wheel in held.wheels]
        unfinished = [build.model_dump(mode="json") for build in held.unfinished]
        return json_value(args, {"folder": str(held.folder), "wheels": wheels, "unfinished": unfinished})
    table = _table("key", "wheel", "size", "built with")
    for wheel in held.wheels:
        built = f"{wheel.inputs.compiler}; {wheel.inputs.cpu or 'any CPU'}"
        table.add_row(wheel.key[:12], f"{wheel.name} {wheel.version}", _size(wheel.size), Text(built))
    for build in held.unfinished:
        table.add_row(build.key[:12], "building now" if build.running else "unfinished build", _size(build.size), "")
    args.stdout.print(table if table.row_count else "the cache is empty")
    return 0


def pruned(args: Namespace, freed: int) -> int:
    """Tell how much was freed."""
    if args.json:
        return json_value(args, {"freed": freed})
    return text(args, f"freed {_size(freed)}\n")


def text(args: Namespace, value: str) -> int:
    """Print text as it is."""
    args.stdout.file.write(value)
    return 0


def json_value(args: Namespace, value: Json) -> int:
    """Print a value as JSON."""
    return text(args, json.dumps(value, indent=1, ensure_ascii=False) + "\n")


def model(args: Namespace, value: BaseModel) -> int:
    """Print a model as JSON."""
    return text(args, value.model_dump_json(indent=1) + "\n")


def _checks(args: Namespace, seen: Report) -> None:
    table = _table("check", "result", "seen")
    for check in seen.checks:
        table.add_row(check.id, MARKS[check.status], Text(check.detail))
        if check.hint:
            table.add_row("", "[cyan]hint[/]", Text(check.hint))
    args.stdout.print(table)


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _size(count: float) -> str:
    for unit in UNITS[:-1]:
        if count < 1000:  # noqa: PLR2004 - SI
            return f"{count:.0f} {unit}"
        count /= 1000
    return f"{count:.1f} {UNITS[-1]}"
