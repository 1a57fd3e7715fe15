"""Options, and what the tests share: a project folder, the command line, a server, a file system of its own."""

from __future__ import annotations

import functools
import http.server
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
CASES = Path(__file__).parent / "cases"
SMALL = """\
envspec: 1
name: small
python: ">=3.11"
platforms: [linux-64, linux-aarch64, osx-arm64, win-64]
backend: cpu
pip: [six, "colorama; sys_platform == 'win32'"]
env: {GREETING: "你好 'there' $HOME"}
"""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--online", action="store_true", help="run the tests that need the package index")
    parser.addoption("--prefix", action="store_true", help="run the tests that build llama-cpp-python (minutes)")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for name, needs in (("online", "the package index"), ("prefix", "minutes, and the package index")):
        if not config.getoption(f"--{name}"):
            skip = pytest.mark.skip(reason=f"needs {needs}: run pytest --{name}")
            for item in items:
                if item.get_closest_marker(name):
                    item.add_marker(skip)


class Run(Protocol):
    def __call__(
        self, *args: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Cache of the whole test run, so that llama-cpp-python is built once."""
    return tmp_path_factory.mktemp("缓存 cache")


@pytest.fixture(scope="session")
def environment(cache: Path) -> dict[str, str]:
    """Environment of an envspec process: this one's, with a cache of its own and none of its colours."""
    dropped = ("COLUMNS", "FORCE_COLOR", "NO_COLOR", "PYTHONUNBUFFERED", "TTY_COMPATIBLE", "VIRTUAL_ENV")
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return {**kept, "ENVSPEC_CACHE_DIR": str(cache), "PYTHONUTF8": "1"}


@pytest.fixture(scope="session")
def envspec(environment: dict[str, str]) -> Run:
    """Run the command line in a process of its own."""

    def run(
        *args: str | Path, cwd: Path | None = None, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "envspec", *map(str, args)],
            cwd=cwd,
            env={**environment, **(env or {})},
            capture_output=True,
            check=False,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            timeout=300,
        )

    return run


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a small spec; its path has spaces and Chinese characters."""
    folder = tmp_path / "我的 project"
    (folder / "specs").mkdir(parents=True)
    (folder / "specs" / "small.yaml").write_text(SMALL, encoding="utf-8")
    return folder


@pytest.fixture
def locked(project: Path, small_lock: dict[str, str]) -> Path:
    """The small project with its lock; gives the path of the spec."""
    folder = project / "lockfiles" / "small"
    folder.mkdir(parents=True)
    for name, text in small_lock.items():
        (folder / name).write_text(text, encoding="utf-8")
    return project / "specs" / "small.yaml"


@pytest.fixture(scope="session")
def small_lock(tmp_path_factory: pytest.TempPathFactory, envspec: Run) -> dict[str, str]:
    """Files of the small spec's lock, made once by the real uv."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
    done = envspec("lock", folder / "small.yaml")
    assert done.returncode == 0, done.stderr
    return {path.name: path.read_text(encoding="utf-8") for path in (folder / "lockfiles" / "small").iterdir()}


class Server(http.server.ThreadingHTTPServer):
    """Serves a folder on 127.0.0.1, and misbehaves on request."""

    url: str
    root: Path
    requests: list[tuple[str, str | None]]
    """Path and Range header of each request."""
    fail: dict[str, int]
    """Path to the status that its first request gets."""
    cut: dict[str, int]
    """Path to the number of bytes after which its first answer breaks off."""


class Handler(http.server.SimpleHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self.server.requests.append((self.path, self.headers["Range"]))
        if status := self.server.fail.pop(self.path, None):
            self.send_error(status)
            return
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            super().do_GET()
            return
        data = path.read_bytes()
        start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-")) if self.headers["Range"] else 0
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        end = self.server.cut.pop(self.path, len(data))
        self.wfile.write(data[start:end])
        if end < len(data):
            self.close_connection = True


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A web server for a folder."""
    root = tmp_path / "served"
    root.mkdir()
    made = Server(("127.0.0.1", 0), functools.partial(Handler, directory=str(root)))
    made.root, made.url, made.requests, made.fail, made.cut = root, f"http://127.0.0.1:{made.server_port}", [], {}, {}
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mount small file systems."""
    mounted: list[Path] = []

    def make(name: str, options: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        try:
            done = subprocess.run(
                ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False
            )
        except FileNotFoundError:
            pytest.skip("this system has no mount command")
        if done.returncode:
            pytest.skip("mounting a file system needs root")
        mounted.append(folder)
        return folder

    yield make
    for folder in mounted:
        subprocess.run(["umount", "-l", folder], check=False)


class Mount(Protocol):
    def __call__(self, name: str, options: str) -> Path: ...
