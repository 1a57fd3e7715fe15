"""Whole plans: the order of preference, the parts, the words; what a single rule decides is in test_rules."""

from __future__ import annotations

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from envspec import catalog
from envspec.catalog import Catalog
from envspec.errors import EnvspecError, SpecError, Unsatisfiable
from envspec.gpu import Platform
from envspec.host import Host
from envspec.plan import Conflict, Plan, resolve
from envspec.spec import python_versions, read

CATALOG = catalog.load()
LINUX, AARCH64, MAC, WINDOWS = Platform
NEWEST = "0.3.36"
WHEELS = "0.3.35"
"""Newest llama-cpp-python with GPU wheels."""


def host(**facts: object) -> Host:
    known = {"platform": "linux-64", "cpu": "zen3", "libc": "glibc 2.39", "cores": 8, "memory": 1 << 34}
    return Host.model_validate({**known, **facts})


def plan(lines: str = "", machine: Host | None = None, rows: Catalog = CATALOG, *, platforms: str = "linux-64") -> Plan:
    defaults = {"python": "'3.12'", "backend": "cuda", **({"platforms": platforms} if platforms else {})}
    wanted = [f"{key}: {value}" for key, value in defaults.items() if f"\n{key}:" not in f"\n{lines}"]
    return resolve(read("\n".join(("envspec: 1", "name: x", *wanted, lines)), "x.yaml"), machine, rows)


def cpu(
    lines: str = "", machine: Host | None = None, rows: Catalog = CATALOG, *, platforms: str = "[win-64, linux-64]"
) -> Plan:
    return plan(f"backend: cpu\n{lines}", machine, rows, platforms=platforms)


def short(made: Plan) -> str:
    """`2.15.0+cu132 13.2 0.3.35 cu132`: torch, CUDA line and its toolkit, llama-cpp-python and its installs."""
    toolkit = made.cuda.toolkit if made.cuda else None
    parts = (
        f"{made.torch.version}+{made.torch.tag}" if made.torch else "",
        made.cuda.line if made.cuda else "",
        f"{toolkit.release}/{toolkit.source}" if toolkit else "",
        made.llama.version if made.llama else "",
        *(one.wheel or "source" for one in (made.llama.installs if made.llama else ())),
    )
    return " ".join(filter(None, parts))


def altered(**tables: object) -> Catalog:
    """The catalog with other tables."""
    return Catalog.model_validate({**{name: getattr(CATALOG, name) for name in Catalog.model_fields}, **tables})


LLAMA = "llama-cpp-python: {}"
BOTH = f"torch: {{}}\n{LLAMA}"
COMPILED = "llama-cpp-python: {install: source}"
SYSTEM = f"cuda: '12.4'\ntoolkit: system\n{COMPILED}"


