"""`envspec init` as users meet it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from ruamel.yaml import YAML

from envspec.spec import read

if TYPE_CHECKING:
    from tests.conftest import Run

CASES = Path(__file__).parent.parent / "cases"
IMPORTS = CASES / "imports"


def host(folder: Path, machine: str) -> Path:
    """The machine of a profile as a host file."""
    tree = YAML(typ="base", pure=True).load((CASES / "machines" / f"{machine}.yaml").read_text(encoding="utf-8"))
    path = folder / "host.yaml"
    path.write_text(json.dumps({"format": "envspec-host/1", **tree["host"]}), encoding="utf-8")
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "我的 chat"
    made.mkdir()
    return made


def test_it_needs_no_options(envspec: Run, folder: Path) -> None:
    done = envspec("init", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    path = Path("specs") / "chat.yaml"
    assert done.stdout.startswith(f"wrote {path}\n  backend          ")
    assert "\n  llama-cpp-python 0." in done.stdout
    assert done.stdout.endswith(f"next: envspec plan {path}\n")
    written = (folder / path).read_bytes()
    assert read(written.decode(), "chat").name == "chat"
    assert envspec("plan", path, cwd=folder).returncode == 0
    assert list((folder / "specs").iterdir()) == [folder / path]

    again = envspec("init", cwd=folder)
    assert again.returncode == 2
    assert again.stderr.startswith(f"error: {path} exists\nhint: give another path")
    assert (folder / path).read_bytes() == written
    assert envspec("init", "--force", cwd=folder).returncode == 0
    assert envspec("init", "specs/other.yml", "--no-torch", cwd=folder).returncode == 0
    assert "name: other " in (folder / "specs" / "other.yml").read_text(encoding="utf-8")
    assert envspec("init", folder, "--name", "third", cwd=folder.parent).returncode == 0
    assert (folder / "specs" / "third.yaml").exists()


@pytest.mark.parametrize(
    ("machine", "gpus"),
    [
        ("rtx-4090-driver-535", ["rtx-4090"]),
        ("rtx-4060-laptop-windows", ["rtx-4060-laptop"]),
        ("gtx-970-venv-no-toolkit", ["gtx-970"]),
        ("gtx-970-system-toolkit", ["gtx-970"]),
        ("glibc-2.17-new-torch", ["rtx-3090"]),
        ("t4-a10g-native", ["t4", "a10g"]),
        ("rocm-7900-xtx", ["rx-7900-xtx"]),
        ("rocm-6700-xt-windows", ["rx-6700-xt"]),
        ("macos-metal", []),
        ("wsl-driver-551.61", ["rtx-3090"]),
    ],
)
def test_another_machine(envspec: Run, folder: Path, machine: str, gpus: list[str]) -> None:
    facts = host(folder, machine)
    done = envspec("init", "--host", facts, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert (folder / made["path"]).read_text(encoding="utf-8") == made["spec"]
    assert list(read(made["spec"], "chat").gpu) == gpus
    plan = made["plan"]
    for options in ((), ("--host", facts)):
        later = json.loads(envspec("plan", made["path"], "--json", *options, cwd=folder).stdout)
        assert (later["torch"], later["llama"], later["build"]) == (plan["torch"], plan["llama"], plan["build"])


def test_a_spec_on_stdout(envspec: Run, folder: Path) -> None:
    for form in ("-", "--stdout"):
        done = envspec("init", "--gpu", "RTX 4090", "--platform", "win-64", "--platform", "linux-64", form, cwd=folder)
        assert done.returncode == 0, done.stderr
        spec = read(done.stdout, "stdout")
        assert spec.gpu == ("rtx-4090",)
        assert spec.platforms == ("win-64", "linux-64")
        assert "`envspec schema` describes every key" in done.stdout
    assert list(folder.iterdir()) == []


def test_every_option(envspec: Run, folder: Path) -> None:
    options = (
        "--name",
        "all",
        "--backend",
        "cuda",
        "--gpu",
        "8.9",
        "--gpu",
        "a100",
        "--cuda",
        "12.6",
        "--base",
        "conda",
    )
    done = envspec("init", *options, "--python", "3.11", "--platform", "linux-64", "--no-torch", cwd=folder)
    assert done.returncode == 0, done.stderr
    spec = read((folder / "specs" / "all.yaml").read_text(encoding="utf-8"), "all")
    assert (spec.backend, spec.base, spec.gpu, str(spec.cuda)) == ("cuda", "conda", ("8.9", "a100"), "12.6")
    assert spec.torch is None
    assert "  backend          cuda: 8.9, a100 (8.0)\n  python           3.11, base conda\n" in done.stdout
    assert "  CUDA             12.6; no toolkit needed; driver >= 525.60.13 on linux-64\n" in done.stdout
    assert "warning: " in done.stdout


def test_nothing_is_written_without_a_plan(envspec: Run, folder: Path) -> None:
    asked = ("init", "--gpu", "rtx-5090", "--cuda", "12.6", "--platform", "linux-64")
    done = envspec(*asked, cwd=folder)
    assert done.returncode == 4
    assert done.stdout == ""
    assert done.stderr.startswith("error: no combination fits; these lines are in conflict:\n  cuda: 12.6\n")
    assert "tried, and works: cuda: 1" in done.stderr
    assert "`--force` writes the spec anyway" in done.stderr
    assert list(folder.iterdir()) == []
    forced = envspec(*asked, "--force", cwd=folder)
    assert forced.returncode == 4
    assert "it has no plan yet: no combination fits" in forced.stdout
    assert read((folder / "specs" / "chat.yaml").read_text(encoding="utf-8"), "chat").gpu == ("rtx-5090",)
    told = json.loads(envspec(*asked, "--force", "--json", cwd=folder).stdout)
    assert told["plan"] is None
    assert told["conflict"].startswith("no combination fits")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--gpu", "rtx-490"), "gpu: 'rtx-490' is no GPU of the catalog; did you mean rtx-4090"),
        (("--gpu", "!"), "--gpu: '!' is not a GPU such as rtx-4090, 8.9 or native"),
        (("--name", "a b"), "--name: 'a b' cannot be a folder name everywhere"),
        (("--cuda", "12.7"), "cuda: no CUDA toolkit 12.7 is known"),
        (("chat",), "'chat' does not end in .yaml"),
        (("--from", "none.txt"), "'none.txt' cannot be read: No such file or directory"),
        (("--from", "."), ". is no regular file"),
        (("file.txt/x.yaml",), "file.txt/x.yaml cannot be written: a folder of it is a file"),
        (("",), "must not be empty"),
        (("--from", ""), "must not be empty"),
        (("--backend", "opencl"), "invalid choice: 'opencl'"),
    ],
)
def test_wrong_usage(envspec: Run, folder: Path, options: tuple[str, ...], message: str) -> None:
    (folder / "file.txt").write_text("six\n")
    done = envspec("init", "--host", host(folder, "cpu-linux"), *options, cwd=folder)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (folder / "specs").exists()


def test_a_folder_is_never_written_over(envspec: Run, folder: Path) -> None:
    (folder / "specs" / "chat.yaml").mkdir(parents=True)
    done = envspec("init", "--host", host(folder, "cpu-linux"), "--force", cwd=folder)
    assert done.returncode == 2
    assert done.stderr.startswith(f"error: {Path('specs') / 'chat.yaml'} exists\n")


@pytest.mark.parametrize(
    ("name", "cuda", "torch"),
    [
        ("chinese-bom-crlf.txt", "11.8", "2.3.1"),
        ("freeze-powershell.txt", "12.4", "2.5.1"),
        ("hashes.txt", "12.6", "2.6.0"),
        ("pytorch-cuda.yml", "12.1", "2.4.1"),
        ("only-pip.yml", "12.8", "2.8.0"),
        ("nested/requirements.txt", "12.6", "2.8.0"),
    ],
)
def test_files_of_pip_and_conda(envspec: Run, folder: Path, name: str, cuda: str, torch: str) -> None:
    shutil.copytree(IMPORTS, folder / "old")
    done = envspec("init", "--from", f"old/{name}", "--host", host(folder, "rtx-4090-driver-535"), cwd=folder)
    assert done.returncode == 0, done.stderr
    written = next((folder / "specs").iterdir())
    assert "# Made from " in written.read_text(encoding="utf-8")
    plan = json.loads(envspec("plan", written, "--json", cwd=folder).stdout)
    assert (plan["cuda"]["line"], plan["torch"]["version"]) == (cuda, torch)


def test_the_name_is_that_of_the_environment(envspec: Run, folder: Path) -> None:
    done = envspec("init", "--from", IMPORTS / "pytorch-cuda.yml", "--host", host(folder, "cpu-linux"), cwd=folder)
    assert done.stdout.startswith(f"wrote {Path('specs') / 'llm.yaml'}\n")
    assert "note: pytorch-cuda.yml:2: channels are not taken over: pytorch, nvidia, conda-forge" in done.stdout
    named = envspec("init", "specs/x.yaml", "--from", IMPORTS / "pytorch-cuda.yml", "--gpu", "rtx-4090", cwd=folder)
    assert named.returncode == 0, named.stderr
    assert "name: x " in (folder / "specs" / "x.yaml").read_text(encoding="utf-8")


def test_files_outside_of_the_folder_are_not_read(envspec: Run, folder: Path) -> None:
    (folder / "secret.txt").write_text("six\n")
    inside = folder / "app"
    inside.mkdir()
    (inside / "r.txt").write_text("-r ../secret.txt\n")
    (inside / "link.txt").symlink_to(folder / "secret.txt")
    (inside / "l.txt").write_text("-r link.txt\n")
    (inside / "gone.txt").write_text("-r nothing.txt\n")
    for name in ("r.txt", "l.txt"):
        done = envspec("init", "--from", name, "-", cwd=inside)
        assert done.returncode == 2
        assert f"error: {name} names " in done.stderr
        assert "which lies outside of " in done.stderr
    assert envspec("init", "--from", "app/r.txt", "-", cwd=folder).returncode == 0, "now it is inside"
    assert "nothing.txt' cannot be read" in envspec("init", "--from", "gone.txt", "-", cwd=inside).stderr


def test_an_overlay_of_the_project_counts(envspec: Run, folder: Path) -> None:
    row = "{name: RTX 9999, capability: '8.9', memory: 1, form: desktop, confidence: inferred, source: test}"
    (folder / "envspec-catalog.yaml").write_text(f"nvidia_gpus:\n  - {row}\n", encoding="utf-8")
    for path in ((), ("specs/a.yaml",), (folder,)):
        assert envspec("init", *path, "--gpu", "rtx-9999", "--stdout", cwd=folder).returncode == 0
    assert envspec("init", "other/a.yaml", "--gpu", "rtx-9999", "--stdout", cwd=folder).returncode == 2


def test_the_parser_loads_nothing_heavy() -> None:
    heavy = {"pydantic", "ruamel.yaml", "envspec.catalog", "envspec.init", "envspec.plan", "envspec.spec"}
    code = f"import sys; from envspec.cli import build; build(); print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, encoding="utf-8")
    assert done.stdout == "set()\n"
