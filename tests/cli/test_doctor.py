"""`envspec doctor` as users meet it."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envspec import pipeline
from envspec.tools import host_file

if TYPE_CHECKING:
    from tests.conftest import Run

HOSTS = Path(__file__).parent.parent / "cases" / "hosts"
HEALTHY, GUIDES = HOSTS / "healthy-rtx4090.yaml", HOSTS / "laptop-of-old-guides.yaml"


def test_this_machine_is_looked_at(envspec: Run) -> None:
    done = envspec("doctor")
    assert done.returncode in {0, 7}, done.stderr
    assert done.stdout.startswith("system")
    assert "cpu " in done.stdout
    assert done.stderr == ""


def test_json_has_facts_and_findings(envspec: Run) -> None:
    done = envspec("doctor", "--json")
    told = json.loads(done.stdout)
    assert set(told) == {"host", "findings"}
    assert told["host"]["format"] == "envspec-host/1"
    assert all(set(one) == {"id", "severity", "what", "cause", "fix", "source"} for one in told["findings"])
    worst = {one["severity"] for one in told["findings"]}
    assert done.returncode == (7 if "error" in worst else 0)


def test_a_healthy_machine_is_code_0(envspec: Run) -> None:
    done = envspec("doctor", "--host", HEALTHY)
    assert done.returncode == 0
    assert "gpu       NVIDIA GeForce RTX 4090, 8.9, 25.8 GB" in done.stdout
    assert "driver    NVIDIA 580.95.05, for CUDA up to 13.0" in done.stdout
    assert "nothing to complain about" in done.stdout


def test_errors_are_code_7_and_tell_cause_and_fix(envspec: Run) -> None:
    done = envspec("doctor", "--host", GUIDES)
    assert done.returncode == 7
    assert "error: CMAKE_ARGS has -DLLAMA_CUBLAS" in done.stdout
    assert "  fix: write -DGGML_CUDA instead" in done.stdout
    assert "variable  CUDA_VISIBLE_DEVICES=-1" in done.stdout
    assert "hidden" in done.stdout
    assert "WSL, container: docker" in done.stdout
    assert done.stdout.index("error: ") < done.stdout.index("warning: ") < done.stdout.index("note: ")
    assert done.stdout.rstrip().endswith("notes")
    errors = [one for one in pipeline.doctor(GUIDES).findings if one.severity == "error"]
    assert f"{len(errors)} error" in done.stdout


def test_facts_are_saved_and_looked_at_elsewhere(envspec: Run, tmp_path: Path) -> None:
    path = tmp_path / "我的 machine.yaml"
    environment = {"CMAKE_ARGS": "-DLLAMA_CUBLAS=on", "PIP_EXTRA_INDEX_URL": "https://me:secret@example.org/simple"}
    done = envspec("doctor", "--save", path, env=environment)
    assert done.returncode == 7
    assert f"saved {path}" in done.stdout
    text = path.read_text(encoding="utf-8")
    assert "secret" not in text + done.stdout
    assert host_file.load(path).variables
    again = envspec("doctor", "--host", path, "--json")
    assert again.returncode == 7
    assert "cmake-args/refused" in {one["id"] for one in json.loads(again.stdout)["findings"]}
    quiet = envspec("doctor", "--save", path, "--json", env=environment)
    assert json.loads(quiet.stdout)["host"]["variables"]


def test_a_tool_that_hangs_is_not_waited_for(envspec: Run, tmp_path: Path) -> None:
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\nexec /bin/sleep 100\n", encoding="utf-8")
    smi.chmod(0o755)
    start = time.monotonic()
    done = envspec("doctor", "--json", env={"PATH": f"{tmp_path}:/usr/bin:/bin"})
    assert time.monotonic() - start < 30
    told = json.loads(done.stdout)
    assert told["host"]["fault"] == "hangs" or told["host"]["driver"]


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ("fault: hangs", "driver NVIDIA: hangs"),
        ("fault: mismatch\ndriver: {version: 550.54.15}", "driver NVIDIA 550.54.15: mismatch"),
        ("gpus: [{vendor: amd, name: RX 7900 XTX, gfx: gfx1100}]", "gpu RX 7900 XTX, gfx1100"),
        ("gpus: [{vendor: nvidia, name: A100, mig: true}]", "gpu A100, MIG"),
        ("memory: 8000000000", "driver no NVIDIA driver"),
    ],
)
def test_what_is_known_stands_in_the_table(envspec: Run, tmp_path: Path, facts: str, line: str) -> None:
    path = tmp_path / "host.yaml"
    known = {"format": "envspec-host/1", "platform": "linux-64", "cpu": "x", "libc": "", "cores": "1", "memory": "1"}
    lines = [f"{name}: {value!r}" for name, value in known.items() if not facts.startswith(name)]
    path.write_text("\n".join([*lines, facts]), encoding="utf-8")
    assert line in " ".join(envspec("doctor", "--host", path).stdout.split())


@pytest.mark.parametrize("args", [("--host", HEALTHY, "--save", "x.yaml"), ("--host",), ("extra",)])
def test_wrong_usage_is_code_2(envspec: Run, args: tuple[str | Path, ...]) -> None:
    done = envspec("doctor", *args)
    assert done.returncode == 2
    assert "usage" in done.stderr.lower()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("format: envspec-host/9\n", "this envspec reads envspec-host/1"),
        ("hello\n", "not a host file"),
        (None, "No such"),
    ],
)
def test_what_is_no_host_file_is_code_2(envspec: Run, tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "host.yaml"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    done = envspec("doctor", "--host", path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "envspec doctor --save FILE" in done.stderr
    assert done.stdout == ""


def test_a_place_that_cannot_be_written_is_code_3(envspec: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = envspec("doctor", "--save", tmp_path / "file" / "host.yaml")
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_a_machine_without_any_tool_is_looked_at(envspec: Run, tmp_path: Path) -> None:
    done = envspec("doctor", "--json", cwd=tmp_path, env={"PATH": str(tmp_path)})
    told = json.loads(done.stdout)
    assert told["host"]["compilers"] == []
    assert told["host"]["cmake"] is None


@pytest.mark.skipif(shutil.which("c++") is None, reason="no C++ compiler here")
def test_the_compiler_of_this_machine_is_told(envspec: Run) -> None:
    assert "compiler  " in envspec("doctor").stdout


@pytest.mark.parametrize("path", sorted(HOSTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_recorded_hosts_are_read(path: Path) -> None:
    assert host_file.load(path).platform
