"""Probes of environments that misbehave: a `llama_cpp` that crashes, hangs, or lies."""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING

import pytest

from envspec.errors import PrefixError
from envspec.gpu import Backend
from envspec.tools import probe, process, tiny_model
from envspec.tools.uv import Uv
from envspec.tools.venv import interpreter, python_version

if TYPE_CHECKING:
    from pathlib import Path

    from envspec.verify import Observation

FINE = """\
import ctypes
llama_log_callback = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
def llama_log_set(function, data):
    for n in range(5 if function else 0): function(2, b"layer   %d assigned to device CPU, is_swa = 0\\n" % n, None)
def llama_print_system_info(): return b"stand-in"
class Llama:
    def __init__(self, path, **options):
        assert open(path, "rb").read(4) == b"GGUF"
        assert options["n_gpu_layers"] == 0
    def generate(self, prompt, **options): yield from range(100)
    def close(self): pass
"""


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("环境 p")
    Uv().make_venv(folder / "v", sys.executable)
    return interpreter(folder / "v")


def look(python: Path, module: str | None) -> Observation:
    site = next((python.parent.parent).glob("[Ll]ib/python*/site-packages"))
    target = site / "llama_cpp.py"
    target.unlink(missing_ok=True)
    if module is not None:
        target.write_text(module)
    return probe.look(python, Backend.CPU, process.clean_environment(), llama=True, timeout=5)


def test_the_model_is_the_same_bytes_everywhere(tmp_path: Path) -> None:
    tiny_model.write(tmp_path / "tiny.gguf")
    data = (tmp_path / "tiny.gguf").read_bytes()
    assert hashlib.sha256(data).hexdigest() == "dc5a7a7eb3c6b1ac8f61793eea5a1a1525f0c35d4ed82ab93ce4bfa2a5a7efc3"


def test_a_probe_tells_everything(python: Path) -> None:
    seen = look(python, FINE)
    assert (seen.stage, seen.ended, seen.error) == ("done", "exit 0", "")
    assert seen.tokens == tuple(range(8))
    assert seen.system == "stand-in"
    assert seen.log.count("assigned to device CPU") == 5
    assert seen.python == python_version(python.parent.parent)


@pytest.mark.parametrize(
    ("module", "stage", "ended", "error"),
    [
        (None, "import", "exit 0", "ModuleNotFoundError: No module named 'llama_cpp'"),
        ("raise OSError('libfoo.so: cannot open')", "import", "exit 0", "OSError: libfoo.so: cannot open"),
        ("import os; os.kill(os.getpid(), 11)", "import", "SIGSEGV", ""),
        ("import os; os.abort()", "import", "SIGABRT", ""),
        ("import os; os._exit(3)", "import", "exit 3", ""),
        ("import time; time.sleep(60)", "import", "no answer after 5 s", ""),
        (FINE.replace("assert options", "raise ValueError(5) #"), "load", "exit 0", "ValueError: 5"),
        (FINE.replace("yield from range(100)", "yield __import__('os').abort()"), "decode", "SIGABRT", ""),
        ("import sys; sys.stdout.write('{garbage' * 1000)\n" + FINE, "done", "exit 0", ""),
        (FINE + "import atexit, os; atexit.register(os.abort)", "done", "SIGABRT", ""),
    ],
)
def test_a_library_that_misbehaves_is_a_finding(
    python: Path, module: str | None, stage: str, ended: str, error: str
) -> None:
    seen = look(python, module)
    assert (seen.stage, seen.ended, seen.error) == (stage, ended, error)


def test_the_shell_cannot_slip_modules_in(python: Path, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('slipped in')")
    look(python, FINE)
    env = {**process.clean_environment(), "PYTHONPATH": str(tmp_path)}
    assert probe.look(python, Backend.CPU, env, llama=True).stage == "done"


def test_a_missing_interpreter_is_a_finding(tmp_path: Path) -> None:
    seen = probe.look(tmp_path / "none", Backend.CPU, {}, llama=False)
    assert (seen.stage, seen.python) == ("start", "")
    assert "no such program" in seen.ended


def test_without_llama_only_versions_are_seen(python: Path) -> None:
    seen = probe.look(python, Backend.CPU, process.clean_environment(), llama=False)
    assert (seen.stage, seen.log) == ("start", "")
    assert seen.python


def test_a_result_that_is_no_result_counts_as_nothing(tmp_path: Path) -> None:
    for text in (
        "",
        "{",
        "[]",
        '{"stage": "done"}',
        '{"stage": "done", "log": 1}',
        '{"stage": "gone", "log": ""}',
        '{"stage": "done", "log": "", "x": 1}',
    ):
        (tmp_path / "r").write_text(text)
        assert probe.observation(tmp_path / "r", "exit 0", "printed").stage == "start"


def test_a_folder_without_python_has_no_version(tmp_path: Path) -> None:
    with pytest.raises(PrefixError, match="no virtual environment"):
        python_version(tmp_path)