@pytest.mark.parametrize(
    ("lines", "platforms", "expected"),
    [
        # machine code before PTX: compiled, although a wheel would run by JIT
        (f"gpu: rtx-5090\n{LLAMA}", "linux-64", f"13.0 13.0.3/pypi {NEWEST} source"),
        ("gpu: rtx-5090\nllama-cpp-python: {install: wheel}", "linux-64", f"12.1 {WHEELS} cu121"),
        (f"gpu: rtx-5090\nbase: conda\n{LLAMA}", "linux-64", f"12.8 12.8.2/conda-label {NEWEST} source"),
        # confirmed before unconfirmed, and only then the newest torch
        (f"gpu: rtx-4090\n{BOTH}", "linux-64", f"2.15.0+cu132 13.2 {WHEELS} cu132"),
        (f"gpu: rtx-4090\n{BOTH}", "win-64", f"2.14.1+cu126 12.6 {WHEELS} cu125"),
        (f"gpu: rtx-4090\n{BOTH}", "[linux-64, win-64]", f"2.14.1+cu126 12.6 {WHEELS} cu125 cu125"),
        ("gpu: rtx-4090\ntorch: ==2.15.0", "win-64", "2.15.0+cu130 13.0"),
        # the newest torch before a wheel of llama-cpp-python
        (f"gpu: b200\n{BOTH}", "linux-64", f"2.15.0+cu132 13.2 13.2.2/pypi {NEWEST} source"),
        (f"gpu: gtx-1080-ti\n{BOTH}", "win-64", f"2.14.1+cu126 12.6 {WHEELS} cu125"),
        # fewer platforms that compile before the newest llama-cpp-python
        (f"gpu: rtx-4090\ncuda: '12.6'\n{LLAMA}", "linux-64", f"12.6 {WHEELS} cu125"),
        (
            f"gpu: rtx-4090\ncuda: '13.0'\n{LLAMA}",
            "[linux-64, linux-aarch64]",
            f"13.0 13.0.3/pypi {WHEELS} cu130 source",
        ),
        (f"gpu: rtx-4090\ncuda: '13.0'\n{LLAMA}", "linux-aarch64", f"13.0 13.0.3/pypi {NEWEST} source"),
        # the smallest line, the wheel nearest to it, its newest release
        (f"gpu: rtx-4090\n{LLAMA}", "linux-64", f"11.8 {WHEELS} cu118"),
        (f"gpu: h100\n{LLAMA}", "linux-64", f"12.1 {WHEELS} cu121"),
        (f"gpu: rtx-4090\ncuda: '12.4'\n{LLAMA}", "linux-64", f"12.4 {WHEELS} cu124"),
        (f"gpu: rtx-4090\ncuda: '12.9'\n{LLAMA}", "linux-64", f"12.9 {WHEELS} cu125"),
        (f"gpu: rtx-4090\ncuda: '13.1'\n{LLAMA}", "linux-64", f"13.1 {WHEELS} cu130"),
        (f"gpu: rtx-4090\ncuda: '12.0'\nbase: conda\n{LLAMA}", "linux-64", f"12.0 12.0.1/conda-label {NEWEST} source"),
        (f"cuda: 12.6.1\nbase: conda\n{COMPILED}", "linux-64", f"12.6 12.6.1/conda-label {NEWEST} source"),
        (f"cuda: '12.9'\nbase: conda\n{COMPILED}", "linux-64", f"12.9 12.9.2/conda-forge {NEWEST} source"),
        (f"cuda: '11.8'\nbase: conda\ngpu: h100\n{LLAMA}", "linux-64", "11.8 11.8.0/conda-label 0.3.23 source"),
        (
            f"cuda: '12.6'\ntoolkit: conda-forge\nbase: conda\n{COMPILED}",
            "linux-64",
            f"12.6 12.6.3/conda-forge {NEWEST} source",
        ),
        # other backends
        (f"backend: vulkan\n{BOTH}", "[linux-64, win-64]", f"2.15.0+cpu {WHEELS} vulkan vulkan"),
        (f"backend: vulkan\n{BOTH}", "linux-aarch64", f"2.15.0+cpu {NEWEST} source"),
        (f"backend: metal\n{BOTH}", "osx-arm64", f"2.15.0+cpu {WHEELS} metal"),
        (f"backend: cpu\n{BOTH}", "linux-64", f"2.15.0+cpu {NEWEST} source"),
        ("backend: cpu\nllama-cpp-python: {install: wheel}", "[linux-64, win-64]", f"{WHEELS} cpu cpu"),
        ("backend: cpu\nllama-cpp-python: {install: wheel}", "win-64", f"{NEWEST} cpu"),
        (f"backend: rocm\ngpu: rx-7900-xtx\ntorch: <2.12.1\n{LLAMA}", "linux-64", f"2.12.0+rocm7.2 {WHEELS} rocm72"),
        (f"backend: rocm\ngpu: rx-7900-xtx\ntorch: ==2.14.1\n{LLAMA}", "linux-64", f"2.14.1+rocm7.2 {WHEELS} rocm72"),
        (f"backend: rocm\ntorch: ==2.14.1\n{LLAMA}", "linux-64", f"2.14.1+rocm7.14 {WHEELS} rocm72"),
        (f"backend: rocm\n{LLAMA}", "[linux-64, win-64]", f"{WHEELS} rocm72 hip-radeon"),
        ("torch: ==2.5.1\ncuda: '12.1'", "linux-64", "2.5.1+cu121 12.1"),
        ("torch: ==2.0.1", "linux-64", "2.0.1+cu117 11.7"),
        ("pip: [six]", "linux-64", "11.8"),
        ("backend: cpu\npip: [six]", "linux-64", ""),
    ],
)
def test_the_order_of_preference(lines: str, platforms: str, expected: str) -> None:
    python = "python: '3.10'\n" if "2.0.1" in lines else ""
    assert short(plan(f"{python}{lines}", platforms=platforms)) == expected


def test_the_newest_release_that_fits_is_taken_and_pinned() -> None:
    made = cpu("llama-cpp-python: {version: '>=0.3', extras: [test, server]}\npip: [six]\nenv: {A: b}")
    assert made.requirements == ("llama-cpp-python[server,test]==0.3.36", "six")
    assert made.platforms == (LINUX, WINDOWS)
    assert made.environment == (("A", "b"),)
    assert made.build is not None
    assert made.build.version == "0.3.36"
    assert made.build.left_out == ("LLAMA_BUILD_COMMON",)
    assert "scikit-build-core[pyproject]>=0.9.2" in made.build.requires
    assert made.llama is not None
    assert made.llama.extras == ("server", "test")


