"""A spec as YAML that explains itself."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from envspec.gpu import Backend, Platform
from envspec.spec import ToolkitSource, range_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from envspec.spec import LlamaRequest, Spec

WIDTH = 116
COLUMN = 34
"""Where comments begin that stand behind a value."""
PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?:[./][A-Za-z0-9_-]+)*")
WORDS = {"false", "n", "no", "null", "off", "on", "true", "y", "yes"}
"""What YAML takes for something else than text."""
HEADER = (
    "What this environment needs. `envspec plan` shows what comes of it and why, `envspec lock` pins it, `envspec "
    "create` makes it. `envspec schema` describes every key for editors."
)


def to_text(spec: Spec, remarks: Mapping[str, str], notes: Sequence[str], source: str = "") -> str:
    """Text of a spec file; `remarks` say why a key is as it is, `notes` what was not taken over from `source`."""
    lines = [*_comment(HEADER)]
    if source or notes:
        made = f"Made from {source}" if source else "Made by `envspec init`"
        lines += _comment(f"{made}; to know:" if notes else f"{made}.")
    for note in notes:
        lines += _comment(note, first="- ")
    for key, found in _entries(spec):
        if key in remarks:
            lines += _comment(remarks[key][0].upper() + remarks[key][1:] + ".")
        lines += found
    return "\n".join((*lines, ""))


def _comment(text: str, first: str = "") -> list[str]:
    clean = "".join(char if char.isprintable() else " " for char in text)
    return textwrap.wrap(
        clean,
        WIDTH,
        initial_indent=f"# {first}",
        subsequent_indent=f"# {' ' * len(first)}",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _line(content: str, comment: str) -> list[str]:
    """A key with its comment: behind it, or above where it is long."""
    joined = f"{content:<{COLUMN}}# {comment}"
    if len(content) < COLUMN and len(joined) <= WIDTH:
        return [joined]
    indent = content[: len(content) - len(content.lstrip())]
    return [f"{indent}# {comment}", content]


def _entries(spec: Spec) -> Iterator[tuple[str, list[str]]]:
    """Lines of each key, in the order in which a reader wants them."""
    yield "envspec", _line("envspec: 1", "version of this format")
    yield "name", _line(f"name: {scalar(spec.name)}", f"gives lockfiles/{spec.name} and .envs/{spec.name}")
    yield "python", _line(f"python: {_python(spec)}", 'a version, or a range such as ">=3.11,<3.14"')
    yield "platforms", _platforms(spec)
    told = "venv: a Python that is installed; conda: brings Python, nvcc and compilers"
    yield "base", _line(f"base: {spec.base}", told)
    yield "backend", _line(f"backend: {spec.backend}", "what runs the model: cuda, rocm, vulkan, metal or cpu")
    if spec.backend in {Backend.CUDA, Backend.ROCM, Backend.VULKAN}:
        yield "gpu", _gpu(spec)
    if spec.backend is Backend.CUDA:
        yield "cuda", _cuda(spec)
        told = "where nvcc comes from: conda-label, conda-forge, pypi, system or none"
        open_ = spec.toolkit.source is ToolkitSource.AUTO
        yield "toolkit", _line("# toolkit: auto" if open_ else f"toolkit: {spec.toolkit.source}", told)
    yield "torch", _torch(spec)
    yield "llama-cpp-python", list(_llama(spec.llama))
    yield "conda", _listed("conda", spec.conda, 'conda packages, with `base: conda`: [ffmpeg, "libsndfile >=1.2"]')
    yield "pip", _listed("pip", spec.pip, 'further Python packages: ["fastapi>=0.110"]')
    yield "env", _env(spec)


def _python(spec: Spec) -> str:
    text = range_text(spec.python)
    line = re.fullmatch(r"==(\d+\.\d+)\.\*", text)
    return scalar(line[1] if line else text)


def _platforms(spec: Spec) -> list[str]:
    every = ", ".join(Platform)
    if not spec.platforms:
        return _line("# platforms: [linux-64, win-64]", f"default: this machine's; any of {every}")
    return _line(f"platforms: [{', '.join(spec.platforms)}]", f"any of {every}")


def _gpu(spec: Spec) -> list[str]:
    code = '"8.9"' if spec.backend is Backend.CUDA else "gfx1100"
    told = f"names (`envspec catalog gpus`), {code}, or native: those of the machine"
    if not spec.gpu:
        return _line("# gpu: [native]", f"none, so for any; else {told}")
    return _line(f"gpu: [{', '.join(map(scalar, spec.gpu))}]", told)


def _cuda(spec: Spec) -> list[str]:
    if spec.cuda is None:
        return _line('# cuda: "12.6"', "left out: what GPU, torch and llama-cpp-python share; or an exact release")
    return _line(
        f"cuda: {scalar(str(spec.cuda))}", 'a release line such as "12.6", or an exact release such as "12.6.3"'
    )


def _torch(spec: Spec) -> list[str]:
    if spec.torch is None:
        return _line("torch: false", 'none; or a range such as ">=2.6"')
    version = scalar(range_text(spec.torch.version))
    if spec.torch.packages:
        packages = f"packages: [{', '.join(spec.torch.packages)}]"
        return ["torch:", *_line(f"  version: {version}", "a version or a range"), f"  {packages}"]
    told = "or {version: ..., packages: [torchvision, torchaudio]}; false: no torch"
    return _line(f"torch: {version}", told)


def _llama(llama: LlamaRequest | None) -> Iterator[str]:
    if llama is None:
        yield from _line('# llama-cpp-python: ">=0.3"', "not asked for")
        return
    yield "llama-cpp-python:"
    yield from _line(f"  version: {scalar(range_text(llama.version))}", "a version or a range")
    if llama.extras:
        yield from _line(f"  extras: [{', '.join(llama.extras)}]", "server, test, dev or all")
    else:
        yield from _line("  # extras: [server]", "for an HTTP server: python -m llama_cpp.server")
    yield from _line(
        f"  install: {llama.install}", "auto: a wheel where one fits; wheel: never compile; source: always"
    )


def _listed(key: str, items: Sequence[str], told: str) -> list[str]:
    if not items:
        return _line(f"# {key}: []", told)
    return [*_line(f"{key}:", told), *(f"  - {scalar(item)}" for item in items)]


def _env(spec: Spec) -> list[str]:
    told = "set while the environment is active"
    if not spec.env:
        return _line('# env: {OMP_NUM_THREADS: "8"}', told)
    return [*_line("env:", told), *(f"  {name}: {scalar(value)}" for name, value in spec.env)]


def scalar(text: str) -> str:
    """Text as YAML, in quotes where it would be something else without."""
    if PLAIN.fullmatch(text) and text.lower() not in WORDS:
        return text
    if text.isprintable() and '"' in text and "'" not in text:
        return f"'{text}'"
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    return char if char.isprintable() else f"\\U{ord(char):08x}"
