"""environment.yml: what a spec takes over, and what is wrong with a file."""

from __future__ import annotations

import pytest

from envspec import catalog
from envspec.errors import SpecError
from envspec.gpu import Backend, CudaVersion, Platform
from envspec.init import Source, Taken, match_spec, take
from envspec.spec import range_text

CATALOG = catalog.load()


def text(content: str) -> Taken:
    def opened(name: str, _asker: Source) -> Source:
        raise AssertionError(name)

    return take(Source("e.yml", "e.yml", content), opened, CATALOG, (Platform.LINUX_64,))


def of(*packages: str) -> Taken:
    return text("dependencies:\n" + "".join(f"  - {package}\n" for package in packages))


@pytest.mark.parametrize(
    ("written", "name", "version", "build", "again"),
    [
        ("numpy", "numpy", "", "", "numpy"),
        ("NumPy *", "numpy", "", "", "numpy"),
        ("numpy=1.26", "numpy", "=1.26", "", "numpy=1.26"),
        ("numpy=1.26.4=py311h64a7726_0", "numpy", "=1.26.4", "py311h64a7726_0", "numpy=1.26.4"),
        ("numpy = 1.26 = abc", "numpy", "=1.26", "abc", "numpy=1.26"),
        ("numpy==1.26.4", "numpy", "==1.26.4", "", "numpy==1.26.4"),
        ("numpy >=1.26, <2", "numpy", ">=1.26,<2", "", "numpy >=1.26,<2"),
        ("numpy 1.26.4 abc", "numpy", "1.26.4", "abc", "numpy 1.26.4"),
        ("conda-forge::numpy>=2", "numpy", ">=2", "", "conda-forge::numpy >=2"),
        ("conda-forge/linux-64::numpy", "numpy", "", "", "conda-forge/linux-64::numpy"),
        ("numpy[version='>=2,<3', build=\"x*\", md5=1]", "numpy", ">=2,<3", "x*", "numpy >=2,<3"),
        ("numpy 1.8|1.9", "numpy", "1.8|1.9", "", "numpy 1.8|1.9"),
    ],
)
def test_match_specs(written: str, name: str, version: str, build: str, again: str) -> None:
    found = match_spec.parse(written)
    assert found is not None
    assert (found.name, found.version, found.build, str(found)) == (name, version, build, again)


def test_no_match_specs() -> None:
    for text in ("", "foo|bar", "-r x", "a b::c d::"):
        found = match_spec.parse(text)
        assert found is None or found.name == "a"


@pytest.mark.parametrize(
    ("conda", "pip"),
    [
        ("=3.12", "==3.12.*"),
        ("=2.5.1", "==2.5.1"),
        ("==2.5", "==2.5"),
        ("2.5.1", "==2.5.1"),
        ("2.5.*", "==2.5.*"),
        ("=2.5*", "==2.5.*"),
        (">=3.9.*,<3.13", ">=3.9,<3.13"),
        ("", ""),
        ("1.8|1.9", None),
        ("~=v1", None),
    ],
)
def test_versions(conda: str, pip: str | None) -> None:
    found = match_spec.versions(conda)
    assert (range_text(found) if found is not None else None) == pip


def test_pythons() -> None:
    def python(package: str) -> str | None:
        return of(package).python

    assert python("python") is None
    assert python("python=3.12") == "==3.12.*"
    assert python("python 3.11") == "==3.11.*"
    assert python("python=3.12.4=h1_cpython") == "==3.12.4"
    assert python("python<3.13") == ">=3.8,<3.13"
    assert python("python>=3.10") == ">=3.10"
    odd = of("python 3.10.*|3.11.*")
    assert odd.python is None
    assert odd.notes == ("e.yml:2: python 3.10.*|3.11.*: this range is not taken over",)
    with pytest.raises(SpecError, match=r"e\.yml:2: python =2\.7: no Python 3 fits"):
        of("python=2.7")


