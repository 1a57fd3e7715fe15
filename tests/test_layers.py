"""The layers of the package, read from its imports."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "envspec"
LAYERS = {
    **dict.fromkeys(("errors", "frozen", "gpu", "progress"), 1),
    **dict.fromkeys(("scalars", "shells"), 2),
    **dict.fromkeys(("spec", "host", "catalog"), 3),
    **dict.fromkeys(("plan", "doctor"), 4),
    **dict.fromkeys(("lock", "init"), 5),
    "build": 6,
    **dict.fromkeys(("prefix", "verify"), 7),
    "tools": 8,
    "pipeline": 9,
    "cli": 10,
    "__main__": 11,
}
OUTSIDE = {
    "subprocess",
    "requests",
    "socket",
    "urllib.request",
    "http.client",
    "shutil",
    "tempfile",
    "filelock",
    "psutil",
    "uv",
}
MAY_TOUCH = {"tools"}
MAY_IMPORT_LATE = {
    "pipeline/stages.py",
    "pipeline/beginning.py",
    "pipeline/facts.py",
    "pipeline/planning.py",
    "pipeline/health.py",
    "cli/commands.py",
    "cli/feedback.py",
}
MODULES = sorted(path.relative_to(PACKAGE).as_posix() for path in PACKAGE.rglob("*.py"))
STAGED = [name for name in MODULES if not name.startswith("probes/")]


def tree(name: str) -> ast.Module:
    return ast.parse((PACKAGE / name).read_text(encoding="utf-8"))


def owner(name: str) -> str:
    return name.partition("/")[0].removesuffix(".py")


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = node.module or ""
        return [f"envspec.{alias.name}" for alias in node.names] if base == "envspec" else [base]
    return []


@pytest.mark.parametrize("name", STAGED)
def test_a_module_imports_only_lower_layers(name: str) -> None:
    here = owner(name)
    for node in ast.walk(tree(name)):
        for target in imported(node):
            if not target.startswith("envspec."):
                continue
            there = target.split(".")[1]
            allowed = there == here or LAYERS[there] < LAYERS.get(here, 0)
            assert allowed or here == "__init__", f"{name} imports {target}"


@pytest.mark.parametrize("name", STAGED)
def test_only_tools_reach_outside(name: str) -> None:
    if owner(name) in MAY_TOUCH:
        return
    for node in ast.walk(tree(name)):
        for target in imported(node):
            assert target not in OUTSIDE, f"{name} imports {target}"
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"} and owner(name) != "cli":
            pytest.fail(f"{name} reads the environment")


def test_only_process_starts_processes() -> None:
    users = [name for name in STAGED for node in ast.walk(tree(name)) if "subprocess" in imported(node)]
    assert users == ["tools/process.py"]


@pytest.mark.parametrize("name", STAGED)
def test_imports_stand_at_the_top(name: str) -> None:
    if name in MAY_IMPORT_LATE:
        return
    for function in ast.walk(tree(name)):
        if isinstance(function, ast.FunctionDef):
            late = [target for node in ast.walk(function) for target in imported(node)]
            assert not late, f"{name}: {function.name} imports {late}"


def test_probes_import_nothing_of_envspec() -> None:
    for name in set(MODULES) - set(STAGED):
        assert not any(target.startswith("envspec") for node in ast.walk(tree(name)) for target in imported(node)), name


@pytest.mark.parametrize("name", MODULES)
def test_modules_and_functions_are_short(name: str) -> None:
    assert len((PACKAGE / name).read_text(encoding="utf-8").splitlines()) <= 300, name
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.FunctionDef):
            assert (node.end_lineno or 0) - node.lineno <= 40, f"{name}: {node.name}"