@pytest.mark.parametrize(
    ("wanted", "version"),
    [
        ("0.3", "0.3.36"),
        ("<0.3.20", "0.3.19"),
        ("==0.3.1", "0.3.1"),
        ("~=0.3.4,!=0.3.36", "0.3.35"),
        ("==0.3.99", "0.3.99"),
    ],
)
def test_versions(wanted: str, version: str) -> None:
    made = cpu(f"llama-cpp-python: '{wanted}'")
    assert made.build is not None
    assert made.build.version == version


@pytest.mark.parametrize(("version", "left_out"), [("0.3.36", ("LLAMA_BUILD_COMMON",)), ("0.3.35", ()), ("0.3.99", ())])
def test_only_releases_that_were_measured_leave_something_out(version: str, left_out: tuple[str, ...]) -> None:
    made = cpu(f"llama-cpp-python: =={version}")
    assert made.build is not None
    assert made.build.left_out == left_out


def test_an_option_of_the_spec_is_not_left_out() -> None:
    made = cpu("llama-cpp-python: {cmake: {LLAMA_BUILD_COMMON: true}}")
    assert made.build is not None
    assert made.build.left_out == ()
    assert ("LLAMA_BUILD_COMMON", "ON") in [(option.name, option.value) for option in made.build.cmake]


def test_without_llama_nothing_is_built() -> None:
    made = cpu("pip: [six]")
    assert (made.build, made.llama, made.torch, made.cuda, made.gpus) == (None, None, None, None, ())
    assert made.requirements == ("six",)


def test_the_host_only_gives_the_default_platform() -> None:
    machine = host(platform="linux-aarch64")
    assert cpu(machine=machine, platforms="").platforms == (AARCH64,)
    assert cpu(LLAMA, machine).model_copy(update={"warnings": ()}) == cpu(LLAMA)
    with pytest.raises(Unsatisfiable, match="no platform"):
        cpu(platforms="")


def test_a_platform_named_twice_is_one() -> None:
    assert cpu(platforms="[linux-64, linux-64]").platforms == (LINUX,)


def test_the_same_question_has_the_same_answer() -> None:
    lines = f"gpu: [rtx-4090, h100]\nbase: conda\n{BOTH}"
    assert plan(lines).model_dump_json() == plan(lines).model_dump_json()


@pytest.mark.parametrize(
    ("python", "torch", "platforms", "narrowed"),
    [
        ("'3.12'", "==2.15.0", "linux-64", "3.12"),
        ("'>=3.11,<3.14'", "==2.15.0", "linux-64", "3.11 3.12 3.13"),
        ("'>=3.10'", "==2.15.0", "linux-64", "3.11 3.12 3.13 3.14 3.15"),
        ("'>=3.9'", "==2.14.1", "linux-64", "3.10 3.11 3.12 3.13 3.14"),
        ("'>=3.9,!=3.11.*'", "==2.14.1", "linux-64", "3.10 3.12 3.13 3.14"),
        ("'>=3.13'", "==2.5.1", "linux-64", "3.13"),
        ("'>=3.9'", "==2.5.1", "[linux-64, win-64]", "3.9 3.10 3.11 3.12"),
        ("'>=3.12'", "==2.5.1", "[linux-64, win-64]", "3.12"),
    ],
)
def test_python_is_narrowed_to_what_torch_has(python: str, torch: str, platforms: str, narrowed: str) -> None:
    made = plan(f"python: {python}\ntorch: {torch}", platforms=platforms)
    covered = python_versions(SpecifierSet(made.python))
    assert [f"3.{minor}" for minor in covered] == narrowed.split()


@pytest.mark.parametrize(
    ("python", "torch", "text"),
    [
        ("'>=3.11,<3.14'", "==2.15.0", ">=3.11,<3.14"),
        ("'>=3.10'", "==2.15.0", ">=3.11,<3.16"),
        ("'>=3.12'", "==2.2.2", "==3.12.*"),
        ("'>=3.9,!=3.11.*'", "==2.14.1", "!=3.11.*,>=3.10,<3.15"),
    ],
)
def test_the_narrowed_range_has_no_more_words_than_it_needs(python: str, torch: str, text: str) -> None:
    assert plan(f"python: {python}\ntorch: {torch}").python == text


@pytest.mark.parametrize("python", ["'>=3.11.4'", "'>=3.11.4,!=3.12.1'", "'>3.11.7,<3.13.2'"])
def test_patch_releases_that_the_spec_rules_out_stay_out(python: str) -> None:
    wanted, made = SpecifierSet(python.strip("'")), plan(f"python: {python}\ntorch: ==2.5.1").python
    for minor in (11, 12, 13):
        for patch in range(10):
            text = f"3.{minor}.{patch}"
            assert (text in SpecifierSet(made)) is (text in wanted)


