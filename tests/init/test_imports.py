"""Files of pip and conda: what becomes of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from envspec import catalog
from envspec.errors import SpecError
from envspec.gpu import Backend, CudaVersion, Platform
from envspec.host import Host
from envspec.init import Machine, Source, Taken, begin, parse, take, to_text
from envspec.plan import resolve
from envspec.spec import Install, range_text, read
from envspec.tools import imports

CASES = Path(__file__).parent.parent / "cases" / "imports"
FILES = sorted(path for path in CASES.rglob("*") if path.suffix in {".txt", ".yml"})
CATALOG = catalog.load()
GPU = {"vendor": "nvidia", "name": "NVIDIA GeForce RTX 4090", "capability": "8.9"}
HOST = Host.model_validate(
    {
        "platform": "linux-64",
        "cpu": "zen3",
        "libc": "glibc 2.35",
        "cores": 8,
        "memory": 1,
        "driver": {"version": "550.54.15"},
        "gpus": [GPU],
    }
)


def taken(name: str, *platforms: Platform) -> Taken:
    folder = imports.Folder(CASES / name)
    return take(folder.first(), folder.open, CATALOG, platforms or (Platform.LINUX_64,))


def told(name: str, *platforms: Platform) -> str:
    return "\n".join(taken(name, *platforms).notes)


def text(content: str, name: str = "r.txt", **others: str) -> Taken:
    """Take a text; other files by their names, with `_` for a dot."""
    files = {key.replace("_", "."): value for key, value in others.items()}

    def opened(wanted: str, asker: Source) -> Source:
        assert asker.shown
        return Source(wanted, wanted, files[wanted])

    return take(Source(name, name, content), opened, CATALOG, (Platform.LINUX_64,))


@pytest.mark.parametrize("path", [path for path in FILES if path.stem != "conda-list"], ids=lambda path: path.name)
def test_each_file_gives_a_spec_with_a_plan(path: Path) -> None:
    found = taken(str(path.relative_to(CASES)))
    begun = begin(parse({"name": "x"}), found, Machine(HOST), CATALOG)
    assert begun.conflict is None
    written = to_text(begun.spec, begun.remarks, begun.notes, found.source)
    assert read(written, "x") == begun.spec
    assert resolve(begun.spec, None, CATALOG).name == "x"
    for secret in ("s3cret", "T0PSECRET", "ghp_", "deadbeef", "hf_0123456789", "user:pass", "abc123"):
        assert secret not in written


@pytest.mark.parametrize(
    ("name", "cuda", "torch", "packages"),
    [
        ("torch-cu121.txt", "12.1", "==2.5.1", ("torchvision", "torchaudio")),
        ("freeze-powershell.txt", "12.4", "==2.5.1", ()),
        ("chinese-gbk.txt", None, ">=2.4", ()),
        ("chinese-bom-crlf.txt", "11.8", "==2.3.1", ("torchvision",)),
        ("nested/requirements.txt", None, ">=2.6,<2.9", ()),
        ("wheel-urls.txt", "12.1", "==2.4.1", ()),
        ("hashes.txt", "12.6", "==2.6.0", ()),
        ("cu127.txt", None, "==2.6.0", ()),
        ("cpu.txt", None, "==2.7.1", ()),
        ("rocm.txt", None, ">=2.8", ()),
        ("pytorch-cuda.yml", "12.1", "==2.4.1", ("torchvision", "torchaudio")),
        ("export.yml", "12.4", "==2.5.1", ()),
        ("cudatoolkit.yml", "11.8.0", "==2.1.*", ()),
        ("cpuonly.yml", None, "", ()),
        ("only-pip.yml", "12.8", ">=2.6,>=2.7,<2.9", ()),
        ("conda-forge.yml", "12.6", ">=2.6", ()),
    ],
)
def test_torch_and_cuda(name: str, cuda: str | None, torch: str, packages: tuple[str, ...]) -> None:
    found = taken(name)
    assert found.torch is not None
    assert (found.cuda and str(found.cuda), range_text(found.torch.version), found.torch.packages) == (
        cuda,
        torch,
        packages,
    )


def test_llama_cpp_python_has_its_key() -> None:
    server = taken("server.txt").llama
    assert server is not None
    assert (range_text(server.version), server.extras, server.install) == (">=0.3", ("server",), Install.AUTO)
    assert taken("server.txt").cuda == CudaVersion(12, 4), "of its index, since there is no torch"
    private = taken("private.txt").llama
    assert private is not None
    assert private.install is Install.SOURCE
    assert range_text(private.version) == ">=0.3,<0.4"
    wheels = taken("wheel-urls.txt")
    assert wheels.llama is not None
    assert range_text(wheels.llama.version) == "==0.3.4"
    assert wheels.python == "3.11"
    assert "the wheel of llama-cpp-python for cu121 is not taken over: the CUDA is that of torch" in "".join(
        wheels.notes
    )
    assert taken("cpu.txt").backend is Backend.CPU
    assert taken("rocm.txt").backend is Backend.ROCM


def test_other_requirements_stay_as_they_are() -> None:
    assert taken("torch-cu121.txt").pip == (
        "transformers<5,>=4.46",
        "accelerate",
        'bitsandbytes==0.44.1; platform_system != "Darwin"',
    )
    assert taken("private.txt").pip == (
        "other==1.0",
        "open @ git+https://github.com/example/open@v1.0",
        "named @ git+https://github.com/example/named.git",
        "numpy",
        "scipy==1.14.1",
    )
    assert taken("chinese-bom-crlf.txt").pip == ("opencv-python-headless", "jieba==0.42.1")


def test_what_is_not_taken_over_is_told_without_secrets() -> None:
    found = told("private.txt")
    for line in (
        "private.txt:1: --index-url https://pypi.example.com is not taken over",
        "private.txt:2: --extra-index-url https://pypi.example.org is not taken over",
        "private.txt:3: --find-links a local folder is not taken over",
        "private.txt:5: `--pre` is not taken over",
        "private.txt:6: `-e .` is not taken over",
        "private.txt:9: internal is not taken over: its address (https://github.com) may hold a password",
        "private.txt:10: signed is not taken over",
        "private.txt:13: https://example.com/.../archive.tar.gz is not taken over",
        "private.txt:15: scipy: the local file is not taken over, only scipy==1.14.1",
    ):
        assert line in found
    assert "the tag cu127 are known, only cu117, cu118, cu121, cu124, cu126" in told("cu127.txt")
    assert "torch: nvidia-cublas-cu12, nvidia-cuda-runtime-cu12, nvidia-cudnn-cu12, triton" in told(
        "freeze-powershell.txt"
    )
    assert "hashes.txt: hashes are not taken over" in told("hashes.txt")


def test_a_marker_decides_by_platform() -> None:
    assert taken("wheel-urls.txt", Platform.OSX_ARM64).cuda is None
    both = told("wheel-urls.txt", Platform.LINUX_64, Platform.WIN_64)
    assert "is not taken over: torch is for all platforms of a spec" in both


def test_files_name_each_other() -> None:
    found = taken("nested/requirements.txt")
    assert found.llama is not None
    assert range_text(found.llama.version) == "==0.3.28"
    assert found.pip == ("fastapi==0.115.5", "pytest")
    assert "constraints are taken over only for what is required, so not for starlette, uvicorn" in "".join(found.notes)


def test_environment_files() -> None:
    found = taken("conda-forge.yml")
    assert (found.name, found.python) == ("forge", "==3.12.*")
    assert found.platforms == (Platform.LINUX_64, Platform.WIN_64)
    assert found.conda == ("numpy >=2,<3", "nodejs >=20,<23", "secretlib=1.0")
    assert taken("cudatoolkit.yml").name == "旧项目"
    assert taken("cudatoolkit.yml").python == ">=3.9,<3.12"
    assert taken("cpuonly.yml").backend is Backend.CPU
    assert taken("only-pip.yml").env == (("CUDA_VISIBLE_DEVICES", "0"), ("TOKENIZERS_PARALLELISM", "false"))
    notes = "\n".join((*found.notes, *taken("only-pip.yml").notes, *taken("export.yml").notes))
    for line in (
        "conda-forge.yml:4: the platform osx-64 is not supported",
        "conda-forge.yml:2: channels are not taken over: conda-forge",
        "conda-forge.yml:13: the channel of secretlib (https://conda.example.com) is not taken over",
        "only-pip.yml:10: HF_TOKEN is not taken over",
        "only-pip.yml:12: PATH is not taken over",
        "export.yml: build strings are not taken over, they fit one platform (_libgcc_mutex, bzip2, ca-certificates)",
    ):
        assert line in notes


@pytest.mark.parametrize(
    ("content", "message", "hint"),
    [
        ("six\nfoo bar\n", "r.txt:2: 'foo bar' is no requirement: ", "fastapi>=0.110"),
        ("a==1 \\\n  ; nonsense\n", "r.txt:1: 'a==1 ", "write a requirement"),
        ("numpy=1.26.4=py311h64a7726_0\n", "r.txt:1: 'numpy=1.26.4=py311", "--from-history"),
        ("@EXPLICIT\nhttps://x/y.conda\n", "r.txt:1: '@EXPLICIT' is no requirement", "--from-history"),
        ("--fancy yes\n", "r.txt:1: unrecognized arguments: --fancy yes", "pip's description"),
        ("--index-url https://u: p@h\n", "r.txt:1: these options cannot be read", "pip's description"),
        (":pass@host/x\n", "r.txt:1: '***@host/x' is no requirement", "write a requirement"),
        ("-r\n", "r.txt:1: argument -r/--requirement: expected one argument", "pip's description"),
        ("-r 'a\n", "r.txt:1: No closing quotation", "pip's description"),
        ("x@https://u:p@h ;;\n", "r.txt:1: 'x@https://***@h ;;' is no requirement", "write a requirement"),
        ("six\nsix (\n", "r.txt:2: 'six (' is no requirement", "write a requirement"),
    ],
)
def test_a_wrong_line_is_told_with_its_place(content: str, message: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        text(content)
    assert caught.value.message.startswith(message)
    assert caught.value.hint is not None
    assert hint in caught.value.hint


def test_lines_are_joined_and_comments_go() -> None:
    found = text("# one \\\nsix==1.0 \\\n  --hash=sha256:00 # two\n\n\tattrs # egg\nrich \\")
    assert found.pip == ("six==1.0", "attrs", "rich")


def test_many_files_are_not_read() -> None:
    def opened(name: str, _asker: Source) -> Source:
        return Source(name, name, f"-r {int(name) + 1}\n")

    with pytest.raises(SpecError, match="^49:1: more than 50 files name each other"):
        take(Source("r.txt", "0", "-r 1\n"), opened, CATALOG, (Platform.LINUX_64,))


def test_options_of_pip() -> None:
    found = text(
        "-i https://download.pytorch.org/whl/nightly/cu126 --pre\n"
        "--extra-index-url=https://[broken\n"
        "--only-binary llama-cpp-python,numpy\n"
        "--no-binary :all:\n"
        "-r https://example.com/r.txt\n"
        "llama-cpp-python --config-settings=cmake.args=-DGGML_CUDA=on\n"
        "torch\n"
    )
    assert found.llama is not None
    assert found.llama.install is Install.WHEEL
    assert found.cuda == CudaVersion(12, 6)
    notes = "\n".join(found.notes)
    for line in (
        "r.txt:1: --index-url .../nightly/cu126: only releases are known",
        "r.txt:2: --extra-index-url an address that cannot be read is not taken over",
        "r.txt:3: `--only-binary llama-cpp-python,numpy` is not taken over: that is always so",
        "r.txt:4: `--no-binary :all:` is not taken over: only llama-cpp-python is ever compiled",
        "r.txt:5: the file at https://example.com is not read: save it beside r.txt",
        "r.txt:6: `--config-settings` is not taken over",
    ):
        assert line in notes


def test_torch_in_many_forms() -> None:
    found = text("torch[opt-einsum]===2.6.0+cu126\ntorch>=2.5 ; python_version >= '3.9'\ntorch!=2.7+xpu\n")
    assert found.torch is not None
    assert range_text(found.torch.version) == "!=2.7,==2.6.0,>=2.5"
    assert "the extra 'opt-einsum' of torch is not taken over" in found.notes[0]
    assert "the tag 'xpu' means nothing here" in "".join(found.notes)
    odd = text("torch===nightly\n")
    assert odd.notes == ("r.txt:1: torch===nightly is not taken over: that is no version",)
    from_git = text("torch @ git+https://github.com/pytorch/pytorch\nllama-cpp-python[metal,server]\n")
    assert from_git.torch is not None
    assert len(from_git.torch.version) == 0
    assert "the address of torch (git+https://github.com) is not taken over" in "".join(from_git.notes)
    assert from_git.llama is not None
    assert from_git.llama.extras == ("server",)


def test_companions_say_which_torch() -> None:
    def versions(content: str) -> str:
        found = text(content).torch
        return range_text(found.version) if found else ""

    assert versions("torchvision==0.20.1\n") == "==2.5.1"
    assert versions("torchvision>=0.20,<0.22\n") == ">=2.5.0,<=2.6.0"
    assert versions("torchvision>=0.15\ntorchaudio\n") == ""
    wrong = text("torch==2.5.1\ntorchvision==0.19.0\n")
    assert wrong.notes == ("torchvision: ==0.19.0 is not taken over: it goes with no torch ==2.5.1 of the catalog",)
    assert versions("torch==1.13.1\ntorchvision==0.14.1\n") == "==1.13.1"
    assert "of any version" in text("torchvision==0.14.1\n").notes[0]


def test_cuda_versions_that_contradict_each_other() -> None:
    found = text(
        "--extra-index-url https://download.pytorch.org/whl/cu118\n"
        "--extra-index-url https://download.pytorch.org/whl/cpu\n"
        "torch==2.5.1+cu121\n"
        "nvidia-cuda-runtime-cu12==12.4.127\n"
        "nvidia-cuda-runtime-cu11>=11.8\n"
    )
    assert found.cuda == CudaVersion(12, 1)
    notes = "\n".join(found.notes)
    assert "r.txt:1: --extra-index-url .../cu118 says CUDA 11.8; that of r.txt:3, CUDA 12.1, is taken" in notes
    assert "r.txt:2: wheels for cpu are not taken over: r.txt:3 asks for CUDA 12.1" in notes
    unknown = text("torch==2.5.1\nnvidia-cuda-runtime-cu12==12.7.99\n")
    assert unknown.cuda is None
    assert "no CUDA 12.7 is known, only 11.8, 12.0" in unknown.notes[0]


def test_addresses_of_wheels() -> None:
    base = "https://github.com/abetlen/llama-cpp-python/releases/download"
    found = text(f"{base}/v0.3.4-cu124/llama_cpp_python-0.3.4-cp312-cp312-linux_x86_64.whl\n")
    assert (found.cuda, found.python) == (CudaVersion(12, 4), "3.12")
    plain = text(f"{base}/v0.3.4/llama_cpp_python-0.3.4-py3-none-linux_x86_64.whl ; sys_platform == 'linux'\n")
    assert (plain.cuda, plain.python) == (None, None)
    two = text(
        "https://h/cu121/torch-2.5.1%2Bcu121-cp310-cp310-linux_x86_64.whl\n"
        "https://h/cu121/torch-2.5.1%2Bcu121-cp311-cp311-linux_x86_64.whl\n"
    )
    assert two.python is None
    assert text("x @ http://[bad/x.whl\ny @ https://h/${TOKEN}/y.whl\nz @ git+ssh://git@h/z\n").pip == (
        "z @ git+ssh://git@h/z",
    )
    assert text("./a/b-not-a-wheel.whl\n").notes[0].startswith("r.txt:1: ./a/b-not-a-wheel.whl is not taken over")


def test_constraints() -> None:
    found = text(
        "-c c.txt\ntorch\nsix\nother @ https://h/other-1.0-py3-none-any.whl\n",
        c_txt="torch==2.5.1+cu121\nsix<2\nsix>1\nother==1.0\nodd==1; sys_platform == 'linux'\n"
        "a\nb\nc\nd\ne\nf\n-r d.txt\n",
        d_txt="g==1\n",
    )
    assert found.cuda == CudaVersion(12, 1)
    assert found.pip[0] == "six<2,>1"
    notes = "\n".join(found.notes)
    assert "c.txt:5: the constraint on odd is not taken over: it has an address or a marker" in notes
    assert "c.txt: constraints are taken over only for what is required, so not for other, a, b, c, d, ..." in notes


@pytest.mark.parametrize("name", ["pyproject.toml", "Pipfile", "poetry.lock", "setup.py", "a.whl"])
def test_files_of_other_kinds(name: str) -> None:
    with pytest.raises(SpecError, match="cannot be taken over"):
        text("", name)
