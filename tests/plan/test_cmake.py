"""CMake options as a plan gives them; names, architectures and folders stand in the sources of the catalog."""

from __future__ import annotations

import pytest
from packaging.version import Version

from envspec import catalog
from envspec.catalog import Catalog, LlamaOption
from envspec.errors import SpecError
from envspec.gpu import Platform
from envspec.plan import FALSE, CMakeOption, Plan, SourceBuild, arguments, resolve
from envspec.spec import read

CATALOG = catalog.load()
LINUX, AARCH64, WINDOWS = Platform.LINUX_64, Platform.LINUX_AARCH64, Platform.WIN_64
SWITCHES = {
    row.option
    for row in CATALOG.llama_options
    if row.option.partition("_")[2] in {"CUBLAS", "CUDA", "HIPBLAS", "HIP", "METAL", "VULKAN"}
}


def plan(lines: str, rows: Catalog = CATALOG) -> Plan:
    """A plan that compiles: with a toolkit that is believed to be installed."""
    defaults = {"python": "'3.12'", "platforms": "linux-64", "backend": "cuda"}
    wanted = [f"{key}: {value}" for key, value in defaults.items() if f"\n{key}:" not in f"\n{lines}"]
    if ("backend:" not in lines or "backend: cuda" in lines) and not {"toolkit:", "base:"} & set(lines.split()):
        wanted.append("toolkit: system")
    return resolve(read("\n".join(("envspec: 1", "name: x", *wanted, lines)), "x.yaml"), None, rows)


def llama(version: str, cmake: str = "{}") -> str:
    return f"llama-cpp-python: {{version: {version}, install: source, cmake: {cmake}}}"


def options(lines: str, rows: Catalog = CATALOG) -> dict[str, str]:
    made = plan(lines, rows)
    assert made.build is not None
    assert all(option.reason for option in made.build.cmake)
    names = [option.name for option in made.build.cmake]
    assert names == sorted(set(names))
    return {option.name: option.value for option in made.build.cmake}


def architectures(lines: str) -> str:
    return options(lines)["CMAKE_CUDA_ARCHITECTURES"]


ERAS = [
    ("0.2.0", "cuda", "LLAMA_CUBLAS", None),
    ("0.2.57", "cuda", "LLAMA_CUBLAS", None),
    ("0.2.58", "cuda", "LLAMA_CUDA", None),
    ("0.2.79", "cuda", "LLAMA_CUDA", None),
    ("0.2.80", "cuda", "GGML_CUDA", None),
    ("0.3.36", "cuda", "GGML_CUDA", None),
    ("0.3.99", "cuda", "GGML_CUDA", None),
    ("0.2.57", "rocm", "LLAMA_HIPBLAS", "LLAMA_CUBLAS"),
    ("0.2.79", "rocm", "LLAMA_HIPBLAS", "LLAMA_CUDA"),
    ("0.2.80", "rocm", "GGML_HIPBLAS", "GGML_CUDA"),
    ("0.3.1", "rocm", "GGML_HIPBLAS", "GGML_CUDA"),
    ("0.3.2", "rocm", "GGML_HIP", "GGML_CUDA"),
    ("0.3.36", "rocm", "GGML_HIP", "GGML_CUDA"),
    ("0.2.35", "vulkan", "LLAMA_VULKAN", "LLAMA_CUBLAS"),
    ("0.2.79", "vulkan", "LLAMA_VULKAN", "LLAMA_CUDA"),
    ("0.2.80", "vulkan", "GGML_VULKAN", "GGML_CUDA"),
    ("0.3.36", "vulkan", "GGML_VULKAN", "GGML_CUDA"),
    ("0.2.79", "metal", "LLAMA_METAL", "LLAMA_CUDA"),
    ("0.3.36", "metal", "GGML_METAL", "GGML_CUDA"),
    ("0.2.57", "cpu", None, "LLAMA_CUBLAS"),
    ("0.2.79", "cpu", None, "LLAMA_CUDA"),
    ("0.3.36", "cpu", None, "GGML_CUDA"),
]


