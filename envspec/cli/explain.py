"""The verb `explain`: a plan as a tree, answers to why and why not, conflicts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text
from rich.tree import Tree

from envspec import pipeline
from envspec.cli import render
from envspec.errors import Unsatisfiable

if TYPE_CHECKING:
    from argparse import Namespace

    from envspec.frozen import Json
    from envspec.pipeline import Explanation
    from envspec.plan import Conflict, Rejection, Why, WhyNot


def explain(args: Namespace) -> int:
    """Show how a plan was decided: choices, rules, sources, and what was refused."""
    if args.why:
        return _why(args, pipeline.why(args.spec, args.why, args.host))
    if args.why_not:
        return _why_not(args, pipeline.why_not(args.spec, args.why_not, args.host))
    found = pipeline.explain(args.spec, args.host)
    if found.conflict:
        return _conflict(args, found.conflict)
    return _plan(args, found)


def _plan(args: Namespace, found: Explanation) -> int:
    if found.plan is None:
        return 0
    if args.json:
        return render.model(args, found.plan)
    tree = Tree(Text(found.plan.name, "bold"))
    tree.children += [_topic(part) for part in found.topics]
    _rejected(tree, found.others)
    for warning in found.plan.warnings:
        tree.add(Text.assemble(("warning ", "yellow"), warning))
    args.stdout.print(tree)
    return 0


def _why(args: Namespace, found: Why) -> int:
    if args.json:
        return render.model(args, found)
    args.stdout.print(_topic(found))
    return 0


def _topic(part: Why) -> Tree:
    tree = Tree(Text(part.topic, "bold"))
    for choice in part.choices:
        name = f"{choice.topic} " if choice.topic != part.topic else ""
        node = tree.add(Text.assemble((f"{name}{choice.value}", "green"), f"  {choice.reason}"))
        if choice.source:
            node.add(Text(choice.source, "dim"))
    if part.rules:
        tree.add(Text(f"rules: {', '.join(part.rules)}", "dim"))
    _rejected(tree, part.rejections)
    return tree


def _rejected(tree: Tree, rejections: tuple[Rejection, ...]) -> None:
    if not rejections:
        return
    node = tree.add(Text(f"refused ({len(rejections)})", "red"))
    for one in rejections:
        item = node.add(Text.assemble(f"{one.candidate}: {one.reason}", (f"  {one.rule}", "magenta")))
        if one.source:
            item.add(Text(one.source, "dim"))


def _conflict(args: Namespace, conflict: Conflict) -> int:
    code: int = Unsatisfiable.exit_code
    if args.json:
        reasons: list[Json] = [one.model_dump(mode="json") for one in conflict.reasons]
        changes: list[Json] = [one.model_dump(mode="json") for one in conflict.changes]
        render.json_value(args, {"conflict": dict(conflict.given), "reasons": reasons, "changes": changes})
        return code
    tree = Tree(Text("no combination fits", "bold red"))
    lines = tree.add("lines in conflict")
    for name, value in conflict.given:
        lines.add(Text(f"{name}: {value}"))
    _rejected(tree, conflict.reasons)
    changes_node = tree.add(
        "changes that were tried and work" if conflict.changes else "no change of one or two lines helps"
    )
    for change in conflict.changes:
        changes_node.add(Text(str(change), "green"))
    args.stdout.print(tree)
    return code


def _why_not(args: Namespace, found: WhyNot) -> int:
    if args.json:
        return render.model(args, found)
    if found.instead is None:
        tree = Tree(Text(f"{found.asked} is not possible", "bold red"))
        lines = tree.add("it is in conflict with" if found.lines else "it fits nothing")
        for name, value in found.lines:
            lines.add(Text(f"{name}: {value}"))
        _rejected(tree, found.reasons)
    else:
        tree = Tree(Text(f"{found.asked} is possible", "bold"))
        tree.add(Text(f"not chosen: {found.preferred}"))
        tree.add(Text(f"it would give {render.short(found.instead)}"))
    args.stdout.print(tree)
    return 0
