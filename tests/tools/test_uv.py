from __future__ import annotations

import sys
from pathlib import Path

import pytest
from packaging.version import Version

from envspec import catalog
from envspec.errors import EnvspecError, HostError, LockError, NotSupported, ToolError, Unsatisfiable
from envspec.gpu import Platform
from envspec.lock import Pin, Question
from envspec.tools import venv
from envspec.tools.uv import Uv, compile_command, explain, install_command, project, with_credentials


def question(
    *requirements: str, platforms: tuple[Platform, ...] = (Platform.LINUX_64,), keep: tuple[Pin, ...] = ()
) -> Question:
    return Question(requirements=requirements, python=">=3.11", platforms=platforms, keep=keep)


@pytest.mark.parametrize(
    ("stderr", "error", "message"),
    [
        (
            "error: Failed to fetch: `http://127.0.0.1:9/simple/six/`\n  Caused by: error sending request",
            ToolError,
            "cannot be reached",
        ),
        ("error: failed to write: No space left on device (os error 28)", HostError, "the disk is full"),
        (
            "  × Failed to download `six==1.17.0`\n  ╰─▶ Hash mismatch for `six==1.17.0`\n",
            LockError,
            "hash does not match",
        ),
        (
            "  × No solution found when resolving dependencies:\n  ╰─▶ Because a was not found",
            Unsatisfiable,
            "cannot be resolved: No solution",
        ),
        ("error: something else", ToolError, "uv failed: something else"),
        ("", ToolError, "uv failed"),
    ],
)
def test_what_uv_says_becomes_an_error_of_ours(stderr: str, error: type[EnvspecError], message: str) -> None:
    told = explain(stderr)
    assert type(told) is error
    assert message in told.message
    assert told.hint


def test_credentials_are_not_repeated() -> None:
    told = explain("error: Failed to fetch: `https://user:secret@example.org/simple/six/`: 401")
    assert "secret" not in told.message
    assert "https://***@example.org/simple/six/" in told.message


@pytest.mark.parametrize(
    ("said", "kept_out"),
    [
        ("error: `http://us:p@ss@h/simple`: 401", "ss"),
        ("error: `http://u:pa/ss@h/simple`", "pa"),
        ("error: `http://h/x.whl?token=t0ken`", "t0ken"),
    ],
)
def test_no_part_of_a_credential_is_repeated(said: str, kept_out: str) -> None:
    assert kept_out not in explain(said).message.removeprefix("uv failed: ")


def test_credentials_go_to_the_host_of_the_index_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://user:s%40cret@index.example/simple")
    assert with_credentials("https://index.example/x.tar.gz") == "https://user:s%40cret@index.example/x.tar.gz"
    assert with_credentials("https://other.example/x.tar.gz") == "https://other.example/x.tar.gz"
    assert with_credentials("https://index.example:8/x.tar.gz") == "https://index.example:8/x.tar.gz"


def test_the_project_names_exactly_the_platforms() -> None:
    asked = question("six", 'colorama ; sys_platform == "win32"', platforms=(Platform.LINUX_64, Platform.OSX_ARM64))
    text = project(asked)
    assert 'requires-python = ">=3.11"' in text
    assert "sys_platform == 'darwin' and platform_machine == 'arm64'" in text
    assert "win32' and" not in text


def test_commands_require_hashes_and_take_nothing_else() -> None:
    assert {"--no-deps", "--require-hashes"} <= set(install_command(Path("p"), Path("r")))
    assert "--universal" in compile_command("a", "b")


def test_a_python_of_this_machine_is_found() -> None:
    version = ".".join(map(str, sys.version_info[:2]))
    assert Path(Uv().find_python(f"=={version}.*")).exists()


def test_a_missing_python_says_how_to_get_one() -> None:
    with pytest.raises(HostError, match="no Python ==3.99") as caught:
        Uv().find_python("==3.99.*")
    assert caught.value.hint == "install one, from https://www.python.org/downloads/", "3.99 cannot be had from uv"
    with pytest.raises(HostError) as caught:
        Uv().find_python("==3.12.39")
    assert "uv python install" not in (caught.value.hint or "")


def test_an_unreachable_index_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://user:secret@127.0.0.1:9/simple")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(ToolError, match="the package index cannot be reached") as caught:
        Uv().solve(question("six"))
    assert "secret" not in caught.value.message
    assert "UV_DEFAULT_INDEX" in (caught.value.hint or "")


@pytest.mark.online
def test_the_same_input_gives_the_same_pins_and_kept_versions_stay() -> None:
    def solve(*keep: Pin) -> tuple[Pin, ...]:
        return Uv().solve(question("six", platforms=(Platform.LINUX_64, Platform.WIN_64), keep=keep))

    newest = solve()
    assert newest == solve()
    old = Pin(name="six", version="1.16.0", hashes=("0" * 64,))
    assert [pin.version for pin in solve(old)] == ["1.16.0"]
    assert newest[0].version != "1.16.0"


@pytest.mark.online
def test_other_indexes_of_the_shell_do_not_leak_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/simple")
    assert Uv().solve(question("six"))


@pytest.mark.online
def test_contradicting_requirements_are_unsatisfiable() -> None:
    with pytest.raises(Unsatisfiable, match="six"):
        Uv().solve(question("six>1.16", "six<1.16"))
    with pytest.raises(EnvspecError, match="no-such-package-of-envspec"):
        Uv().solve(question("no-such-package-of-envspec"))


@pytest.mark.online
def test_a_wrong_hash_is_not_installed(tmp_path: Path) -> None:
    engine = Uv()
    engine.make_venv(tmp_path / "v", sys.executable)
    with pytest.raises(LockError, match="hash does not match"):
        engine.install(venv.interpreter(tmp_path / "v"), (Pin(name="six", version="1.17.0", hashes=("0" * 64,)),), {})
    assert not list((tmp_path / "v").rglob("six.py"))


@pytest.mark.online
def test_a_source_archive_has_an_address_and_a_hash() -> None:
    found = Uv().find_sdist("llama-cpp-python", "0.3.36")
    assert found.archive.filename == "llama_cpp_python-0.3.36.tar.gz"
    assert found.archive.sha256 == "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
    assert found.url.endswith(found.archive.filename)


@pytest.mark.online
def test_known_metadata_gives_the_same_pins_as_the_archive_itself() -> None:
    asked = question("llama-cpp-python[server]==0.3.36")
    archive = catalog.load().llama_archive(Version("0.3.36"))
    assert archive is not None
    known = asked.model_copy(update={"known": (("llama-cpp-python", "0.3.36", archive.requires),)})
    assert Uv().solve(known) == Uv().solve(asked)


@pytest.mark.online
def test_what_has_no_wheel_is_not_built_from_unlocked_tools(tmp_path: Path) -> None:
    engine = Uv()
    (docopt,) = engine.solve(question("docopt==0.6.2"))
    engine.make_venv(tmp_path / "v", sys.executable)
    with pytest.raises(NotSupported, match="a package without a wheel"):
        engine.install(venv.interpreter(tmp_path / "v"), (docopt,), {})