@pytest.mark.parametrize(
    ("lines", "verdicts"),
    [
        (
            f"gpu: [rtx-4090, h100]\n{BOTH}",
            [("rtx-4090", "8.9", "native", "native"), ("h100", "9.0", "native", "native")],
        ),
        ("gpu: rtx-4090\ntorch: {}", [("rtx-4090", "8.9", "native", None)]),
        (f"gpu: rtx-4090\n{LLAMA}", [("rtx-4090", "8.9", None, "native")]),
        (
            "gpu: [h100, '12.0']\nllama-cpp-python: {install: wheel}",
            [("h100", "9.0", None, "native"), ("12.0", "12.0", None, "jit")],
        ),
        (f"backend: rocm\ngpu: rx-7900-xtx\n{BOTH}", [("rx-7900-xtx", "gfx1100", "native", "native")]),
        (
            f"backend: vulkan\ngpu: [rtx-4090, gfx1100]\n{BOTH}",
            [("rtx-4090", "8.9", None, "native"), ("gfx1100", "gfx1100", None, "native")],
        ),
    ],
)
def test_each_gpu_has_its_own_verdicts(lines: str, verdicts: list[tuple[str, str, str | None, str | None]]) -> None:
    assert [(gpu.name, gpu.target, gpu.torch, gpu.llama) for gpu in plan(lines).gpus] == verdicts


def test_torch_runs_by_jit_where_no_release_has_machine_code() -> None:
    made = plan("python: '3.10'\ngpu: rtx-5090\ntorch: ==2.0.1", platforms="win-64")
    assert short(made) == "2.0.1+cu117 11.7"
    assert made.gpus[0].torch == "jit"
    assert any("(JIT)" in warning for warning in made.warnings)


@pytest.mark.parametrize(
    ("lines", "runtime"),
    [
        (f"gpu: rtx-4090\n{BOTH}", "torch"),
        (f"gpu: rtx-4090\nbase: conda\n{BOTH}", "torch"),
        (f"gpu: rtx-4090\nbase: conda\n{LLAMA}", "conda"),
        (f"gpu: rtx-4090\n{LLAMA}", "pypi"),
        (f"cuda: '12.6'\ntoolkit: system\n{COMPILED}", "system"),
        (f"cuda: '13.0'\n{COMPILED}", "pypi"),
    ],
)
def test_one_cuda_runtime_for_all(lines: str, runtime: str) -> None:
    made = plan(lines)
    assert made.cuda is not None
    assert made.cuda.runtime == runtime


@pytest.mark.parametrize(
    ("lines", "release", "package", "nvcc"),
    [
        ("cuda: '11.8'\nbase: conda", "11.8.0", "nvidia/label/cuda-11.8.0", "11.8.89"),
        ("cuda: '12.6'\nbase: conda", "12.6.3", "nvidia/label/cuda-12.6.3", "12.6.85"),
        ("cuda: '12.9'\nbase: conda", "12.9.2", "cuda-version=12.9", "12.9.86"),
        ("cuda: '13.0'", "13.0.3", "cuda-toolkit[nvcc,cublas,cccl]==13.0.3.0", "13.0.88"),
        ("cuda: '13.2'", "13.2.2", "cuda-toolkit[nvcc,cublas,cccl]==13.2.2", "13.2.86"),
        ("cuda: '12.4'\ntoolkit: system", "12.4.1", None, "12.4.131"),
    ],
)
def test_where_the_toolkit_comes_from(lines: str, release: str, package: str | None, nvcc: str) -> None:
    made = plan(f"{lines}\nllama-cpp-python: {{install: source}}", platforms="[linux-64, win-64]")
    assert made.cuda is not None
    assert made.cuda.toolkit is not None
    toolkit = made.cuda.toolkit
    assert (toolkit.release, toolkit.package, toolkit.nvcc) == (release, package, nvcc)
    assert [platform for platform, _ in toolkit.compilers] == [LINUX, WINDOWS]


@pytest.mark.parametrize(
    ("cuda", "wsl", "drivers"),
    [
        ("11.8", False, [(LINUX, "450.80.02"), (WINDOWS, "452.39")]),
        ("12.6", False, [(LINUX, "525.60.13"), (WINDOWS, "528.33")]),
        ("13.0", False, [(LINUX, "580.65.06"), (WINDOWS, "580")]),
        ("12.6", True, [(LINUX, "528.33"), (WINDOWS, "528.33")]),
    ],
)
def test_the_driver_that_a_plan_needs(cuda: str, wsl: bool, drivers: list[tuple[Platform, str]]) -> None:  # noqa: FBT001
    made = plan(f"cuda: '{cuda}'", host(wsl=wsl), platforms="[linux-64, win-64]")
    assert made.cuda is not None
    assert list(made.cuda.drivers) == drivers


