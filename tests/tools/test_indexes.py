"""Pages of indexes, over real HTTP from a server that misbehaves."""

from __future__ import annotations

import gzip
import json
import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envspec.catalog import Catalog, merged, parse, texts
from envspec.catalog.compare import compare
from envspec.errors import ToolError
from envspec.tools import indexes
from tests.catalog.pages import CATALOG, Answer, Index, html, serving, torch_files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envspec.catalog.compare import Seen

RECORDED = Path(__file__).parent.parent / "cases" / "indexes"
TORCH = (RECORDED / "torch-cu118.json").read_bytes()
LLAMA = (RECORDED / "llama-cpp-python-cu124.json").read_bytes()
NAMES = frozenset(entry["filename"] for entry in json.loads(TORCH)["files"])
BASE = merged(*map(parse, texts().values()))
LABEL = "/conda/nvidia/label/cuda-12.6.3/linux-64/repodata.json"
JSON = (("Content-Type", "application/vnd.pypi.simple.v1+json"),)


@pytest.fixture
def index() -> Iterator[Index]:
    with serving() as made:
        yield made


def corrected(overlay: str) -> Catalog:
    return Catalog.model_validate(merged(BASE, parse(overlay)))


def seen(index: Index) -> Seen:
    """What a look at this server finds, whichever address of it the catalog has."""
    return indexes.look(corrected(index.overlay()))


def listed(found: Seen, tag: str) -> frozenset[str] | None:
    (page,) = [page for page in found.pages if page.package == "torch" and page.tag == tag]
    return page.files


def test_all_pages_are_read_and_agree(index: Index) -> None:
    index.agree()
    found = seen(index)
    assert not found.unreached
    assert compare(CATALOG, found) == ()
    assert listed(found, "cu126") == frozenset(torch_files("cu126"))
    assert {label.release for label in found.labels if label.exists} == {
        row.release for row in CATALOG.cuda_releases if row.label
    }


@pytest.mark.parametrize(
    "answer",
    [
        Answer(TORCH, headers=JSON),
        Answer(TORCH, headers=()),
        Answer(html(NAMES)),
        Answer(gzip.compress(html(NAMES)), headers=(("Content-Type", "text/html"), ("Content-Encoding", "gzip"))),
        Answer(gzip.compress(TORCH), headers=(*JSON, ("Content-Encoding", "gzip"))),
    ],
    ids=["json", "json without a type", "html", "html packed", "json packed"],
)
def test_a_recorded_page_in_each_form(index: Index, answer: Answer) -> None:
    index.answers["/whl/cu118/torch/"] = answer
    assert listed(seen(index), "cu118") == NAMES


def test_a_page_that_moved_is_found(index: Index) -> None:
    index.answers["/whl/cu118/torch/"] = Answer(status=301, headers=(("Location", "/elsewhere/"),))
    index.answers["/elsewhere/"] = Answer(TORCH)
    assert listed(seen(index), "cu118") == NAMES


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_missing_tag_is_no_failure(index: Index, status: int) -> None:
    index.answers["/whl/cu118/torch/"] = Answer(TORCH)
    index.answers["/whl/cu126/torch/"] = Answer(b"no", status)
    found = seen(index)
    assert listed(found, "cu126") is None
    assert listed(found, "cu134") is None


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (Answer(b"down", 500), "HTTP 500"),
        (Answer(b"", 200), "the page lists no wheel"),
        (Answer(b"<html><h1>Please log in</h1><a href='/login'>here</a></html>"), "the page lists no wheel"),
        (Answer(bytes(range(256)) * 40), "the page lists no wheel"),
        (Answer(b"<!DOCTYPE html><![x[<a href='http://[/x.whl'>"), "the page lists no wheel"),
        (Answer(b'{"files": [', headers=JSON), "the page lists no wheel"),
        (Answer(b'{"files": {"x": 1}}', headers=JSON), "the page lists no wheel"),
        (Answer(b'{"files": [{"name": 1}]}', headers=JSON), "the page lists no wheel"),
        (Answer(b'{"a":' * 100_000, headers=JSON), "the page lists no wheel"),
        (Answer(b"no gzip", headers=(("Content-Encoding", "gzip"),)), "ContentDecodingError"),
        (Answer(TORCH, length=10**6), "ChunkedEncodingError"),
        (Answer(b" " * (indexes.LIMIT + 1)), "the page has more than 32 MiB"),
        (
            Answer(gzip.compress(bytes(3 * indexes.LIMIT)), headers=(("Content-Encoding", "gzip"),)),
            "the page has more than 32 MiB",
        ),
    ],
)
def test_a_bad_page_is_told_and_the_others_are_read(index: Index, answer: Answer, problem: str) -> None:
    index.answers |= {"/whl/cu118/torch/": Answer(TORCH), "/whl/cu126/torch/": answer}
    found = seen(index)
    assert listed(found, "cu118") == NAMES
    assert f"{index.url}/whl/cu126/torch/" in {one.url for one in found.unreached if one.problem == problem}
    assert not [page for page in found.pages if page.tag == "cu126" and page.package == "torch"]


