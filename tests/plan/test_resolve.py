from __future__ import annotations

import pytest
from packaging.version import Version

from envspec import catalog
from envspec.errors import EnvspecError, NotSupported, SpecError, Unsatisfiable
from envspec.gpu import Platform
from envspec.host import Host
from envspec.plan import Plan, resolve
from envspec.spec import read

CATALOG = catalog.load()
HOST = Host(platform=Platform.LINUX_AARCH64, cpu="neoverse_n1", libc="glibc 2.36", cores=4, memory=8 << 30)


def plan(text: str = "", host: Host | None = None, *, platforms: str = "platforms: [win-64, linux-64]\n") -> Plan:
    head = 'envspec: 1\nname: x\npython: ">=3.11,<3.14"\n'
    backend = "" if "backend:" in text else "backend: cpu\n"
    return resolve(read(f"{head}{platforms}{backend}{text}", "x.yaml"), host, CATALOG)


def test_the_newest_release_that_fits_is_taken_and_pinned() -> None:
    made = plan("llama-cpp-python: {version: '>=0.3', extras: [server]}\npip: [six]\n")
    assert made.requirements == ("llama-cpp-python[server]==0.3.36", "six")
    assert made.platforms == (Platform.LINUX_64, Platform.WIN_64)
    assert made.build is not None
    assert made.build.version == "0.3.36"
    assert made.build.left_out == ("LLAMA_BUILD_COMMON",)
    assert "scikit-build-core[pyproject]>=0.9.2" in made.build.requires


@pytest.mark.parametrize(
    ("wanted", "version"),
    [("0.3", "0.3.36"), ("<0.3.20", "0.3.19"), ("==0.3.1", "0.3.1"), ("~=0.3.4,!=0.3.36", "0.3.35")],
)
def test_versions(wanted: str, version: str) -> None:
    made = plan(f"llama-cpp-python: '{wanted}'\n")
    assert made.build is not None
    assert made.build.version == version


def test_only_releases_that_were_measured_leave_something_out() -> None:
    made = plan("llama-cpp-python: '==0.3.35'\n")
    assert made.build is not None
    assert made.build.left_out == ()


def test_a_pin_beyond_the_catalog_is_built_like_the_newest() -> None:
    made = plan("llama-cpp-python: '==0.3.99'\n")
    assert made.build is not None
    assert made.build.version == "0.3.99"
    assert "newer than the catalog" in next(item.reason for item in made.choices if item.topic == "llama-cpp-python")


def test_switches_of_the_spec_win() -> None:
    made = plan("llama-cpp-python: {cmake: {LLAVA_BUILD: false, LLAMA_BUILD_COMMON: true, MINE: x}}\n")
    assert made.build is not None
    options = {option.name: option.value for option in made.build.cmake}
    assert (options["LLAVA_BUILD"], options["LLAMA_BUILD_COMMON"], options["MINE"]) == ("OFF", "ON", "x")
    assert options["GGML_NATIVE"] == "ON"
    assert made.build.left_out == ()


def test_every_choice_has_a_reason_and_every_rejection_a_rule() -> None:
    made = plan("llama-cpp-python: {}\n")
    assert all(choice.reason for choice in made.choices)
    assert {choice.topic for choice in made.choices} >= {"platforms", "python", "base", "backend", "install"}
    assert all("/" in rejection.rule and rejection.reason for rejection in made.rejections)


def test_without_llama_nothing_is_built() -> None:
    made = plan("pip: [six]\n")
    assert made.build is None
    assert made.requirements == ("six",)


def test_the_host_only_gives_the_default_platform() -> None:
    assert plan(host=HOST, platforms="").platforms == (Platform.LINUX_AARCH64,)
    assert plan("llama-cpp-python: {}\n", HOST) == plan("llama-cpp-python: {}\n")
    with pytest.raises(Unsatisfiable, match="no platform"):
        plan(platforms="")


def test_a_platform_named_twice_is_one() -> None:
    assert plan(platforms="platforms: [linux-64, linux-64]\n").platforms == (Platform.LINUX_64,)


def test_metal_on_a_mac_is_told() -> None:
    assert "Metal" in plan("llama-cpp-python: {}\n", platforms="platforms: osx-arm64\n").warnings[0]
    assert plan("pip: six\n", platforms="platforms: osx-arm64\n").warnings == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("base: conda\n", "`base: conda`"),
        ("backend: cuda\n", "`backend: cuda`"),
        ("torch: '2.6'\n", "`torch`"),
        ("matrix: {python: ['3.12']}\n", "`matrix`"),
        ("llama-cpp-python: {install: wheel}\n", "`llama-cpp-python: {install: wheel}`"),
        ("pip: ['six @ https://example.org/six.whl']\n", "the direct URL"),
        ("base: conda\ntorch: '2.6'\n", "`base: conda`; `torch`"),
    ],
)
def test_what_is_not_there_yet_is_said(text: str, message: str) -> None:
    with pytest.raises(NotSupported) as caught:
        plan(text)
    assert caught.value.message.startswith("not supported yet: ")
    assert message in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("cuda: '12.6'\n", SpecError, "`cuda` is given, but `backend: cpu`"),
        ("gpu: native\n", SpecError, "`gpu` is given, but `backend: cpu`"),
        ("toolkit: system\n", SpecError, "`toolkit: system` is given"),
        ("conda: ffmpeg\n", SpecError, "`base: venv` has no conda packages"),
        ("pip: [Llama_Cpp.Python]\n", SpecError, "llama-cpp-python has a key of its own"),
        ("llama-cpp-python: '>=0.4'\n", Unsatisfiable, "no release of llama-cpp-python fits '>=0.4'"),
        ("llama-cpp-python: '==0.3.99,!=0.3.99'\n", Unsatisfiable, "fits"),
        ("llama-cpp-python: {cmake: {GGML_CUDA: true}}\n", Unsatisfiable, "builds no CUDA code"),
    ],
)
def test_contradictions(text: str, error: type[EnvspecError], message: str) -> None:
    with pytest.raises(error, match=message) as caught:
        plan(text)
    assert caught.value.hint


def test_a_version_before_all_eras_is_refused() -> None:
    bare = CATALOG.model_copy(update={"eras": CATALOG.eras[1:]})
    with pytest.raises(Unsatisfiable, match="switches are not in the catalog"):
        resolve(
            read(
                "envspec: 1\nname: x\npython: 3.12\nplatforms: linux-64\nbackend: cpu\nllama-cpp-python: ==0.3.0\n", "x"
            ),
            None,
            bare,
        )


def test_catalog_rows_are_consistent() -> None:
    versions = [row.version for row in CATALOG.releases]
    assert versions == sorted(set(versions))
    assert all(CATALOG.llama_era(version) for version in versions)
    assert CATALOG.llama_era(Version("0.2.79")) is None
    for one, following in zip(CATALOG.eras, CATALOG.eras[1:], strict=False):
        assert one.until is not None
        assert one.until < following.since
    assert all(row.source for row in (*CATALOG.eras, *CATALOG.left_out, *CATALOG.releases))
