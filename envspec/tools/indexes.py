"""Look what package indexes and channels have: their pages, read with limits."""

from __future__ import annotations

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from html.parser import HTMLParser
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote, urlsplit

import requests

from envspec import progress
from envspec.catalog.compare import Label, Page, Seen, Unreached, addresses, label_address
from envspec.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from envspec.catalog import Catalog
    from envspec.catalog.compare import Address
    from envspec.gpu import CudaVersion

TIMEOUT = (10, 30)
"""Seconds to connect, and seconds without a byte."""
WHOLE = 120
"""Seconds for one page."""
LIMIT = 32 << 20
"""Bytes of one page, unpacked; the largest real ones have some 3 MB."""
CHUNK = 1 << 16
AT_ONCE = 8
SIMPLE = {"Accept": "application/vnd.pypi.simple.v1+json, text/html;q=0.5"}
FIRST_BYTE = {"Range": "bytes=0-0"}
ABSENT = {HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
"""How indexes say that they have no such page; the torch index says 403."""
NO_HEAD = {HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED}


class Question(NamedTuple):
    """Something to ask an index."""

    about: str
    """Package, or `conda`."""
    url: str
    ask: Callable[[], Page | Label]


class UnreadableError(Exception):
    """A page that tells nothing; the text says why, and holds no address."""


def look(catalog: Catalog) -> Seen:
    """Read all pages that the catalog speaks about.

    Raises:
        ToolError: none of them can be read.

    """
    questions = tuple(_questions(catalog))
    silent: dict[str, str] = {}
    answers: list[Page | Label | Unreached] = []
    pool = ThreadPoolExecutor(AT_ONCE)
    try:
        for answer in pool.map(partial(_answer, silent), questions):
            answers.append(answer)
            progress.report("look at the indexes", len(answers), len(questions))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
    seen = _sorted_out(questions, answers, silent)
    if not seen.pages and not seen.labels:
        problems = "; ".join(f"{one.url}: {one.problem}" for one in seen.unreached)
        message = f"no index can be read: {problems}"
        raise ToolError(message, hint="check the network and the proxy settings, or name a mirror with --catalog")
    return seen


def _questions(catalog: Catalog) -> Iterator[Question]:
    for address in addresses(catalog):
        yield Question(address.package, address.url, partial(_page, address))
    for row in catalog.cuda_releases:
        url = label_address(catalog, row.release)
        yield Question("conda", url, partial(_label, row.release, url))


def _answer(silent: dict[str, str], question: Question) -> Page | Label | Unreached:
    """Ask, unless the host is known not to answer."""
    host = _host(question.url)
    try:
        if host in silent:
            return Unreached(url=host, problem=silent[host])
        return question.ask()
    except UnreadableError as error:
        problem = str(error)
    except (requests.ConnectionError, requests.Timeout) as error:
        problem = silent[host] = type(error).__name__
    except (requests.RequestException, OSError, ValueError) as error:
        problem = type(error).__name__  # its text may repeat the address, and with it a password
    return Unreached(url=host if host in silent else _shown(question.url), problem=problem)


def _sorted_out(
    questions: tuple[Question, ...], answers: list[Page | Label | Unreached], silent: dict[str, str]
) -> Seen:
    """Tell a page that is not there from an index of which nothing is there."""
    reached = {
        question.about
        for question, answer in zip(questions, answers, strict=True)
        if (isinstance(answer, Page) and answer.files is not None) or (isinstance(answer, Label) and answer.exists)
    }
    unreached = {answer.url: answer for answer in answers if isinstance(answer, Unreached)}
    unreached |= {host: Unreached(url=host, problem=problem) for host, problem in silent.items()}
    kept: list[Page | Label] = []
    for question, answer in zip(questions, answers, strict=True):
        if not isinstance(answer, Unreached) and question.about in reached:
            kept.append(answer)
        elif not isinstance(answer, Unreached):
            host = _host(question.url)
            problem = f"none of the pages of {question.about} is there"
            unreached.setdefault(host, Unreached(url=host, problem=problem))
    return Seen(
        pages=tuple(answer for answer in kept if isinstance(answer, Page)),
        labels=tuple(answer for answer in kept if isinstance(answer, Label)),
        unreached=tuple(unreached[url] for url in sorted(unreached)),
    )


def _page(address: Address) -> Page:
    body = _body(address.url)
    return Page(package=address.package, tag=address.tag, files=None if body is None else _names(body))


def _label(release: CudaVersion, url: str) -> Label:
    with _request("HEAD", url, {}) as answer:
        status = answer.status_code
    if status in NO_HEAD:
        with _request("GET", url, FIRST_BYTE) as answer:
            status = answer.status_code
    return Label(release=release, exists=_there(status))


def _body(url: str) -> bytes | None:
    """Body of a page, or None if there is no such page."""
    until = time.monotonic() + WHOLE
    body = bytearray()
    with _request("GET", url, SIMPLE) as answer:
        if not _there(answer.status_code):
            return None
        for chunk in answer.iter_content(CHUNK):
            body += chunk
            if len(body) > LIMIT:
                message = f"the page has more than {LIMIT >> 20} MiB"
                raise UnreadableError(message)
            if time.monotonic() > until:
                message = f"the page takes more than {WHOLE} s"
                raise UnreadableError(message)
    return bytes(body)


def _request(method: str, url: str, headers: dict[str, str]) -> requests.Response:
    # requests knows REQUESTS_CA_BUNDLE; uv and OpenSSL know SSL_CERT_FILE, which users therefore set.
    verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True
    return requests.request(
        method, url, headers=headers, stream=True, timeout=TIMEOUT, verify=verify, allow_redirects=True
    )


def _there(status: int) -> bool:
    if status in ABSENT:
        return False
    if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        message = f"HTTP {status}"
        raise UnreadableError(message)
    return True


def _names(body: bytes) -> frozenset[str]:
    """File names of a page of either form.

    Source: https://packaging.python.org/en/latest/specifications/simple-repository-api/
    """
    text = body.decode("utf-8", errors="replace")
    try:
        names = _json_names(text) if text.lstrip().startswith("{") else _html_names(text)
    except (AssertionError, AttributeError, KeyError, RecursionError, TypeError, ValueError):
        names = frozenset()
    if not any(name.endswith(".whl") for name in names):
        message = "the page lists no wheel"
        raise UnreadableError(message)
    return names


def _json_names(text: str) -> frozenset[str]:
    return frozenset(str(entry["filename"]) for entry in json.loads(text)["files"])


def _html_names(text: str) -> frozenset[str]:
    links = _Links()
    links.feed(text)
    return frozenset(unquote(urlsplit(link).path).rpartition("/")[2] for link in links.found)


class _Links(HTMLParser):
    """Targets of all links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if tag == "a" and name == "href" and value]


def _host(url: str) -> str:
    """Scheme and host of an address, without user and password."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that is none"
    return f"{parts.scheme}://{parts.hostname}{port}"


def _shown(url: str) -> str:
    """Address without user, password and query."""
    host = _host(url)
    return f"{host}{urlsplit(url).path}" if "://" in host else host
