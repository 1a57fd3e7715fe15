"""The verb `catalog` as users meet it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.catalog.pages import CATALOG, Answer, Index, html, serving, torch_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Run


@pytest.fixture
def index() -> Iterator[Index]:
    with serving() as made:
        yield made


@pytest.fixture
def overlay(index: Index, tmp_path: Path) -> Path:
    """Correction of the catalog that names the server."""
    path = tmp_path / "更正 mine.yaml"
    path.write_text(index.overlay(), encoding="utf-8")
    return path


def test_the_summary_has_each_table(envspec: Run) -> None:
    done = envspec("catalog")
    assert done.returncode == 0, done.stderr
    rows = {words[0]: words[1:] for words in map(str.split, done.stdout.splitlines()[1:])}
    assert set(rows) == set(type(CATALOG).model_fields)
    assert rows["torch_releases"][:2] == [str(len(CATALOG.torch_releases)), str(CATALOG.torch_by_age[0].version)]
    counts = json.loads(envspec("catalog", "--json").stdout)
    for name, row in counts.items():
        assert row["measured"] + row["declared"] + row["inferred"] == row["rows"] == int(rows[name][0])


@pytest.mark.parametrize(
    ("topic", "words"),
    [
        ("cuda", ("450.80.02", "528.33", "12.6.3", "5.0 .. 9.0", "1910 .. 1949", "< 2.41", "nvcc")),
        ("torch", ("2.5.1", "cu121", "5.0 6.0 7.0 7.5 8.0 8.6 9.0", "3.9 .. 3.13", "gfx1100", "osx-arm64")),
        ("gpus", ("GeForce RTX 4090", "8.9", "Ada Lovelace", "24 GB", "rtx-4060-ti", "gfx1100", "RX 7900 XTX")),
        ("llama", ("LLAMA_CUBLAS", "GGML_HIP", "hip-radeon", "0.3.29 .. 0.3.35", ">= 2.35", "gfx1100")),
    ],
)
def test_a_topic_is_shown(envspec: Run, topic: str, words: tuple[str, ...]) -> None:
    done = envspec("catalog", topic)
    assert done.returncode == 0, done.stderr
    for word in words:
        assert word in done.stdout
    tables = json.loads(envspec("catalog", topic, "--json").stdout)
    assert all(rows and all(row["source"] and row["confidence"] for row in rows) for rows in tables.values())


def test_a_topic_for_one_gpu(envspec: Run) -> None:
    assert "12.6.3" not in envspec("catalog", "cuda", "--gpu", "rtx-5090").stdout
    torch = envspec("catalog", "torch", "--gpu", "NVIDIA GeForce RTX 5090").stdout
    assert "cu128" in torch
    assert "cu126" not in torch
    assert "rocm" not in torch
    llama = envspec("catalog", "llama", "--gpu", "rtx-5090").stdout
    assert "cu118" not in llama  # no PTX inside
    assert "cu124" in llama
    assert "vulkan" in llama
    gpus = json.loads(envspec("catalog", "gpus", "--gpu", "gtx-1060", "--json").stdout)
    assert [row["name"] for row in gpus["nvidia_gpus"]] == ["GeForce GTX 1060 6 GB"]
    assert gpus["amd_gpus"] == []


def test_a_topic_for_an_amd_gpu(envspec: Run) -> None:
    torch = envspec("catalog", "torch", "--gpu", "rx-7900-xtx").stdout
    assert "rocm6.4" in torch
    assert "cu1" not in torch
    llama = envspec("catalog", "llama", "--gpu", "rx-7900-xtx").stdout
    assert "rocm72" in llama
    assert "cu124" not in llama
    assert "gfx1100" in envspec("catalog", "gpus", "--gpu", "Radeon RX 7900 XTX").stdout


def test_a_jetson_runs_only_its_own_code(envspec: Run) -> None:
    torch = envspec("catalog", "torch", "--gpu", "orin").stdout
    assert "linux-64" not in torch


def test_an_unknown_gpu_is_code_2(envspec: Run) -> None:
    done = envspec("catalog", "torch", "--gpu", "voodoo-2")
    assert done.returncode == 2
    assert "'voodoo-2'" in done.stderr
    assert "envspec catalog gpus" in done.stderr


@pytest.mark.parametrize(("name", "told"), [("none.yaml", "No such file"), (".", "directory"), ("x.yaml", "my_table")])
def test_a_bad_overlay_is_code_2(envspec: Run, tmp_path: Path, name: str, told: str) -> None:
    (tmp_path / "x.yaml").write_text("my_table: []", encoding="utf-8")
    done = envspec("catalog", "--catalog", tmp_path / name)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_an_overlay_that_is_no_text_is_code_2(envspec: Run, tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    done = envspec("catalog", "cuda", "--catalog", tmp_path / "x.yaml")
    assert done.returncode == 2
    assert "cannot be read" in done.stderr


def test_a_right_catalog_is_code_0(envspec: Run, index: Index, overlay: Path) -> None:
    index.agree()
    done = envspec("catalog", "check", "--catalog", overlay)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the catalog is right" in done.stdout


def test_a_catalog_that_is_behind_is_code_0(envspec: Run, index: Index, overlay: Path) -> None:
    index.agree()
    newer = "torch-2.16.0+cu132-cp315-cp315-win_amd64.whl"
    index.answers["/whl/cu132/torch/"] = Answer(html({*torch_files("cu132"), newer}))
    done = envspec("catalog", "check", "--catalog", overlay)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "new on the index" in done.stdout
    assert "2.16.0" in done.stdout
    assert "the catalog is behind" in done.stdout


def test_a_wrong_catalog_is_code_7(envspec: Run, index: Index, overlay: Path) -> None:
    index.agree()
    del index.answers["/llama/cu132/llama-cpp-python/"]
    index.answers["/whl/cu130/torch/"] = Answer(b"sorry", 503)
    done = envspec("catalog", "check", "--catalog", overlay)
    assert done.returncode == 7, done.stderr
    assert "in the catalog but missing there" in done.stdout
    assert "0.3.25 .. 0.3.35" in done.stdout
    assert f"not reached: {index.url}/whl/cu130/torch/: HTTP 503" in done.stdout
    assert "the catalog is wrong" in done.stdout
    told = json.loads(envspec("catalog", "check", "--json", "--catalog", overlay).stdout)
    assert {one["index"] for one in told["differences"]} == {"llama-cpp-python cu132"}
    assert [one["problem"] for one in told["unreached"]] == ["HTTP 503"]


def test_no_index_at_all_is_code_6(envspec: Run, index: Index, tmp_path: Path) -> None:
    path = tmp_path / "closed.yaml"
    path.write_text(index.overlay("http://user:hunter2@127.0.0.1:9"), encoding="utf-8")
    done = envspec("catalog", "check", "--catalog", path)
    assert done.returncode == 6
    assert "no index can be read: http://127.0.0.1:9" in done.stderr
    assert "hunter2" not in done.stderr + done.stdout
    assert "Traceback" not in done.stderr