@pytest.mark.parametrize(
    ("torch", "packages"),
    [
        (
            "{version: ==2.15.0, packages: [torchvision, torchaudio]}",
            "torch 2.15.0 torchvision 0.29.2 torchaudio 2.11.0",
        ),
        ("{version: ==2.6.0, packages: torchaudio}", "torch 2.6.0 torchaudio 2.6.0"),
        ("{version: ==2.6.0, packages: [torchvision, torchvision]}", "torch 2.6.0 torchvision 0.21.0"),
        ("==2.6.0", "torch 2.6.0"),
    ],
)
def test_the_companions_of_torch(torch: str, packages: str) -> None:
    made = plan(f"cuda: '{'13.2' if '2.15' in torch else '12.4'}'\ntorch: {torch}")
    assert made.torch is not None
    assert " ".join(f"{name} {version}" for name, version in made.torch.packages) == packages
    assert made.torch.index == f"{CATALOG.index_of['torch']}/{made.torch.tag}"


def test_a_wheel_names_its_index() -> None:
    made = plan(f"gpu: rtx-4090\ncuda: '13.0'\n{LLAMA}", platforms="[linux-64, linux-aarch64]")
    assert made.llama is not None
    wheel, source = made.llama.installs
    assert (wheel.platform, wheel.wheel, (wheel.index or "").rsplit("/", 1)[-1]) == (LINUX, "cu130", "cu130")
    assert (source.platform, source.wheel, source.index) == (AARCH64, None, None)


JIT_WHEEL = "gpu: rtx-5090\nllama-cpp-python: {install: wheel}"


@pytest.mark.parametrize(
    ("lines", "platforms", "warning"),
    [
        (JIT_WHEEL, "linux-64", "only PTX: the driver compiles it at the first start"),
        (JIT_WHEEL, "linux-64", "may end with `Illegal instruction`"),
        (f"backend: rocm\n{COMPILED}", "linux-64", "compiling needs ROCm installed"),
        (f"cuda: '13.0'\n{COMPILED}", "linux-64", "no `gpu` is named"),
        (f"backend: cpu\n{LLAMA}", "[osx-arm64, linux-64]", "osx-arm64: llama-cpp-python always compiles its Metal"),
        ("gpu: rtx-2080\ncuda: '13.0'\ntorch: ==2.14.1", "linux-64", "capability 7.5: torch.linalg does not run"),
        ("gpu: rtx-2080\ncuda: '13.2'\ntorch: ==2.15.0", "linux-64", "most of torch.linalg does not run"),
        ("torch: ==2.15.0", "win-64", "torch 2.15.0+cu130: nobody has confirmed that the index has it for win-64"),
        ("torch: ==2.6.0\ncuda: '12.4'", "win-64", "2.6.0+cu124 on win-64: its list of GPUs is inferred"),
        ("torch: {version: ==2.15.0, packages: torchaudio}", "linux-64", "torchaudio 2.11.0 was the last release"),
        ("gpu: gtx-1080-ti\ntorch: {}", "linux-64", "driver branch 580 is the last one for this GPU"),
        (f"gpu: gtx-1080-ti\n{LLAMA}", "linux-64", "driver branch 580 is the last one for this GPU"),
        (
            "cuda: '12.4'\nllama-cpp-python: {version: ==0.3.16, install: wheel}",
            "linux-64",
            "wheels of cu124 hold is inferred: all architectures",
        ),
        (f"gpu: rtx-4090\n{LLAMA}", "linux-64", "llama-cpp-python 0.3.36 fits the spec too, but has no wheel here"),
        (f"gpu: rtx-4090\ncuda: '13.2'\ntoolkit: pypi\n{LLAMA}", "linux-64", "`toolkit: pypi` is not used"),
        (f"gpu: rtx-4090\ncuda: 12.6.3\n{LLAMA}", "linux-64", "of `cuda: 12.6.3` only the line counts"),
        (f"backend: vulkan\n{COMPILED}", "linux-64", "compiling needs Vulkan headers, loader and glslc"),
        (f"backend: rocm\n{LLAMA}", "win-64", "wheel of hip-radeon: the ROCm libraries are inside"),
        ("backend: cpu\nllama-cpp-python: ==0.3.99", "linux-64", "==0.3.99 is newer than the catalog"),
    ],
)
def test_what_its_user_should_know(lines: str, platforms: str, warning: str) -> None:
    warnings = plan(lines, platforms=platforms).warnings
    assert [text for text in warnings if warning in text], warnings


