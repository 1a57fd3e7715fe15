"""The quickstart for real: llama-cpp-python is compiled, interrupted, resumed, cached, run and sabotaged."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from envspec.lock.files import fingerprint

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Mount, Run

pytestmark = [pytest.mark.online, pytest.mark.prefix]
ROOT = Path(__file__).parent.parent
STEP = re.compile(r"^\[(\d+)/(\d+)\] ", re.MULTILINE)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this project's spec and lock, in a path with spaces and Chinese characters."""
    folder = tmp_path_factory.mktemp("快速 start")
    shutil.copytree(ROOT / "specs", folder / "specs")
    shutil.copytree(ROOT / "lockfiles", folder / "lockfiles")
    return folder


@pytest.fixture(scope="module")
def slow(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment in which no compiler cache of earlier runs makes the build too short to interrupt."""
    return {**environment, "CCACHE_DIR": str(tmp_path_factory.mktemp("ccache")), "TERM": "xterm-256color"}


@pytest.fixture(scope="module")
def quickstart(project: Path, slow: dict[str, str], cache: Path) -> Path:
    """The environment of the quickstart, made in three runs: one interrupted, one killed, one to the end."""
    prefix = project / ".envs" / "quickstart"
    argv = [sys.executable, "-m", "envspec", "create", "-v", str(project / "specs" / "quickstart.yaml")]

    shown = interrupted(argv, slow, lambda: steps(cache)[0] >= 20)
    assert "compile llama.cpp" in shown
    assert "ETA" in shown
    assert "interrupted" in shown
    assert "a build goes on where it stopped" in shown
    assert clean(prefix)
    assert running_in(cache / "builds") == []
    first, total = steps(cache)
    assert total > 100

    child = subprocess.Popen(argv, env=slow, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, encoding="utf-8")
    wait(lambda: 20 <= steps(cache)[0] < 60 and steps(cache)[1] < total)
    child.kill()
    child.wait()
    assert not prefix.exists()
    second, rest = steps(cache)
    assert rest <= total - first + total // 20, "what the first run finished is not compiled again"

    last: list[int] = []
    child = subprocess.Popen(argv, env=slow, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
    wait(lambda: steps(cache)[1] not in {0, rest}, child)
    last.append(steps(cache)[1])
    out, err = child.communicate()
    assert child.returncode == 0, err
    assert f"created {prefix}" in out
    assert first + second + last[0] <= total * 1.05, "three runs compile no more than one would"
    assert clean(prefix)
    assert not any((cache / "builds").glob("*/")), "a finished build leaves nothing behind"
    return prefix


def steps(cache: Path) -> tuple[int, int]:
    """Finished and total steps of the build that runs, or ran last."""
    logs = sorted((cache / "builds").glob("*/build.log"), key=lambda path: path.stat().st_mtime)
    found = STEP.findall(logs[-1].read_text(encoding="utf-8", errors="replace")) if logs else []
    return (int(found[-1][0]), int(found[-1][1])) if found else (0, 0)


def wait(condition: Callable[[], bool], child: subprocess.Popen[str] | None = None) -> None:
    """Wait until something happens, at most ten minutes, and no longer than `child` lives."""
    end = time.monotonic() + 600
    while not condition():
        assert time.monotonic() < end
        assert child is None or child.poll() is None, child and child.stderr and child.stderr.read()
        time.sleep(0.02)


def interrupted(argv: list[str], env: dict[str, str], condition: Callable[[], bool]) -> str:
    """Run on a terminal and press Ctrl-C when `condition` holds; gives what the terminal showed."""
    pid, screen = pty.fork()
    if pid == 0:
        os.execvpe(argv[0], argv, env)
    os.set_blocking(screen, False)
    shown, pressed = b"", False
    while True:
        if not pressed and condition():
            os.write(screen, b"\x03")
            pressed = True
        try:
            shown += os.read(screen, 65536)
        except BlockingIOError:
            time.sleep(0.02)
        except OSError:
            break
    _, status = os.waitpid(pid, 0)
    os.close(screen)
    assert os.waitstatus_to_exitcode(status) == 128 + signal.SIGINT
    return shown.decode(errors="replace")


def clean(prefix: Path) -> bool:
    """Whether nothing of a half-made environment is left."""
    return not [path for path in prefix.parent.glob(".quickstart.*") if path.suffix != ".lock"]


def running_in(folder: Path) -> list[str]:
    found = []
    for one in psutil.process_iter():
        try:
            if one.cwd().startswith(str(folder)):
                found.append(one.name())
        except (psutil.Error, OSError):
            continue
    return found


def test_it_works(quickstart: Path, envspec: Run) -> None:
    report = json.loads(envspec("verify", quickstart, "--json").stdout)
    assert report["passed"]
    assert {check["status"] for check in report["checks"]} == {"passed"}
    assert len(report["checks"]) == 7
    done = envspec(
        "run", quickstart, "--", "python", "-c", "import llama_cpp.server.app, llama_cpp.mtmd_cpp; print('served')"
    )
    assert done.stdout == "served\n", done.stderr
    installed = envspec("run", quickstart, "--", sys.executable, "-m", "uv", "pip", "check").stderr
    assert "All installed packages are compatible" in installed


def test_the_wheel_holds_each_library_once(quickstart: Path, cache: Path) -> None:
    assert quickstart.exists()
    (wheel,) = (cache / "wheels").glob("*/*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    libraries = [name for name in names if re.search(r"\.(so|dylib|dll)(\.|$)", name)]
    assert len(libraries) == 5
    assert all(name.startswith("llama_cpp/lib/") for name in libraries)
    assert {name.split("/")[0] for name in names} == {"llama_cpp", "llama_cpp_python-0.3.36.dist-info"}
    assert wheel.stat().st_size < 4_000_000


def test_a_second_environment_takes_the_wheel_from_the_cache(
    quickstart: Path, project: Path, envspec: Run, tmp_path: Path
) -> None:
    assert quickstart.exists()
    done = envspec("create", project / "specs" / "quickstart.yaml", "--prefix", tmp_path / "二 two", "-v")
    assert done.returncode == 0, done.stderr
    assert "taken from the wheel cache" in done.stderr
    assert "compiling" not in done.stderr
    listed = json.loads(envspec("cache", "list", "--json").stdout)
    assert [(wheel["name"], wheel["version"]) for wheel in listed["wheels"]] == [("llama-cpp-python", "0.3.36")]
    assert listed["unfinished"] == []
    assert "llama-cpp-python 0.3.36" in envspec("cache", "list").stdout


@pytest.mark.parametrize(
    ("library", "content", "failed"),
    [("libllama.so", b"garbage", "llama/import"), ("libggml-cpu.so", None, "llama/import")],
)
def test_a_sabotaged_library_is_found(
    quickstart: Path, envspec: Run, library: str, content: bytes | None, failed: str
) -> None:
    path = next(quickstart.rglob(library))
    kept = path.with_name("kept")
    path.rename(kept)
    try:
        if content is not None:
            path.write_bytes(content)
        done = envspec("verify", quickstart, "--json")
        assert done.returncode == 7
        assert [check["id"] for check in json.loads(done.stdout)["checks"] if check["status"] == "failed"] == [failed]
    finally:
        kept.replace(path)


def other(project: Path, tmp_path: Path, cmake: str, envspec: Run) -> Path:
    """A spec like the quickstart's with other switches, and its lock."""
    spec = tmp_path / "other.yaml"
    text = (project / "specs" / "quickstart.yaml").read_text(encoding="utf-8")
    text = text.replace("name: quickstart", "name: other").replace("  extras: [server]", f"  cmake: {{{cmake}}}")
    spec.write_text(text, encoding="utf-8")
    assert envspec("lock", spec).returncode == 0
    return spec


def test_an_environment_that_fails_its_check_is_not_put_in_place(project: Path, envspec: Run, tmp_path: Path) -> None:
    spec = other(project, tmp_path, "LLAMA_BUILD: false", envspec)
    done = envspec("create", spec)
    assert done.returncode == 7, done.stderr
    assert "llama/import" in done.stdout
    assert "a check failed, so nothing was put in place" in done.stdout
    assert not (tmp_path / ".envs" / "other").exists()
    assert not list((tmp_path / ".envs").glob(".other.stage*"))


def test_a_failed_build_is_explained(project: Path, envspec: Run, tmp_path: Path) -> None:
    spec = other(project, tmp_path, "CMAKE_CXX_FLAGS: -no-such-flag", envspec)
    done = envspec("create", spec)
    assert done.returncode == 6
    assert "llama-cpp-python could not be built: the compiler does not know an option" in done.stderr
    log = re.search(r"the log is (.*)", done.stderr)
    assert log is not None
    assert "CMake Error" in Path(log[1]).read_text(encoding="utf-8")
    assert not (tmp_path / ".envs" / "other").exists()


def test_a_source_archive_with_another_hash_is_refused(project: Path, envspec: Run, tmp_path: Path) -> None:
    shutil.copytree(project / "specs", tmp_path / "specs")
    shutil.copytree(project / "lockfiles", tmp_path / "lockfiles")
    folder = tmp_path / "lockfiles" / "quickstart"
    plan = (folder / "plan.yaml").read_text(encoding="utf-8")
    found = re.search(r"^  sha256: (\w{64})$", plan, re.MULTILINE)
    assert found is not None
    plan = plan.replace(found[1], "a" * 64)
    for path in folder.glob("pip-*.txt"):
        path.write_text(path.read_text(encoding="utf-8").replace(found[1], "a" * 64), encoding="utf-8")
        plan = re.sub(rf"({path.name}): \w+", rf"\1: {fingerprint(path.read_text(encoding='utf-8'))}", plan)
    (folder / "plan.yaml").write_text(plan, encoding="utf-8")
    done = envspec("create", tmp_path / "specs" / "quickstart.yaml")
    assert done.returncode == 5
    assert "llama_cpp_python-0.3.36.tar.gz: hash does not match" in done.stderr
    assert not (tmp_path / ".envs" / "quickstart").exists()


def test_a_full_cache_disk_is_told(project: Path, envspec: Run, mount: Mount, tmp_path: Path) -> None:
    disk = mount("small", "size=20m")
    done = envspec(
        "create",
        project / "specs" / "quickstart.yaml",
        "--prefix",
        tmp_path / "p",
        env={"ENVSPEC_CACHE_DIR": str(disk / "c")},
    )
    assert done.returncode == 3, done.stderr
    assert "the disk is full" in done.stderr
    assert not (tmp_path / "p").exists()
