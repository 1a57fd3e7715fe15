"""Downloads, over real HTTP from a server that misbehaves."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from envspec.errors import LockError, ToolError
from envspec.tools.download import fetch

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Server

DATA = bytes(range(256)) * 8000
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def url(server: Server) -> str:
    (server.root / "x.tar.gz").write_bytes(DATA)
    return f"{server.url}/x.tar.gz"


def test_a_file_arrives_whole(url: str, tmp_path: Path) -> None:
    fetch(url, DIGEST, tmp_path / "new" / "x.tar.gz")
    assert (tmp_path / "new" / "x.tar.gz").read_bytes() == DATA
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["x.tar.gz"]


def test_a_broken_connection_goes_on_where_it_stopped(url: str, server: Server, tmp_path: Path) -> None:
    server.cut["/x.tar.gz"] = 1_000_000
    fetch(url, DIGEST, tmp_path / "x.tar.gz")
    assert (tmp_path / "x.tar.gz").read_bytes() == DATA
    first, second = (asked for _, asked in server.requests)
    assert first is None
    assert second is not None
    assert 500_000 < int(second.removeprefix("bytes=").removesuffix("-")) <= 1_000_000


def test_an_interrupted_download_goes_on_in_the_next_run(url: str, server: Server, tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz.part").write_bytes(DATA[:500_000])
    fetch(url, DIGEST, tmp_path / "x.tar.gz")
    assert (tmp_path / "x.tar.gz").read_bytes() == DATA
    assert server.requests == [("/x.tar.gz", "bytes=500000-")]


def test_one_server_error_is_tried_again(url: str, server: Server, tmp_path: Path) -> None:
    server.fail["/x.tar.gz"] = 503
    fetch(url, DIGEST, tmp_path / "x.tar.gz")
    assert len(server.requests) == 2


def test_another_file_is_refused_and_not_kept(url: str, tmp_path: Path) -> None:
    with pytest.raises(LockError, match="hash does not match") as caught:
        fetch(url, "0" * 64, tmp_path / "x.tar.gz")
    assert caught.value.hint
    assert list(tmp_path.glob("x.tar.gz*")) == []


def test_a_wrong_beginning_is_found_and_not_kept(url: str, tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz.part").write_bytes(b"?" * 1000)
    with pytest.raises(LockError, match="hash does not match"):
        fetch(url, DIGEST, tmp_path / "x.tar.gz")
    fetch(url, DIGEST, tmp_path / "x.tar.gz")
    assert (tmp_path / "x.tar.gz").read_bytes() == DATA


def test_a_missing_file_is_an_error_without_its_credentials(server: Server, tmp_path: Path) -> None:
    url = server.url.replace("http://", "http://user:secret@") + "/none"
    with pytest.raises(ToolError, match="cannot download none from 127.0.0.1: HTTP 404") as caught:
        fetch(url, DIGEST, tmp_path / "none")
    assert "secret" not in str(caught.value)
    assert len(server.requests) == 1, "a missing file is not asked for again"


def test_a_missing_certificate_file_is_an_error_of_ours(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))
    with pytest.raises(ToolError, match="none.pem"):
        fetch(url.replace("http://", "https://"), DIGEST, tmp_path / "x.tar.gz")


def test_an_address_that_is_none_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(ToolError) as caught:
        fetch("http://user:secret@127.0.0.1:port/y.tar.gz", DIGEST, tmp_path / "y.tar.gz")
    assert "secret" not in str(caught.value)


def test_a_local_index_has_file_urls(tmp_path: Path) -> None:
    source = tmp_path / "源 x.tar.gz"
    source.write_bytes(DATA)
    fetch(source.as_uri(), DIGEST, tmp_path / "x.tar.gz")
    assert (tmp_path / "x.tar.gz").read_bytes() == DATA