@pytest.mark.parametrize(
    ("packages", "cuda", "backend"),
    [
        (["pytorch=2.5.1=py3.12_cuda12.4_cudnn9.1.0_0"], CudaVersion(12, 4), None),
        (["pytorch=2.6.0=cuda126_py312h1_300"], CudaVersion(12, 6), None),
        (["pytorch=2.6.0=cpu_mkl_py312h1_100"], None, Backend.CPU),
        (["pytorch-cpu"], None, Backend.CPU),
        (["pytorch", "pytorch-cuda=11.8"], CudaVersion(11, 8), None),
        (["pytorch", "cuda-version=12.6"], CudaVersion(12, 6), None),
        (["cuda-toolkit=12.4.1"], CudaVersion(12, 4, 1), None),
        (["cuda-toolkit=12.4.7"], CudaVersion(12, 4), None),
        (["cuda-nvcc=12.4.131"], CudaVersion(12, 4), None),
        (["nvidia/label/cuda-12.1.1::cuda-toolkit"], CudaVersion(12, 1, 1), None),
        (["cuda-version=12"], None, None),
        (["cuda-version >=12,<13"], None, None),
        (["cudatoolkit=10.2"], None, None),
        (["llama-cpp-python=0.3.2=cuda126_h1_0"], CudaVersion(12, 6), None),
    ],
)
def test_cuda(packages: list[str], cuda: CudaVersion | None, backend: Backend | None) -> None:
    found = of(*packages)
    assert (found.cuda, found.backend) == (cuda, backend)
    assert found.conda == ()


def test_what_stays_for_conda() -> None:
    found = of("ffmpeg", "ffmpeg", "conda-forge::libsndfile >=1.2", *(f"p{n}=1=b" for n in range(6)))
    assert found.conda[:2] == ("ffmpeg", "conda-forge::libsndfile >=1.2")
    assert "(p0, p1, p2, p3, p4, ...)" in found.notes[0]
    odd = of("pytorch 2.4|2.5")
    assert odd.torch is not None
    assert len(odd.torch.version) == 0
    assert "this range is not taken over, so any release fits" in odd.notes[0]


def test_pip_in_conda() -> None:
    found = text("dependencies:\n- pip:\n  - |\n    # two\n    six\n    attrs\n- pip: rich\n- npm:\n  - left-pad\n")
    assert found.pip == ("six", "attrs", "rich")
    assert found.notes == ("e.yml:8: `npm` is not taken over; only a list under `pip` is",)
    with pytest.raises(SpecError, match=r"e\.yml:3: 'a b' is no requirement"):
        text("dependencies:\n- pip:\n  - a b\n")


def test_other_keys() -> None:
    found = text(
        "name: [odd]\nplatforms: linux-64\nchannels:\ncategory: main\nprefix: /home/x\n"
        "dependencies: ffmpeg\nvariables: {A: 'x://u:p@h', B: 1, C: [1]}\n"
    )
    assert found.name is None
    assert found.platforms == (Platform.LINUX_64,)
    assert found.conda == ("ffmpeg",)
    assert found.env == (("B", "1"),)
    assert found.notes == (
        "e.yml:4: `category` is not taken over",
        "e.yml:7: A is not taken over: it may be a secret, and a spec is for everybody",
        "e.yml:7: C is not taken over: an environment cannot set it",
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "e.yml:1: not an environment file of conda: it has no `dependencies`"),
        ("name: x\n", "it has no `dependencies`"),
        ("envspec: 1\nname: x\ndependencies: []\n", "this is a spec already"),
        ("version: 1\npackage: []\n", "this is a lockfile"),
        ("dependencies: {a: b}\n", "e.yml:1: `dependencies` must be a list"),
        ("dependencies:\n- a\n- [b]\n", "e.yml:3: ['b'] is no package"),
        ("dependencies:\n- a|b\n", "e.yml:2: 'a|b' is no package such as `ffmpeg`"),
        ("dependencies:\n- a@b::c\n", "e.yml:2: a@b::c is no match spec"),
        ("dependencies:\n- pip: [[x]]\n", "e.yml:2: ['x'] is no requirement"),
        ("dependencies: []\nvariables: [a]\n", "e.yml:2: `variables` must be a mapping"),
        ("dependencies: [\n", "e.yml:2:1: not valid YAML"),
        ("dependencies: {{ x }}\n", "e.yml:1:16: a key must be a single value"),
        ("a: \x07\n", "e.yml:1:1: not valid YAML"),
        ("dependencies: " + "[" * 3000, "e.yml:1:1: nested too deeply"),
        ("dependencies:\n- a\ndependencies:\n- b\n", "e.yml:3:1: duplicate key"),
    ],
)
def test_a_wrong_file(content: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        text(content)
    assert message in caught.value.message


def test_an_empty_environment() -> None:
    assert text("dependencies:\n").conda == ()
    channels = text("channels: [nvidia/label/cuda-12.6.3, {a: b}]\ndependencies:\n")
    assert channels.cuda == CudaVersion(12, 6, 3)
    assert "channels are not taken over: {'a': 'b'}" in channels.notes[0]
