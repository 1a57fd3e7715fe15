from __future__ import annotations

from pathlib import Path

import pytest

from envspec.gpu import Backend
from envspec.verify import Expectation, Observation, Report, Status, judge, tiny
from envspec.verify.layers import layers

CASES = Path(__file__).parent.parent / "cases"
LOGS = CASES / "logs"
"""What llama-cpp-python 0.3.36 logged on a machine with an NVIDIA H200."""
CPU_LOG = "".join(f"load_tensors: layer {number:3d} assigned to device CPU, is_swa = 0\n" for number in range(5))
PASSED, FAILED, SKIPPED = Status.PASSED, Status.FAILED, Status.SKIPPED
GOOD = Observation(
    stage="done",
    ended="exit 0",
    python="3.12.4",
    packages={"six": "1.17.0"},
    system="CPU : AVX2 = 1",
    tokens=tiny.TOKENS,
    log=CPU_LOG,
)
LOCKED = Expectation(python=">=3.11,<3.14", backend=Backend.CPU, packages=(("six", "1.17.0"),), llama=True)


def look(changes: dict[str, object] | None = None, expected: Expectation = LOCKED) -> dict[str, Status]:
    report = judge("p", expected, GOOD.model_copy(update=changes or {}))
    for check in report.checks:
        assert check.detail
        assert (check.hint is not None) == (check.status is FAILED), check
    assert report.passed == all(check.status is not FAILED for check in report.checks)
    return {check.id: check.status for check in report.checks}


def test_a_good_environment_passes_everything() -> None:
    assert set(look().values()) == {PASSED}
    assert list(look()) == [
        "python/version",
        "packages/versions",
        "llama/import",
        "llama/load",
        "llama/layers",
        "llama/tokens",
        "llama/exit",
    ]


def test_without_llama_only_the_rest_is_checked() -> None:
    assert look({"stage": "start"}, LOCKED.model_copy(update={"llama": False})) == {
        "python/version": PASSED,
        "packages/versions": PASSED,
    }


@pytest.mark.parametrize(
    ("changes", "failed"),
    [
        ({"python": "3.14.0"}, "python/version"),
        ({"packages": {"six": "1.16.0"}}, "packages/versions"),
        ({"packages": {}}, "packages/versions"),
        ({"tokens": (1, 2, 3)}, "llama/tokens"),
        ({"tokens": ()}, "llama/tokens"),
        ({"log": CPU_LOG.replace("4 assigned to device CPU", "4 assigned to device CUDA0")}, "llama/layers"),
        ({"log": CPU_LOG.replace("layer   4", "layer   3")}, "llama/layers"),
        ({"log": "load_tensors: offloaded 5/5 layers to GPU\n"}, "llama/layers"),
        ({"log": ""}, "llama/layers"),
        ({"ended": "SIGSEGV"}, "llama/exit"),
        ({"error": "TypeError: late"}, "llama/exit"),
    ],
)
def test_one_fault_fails_one_check(changes: dict[str, object], failed: str) -> None:
    assert [name for name, status in look(changes).items() if status is not PASSED] == [failed]


@pytest.mark.parametrize(
    ("stage", "statuses"),
    [
        ("start", [PASSED, PASSED, FAILED, SKIPPED, SKIPPED, SKIPPED, SKIPPED]),
        ("import", [PASSED, PASSED, FAILED, SKIPPED, SKIPPED, SKIPPED, SKIPPED]),
        ("load", [PASSED, PASSED, PASSED, FAILED, SKIPPED, SKIPPED, SKIPPED]),
        ("decode", [PASSED, PASSED, PASSED, PASSED, PASSED, FAILED, SKIPPED]),
    ],
)
def test_a_probe_that_dies_fails_where_it_was_and_skips_the_rest(stage: str, statuses: list[Status]) -> None:
    assert list(look({"stage": stage, "ended": "SIGSEGV"}).values()) == statuses


def test_an_interpreter_that_does_not_run() -> None:
    assert list(look({"stage": "start", "python": "", "ended": "exit 127"}).values()) == [FAILED] + [SKIPPED] * 6


def test_the_reason_is_the_error_or_the_signal_with_the_last_line() -> None:
    def told(**changes: object) -> str:
        checks = judge("p", LOCKED, GOOD.model_copy(update={"stage": "import", **changes})).checks
        return next(check.detail for check in checks if check.id == "llama/import")

    assert told(error="OSError: libfoo.so: cannot open") == "OSError: libfoo.so: cannot open"
    assert told(ended="SIGSEGV", log="one\ntwo\n\n") == "SIGSEGV; last line: two"
    assert told(ended="no answer after 120 s", log="") == "no answer after 120 s"


@pytest.mark.parametrize(
    ("log", "devices"),
    [
        ("verbose_gpu", ["CUDA0"] * 5),
        ("verbose_partial", ["CPU"] * 3 + ["CUDA0"] * 2),
        ("verbose_nodevice", ["CPU"] * 5),
        ("verbose_wrongarch", ["CUDA0"] * 5),
    ],
)
def test_layers_of_real_logs(log: str, devices: list[str]) -> None:
    found = layers((LOGS / f"{log}.txt").read_text(encoding="utf-8"))
    assert [found[index] for index in range(tiny.LAYERS + 1)] == devices


@pytest.mark.parametrize(
    ("log", "status"), [("verbose_gpu", PASSED), ("verbose_partial", FAILED), ("verbose_nodevice", FAILED)]
)
def test_a_gpu_environment_passes_only_with_every_layer_on_the_gpu(log: str, status: Status) -> None:
    expected = LOCKED.model_copy(update={"backend": Backend.CUDA})
    assert look({"log": (LOGS / f"{log}.txt").read_text(encoding="utf-8")}, expected)["llama/layers"] is status


@pytest.mark.parametrize(
    ("seen", "backend", "failed"),
    [
        ("h200", Backend.CUDA, []),
        ("h200", Backend.CPU, ["llama/layers"]),
        ("h200_hidden", Backend.CUDA, ["llama/layers"]),
        ("xeon_cpu", Backend.CPU, []),
    ],
)
def test_what_real_machines_showed(seen: str, backend: Backend, failed: list[str]) -> None:
    """A CUDA and a CPU build of 0.3.36 with gcc 13.3, on an H200 and on a Xeon with AMX; the same tokens on all."""
    observation = Observation.model_validate_json((CASES / "observations" / f"{seen}.json").read_text(encoding="utf-8"))
    expected = Expectation(python=">=3.11", backend=backend, packages=(), llama=True)
    assert [check.id for check in judge("p", expected, observation).checks if check.status is not PASSED] == failed


def test_reports_are_plain_data() -> None:
    report = judge("p", LOCKED, GOOD)
    assert Report.model_validate_json(report.model_dump_json()) == report
