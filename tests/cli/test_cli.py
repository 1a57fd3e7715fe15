"""The command line as users meet it: real processes, a small environment, no compiler."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from envspec.lock.files import fingerprint

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Mount, Run

VERBS = ("plan", "lock", "create", "verify", "run", "shell-hook", "remove", "schema", "completion")
ONLINE = pytest.mark.online


def working(prefix: Path) -> bool:
    """Whether the environment can import what the small spec asks for."""
    return (
        subprocess.run([prefix / "bin" / "python", "-c", "import six"], check=False, capture_output=True).returncode
        == 0
    )


def leftovers(prefix: Path) -> list[str]:
    return [path.name for path in prefix.parent.glob(f".{prefix.name}*") if path.name != f".{prefix.name}.lock"]


def test_help_teaches_by_example(envspec: Run) -> None:
    for verb in ((), *((name,) for name in VERBS)):
        done = envspec(*verb, "--help")
        assert done.returncode == 0
        assert "examples:" in done.stdout
        assert "envspec" in done.stdout.split("examples:")[1]


@pytest.mark.parametrize(
    "args", [(), ("plann", "x"), ("plan",), ("create", "x.yaml", "--forc"), ("cache", "prune", "--older-than", "-1")]
)
def test_wrong_usage_is_code_2(envspec: Run, args: tuple[str, ...]) -> None:
    done = envspec(*args)
    assert done.returncode == 2
    assert "usage" in done.stderr.lower()
    assert "Traceback" not in done.stderr


def test_plan_tells_reasons_and_touches_no_network(envspec: Run, project: Path) -> None:
    done = envspec(
        "plan", project / "specs" / "small.yaml", env={"UV_OFFLINE": "1", "UV_CACHE_DIR": str(project / "none")}
    )
    assert done.returncode == 0
    assert "backend cpu\n    named by the spec\n" in done.stdout
    assert done.stderr == ""
    made = json.loads(envspec("plan", "specs/small.yaml", "--json", cwd=project).stdout)
    assert made["requirements"] == ['colorama; sys_platform == "win32"', "six"]


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        ("envspec: 1\nname: a/b\npython: '3.12'\nbackend: cpu\n", 2, "s.yaml:2:7: name: 'a/b' cannot be a folder name"),
        ("envspec: 1\nname: x\npython: '3.12'\nbackend: cuda\ngpu: rtx-4900\n", 2, "did you mean"),
        ("envspec: 1\nname: x\npython: '3.12'\nbackend: cuda\ncuda: '12.7'\n", 2, "no CUDA toolkit 12.7 is known"),
        ("", 2, "expected a mapping"),
    ],
)
def test_an_error_is_what_and_where_and_what_next(
    envspec: Run, tmp_path: Path, text: str, code: int, message: str
) -> None:
    (tmp_path / "s.yaml").write_text(text)
    done = envspec("plan", "s.yaml", cwd=tmp_path)
    assert done.returncode == code
    assert done.stdout == ""
    error, hint = done.stderr.strip().splitlines()
    assert error.startswith("error: ")
    assert message in error
    assert hint.startswith("hint: ")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("none.yaml", "No such file"),
        (".", "Is a directory"),
        ("b.yaml", "not UTF-8"),
        ("big.yaml", "larger than 256 KiB"),
    ],
)
def test_a_file_that_is_no_spec(envspec: Run, tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "b.yaml").write_bytes(b"name: \xff\xfe")
    (tmp_path / "big.yaml").write_bytes(b"#" * 1_000_000)
    done = envspec("plan", name, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_spec_may_begin_with_a_byte_order_mark(envspec: Run, project: Path) -> None:
    spec = project / "specs" / "small.yaml"
    spec.write_bytes(b"\xef\xbb\xbf" + spec.read_bytes().replace(b"\n", b"\r\n"))
    assert envspec("plan", spec).returncode == 0


def test_without_a_lock_create_says_how_to_get_one(envspec: Run, project: Path) -> None:
    done = envspec("create", "specs/small.yaml", cwd=project)
    assert done.returncode == 5
    assert "hint: run `envspec lock specs/small.yaml`" in done.stderr
    assert not (project / ".envs").exists()


def test_schema_and_completion(envspec: Run, tmp_path: Path) -> None:
    assert json.loads(envspec("schema").stdout)["title"] == "envspec"
    for shell in ("bash", "zsh", "fish"):
        (tmp_path / shell).write_text(envspec("completion", shell).stdout)
        assert "shell-hook" in (tmp_path / shell).read_text()
        if shutil.which(shell):
            assert subprocess.run([shell, "-n", tmp_path / shell], check=False).returncode == 0


def test_a_closed_pipe_is_no_error(environment: dict[str, str]) -> None:
    command = f"set -o pipefail; {sys.executable} -m envspec schema | head -c 1"
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, check=False)
    assert done.stderr == b""
    assert done.returncode in {0, 128 + signal.SIGPIPE}


@pytest.mark.parametrize("options", [("--no-color",), ()])
def test_colour_is_for_terminals_and_can_be_turned_off(environment: dict[str, str], options: tuple[str, ...]) -> None:
    def seen(**env: str) -> bytes:
        return terminal(
            [sys.executable, "-m", "envspec", "plan", "none.yaml", *options],
            {**environment, "TERM": "xterm-256color", **env},
        )

    assert (b"\x1b[" in seen()) == (not options)
    assert b"\x1b[3" not in seen(NO_COLOR="1")


def terminal(argv: list[str], env: dict[str, str]) -> bytes:
    """Run a program on a terminal of its own, and give what it shows."""
    pid, screen = pty.fork()
    if pid == 0:
        os.execvpe(argv[0], argv, env)
    shown = b""
    while True:
        select.select([screen], [], [], 60)
        try:
            part = os.read(screen, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.waitpid(pid, 0)
    os.close(screen)
    return shown


@ONLINE
def test_the_whole_way_in_a_path_with_spaces_and_chinese(envspec: Run, locked: Path) -> None:
    prefix = locked.parent.parent / ".envs" / "small"
    assert envspec("lock", locked, "--check").stdout.endswith("is fresh\n")
    first = envspec("create", locked)
    assert first.returncode == 0, first.stderr
    assert first.stderr == "", "quiet when not a terminal"
    assert f"created {prefix}" in first.stdout
    assert working(prefix)
    assert leftovers(prefix) == []
    assert (prefix.parent / ".gitignore").read_text() == "*\n"

    again = envspec("create", locked)
    assert again.stdout == f"{prefix} is up to date; nothing to do\n"
    report = json.loads(envspec("verify", prefix, "--json").stdout)
    assert report["passed"]
    assert {check["id"]: check["status"] for check in report["checks"]} == {
        "python/version": "passed",
        "packages/versions": "passed",
    }
    assert json.loads(envspec("create", locked, "--force", "--json").stdout)["action"] == "replaced"
    assert envspec("remove", locked).stdout == f"removed {prefix}\n"
    assert not prefix.exists()
    assert sorted(path.name for path in prefix.parent.iterdir()) == [".gitignore", ".small.lock"]
    assert envspec("remove", prefix).returncode == 3


@ONLINE
def test_it_works_from_any_directory_with_relative_paths(envspec: Run, locked: Path, tmp_path: Path) -> None:
    done = envspec("create", os.path.relpath(locked, tmp_path), "--prefix", "here", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert working(tmp_path / "here")
    assert envspec("run", "here", "--", "python", "-c", "import six", cwd=tmp_path).returncode == 0


@ONLINE
def test_a_prefix_can_be_moved(envspec: Run, locked: Path, tmp_path: Path) -> None:
    envspec("create", locked, "--prefix", tmp_path / "a")
    (tmp_path / "a").rename(tmp_path / "b 乙")
    done = envspec("run", tmp_path / "b 乙", "--", "python", "-c", "import six, sys; print(sys.prefix)")
    assert done.stdout == f"{tmp_path / 'b 乙'}\n"


@ONLINE
def test_nothing_in_a_prefix_mentions_its_stage(envspec: Run, locked: Path, tmp_path: Path) -> None:
    assert envspec("create", locked, "--prefix", tmp_path / "p").returncode == 0
    guilty = [path for path in (tmp_path / "p").rglob("*") if path.is_file() and b".p~stage-" in path.read_bytes()]
    assert guilty == []


@ONLINE
def test_run_passes_on_variables_exit_codes_and_signals(
    envspec: Run, environment: dict[str, str], locked: Path
) -> None:
    prefix = locked.parent.parent / ".envs" / "small"
    assert envspec("create", locked).returncode == 0
    done = envspec("run", locked, "--", "sh", "-c", 'echo "$GREETING"; command -v python; exit 9')
    assert done.stdout == f"你好 'there' $HOME\n{prefix}/bin/python\n"
    assert done.returncode == 9
    assert envspec("run", prefix, "--", "no-such-program").returncode == 6
    assert envspec("run", prefix, "python", "-c", "import six", "--").returncode == 0
    assert "hint: write it after `--`" in envspec("run", prefix, "--").stderr
    child = subprocess.Popen([sys.executable, "-m", "envspec", "run", prefix, "--", "sleep", "60"], env=environment)
    time.sleep(1.5)
    child.send_signal(signal.SIGTERM)
    assert child.wait(timeout=10) == -signal.SIGTERM, "the program itself got the signal"


@ONLINE
def test_the_shell_hook_is_the_same_environment(envspec: Run, environment: dict[str, str], locked: Path) -> None:
    assert envspec("create", locked).returncode == 0
    hook = envspec("shell-hook", locked, "--shell", "bash").stdout
    show = 'echo "$GREETING|$(command -v python)|${VIRTUAL_ENV:-}"'
    done = subprocess.run(
        ["bash", "-euc", f"{hook}\n{show}\nenvspec_deactivate\necho ${{VIRTUAL_ENV-gone}}"],
        env=environment,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    prefix = locked.parent.parent / ".envs" / "small"
    assert done.stdout == f"你好 'there' $HOME|{prefix}/bin/python|{prefix}\ngone\n"


@ONLINE
def test_a_changed_spec_is_refused_and_the_old_environment_stays(envspec: Run, locked: Path) -> None:
    prefix = locked.parent.parent / ".envs" / "small"
    assert envspec("create", locked).returncode == 0
    locked.write_text(locked.read_text(encoding="utf-8").replace("pip: [six,", "pip: [six, attrs,"), encoding="utf-8")
    done = envspec("create", locked)
    assert done.returncode == 5
    assert "is out of date: pip: attrs added" in done.stderr
    assert f"hint: run `envspec lock {locked}`" in done.stderr
    checked = envspec("lock", locked, "--check")
    assert (checked.returncode, "pip: attrs added" in checked.stderr) == (5, True)
    assert json.loads(envspec("lock", locked, "--check", "--json").stdout) == {
        "fresh": False,
        "changes": ["pip: attrs added"],
    }
    assert working(prefix)

    wrote = envspec("lock", locked)
    assert re.search(r"attrs \S+ added", wrote.stdout)
    assert "six" not in wrote.stdout, "six keeps its version"
    assert f"replaced {prefix}" in envspec("create", locked).stdout
    assert envspec("run", prefix, "--", "python", "-c", "import attrs").returncode == 0


@ONLINE
def test_locking_again_gives_the_same_bytes(envspec: Run, locked: Path) -> None:
    folder = locked.parent.parent / "lockfiles" / "small"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    done = envspec("lock", locked)
    assert done.stdout.startswith("up to date: ")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert not any(str(locked.parent.parent).encode() in data for data in before.values())


@ONLINE
def test_a_damaged_environment_is_found_and_made_again(envspec: Run, locked: Path) -> None:
    prefix = locked.parent.parent / ".envs" / "small"
    assert envspec("create", locked).returncode == 0
    for path in prefix.rglob("six-*.dist-info/METADATA"):
        path.unlink()
        path.write_text("Name: six\nVersion: 0.1\n")
    done = envspec("verify", prefix)
    assert done.returncode == 7
    assert "six 0.1 (locked 1." in done.stdout
    assert envspec("create", locked, "--force").returncode == 0
    assert envspec("verify", prefix).returncode == 0


@ONLINE
def test_a_prefix_whose_python_is_gone_is_made_again(envspec: Run, locked: Path) -> None:
    prefix = locked.parent.parent / ".envs" / "small"
    assert envspec("create", locked).returncode == 0
    (prefix / "bin" / "python").unlink()
    (prefix / "bin" / "python").symlink_to("/nonexistent/python")
    assert f"replaced {prefix}" in envspec("create", locked).stdout


@ONLINE
def test_places_that_are_not_ours_are_left_alone(envspec: Run, locked: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").touch()
    for name, message in (
        ("file", "is a file or a link"),
        ("folder", "was not made by envspec"),
        ("file/x", "cannot be made"),
    ):
        done = envspec("create", locked, "--prefix", tmp_path / name)
        assert done.returncode == 3
        assert message in done.stderr
        assert "hint: choose another place" in done.stderr
    assert (tmp_path / "file").read_text() == "mine"
    assert list((tmp_path / "folder").iterdir()) == [tmp_path / "folder" / "mine"]


@ONLINE
def test_no_network_is_told_and_nothing_is_left(envspec: Run, locked: Path, tmp_path: Path) -> None:
    dead = {
        "UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple",
        "UV_CACHE_DIR": str(tmp_path / "uv"),
        "UV_HTTP_RETRIES": "0",
    }
    for verb in ("lock", "create"):
        done = envspec(verb, locked, env=dead)
        assert done.returncode == 6
        assert "the package index cannot be reached" in done.stderr
        assert "hint: check the network" in done.stderr
    assert leftovers(locked.parent.parent / ".envs" / "small") == []
    assert not (locked.parent.parent / ".envs" / "small").exists()
    assert envspec("lock", locked, "--check").returncode == 0, "the old lock is untouched"


@ONLINE
def test_a_file_with_another_hash_is_not_installed(envspec: Run, locked: Path) -> None:
    folder = locked.parent.parent / "lockfiles" / "small"
    prefix = locked.parent.parent / ".envs" / "small"
    assert envspec("create", locked).returncode == 0
    for path in folder.glob("pip-*.txt"):
        path.write_text(re.sub(r"sha256:[0-9a-f]{8}", "sha256:00000000", path.read_text()))
    done = envspec("create", locked)
    assert done.returncode == 5
    assert "was changed after it was locked" in done.stderr

    plan = (folder / "plan.yaml").read_text(encoding="utf-8")
    for path in folder.glob("pip-*.txt"):
        plan = re.sub(rf"({path.name}): \w+", rf"\1: {fingerprint(path.read_text())}", plan)
    (folder / "plan.yaml").write_text(plan, encoding="utf-8")
    done = envspec("create", locked)
    assert done.returncode == 5
    assert "hash does not match" in done.stderr
    assert working(prefix)
    assert leftovers(prefix) == []


@ONLINE
def test_a_full_disk_is_told_and_the_old_environment_stays(envspec: Run, locked: Path, mount: Mount) -> None:
    disk = mount("disk", "size=1m")
    assert envspec("create", locked, "--prefix", disk / "p").returncode == 0
    (disk / "ballast").write_bytes(b"x" * (shutil.disk_usage(disk).free - 40_000))
    done = envspec("create", locked, "--prefix", disk / "p", "--force", env={"UV_LINK_MODE": "copy"})
    assert done.returncode == 3, done.stderr
    assert "the disk is full" in done.stderr
    assert "hint: free some space" in done.stderr
    assert working(disk / "p")
    assert leftovers(disk / "p") == []
    (disk / "ballast").unlink()
    assert envspec("create", locked, "--prefix", disk / "p", "--force").returncode == 0


@ONLINE
def test_a_read_only_disk_or_cache_is_told(envspec: Run, locked: Path, mount: Mount) -> None:
    disk = mount("locked", "size=1m,ro")
    done = envspec("create", locked, "--prefix", disk / "p")
    assert (done.returncode, "cannot be made" in done.stderr) == (3, True)
    done = envspec("create", locked, env={"ENVSPEC_CACHE_DIR": str(disk / "cache")})
    assert (done.returncode, "hint: set ENVSPEC_CACHE_DIR" in done.stderr) == (3, True)
    assert leftovers(locked.parent.parent / ".envs" / "small") == []


@ONLINE
def test_no_home_is_no_problem(locked: Path, environment: dict[str, str]) -> None:
    bare = {"PATH": os.environ["PATH"], "ENVSPEC_CACHE_DIR": environment["ENVSPEC_CACHE_DIR"], "PYTHONUTF8": "1"}
    bare |= {name: value for name, value in environment.items() if name.startswith(("SSL_", "UV_"))}
    argv = [sys.executable, "-m", "envspec", "create", str(locked)]
    done = subprocess.run(argv, env=bare, capture_output=True, check=False, encoding="utf-8")
    assert done.returncode == 0, done.stderr


@ONLINE
@pytest.mark.parametrize("moment", [0.15, 0.25, 0.35, 0.45, 0.55, 0.7, 0.85, 1.0])
@pytest.mark.parametrize("before", ["new", "old"])
def test_a_kill_at_any_moment_leaves_the_old_environment_or_none(
    envspec: Run, environment: dict[str, str], locked: Path, before: str, moment: float
) -> None:
    prefix = locked.parent.parent / ".envs" / "small"
    if before == "old":
        assert envspec("create", locked).returncode == 0
    argv = [sys.executable, "-m", "envspec", "create", str(locked), "--force"]
    start = time.monotonic()
    subprocess.run(argv, env=environment, check=True, capture_output=True)
    whole = time.monotonic() - start
    if before == "new":
        assert envspec("remove", prefix).returncode == 0
    child = subprocess.Popen(argv, env=environment, start_new_session=True, stdout=subprocess.DEVNULL)
    time.sleep(whole * moment)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    assert working(prefix) if prefix.exists() else before == "new"
    assert envspec("create", locked).returncode == 0
    assert working(prefix)
    assert leftovers(prefix) == []


@ONLINE
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_polite_end_leaves_nothing_at_once(environment: dict[str, str], locked: Path, number: signal.Signals) -> None:
    prefix = locked.parent.parent / ".envs" / "small"
    argv = [sys.executable, "-m", "envspec", "create", "-v", str(locked)]
    child = subprocess.Popen(argv, env=environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    assert child.stderr is not None
    for line in child.stderr:
        if "locked packages" in line:
            break
    child.send_signal(number)
    child.stderr.read()
    child.stderr.close()
    assert child.wait(timeout=30) == 128 + number
    assert leftovers(prefix) == []
    assert not prefix.exists()


@ONLINE
def test_two_at_once_take_turns(environment: dict[str, str], locked: Path) -> None:
    prefix = locked.parent.parent / ".envs" / "small"
    argv = [sys.executable, "-m", "envspec", "create", "-v", str(locked)]
    both = [
        subprocess.Popen(argv, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        for _ in range(2)
    ]
    said = [child.communicate(timeout=120) for child in both]
    assert [child.returncode for child in both] == [0, 0]
    assert sorted(("created" in out, "up to date" in out) for out, _ in said) == [(False, True), (True, False)]
    assert any(f"waiting for another envspec that works on {prefix}" in err for _, err in said)
    assert working(prefix)
    assert leftovers(prefix) == []


@ONLINE
def test_a_missing_python_says_how_to_get_one(envspec: Run, tmp_path: Path) -> None:
    spec = tmp_path / "future.yaml"
    spec.write_text("envspec: 1\nname: future\npython: '==3.29.*'\nbackend: cpu\npip: [six]\n")
    assert envspec("lock", spec).returncode == 0
    done = envspec("create", spec)
    assert done.returncode == 3
    assert "no Python ==3.29.* found on this machine" in done.stderr
    assert "hint: install one" in done.stderr
    assert leftovers(tmp_path / ".envs" / "future") == []


def test_a_lock_for_another_platform_only_is_refused(envspec: Run, project: Path) -> None:
    spec = project / "specs" / "small.yaml"
    other = "osx-arm64" if sys.platform != "darwin" else "win-64"
    spec.write_text(re.sub(r"platforms: .*", f"platforms: {other}", spec.read_text(encoding="utf-8")), encoding="utf-8")
    if envspec("lock", spec).returncode:
        pytest.skip("needs the package index")
    done = envspec("create", spec)
    assert (done.returncode, f"it covers {other}" in done.stderr) == (5, True)


def test_the_cache_folder_is_told(envspec: Run, cache: Path) -> None:
    assert envspec("cache", "dir").stdout == f"{cache}\n"
    assert json.loads(envspec("cache", "list", "--json").stdout)["folder"] == str(cache)


@ONLINE
def test_upgrading_forgets_the_locked_versions(envspec: Run, locked: Path) -> None:
    folder = locked.parent.parent / "lockfiles" / "small"
    text = locked.read_text(encoding="utf-8")
    locked.write_text(text.replace("[six,", "[six==1.16.0,"), encoding="utf-8")
    assert envspec("lock", locked).returncode == 0
    locked.write_text(text, encoding="utf-8")
    assert "six" not in envspec("lock", locked).stdout
    assert "six==1.16.0" in (folder / "pip-linux-64.txt").read_text()
    assert "six 1.16.0 -> 1." in envspec("lock", locked, "--upgrade").stdout
    assert "six==1.16.0" not in (folder / "pip-linux-64.txt").read_text()


@ONLINE
def test_a_dropped_platform_leaves_no_file(envspec: Run, locked: Path) -> None:
    text = locked.read_text(encoding="utf-8").replace("osx-arm64, ", "")
    locked.write_text(text, encoding="utf-8")
    assert envspec("lock", locked).returncode == 0
    names = {path.name for path in (locked.parent.parent / "lockfiles" / "small").iterdir()}
    assert names == {"plan.yaml", "pip-linux-64.txt", "pip-linux-aarch64.txt", "pip-win-64.txt"}


@ONLINE
def test_uv_settings_of_the_user_or_the_folder_change_nothing(envspec: Run, locked: Path, tmp_path: Path) -> None:
    before = {path.name: path.read_bytes() for path in (locked.parent.parent / "lockfiles" / "small").iterdir()}
    (tmp_path / "uv").mkdir()
    settings = 'resolution = "lowest"\nextra-index-url = ["http://127.0.0.1:9/"]\n[pip]\ntarget = "/nonexistent/x"\n'
    (tmp_path / "uv" / "uv.toml").write_text(settings)
    (tmp_path / "uv.toml").write_text('required-version = "==0.0.1"\n')
    (tmp_path / "pyproject.toml").write_text("[tool.uv.pip]\nno-index = true\n")
    env = {"XDG_CONFIG_HOME": str(tmp_path)}
    for args in (("lock", locked, "--upgrade"), ("create", locked)):
        done = envspec(*args, cwd=tmp_path, env=env)
        assert done.returncode == 0, done.stderr
    assert {path.name: path.read_bytes() for path in (locked.parent.parent / "lockfiles" / "small").iterdir()} == before
    (tmp_path / "uv" / "uv.toml").write_text("broken = [")
    for args in (("lock", locked), ("create", locked, "--force")):
        done = envspec(*args, env=env)
        assert (done.returncode, "uv.toml cannot be read" in done.stderr) == (6, True)


@pytest.mark.parametrize("args", [("create", "s.yaml", "--prefix", ""), ("remove", ""), ("verify", "")])
def test_an_empty_path_is_no_path(envspec: Run, args: tuple[str, ...]) -> None:
    done = envspec(*args)
    assert done.returncode == 2
    assert "must not be empty" in done.stderr


@pytest.mark.parametrize("target", ["none/a/b", "x" * 252, "y" * 6000, "/", "a:b"])
def test_removing_what_is_not_there_makes_nothing(envspec: Run, tmp_path: Path, target: str) -> None:
    done = envspec("remove", target, cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("path", ["/dev/zero", "fifo"])
def test_a_device_is_no_spec(envspec: Run, tmp_path: Path, path: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    done = envspec("plan", path, cwd=tmp_path)
    assert (done.returncode, "no regular file" in done.stderr) == (2, True)


@pytest.mark.parametrize(("redirect", "code"), [(">&-", 0), ("2>&-", 0), (">/dev/full", 3), (">&- 2>&-", 0)])
def test_closed_and_full_streams_are_no_bugs(environment: dict[str, str], redirect: str, code: int) -> None:
    command = f"{sys.executable} -m envspec schema {redirect}"
    done = subprocess.run(["bash", "-c", command], env=environment, capture_output=True, check=False, encoding="utf-8")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert done.returncode == code


def test_a_deleted_working_directory_is_told(environment: dict[str, str], tmp_path: Path) -> None:
    command = f"mkdir gone && cd gone && rmdir ../gone && {sys.executable} -m envspec remove x"
    done = subprocess.run(
        ["bash", "-c", command], env=environment, cwd=tmp_path, capture_output=True, check=False, encoding="utf-8"
    )
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


@ONLINE
def test_a_private_umask_is_respected(environment: dict[str, str], locked: Path) -> None:
    command = f"umask 077; {sys.executable} -m envspec create '{locked}'"
    assert subprocess.run(["bash", "-c", command], env=environment, capture_output=True, check=False).returncode == 0
    prefix = locked.parent.parent / ".envs" / "small"
    assert prefix.stat().st_mode & 0o077 == 0
    assert (prefix / ".envspec" / "prefix.json").stat().st_mode & 0o077 == 0
