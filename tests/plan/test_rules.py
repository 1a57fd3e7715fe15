"""Each rule by itself: what it refuses and what it lets pass; the values stand in the sources of the catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import pytest
from packaging.version import Version

from envspec import catalog
from envspec.gpu import CudaVersion, Platform
from envspec.host import Host
from envspec.plan import rules
from envspec.plan.candidates import Compilation, Rule, Toolkit, TorchBuild, Wheel
from envspec.plan.code import Verdict
from envspec.plan.question import Question
from envspec.plan.rules.toolkit import compiler_limits
from envspec.spec import ToolkitSource, read

if TYPE_CHECKING:
    from collections.abc import Iterable

C = TypeVar("C")
CATALOG = catalog.load()
JIT = Verdict.JIT


class Case(NamedTuple):
    """One call of one rule; without a reason it passes."""

    rule: str
    lines: str
    facts: str
    what: str
    reason: str = ""
    worst: Verdict = Verdict.NATIVE


def cases(*rows: Case) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", rows, ids=lambda case: "; ".join(filter(None, case[:5])))


def host(facts: str) -> Host | None:
    """A machine in short: `linux-64 glibc=2.39 driver=580.95.05 gpu=8.9 with=gcc:13.2 cuda=12.4`; nothing: unknown."""
    if not facts:
        return None
    platform, *told = facts.split()
    given = dict(one.split("=") for one in told)
    lists = {name: [one.split(":") for one in text.split(",") if one] for name, text in given.items()}
    return Host.model_validate(
        {
            "platform": platform,
            "cpu": "zen3",
            "libc": f"glibc {given['glibc']}" if "glibc" in given else given.get("libc", ""),
            "cores": 8,
            "memory": 1 << 34,
            "wsl": "wsl" in given,
            "driver": {"version": given["driver"]} if "driver" in given else None,
            "rocm": given.get("rocm"),
            "gpus": [
                {"vendor": "nvidia", "name": "NVIDIA RTX", "capability": one[0], "hidden": "hidden" in one}
                for one in lists.get("gpu", [])
            ],
            "toolkits": [
                {"version": one[0], "build": one[1] if one[1:] else None, "nvcc": "/nvcc", "origin": "PATH"}
                for one in lists.get("cuda", [])
            ],
            "compilers": [{"kind": kind, "version": version, "path": "/c++"} for kind, version in lists["with"]]
            if "with" in lists
            else None,
        }
    )


def ask(case: Case) -> Question:
    defaults = {"python": '"3.12"', "platforms": "linux-64", "backend": "cuda"}
    given = [line for line in case.lines.split("; ") if line]
    missing = [f"{key}: {value}" for key, value in defaults.items() if not any(line.startswith(key) for line in given)]
    text = "\n".join(("envspec: 1", "name: x", *missing, *given))
    return Question(read(text, "x.yaml"), host(case.facts), CATALOG)


def judged(group: Iterable[Rule[C]], case: Case, question: Question, candidate: C) -> None:
    """The rule of the case refuses with its reason, or passes; on the first platform of the spec."""
    (rule,) = [one for one in group if one.id == case.rule]
    refusal = rule.refuses(question, question.platforms[0], candidate, case.worst)
    said = refusal.reason if refusal else ""
    assert (bool(said), case.reason in said) == (bool(case.reason), True), said


ASKED = (
    Case("backend/platform", "", "", ""),
    Case("backend/platform", "platforms: linux-aarch64", "", ""),
    Case("backend/platform", "platforms: win-64", "", ""),
    Case("backend/platform", "platforms: osx-arm64", "", "", "cuda does not exist on osx-arm64, only on linux-64"),
    Case("backend/platform", "platforms: win-64; backend: rocm", "", ""),
    Case("backend/platform", "platforms: linux-aarch64; backend: rocm", "", "", "only on linux-64, win-64"),
    Case("backend/platform", "platforms: linux-aarch64; backend: vulkan", "", ""),
    Case("backend/platform", "platforms: osx-arm64; backend: vulkan", "", "", "vulkan does not exist on osx-arm64"),
    Case("backend/platform", "platforms: osx-arm64; backend: metal", "", ""),
    Case("backend/platform", "backend: metal", "", "", "metal does not exist on linux-64, only on osx-arm64"),
    Case("backend/platform", "platforms: osx-arm64; backend: cpu", "", ""),
    Case("gpu/native", "gpu: native", "linux-64 gpu=8.9", ""),
    Case("gpu/native", "gpu: native", "linux-64 gpu=8.9:hidden,8.6", ""),
    Case("gpu/native", "gpu: native", "linux-64 gpu=8.9:hidden", "", "seen: NVIDIA RTX (hidden)"),
    Case("gpu/native", "gpu: native", "linux-64", "", "seen: none at all"),
    Case("gpu/native", "gpu: [native, h100]", "linux-64", "", "seen: none at all"),
    Case("gpu/native", "gpu: '8.9'", "linux-64", ""),
    Case("gpu/native", "", "linux-64", ""),
    Case("gpu/platform", "gpu: [rtx-4090, h100]", "", ""),
    Case("gpu/platform", "gpu: '12.1'", "", ""),
    Case("gpu/platform", "gpu: gb10; platforms: linux-aarch64", "", ""),
    Case("gpu/platform", "gpu: [rtx-4090, gb10]", "", "", "there is no gb10 (12.1) on linux-64"),
    Case("gpu/platform", "gpu: jetson-agx-orin; platforms: win-64", "", "", "on win-64"),
    Case("gpu/platform", "gpu: gfx1100; backend: rocm", "", ""),
    Case("gpu/backend", "gpu: rtx-4090", "", ""),
    Case("gpu/backend", "gpu: [rtx-4090, rx-7900-xtx]", "", "", "cuda does not run on rx-7900-xtx (gfx1100)"),
    Case("gpu/backend", "gpu: rx-7900-xtx; backend: rocm", "", ""),
    Case("gpu/backend", "gpu: '8.9'; backend: rocm", "", "", "rocm does not run on 8.9"),
    Case("gpu/backend", "gpu: [rtx-4090, rx-7900-xtx]; backend: vulkan", "", ""),
    Case("gpu/backend", "", "", ""),
    Case("driver/gpu", "gpu: rtx-4090", "", ""),
    Case("driver/gpu", "gpu: rtx-4090", "linux-64", ""),
    Case("driver/gpu", "gpu: rtx-4090", "win-64 driver=470.256.02", ""),
    Case("driver/gpu", "gpu: rtx-4090", "linux-64 driver=470.256.02", "", "branch 520 is the first"),
    Case("driver/gpu", "gpu: rtx-4090", "linux-64 driver=520.10", ""),
    Case("driver/gpu", "gpu: h100", "linux-64 driver=515.105.01", "", "does not know Hopper (9.0) yet"),
    Case("driver/gpu", "gpu: rtx-3090", "linux-64 driver=450.80.02", ""),
    Case("driver/gpu", "gpu: rtx-5090", "linux-64 driver=565.57.01", "", "branch 570 is the first"),
    Case("driver/gpu", "gpu: rtx-5090", "linux-64 driver=570.86.10", ""),
    Case("driver/gpu", "gpu: b200", "linux-64 driver=560.35.03", "", "branch 570 is the first"),
    Case("driver/gpu", "gpu: ['10.3']", "linux-64 driver=570.124.06", "", "branch 575 is the first"),
    Case("driver/gpu", "gpu: gb10; platforms: linux-aarch64", "linux-aarch64 driver=570.124.06", "", "branch 575"),
    Case("driver/gpu", "gpu: gb10; platforms: linux-aarch64", "linux-aarch64 driver=575.51.03", ""),
    Case("driver/gpu", "gpu: ['11.0']; platforms: linux-aarch64", "linux-aarch64 driver=575.51.03", "", "branch 580"),
    Case("driver/gpu", "gpu: ['10.7']", "linux-64 driver=535.54.03", ""),
    Case("driver/gpu", "gpu: gtx-1080-ti", "linux-64 driver=580.95.05", ""),
    Case("driver/gpu", "gpu: gtx-1080-ti", "linux-64 driver=590.44.01", "", "branch 580 was the last"),
    Case("driver/gpu", "gpu: gtx-970", "linux-64 driver=595.45.04", "", "does not support Maxwell (5.2)"),
    Case("driver/gpu", "gpu: titan-v", "linux-64 driver=590.48.01", "", "does not support Volta (7.0)"),
    Case("driver/gpu", "gpu: '3.7'", "linux-64 driver=535.54.03", "", "branch 470 was the last"),
    Case("driver/gpu", "gpu: rtx-2080", "linux-64 driver=595.45.04", ""),
    Case("driver/gpu", "gpu: [rtx-4090, gtx-970]", "linux-64 driver=590.48.01", "", "Maxwell (5.2)"),
    Case("driver/gpu", "gpu: gtx-1080-ti; platforms: win-64", "win-64 driver=581.80", ""),
    Case("driver/gpu", "gpu: gtx-1080-ti; platforms: win-64", "win-64 driver=591.44", "", "branch 580 was the last"),
    Case("driver/gpu", "gpu: rtx-5090; platforms: win-64", "win-64 driver=566.36", "", "Blackwell (12.0)"),
    Case("driver/gpu", "gpu: rtx-5090; platforms: win-64", "win-64 driver=572.16", ""),
)


@cases(*ASKED)
def test_asked(case: Case) -> None:
    judged(rules.ASKED, case, ask(case), None)


LINE = (
    Case("cuda/requested", "", "", "12.6"),
    Case("cuda/requested", "cuda: '12.6'", "", "12.6"),
    Case("cuda/requested", "cuda: 12.6.3", "", "12.6"),
    Case("cuda/requested", "cuda: '12.6'", "", "12.8", "the spec asks for CUDA 12.6"),
    Case("driver/runtime", "", "", "13.2"),
    Case("driver/runtime", "", "linux-64", "13.2"),
    Case("driver/runtime", "", "win-64 driver=452.39", "13.2"),
    Case("driver/runtime", "", "linux-64 driver=450.80.02", "11.8"),
    Case("driver/runtime", "", "linux-64 driver=450.51.05", "11.8", "needs driver 450.80.02 on linux-64"),
    Case("driver/runtime", "", "linux-64 driver=450.80.02", "11.7"),
    Case("driver/runtime", "", "linux-64 driver=440.33.01", "11.7", "needs driver 450.80.02"),
    Case("driver/runtime", "", "linux-64 driver=525.60.13", "12.9"),
    Case("driver/runtime", "", "linux-64 driver=525.60.11", "12.0", "the machine has 525.60.11"),
    Case("driver/runtime", "", "linux-64 driver=470.256.02", "12.4", "CUDA 12.x needs driver 525.60.13"),
    Case("driver/runtime", "", "linux-64 driver=580.65.06", "13.4"),
    Case("driver/runtime", "", "linux-64 driver=575.57.08", "13.0", "CUDA 13.x needs driver 580.65.06"),
    Case("driver/runtime", "platforms: win-64", "win-64 driver=452.39", "11.8"),
    Case("driver/runtime", "platforms: win-64", "win-64 driver=451.82", "11.8", "needs driver 452.39 on win-64"),
    Case("driver/runtime", "platforms: win-64", "win-64 driver=528.33", "12.6"),
    Case("driver/runtime", "platforms: win-64", "win-64 driver=527.41", "12.0", "needs driver 528.33"),
    Case("driver/runtime", "platforms: win-64", "win-64 driver=580.88", "13.2"),
    Case("driver/runtime", "platforms: win-64", "win-64 driver=576.57", "13.0", "needs driver 580"),
    Case("driver/runtime", "", "linux-64 driver=528.24 wsl=yes", "12.6", "needs driver 528.33"),
    Case("driver/runtime", "", "linux-64 driver=528.49 wsl=yes", "12.6"),
)


@cases(*LINE)
def test_line(case: Case) -> None:
    judged(rules.LINE, case, ask(case), CudaVersion.parse(case.what))


CU13 = "7.5 8.0 8.6 9.0 10.0 12.0"
AARCH64 = "platforms: linux-aarch64"
TORCH = (
    Case("torch/tag-exists", "", "", "2.15.0+cu132"),
    Case("torch/tag-exists", "", "", "2.15.0+cu126", "no such wheel for linux-64, only cpu, cu130, cu132"),
    Case("torch/tag-exists", "", "", "2.11.0+cu129"),
    Case("torch/tag-exists", "platforms: win-64", "", "2.11.0+cu129", "only cpu, cu126, cu128, cu130"),
    Case("torch/tag-exists", f"{AARCH64}; backend: rocm", "", "2.11.0+rocm7.2", "no such wheel for linux-aarch64"),
    Case("torch/seen", "", "", "2.15.0+cu132"),
    Case("torch/seen", "", "", "2.15.0+cu130", "nobody has confirmed that the index has it for linux-64"),
    Case("torch/seen", "platforms: win-64", "", "2.15.0+cu132", "nobody has confirmed"),
    Case("torch/seen", "platforms: win-64", "", "2.14.1+cu126"),
    Case("python/torch", "python: '3.10'", "", "2.15.0+cu132", "wheels for Python 3.11, 3.12, 3.13, 3.14, 3.15 only"),
    Case("python/torch", "python: '>=3.10'", "", "2.15.0+cu132"),
    Case("python/torch", "python: '3.13'", "", "2.5.1+cu124"),
    Case("python/torch", "python: '3.13'; platforms: win-64", "", "2.5.1+cu124", "win-64: wheels for Python 3.9,"),
    Case("python/torch", "python: '3.12'", "", "2.1.2+cu121", "wheels for Python 3.8, 3.9, 3.10, 3.11 only"),
    Case("glibc/torch-wheel", "", "", "2.15.0+cu132"),
    Case("glibc/torch-wheel", "", "linux-64 glibc=2.27", "2.15.0+cu132", "needs glibc 2.28, the machine has 2.27"),
    Case("glibc/torch-wheel", "", "linux-64 glibc=2.28", "2.15.0+cu132"),
    Case("glibc/torch-wheel", "", "linux-64 libc=musl", "2.15.0+cu132"),
    Case("glibc/torch-wheel", "", "linux-64 glibc=2.17", "2.5.1+cu124"),
    Case("glibc/torch-wheel", "", "linux-64 glibc=2.17", "2.6.0+cu124"),
    Case("glibc/torch-wheel", "", "linux-64 glibc=2.27", "2.6.0+cu126", "needs glibc 2.28"),
    Case("glibc/torch-wheel", "platforms: win-64", "linux-64 glibc=2.17", "2.15.0+cu132"),
    Case("arch/torch-wheel", "", "", "2.14.1+cu130"),
    Case("arch/torch-wheel", "gpu: rtx-4090", "", "2.14.1+cu130"),
    Case("arch/torch-wheel", "gpu: gtx-1080-ti", "", "2.14.1+cu130", f"6.1 on linux-64, only {CU13}"),
    Case("arch/torch-wheel", "gpu: gtx-1080-ti", "", "2.14.1+cu126"),
    Case("arch/torch-wheel", "gpu: titan-v", "", "2.10.0+cu128"),
    Case("arch/torch-wheel", "gpu: titan-v", "", "2.11.0+cu128", "compute capability 7.0"),
    Case("arch/torch-wheel", "gpu: [rtx-4090, rtx-5090]", "", "2.14.1+cu126", "no code for compute capability 12.0"),
    Case("arch/torch-wheel", "gpu: rtx-5090", "", "2.7.1+cu128"),
    Case("arch/torch-wheel", f"gpu: gb10; {AARCH64}", "", "2.14.1+cu130"),
    Case("arch/torch-wheel", f"gpu: '11.0'; {AARCH64}", "", "2.14.1+cu130"),
    Case("arch/torch-wheel", f"gpu: '8.7'; {AARCH64}", "", "2.14.1+cu130", "compute capability 8.7"),
    Case("arch/torch-wheel", f"gpu: '8.7'; {AARCH64}", "", "2.14.1+cpu"),
    Case("arch/torch-wheel", "gpu: rtx-5090; platforms: win-64", "", "2.0.1+cu118", "compute capability 12.0"),
    Case("arch/torch-wheel", "gpu: rtx-5090; platforms: win-64", "", "2.0.1+cu118", worst=JIT),
    Case("arch/torch-wheel", "gpu: rtx-5090", "", "2.0.1+cu118", "compute capability 12.0", JIT),
    Case("arch/rocm-index", "backend: rocm; gpu: rx-7900-xtx", "", "2.11.0+rocm7.2"),
    Case("arch/rocm-index", "backend: rocm; gpu: rx-6700-xt", "", "2.11.0+rocm7.2", "no code for gfx1031"),
    Case("arch/rocm-index", "backend: rocm; gpu: gfx1150", "", "2.11.0+rocm7.1", "no code for gfx1150"),
    Case("arch/rocm-index", "backend: rocm; gpu: gfx1150", "", "2.11.0+rocm7.2"),
    Case("arch/rocm-index", "backend: rocm; gpu: [rx-7900-xtx, mi355x]", "", "2.9.1+rocm6.4", "no code for gfx950"),
    Case("arch/rocm-index", "backend: rocm; gpu: rx-7900-xtx", "", "2.14.1+rocm7.14", "is not known"),
    Case("arch/rocm-index", "backend: rocm", "", "2.14.1+rocm7.14"),
    Case("arch/rocm-index", "", "", "2.15.0+cu132"),
    Case("driver/ptx", "gpu: rtx-5090; platforms: win-64", "", "2.0.1+cu118"),
    Case("driver/ptx", "gpu: rtx-5090; platforms: win-64", "win-64 driver=516.94", "2.0.1+cu118", "driver 522.06"),
    Case("driver/ptx", "gpu: rtx-5090; platforms: win-64", "win-64 driver=572.16", "2.0.1+cu118"),
    Case("driver/ptx", "gpu: rtx-3090; platforms: win-64", "win-64 driver=516.94", "2.0.1+cu118"),
    Case("driver/ptx", "platforms: win-64; gpu: rtx-5090", "win-64 driver=516.94", "2.0.1+cpu"),
)


@cases(*TORCH)
def test_torch(case: Case) -> None:
    version, tag = case.what.split("+")
    release = next(row for row in CATALOG.torch_releases if str(row.version) == version)
    build = TorchBuild(release, tag, CATALOG.line_of_tag.get(tag))
    assert str(build) == f"torch {case.what}"
    judged((*rules.TORCH, rules.SEEN), case, ask(case), build)


CONDA = "base: conda"
SYSTEM = "toolkit: system"
OWN_COMPILER = "llama-cpp-python: {cmake: {CMAKE_CUDA_HOST_COMPILER: g++-11}}"
TOOLKIT = (
    Case("cuda/requested", "", "", "12.6.2 conda-label"),
    Case("cuda/requested", "cuda: '12.6'", "", "12.6.2 conda-label"),
    Case("cuda/requested", "cuda: 12.6.2", "", "12.6.2 conda-label"),
    Case("cuda/requested", "cuda: 12.6.3", "", "12.6.2 conda-label", "the spec asks for CUDA 12.6.3"),
    Case("toolkit/source", CONDA, "", "12.6.3 conda-label"),
    Case("toolkit/source", CONDA, "", "11.8.0 conda-label"),
    Case("toolkit/source", CONDA, "", "12.9.2 conda-label", "no conda label"),
    Case("toolkit/source", CONDA, "", "13.2.2 conda-label", "no conda label"),
    Case("toolkit/source", CONDA, "", "12.9.2 conda-forge"),
    Case("toolkit/source", CONDA, "", "12.6.3 conda-forge"),
    Case("toolkit/source", CONDA, "", "11.8.0 conda-forge", "conda-forge does not have it"),
    Case("toolkit/source", CONDA, "", "13.2.2 conda-forge", "conda-forge does not have it"),
    Case("toolkit/source", "", "", "12.6.3 conda-label", "need `base: conda`"),
    Case("toolkit/source", "", "", "12.6.3 conda-forge", "need `base: conda`"),
    Case("toolkit/source", "", "", "13.0.2 pypi"),
    Case("toolkit/source", CONDA, "", "13.2.2 pypi"),
    Case("toolkit/source", "", "", "12.9.2 pypi", "hold no nvcc; those of CUDA 13.0 are the first"),
    Case("toolkit/source", "", "", "13.0.2 none", "there is no nvcc to compile with"),
    Case("toolkit/source", SYSTEM, "", "12.4.1 system"),
    Case("toolkit/source", SYSTEM, "win-64", "12.4.1 system"),
    Case("toolkit/source", SYSTEM, "linux-64 cuda=12.4", "12.4.1 system"),
    Case("toolkit/source", "", "linux-64 cuda=11.8,12.4", "12.4.1 system"),
    Case("toolkit/source", "", "linux-64 cuda=12.4", "12.5.1 system", "CUDA 12.5 is not installed"),
    Case("toolkit/source", SYSTEM, "linux-64", "12.5.1 system", "found: none"),
    Case("toolkit/source", "cuda: '12.4'", "linux-64 cuda=12.4:12.4.131", "12.4.1 system"),
    Case("toolkit/source", "cuda: 12.4.0", "linux-64 cuda=12.4:12.4.131", "12.4.0 system", "found: 12.4.131"),
    Case("toolkit/source", "cuda: 12.4.0", "linux-64 cuda=12.4:12.4.99", "12.4.0 system"),
    Case("toolkit/source", "cuda: '13.4'", "linux-64 cuda=13.4:13.4.120", "13.4.3 system"),
    Case("arch/toolkit", "", "", "12.6.3 system"),
    Case("arch/toolkit", "gpu: rtx-5090", "", "12.6.3 system", "no code for compute capability 12.0, only 5.0 to 9.0"),
    Case("arch/toolkit", "gpu: rtx-5090", "", "12.8.0 system"),
    Case("arch/toolkit", "gpu: gb10", "", "12.8.1 system", "compute capability 12.1"),
    Case("arch/toolkit", "gpu: gb10", "", "12.9.0 system"),
    Case("arch/toolkit", "gpu: '11.0'", "", "12.9.1 system", "compute capability 11.0"),
    Case("arch/toolkit", "gpu: '11.0'", "", "13.0.0 system"),
    Case("arch/toolkit", "gpu: rtx-4090", "", "11.8.0 system"),
    Case("arch/toolkit", "gpu: gtx-1080-ti", "", "12.9.1 system"),
    Case("arch/toolkit", "gpu: [gtx-1080-ti, rtx-5090, titan-v]", "", "13.0.0 system", "6.1 and 7.0, only 7.5 to 12.1"),
    Case("arch/toolkit", "gpu: '3.7'", "", "11.8.0 system"),
    Case("arch/toolkit", "gpu: '3.7'", "", "12.0.0 system", "compute capability 3.7"),
    Case("arch/toolkit", "gpu: '10.7'", "", "13.3.0 system", "compute capability 10.7"),
    Case("compiler/toolkit", "", "", "11.8.0 system"),
    Case("compiler/toolkit", "", "linux-64", "11.8.0 system"),
    Case("compiler/toolkit", "", "linux-64 with=gcc:11.4", "11.8.0 system"),
    Case("compiler/toolkit", "", "linux-64 with=gcc:12.2", "11.8.0 system", "gcc 6 to 11, or clang up to 14"),
    Case("compiler/toolkit", "", "linux-64 with=gcc:12.2,gcc:11.4", "11.8.0 system"),
    Case("compiler/toolkit", "", "linux-64 with=gcc:5.4", "11.8.0 system", "the machine has gcc 5.4"),
    Case("compiler/toolkit", "", "linux-64 with=clang:14.0", "11.8.0 system"),
    Case("compiler/toolkit", "", "linux-64 with=clang:15.0", "11.8.0 system", "the machine has clang 15.0"),
    Case("compiler/toolkit", "", "linux-64 with=gcc:15.1", "12.8.1 system", "needs gcc 6 to 14"),
    Case("compiler/toolkit", "", "linux-64 with=gcc:15.1", "13.0.2 pypi"),
    Case("compiler/toolkit", "", "linux-64 with=gcc:16.1", "13.3.0 pypi", "needs gcc 6 to 15"),
    Case("compiler/toolkit", "", "linux-64 with=gcc:16.1", "13.4.1 pypi"),
    Case("compiler/toolkit", "", "linux-64 with=", "13.4.1 pypi", "the machine has none"),
    Case("compiler/toolkit", CONDA, "linux-64 with=gcc:15.1", "12.8.1 conda-label"),
    Case("compiler/toolkit", f"{CONDA}; platforms: win-64", "win-64 with=msvc:14.40", "12.1.1 conda-label", "14.39"),
    Case("compiler/toolkit", f"{CONDA}; platforms: win-64", "win-64 with=msvc:14.39", "12.1.1 conda-label"),
    Case("compiler/toolkit", "platforms: win-64", "win-64 with=msvc:14.40", "12.4.0 system"),
    Case("compiler/toolkit", "platforms: win-64", "win-64 with=msvc:14.16", "12.9.0 system"),
    Case("compiler/toolkit", "platforms: win-64", "win-64 with=msvc:14.16", "13.0.0 system", "VS 2019 16.0"),
    Case("compiler/toolkit", "platforms: win-64", "win-64 with=msvc:14.0", "11.8.0 system", "VS 2017 15.0"),
    Case("compiler/toolkit", "platforms: win-64", "win-64 with=msvc:14.50", "13.1.0 system", "up to 14.49"),
    Case("compiler/toolkit", "platforms: win-64", "win-64 with=msvc:14.50", "13.2.0 system"),
    Case("compiler/toolkit", "platforms: win-64", "win-64 with=clang:18.1", "12.6.3 system", "has clang 18.1"),
    Case("compiler/toolkit", "platforms: win-64", "win-64 with=gcc:13.2", "12.6.3 system", "has gcc 13.2"),
    Case("compiler/toolkit", "platforms: win-64", "linux-64 with=gcc:15.1", "12.6.3 system"),
    Case("compiler/toolkit", OWN_COMPILER, "linux-64 with=", "11.8.0 system"),
    Case("glibc/toolkit", "", "", "12.8.1 system"),
    Case("glibc/toolkit", "", "linux-64 glibc=2.40", "12.8.1 system"),
    Case("glibc/toolkit", "", "linux-64 glibc=2.41", "12.8.1 system", "clash with glibc 2.41 and newer"),
    Case("glibc/toolkit", CONDA, "linux-64 glibc=2.42", "12.8.1 conda-label"),
    Case("glibc/toolkit", "", "linux-64 glibc=2.41", "13.0.2 pypi"),
    Case("glibc/toolkit", "", "linux-64 glibc=2.42", "13.1.1 pypi", "clash with glibc 2.42"),
    Case("glibc/toolkit", "", "linux-64 glibc=2.42", "13.2.2 pypi"),
)


def toolkit(text: str) -> Toolkit:
    release, source = text.split()
    row = next(row for row in CATALOG.cuda_releases if str(row.release) == release)
    return Toolkit(CATALOG.line_of[row.release.line], row, ToolkitSource(source))


@cases(*TOOLKIT)
def test_toolkit(case: Case) -> None:
    release, source = case.what.split()
    assert str(toolkit(case.what)) == f"CUDA {release} ({source})"
    judged(rules.TOOLKIT, case, ask(case), toolkit(case.what))


def test_a_release_that_the_index_lacks_is_refused() -> None:
    case = Case("toolkit/source", "", "", "13.0.2 pypi", "the default index does not have it")
    known = toolkit(case.what)
    lacking = known._replace(release=known.release.model_copy(update={"pypi": None}))
    judged(rules.TOOLKIT, case, ask(case), lacking)


def test_a_toolkit_without_its_libraries_does_not_count() -> None:
    case = Case("toolkit/source", "", "linux-64 cuda=12.4", "12.4.1 system", "not installed")
    question = ask(case)
    assert question.host is not None
    bare = tuple(one.model_copy(update={"complete": False}) for one in question.host.toolkits)
    question.host = question.host.model_copy(update={"toolkits": bare})
    judged(rules.TOOLKIT, case, question, toolkit(case.what))


@pytest.mark.parametrize(
    ("line", "platform", "limits"),
    [
        ("11.8", Platform.LINUX_64, "gcc 6 to 11, or clang up to 14"),
        ("12.8", Platform.LINUX_AARCH64, "gcc 6 to 14, or clang up to 19"),
        ("13.4", Platform.LINUX_64, "gcc 6 to 16, or clang up to 22"),
        ("12.1", Platform.WIN_64, "VS 2017 15.0 .. VS 2022 17.9 (MSVC toolset up to 14.39)"),
        ("13.2", Platform.WIN_64, "VS 2019 16.0 .. VS 2026 (18.x) (MSVC toolset up to 14.59)"),
    ],
)
def test_limits_of_compilers_in_words(line: str, platform: Platform, limits: str) -> None:
    assert compiler_limits(CATALOG.line_of[CudaVersion.parse(line)], platform) == limits


WANTED = "llama-cpp-python: {install: wheel}"
COMPILED = "llama-cpp-python: {install: source}"
WHEEL = (
    Case("llama/install", "", "", "0.3.35 cu125 12.6"),
    Case("llama/install", WANTED, "", "0.3.35 cu125 12.6"),
    Case("llama/install", COMPILED, "", "0.3.35 cu125 12.6", "`install: source`"),
    Case("llama/install", "backend: cpu; llama-cpp-python: {}", "", "0.3.35 cpu", "made for any CPU"),
    Case("llama/install", f"backend: cpu; {WANTED}", "", "0.3.35 cpu"),
    Case("llama/install", "backend: vulkan", "", "0.3.35 vulkan"),
    Case("llama/wheel-runtime", "", "", "0.3.35 cu125 12.6"),
    Case("llama/wheel-runtime", "", "", "0.3.35 cu124 12.4"),
    Case("llama/wheel-runtime", "", "", "0.3.35 cu125 12.4", "built with CUDA 12.5, newer than 12.4"),
    Case("llama/wheel-runtime", "", "", "0.3.35 cu125 13.0", "the environment has 13.0"),
    Case("llama/wheel-runtime", "", "", "0.3.35 cu130 12.9", "needs the libraries of CUDA 13"),
    Case("llama/wheel-runtime", "", "", "0.3.35 cu118 11.8"),
    Case("llama/wheel-runtime", "backend: vulkan", "", "0.3.35 vulkan"),
    Case("llama/wheel-content", "", "", "0.3.16 cu124 12.4", "only inferred"),
    Case("llama/wheel-content", WANTED, "", "0.3.16 cu124 12.4"),
    Case("llama/wheel-content", "", "", "0.3.18 cu124 12.4"),
    Case("arch/llama-wheel", "", "", "0.3.35 cu125 12.6"),
    Case("arch/llama-wheel", "gpu: rtx-4090", "", "0.3.35 cu125 12.6"),
    Case("arch/llama-wheel", "gpu: gtx-1080-ti", "", "0.3.35 cu125 12.6"),
    Case("arch/llama-wheel", "gpu: gtx-1080-ti", "", "0.3.24 cu125 12.6", "6.1; machine code for 7.0"),
    Case("arch/llama-wheel", "gpu: gtx-970", "", "0.3.35 cu125 12.6", "no code for compute capability 5.2"),
    Case("arch/llama-wheel", "gpu: rtx-5090", "", "0.3.35 cu125 12.6", "only PTX for", JIT),
    Case("arch/llama-wheel", f"gpu: rtx-5090; {WANTED}", "", "0.3.35 cu125 12.6", "only PTX for"),
    Case("arch/llama-wheel", f"gpu: rtx-5090; {WANTED}", "", "0.3.35 cu125 12.6", worst=JIT),
    Case("arch/llama-wheel", f"gpu: rtx-5090; {WANTED}", "", "0.3.35 cu118 11.8", "no code for", JIT),
    Case("arch/llama-wheel", f"gpu: h100; {WANTED}", "", "0.3.35 cu118 11.8", "no code for", JIT),
    Case("arch/llama-wheel", "gpu: titan-v", "", "0.3.35 cu130 13.0", "no code for compute capability 7.0"),
    Case("arch/llama-wheel", "gpu: [gtx-970, rtx-5090]", "", "0.3.35 cu125 12.6", "5.2 and 12.0"),
    Case("arch/llama-wheel", "backend: rocm; gpu: rx-7900-xtx", "", "0.3.35 rocm72"),
    Case("arch/llama-wheel", "backend: rocm; gpu: rx-6700-xt", "", "0.3.35 rocm72", "no code for gfx1031"),
    Case("arch/llama-wheel", "backend: rocm; gpu: rx-6700-xt; platforms: win-64", "", "0.3.35 hip-radeon"),
    Case("arch/llama-wheel", "backend: vulkan; gpu: gtx-970", "", "0.3.35 vulkan"),
    Case("python/llama-wheel", "python: '3.13'", "", "0.3.19 cu124 12.4", "Python 3.9, 3.10, 3.11, 3.12 only"),
    Case("python/llama-wheel", "python: '3.12'", "", "0.3.19 cu124 12.4"),
    Case("python/llama-wheel", "python: '>=3.12,<3.14'", "", "0.3.19 cu124 12.4", "wheels for Python 3.9"),
    Case("python/llama-wheel", "python: '>=3.8'", "", "0.3.20 cu124 12.4"),
    Case("python/llama-wheel", "python: '3.9'", "", "0.2.66 cu124 12.4", "wheels for Python 3.10, 3.11, 3.12 only"),
    Case("glibc/llama-wheel", "", "", "0.3.35 cu125 12.6"),
    Case("glibc/llama-wheel", "", "linux-64 glibc=2.35", "0.3.35 cu125 12.6"),
    Case("glibc/llama-wheel", "", "linux-64 glibc=2.34", "0.3.35 cu125 12.6", "needs glibc 2.35, the machine has 2.34"),
    Case("glibc/llama-wheel", "backend: vulkan", "linux-64 glibc=2.17", "0.3.35 vulkan"),
    Case("glibc/llama-wheel", "backend: rocm", "linux-64 libc=musl", "0.3.35 rocm72"),
    Case("glibc/llama-wheel", "platforms: win-64", "linux-64 glibc=2.31", "0.3.35 cu125 12.6"),
    Case("driver/ptx", "gpu: rtx-5090", "", "0.3.35 cu132 13.2"),
    Case(
        "driver/ptx",
        "gpu: rtx-5090",
        "linux-64 driver=580.159.03",
        "0.3.35 cu132 13.2",
        "PTX of CUDA 13.2 needs driver 595",
    ),
    Case("driver/ptx", "gpu: rtx-5090", "linux-64 driver=595.71.05", "0.3.35 cu132 13.2"),
    Case("driver/ptx", "gpu: rtx-5090", "linux-64 driver=580.159.03", "0.3.35 cu130 13.0"),
    Case("driver/ptx", "gpu: rtx-4090", "linux-64 driver=580.65.06", "0.3.35 cu132 13.2"),
    Case("driver/ptx", "gpu: rtx-5090; platforms: win-64", "win-64 driver=580.88", "0.3.35 cu132 13.2", "driver 595"),
    Case("driver/ptx", "gpu: rtx-5090; platforms: win-64", "win-64 driver=580.88", "0.3.35 cu130 13.0"),
    Case("driver/ptx", "gpu: rtx-5090; platforms: win-64", "win-64 driver=596.21", "0.3.35 cu132 13.2"),
    Case("driver/ptx", "gpu: rtx-5090; backend: vulkan", "linux-64 driver=570.86.10", "0.3.35 vulkan"),
)


@cases(*WHEEL)
def test_wheel(case: Case) -> None:
    question = ask(case)
    version, tag, *line = case.what.split()
    key = question.spec.backend, question.platforms[0], Version(version)
    row = next(row for row in CATALOG.llama_wheels_of[key] if row.tag == tag)
    wheel = Wheel(Version(version), row, CudaVersion.parse(line[0]) if line else None, question.pythons)
    assert str(wheel) == f"llama-cpp-python {version} wheel {tag}"
    judged(rules.WHEEL, case, question, wheel)


SOURCE = (
    Case("llama/install", "", "", "0.3.36"),
    Case("llama/install", COMPILED, "", "0.3.36"),
    Case("llama/install", WANTED, "", "0.3.36", "`install: wheel`"),
    Case("llama/backend", "", "", "0.2.0"),
    Case("llama/backend", "backend: vulkan", "", "0.2.34", "it has no vulkan backend"),
    Case("llama/backend", "backend: vulkan", "", "0.2.35"),
    Case("llama/backend", "backend: cpu", "", "0.2.0"),
    Case("llama/backend", "", "", "0.1.85", "not in the catalog"),
    Case("llama/toolkit", "gpu: h100", "", "0.3.24 11.8.0", "9.0 with CUDA 11.8"),
    Case("llama/toolkit", "gpu: h100", "", "0.3.23 11.8.0"),
    Case("llama/toolkit", "gpu: h100", "", "0.3.36 12.0.1"),
    Case("llama/toolkit", "gpu: [rtx-4090, a100]", "", "0.3.36 11.8.0"),
    Case("llama/toolkit", "gpu: [rtx-4090, h100]", "", "0.3.36 11.8.0", "capability 9.0"),
    Case("llama/toolkit", "backend: vulkan", "", "0.3.36"),
    Case("llama/rocm", "backend: rocm", "", "0.3.36"),
    Case("llama/rocm", "backend: rocm", "linux-64", "0.3.36"),
    Case("llama/rocm", "backend: rocm", "linux-64 rocm=6.1.0", "0.3.36"),
    Case("llama/rocm", "backend: rocm", "linux-64 rocm=6.0.2", "0.3.36", "needs ROCm 6.1, the machine has 6.0.2"),
    Case("llama/rocm", "backend: rocm", "linux-64 rocm=5.7.1", "0.3.15"),
    Case("llama/rocm", "backend: rocm", "linux-64 rocm=5.4.3", "0.3.8", "needs ROCm 5.5"),
    Case("llama/rocm", "backend: rocm", "linux-64 rocm=5.4.3", "0.3.7"),
    Case("llama/rocm", "backend: vulkan", "linux-64 rocm=5.4.3", "0.3.36"),
)


@cases(*SOURCE)
def test_source(case: Case) -> None:
    version, *release = case.what.split()
    made = toolkit(f"{release[0]} system") if release else None
    compilation = Compilation(Version(version), CATALOG.llama_era(Version(version)), made)
    assert str(compilation) == f"llama-cpp-python {version} from source"
    judged(rules.SOURCE, case, ask(case), compilation)


@pytest.mark.parametrize(
    ("group", "rows"),
    [
        (rules.ASKED, ASKED),
        (rules.LINE, LINE),
        ((*rules.TORCH, rules.SEEN), TORCH),
        (rules.TOOLKIT, TOOLKIT),
        (rules.WHEEL, WHEEL),
        (rules.SOURCE, SOURCE),
    ],
)
def test_every_rule_is_seen_to_refuse_and_to_pass(group: tuple[Rule[object], ...], rows: tuple[Case, ...]) -> None:
    wanted = {(rule.id, refuses) for rule in group for refuses in (True, False)}
    assert {(case.rule, bool(case.reason)) for case in rows} == wanted