@pytest.mark.parametrize(
    ("lines", "platforms", "warning"),
    [
        (f"gpu: rtx-4090\n{BOTH}", "linux-64", "PTX"),
        (f"gpu: rtx-4090\n{BOTH}", "linux-64", "driver branch"),
        (f"backend: vulkan\n{LLAMA}", "linux-64", "Illegal instruction"),
        (f"backend: rocm\n{LLAMA}", "linux-64", "compiling needs ROCm"),
        (f"cuda: '13.0'\n{LLAMA}", "linux-64", "no `gpu` is named"),
        ("backend: cpu\npip: six", "osx-arm64", "Metal"),
        (f"backend: metal\n{LLAMA}", "osx-arm64", "always compiles"),
        ("gpu: rtx-2080\ncuda: '13.0'\ntorch: ==2.14.1", "win-64", "torch.linalg"),
        ("gpu: rtx-2080\ncuda: '12.6'\ntorch: ==2.14.1", "linux-64", "torch.linalg"),
        ("gpu: rtx-3090\ncuda: '13.0'\ntorch: ==2.14.1", "linux-64", "torch.linalg"),
        ("torch: {version: ==2.10.0, packages: torchaudio}", "linux-64", "torchaudio"),
        (f"cuda: '11.8'\nbase: conda\ngpu: h100\n{COMPILED}", "linux-64", "compiles it"),
        ("cuda: '13.2'\ntoolkit: none\ntorch: ==2.15.0", "linux-64", "is not used"),
        (f"cuda: 12.6.3\nbase: conda\n{COMPILED}", "linux-64", "only the line counts"),
        (f"backend: vulkan\nbase: conda\n{COMPILED}", "linux-64", "compiling needs Vulkan"),
        (f"backend: vulkan\n{LLAMA}", "linux-64", "compiling needs Vulkan"),
        ("backend: cpu\nllama-cpp-python: ==0.3.36", "linux-64", "newer than the catalog"),
    ],
)
def test_what_does_not_hold_is_not_told(lines: str, platforms: str, warning: str) -> None:
    assert [text for text in plan(lines, platforms=platforms).warnings if warning in text] == []


@pytest.mark.parametrize(
    ("machine", "lines", "warning", "told"),
    [
        (host(features=["avx2", "avx512f"]), f"gpu: h100\n{LLAMA}", "Illegal instruction", False),
        (host(features=["avx2"]), f"gpu: h100\n{LLAMA}", "Illegal instruction", True),
        (host(platform="win-64"), f"gpu: h100\n{LLAMA}", "the machine is win-64, which the spec does not name", True),
        (host(), f"gpu: h100\n{LLAMA}", "which the spec does not name", False),
    ],
)
def test_what_the_user_of_a_machine_should_know(machine: Host, lines: str, warning: str, told: bool) -> None:  # noqa: FBT001
    assert any(warning in text for text in plan(lines, machine).warnings) is told