@pytest.mark.parametrize(("version", "backend", "on", "off"), ERAS)
def test_each_era_has_its_own_switches(version: str, backend: str, on: str | None, off: str | None) -> None:
    where = "platforms: osx-arm64\n" if backend == "metal" else ""
    cuda = "cuda: '12.6'\ngpu: rtx-4090\n" if backend == "cuda" else ""
    found = options(f"backend: {backend}\n{where}{cuda}{llama(f'=={version}')}")
    switches = {name: value for name, value in found.items() if name in SWITCHES}
    assert switches == {name: value for name, value in ((on, "ON"), (off, "OFF")) if name}


@pytest.mark.parametrize(
    "version", ["0.2.0", "0.2.35", "0.2.58", "0.2.79", "0.2.80", "0.3.1", "0.3.16", "0.3.20", "0.3.36"]
)
@pytest.mark.parametrize("backend", ["cuda", "rocm", "cpu"])
def test_a_release_is_given_only_options_that_it_reads(version: str, backend: str) -> None:
    known = CATALOG.options(Version(version))
    lines = "cuda: '12.6'\ngpu: rtx-4090\n" if backend == "cuda" else ""
    given = options(f"backend: {backend}\n{lines}{llama(f'=={version}')}")
    assert [name for name in given if name not in known] == []


@pytest.mark.parametrize(
    ("lines", "given"),
    [
        (llama("==0.3.36"), {"CMAKE_BUILD_TYPE": "Release", "CMAKE_PLATFORM_NO_VERSIONED_SONAME": "ON"}),
        (llama("==0.3.36"), {"GGML_NATIVE": "ON", "GGML_OPENMP": "ON", "LLAVA_BUILD": "ON", "LLAMA_NATIVE": None}),
        (llama("==0.2.79"), {"GGML_NATIVE": None, "GGML_OPENMP": None, "LLAVA_BUILD": "ON", "LLAMA_NATIVE": "ON"}),
        (llama("==0.2.20"), {"LLAVA_BUILD": None, "LLAMA_NATIVE": "ON"}),
        (llama("==0.3.36"), {"GGML_CUDA_NCCL": "OFF", "GGML_HIP_RCCL": None}),
        (llama("==0.3.21"), {"GGML_CUDA_NCCL": "OFF"}),
        (llama("==0.3.20"), {"GGML_CUDA_NCCL": None}),
        (f"backend: rocm\n{llama('==0.3.36')}", {"GGML_CUDA_NCCL": None, "GGML_HIP_RCCL": "OFF"}),
        (f"backend: rocm\n{llama('==0.3.20')}", {"GGML_HIP_RCCL": None}),
        (f"backend: cpu\n{llama('==0.3.36')}", {"GGML_CUDA_NCCL": None, "CMAKE_CUDA_ARCHITECTURES": None}),
        (f"backend: rocm\n{llama('==0.3.36')}", {"GPU_TARGETS": None, "AMDGPU_TARGETS": None}),
        (f"backend: rocm\ngpu: rx-7900-xtx\n{llama('==0.3.36')}", {"GPU_TARGETS": "gfx1100", "AMDGPU_TARGETS": None}),
        (f"backend: rocm\ngpu: rx-7900-xtx\n{llama('==0.3.16')}", {"GPU_TARGETS": None, "AMDGPU_TARGETS": "gfx1100"}),
        (f"backend: rocm\ngpu: [rx-7900-xtx, rx-6800]\n{llama('==0.3.36')}", {"GPU_TARGETS": "gfx1030;gfx1100"}),
    ],
)
def test_options_of_ours(lines: str, given: dict[str, str | None]) -> None:
    found = options(lines)
    assert {name: found.get(name) for name in given} == given


