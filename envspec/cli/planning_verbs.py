"""The verbs that find out: init, doctor, catalog, plan, explain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envspec.cli import arguments, commands, doctor, explain, init
from envspec.gpu import Platform

if TYPE_CHECKING:
    import argparse

    from envspec.cli.arguments import Verbs

TOPICS = ("cuda", "torch", "gpus", "llama", "check")


def add(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    """Add them."""
    begin = arguments.add(verbs, common, "init", init.init, init.EXAMPLES)
    arguments.host(begin)
    init.options(begin)
    doctor.options(arguments.add(verbs, common, "doctor", doctor.doctor, doctor.EXAMPLES))
    _catalog(verbs, common)
    _plan(verbs, common)
    _explain(verbs, common)


def _catalog(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    view = arguments.add(
        verbs,
        common,
        "catalog",
        commands.catalog,
        "  envspec catalog                        the tables, and how well their rows are known\n"
        "  envspec catalog torch --gpu rtx-5090   wheels of torch that hold code for a GPU\n"
        "  envspec catalog check                  exit code 7 if a live index says otherwise\n",
    )
    view.add_argument("topic", nargs="?", choices=TOPICS, metavar="TOPIC", help=", ".join(TOPICS))
    view.add_argument("--gpu", metavar="NAME", help="only what serves this GPU: rtx-4090, a100, rx-7900-xtx, ...")
    view.add_argument(
        "--catalog", type=arguments.path, metavar="FILE", help="a YAML file that adds rows or corrects them"
    )


def _plan(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    plan = arguments.add(
        verbs,
        common,
        "plan",
        commands.plan,
        "  envspec plan specs/quickstart.yaml\n"
        '  eval "$(envspec plan my.yaml --cmake-args bash)"    CMAKE_ARGS for a build by hand\n',
    )
    arguments.spec(plan)
    arguments.host(plan)
    plan.add_argument(
        "--cmake-args", choices=arguments.SHELLS, help="print only a line that sets CMAKE_ARGS in this shell"
    )
    plan.add_argument("--platform", choices=list(Platform), help="whose CMAKE_ARGS (default: the first that compiles)")


def _explain(verbs: Verbs, common: argparse.ArgumentParser) -> None:
    reasons = arguments.add(
        verbs,
        common,
        "explain",
        explain.explain,
        "  envspec explain my.yaml                              the whole decision as a tree\n"
        "  envspec explain my.yaml --why torch\n"
        "  envspec explain my.yaml --why-not torch==2.8         also cuda=12.1, python=3.13, install=wheel\n",
    )
    arguments.spec(reasons)
    arguments.host(reasons)
    which = reasons.add_mutually_exclusive_group()
    which.add_argument("--why", metavar="TOPIC", help="only one choice: torch, cuda, toolkit, install, cmake, ...")
    which.add_argument("--why-not", metavar="DEMAND", help="what another demand would do")
