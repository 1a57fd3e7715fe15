"""Download a file whose hash is known; an interrupted download goes on where it stopped."""

from __future__ import annotations

import os
import shutil
import time
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

import requests

from envspec import progress
from envspec.errors import LockError, ToolError
from envspec.tools import files

if TYPE_CHECKING:
    from pathlib import Path

TRIES = 4
TIMEOUT = (15, 60)
"""Seconds to connect, and seconds without a byte."""
CHUNK = 1 << 18


def fetch(url: str, sha256: str, target: Path) -> None:
    """Put the file at `url` to `target`, once its hash is right.

    Raises:
        LockError: the file has another hash; nothing is kept.
        ToolError: it cannot be downloaded.

    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    if urlsplit(url).scheme == "file":
        shutil.copyfile(url2pathname(urlsplit(url).path), part)
    else:
        _download(url, part)
    found = files.sha256(part)
    if found != sha256:
        part.unlink()
        message = f"{target.name}: hash does not match: locked sha256 {sha256}, downloaded {found}"
        raise LockError(message, hint="the index or its mirror serves another file: try another mirror, or lock again")
    part.replace(target)


def _download(url: str, part: Path) -> None:
    problem = ""
    for attempt in range(TRIES):
        time.sleep(2**attempt - 1)
        try:
            _continue(url, part)
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            problem = type(error).__name__
        except requests.HTTPError as error:
            problem = f"HTTP {error.response.status_code}"
            if error.response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
                break
        except requests.RequestException as error:
            problem = type(error).__name__  # its text may repeat the address, and with it a password
            break
        except OSError as error:
            if error.errno is not None:
                raise
            problem = str(error)  # requests does not find the file of certificates
            break
        else:
            return
    message = f"cannot download {part.name.removesuffix('.part')} from {urlsplit(url).hostname}: {problem}"
    raise ToolError(
        message, hint="check the network and the proxy settings; run the command again and it goes on where it stopped"
    )


def _continue(url: str, part: Path) -> None:
    have = part.stat().st_size if part.exists() else 0
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    # requests knows REQUESTS_CA_BUNDLE; uv and OpenSSL know SSL_CERT_FILE, which users therefore set.
    verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or True
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT, verify=verify) as answer:
        if answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return  # nothing is missing, or the file shrank: the hash decides
        answer.raise_for_status()
        if answer.status_code != HTTPStatus.PARTIAL_CONTENT:
            have = 0
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else None
        with part.open("ab" if have else "wb") as file:
            for chunk in answer.iter_content(CHUNK):
                file.write(chunk)
                have += len(chunk)
                progress.report(f"download {part.name.removesuffix('.part')}", have, total, "bytes")
        if total is not None and have < total:
            message = f"the connection closed after {have} of {total} bytes"
            raise requests.ConnectionError(message)
