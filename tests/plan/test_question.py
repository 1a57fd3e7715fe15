from __future__ import annotations

import pytest
from packaging.version import Version

from envspec import catalog
from envspec.catalog import Catalog, merged, parse, texts
from envspec.errors import EnvspecError, SpecError, Unsatisfiable
from envspec.gpu import Capability, CudaVersion, Platform
from envspec.host import Host
from envspec.plan.question import Question
from envspec.spec import Install, read

CATALOG = catalog.load()
LINUX, WINDOWS = Platform.LINUX_64, Platform.WIN_64
RTX_4090 = {"vendor": "nvidia", "name": "NVIDIA GeForce RTX 4090", "capability": "8.9"}


def host(**facts: object) -> Host:
    known = {"platform": "linux-64", "cpu": "zen3", "libc": "glibc 2.39", "cores": 8, "memory": 1 << 34}
    return Host.model_validate({**known, **facts})


def ask(lines: str, machine: Host | None = None, *, rows: Catalog = CATALOG, platforms: str = "linux-64") -> Question:
    backend = "" if "backend:" in lines else "backend: cuda\n"
    where = f"platforms: {platforms}\n" if platforms else ""
    return Question(read(f"envspec: 1\nname: x\npython: '3.12'\n{where}{backend}{lines}\n", "x.yaml"), machine, rows)


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("rtx-4090", "8.9"),
        ("RTX 4090", "8.9"),
        ("NVIDIA GeForce RTX 4090", "8.9"),
        ("GeForce_RTX_4090", "8.9"),
        ("nvidia-rtx-4090", "8.9"),
        ("RTX 4060 Laptop", "8.9"),
        ("NVIDIA GeForce RTX 4060 Laptop GPU", "8.9"),
        ("rtx-4060-mobile", "8.9"),
        ("Tesla P40", "6.1"),
        ("GTX 1060 6 GB", "6.1"),
        ("GTX 1060 6GB", "6.1"),
        ("H100", "9.0"),
        ("RTX 5090+ptx", "12.0"),
        ("8.9", "8.9"),
        ("8.9+ptx", "8.9"),
        ("08.9", "8.9"),
        ("AMD Radeon RX 7900 XTX", "gfx1100"),
        ("rx-7900-xtx", "gfx1100"),
        ("gfx1100", "gfx1100"),
    ],
)
def test_a_gpu_is_found_however_it_is_written(written: str, target: str) -> None:
    (gpu,) = ask(f"gpu: [{written!r}]").gpus
    assert str(gpu.capability or gpu.gfx) == target
    assert gpu.ptx is written.endswith("+ptx")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ("gpu: rtx-4090", "rtx-4090 (8.9)"),
        ("gpu: '8.9'", "8.9"),
        ("gpu: rx-7900-xtx", "rx-7900-xtx (gfx1100)"),
        ("gpu: gfx1100", "gfx1100"),
    ],
)
def test_a_gpu_is_told_with_its_target(lines: str, told: str) -> None:
    assert [str(gpu) for gpu in ask(lines).gpus] == [told]