@pytest.mark.parametrize(
    ("lines", "topic", "value", "reason"),
    [
        ("pip: [six]", "platforms", "linux-64", "named by the spec"),
        ("pip: [six]", "base", "venv", "a virtual environment"),
        ("base: conda", "base", "conda", "named by the spec"),
        ("gpu: rtx-4090", "gpu", "rtx-4090 (8.9)", "named by the spec"),
        ("pip: [six]", "python", "==3.12.*", "range of the spec"),
        ("python: '>=3.9'\ntorch: ==2.15.0", "python", "3.11, 3.12, 3.13, 3.14, 3.15", "the wheels of torch"),
        ("cuda: '12.6'", "cuda", "12.6", "named by the spec"),
        ("torch: ==2.15.0", "cuda", "13.2", "the CUDA of torch's cu132 wheels"),
        (LLAMA, "cuda", "11.8", "the oldest line that passes every rule"),
        ("torch: ==2.15.0", "driver", ">= 580.65.06 (linux-64)", "CUDA 13.x (minor-version compatibility)"),
        ("torch: ==2.15.0", "CUDA libraries", "torch", "llama-cpp-python loads the same files"),
        ("torch: '>=2.15'", "torch", "2.15.0+cu132", "newest release that fits >=2.15 and passes every rule"),
        ("torch: {}", "torch", "2.15.0+cu132", "newest release that fits any range"),
        ("torch: {version: ==2.6.0, packages: torchvision}", "torchvision", "0.21.0", "goes with torch 2.6.0"),
        (
            f"cuda: '13.0'\n{COMPILED}",
            "toolkit",
            "13.0.3 (cuda-toolkit[nvcc,cublas,cccl]==13.0.3.0)",
            "that `base: venv` has",
        ),
        (SYSTEM, "toolkit", "12.4.1 (system)", "named by the spec"),
        (SYSTEM, "host compiler", "gcc 6 to 13, or clang up to 17 (linux-64)", "what nvcc takes"),
        ("cuda: '12.6'\nllama-cpp-python: '>=0.3'", "llama-cpp-python", "0.3.35", "has wheels for the most"),
        ("backend: cpu\nllama-cpp-python: '>=0.3'", "llama-cpp-python", "0.3.36", "newest release that fits >=0.3"),
        ("backend: cpu\nllama-cpp-python: ==0.3.99", "llama-cpp-python", "0.3.99", "so built like 0.3.36"),
        (f"cuda: '12.6'\n{LLAMA}", "install", "wheel cu125 (linux-64)", "has code for every GPU named"),
        (f"backend: cpu\n{LLAMA}", "install", "source (linux-64)", "compiled for this CPU"),
        (f"backend: cpu\n{COMPILED}", "install", "source (linux-64)", "named by the spec"),
        (f"cuda: '13.0'\ngpu: rtx-5090\n{LLAMA}", "install", "source (linux-64)", "no wheel passes every rule"),
        (f"backend: cpu\n{LLAMA}", "-DGGML_CUDA", "OFF", "backend: cpu"),
        (f"backend: cpu\n{LLAMA}", "-DLLAMA_BUILD_COMMON", "OFF", "saves a third of the compile time"),
        (
            "backend: cpu\nllama-cpp-python: {cmake: {LLAMA_BUILD_COMMON: true}}",
            "-DLLAMA_BUILD_COMMON",
            "ON",
            "set by the spec",
        ),
    ],
)
def test_every_choice_has_its_reason(lines: str, topic: str, value: str, reason: str) -> None:
    choices = plan(lines).choices
    assert all(choice.reason for choice in choices)
    chosen = [choice for choice in choices if choice.topic == topic]
    assert [choice.value for choice in chosen] == [value]
    assert reason in chosen[0].reason


def test_the_platform_of_the_machine_is_told_as_such() -> None:
    made = cpu("", host(), platforms="")
    assert made.choices[0].reason == "this machine; the spec names none"


@pytest.mark.parametrize(
    ("lines", "candidate", "rule"),
    [
        ("torch: {}", "torch 2.15.0 cu130", "torch/seen"),
        ("torch: ==2.14.1\ngpu: gtx-970", "torch 2.14.1 cu130, cu132", "arch/torch-wheel"),
        ("torch: <2.14", "torch 2.14.0 .. 2.15.0 (3)", "torch/requested"),
        ("cuda: '12.6'", "cuda 11.8 .. 13.4 (14)", "cuda/requested"),
        (
            f"gpu: rtx-5090\ncuda: '13.2'\n{LLAMA}",
            "llama-cpp-python wheel 0.3.25 .. 0.3.35 (11) cu130, cu132",
            "arch/llama-wheel",
        ),
        (f"cuda: '12.9'\nbase: conda\n{COMPILED}", "toolkit 12.9.2 conda-label", "toolkit/source"),
        (
            f"gpu: h100\ncuda: '11.8'\nbase: conda\n{COMPILED}",
            "llama-cpp-python source 0.3.24 .. 0.3.36 (13)",
            "llama/toolkit",
        ),
        ("cuda: '13.0'\nllama-cpp-python: {install: wheel}", "llama-cpp-python source 0.3.36", "llama/install"),
    ],
)
def test_equal_refusals_are_told_as_one(lines: str, candidate: str, rule: str) -> None:
    rejections = plan(lines).rejections
    assert all("/" in one.rule and one.reason for one in rejections)
    assert (candidate, rule) in [(one.candidate, one.rule) for one in rejections]
    assert len({(one.candidate, one.rule, one.reason) for one in rejections}) == len(rejections)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("backend: cpu\ncuda: '12.6'", "`cuda: 12.6` is given, but `backend: cpu` uses no CUDA"),
        ("backend: rocm\ncuda: 12.6.3", "`cuda: 12.6.3` is given, but `backend: rocm` uses no CUDA"),
        ("backend: cpu\ntoolkit: system", "`toolkit: system` is given, but `backend: cpu` needs no CUDA toolkit"),
        (
            "llama-cpp-python: {install: wheel, cmake: {GGML_CUDA_FA: false}}",
            "`cmake` gives options for compiling, but `install: wheel` compiles nothing",
        ),
        ("backend: rocm\ntoolkit: pypi", "`toolkit: pypi` is given, but `backend: rocm`"),
        ("backend: cpu\ngpu: native", "`gpu` is given, but `backend: cpu` chooses no GPU"),
        ("backend: metal\ngpu: rtx-4090", "`gpu` is given, but `backend: metal`"),
        ("conda: ffmpeg", "`base: venv` has no conda packages"),
        ("pip: [Llama_Cpp.Python]", "llama-cpp-python has a key of its own"),
        ("pip: [six, 'Torch>=2']", "'Torch>=2', but torch has a key of its own"),
        ("pip: [torchaudio]", "torchaudio has a key of its own"),
    ],
)
def test_contradictions(lines: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        plan(lines)
    assert message in caught.value.message
    assert "remove one" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "lines",
    [
        "backend: rocm\ntoolkit: system",
        "backend: cpu\ntoolkit: none",
        "conda: ffmpeg\nbase: conda",
        "pip: [torchmetrics]",
    ],
)
def test_what_only_looks_like_a_contradiction(lines: str) -> None:
    assert plan(lines).name == "x"


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ("gpu: rtx-4091", SpecError),
        ("cuda: '12.7'", SpecError),
        ("gpu: native", Unsatisfiable),
        ("llama-cpp-python: '>=0.4'", Unsatisfiable),
        ("llama-cpp-python: '==0.3.99,!=0.3.99'", Unsatisfiable),
        ("llama-cpp-python: ==0.3.99.*", Unsatisfiable),
        ("torch: '>=3'", Unsatisfiable),
    ],
)
def test_what_cannot_be_resolved_has_a_hint(lines: str, error: type[EnvspecError]) -> None:
    with pytest.raises(error) as caught:
        plan(lines)
    assert caught.value.hint