@pytest.mark.parametrize(
    ("gpus", "cuda", "version", "expected"),
    [
        ("rtx-4090", "12.6", "0.3.36", "89-real"),
        ("[rtx-4090, rtx-4080, l40s]", "12.6", "0.3.36", "89-real"),
        ("rtx-4090+ptx", "12.6", "0.3.36", "89-real;89-virtual"),
        ("[h100, rtx-4090]", "12.6", "0.3.36", "89-real;90-real;90-virtual"),
        ("gtx-970", "11.8", "0.3.36", "52-real"),
        ("gtx-1080-ti", "12.9", "0.2.79", "61-real"),
        ("'8.7'", "12.6", "0.3.36", "87-real"),
        ("b200", "12.8", "0.3.36", "100-real"),
        ("'11.0'", "13.0", "0.3.36", "110-real"),
        ("rtx-5090", "12.8", "0.3.16", "120-real"),
        ("rtx-5090+ptx", "12.8", "0.3.16", "120-real;120-virtual"),
        ("rtx-5090", "12.8", "0.3.17", "120a-real"),
        ("rtx-5090", "13.2", "0.3.36", "120a-real"),
        ("rtx-5090+ptx", "12.8", "0.3.36", "120a-real;90-virtual"),
        ("'12.1'", "12.9", "0.3.36", "121a-real"),
        ("'12.1'", "12.9", "0.3.16", "121-real"),
        ("[rtx-5090, '12.1']", "12.9", "0.3.36", "120a-real;121a-real;90-virtual"),
        ("[rtx-3060, rtx-5090]", "12.8", "0.3.16", "86-real;120-real;120-virtual"),
        ("[rtx-3060, rtx-5090]", "12.8", "0.3.36", "86-real;120a-real;86-virtual"),
        ("rtx-4090", "12.6", "0.3.99", "89-real"),
        ("rtx-5090", "12.8", "0.3.99", "120a-real"),
    ],
)
def test_machine_code_for_each_gpu_and_ptx_where_asked_for(gpus: str, cuda: str, version: str, expected: str) -> None:
    assert architectures(f"gpu: {gpus}\ncuda: '{cuda}'\n{llama(f'=={version}')}") == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("torch: ==2.14.1\ncuda: '12.6'", "50 60 70 75 80 86 90 +90"),
        ("torch: ==2.14.1\ncuda: '12.6'\nplatforms: win-64", "50 60 61 70 75 80 86 90 +90"),
        ("torch: ==2.14.1\ncuda: '12.6'\nplatforms: [linux-64, win-64]", "50 60 61 70 75 80 86 90 +90"),
        ("torch: ==2.14.1\ncuda: '13.0'", "75 80 86 90 100 120a +100"),
        ("torch: ==2.14.1\ncuda: '13.0'\nplatforms: linux-aarch64", "80 90 100 110 120a +110"),
        ("torch: ==2.7.1\ncuda: '11.8'", "50 60 70 75 80 86 +86"),
        ("cuda: '12.6'", "50 52 60 61 70 75 80 86 89 90 +90"),
        ("cuda: '12.8'", "50 52 60 61 70 75 80 86 89 90 100 120a +100"),
        ("cuda: '13.0'", "75 80 86 89 90 100 103 120a 121a +103"),
        ("cuda: '11.8'", "50 52 60 61 70 75 80 86 89 +89"),
    ],
)
def test_without_a_gpu_all_that_torch_or_nvcc_support(lines: str, expected: str) -> None:
    *real, newest = expected.split()
    wanted = [f"{one}-real" for one in real] + [f"{newest.removeprefix('+')}-virtual"]
    python = "python: '3.12'\n" if "2.7.1" in lines else ""
    assert architectures(f"{python}{lines}\n{llama('==0.3.36')}").split(";") == wanted


