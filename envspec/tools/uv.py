"""uv: resolves and installs Python packages, finds Pythons, makes virtual environments."""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import uv
from packaging.specifiers import SpecifierSet

from envspec.errors import EnvspecError, HostError, LockError, ToolError, Unsatisfiable
from envspec.lock import Archive, Pin, Question
from envspec.lock.requirements import parse, render
from envspec.tools import pip_config, process

if TYPE_CHECKING:
    from collections.abc import Mapping


KEPT = re.compile(
    r"UV_(DEFAULT_INDEX|INDEX_URL|INDEX_\w+_(USERNAME|PASSWORD)|CACHE_DIR|CONFIG_FILE|CONCURRENT_\w+|HTTP_\w+"
    r"|INSECURE_HOST|KEYRING_PROVIDER|LINK_MODE|NATIVE_TLS|SYSTEM_CERTS|OFFLINE|PYTHON_INSTALL_DIR)"
)
"""Settings of uv that say where the default index is and how to reach it; all others could change a result."""


class Found(NamedTuple):
    """A source archive and where the configured index has it today."""

    archive: Archive
    url: str


class Uv:
    """The Solver of the lock, and the installer of Python packages."""

    def solve(self, question: Question) -> tuple[Pin, ...]:
        """Resolve for all platforms and all Pythons of a range at once."""
        with tempfile.TemporaryDirectory(prefix="envspec-lock-") as folder:
            here, out = Path(folder), Path(folder, "requirements.txt")
            (here / "pyproject.toml").write_text(project(question), encoding="utf-8")
            out.write_text(render(question.keep), encoding="utf-8")
            _uv(compile_command("pyproject.toml", out.name, "--generate-hashes", "--annotation-style=line"), cwd=here)
            return parse(out.read_text(encoding="utf-8"), "uv")

    def sdist(self, name: str, version: str) -> Archive:
        """Find the source archive of a release."""
        return self.find_sdist(name, version).archive

    def find_sdist(self, name: str, version: str) -> Found:
        """Find the source archive of a release and its address on the configured index.

        Raises:
            ToolError: the index has none.

        """
        with tempfile.TemporaryDirectory(prefix="envspec-sdist-") as folder:
            here = Path(folder)
            (here / "requirements.in").write_text(f"{name}=={version}\n", encoding="utf-8")
            _uv(compile_command("requirements.in", "pylock.toml", "--no-deps", "--format=pylock.toml"), cwd=here)
            listing = tomllib.loads((here / "pylock.toml").read_text(encoding="utf-8"))
        entry = listing["packages"][0].get("sdist", {})
        url, digest = entry.get("url") or _as_url(entry.get("path")), entry.get("hashes", {}).get("sha256")
        if not url or not digest:
            message = f"the index has no source archive with a sha256 for {name} {version}"
            raise ToolError(message, hint="use an index that has the source archives, or another version")
        filename = url.rpartition("/")[2]
        return Found(Archive(name=name, version=version, filename=filename, sha256=digest), url)

    def find_python(self, wanted: str) -> str:
        """Path of an installed Python in a range.

        Raises:
            HostError: there is none; the hint says how to get one.

        """
        try:
            return _uv(("python", "find", wanted, "--system", "--no-python-downloads", "--no-project")).stdout.strip()
        except EnvspecError as error:
            message = f"no Python {wanted} found on this machine"
            newest = next((f"3.{minor}" for minor in (12, 13, 11, 14, 10) if _in_range(f"3.{minor}", wanted)), wanted)
            hint = (
                f"install one, for example with `uv python install {newest}` or from https://www.python.org/downloads/"
            )
            raise HostError(message, hint=hint) from error

    def make_venv(self, folder: Path, python: str) -> None:
        """Make a virtual environment whose scripts work wherever the folder is moved."""
        _uv(("venv", str(folder), "--python", python, "--relocatable", "--no-project", "--no-python-downloads"))

    def install(self, python: Path, pins: tuple[Pin, ...], wheels: Mapping[str, tuple[Path, str]]) -> None:
        """Install exactly these files, hashes required; `wheels` replaces pins by local files with their sha256."""
        with tempfile.TemporaryDirectory(prefix="envspec-install-") as folder:
            listing = Path(folder, "requirements.txt")
            plain = [pin for pin in pins if pin.name not in wheels]
            local = "".join(
                f"{name} @ {wheel.as_uri()} --hash=sha256:{digest}\n" for name, (wheel, digest) in wheels.items()
            )
            listing.write_text(render(plain) + local, encoding="utf-8")
            _uv(install_command(python, listing))


