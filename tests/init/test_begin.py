"""The first spec for a machine: every machine of the profiles gets one that has a plan, or is told why not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from envspec import catalog
from envspec.errors import SpecError, UsageError
from envspec.gpu import Backend, CudaVersion, Platform
from envspec.host import Host
from envspec.init import Beginning, Machine, Taken, begin, name_of, parse, to_text
from envspec.init.write import scalar
from envspec.plan import Plan, resolve
from envspec.spec import Base, LlamaRequest, Spec, ToolkitSource, TorchRequest, range_text, read

CATALOG = catalog.load()
MACHINES = sorted((Path(__file__).parent.parent / "cases" / "machines").glob("*.yaml"))
BASIC: dict[str, object] = {"platform": "linux-64", "cpu": "zen3", "libc": "glibc 2.35", "cores": 8, "memory": 1}
RTX_4090: dict[str, object] = {"vendor": "nvidia", "name": "NVIDIA GeForce RTX 4090", "capability": "8.9"}
RADEON: dict[str, object] = {"vendor": "amd", "name": "AMD Radeon RX 7900 XTX", "gfx": "gfx1100"}


def host(*gpus: dict[str, object], **facts: object) -> Host:
    return Host.model_validate({**BASIC, "gpus": gpus, **facts})


def driver(version: str) -> dict[str, str]:
    return {"version": version}


def begun(machine: Host | Machine, taken: Taken | None = None, /, **wish: object) -> Beginning:
    whole = machine if isinstance(machine, Machine) else Machine(machine)
    found = begin(parse({"name": "chat", **wish}), taken or Taken(), whole, CATALOG)
    assert read(to_text(found.spec, found.remarks, found.notes), "x") == found.spec
    return found


def plan_of(spec: Spec, machine: Host | None = None) -> Plan:
    return resolve(spec, machine, CATALOG)


def hosts() -> dict[str, Host]:
    trees = {path.stem: YAML(typ="base", pure=True).load(path.read_text(encoding="utf-8")) for path in MACHINES}
    return {name: Host.model_validate(tree["host"]) for name, tree in trees.items() if tree.get("host")}


HOSTS = hosts()


@pytest.mark.parametrize("name", HOSTS)
def test_every_machine_gets_a_spec_that_gives_the_same_plan_everywhere(name: str) -> None:
    machine = HOSTS[name]
    found = begun(machine)
    if found.conflict:
        assert {"driver", "torch"} & set(dict(found.conflict.given)), "an old driver; torch has no wheels for Orin"
        return
    assert found.spec.platforms == (machine.platform,)
    here, everywhere = plan_of(found.spec, machine), plan_of(found.spec)
    assert (here.torch, here.llama) == (everywhere.torch, everywhere.llama)
    assert here.cuda is None or (everywhere.cuda is not None and here.cuda.line == everywhere.cuda.line)


def test_an_old_driver_is_in_the_spec() -> None:
    found = begun(host(RTX_4090, driver=driver("535.183.01")))
    assert found.spec.gpu == ("rtx-4090",)
    assert found.spec.cuda is not None
    assert found.spec.cuda.major == 12
    assert re.fullmatch(
        r"without this line it would be CUDA 1[3-9]\.\d, which does not fit this machine "
        r"\(driver 535\.183\.01, glibc 2\.35\)",
        found.remarks["cuda"],
    )
    assert begun(host(RTX_4090, driver=driver("595.45.04"))).spec.cuda is None


def test_an_old_glibc_is_in_the_spec() -> None:
    found = begun(host(RTX_4090, driver=driver("580.95.05"), libc="glibc 2.17"))
    assert {"cuda", "torch"} <= set(found.remarks)
    assert found.spec.torch is not None
    assert range_text(found.spec.torch.version) == "==2.6.0"
    source = begun(
        host(RTX_4090, driver=driver("595.45.04"), libc="glibc 2.28", compilers=None),
        Taken("r.txt", llama=LlamaRequest.model_validate({"version": "==0.3.35"})),
    )
    assert source.spec.llama is not None
    assert source.spec.llama.install == "source"
    assert "it would be a wheel" in source.remarks["llama-cpp-python"]


def test_a_system_toolkit_is_in_the_spec() -> None:
    found = begun(HOSTS["gtx-970-system-toolkit"])
    assert found.spec.base is Base.VENV
    assert found.spec.toolkit.source is ToolkitSource.SYSTEM
    assert "installed on this machine" in found.remarks["toolkit"]


def test_what_no_line_can_say_is_left_to_the_machine() -> None:
    machine = host(
        {"vendor": "nvidia", "name": "NVIDIA GeForce RTX 5090"},
        driver=driver("580.95.05"),
        libc="glibc 2.39",
        compilers=[],
    )
    taken = Taken("r.txt", torch=TorchRequest(), llama=LlamaRequest.model_validate({"install": "wheel"}))
    found = begun(machine, taken, python="3.15")
    assert found.spec.platforms == ()
    assert found.remarks == {"platforms": "left out, so that the machine itself counts (driver 580.95.05, glibc 2.39)"}
    for far in (begun(Machine(machine, present=False), taken), begun(machine, taken, platforms=("linux-64",))):
        assert far.spec.platforms == (Platform.LINUX_64,)
        assert "leave this line out" in far.remarks["platforms"]


def test_without_a_toolkit_the_base_is_conda() -> None:
    found = begun(HOSTS["gtx-970-venv-no-toolkit"])
    assert found.spec.base is Base.CONDA
    assert found.notes[0].startswith("base conda is chosen, because base venv does not fit: toolkit ")
    forced = begun(HOSTS["gtx-970-venv-no-toolkit"], base="venv")
    assert forced.conflict is not None
    assert dict(forced.conflict.given)["base"] == "venv"


def test_the_python_of_the_machine() -> None:
    def python(*installed: int, **wish: object) -> str:
        return range_text(begun(Machine(host(RTX_4090, driver=driver("595.45.04")), installed), **wish).spec.python)

    assert python() == "==3.12.*"
    assert python(14, 11) == "==3.14.*"
    assert python(30, 13) == "==3.13.*", "torch has no wheels for 3.30"
    assert python(30) == "==3.12.*", "conda brings one"
    assert python(14, python="3.11") == "==3.11.*"
    assert python(14, 11, base="conda") == "==3.12.*"
    assert python(14, 11, platforms=("win-64",)) == "==3.12.*"
    taken = Taken("e.yml", python="==3.10.*")
    assert range_text(begun(Machine(host(), (14,)), taken).spec.python) == "==3.10.*"


@pytest.mark.parametrize(
    ("machine", "wish", "backend", "gpus"),
    [
        (host(RTX_4090), {}, Backend.CUDA, ("rtx-4090",)),
        (host(RTX_4090, RTX_4090), {}, Backend.CUDA, ("rtx-4090",)),
        (host(RTX_4090, RADEON), {}, Backend.CUDA, ("rtx-4090",)),
        (host(RTX_4090, RADEON), {"backend": "vulkan"}, Backend.VULKAN, ("rtx-4090", "rx-7900-xtx")),
        (host(RADEON), {}, Backend.ROCM, ("rx-7900-xtx",)),
        (host(RADEON, platform="win-64", libc=""), {}, Backend.VULKAN, ("rx-7900-xtx",)),
        (host({"vendor": "amd", "name": "AMD Radeon Graphics", "gfx": "gfx1103"}), {}, Backend.VULKAN, ("gfx1103",)),
        (host({"vendor": "amd", "name": "Radeon 890M"}), {}, Backend.ROCM, ("gfx1150",)),
        (host({"vendor": "intel", "name": "Intel Arc A770"}), {}, Backend.CPU, ()),
        (host({"vendor": "apple", "name": "Apple M3"}, platform="osx-arm64", libc=""), {}, Backend.METAL, ()),
        (host({"vendor": "nvidia", "name": "NVIDIA Graphics Device", "capability": "8.9"}), {}, Backend.CUDA, ("8.9",)),
        (host({"vendor": "nvidia", "name": "NVIDIA GeForce RTX 4090"}), {}, Backend.CUDA, ("rtx-4090",)),
        (host({**RTX_4090, "capability": "9.0"}), {}, Backend.CUDA, ("9.0",)),
        (host(), {"gpu": ("RTX 4090", "8.9", "rtx-4090")}, Backend.CUDA, ("rtx-4090", "8.9")),
        (host(), {"gpu": ("gfx1100",)}, Backend.ROCM, ("gfx1100",)),
        (host(), {"gpu": ("gfx1100", "rtx-4090")}, Backend.VULKAN, ("gfx1100", "rtx-4090")),
        (host(), {"gpu": ("rtx-4090",), "backend": "vulkan"}, Backend.VULKAN, ("rtx-4090",)),
        (host(RTX_4090), {"gpu": ("native",)}, Backend.CUDA, ("native",)),
        (host(), {"cuda": "12.6"}, Backend.CUDA, ()),
        (host(), {"platforms": ("osx-arm64",)}, Backend.METAL, ()),
        (host(RTX_4090), {"platforms": ("win-64",)}, Backend.CPU, ()),
        (host(RTX_4090), {"backend": "cpu"}, Backend.CPU, ()),
        (host(RTX_4090), {"torch": False}, Backend.CUDA, ("rtx-4090",)),
    ],
)
def test_backend_and_gpus(machine: Host, wish: dict[str, object], backend: Backend, gpus: tuple[str, ...]) -> None:
    found = begun(machine, **wish)
    assert found.conflict is None
    assert (found.spec.backend, found.spec.gpu) == (backend, gpus)
    assert (found.spec.torch is None) == (wish.get("torch") is False)


@pytest.mark.parametrize(
    ("machine", "wish", "note"),
    [
        (host(), {}, "no GPU of NVIDIA, AMD or Apple was found, so `backend: cpu`; `--gpu NAME` names a GPU"),
        (host(cards=("nvidia", "intel")), {}, "a graphics card of NVIDIA is there, but no driver serves it"),
        (host({**RTX_4090, "hidden": True}), {}, "NVIDIA GeForce RTX 4090 is hidden from programs"),
        (host(RTX_4090), {"platforms": ("win-64",)}, "the GPUs of this machine do not count for win-64"),
        (host({"vendor": "nvidia", "name": "NVIDIA X1"}), {}, "NVIDIA X1 is not in the catalog, so it is not named"),
        (host({"vendor": "amd", "name": "AMD Radeon Graphics", "gfx": "gfx1036"}), {}, "AMD Radeon Graphics is not in"),
    ],
)
def test_what_is_said_about_the_machine(machine: Host, wish: dict[str, object], note: str) -> None:
    assert any(one.startswith(note) for one in begun(machine, **wish).notes)


@pytest.mark.parametrize(
    ("wish", "kind", "message"),
    [
        ({"name": "a/b"}, UsageError, "--name: 'a/b' cannot be a folder name everywhere"),
        ({"gpu": ("!",)}, UsageError, "--gpu: '!' is not a GPU such as rtx-4090"),
        ({"python": "2.7"}, UsageError, "--python: no Python 3 fits '==2.7.*'"),
        ({"cuda": "twelve"}, UsageError, "--cuda: 'twelve' is not a CUDA version such as 12.6"),
        ({"platforms": ("beos",)}, UsageError, "--platform: Input should be 'linux-64'"),
        ({"gpu": ("rtx-490",)}, SpecError, "gpu: 'rtx-490' is no GPU of the catalog; did you mean "),
        ({"gpu": ("8.4",)}, SpecError, "gpu: no GPU has compute capability 8.4"),
        ({"gpu": ("native",)}, UsageError, "--gpu native: this machine has no GPU that can be used"),
        ({"cuda": "12.7"}, SpecError, "cuda: no CUDA toolkit 12.7 is known"),
        ({"gpu": ("rtx-4090",), "backend": "cpu"}, UsageError, "--gpu rtx-4090: `backend: cpu` chooses no GPU"),
        ({"gpu": ("gfx1100",), "cuda": "12.6"}, UsageError, "--cuda 12.6: `backend: rocm` uses no CUDA"),
    ],
)
def test_wrong_wishes(wish: dict[str, object], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as caught:
        begun(host(), **wish)
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(
    ("machine", "taken", "wish", "backend", "note"),
    [
        (host(RTX_4090), Taken("r.txt", backend=Backend.CPU), {}, Backend.CPU, "r.txt takes wheels for the CPU"),
        (host(RTX_4090), Taken("r.txt", backend=Backend.ROCM), {}, Backend.CUDA, "wheels for rocm of r.txt are not"),
        (host(), Taken("r.txt", backend=Backend.ROCM), {}, Backend.ROCM, ""),
        (host(), Taken("r.txt", cuda=CudaVersion(12, 1)), {}, Backend.CUDA, ""),
        (
            host(RADEON),
            Taken("r.txt", cuda=CudaVersion(12, 1)),
            {},
            Backend.ROCM,
            "CUDA 12.1 of r.txt is not taken over",
        ),
        (
            host(RTX_4090),
            Taken("e.yml", conda=("ffmpeg",)),
            {"base": "venv"},
            Backend.CUDA,
            "`--base venv` has no conda packages, so these are not taken over: ffmpeg",
        ),
    ],
)
def test_what_a_file_says_about_the_backend(
    machine: Host, taken: Taken, wish: dict[str, object], backend: Backend, note: str
) -> None:
    found = begun(machine, taken, **wish)
    assert found.spec.backend is backend
    assert found.spec.torch is None, "the file names none"
    assert found.spec.llama is None
    assert any(one.startswith(note) for one in (*found.notes, ""))


def test_what_a_file_says() -> None:
    taken = Taken(
        "e.yml",
        name="x",
        platforms=(Platform.LINUX_64, Platform.WIN_64),
        cuda=CudaVersion(12, 6),
        torch=TorchRequest.model_validate({"version": "==2.6.0", "packages": ["torchaudio"]}),
        llama=LlamaRequest.model_validate({"version": ">=0.3.20", "extras": ["server"]}),
        conda=("ffmpeg",),
        pip=('a; python_version < "4"', "b @ https://h/it's"),
        env=(("A", 'say "it\'s"\n\N{GRINNING FACE}\x85 or'),),
        notes=("e.yml:1: odd\nthing",),
    )
    found = begun(host(RTX_4090), taken, cuda="12.4")
    assert found.spec.cuda == CudaVersion(12, 4), "an option counts more"
    assert found.spec.base is Base.CONDA
    assert found.spec.platforms == taken.platforms
    text = to_text(found.spec, found.remarks, found.notes, "e.yml")
    assert read(text, "x") == found.spec
    assert "# Made from e.yml; to know:\n# - e.yml:1: odd thing\n" in text
    assert "  packages: [torchaudio]\n" in text
    assert "  - 'a; python_version < \"4\"'\n" in text
    assert "# Made from e.yml.\n" in to_text(found.spec, {}, (), "e.yml")


def test_a_conflict_is_told() -> None:
    found = begun(host(), gpu=("rtx-5090",), cuda="12.6")
    assert found.conflict is not None
    assert dict(found.conflict.given)["cuda"] == "12.6"


def test_an_older_torch() -> None:
    found = begun(host(), python="3.8")
    assert found.spec.torch is not None
    assert range_text(found.spec.torch.version) == ">=2.0"
    assert found.notes[1].startswith("torch >=2.0 is chosen, because torch >=2.6 does not fit: ")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("chat", "chat"),
        ("my project!", "my-project"),
        ("我的 project", "project"),
        ("我的", "env"),
        ("con", "env"),
        ("..", "env"),
        ("x" * 80, "x" * 64),
    ],
)
def test_names(text: str, name: str) -> None:
    assert name_of(text) == name


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=40))
def test_every_text_is_written_so_that_it_is_read_again(text: str) -> None:
    found = YAML(typ="rt", pure=True).compose(f"a: {scalar(text)}\n")
    assert found.value[0][1].value == text
