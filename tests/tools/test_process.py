"""Real processes: how they are started, watched and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from envspec.errors import ToolMissing
from envspec.tools import process

if TYPE_CHECKING:
    from pathlib import Path

HERE = process.clean_environment()
POSIX = pytest.mark.skipif(os.name != "posix", reason="signals are POSIX")


def python(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def test_output_and_exit_code_are_kept() -> None:
    done = process.run(
        python("import sys; print('出'); print('err', file=sys.stderr); sys.exit(3)"), env={**HERE, "PYTHONUTF8": "1"}
    )
    assert done == (3, "出\n", "err\n")


@POSIX
def test_a_signal_is_a_negative_code() -> None:
    assert process.run(python("import os; os.kill(os.getpid(), 9)"), env=HERE).code == -signal.SIGKILL


def test_a_missing_program_is_an_error_of_ours() -> None:
    for start in (lambda: process.run(("no-such",), env=HERE), lambda: process.stream(("no-such",), print, env=HERE)):
        with pytest.raises(ToolMissing, match="cannot run 'no-such'"):
            start()


def test_a_program_that_hangs_is_ended() -> None:
    start = time.monotonic()
    with pytest.raises(TimeoutError, match="took more than 0.5 s"):
        process.run(python("import time; time.sleep(60)"), env=HERE, timeout=0.5)
    assert time.monotonic() - start < 30


def test_lines_come_while_the_program_runs() -> None:
    seen: list[str] = []
    code = process.stream(
        python("import sys; print('a', flush=True); print('b', file=sys.stderr); sys.exit(2)"), seen.append, env=HERE
    )
    assert (seen, code) == (["a", "b"], 2)


@POSIX
def test_an_interruption_ends_the_whole_family(tmp_path: Path) -> None:
    stubborn = "import signal, time; signal.signal(2, signal.SIG_IGN); print('child', flush=True); time.sleep(60)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {stubborn!r}])"

    def interrupt(line: str) -> None:
        assert line == "child"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        process.stream(python(parent), interrupt, env=HERE, cwd=tmp_path, grace=0.5)
    assert process.working_in(tmp_path) == []


def test_processes_are_found_by_their_folder(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "ab").mkdir()
    children = [subprocess.Popen(python("import time; time.sleep(60)"), cwd=tmp_path / name) for name in ("a/b", "ab")]
    try:
        assert [one.pid for one in process.working_in(tmp_path / "a")] == [children[0].pid]
        children[0].terminate()
        process.end_all([psutil.Process(children[0].pid)])
    finally:
        for child in children:
            child.kill()
            child.wait()


def test_compilers_and_flags_of_the_shell_do_not_reach_a_build(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CC", "CXX", "CUDAHOSTCXX", "CMAKE_ARGS", "CUDA_PATH", "CFLAGS", "LD_LIBRARY_PATH", "PYTHONPATH"):
        monkeypatch.setenv(name, "/ambient")
    monkeypatch.setenv("CCACHE_DIR", "/cc")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    found = process.clean_environment("CCACHE_", GIVEN="1")
    assert "/ambient" not in found.values()
    assert (found["CCACHE_DIR"], found["https_proxy"], found["GIVEN"]) == ("/cc", "http://127.0.0.1:1", "1")
    assert found["PATH"] == os.environ["PATH"]