def test_an_index_of_which_nothing_is_there_is_told_as_a_whole(index: Index) -> None:
    index.answers["/llama/cu124/llama-cpp-python/"] = Answer(LLAMA)
    found = seen(index)
    assert {page.package for page in found.pages} == {"llama-cpp-python"}
    assert [one.problem for one in found.unreached] == ["none of the pages of torch is there"]


def test_a_channel_without_head_is_asked_for_one_byte(index: Index) -> None:
    index.answers[LABEL] = Answer(b"{", status=206, head=405)
    found = seen(index)
    assert [str(label.release) for label in found.labels if label.exists] == ["12.6.3"]
    assert ("GET", LABEL, None) in index.asked


def closed() -> str:
    """Address of this machine where nobody listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{one.getsockname()[1]}"


def test_a_silent_host_is_told_once_and_the_others_are_read(index: Index) -> None:
    index.answers["/whl/cu118/torch/"] = Answer(TORCH)
    host = closed()
    overlay = index.overlay().replace(f"{index.url}/llama", f"{host}/llama").replace(f"{index.url}/conda", host)
    found = indexes.look(corrected(overlay))
    assert listed(found, "cu118") == NAMES
    assert [(one.url, one.problem) for one in found.unreached] == [(host, "ConnectionError")]


def test_no_host_at_all_is_an_error_without_passwords(index: Index) -> None:
    host = closed()
    overlay = index.overlay(host.replace("://", "://user:hunter2@"))
    with pytest.raises(ToolError, match="no index can be read") as caught:
        indexes.look(corrected(overlay))
    assert caught.value.hint
    assert f"{host}: ConnectionError" in caught.value.message
    assert "hunter2" not in caught.value.message
    assert caught.value.exit_code == 6


def test_a_mirror_with_a_password_gets_it_and_messages_do_not(index: Index) -> None:
    index.answers |= {"/whl/cu118/torch/": Answer(TORCH), "/whl/cu126/torch/": Answer(status=500)}
    found = indexes.look(corrected(index.overlay(index.url.replace("://", "://user:hunter2@"))))
    assert {authorization for _, _, authorization in index.asked} == {"Basic dXNlcjpodW50ZXIy"}
    assert found.unreached
    assert not any("hunter2" in f"{one.url} {one.problem}" for one in found.unreached)


@pytest.mark.parametrize("url", ["http://[bad", "http://host:port", "nonsense", "ftp://host"])
def test_an_address_that_is_none_is_told(index: Index, url: str) -> None:
    index.answers["/whl/cu118/torch/"] = Answer(TORCH)
    found = indexes.look(corrected(index.overlay().replace(f"{index.url}/conda", url)))
    assert listed(found, "cu118") == NAMES
    assert not found.labels
    assert any(one.problem != "none of the pages of llama-cpp-python is there" for one in found.unreached)
