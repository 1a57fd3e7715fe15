"""Solving, files and staleness, with a solver that answers from a table."""

from __future__ import annotations

import pytest

from envspec import catalog
from envspec.errors import LockError
from envspec.gpu import Platform
from envspec.lock import PLAN_FILE, Archive, Lock, Pin, Question, changes, differences, from_files, solve, to_files
from envspec.plan import resolve
from envspec.spec import Spec, read

CATALOG = catalog.load()
ONE, TWO, SDIST = "1" * 64, "2" * 64, "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
TEXT = """\
envspec: 1
name: x
python: ">=3.11,<3.14"
platforms: [linux-64, win-64]
backend: cpu
llama-cpp-python: {version: ==0.3.36}
pip: [six]
env: {A: b}
"""


class Table:
    """A Solver that knows its answers, and remembers what it was asked to keep."""

    def __init__(self, *pins: Pin, sdist: str = SDIST) -> None:
        self.pins, self.digest = pins, sdist
        self.kept: tuple[Pin, ...] = ()
        self.tools_kept: tuple[Pin, ...] = ()
        self.known: tuple[tuple[str, str, tuple[str, ...]], ...] = ()

    def solve(self, question: Question) -> tuple[Pin, ...]:
        assert question.python == ">=3.11,<3.14"
        assert question.platforms == (Platform.LINUX_64, Platform.WIN_64)
        if "ninja>=1.11" in question.requirements:
            assert question.known == ()
            self.tools_kept = question.keep
            return (pin("ninja", "1.13"),)
        self.kept, self.known = question.keep, question.known
        return self.pins

    def sdist(self, name: str, version: str) -> Archive:
        return Archive(name=name, version=version, filename=f"{name}-{version}.tar.gz", sha256=self.digest)


def pin(name: str, version: str = "1", marker: str = "", hashes: tuple[str, ...] = (ONE, TWO)) -> Pin:
    return Pin(name=name, version=version, hashes=hashes, marker=marker)


PINS = (
    pin("colorama", marker="sys_platform == 'win32'"),
    pin("llama-cpp-python", "0.3.36", hashes=(TWO, SDIST)),
    pin("six", "1.17", marker="python_version >= '3.12'"),
)


def spec(text: str = TEXT) -> Spec:
    return read(text, "x.yaml")


def lock(*pins: Pin, text: str = TEXT, previous: Lock | None = None) -> Lock:
    return solve(spec(text), resolve(spec(text), None, CATALOG), CATALOG, Table(*(pins or PINS)), previous)


def names(made: Lock, platform: Platform) -> list[str]:
    return [item.name for item in made.on(platform).packages]


def test_each_platform_gets_its_packages() -> None:
    made = lock()
    assert names(made, Platform.LINUX_64) == ["llama-cpp-python", "six"]
    assert names(made, Platform.WIN_64) == ["colorama", "llama-cpp-python", "six"]
    assert made.on(Platform.WIN_64).packages[2].marker == 'python_version >= "3.12"'
    assert made.on(Platform.LINUX_64).build_packages == (pin("ninja", "1.13"),)


def test_llama_is_locked_by_its_source_archive_alone() -> None:
    made = lock()
    assert made.sdist is not None
    assert made.sdist.sha256 == SDIST
    assert made.on(Platform.LINUX_64).packages[0].hashes == (SDIST,)


def test_an_index_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(LockError, match="two different hashes"):
        lock(pin("llama-cpp-python", "0.3.36"))


def test_an_archive_that_the_catalog_does_not_know_is_refused() -> None:
    other = Table(*PINS, sdist=ONE)
    with pytest.raises(LockError, match=f"known is sha256 {SDIST}, the index has {ONE}"):
        solve(spec(), resolve(spec(), None, CATALOG), CATALOG, other, None)


def test_known_metadata_goes_with_its_release_only() -> None:
    for version, count in (("0.3.36", 1), ("0.3.35", 0)):
        table, wanted = Table(*PINS), spec(TEXT.replace("0.3.36", version))
        solve(wanted, resolve(wanted, None, CATALOG), CATALOG, table, None)
        assert len(table.known) == count


def test_a_missing_platform_is_an_error_with_a_way_out() -> None:
    with pytest.raises(LockError, match="has no osx-arm64; it covers linux-64, win-64") as caught:
        lock().on(Platform.OSX_ARM64)
    assert caught.value.hint is not None
    assert "platforms" in caught.value.hint


def test_the_previous_versions_are_offered_with_their_platform() -> None:
    table = Table(*PINS)
    solve(spec(), resolve(spec(), None, CATALOG), CATALOG, table, lock())
    markers = {item.name: item.marker for item in table.kept if item.name != "llama-cpp-python"}
    assert markers["colorama"] == 'sys_platform == "win32" and platform_machine == "AMD64"'
    assert markers["six"] == '(python_version >= "3.12") and sys_platform == "win32" and platform_machine == "AMD64"'
    assert {item.name for item in table.tools_kept} == {"ninja"}


