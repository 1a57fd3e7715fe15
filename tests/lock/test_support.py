"""What can be planned and not yet locked is said, never left out in silence."""

from __future__ import annotations

import pytest

from envspec import catalog
from envspec.errors import NotSupported
from envspec.lock import support
from envspec.plan import resolve
from envspec.spec import read

CATALOG = catalog.load()


def check(lines: str) -> None:
    backend = "" if "backend:" in lines else "backend: cpu\n"
    spec = read(f"envspec: 1\nname: x\npython: '3.12'\nplatforms: linux-64\n{backend}{lines}\n", "x.yaml")
    support.check(spec, resolve(spec, None, CATALOG))


@pytest.mark.parametrize(
    "lines",
    ["pip: [six]", "llama-cpp-python: {}", "llama-cpp-python: {install: source, extras: [server]}", "toolkit: none"],
)
def test_a_cpu_environment_on_a_venv_can_be_locked(lines: str) -> None:
    check(lines)


@pytest.mark.parametrize(
    ("lines", "what", "hint"),
    [
        ("base: conda", "locking `base: conda`", "use `base: venv`"),
        ("backend: cuda", "locking `backend: cuda`", "`backend: cpu` can be locked"),
        ("backend: vulkan\nllama-cpp-python: {install: source}", "locking `backend: vulkan`", "`backend: cpu`"),
        ("torch: '2.6'", "locking `torch`", "`envspec plan` tells its version and index"),
        ("matrix: {python: ['3.12']}", "locking `matrix`", "write one spec for each cell"),
        ("llama-cpp-python: {install: wheel}", "locking wheels of llama-cpp-python", "use `install: source`"),
        ("pip: ['six @ https://example.org/six.whl']", "locking the direct URL in `pip: [six", "name a version"),
        ("base: conda\ntorch: '2.6'", "locking `base: conda`; locking `torch`", "use `base: venv`; `envspec plan`"),
    ],
)
def test_the_rest_is_refused_with_a_way_out(lines: str, what: str, hint: str) -> None:
    with pytest.raises(NotSupported) as caught:
        check(lines)
    assert caught.value.message.startswith("not supported yet: ")
    assert what in caught.value.message
    assert hint in (caught.value.hint or "")
