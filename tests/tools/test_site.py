"""Places on a real disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from envspec.errors import PrefixError
from envspec.gpu import Backend, Platform
from envspec.prefix import Prefix
from envspec.tools.site import RECORD, Site

if TYPE_CHECKING:
    from tests.conftest import Mount

PREFIX = Prefix(
    name="x",
    digest="one",
    platform=Platform.LINUX_64,
    backend=Backend.CPU,
    python=">=3.11",
    packages=(),
    llama=False,
    environment=(),
)


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "环境 [a]" / "x")


def make(site: Site, digest: str) -> None:
    with site.held(), site.stage() as stage:
        (stage / digest).touch()
        (stage / "pyvenv.cfg").touch()
        site.commit(stage, lambda _: PREFIX.model_copy(update={"digest": digest}))


def beside(site: Site) -> list[str]:
    return sorted(path.name for path in site.target.parent.iterdir())


def test_a_new_prefix_appears_whole(site: Site) -> None:
    assert site.prefix() is None
    make(site, "one")
    assert site.existing() == PREFIX
    assert (site.target / "one").exists()
    assert beside(site) == [".x.lock", "x"]


def test_an_old_prefix_is_swapped_for_the_new_one(site: Site) -> None:
    make(site, "one")
    make(site, "two")
    assert site.existing().digest == "two"
    assert not (site.target / "one").exists()
    assert beside(site) == [".x.lock", "x"]


def test_without_an_atomic_swap_there_are_two_renames(tmp_path: Path) -> None:
    site = Site(tmp_path / "x", exchange=lambda *_: False)
    make(site, "one")
    make(site, "two")
    assert site.existing().digest == "two"
    assert beside(site) == [".x.lock", "x"]


def test_a_failure_leaves_the_old_prefix(site: Site) -> None:
    make(site, "one")
    with pytest.raises(KeyboardInterrupt), site.held(), site.stage():
        raise KeyboardInterrupt
    assert site.existing().digest == "one"
    assert beside(site) == [".x.lock", "x"]


def test_what_a_killed_run_left_is_removed_or_put_back(site: Site) -> None:
    make(site, "one")
    site.target.rename(site.target.parent / ".x~old-01234567")
    (site.target.parent / ".x~stage-89abcdef").mkdir()
    with site.held():
        assert site.existing().digest == "one"
    (site.target.parent / ".x~old-01234567").mkdir()
    with site.held():
        assert site.existing().digest == "one"
    assert beside(site) == [".x.lock", "x"]


def test_neighbours_are_left_alone(site: Site) -> None:
    make(site, "one")
    neighbour = Site(site.target.with_name("xy"))
    with neighbour.held(), neighbour.stage():
        make(site, "two")
        assert any(name.startswith(".xy~stage-") for name in beside(site))


def test_removed_is_removed(site: Site) -> None:
    make(site, "one")
    with site.held():
        site.remove()
    assert beside(site) == [".x.lock"]
    with pytest.raises(PrefixError, match="does not exist"):
        site.existing()


def test_a_file_is_no_place(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("mine")
    with pytest.raises(PrefixError, match="is a file or a link"), Site(tmp_path / "x").held():
        pass
    with pytest.raises(PrefixError, match="cannot be made"), Site(tmp_path / "x" / "y").held():
        pass
    assert (tmp_path / "x").read_text() == "mine"


def test_a_folder_of_somebody_else_is_no_place(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "mine").touch()
    with pytest.raises(PrefixError, match="not empty and was not made by envspec"), Site(tmp_path / "x").held():
        pass
    with pytest.raises(PrefixError, match="is not an environment made by envspec"):
        Site(tmp_path / "x").existing()
    assert (tmp_path / "x" / "mine").exists()


def test_a_link_is_no_place(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "x").symlink_to(tmp_path / "real")
    with pytest.raises(PrefixError, match="is a file or a link"), Site(tmp_path / "x").held():
        pass


def test_an_empty_folder_is_a_place(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    make(Site(tmp_path / "x"), "one")
    assert Site(tmp_path / "x").existing().digest == "one"


def test_a_read_only_disk_is_no_place(mount: Mount) -> None:
    place = mount("locked", "size=1m,ro")
    for target in (place / "x", place / "deep" / "x"):
        with pytest.raises(PrefixError, match="cannot be made"), Site(target).held():
            pass


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_no_place(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(PrefixError, match="not writable"), Site(tmp_path / "locked" / "x").held():
        pass


def test_a_record_of_another_version_is_still_ours(site: Site) -> None:
    for damage in (b'{"name": "x", "digest": "y", "format": 9}', b'{"name": 1, "digest": 2}'):
        make(site, "one")
        (site.target / RECORD).write_bytes(damage)
        assert site.prefix() is None
        with pytest.raises(PrefixError, match="another version of envspec"):
            site.existing()
        make(site, "two")
        assert site.existing().digest == "two"
    (site.target / RECORD).write_bytes(b'{"name": 1, "digest": 2}')
    with site.held():
        site.remove()
    assert not site.target.exists()


@pytest.mark.parametrize("record", [b"", b"{}", b"[]", b"\xff", b'{"name": "x"}', b'{"name": "x", "digest": "y"}'])
def test_a_folder_with_some_other_record_is_not_ours(tmp_path: Path, record: bytes) -> None:
    (tmp_path / "x" / ".envspec").mkdir(parents=True)
    (tmp_path / "x" / RECORD).write_bytes(record)
    site = Site(tmp_path / "x")
    with pytest.raises(PrefixError, match="is not an environment made by envspec"):
        site.remove()
    with pytest.raises(PrefixError, match="was not made by envspec"), site.held():
        pass
    assert (tmp_path / "x" / RECORD).exists()


def test_a_folder_that_appears_meanwhile_is_left_alone(site: Site) -> None:
    with site.held(), site.stage() as stage:
        site.target.mkdir()
        (site.target / "thesis").touch()
        with pytest.raises(PrefixError, match="was not made by envspec"):
            site.commit(stage, lambda _: PREFIX)
    assert (site.target / "thesis").exists()


def test_a_killed_removal_is_not_undone(site: Site) -> None:
    make(site, "one")
    site.target.rename(site._beside("stage"))
    (next(site.target.parent.glob(".x~stage-*")) / "one").unlink()
    with site.held():
        assert not site.target.exists()
    assert beside(site) == [".x.lock"]


def test_siblings_with_like_names_are_left_alone(site: Site) -> None:
    names = [".x.old-2023", ".x.stage-notes", ".x~old", ".x~stage-notes", "x~old-01234567", ".xx~old-01234567"]
    for name in names:
        (site.target.parent / name).mkdir(parents=True)
    make(site, "one")
    assert beside(site) == sorted([".x.lock", "x", *names])


def test_a_place_that_path_cannot_name(tmp_path: Path) -> None:
    with pytest.raises(PrefixError, match="separates the entries of PATH"), Site(tmp_path / f"a{os.pathsep}b").held():
        pass


def test_the_root_and_dots() -> None:
    with pytest.raises(PrefixError, match="root of the file system"), Site(Path("/")).held():
        pass
    assert Site(Path("/a/b/../c")).target == Path("/a/c")
    assert Site(Path()).target == Path.cwd()


def test_envs_are_kept_out_of_version_control(tmp_path: Path) -> None:
    site = Site(tmp_path / ".envs" / "x")
    make(site, "one")
    assert (tmp_path / ".envs" / ".gitignore").read_text() == "*\n"