def test_a_release_before_all_eras_is_refused() -> None:
    rows = altered(llama_eras=CATALOG.llama_eras[1:])
    with pytest.raises(Unsatisfiable, match="switches are not in the catalog"):
        cpu("llama-cpp-python: ==0.2.0", rows=rows)


def test_a_release_of_torch_without_wheels_is_passed_over() -> None:
    newest = CATALOG.torch_by_age[0].model_copy(update={"version": Version("2.16.0")})
    rows = altered(torch_releases=(*CATALOG.torch_releases, newest))
    assert short(cpu("torch: {}", rows=rows)) == "2.15.0+cpu"


def test_a_gpu_newer_than_every_toolkit_is_a_conflict_and_no_crash() -> None:
    row = CATALOG.architectures[-1].model_copy(update={"capability": type(CATALOG.architectures[-1].capability)(14, 0)})
    rows = altered(architectures=(*CATALOG.architectures, row))
    with pytest.raises(Unsatisfiable, match="compute capability 14.0"):
        plan(f"gpu: '14.0'\n{LLAMA}", host(driver={"version": "610.43.02"}), rows)


def test_platforms_whose_wheels_share_no_python_have_no_torch() -> None:
    pythons = {LINUX: (12,), WINDOWS: (13,)}
    wheels = tuple(
        row.model_copy(update={"python": pythons[row.platform]})
        for row in CATALOG.torch_wheels
        if row.tag == "cpu" and str(row.torch) == "2.15.0" and row.platform in pythons
    )
    with pytest.raises(Conflict) as caught:
        cpu("python: '>=3.12'\ntorch: ==2.15.0", rows=altered(torch_wheels=wheels))
    assert [name for name, _ in caught.value.given] == ["platforms", "torch"]


def test_options_for_the_build_ask_for_one() -> None:
    """Nothing of the spec gets lost: a wheel would ignore them."""
    lines = "gpu: rtx-4090\ntorch: {}\n"
    assert short(plan(f"{lines}{LLAMA}")).endswith("0.3.35 cu132")
    made = plan(f"{lines}llama-cpp-python: {{cmake: {{GGML_CUDA_FA_ALL_QUANTS: true}}}}")
    assert short(made).endswith("0.3.36 source")
    assert "the options under `cmake` ask for a build of its own" in [choice.reason for choice in made.choices]


def test_a_module_with_its_cpu_is_planned_where_it_exists() -> None:
    with pytest.raises(Conflict) as caught:
        plan(f"gpu: thor\n{LLAMA}")
    assert caught.value.given == (("platforms", "linux-64"), ("gpu", "thor (11.0)"))
    assert caught.value.changes[0].lines == (("platforms", "[linux-aarch64]"),)


def test_only_platforms_that_compile_need_a_compiler() -> None:
    """Windows takes the wheel there is, so that it has no MSVC matters to nobody."""
    machine = Host(platform=Platform.WIN_64, cpu="zen4", libc="", cores=8, memory=1 << 34, compilers=())
    made = plan(f"gpu: h100\ncuda: '13.0'\n{LLAMA}", machine, platforms="[linux-aarch64, win-64]")
    assert short(made) == "13.0 13.0.3/pypi 0.3.35 source cu130"