@pytest.mark.parametrize(
    ("cmake", "given"),
    [
        ("{GGML_NATIVE: false}", {"GGML_NATIVE": "OFF"}),
        ("{LLAVA_BUILD: no, GGML_CUDA_FA: off}", {"LLAVA_BUILD": "OFF", "GGML_CUDA_FA": "OFF"}),
        ("{GGML_CUDA_NCCL: true}", {"GGML_CUDA_NCCL": "ON"}),
        (
            "{GGML_CUDA: true, GGML_VULKAN: false, GGML_METAL: 0}",
            {"GGML_CUDA": "ON", "GGML_VULKAN": "OFF", "GGML_METAL": "0"},
        ),
        ("{CMAKE_BUILD_TYPE: Debug, MINE: x}", {"CMAKE_BUILD_TYPE": "Debug", "MINE": "x"}),
        ("{CMAKE_CUDA_ARCHITECTURES: 86-real}", {"CMAKE_CUDA_ARCHITECTURES": "86-real"}),
        ("{CMAKE_CUDA_ARCHITECTURES: '89'}", {"CMAKE_CUDA_ARCHITECTURES": "89"}),
        ("{CMAKE_CUDA_ARCHITECTURES: native}", {"CMAKE_CUDA_ARCHITECTURES": "native"}),
        ("{CMAKE_CUDA_ARCHITECTURES: all-major}", {"CMAKE_CUDA_ARCHITECTURES": "all-major"}),
    ],
)
def test_options_of_the_spec_win(cmake: str, given: dict[str, str]) -> None:
    made = plan(f"gpu: rtx-4090\ncuda: '12.6'\n{llama('==0.3.36', cmake)}")
    assert made.build is not None
    found = {option.name: option for option in made.build.cmake}
    assert {name: found[name].value for name in given} == given
    assert {found[name].reason for name in given} == {"set by the spec"}


