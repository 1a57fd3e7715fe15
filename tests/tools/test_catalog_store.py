"""The catalog through its copy in the cache, and with the rows of overlays; with real files."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from envspec import catalog
from envspec.errors import SpecError
from envspec.gpu import Platform
from envspec.tools import catalog_store

if TYPE_CHECKING:
    from pathlib import Path

    from envspec.catalog import Catalog
    from tests.conftest import Mount

ROWS = "indexes:\n  - {{name: torch, url: https://{}.example/whl}}\n"
SHIPPED = catalog.load().index_of["torch"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the copy lies in a cache of its own."""
    monkeypatch.setenv("ENVSPEC_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "catalog"


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that has the copy."""
    cache = tmp_path_factory.mktemp("warm")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ENVSPEC_CACHE_DIR", str(cache))
        catalog_store.load()
    return cache


@pytest.fixture
def project(tmp_path: Path, warm: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder, with a cache that has the copy."""
    monkeypatch.setenv("ENVSPEC_CACHE_DIR", str(warm))
    (tmp_path / "我的 project").mkdir()
    return tmp_path / "我的 project"


@pytest.fixture(autouse=True)
def _no_overlay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(catalog_store.VARIABLE, raising=False)


def copies(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.json"))


def index(loaded: Catalog) -> str:
    return loaded.index_of["torch"]


def test_the_first_load_leaves_a_copy_and_the_second_takes_it(folder: Path) -> None:
    assert catalog_store.load() == catalog.load()
    (copy,) = copies(folder)
    rows = json.loads(copy.read_text(encoding="utf-8"))
    rows["indexes"] = [{**row, "url": "https://copy.example"} for row in rows["indexes"]]
    copy.write_text(json.dumps(rows), encoding="utf-8")
    assert index(catalog_store.load()) == "https://copy.example"


@pytest.mark.parametrize("damage", [b"", b"null", b'{"backends": 5}', b"\xff\xfe"])
def test_a_damaged_copy_is_made_again(folder: Path, damage: bytes) -> None:
    catalog_store.load()
    (copy,) = copies(folder)
    whole = copy.read_bytes()
    copy.write_bytes(damage)
    assert catalog_store.load() == catalog.load()
    assert copy.read_bytes() == whole


def test_copies_of_other_versions_are_removed(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / f"{'0' * 64}.json").write_text("{}", encoding="utf-8")
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    catalog_store.load()
    (copy,) = copies(folder)
    assert copy.stem != "0" * 64
    assert (folder / "notes.txt").exists()


def test_a_cache_that_cannot_be_made_only_costs_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("ENVSPEC_CACHE_DIR", str(tmp_path / "file" / "cache"))
    assert catalog_store.load() == catalog.load()


def test_a_cache_folder_that_is_a_file_only_costs_time(folder: Path) -> None:
    folder.parent.mkdir()
    folder.write_text("mine", encoding="utf-8")
    assert catalog_store.load() == catalog.load()
    assert folder.read_text(encoding="utf-8") == "mine"


def test_a_read_only_cache_only_costs_time(mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENVSPEC_CACHE_DIR", str(mount("read-only", "ro,size=4m")))
    assert catalog_store.load() == catalog.load()


def test_a_full_disk_only_costs_time(mount: Mount, monkeypatch: pytest.MonkeyPatch) -> None:
    full = mount("full", "size=64k")
    monkeypatch.setenv("ENVSPEC_CACHE_DIR", str(full))
    assert catalog_store.load() == catalog.load()
    assert list((full / "catalog").iterdir()) == [], "no part of a copy stays"


@pytest.mark.parametrize(
    ("there", "wins"),
    [
        ("", None),
        ("beside", "beside"),
        ("variable", "variable"),
        ("variable beside", "variable"),
        ("given variable beside", "given"),
    ],
)
def test_an_overlay_is_given_or_named_by_the_environment_or_lies_in_the_project(
    project: Path, monkeypatch: pytest.MonkeyPatch, there: str, wins: str | None
) -> None:
    paths = {name: project / f"{name}.yaml" for name in there.split()}
    if "beside" in paths:
        paths["beside"] = project / catalog_store.OVERLAY
    for name, path in paths.items():
        path.write_text(ROWS.format(name), encoding="utf-8")
    if "variable" in paths:
        monkeypatch.setenv(catalog_store.VARIABLE, str(paths["variable"]))
    loaded = catalog_store.load(project, overlay=paths.get("given"))
    assert index(loaded) == (f"https://{wins}.example/whl" if wins else SHIPPED)


def test_a_row_of_an_overlay_adds_or_corrects(project: Path, warm: Path) -> None:
    rows = """\
\ufeffnvidia_gpus:
  - {name: GeForce RTX 9090, capability: "12.0", memory: 96, form: desktop, confidence: declared, source: mine}
torch_wheels:
  - {torch: 2.15.0, tag: cu130, platform: linux-64, unconfirmed: false}
"""
    (project / catalog_store.OVERLAY).write_text(rows, encoding="utf-8")
    made = catalog_store.load(project)
    assert made.gpu_named("rtx-9090") is not None
    assert len(made.nvidia_gpus) == len(catalog.load().nvidia_gpus) + 1
    rows_of = {(row.tag, row.platform): row.unconfirmed for row in made.torch_wheels if str(row.torch) == "2.15.0"}
    assert rows_of["cu130", Platform.LINUX_64] is False
    assert rows_of["cu130", Platform.WIN_64] is True
    assert "RTX 9090" not in copies(warm / "catalog")[0].read_text(encoding="utf-8"), "an overlay stays out of the copy"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"indexes: [", "not valid YAML"),
        (b"just text", "expected tables"),
        (b"indexes: 5", "expected tables"),
        (b"indexes: [5]", "indexes: a row is not a mapping"),
        (b"gpus: []", "gpus: no such table; there are backends, indexes"),
        (b"indexes: [{name: torch, url: [1]}]", "indexes: torch: url:"),
        (b"indexes: [{name: nobody}]", "indexes: nobody: name:"),
        (b"cuda_lines: [{line: twelve}]", "is not a CUDA version"),
        (b"\xff\xfe", "cannot be read: not UTF-8 text"),
        (b"#" * (catalog_store.MAX_BYTES + 1), "larger than 1024 KiB"),
        (b"[" * 20_000, ""),
    ],
)
def test_a_broken_overlay_is_named(project: Path, content: bytes, problem: str) -> None:
    path = project / catalog_store.OVERLAY
    path.write_bytes(content)
    with pytest.raises(SpecError) as caught:
        catalog_store.load(project)
    assert str(path) in caught.value.message
    assert problem in caught.value.message


@pytest.mark.parametrize("name", ["nowhere.yaml", "."])
def test_a_variable_that_names_no_file_is_an_error(project: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(catalog_store.VARIABLE, str(project / name))
    with pytest.raises(SpecError, match="cannot be read") as caught:
        catalog_store.load()
    assert catalog_store.VARIABLE in (caught.value.hint or "")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_an_overlay_that_nobody_writes_is_not_waited_for(project: Path) -> None:
    os.mkfifo(project / "pipe.yaml")
    with pytest.raises(SpecError, match="pipe.yaml is no regular file"):
        catalog_store.load(overlay=project / "pipe.yaml")