def test_without_llama_there_is_no_build() -> None:
    made = lock(pin("six"), text=TEXT.replace("llama-cpp-python: {version: ==0.3.36}\n", ""))
    assert made.sdist is None
    assert set(to_files(made)) == {PLAN_FILE, "pip-linux-64.txt", "pip-win-64.txt"}
    assert from_files(to_files(made), "here") == made


def test_a_lock_survives_its_files() -> None:
    files = to_files(lock())
    assert set(files) == {
        PLAN_FILE,
        *(f"{kind}-{name}.txt" for kind in ("pip", "build") for name in ("linux-64", "win-64")),
    }
    assert from_files(files, "here") == lock()
    assert to_files(from_files(files, "here")) == files
    assert not any("://" in text for name, text in files.items() if name != PLAN_FILE), "no URL in a pin"


def test_windows_line_ends_do_not_matter() -> None:
    files = {name: text.replace("\n", "\r\n") for name, text in to_files(lock()).items()}
    assert from_files(files, "here") == lock()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda files: files.pop(PLAN_FILE), "here: plan.yaml is missing"),
        (lambda files: files.pop("pip-win-64.txt"), "here: pip-win-64.txt is missing"),
        (
            lambda files: files.update({"pip-win-64.txt": files["pip-win-64.txt"].replace("1" * 64, "4" * 64)}),
            "was changed",
        ),
        (lambda files: files.update({PLAN_FILE: "a: ["}), "damaged"),
        (lambda files: files.update({PLAN_FILE: ""}), "damaged"),
        (lambda files: files.update({PLAN_FILE: "x: 2001-99-99"}), "damaged"),
        (lambda files: files.update({PLAN_FILE: "[" * 9999}), "damaged"),
        (
            lambda files: files.update({PLAN_FILE: files[PLAN_FILE].replace("filename: l", "filename: ../l")}),
            "damaged",
        ),
        (lambda files: files.update({PLAN_FILE: files[PLAN_FILE].replace(SDIST, "../x")}), "damaged"),
        (lambda files: files.update({PLAN_FILE: "format: 1\nfiles: {}\nplan: {}\n"}), "damaged"),
        (lambda files: files.update({PLAN_FILE: files[PLAN_FILE].replace("format: 1", "format: 9")}), "lock format 9"),
        (lambda files: files.update({PLAN_FILE: files[PLAN_FILE].replace("backend: cpu", "backend: gpu")}), "damaged"),
    ],
)
def test_a_damaged_lock_is_refused(damage: object, message: str) -> None:
    files = to_files(lock())
    assert callable(damage)
    damage(files)
    with pytest.raises(LockError, match=message) as caught:
        from_files(files, "here")
    assert caught.value.hint


def test_the_digest_knows_what_decides_and_nothing_else() -> None:
    made = lock()
    plan = made.plan
    reworded = made.model_copy(update={"plan": plan.model_copy(update={"choices": (), "warnings": ("new",)})})
    assert reworded.digest(Platform.LINUX_64) == made.digest(Platform.LINUX_64)
    assert made.digest(Platform.LINUX_64) != made.digest(Platform.WIN_64)
    for text in (
        TEXT.replace("A: b", "A: c"),
        TEXT.replace("<3.14", "<3.14,!=3.13.0"),
        TEXT.replace("==0.3.36}", "==0.3.36, cmake: {X: 1}}"),
    ):
        other = (
            lock(text=text)
            if "3.13.0" not in text
            else made.model_copy(update={"plan": plan.model_copy(update={"python": "x"})})
        )
        assert other.digest(Platform.LINUX_64) != made.digest(Platform.LINUX_64)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("name: x", "name: x", ()),
        ("pip: [six]", "pip: [six]  # why", ()),
        ("platforms: [linux-64, win-64]", "platforms: [win-64, linux-64]", ()),
        ("pip: [six]", "pip: [six, attrs]", ("pip: attrs added",)),
        ("pip: [six]\n", "", ("pip: six removed",)),
        ("pip: [six]", "pip: ['six>1']", ("pip: six>1 added", "pip: six removed")),
        (">=3.11,<3.14", "3.12", ("python: >=3.11,<3.14 -> ==3.12.*",)),
        ("{A: b}", "{A: c, D: e}", ("env.A: b -> c", "env.D: e added")),
        ("llama-cpp-python: {version: ==0.3.36}\n", "", ("llama-cpp-python: version ==0.3.36 removed",)),
        (
            "[six]",
            "[six]\ntorch: {version: '2.6', packages: [torchvision]}",
            ("torch: version ==2.6.*, packages torchvision added",),
        ),
    ],
)
def test_a_lock_is_stale_by_what_the_user_wrote(old: str, new: str, told: tuple[str, ...]) -> None:
    assert old in TEXT
    assert changes(lock(), spec(TEXT.replace(old, new))) == told


def test_differences_of_two_locks_are_told_by_package() -> None:
    before, after = lock(), lock(pin("attrs"), PINS[1], pin("six", "1.18"))
    assert differences(before, before) == ()
    assert differences(before, after) == ("attrs 1 added", "colorama 1 -> removed", "six 1.17 -> 1.18")
    assert differences(None, before)[-1] == "six 1.17 added"