@pytest.mark.parametrize(
    ("version", "cmake", "message"),
    [
        ("0.3.36", "{GGML_CUDA_FA_ALL_QUANT: true}", "did you mean GGML_CUDA_FA_ALL_QUANTS"),
        ("0.3.36", "{GGML_CUAD: true}", "did you mean GGML_CUDA"),
        ("0.3.36", "{GGML_FRABJOUS_DAY: true}", "llama.cpp has no such option"),
        ("0.3.36", "{LLAMA_CUBLAS: true}", "releases 0.2.0 to 0.2.57 have it; here it is GGML_CUDA"),
        ("0.3.36", "{LLAMA_CUDA: true}", "releases 0.2.58 to 0.2.79 have it; here it is GGML_CUDA"),
        ("0.2.79", "{LLAMA_CUBLAS: true}", "releases 0.2.0 to 0.2.57 have it; here it is LLAMA_CUDA"),
        ("0.3.36", "{LLAMA_HIPBLAS: false}", "releases 0.2.0 to 0.2.79 have it; here it is GGML_HIP"),
        ("0.3.1", "{LLAMA_HIPBLAS: false}", "here it is GGML_HIPBLAS"),
        ("0.3.36", "{GGML_CPU_AARCH64: true}", "releases 0.3.2 to 0.3.9 have it; here it is GGML_CPU_REPACK"),
        ("0.3.36", "{GGML_CUDA_F16: true}", "releases 0.2.80 to 0.3.16 have it"),
        ("0.2.79", "{GGML_CUDA: true}", "releases 0.2.80 to the newest have it; here it is LLAMA_CUDA"),
        ("0.3.1", "{GGML_HIP: false}", "releases 0.3.2 to the newest have it; here it is GGML_HIPBLAS"),
        ("0.3.36", "{ggml_cuda: true}", "did you mean GGML_CUDA"),
        ("0.2.20", "{LLAVA_BUILD: true}", "releases 0.2.22 to the newest have it"),
    ],
)
def test_an_option_that_the_release_would_ignore_is_refused(version: str, cmake: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        plan(f"gpu: rtx-4090\ncuda: '12.6'\n{llama(f'=={version}', cmake)}")
    name = cmake.strip("{").partition(":")[0]
    assert caught.value.message.startswith(f"cmake: {name} is no option of llama-cpp-python {version}; ")
    assert message in caught.value.message
    assert "without a word" in (caught.value.hint or "")


def test_an_option_that_was_removed_has_no_name_here() -> None:
    with pytest.raises(SpecError) as caught:
        plan(llama("==0.3.36", "{GGML_CUDA_F16: true}"))
    assert "here it is" not in caught.value.message


def test_renames_that_go_round_in_circles_end() -> None:
    row = next(row for row in CATALOG.llama_options if row.option == "LLAMA_CUBLAS")
    circle = (row, LlamaOption(**{**row.model_dump(), "option": "LLAMA_CUDA", "became": "LLAMA_CUBLAS"}))
    others = tuple(one for one in CATALOG.llama_options if one.option not in {"LLAMA_CUBLAS", "LLAMA_CUDA"})
    tables = {name: getattr(CATALOG, name) for name in Catalog.model_fields}
    rows = Catalog.model_validate({**tables, "llama_options": (*others, *circle)})
    with pytest.raises(SpecError, match="LLAMA_CUBLAS is no option") as caught:
        plan(llama("==0.3.36", "{LLAMA_CUBLAS: true}"), rows)
    assert "here it is" not in caught.value.message


@pytest.mark.parametrize(
    ("backend", "cmake"),
    [
        ("cuda", "{GGML_CUDA: false}"),
        ("cuda", "{GGML_CUDA: '0'}"),
        ("cuda", "{GGML_CUDA: N}"),
        ("cuda", "{GGML_CUDA: ''}"),
        ("cuda", "{GGML_CUDA: notfound}"),
        ("cuda", "{GGML_VULKAN: true}"),
        ("cpu", "{GGML_CUDA: true}"),
        ("cpu", "{GGML_METAL: 1}"),
        ("vulkan", "{GGML_HIP: true}"),
        ("rocm", "{GGML_HIP: ignore}"),
    ],
)
def test_a_switch_that_contradicts_the_backend_is_refused(backend: str, cmake: str) -> None:
    with pytest.raises(SpecError, match=f"contradicts `backend: {backend}`") as caught:
        plan(f"backend: {backend}\n{llama('==0.3.36', cmake)}")
    assert "the backend decides it" in (caught.value.hint or "")


@pytest.mark.parametrize("word", ["OFF", "No", "false", "0", "n", "IGNORE", "NOTFOUND", ""])
def test_what_cmake_takes_for_false(word: str) -> None:
    assert word.upper() in FALSE


@pytest.mark.parametrize(
    ("gpus", "version", "value", "missing"),
    [
        ("rtx-4090", "0.3.36", "75-real", "8.9"),
        ("rtx-4090", "0.3.36", "89-virtual", "8.9"),
        ("rtx-4090", "0.3.36", "90a", "8.9"),
        ("[rtx-4090, rtx-3090]", "0.3.36", "89-real", "8.6"),
        ("'8.7'", "0.3.36", "86-real", "8.7"),
        ("rtx-5090", "0.3.16", "121-real", "12.0"),
        ("'12.1'", "0.3.36", "120a-real", "12.1"),
        ("'12.1'", "0.3.36", "120-real", "12.1"),
    ],
)
def test_architectures_without_code_for_a_gpu_are_refused(gpus: str, version: str, value: str, missing: str) -> None:
    cmake = f"{{CMAKE_CUDA_ARCHITECTURES: '{value}'}}"
    with pytest.raises(SpecError, match=f"makes no machine code for compute capability {missing}") as caught:
        plan(f"gpu: {gpus}\ncuda: '12.9'\n{llama(f'=={version}', cmake)}")
    assert f"add {missing.replace('.', '')}-real" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("gpus", "version", "value"),
    [
        ("rtx-4090", "0.3.36", "80-real"),
        ("'8.7'", "0.3.36", "87"),
        ("'12.1'", "0.3.16", "120-real"),
        ("'12.1'", "0.3.36", "120f-real"),
        ("'12.1'", "0.3.36", "121a-real"),
        ("'12.1'", "0.3.36", "121-real"),
        ("rtx-5090", "0.3.36", "120"),
        ("h100", "0.3.36", "all"),
        ("[rtx-4090, h100]", "0.3.36", "89-real;90-real;90-virtual"),
    ],
)
def test_architectures_with_code_for_each_gpu_are_taken(gpus: str, version: str, value: str) -> None:
    cmake = f"{{CMAKE_CUDA_ARCHITECTURES: '{value}'}}"
    assert architectures(f"gpu: {gpus}\ncuda: '12.9'\n{llama(f'=={version}', cmake)}") == value


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("89-real,90-real", "is no list of architectures"),
        ("sm_89", "is no list of architectures"),
        ("8.9", "is no list of architectures"),
        ("89-real;", "is no list of architectures"),
        ("89-real;120-real", "CUDA 12.6 does not compile for 12.0"),
        ("89-real;90f", "CUDA 12.6 does not compile for 9.0f"),
    ],
)
def test_architectures_that_nvcc_would_stop_at_are_refused(value: str, message: str) -> None:
    cmake = f"{{CMAKE_CUDA_ARCHITECTURES: '{value}'}}"
    with pytest.raises(SpecError) as caught:
        plan(f"gpu: rtx-4090\ncuda: '12.6'\n{llama('==0.3.36', cmake)}")
    assert message in caught.value.message
    assert "leave the option to envspec" in (caught.value.hint or "")


