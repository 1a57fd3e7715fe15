"""Real processes: how they are started, watched and ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

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
@pytest.mark.parametrize("leader", ["subprocess.run", "subprocess.Popen"])
@pytest.mark.parametrize("reason", [KeyboardInterrupt, SystemExit, OSError])
def test_leaving_early_ends_the_whole_family(tmp_path: Path, reason: type[BaseException], leader: str) -> None:
    """Also a child that ignores the interruption, and one whose parent is gone."""
    stubborn = "import signal, time; signal.signal(2, signal.SIG_IGN); print('child', flush=True); time.sleep(60)"
    parent = f"import subprocess, sys; {leader}([sys.executable, '-c', {stubborn!r}])"

    def leave(line: str) -> None:
        assert line == "child"
        raise reason

    start = time.monotonic()
    with pytest.raises(reason):
        process.stream(python(parent), leave, env={**HERE, "MARK": str(tmp_path)}, cwd=tmp_path, grace=0.5)
    assert process.marked("MARK", str(tmp_path)) == []
    assert time.monotonic() - start < 30


@POSIX
def test_only_marked_processes_are_found() -> None:
    """Not a shell that somebody opened in the same folder."""
    children = [
        subprocess.Popen(python("import time; time.sleep(60)"), env={**HERE, "MARK": value})
        for value in ("ours", "theirs")
    ]
    try:
        time.sleep(0.2)
        assert [one.pid for one in process.marked("MARK", "ours")] == [children[0].pid]
        process.end_all(process.marked("MARK", "ours"), grace=0)
        assert process.marked("MARK", "ours") == []
        assert children[1].poll() is None
    finally:
        for child in children:
            child.kill()
            child.wait()


@POSIX
@pytest.mark.parametrize(("content", "mode", "why"), [("echo", 0o755, "Exec format error"), ("", 0o644, "Permission")])
def test_a_file_that_is_no_program(tmp_path: Path, content: str, mode: int, why: str) -> None:
    (tmp_path / "x").write_text(content)
    (tmp_path / "x").chmod(mode)
    for start in (process.become, lambda argv, env: process.run(argv, env=env)):
        with pytest.raises(ToolMissing, match=f"cannot run .*: {why}"):
            start((str(tmp_path / "x"),), {})


def test_compilers_and_flags_of_the_shell_do_not_reach_a_build(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CC", "CXX", "CUDAHOSTCXX", "CMAKE_ARGS", "CUDA_PATH", "CFLAGS", "LD_LIBRARY_PATH", "PYTHONPATH"):
        monkeypatch.setenv(name, "/ambient")
    monkeypatch.setenv("CCACHE_DIR", "/cc")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    found = process.clean_environment("CCACHE_", GIVEN="1")
    assert "/ambient" not in found.values()
    assert (found["CCACHE_DIR"], found["https_proxy"], found["GIVEN"]) == ("/cc", "http://127.0.0.1:1", "1")
    assert found["PATH"] == os.environ["PATH"]
