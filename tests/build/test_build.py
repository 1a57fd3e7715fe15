from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from envspec.build import BuildInputs, BuildRecipe, config_settings, explain, jobs, left_out_script, parse_step, recipe
from envspec.gpu import Platform
from envspec.host import Host
from envspec.lock import Archive, Pin

HOST = Host(platform=Platform.LINUX_64, cpu="zen3 0123", libc="glibc 2.36", cores=8, memory=32 << 30)
RECIPE = BuildRecipe(
    platform=Platform.LINUX_64,
    sdist=Archive(name="llama-cpp-python", version="0.3.36", filename="x.tar.gz", sha256="a" * 64),
    cmake=(("GGML_CUDA", "OFF"), ("GGML_NATIVE", "ON")),
    left_out=("LLAMA_BUILD_COMMON",),
    tools=(Pin(name="ninja", version="1.13", hashes=("b" * 64,)),),
)


def key(recipe: BuildRecipe = RECIPE, host: Host = HOST, compiler: str = "c++ 12.2.0") -> str:
    return BuildInputs.of(recipe, host, compiler).key


@pytest.mark.parametrize(
    "changed",
    [
        key(RECIPE.model_copy(update={"sdist": RECIPE.sdist.model_copy(update={"sha256": "c" * 64})})),
        key(RECIPE.model_copy(update={"cmake": (("GGML_CUDA", "OFF"),)})),
        key(RECIPE.model_copy(update={"left_out": ()})),
        key(RECIPE.model_copy(update={"tools": (Pin(name="ninja", version="1.14", hashes=("b" * 64,)),)})),
        key(RECIPE.model_copy(update={"platform": Platform.LINUX_AARCH64})),
        key(host=HOST.model_copy(update={"cpu": "zen4 4567"})),
        key(host=HOST.model_copy(update={"libc": "glibc 2.41"})),
        key(compiler="c++ 13.3.0"),
    ],
)
def test_whatever_decides_the_bytes_is_in_the_key(changed: str) -> None:
    assert changed != key()


@pytest.mark.parametrize(
    "cmake",
    [
        (),
        (("GGML_NATIVE", "1"),),
        (("GGML_NATIVE", "yes"),),
        (("CMAKE_CXX_FLAGS", "-march=native"), ("GGML_NATIVE", "OFF")),
    ],
)
def test_code_for_this_cpu_has_this_cpu_in_its_key(cmake: tuple[tuple[str, str], ...]) -> None:
    native = RECIPE.model_copy(update={"cmake": cmake})
    assert key(native, HOST.model_copy(update={"cpu": "zen4 4567"})) != key(native)


def test_what_does_not_decide_the_bytes_is_not_in_the_key() -> None:
    assert key(host=HOST.model_copy(update={"cores": 1, "memory": 1})) == key()
    portable = RECIPE.model_copy(update={"cmake": (("GGML_NATIVE", "OFF"),)})
    assert key(portable, HOST.model_copy(update={"cpu": "zen4 4567"})) == key(portable)


@pytest.mark.parametrize(("cores", "gibibytes", "count"), [(8, 32.0, 8), (8, 3.5, 3), (8, 0.2, 1), (1, 64.0, 1)])
def test_as_many_compilers_as_cores_and_memory_allow(cores: int, gibibytes: float, count: int) -> None:
    assert jobs(HOST.model_copy(update={"cores": cores, "memory": int(gibibytes * (1 << 30))})) == count


def test_settings_of_the_build_backend() -> None:
    settings = config_settings(RECIPE, PurePosixPath("/b/k"), ("/usr/bin/cc", "/usr/bin/c++"), ccache=True)
    assert settings["build-dir"] == "/b/k/build"
    assert settings["cmake.args"] == [
        "-DCMAKE_CXX_COMPILER=/usr/bin/c++",
        "-DCMAKE_C_COMPILER=/usr/bin/cc",
        "-DCMAKE_PROJECT_llama.cpp_INCLUDE=/b/k/left_out.cmake",
        "-DGGML_CCACHE=ON",
        "-DGGML_CUDA=OFF",
        "-DGGML_NATIVE=ON",
    ]
    assert left_out_script(RECIPE) == "set(LLAMA_BUILD_COMMON OFF)\n"


def test_settings_leave_out_what_is_not_given() -> None:
    bare = RECIPE.model_copy(update={"left_out": (), "cmake": (("GGML_CCACHE", "OFF"),)})
    assert config_settings(bare, PurePosixPath("/b"), None, ccache=True)["cmake.args"] == ["-DGGML_CCACHE=OFF"]
    assert recipe.__doc__


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("[12/131] Building CXX object a.cpp.o", (12, 131)),
        ("[131/131] Linking", (131, 131)),
        ("-- [12/131] no", None),
        ("", None),
    ],
)
def test_ninja_counts(line: str, step: tuple[int, int] | None) -> None:
    assert parse_step(line) == step


@pytest.mark.parametrize(
    ("log", "means"),
    [
        ("[1/2] x\nfatal error: error writing to a.s: No space left on device\n", "the disk is full"),
        ("c++: fatal error: Killed signal terminated program cc1plus\n", "the compiler ran out of memory"),
        (
            "CMake Error at CMakeLists.txt:3 (project):\n  No CMAKE_CXX_COMPILER could be found.\n",
            "the C++ compiler does not work",
        ),
        ("cc1plus: error: unrecognized command line option '-std=c++17'\n", "the compiler does not know an option"),
        (
            "[3/9] Building\nFAILED: x.o\n/src/ggml.c:12:3: error: 'foo' undeclared\n   12 |  foo\nninja: stopped\n",
            "/src/ggml.c:12:3: error: 'foo' undeclared 12 | foo ninja: stopped",
        ),
        ("[1/9] Building errors.cpp.o\nthe last line\n", "the last line"),
        ("", "it printed nothing"),
    ],
)
def test_a_failed_build_is_explained_by_its_cause(log: str, means: str) -> None:
    told, hint = explain(log)
    assert told == means
    assert hint