@pytest.mark.parametrize(
    ("lines", "error", "message", "hint"),
    [
        ("gpu: rtx-4091", SpecError, "'rtx-4091' is no GPU of the catalog; did you mean rtx-4090", "catalog gpus"),
        ("gpu: rxt-4090", SpecError, "did you mean rtx-4090", "8.9 works too"),
        ("gpu: NVIDIA GeForce RTX 4091", SpecError, "did you mean rtx-4090", "catalog gpus"),
        ("gpu: RX 7900 XTZ", SpecError, "did you mean rx-7900-xt", "catalog gpus"),
        ("gpu: voodoo-2-3dfx-interactive", SpecError, f"the catalog has {len(CATALOG.gpu_by_name)} names", "catalog"),
        ("gpu: rtx-4091+ptx", SpecError, "'rtx-4091' is no GPU", "catalog gpus"),
        ("gpu: '8.5'", SpecError, "no GPU has compute capability 8.5; nearest: 8.6, 8.7, 8.8", "envspec doctor"),
        ("gpu: '13.0'", SpecError, "no GPU has compute capability 13.0; nearest: 11.0, 12.0, 12.1", "envspec doctor"),
        ("gpu: '1.0+ptx'", SpecError, "no GPU has compute capability 1.0; nearest: 3.5, 3.7, 5.0", "envspec doctor"),
        ("gpu: native", Unsatisfiable, "nothing is known about it", "envspec doctor --save"),
        ("cuda: '12.7'", SpecError, "no CUDA toolkit 12.7 is known; the lines are 11.8, ", "nvidia-smi"),
        ("cuda: '12.7.1'", SpecError, "no CUDA toolkit 12.7.1 is known", "nvidia-smi"),
        (
            "cuda: '10.2'",
            SpecError,
            "no CUDA toolkit 10.2 is known; the lines are 11.8, ",
            "leave `cuda`",
        ),
        ("cuda: '13.5'", SpecError, "no CUDA toolkit 13.5 is known; the lines are ", "no toolkit as of"),
        ("cuda: 12.6.9", SpecError, "CUDA 12.6 has the releases 12.6.0, 12.6.1, 12.6.2, 12.6.3", "leave `cuda` out"),
        ("cuda: 13.4.0", SpecError, "CUDA 13.4 has the releases 13.4.1, 13.4.2, 13.4.3", "13.4.0 was a pre-release"),
        ("cuda: 12.3.9", SpecError, "CUDA 12.3 has the releases 12.3.0, 12.3.1, 12.3.2", "leave `cuda` out"),
    ],
)
def test_what_does_not_exist_is_refused_with_what_does(
    lines: str, error: type[EnvspecError], message: str, hint: str
) -> None:
    with pytest.raises(error) as caught:
        ask(lines)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


def test_a_line_without_releases_is_not_among_those_that_are_offered() -> None:
    with pytest.raises(SpecError) as caught:
        ask("cuda: '13.5'")
    assert "13.4" in caught.value.message
    assert caught.value.message.count("13.5") == 1


def test_cuda_10_is_no_version_of_cuda() -> None:
    with pytest.raises(SpecError, match="'10' is not a CUDA version such as 12.6"):
        ask("cuda: 10")


def test_no_platform_is_an_error() -> None:
    with pytest.raises(Unsatisfiable, match="no platform") as caught:
        ask("", platforms="")
    assert "platforms: [linux-64]" in (caught.value.hint or "")


def test_the_machine_gives_the_platform_only_where_the_spec_names_none() -> None:
    assert ask("", host(), platforms="").platforms == (LINUX,)
    assert ask("", host(), platforms="[win-64, linux-aarch64, win-64]").platforms == (Platform.LINUX_AARCH64, WINDOWS)


RX_7900 = {"vendor": "amd", "name": "AMD Radeon RX 7900 XTX", "gfx": "gfx1100"}


@pytest.mark.parametrize(
    ("gpus", "found"),
    [
        ([RTX_4090], ["8.9"]),
        ([RTX_4090, RTX_4090], ["8.9"]),
        ([RTX_4090, {**RTX_4090, "capability": "8.6"}], ["8.9", "8.6"]),
        ([RTX_4090, {**RTX_4090, "capability": "8.6", "hidden": True}], ["8.9"]),
        ([{**RTX_4090, "hidden": True}], []),
        ([{**RTX_4090, "capability": None}], ["8.9"]),
        ([{**RTX_4090, "capability": None, "name": "NVIDIA Graphics Device"}], []),
        ([{**RTX_4090, "capability": None, "name": "AMD Radeon RX 7900 XTX"}], []),
        ([RX_7900], ["gfx1100"]),
        ([{**RX_7900, "gfx": None}], ["gfx1100"]),
        ([{**RX_7900, "gfx": None, "name": "AMD Radeon Graphics"}], []),
        ([{**RX_7900, "gfx": None, "name": "NVIDIA GeForce RTX 4090"}], []),
        ([RTX_4090, RX_7900], ["8.9", "gfx1100"]),
        ([{"vendor": "apple", "name": "Apple M3"}, {"vendor": "intel", "name": "Arc A770"}], []),
        ([], []),
    ],
)
def test_native_means_the_visible_gpus_that_are_known(gpus: list[dict[str, object]], found: list[str]) -> None:
    asked = ask("backend: vulkan\ngpu: native", host(gpus=gpus))
    assert [str(gpu) for gpu in asked.gpus] == found
    assert asked.lacks_native is not bool(found)