CU12 = ("../../nvidia/cuda_runtime/lib", "../../nvidia/cublas/lib")
CU13 = ("../../nvidia/cu13/lib",)
PREFIX = ("../../../..",)


@pytest.mark.parametrize(
    ("lines", "paths"),
    [
        ("torch: ==2.14.1\ncuda: '12.6'", {LINUX: CU12}),
        ("torch: ==2.7.1\ncuda: '11.8'", {LINUX: CU12}),
        ("torch: ==2.15.0\ncuda: '13.2'", {LINUX: CU13}),
        ("torch: ==2.14.1\ncuda: '12.6'\nbase: conda", {LINUX: CU12}),
        ("torch: ==2.14.1\ncuda: '13.0'\nplatforms: [linux-64, win-64, linux-aarch64]", {LINUX: CU13, AARCH64: CU13}),
        ("cuda: '13.0'\ntoolkit: pypi", {LINUX: CU13}),
        ("cuda: '12.6'\nbase: conda", {LINUX: PREFIX}),
        ("cuda: '12.6'\nbase: conda\nplatforms: win-64", {}),
        ("cuda: '12.6'\ntoolkit: system", {}),
        ("backend: cpu", {}),
        ("backend: vulkan", {}),
    ],
)
def test_where_the_cuda_libraries_lie(lines: str, paths: dict[Platform, tuple[str, ...]]) -> None:
    made = plan(f"{lines}\n{llama('==0.3.36')}")
    assert made.build is not None
    assert dict(made.build.library_paths) == paths


def test_only_platforms_that_compile_get_library_paths() -> None:
    made = plan(
        "cuda: '13.0'\ntoolkit: pypi\ngpu: h100\nplatforms: [linux-64, linux-aarch64]\nllama-cpp-python: ==0.3.35"
    )
    assert made.llama is not None
    assert [(one.platform, one.wheel) for one in made.llama.installs] == [(LINUX, "cu130"), (AARCH64, None)]
    assert made.build is not None
    assert dict(made.build.library_paths) == {AARCH64: CU13}


def build(*given: tuple[str, str], paths: tuple[str, ...] = ()) -> SourceBuild:
    cmake = tuple(CMakeOption(name=name, value=value, reason="x") for name, value in given)
    return SourceBuild(
        version="0.3.36", cmake=cmake, left_out=(), requires=(), library_paths=((LINUX, paths),) if paths else ()
    )


@pytest.mark.parametrize(
    ("made", "platform", "given"),
    [
        (build(("B", "2"), ("A", "1")), LINUX, [("A", "1"), ("B", "2")]),
        (build(("A", "1"), paths=CU13), WINDOWS, [("A", "1")]),
        (
            build(("A", "1"), paths=CU13),
            LINUX,
            [("A", "1"), ("CMAKE_SHARED_LINKER_FLAGS", r"-Wl,-rpath,\$ORIGIN/../../nvidia/cu13/lib")],
        ),
        (
            build(("CMAKE_SHARED_LINKER_FLAGS", "-s"), paths=("a", "b")),
            LINUX,
            [("CMAKE_SHARED_LINKER_FLAGS", r"-s -Wl,-rpath,\$ORIGIN/a -Wl,-rpath,\$ORIGIN/b")],
        ),
        (build(("CMAKE_SHARED_LINKER_FLAGS", "-s"), paths=CU12), AARCH64, [("CMAKE_SHARED_LINKER_FLAGS", "-s")]),
    ],
)
def test_arguments_of_a_platform(made: SourceBuild, platform: Platform, given: list[tuple[str, str]]) -> None:
    assert arguments(made, platform) == tuple(given)
