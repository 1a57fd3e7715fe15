"""Run a probe in a process of its own, under the Python of the environment that is looked at."""

from __future__ import annotations

import json
import signal
import tempfile
from importlib.resources import as_file, files
from pathlib import Path

from envspec.errors import ToolMissing
from envspec.gpu import Backend
from envspec.tools import process, tiny_model
from envspec.verify import Observation, tiny

TIMEOUT = 120.0
"""Seconds; loading takes one, CUDA's first start on a slow machine some twenty."""


def look(python: Path, backend: Backend, env: dict[str, str], *, llama: bool, timeout: float = TIMEOUT) -> Observation:
    """See what is in an environment and, with `llama`, whether llama-cpp-python works in it."""
    with tempfile.TemporaryDirectory(prefix="envspec-probe-", ignore_cleanup_errors=True) as folder:
        model, request, result = (Path(folder, name) for name in ("tiny.gguf", "request.json", "result.json"))
        if llama:
            tiny_model.write(model)
        wanted = {
            "model": str(model) if llama else None,
            "n_gpu_layers": 0 if backend is Backend.CPU else -1,
            "prompt": tiny.PROMPT,
            "count": len(tiny.TOKENS),
        }
        request.write_text(json.dumps(wanted), encoding="utf-8")
        with as_file(files("envspec.probes") / "llama.py") as script:
            ended, printed = _run((str(python), "-I", str(script), str(request), str(result)), env, timeout)
        return observation(result, ended, printed)


def _run(argv: tuple[str, ...], env: dict[str, str], timeout: float) -> tuple[str, str]:
    """How the process ended, and what it printed to stderr."""
    try:
        done = process.run(argv, env=env, timeout=timeout)
    except TimeoutError:
        return f"no answer after {timeout:g} s", ""
    except ToolMissing as error:
        return error.message, ""
    if done.code < 0:
        return signal.Signals(-done.code).name, done.stderr
    return f"exit {done.code}", done.stderr


def observation(result: Path, ended: str, printed: str) -> Observation:
    """Read what a probe wrote; a result that cannot be read counts as one that was never written."""
    try:
        seen = json.loads(result.read_text(encoding="utf-8"))
        return Observation.model_validate({**seen, "ended": ended, "log": seen["log"] + printed})
    except (KeyError, OSError, TypeError, ValueError):
        return Observation(stage="start", ended=ended, log=printed)