def project(question: Question) -> str:
    """Text of a project whose dependencies are the requirements, for the question's platforms only.

    Source: https://docs.astral.sh/uv/reference/settings/ (environments, dependency-metadata)
    """
    known = [platform.markers for platform in question.platforms]
    environments = [
        f"sys_platform == '{item['sys_platform']}' and platform_machine == '{item['platform_machine']}'"
        for item in known
    ]
    lines = [
        "[project]",
        'name = "the-spec"',
        'version = "0"',
        f"requires-python = {json.dumps(question.python)}",
        f"dependencies = {json.dumps(question.requirements)}",
        "[tool.uv]",
        f"environments = {json.dumps(environments)}",
    ]
    for name, version, requires in question.known:
        lines += [
            "[[tool.uv.dependency-metadata]]",
            f"name = {json.dumps(name)}",
            f"version = {json.dumps(version)}",
            f"requires-dist = {json.dumps(requires)}",
            f"provides-extra = {json.dumps(_extras(requires))}",
        ]
    return "\n".join((*lines, ""))


def _extras(requires: tuple[str, ...]) -> list[str]:
    """Names of the extras that requirements are conditional on."""
    return sorted({found for text in requires for found in re.findall(r'extra == "([^"]+)"', text)})


def compile_command(source: str, output: str, *options: str) -> tuple[str, ...]:
    """Arguments that resolve `source` for all platforms at once."""
    return ("pip", "compile", source, "--universal", "--no-header", "--output-file", output, *options)


def install_command(python: Path, listing: Path) -> tuple[str, ...]:
    """Arguments that install what `listing` pins and nothing else."""
    return ("pip", "install", "--python", str(python), "--no-deps", "--require-hashes", "--requirement", str(listing))


def _uv(arguments: tuple[str, ...], cwd: Path | None = None) -> process.Completed:
    argv = (uv.find_uv_bin(), *arguments, "--color=never", "--no-progress")
    done = process.run(argv, env=_environment(), cwd=cwd)
    if done.code:
        raise explain(done.stderr)
    return done


def _environment() -> dict[str, str]:
    """The user's environment without what would change a result: other indexes, an active environment.

    Where uv was left alone, the index that pip is configured for is the default one.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("UV_", "VIRTUAL_ENV", "CONDA", "PYTHON", "PIP_")) or KEPT.fullmatch(name)
    }
    chosen = {"UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_CONFIG_FILE"} & kept.keys()
    index = None if chosen or any(path.exists() for path in _configurations()) else pip_config.index_url()
    return {**kept, "UV_DEFAULT_INDEX": index} if index else kept


def _configurations() -> tuple[Path, ...]:
    """Files in which uv's user may have chosen an index.

    Source: https://docs.astral.sh/uv/concepts/configuration-files/
    """
    if sys.platform == "win32":
        return tuple(
            Path(os.environ[name], "uv", "uv.toml") for name in ("APPDATA", "PROGRAMDATA") if name in os.environ
        )
    user = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(user, "uv", "uv.toml").expanduser(), Path("/etc/uv/uv.toml")


def explain(stderr: str) -> EnvspecError:
    """Turn what uv says into an error of ours."""
    text = re.sub(r"://[^/\s@]+@", "://***@", re.sub(r"\n\s*", " ", stderr.strip()))
    text = re.sub(r"^(warning: .*?)?\s*(error:|×)\s*", "", text).replace("╰─▶ ", "").replace("├─▶ ", "")
    if "o space left on device" in text or "os error 28" in text:
        return HostError(f"the disk is full: {text}", hint="free some space and run the command again")
    if "Hash mismatch" in text:
        hint = "the index or its mirror serves another file: try another mirror, or lock again"
        return LockError(f"hash does not match: {text}", hint=hint)
    if re.search(r"error sending request|dns error|Connection refused|Failed to fetch|timed out|Network|offline", text):
        hint = "check the network; a mirror is set with UV_DEFAULT_INDEX or in uv.toml; proxies with HTTPS_PROXY"
        return ToolError(f"the package index cannot be reached: {text}", hint=hint)
    if "No solution found" in text:
        hint = "loosen `python` or the `pip` requirements named above"
        return Unsatisfiable(f"the Python packages cannot be resolved: {text}", hint=hint)
    return ToolError(f"uv failed: {text}", hint="run again with -v to see more")


def _as_url(path: str | None) -> str | None:
    return Path(path).absolute().as_uri() if path else None


def _in_range(version: str, wanted: str) -> bool:
    return SpecifierSet(wanted).contains(f"{version}.9")
