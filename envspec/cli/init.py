"""The verb `init`: a first spec."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.text import Text

from envspec import pipeline
from envspec.cli import arguments, render
from envspec.errors import Unsatisfiable
from envspec.gpu import Backend, Platform

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from envspec.pipeline import Begun
    from envspec.plan import Plan

BASES = ("conda", "venv")
STDOUT = Path("-")
EXAMPLES = """\
  envspec init                                          specs/NAME.yaml for the GPU of this machine
  envspec init specs/chat.yaml --from requirements.txt  takes over what pip or conda had
  envspec init --gpu rtx-4090 --platform win-64 -       for another machine, printed only
"""


def init(args: argparse.Namespace) -> int:
    """Write a commented spec for this machine."""
    printed = args.stdout_only or args.path == STDOUT
    order = pipeline.Order(
        path=None if args.path == STDOUT else args.path,
        name=args.name,
        gpu=tuple(args.gpu),
        backend=args.backend,
        platforms=tuple(args.platform),
        python=args.python,
        cuda=args.cuda,
        base=args.base,
        torch=args.torch,
        host=args.host,
        source=args.source,
        force=args.force,
        printed=printed,
    )
    return begun(args, pipeline.init(order))


def options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `init`; none is needed."""
    where = parser.add_argument_group("where it goes")
    where.add_argument(
        "path",
        nargs="?",
        type=arguments.path,
        metavar="PATH",
        help="file to write (default: specs/NAME.yaml); -: print it instead",
    )
    where.add_argument("--name", help="name of the environment (default: that of the file or of this folder)")
    where.add_argument("--stdout", action="store_true", dest="stdout_only", help="print it, write no file")
    where.add_argument("--force", action="store_true", help="write over a file, and write a spec that has no plan")
    what = parser.add_argument_group("what it asks for")
    what.add_argument(
        "--from", type=arguments.path, dest="source", metavar="FILE", help="a requirements.txt or environment.yml"
    )
    what.add_argument(
        "--gpu", action="append", default=[], metavar="NAME", help="rtx-4090, 8.9, gfx1100, native; repeatable"
    )
    what.add_argument("--backend", choices=list(Backend), help="default: that of the GPU, cpu without one")
    what.add_argument("--cuda", metavar="VERSION", help="12.6 or 12.6.3 (default: what GPU, driver and torch share)")
    what.add_argument("--python", metavar="VERSION", help="default: the newest that torch and this machine share")
    what.add_argument(
        "--platform", action="append", default=[], choices=list(Platform), help="default: this machine's; repeatable"
    )
    what.add_argument("--base", choices=BASES, help="who provides Python (default: venv if that can work)")
    what.add_argument("--no-torch", action="store_false", dest="torch", help="only llama-cpp-python")


def begun(args: argparse.Namespace, made: Begun) -> int:
    """Tell what was written and what comes of it; exit code 4 if nothing does."""
    code = Unsatisfiable.exit_code if made.conflict else 0
    if args.json:
        render.json_value(
            args,
            {
                "path": str(made.path) if made.path else None,
                "spec": made.text,
                "plan": made.plan.model_dump(mode="json") if made.plan else None,
                "conflict": made.conflict.message if made.conflict else None,
                "notes": list(made.notes),
            },
        )
        return code
    if made.path is None:
        render.text(args, made.text)
        return code
    args.stdout.print(f"wrote {made.path}", markup=False)
    for topic, value in _summary(made.plan) if made.plan else ():
        args.stdout.print(Text.assemble(f"  {topic:<17}", (value, "bold")))
    for note in made.notes:
        args.stdout.print(f"note: {note}", markup=False)
    if made.conflict:
        args.stdout.print(f"it has no plan yet: {made.conflict.message}\n{made.conflict.hint}", markup=False)
    for warning in made.plan.warnings if made.plan else ():
        args.stdout.print(f"warning: {warning}", markup=False)
    args.stdout.print(f"next: envspec plan {made.path}", markup=False)
    return code


def _summary(plan: Plan) -> Iterator[tuple[str, str]]:
    """What a plan comes to, in a few lines."""
    gpus = ", ".join(gpu.name if gpu.name == gpu.target else f"{gpu.name} ({gpu.target})" for gpu in plan.gpus)
    yield "backend", f"{plan.backend}: {gpus}" if gpus else plan.backend
    yield "python", f"{plan.python.removeprefix('==').removesuffix('.*')}, base {plan.base}"
    if plan.cuda:
        drivers = ", ".join(f"{version} on {platform}" for platform, version in plan.cuda.drivers)
        toolkit = plan.cuda.toolkit
        compiled = f"; toolkit {toolkit.release} from {toolkit.source}" if toolkit else "; no toolkit needed"
        yield "CUDA", f"{plan.cuda.line}{compiled}; driver >= {drivers}"
    if plan.torch:
        others = "".join(f", {name} {version}" for name, version in plan.torch.packages[1:])
        yield "torch", f"{plan.torch.version}+{plan.torch.tag}{others}"
    if plan.llama:
        ways = (f"wheel {one.wheel}" if one.wheel else "compiled" for one in plan.llama.installs)
        each = ", ".join(f"{way} on {one.platform}" for way, one in zip(ways, plan.llama.installs, strict=True))
        yield "llama-cpp-python", f"{plan.llama.version}: {each}"
