"""Index pages that agree with the catalog, and a web server that answers as it is told."""

from __future__ import annotations

import http.server
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from envspec.catalog import load
from envspec.catalog.compare import label_name
from envspec.gpu import Platform

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

CATALOG = load()
FILES = {
    Platform.LINUX_64: "manylinux_2_28_x86_64",
    Platform.LINUX_AARCH64: "manylinux_2_17_aarch64.manylinux2014_aarch64",
    Platform.OSX_ARM64: "macosx_11_0_arm64",
    Platform.WIN_64: "win_amd64",
}


def torch_files(tag: str) -> set[str]:
    """Files that agree with the catalog."""
    return {
        f"torch-{row.torch}+{tag}-cp3{minor}-cp3{minor}-{FILES[row.platform]}.whl"
        for row in CATALOG.torch_wheels
        if row.tag == tag
        for minor in row.python
    }


def llama_files(tag: str) -> set[str]:
    """Files that agree with the catalog."""
    found = set()
    for row in CATALOG.llama_wheels:
        for release in CATALOG.llama_releases:
            if row.tag == tag and row.covers(release.version):
                pythons = [f"cp3{minor}-cp3{minor}" for minor in row.python] or ["py3-none"]
                found |= {f"llama_cpp_python-{release.version}-{one}-{FILES[row.platform]}.whl" for one in pythons}
    return found


def html(names: Iterable[str]) -> bytes:
    """A page as the torch index writes it."""
    links = "".join(f'<a href="/whl/x/{quote(name)}#sha256=0">{name}</a><br/>\n' for name in sorted(names))
    return f"<!DOCTYPE html>\n<html><body><h1>Links</h1>\n{links}</body></html>\n".encode()


class Answer(NamedTuple):
    """What the server says to one path."""

    body: bytes = b""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = (("Content-Type", "text/html"),)
    length: int | None = None
    """Content-Length, where it lies."""
    head: int | None = None
    """Status for HEAD, where it is another."""


class Index(http.server.ThreadingHTTPServer):
    """Answers by path; other paths get 403, as at the torch index."""

    request_queue_size = 64

    url: str
    answers: dict[str, Answer]
    asked: list[tuple[str, str, str | None]]
    """Method, path and Authorization header of each request."""

    def handle_error(self, *_: object) -> None:
        """Say nothing of readers that had enough."""

    def agree(self) -> None:
        """Serve everything that the catalog speaks of."""
        for row in CATALOG.torch_wheels:
            self.answers[f"/whl/{row.tag}/torch/"] = Answer(html(torch_files(row.tag)))
        for wheel in CATALOG.llama_wheels:
            self.answers[f"/llama/{wheel.tag}/llama-cpp-python/"] = Answer(html(llama_files(wheel.tag)))
        for release in CATALOG.cuda_releases:
            if release.label:
                self.answers[f"/conda/{label_name(release.release)}/linux-64/repodata.json"] = Answer(b"{}")

    def overlay(self, url: str | None = None) -> str:
        """Correction of the catalog that names this server."""
        url = url or self.url
        indexes = f"indexes: [{{name: torch, url: '{url}/whl'}}, {{name: conda, url: '{url}/conda'}}]\nllama_wheels:\n"
        rows = (
            f"  - {{tag: {row.tag}, platform: {row.platform}, since: {row.since}, index: '{url}/llama/{row.tag}'}}\n"
            for row in CATALOG.llama_wheels
        )
        return indexes + "".join(rows)


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers once for each request."""

    server: Index
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        """Answer without a body."""
        self.answer(head=True)

    def do_GET(self) -> None:
        """Answer."""
        self.answer(head=False)

    def answer(self, *, head: bool) -> None:
        """Send what was told for this path."""
        self.server.asked.append((self.command, self.path, self.headers["Authorization"]))
        told = self.server.answers.get(self.path, Answer(b"<Error>AccessDenied</Error>", 403))
        self.send_response(told.head if head and told.head else told.status)
        for name, value in told.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(told.body) if told.length is None else told.length))
        self.end_headers()
        if not head:
            self.wfile.write(told.body)
        self.close_connection = self.close_connection or told.length is not None


@contextmanager
def serving() -> Iterator[Index]:
    """Run a server on this machine."""
    made = Index(("127.0.0.1", 0), Handler)
    made.url, made.answers, made.asked = f"http://127.0.0.1:{made.server_port}", {}, []
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.shutdown()
        made.server_close()
