"""`envspec plan` and `envspec explain` as users meet them."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Run

H200 = Path(__file__).parent.parent / "cases" / "hosts" / "h200-580.yaml"
HEAD = 'envspec: 1\nname: x\npython: "3.12"\n'
GPU = f'{HEAD}platforms: [linux-64]\nbackend: cuda\ngpu: rtx-4090\ntorch: ">=2.6"\nllama-cpp-python: ">=0.3"\n'
SOURCE = GPU.replace('">=0.3"', '{version: "==0.3.36", install: source}')
NOTHING = GPU.replace("rtx-4090", "rtx-5090\ncuda: 12.6")


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    path = tmp_path / "规格 1" / "s.yaml"
    path.parent.mkdir()
    path.write_text(GPU, encoding="utf-8")
    return path


def test_a_plan_says_what_and_why(envspec: Run, spec: Path) -> None:
    done = envspec("plan", spec)
    assert done.returncode == 0
    assert "torch 2.15.0+cu132\n    newest release that fits >=2.6" in done.stdout
    assert "install wheel cu132 (linux-64)\n" in done.stdout
    assert f"`envspec explain {spec}` shows why" in done.stdout


def test_the_json_of_a_plan_has_each_part(envspec: Run, spec: Path) -> None:
    told = json.loads(envspec("plan", spec, "--json").stdout)
    assert told["torch"]["index"] == "https://download.pytorch.org/whl/cu132"
    assert told["cuda"]["drivers"] == [["linux-64", "580.65.06"]]
    assert told["gpus"] == [{"name": "rtx-4090", "target": "8.9", "torch": "native", "llama": "native"}]
    assert told["llama"]["installs"][0]["wheel"] == "cu132"


def test_a_recorded_machine_decides(envspec: Run, spec: Path) -> None:
    """Facts of a real H200; 9.0 is its capability, 580.159 its driver."""
    spec.write_text(SOURCE.replace("rtx-4090", "native").replace("platforms: [linux-64]\n", ""))
    told = json.loads(envspec("plan", spec, "--host", H200, "--json").stdout)
    options = {option["name"]: option["value"] for option in told["build"]["cmake"]}
    assert options["CMAKE_CUDA_ARCHITECTURES"] == "90-real"
    assert options["GGML_CUDA_NCCL"] == "OFF"


def test_no_plan_is_code_4_and_says_what_to_change(envspec: Run, spec: Path) -> None:
    spec.write_text(NOTHING)
    done = envspec("plan", spec)
    assert done.returncode == 4
    assert done.stdout == ""
    assert done.stderr.startswith(
        "error: no combination fits; these lines are in conflict:\n  cuda: 12.6\n  gpu: rtx-5090"
    )
    assert "hint: tried, and works: cuda: 13.2" in done.stderr


def test_explain_shows_rules_sources_and_refusals(envspec: Run, spec: Path) -> None:
    done = envspec("explain", spec)
    assert done.returncode == 0
    for text in ("arch/torch-wheel", "refused (", "https://", "torch 2.15.0 cu130: nobody has confirmed", "└──"):
        assert text in done.stdout
    assert json.loads(envspec("explain", spec, "--json").stdout)["name"] == "x"


def test_explain_shows_a_conflict_on_stdout(envspec: Run, spec: Path) -> None:
    spec.write_text(NOTHING)
    done = envspec("explain", spec)
    assert done.returncode == 4
    assert "changes that were tried and work" in done.stdout
    told = json.loads(envspec("explain", spec, "--json").stdout)
    assert set(told["conflict"]) == {"cuda", "gpu"}
    assert told["changes"][0]["lines"] == [["cuda", "13.2"]]


def test_why_one_choice(envspec: Run, spec: Path) -> None:
    done = envspec("explain", spec, "--why", "torch")
    assert done.stdout.startswith("torch\n├── 2.15.0+cu132")
    assert json.loads(envspec("explain", spec, "--why", "llama", "--json").stdout)["topic"] == "llama-cpp-python"
    wrong = envspec("explain", spec, "--why", "weather")
    assert wrong.returncode == 2
    assert "it decides platforms, python" in wrong.stderr


@pytest.mark.parametrize(
    ("asked", "code", "text"),
    [
        ("torch==2.8", 0, "a newer torch is preferred: 2.15.0 before 2.8.0"),
        ("install=source", 0, "a prebuilt wheel is preferred"),
        ("cuda=12.8", 0, "a newer torch is preferred: 2.15.0 before 2.11.0"),
        ("cuda=12.1", 0, "the spec asks for >=2.6"),
        ("python=3.8", 0, "is not possible"),
        ("torch", 2, "is no demand"),
        ("colour=red", 2, "the left side is a key of the spec"),
        ("gpu=rtx-4900", 2, "did you mean"),
    ],
)
def test_why_not(envspec: Run, spec: Path, asked: str, code: int, text: str) -> None:
    done = envspec("explain", spec, "--why-not", asked)
    assert done.returncode == code
    assert text in done.stdout + done.stderr


def test_why_not_as_json(envspec: Run, spec: Path) -> None:
    told = json.loads(envspec("explain", spec, "--why-not", "torch==2.8", "--json").stdout)
    assert told["instead"]["torch"]["version"] == "2.8.0"


def test_cmake_args_survive_a_shell(envspec: Run, spec: Path) -> None:
    spec.write_text(SOURCE)
    line = envspec("plan", spec, "--cmake-args", "bash").stdout
    shell = ["bash", "-c", f'{line}printf %s "$CMAKE_ARGS"']
    value = subprocess.run(shell, check=True, capture_output=True, text=True, env={"PATH": os.environ["PATH"]}).stdout
    arguments = shlex.split(value)
    assert "-DCMAKE_CUDA_ARCHITECTURES=89-real" in arguments
    assert "-DCMAKE_SHARED_LINKER_FLAGS=-Wl,-rpath,\\$ORIGIN/../../nvidia/cu13/lib" in arguments
    assert "-DGGML_CUDA=ON" in arguments


def test_cmake_args_of_a_wheel_are_refused(envspec: Run, spec: Path) -> None:
    done = envspec("plan", spec, "--cmake-args", "zsh", "--platform", "linux-64")
    assert done.returncode == 2
    assert "nothing is compiled on linux-64" in done.stderr


def test_a_matrix_plans_every_cell(envspec: Run, spec: Path) -> None:
    spec.write_text(f'{GPU}matrix: {{cuda: ["11.8", "12.6", "13.2"], python: ["3.12", "3.14"]}}\n')
    done = envspec("plan", spec)
    assert done.returncode == 4
    rows = [line for line in done.stdout.splitlines() if line.startswith("x-cuda")]
    assert [row.split()[0] for row in rows][:2] == ["x-cuda11.8-py3.12", "x-cuda11.8-py3.14"]
    assert "torch 2.7.1+cu118" in rows[0]
    assert "no combination fits" in rows[1]
    told = json.loads(envspec("plan", spec, "--json").stdout)
    assert [("plan" in cell, "error" in cell) for cell in told] == [(True, False), (False, True), *[(True, False)] * 4]


def test_an_overlay_beside_the_specs_counts(envspec: Run, spec: Path) -> None:
    row = "{name: RTX 9090, capability: '12.0', memory: '64', form: desktop, confidence: inferred, source: a dream}"
    spec.write_text(GPU.replace("rtx-4090", "rtx-9090"))
    assert envspec("plan", spec).returncode == 2
    (spec.parent / "envspec-catalog.yaml").write_text(f"nvidia_gpus:\n  - {row}\n", encoding="utf-8")
    assert "rtx-9090 (12.0)" in envspec("plan", spec).stdout


def test_what_cannot_be_locked_is_said(envspec: Run, spec: Path) -> None:
    done = envspec("lock", spec)
    assert done.returncode == 4
    assert "not supported yet: locking `backend: cuda`; locking `torch`" in done.stderr


def test_a_recorded_machine_is_locked_for(envspec: Run, spec: Path) -> None:
    """The platform of the file counts, not the one of the machine that runs the tests."""
    spec.write_text(f'{HEAD}backend: cuda\ngpu: native\ntorch: ">=2.6"\n')
    done = envspec("lock", spec, "--host", H200)
    assert done.returncode == 4
    assert "not supported yet: locking `backend: cuda`" in done.stderr