@pytest.mark.parametrize(
    ("backend", "found"), [("cuda", ["8.9"]), ("rocm", ["gfx1100"]), ("vulkan", ["8.9", "gfx1100"])]
)
def test_native_leaves_out_gpus_that_the_backend_does_not_run_on(backend: str, found: list[str]) -> None:
    asked = ask(f"backend: {backend}\ngpu: native", host(gpus=[RTX_4090, RX_7900]))
    assert [str(gpu) for gpu in asked.gpus] == found


def test_a_gpu_that_the_catalog_does_not_know_is_no_crash() -> None:
    with pytest.raises(SpecError, match="does not know compute capability 14.0 of NVIDIA GeForce RTX 4090") as caught:
        ask("gpu: native", host(gpus=[{**RTX_4090, "capability": "14.0"}]))
    assert "envspec-catalog.yaml" in (caught.value.hint or "")


def test_a_named_gpu_does_not_stand_for_a_missing_one() -> None:
    assert ask("gpu: [native, h100]", host()).lacks_native
    assert not ask("gpu: h100", host()).lacks_native


def test_native_can_ask_for_ptx() -> None:
    assert [gpu.ptx for gpu in ask("gpu: native+ptx", host(gpus=[RTX_4090])).gpus] == [True]


@pytest.mark.parametrize(
    ("lines", "capabilities", "gfx", "ptx"),
    [
        ("", [], [], False),
        ("gpu: rtx-4090", ["8.9"], [], False),
        ("gpu: rtx-4090+ptx", ["8.9"], [], True),
        ("gpu: [h100, rtx-4090, rtx-4080]", ["8.9", "9.0"], [], True),
        ("gpu: [rtx-4090, rtx-4080]", ["8.9"], [], False),
        ("gpu: [rx-7900-xtx, rx-6800, rx-7900-xt]", [], ["gfx1030", "gfx1100"], False),
    ],
)
def test_targets_are_sorted_and_told_once(lines: str, capabilities: list[str], gfx: list[str], ptx: bool) -> None:  # noqa: FBT001
    asked = ask(lines)
    assert [str(one) for one in asked.capabilities] == capabilities
    assert (list(asked.gfx), asked.wants_ptx) == (gfx, ptx)


@pytest.mark.parametrize(
    ("lines", "install", "wheels"),
    [
        ("", Install.AUTO, True),
        ("llama-cpp-python: {}", Install.AUTO, True),
        ("llama-cpp-python: {install: wheel}", Install.WHEEL, True),
        ("llama-cpp-python: {install: source}", Install.SOURCE, False),
        ("backend: cpu\nllama-cpp-python: {}", Install.AUTO, False),
        ("backend: cpu\nllama-cpp-python: {install: wheel}", Install.WHEEL, True),
    ],
)
def test_wheels_are_taken_but_for_the_cpu_only_where_asked_for(lines: str, install: Install, wheels: bool) -> None:  # noqa: FBT001
    asked = ask(lines)
    assert (asked.install, asked.takes_wheels) == (install, wheels)


def test_without_llama_there_are_no_options_and_no_range() -> None:
    asked = ask("pip: [six]")
    assert (asked.cmake, str(asked.llama_range)) == ({}, "")
    asked = ask("llama-cpp-python: {version: '>=0.3', cmake: {GGML_CCACHE: false}}")
    assert (asked.cmake, str(asked.llama_range)) == ({"GGML_CCACHE": "OFF"}, ">=0.3")


