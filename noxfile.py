"""The checks of this project: `nox` runs lint, types and tests; `nox -s bench` measures."""

from __future__ import annotations

import nox

nox.needs_version = ">=2025.5.1"
nox.options.sessions = ["lint", "types", "tests"]
PYPROJECT = nox.project.load_toml("pyproject.toml")


def group(name: str) -> tuple[str, ...]:
    return nox.project.dependency_groups(PYPROJECT, name)


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: every rule, and the format."""
    session.install(*group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Mypy, strict."""
    session.install("-e", ".", *group("types"))
    session.run("mypy")


@nox.session
def tests(session: nox.Session) -> None:
    """Pytest with everything that this machine can do; llama-cpp-python is compiled once."""
    session.install("-e", ".", *group("test"))
    session.run("pytest", "--online", "--prefix", "--cov", "--cov-report=", *session.posargs)
    session.run("coverage", "report", "--skip-covered", "--fail-under=100", f"--include={','.join(PURE)}")


STAGES = ("spec", "catalog", "plan", "doctor", "init", "lock", "build", "prefix", "verify")
PURE = [
    *(f"envspec/{name}/*" for name in STAGES),
    *(f"envspec/{name}.py" for name in ("gpu", "host", "scalars", "shells")),
]
"""Stages that only compute: tested to the last branch."""


@nox.session
def bench(session: nox.Session) -> None:
    """Measure envspec beside the bare tools, in one run."""
    session.install(".", "pip", "uv")
    session.run("python", "-m", "tests.bench", *session.posargs)
