"""Compare what a probe saw with what the lock says."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from envspec.gpu import Backend
from envspec.verify import tiny
from envspec.verify.layers import layers
from envspec.verify.model import Check, Expectation, Observation, Report, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

DEVICES = {
    Backend.CPU: "CPU",
    Backend.CUDA: "CUDA",
    Backend.ROCM: "ROCm",
    Backend.VULKAN: "Vulkan",
    Backend.METAL: "Metal",
}
"""How the names of a backend's devices begin in llama.cpp's log."""
STAGES = ("start", "import", "load", "decode", "done")
AGAIN = "run `envspec create --force` to make it again"
LOOK = "run the same command with --json to see all that llama.cpp logged"


def judge(prefix: str, expected: Expectation, seen: Observation) -> Report:
    """Turn an observation into checks; what could not be looked at is skipped, and says why."""
    checks = tuple(_checks(expected, seen))
    failed = any(check.status is Status.FAILED for check in checks)
    return Report(prefix=prefix, checks=checks, log=seen.log if failed else "")


def _checks(expected: Expectation, seen: Observation) -> Iterator[Check]:
    if not seen.python:
        yield _failed("python/version", f"the interpreter does not run: {_why(seen)}", AGAIN)
    elif SpecifierSet(expected.python).contains(seen.python.rstrip("+")):
        yield _passed("python/version", seen.python)
    else:
        yield _failed("python/version", f"{seen.python} is outside {expected.python}", AGAIN)
    yield _packages(expected, seen)
    if not expected.llama:
        return
    yield _import(seen)
    yield _load(seen)
    yield _layers(expected.backend, seen)
    yield _tokens(seen)
    yield _exit(seen)


def _packages(expected: Expectation, seen: Observation) -> Check:
    if not seen.python:
        return _skipped("packages/versions", "the interpreter does not run")
    drift = [
        f"{name} {seen.packages.get(name, 'missing')} (locked {version})"
        for name, version in expected.packages
        if seen.packages.get(name) != version
    ]
    if drift:
        return _failed("packages/versions", "; ".join(drift), AGAIN)
    return _passed("packages/versions", f"all {len(expected.packages)} as locked")


def _import(seen: Observation) -> Check:
    name = "llama/import"
    if not seen.python:
        return _skipped(name, "the interpreter does not run")
    if not _began("load", seen):
        return _failed(name, _why(seen), LOOK)
    return _passed(name, seen.system.strip())


def _load(seen: Observation) -> Check:
    name = "llama/load"
    if not _began("load", seen):
        return _skipped(name, "llama_cpp was not imported")
    if not _began("decode", seen):
        return _failed(name, _why(seen), LOOK)
    return _passed(name, f"{tiny.LAYERS}-layer test model")


def _layers(backend: Backend, seen: Observation) -> Check:
    name, wanted = "llama/layers", DEVICES[backend]
    if not _began("decode", seen):
        return _skipped(name, "the test model was not loaded")
    placed = layers(seen.log)
    missing = sorted(set(range(tiny.LAYERS + 1)) - placed.keys())
    if missing:
        return _failed(
            name, f"the log does not say where layers {missing} are", "this llama-cpp-python is too old to check"
        )
    found = ", ".join(f"{count} on {device}" for device, count in sorted(Counter(placed.values()).items()))
    if all(device.startswith(wanted) for device in placed.values()):
        return _passed(name, f"{found} (with the output layer)")
    return _failed(name, f"{found}; all belong on {wanted}", "the build or the driver does not offer the device")


def _tokens(seen: Observation) -> Check:
    name = "llama/tokens"
    if not _began("decode", seen):
        return _skipped(name, "the test model was not loaded")
    if not _began("done", seen):
        return _failed(name, _why(seen), LOOK)
    if seen.tokens == tiny.TOKENS:
        return _passed(name, f"{len(seen.tokens)} tokens as recorded")
    return _failed(
        name,
        f"got {list(seen.tokens)}, recorded are {list(tiny.TOKENS)}",
        "the library computes wrong results: remove it with `envspec cache prune --older-than 0` and build it again",
    )


def _exit(seen: Observation) -> Check:
    name = "llama/exit"
    if not _began("done", seen):
        return _skipped(name, "the probe did not get there")
    if seen.error or seen.ended != "exit 0":
        return _failed(name, f"everything worked, and then: {seen.error or seen.ended}", LOOK)
    return _passed(name, seen.ended)


def _began(stage: str, seen: Observation) -> bool:
    return STAGES.index(seen.stage) >= STAGES.index(stage)


def _why(seen: Observation) -> str:
    last = next((line for line in reversed(seen.log.splitlines()) if line.strip()), "")
    return seen.error or (f"{seen.ended}; last line: {last}" if last else seen.ended)


def _passed(name: str, detail: str) -> Check:
    return Check(id=name, status=Status.PASSED, detail=detail)


def _failed(name: str, detail: str, hint: str) -> Check:
    return Check(id=name, status=Status.FAILED, detail=detail, hint=hint)


def _skipped(name: str, why: str) -> Check:
    return Check(id=name, status=Status.SKIPPED, detail=why)
