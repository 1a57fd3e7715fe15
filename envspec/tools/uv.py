"""uv: resolves and installs Python packages, finds Pythons, makes virtual environments."""

from __future__ import annotations

import json
import re
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

import uv
from packaging.specifiers import SpecifierSet

from envspec.errors import EnvspecError, HostError, LockError, NotSupported, ToolError, Unsatisfiable
from envspec.lock import Archive, Pin, Question
from envspec.lock.requirements import parse, render
from envspec.tools import process, uv_config

if TYPE_CHECKING:
    from collections.abc import Mapping


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
            _uv(
                compile_command("pyproject.toml", out.name, "--generate-hashes", "--annotation-style=line"),
                project=here,
            )
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
            _uv(compile_command("requirements.in", "pylock.toml", "--no-deps", "--format=pylock.toml"), project=here)
            listing = tomllib.loads((here / "pylock.toml").read_text(encoding="utf-8"))
        entry = listing["packages"][0].get("sdist", {})
        url, digest = entry.get("url") or _as_url(entry.get("path")), entry.get("hashes", {}).get("sha256")
        if not url or not digest:
            message = f"the index has no source archive with a sha256 for {name} {version}"
            raise ToolError(message, hint="use an index that has the source archives, or another version")
        filename = unquote(urlsplit(url).path).rpartition("/")[2]
        return Found(Archive(name=name, version=version, filename=filename, sha256=digest), with_credentials(url))

    def find_python(self, wanted: str) -> str:
        """Path of an installed Python in a range.

        Raises:
            HostError: there is none; the hint says how to get one.

        """
        try:
            return _uv(("python", "find", wanted, "--system", "--no-python-downloads", "--no-project")).stdout.strip()
        except ToolError as error:
            # A shim of pyenv for a version that is not active is an executable that fails.
            if not re.search("No interpreter found|Failed to inspect Python interpreter", error.message):
                raise
            message = f"no Python {wanted} found on this machine"
            fitting = [f"3.{minor}" for minor in (12, 13, 11, 14, 10) if _in_range(f"3.{minor}", wanted)]
            example = f"for example with `uv python install {fitting[0]}` or " if fitting else ""
            raise HostError(message, hint=f"install one, {example}from https://www.python.org/downloads/") from error

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
    command = ("pip", "compile", source, "--universal", "--no-header", "--python", sys.executable)
    return (*command, "--output-file", output, *options)


def install_command(python: Path, listing: Path) -> tuple[str, ...]:
    """Arguments that install what `listing` pins and nothing else."""
    return (
        "pip",
        "install",
        "--python",
        str(python),
        "--no-deps",
        "--no-build",
        "--require-hashes",
        "-r",
        str(listing),
    )


def _uv(arguments: tuple[str, ...], project: Path | None = None) -> process.Completed:
    """Run uv with the settings that are kept; only in `project` does it find the project's own."""
    argv = (uv.find_uv_bin(), *arguments, "--color=never", "--no-progress")
    with tempfile.TemporaryDirectory(prefix="envspec-uv-") as folder:
        config = Path(folder, "uv", "uv.toml")
        config.parent.mkdir()
        config.write_text(uv_config.kept_settings(), encoding="utf-8")
        env = {**uv_config.environment(), "XDG_CONFIG_DIRS": folder, "XDG_CONFIG_HOME": folder}
        env |= {"APPDATA": folder} if project else {"UV_CONFIG_FILE": str(config)}
        done = process.run(argv, env=env, cwd=project or Path(folder))
    if done.code:
        raise explain(done.stderr)
    return done


def explain(stderr: str) -> EnvspecError:
    """Turn what uv says into an error of ours."""
    text = re.sub(r"\?\S+", "?***", re.sub(r"://\S*@", "://***@", re.sub(r"\n\s*", " ", stderr.strip())))
    text = re.sub(r"^.*?(error:|×)\s*", "", text, count=1).replace("╰─▶ ", "").replace("├─▶ ", "")
    if "o space left on device" in text or "os error 28" in text:
        return HostError(f"the disk is full: {text}", hint="free some space and run the command again")
    if "Hash mismatch" in text:
        hint = "the index or its mirror serves another file: try another mirror, or lock again"
        return LockError(f"hash does not match: {text}", hint=hint)
    if re.search(r"error sending request|dns error|Connection refused|Failed to fetch|timed out|Network|offline", text):
        hint = "check the network; a mirror is set with UV_DEFAULT_INDEX or in uv.toml; proxies with HTTPS_PROXY"
        return ToolError(f"the package index cannot be reached: {text}", hint=hint)
    if "has no usable wheels" in text:
        return NotSupported(f"a package without a wheel: {text}", hint="use a version of it that has a wheel")
    if "No solution found" in text:
        hint = "check the names under `pip`, or loosen `python` or the requirements named above"
        return Unsatisfiable(f"the Python packages cannot be resolved: {text}", hint=hint)
    return ToolError(f"uv failed: {text}", hint="check the network, the index and the disk, then run the command again")


def with_credentials(url: str) -> str:
    """Add the user and password of the configured index, for its own host only and never to be written anywhere."""
    index, target = urlsplit(uv_config.default_index() or ""), urlsplit(url)
    user = index.netloc.rpartition("@")[0]
    if not user or target.username or (index.hostname, index.port) != (target.hostname, target.port):
        return url
    return target._replace(netloc=f"{user}@{target.netloc}").geturl()


def _as_url(path: str | None) -> str | None:
    return Path(path).absolute().as_uri() if path else None


def _in_range(version: str, wanted: str) -> bool:
    return SpecifierSet(wanted).contains(f"{version}.9")
