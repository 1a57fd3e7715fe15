from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.markers import Marker

from envspec.gpu import Platform
from envspec.lock import Pin
from envspec.lock.markers import applies, for_platform

LINUX, WINDOWS, MAC = Platform.LINUX_64, Platform.WIN_64, Platform.OSX_ARM64


def narrowed(marker: str, platform: Platform = LINUX, python: str = ">=3.11,<3.15") -> str | None:
    pins = for_platform((Pin(name="x", version="1", hashes=("0" * 64,), marker=marker),), platform, python)
    return pins[0].marker if pins else None


@pytest.mark.parametrize(
    ("marker", "platform", "python", "left"),
    [
        ("", LINUX, ">=3.11", ""),
        ("sys_platform == 'linux'", LINUX, ">=3.11", ""),
        ("sys_platform == 'win32'", LINUX, ">=3.11", None),
        ("sys_platform == 'win32'", WINDOWS, ">=3.11", ""),
        ("platform_machine == 'arm64' and sys_platform == 'darwin'", MAC, ">=3.11", ""),
        ("python_full_version >= '3.12'", LINUX, ">=3.11,<3.15", 'python_version >= "3.12"'),
        ("python_full_version < '3.12'", LINUX, ">=3.11,<3.15", 'python_version < "3.12"'),
        ("python_full_version < '3.12'", LINUX, "==3.12.*", None),
        ("python_full_version >= '3.12'", LINUX, "==3.12.4", ""),
        ("python_version == '3.12'", LINUX, ">=3.11,<3.15", 'python_version >= "3.12" and python_version < "3.13"'),
        ("python_version != '3.12'", LINUX, ">=3.11,<3.15", 'python_version < "3.12" or python_version >= "3.13"'),
        ("python_full_version >= '3.12.2'", LINUX, ">=3.11,<3.15", "python_full_version >= '3.12.2'"),
        ("platform_python_implementation == 'PyPy'", LINUX, ">=3.11", None),
        ("extra == 'x'", LINUX, ">=3.11", None),
        ("platform_release >= '20'", LINUX, ">=3.11", "platform_release >= '20'"),
        ("python_version >= '3.13' and sys_platform == 'linux'", LINUX, ">=3.11,<3.15", 'python_version >= "3.13"'),
    ],
)
def test_what_remains_of_a_marker(marker: str, platform: Platform, python: str, left: str | None) -> None:
    assert narrowed(marker, platform, python) == left


comparisons = st.builds(
    "{} {} '{}'".format,
    st.sampled_from(["python_version", "python_full_version"]),
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
    st.sampled_from(["3.11", "3.12", "3.13", "3.12.3", "3.14"]),
) | st.sampled_from(["sys_platform == 'linux'", "sys_platform == 'win32'", "platform_machine != 'x86_64'"])
markers = st.recursive(
    comparisons,
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or"]), inner),
    max_leaves=5,
)


@given(marker=markers, platform=st.sampled_from(list(Platform)), minor=st.integers(11, 14), patch=st.integers(0, 20))
def test_a_narrowed_marker_is_true_exactly_where_the_whole_one_was(
    marker: str, platform: Platform, minor: int, patch: int
) -> None:
    python = f"3.{minor}.{patch}"
    environment = {**platform.markers, "python_version": f"3.{minor}", "python_full_version": python}
    left = narrowed(marker, platform)
    after = left is not None and applies(Pin(name="x", version="1", hashes=(), marker=left), platform, python)
    assert after == Marker(marker).evaluate(environment)
