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
    site.target.rename(site.target.parent / ".x.old-1")
    (site.target.parent / ".x.stage-abc").mkdir()
    with site.held():
        assert site.existing().digest == "one"
    (site.target.parent / ".x.old-2").mkdir()
    with site.held():
        assert site.existing().digest == "one"
    assert beside(site) == [".x.lock", "x"]


def test_neighbours_are_left_alone(site: Site) -> None:
    make(site, "one")
    neighbour = Site(site.target.with_name("xy"))
    with neighbour.held(), neighbour.stage():
        make(site, "two")
        assert any(name.startswith(".xy.stage-") for name in beside(site))


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
    for damage in (b"\xff{", b"{}", b'{"format": 9}'):
        make(site, "one")
        (site.target / RECORD).write_bytes(damage)
        assert site.prefix() is None
        with pytest.raises(PrefixError, match="another version of envspec"):
            site.existing()
        make(site, "two")
        assert site.existing().digest == "two"
    (site.target / RECORD).write_bytes(b"{}")
    with site.held():
        site.remove()
    assert not site.target.exists()


def test_the_root_and_dots() -> None:
    with pytest.raises(PrefixError, match="root of the file system"), Site(Path("/")).held():
        pass
    assert Site(Path("/a/b/../c")).target == Path("/a/c")
    assert Site(Path()).target == Path.cwd()


def test_envs_are_kept_out_of_version_control(tmp_path: Path) -> None:
    site = Site(tmp_path / ".envs" / "x")
    make(site, "one")
    assert (tmp_path / ".envs" / ".gitignore").read_text() == "*\n"
