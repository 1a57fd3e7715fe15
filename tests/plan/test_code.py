"""Verdicts, by NVIDIA's rules of binary compatibility; wheels and cards as they are sold."""

from __future__ import annotations

import pytest

from envspec import catalog
from envspec.gpu import Capability, Target
from envspec.plan.code import Verdict, verdict, without_code
from envspec.plan.question import Question
from envspec.spec import read

CATALOG = catalog.load()
CU126 = "5.0 6.0 7.0 7.5 8.0 8.6 9.0"
"""torch 2.14.1+cu126 on Linux."""
CU130 = "7.5 8.0 8.6 9.0 10.0 12.0"
"""torch 2.14.1+cu130 on Linux."""
LLAMA = "6.0 6.1 7.0 7.5 8.0 8.6 8.9 9.0"
"""llama-cpp-python 0.3.35, wheel cu125; with PTX for 9.0."""


def targets(text: str) -> tuple[Target, ...]:
    return tuple(map(Target.parse, text.split()))


@pytest.mark.parametrize(
    ("sm", "ptx", "gpu", "expected"),
    [
        (CU126, "", "8.9", Verdict.NATIVE),
        (CU126, "", "6.1", Verdict.NATIVE),
        (CU126, "", "5.2", Verdict.NATIVE),
        (CU126, "", "12.0", Verdict.NONE),
        (CU126, "", "3.5", Verdict.NONE),
        (CU130, "", "12.1", Verdict.NATIVE),
        (CU130, "", "10.3", Verdict.NATIVE),
        (CU130, "", "11.0", Verdict.NONE),
        (CU130, "", "7.0", Verdict.NONE),
        (LLAMA, "9.0", "12.0", Verdict.JIT),
        (LLAMA, "9.0", "9.0", Verdict.NATIVE),
        (LLAMA, "9.0", "5.2", Verdict.NONE),
        (LLAMA, "", "12.0", Verdict.NONE),
        ("8.6", "", "8.0", Verdict.NONE),
        ("12.0a", "", "12.0", Verdict.NATIVE),
        ("12.0a", "", "12.1", Verdict.NONE),
        ("9.0a", "9.0a", "10.0", Verdict.NONE),
        ("10.0f", "", "10.3", Verdict.NATIVE),
        ("10.0f", "", "12.0", Verdict.NONE),
        ("", "7.5", "7.5", Verdict.JIT),
        ("", "", "8.9", Verdict.NONE),
    ],
)
def test_how_code_runs_on_a_gpu(sm: str, ptx: str, gpu: str, expected: Verdict) -> None:
    assert verdict(targets(sm), targets(ptx), Capability.parse(gpu), tegra=False) is expected


@pytest.mark.parametrize(
    ("sm", "ptx", "expected"),
    [
        ("8.7", "", Verdict.NATIVE),
        ("8.0 8.6", "", Verdict.NONE),
        ("8.0 8.6", "8.0", Verdict.JIT),
        ("8.0 8.6", "9.0", Verdict.NONE),
    ],
)
def test_a_jetson_needs_its_own_code(sm: str, ptx: str, expected: Verdict) -> None:
    assert verdict(targets(sm), targets(ptx), Capability(8, 7), tegra=True) is expected


@pytest.mark.parametrize(
    ("gpus", "sm", "ptx", "worst", "without"),
    [
        ("[rtx-4090, h100]", LLAMA, "9.0", Verdict.NATIVE, ""),
        ("[rtx-4090, rtx-5090]", LLAMA, "9.0", Verdict.NATIVE, "12.0"),
        ("[rtx-4090, rtx-5090]", LLAMA, "9.0", Verdict.JIT, ""),
        ("[gtx-970, rtx-4090, rtx-5090]", LLAMA, "9.0", Verdict.JIT, "5.2"),
        ("[gtx-970, rtx-4090, rtx-5090]", LLAMA, "9.0", Verdict.NATIVE, "5.2 12.0"),
        ("['8.7']", "8.0 8.6", "", Verdict.JIT, "8.7"),
        ("[]", "", "", Verdict.NATIVE, ""),
    ],
)
def test_every_gpu_has_a_verdict_of_its_own(gpus: str, sm: str, ptx: str, worst: Verdict, without: str) -> None:
    text = f"envspec: 1\nname: x\npython: '3.12'\nplatforms: linux-64\nbackend: cuda\ngpu: {gpus}\n"
    question = Question(read(text, "x"), None, CATALOG)
    assert without_code(question, targets(sm), targets(ptx), worst) == tuple(map(Capability.parse, without.split()))