@pytest.mark.parametrize(
    ("facts", "platform", "glibc", "driver"),
    [
        ({"driver": {"version": "580.65.06"}}, LINUX, "2.39", "580.65.06"),
        ({"driver": {"version": "580.65.06"}}, WINDOWS, None, None),
        ({"libc": "musl 1.2"}, LINUX, None, None),
        ({"libc": ""}, LINUX, None, None),
    ],
)
def test_facts_of_the_machine_count_on_its_own_platform(
    facts: dict[str, object], platform: Platform, glibc: str | None, driver: str | None
) -> None:
    asked = ask("", host(**facts), platforms="[linux-64, win-64]")
    assert asked.glibc(platform) == (Version(glibc) if glibc else None)
    assert asked.driver(platform) == (Version(driver) if driver else None)


@pytest.mark.parametrize(
    ("line", "platform", "wsl", "least"),
    [
        ("11.8", LINUX, False, "450.80.02"),
        ("11.8", WINDOWS, False, "452.39"),
        ("12.1", LINUX, False, "525.60.13"),
        ("12.9", WINDOWS, False, "528.33"),
        ("12.6", LINUX, True, "528.33"),
        ("13.2", LINUX, False, "580.65.06"),
        ("13.0", WINDOWS, False, "580"),
        ("13.0", LINUX, True, "580"),
    ],
)
def test_the_oldest_driver_of_a_line(line: str, platform: Platform, wsl: bool, least: str) -> None:  # noqa: FBT001
    asked = ask("", host(wsl=wsl), platforms="[linux-64, win-64]")
    row = CATALOG.line_of[CudaVersion.parse(line)]
    assert str(asked.least_driver(row, platform)) == least


@pytest.mark.parametrize(
    ("lines", "last"),
    [("", None), ("gpu: rtx-4090", None), ("gpu: [gtx-1080-ti, rtx-4090]", 580), ("gpu: ['3.5', gtx-970]", 470)],
)
def test_the_last_driver_branch_of_all_gpus(lines: str, last: int | None) -> None:
    assert ask(lines).last_driver == last


@pytest.mark.parametrize(
    ("release", "platform", "wsl", "shipped"),
    [
        ("12.8.0", LINUX, False, "570.86.10"),
        ("12.8.0", WINDOWS, False, "571.96"),
        ("12.8.0", LINUX, True, "571.96"),
        ("13.2.1", LINUX, False, "595.58.03"),
        ("13.2.1", WINDOWS, False, "595"),
        ("13.4.1", LINUX, False, None),
        ("13.4.1", WINDOWS, False, None),
    ],
)
def test_the_driver_that_came_with_a_release(release: str, platform: Platform, wsl: bool, shipped: str | None) -> None:  # noqa: FBT001
    asked = ask("", host(wsl=wsl), platforms="[linux-64, win-64]")
    row = next(row for row in CATALOG.cuda_releases if str(row.release) == release)
    assert asked.shipped_driver(row, platform) == (Version(shipped) if shipped else None)


def test_only_jetsons_are_embedded() -> None:
    asked = ask("")
    embedded = [str(one) for one in CATALOG.architecture_of if asked.tegra(one)]
    assert embedded == ["5.3", "6.2", "7.2", "8.7"]
    assert asked.tegra(Capability(99, 0)) is False


def test_a_gpu_of_an_overlay_is_a_gpu() -> None:
    row = "name: RTX 9090, capability: '12.0', memory: 96, form: desktop, confidence: declared, source: x"
    rows = Catalog.model_validate(merged(*map(parse, texts().values()), parse(f"nvidia_gpus: [{{{row}}}]")))
    assert [str(gpu) for gpu in ask("gpu: RTX 9090", rows=rows).gpus] == ["rtx-9090 (12.0)"]
