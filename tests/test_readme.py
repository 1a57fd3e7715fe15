"""The README tells what is there."""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import pytest

from envspec import catalog, cli, errors, pipeline
from envspec.plan import Conflict, resolve
from envspec.spec import read

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
TEST_COMMAND = "python -m pip install nox && python -m nox"


def verbs() -> dict[str, argparse.ArgumentParser]:
    for action in cli.build()._actions:
        if isinstance(action, argparse._SubParsersAction):
            return dict(action.choices)
    return {}


def test_every_verb_is_told() -> None:
    table = TEXT[TEXT.index("## What each command does") :]
    assert {name for name in verbs() if f"`envspec {name}" not in table} == set()


def test_every_command_in_a_code_block_is_valid() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
    verbs = "plan|lock|create|verify|run|explain|doctor|init|catalog"
    commands = re.findall(rf"envspec ((?:{verbs}) [^#\n\")]*)", "".join(blocks))
    assert len(commands) >= 5
    for command in commands:
        cli.build().parse_args(command.split())


def test_the_example_is_a_valid_spec() -> None:
    example = re.search(r"```yaml\n(# specs/chat.yaml.*?)```", TEXT, re.DOTALL)
    assert example is not None
    assert read(example[1], "README.md").name == "chat"


def test_the_spec_of_a_gpu_has_a_plan() -> None:
    example = re.search(r"```yaml\n(# specs/gpu.yaml.*?)```", TEXT, re.DOTALL)
    assert example is not None
    assert resolve(read(example[1], "README.md"), None, catalog.load()).torch


def test_the_overlay_adds_a_gpu() -> None:
    example = re.search(r"```yaml\n(nvidia_gpus:.*?)```", TEXT, re.DOTALL)
    assert example is not None
    rows = catalog.merged(*map(catalog.parse, catalog.texts().values()))
    assert catalog.overlaid(rows, example[1], "README.md").gpu_named("rtx-6090")


def test_the_conflict_is_what_envspec_says() -> None:
    told = re.search(r"```text\nerror: (.*?)\nhint: (.*?)\n```", TEXT, re.DOTALL)
    assert told is not None
    lines = 'cuda: "12.6"\ngpu: rtx-5090\ntorch: ">=2.6"\nllama-cpp-python: ">=0.3"\n'
    spec = read(f'envspec: 1\nname: x\npython: "3.12"\nplatforms: linux-64\nbackend: cuda\n{lines}', "x.yaml")
    with pytest.raises(Conflict) as caught:
        resolve(spec, None, catalog.load())
    assert (caught.value.message, caught.value.hint) == (told[1], told[2])


def test_every_exit_code_is_told() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)}
    ours = {kind.exit_code for kind in _subclasses(errors.EnvspecError)}
    assert ours <= told


def _subclasses(kind: type[errors.EnvspecError]) -> list[type[errors.EnvspecError]]:
    return [found for one in kind.__subclasses__() for found in (one, *_subclasses(one))]


def test_ci_runs_the_command_of_the_readme() -> None:
    assert f"```sh\n{TEST_COMMAND}\n```" in TEXT
    assert TEST_COMMAND in (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_shipped_locks_are_fresh() -> None:
    specs = sorted((ROOT / "specs").glob("*.yaml"))
    assert specs
    for spec in specs:
        assert pipeline.stale(spec) == ()
