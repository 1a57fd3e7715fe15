"""Facts as a file: written without names, read with clear errors."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.version import Version

from envspec.errors import SpecError
from envspec.gpu import Capability, CudaVersion, Platform
from envspec.host import Compiler, CompilerKind, Driver, Fault, Gpu, Host, Toolkit, Vendor
from envspec.tools import host_file

HOST = Host(
    platform=Platform.LINUX_64,
    system="Ubuntu 22.04.5 LTS",
    cpu="zen4 0123456789abcdef",
    features=("avx", "avx2"),
    libc="glibc 2.35",
    cores=16,
    memory=64_000_000_000,
    driver=Driver(version=Version("570.86.10"), cuda=CudaVersion(12, 8)),
    fault=Fault.LOST,
    gpus=(
        Gpu(vendor=Vendor.NVIDIA, name="NVIDIA GeForce RTX 4090", capability=Capability(8, 9), memory=25_757_220_864),
    ),
    toolkits=(
        Toolkit(
            version=CudaVersion(12, 8),
            build=Version("12.8.93"),
            nvcc="/home/zhangsan/cuda-12.8/bin/nvcc",
            origin="PATH, CUDA_HOME",
        ),
    ),
    compilers=(Compiler(kind=CompilerKind.GCC, version=Version("11.4.0"), path="/usr/bin/c++"),),
    cmake=Version("3.28.3"),
    variables=(("CMAKE_ARGS", "-DGGML_CUDA=on"), ("LD_LIBRARY_PATH", "/home/zhangsan/lib:/data/zhangsan/lib:/opt/lib")),
    library_path=("/home/zhangsan/lib",),
)
HOME = Path("/home/zhangsan")
SMALL = "format: envspec-host/1\nplatform: linux-64\ncpu: x\nlibc: glibc 2.35\ncores: 8\nmemory: 1\n"


def test_what_is_written_is_read_again() -> None:
    assert host_file.from_text(host_file.to_text(HOST, Path("/")), "x") == HOST.model_copy(
        update={
            "toolkits": (HOST.toolkits[0].model_copy(update={"nvcc": "/home/***/cuda-12.8/bin/nvcc"}),),
            "variables": (
                ("CMAKE_ARGS", "-DGGML_CUDA=on"),
                ("LD_LIBRARY_PATH", "/home/***/lib:/data/zhangsan/lib:/opt/lib"),
            ),
            "library_path": ("/home/***/lib",),
        }
    )


def test_nothing_tells_whose_machine_it_is() -> None:
    text = host_file.to_text(HOST, HOME, ("zhangsan", "gpu-box"))
    assert "zhangsan" not in text
    assert "nvcc: ~/cuda-12.8/bin/nvcc" in text
    assert "~/lib:/data/***/lib:/opt/lib" in text
    assert text.startswith("#")
    assert not any(line != line.rstrip() for line in text.splitlines())


@pytest.mark.parametrize(
    ("given", "written"),
    [
        (r"C:\Users\Zhang San\cuda\bin;C:\cuda", r"C:\Users\***\cuda\bin;C:\cuda"),
        ("/mnt/c/Users/Zhang/x", "/mnt/c/Users/***/x"),
        ("/home/zhangsanfeng/x", "/home/***/x"),
        ("/srv/gpu-box/x:/srv/gpu-box.lan", "/srv/***/x:/srv/***.lan"),
        ("/opt/conda/envs/zhangsan", "/opt/conda/envs/***"),
        ("zhangsan", "zhangsan"),
        ("/home/zhangsan", "~"),
    ],
)
def test_names_in_paths_are_replaced(given: str, written: str) -> None:
    host = HOST.model_copy(update={"library_path": (given,)})
    read = host_file.from_text(host_file.to_text(host, HOME, ("zhangsan", "gpu-box", "root", "x")), "x")
    assert read.library_path == (written,)


def test_words_are_no_names() -> None:
    text = host_file.to_text(HOST, Path("/"), ("nvidia", "linux", "path", "gcc"))
    assert host_file.from_text(text, "x").gpus == HOST.gpus
    assert host_file.from_text(text, "x").toolkits[0].origin == "PATH, CUDA_HOME"


def test_a_file_is_saved_and_loaded(tmp_path: Path) -> None:
    path = tmp_path / "新 folder" / "gpu box.yaml"
    host_file.save(HOST, path)
    loaded = host_file.load(path)
    assert (loaded.gpus, loaded.driver, loaded.fault) == (HOST.gpus, HOST.driver, HOST.fault)


def test_a_user_without_a_home_saves_all_the_same(tmp_path: Path) -> None:
    code = "import os; from envspec.tools import host_file as h; os.setuid(54321); print(h._home())"
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("becoming somebody else needs root")
    environment = {name: value for name, value in os.environ.items() if name not in {"HOME", "COVERAGE_PROCESS_START"}}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, check=False, encoding="utf-8", cwd=tmp_path
    )
    assert done.stdout == "/\n", done.stderr


def test_a_byte_order_mark_and_numbers_without_quotes_are_read(tmp_path: Path) -> None:
    path = tmp_path / "host.yaml"
    path.write_text(f"{SMALL}gpus: [{{vendor: nvidia, name: x, capability: 8.9}}]\nwsl: true\n", encoding="utf-8-sig")
    host = host_file.load(path)
    assert (host.cores, host.gpus[0].capability, host.wsl) == (8, Capability(8, 9), True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no `format`"),
        ("- a\n", "no `format`"),
        ("hello", "no `format`"),
        ("cores: 8\n", "no `format`"),
        ("a: [\n", "not valid YAML"),
        ("a: &x [*x]\nb: *y\n", "not valid YAML"),
        ("[" * 5000, "not valid YAML"),
        (SMALL.replace("host/1", "host/2"), "format 'envspec-host/2'; this envspec reads envspec-host/1"),
        (SMALL.replace("envspec-host/1", "[1]"), "format"),
        (SMALL.replace("cores: 8\n", ""), "cores: missing"),
        (f"{SMALL}color: red\n", "color: unknown fact"),
        (SMALL.replace("cores: 8", "cores: many"), "cores: .*integer"),
        (SMALL.replace("linux-64", "linux-32"), "platform: .*'linux-64'"),
        (f"{SMALL}driver: {{version: new}}\n", "driver.version: .*new"),
        (f"{SMALL}gpus: [{{vendor: nvidia, name: x, capability: '89'}}]\n", "gpus.0.capability: '89' is not a compute"),
        (f"{SMALL}toolkits: [{{version: twelve, nvcc: x, origin: x}}]\n", "toolkits.0.version: 'twelve' is not a CUDA"),
        (f"{SMALL}gpus: 4090\n", "gpus: "),
        (f"{SMALL}toolkits: [[1]]\n", "toolkits.0: "),
    ],
)
def test_what_is_no_host_file_is_told(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "host.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SpecError, match=message) as caught:
        host_file.load(path)
    assert str(caught.value).startswith(str(path))
    assert "envspec doctor --save" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("data", "message"), [(b"\xff\xfe\x00", "not a text file"), (b"#" * (2 << 20), "larger than 1024 KiB")]
)
def test_rubbish_is_told(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "host.yaml"
    path.write_bytes(data)
    with pytest.raises(SpecError, match=message):
        host_file.load(path)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="No such file"):
        host_file.load(tmp_path / "none.yaml")
    with pytest.raises(SpecError, match="directory"):
        host_file.load(tmp_path)


def test_at_most_some_problems_are_told_at_once() -> None:
    wrong = "".join(f"x{number}: 1\n" for number in range(20))
    with pytest.raises(SpecError) as caught:
        host_file.from_text(SMALL + wrong, "x")
    assert str(caught.value).count("\n") == 4


@pytest.mark.parametrize(("libc", "glibc"), [("glibc 2.35", (2, 35)), ("musl 1.2", None), ("glibc", None), ("", None)])
def test_any_text_may_stand_for_the_c_library(libc: str, glibc: tuple[int, int] | None) -> None:
    assert HOST.model_copy(update={"libc": libc}).glibc == glibc
