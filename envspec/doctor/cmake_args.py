"""Traps in CMAKE_ARGS: names that another release of llama-cpp-python reads, or none."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from envspec.doctor.model import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envspec.catalog import Catalog
    from envspec.doctor.model import Findings
    from envspec.host import Host

VARIABLES = ("CMAKE_ARGS", "SKBUILD_CMAKE_ARGS")
OPTION = re.compile(r"""-D\s*([A-Za-z_]\w*)(?::[A-Za-z]+)?(?:=("[^"]*"|'[^']*'|[^\s;]*))?""")
CHECKED = ("GGML_", "LLAMA_", "LLAVA_")
FALSE = {"", "0", "FALSE", "IGNORE", "N", "NO", "NOTFOUND", "OFF"}
"""What CMake takes for false: https://cmake.org/cmake/help/latest/command/if.html"""
REFUSED = {"LLAMA_CUBLAS"}
MAPPED = {
    *("LLAMA_CANN", "LLAMA_CUDA", "LLAMA_METAL", "LLAMA_METAL_EMBED_LIBRARY", "LLAMA_NATIVE"),
    *("LLAMA_RPC", "LLAMA_SYCL", "LLAMA_SYCL_F16"),
}
"""Old names that llama.cpp stops at, and those that it still understands; all others it does not even mention."""
SOURCE = "https://github.com/ggml-org/llama.cpp/blob/master/CMakeLists.txt"


def options(host: Host, catalog: Catalog) -> Findings:
    """Options of the newest llama-cpp-python that do not exist by this name."""
    newest = catalog.llama_by_age[0].version
    known = catalog.options(newest)
    for variable, name, value in _given(host):
        if name in known or not name.startswith(CHECKED) or value.upper() in FALSE:
            continue
        text = f"{variable} has -D{name}"
        if any(row.option == name for row in catalog.llama_options):
            yield _old(catalog, text, name)
            continue
        near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
        yield Finding(
            id="cmake-args/unknown",
            severity=Severity.WARNING,
            what=f"{text}, which llama-cpp-python {newest} does not know",
            cause="CMake ignores a name that it does not know; what it was to turn on stays off",
            fix=f"did you mean -D{near[0]}?" if near else f"remove -D{name}, or look up its name",
            source=SOURCE,
        )


def _given(host: Host) -> Iterator[tuple[str, str, str]]:
    """Variable, name and value of each option."""
    for variable, text in host.variables:
        if variable in VARIABLES:
            yield from ((variable, match[1], (match[2] or "").strip("\"'")) for match in OPTION.finditer(text))


def _old(catalog: Catalog, text: str, name: str) -> Finding:
    """An option that earlier releases had."""
    newest = catalog.llama_by_age[0].version
    today = _today(catalog, name)
    use = f"write -D{today} instead" if today else f"remove -D{name}: it is gone"
    if name in REFUSED:
        return Finding(
            id="cmake-args/refused",
            severity=Severity.ERROR,
            what=f"{text}, at which llama-cpp-python {newest} stops",
            cause=f"its CMake ends with: {name} is deprecated and will be removed in the future",
            fix=use,
            source=SOURCE,
        )
    if name in MAPPED:
        return Finding(
            id="cmake-args/old-name",
            severity=Severity.NOTE,
            what=f"{text}, an old name that llama-cpp-python {newest} still understands",
            cause="its CMake warns that it goes away",
            fix=use,
            source=SOURCE,
        )
    switch = any(name in era.switches.values() for era in catalog.llama_eras)
    return Finding(
        id="cmake-args/cpu-build" if switch else "cmake-args/ignored",
        severity=Severity.ERROR if switch else Severity.WARNING,
        what=f"{text}, which llama-cpp-python {newest} ignores",
        cause="the name was changed; a build with it ends on the CPU, and nothing says so"
        if switch
        else "the name was changed, and CMake says nothing about names that it does not know",
        fix=use,
        source=SOURCE,
    )


def _today(catalog: Catalog, name: str) -> str | None:
    """What an option is called in the newest release."""
    known = catalog.options(catalog.llama_by_age[0].version)
    became = {row.option: row.became for row in catalog.llama_options if row.became}
    current: str | None = name
    while current and current not in known:
        current = became.pop(current, None)
    return current
