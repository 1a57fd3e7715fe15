from __future__ import annotations

import json
import sys

from envspec.tools import pythons


def entry(version: str, implementation: str = "cpython", variant: str = "default") -> dict[str, str]:
    return {"version": version, "implementation": implementation, "variant": variant}


def test_what_uv_prints() -> None:
    listed = [
        entry("3.11.2"),
        entry("3.14.0"),
        entry("3.11.7"),
        entry("3.15.0a2"),
        entry("3.13.1", variant="freethreaded"),
        entry("3.10.16", implementation="pypy"),
        entry("2.7.18"),
        entry("3.6.15"),
    ]
    assert pythons.minors(json.dumps(listed)) == (14, 11)
    for text in ("", "{}", "[1]", "warning"):
        assert pythons.minors(text) == ()


def test_this_python_is_installed() -> None:
    assert sys.version_info.minor in pythons.installed()
    assert pythons.installed(patience=0.0) == (sys.version_info.minor,), "whatever uv does"
