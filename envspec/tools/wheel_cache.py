"""Wheels that were built, each under the key of everything that decided its bytes."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

from envspec.build import BuildInputs
from envspec.frozen import Frozen
from envspec.tools import files

RECORD = "build.json"


class Wheel(Frozen):
    """A wheel in the cache."""

    key: str
    name: str
    version: str
    filename: str
    sha256: str
    size: int
    """Bytes."""
    inputs: BuildInputs


class Unfinished(Frozen):
    """A build that was interrupted or goes on."""

    key: str
    size: int
    """Bytes."""
    running: bool


class WheelCache:
    """`wheels/` holds what is finished, `builds/` what is not, `sdists/` the source archives."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.wheels, self.builds, self.sdists = root / "wheels", root / "builds", root / "sdists"

    def get(self, key: str) -> tuple[Path, Wheel] | None:
        """Wheel of a key, which counts as a use; a damaged entry is removed and counts as none."""
        folder = self.wheels / key
        if not folder.exists():
            return None
        wheel = self._read(key)
        if wheel is None or files.sha256(folder / wheel.filename) != wheel.sha256:
            files.remove(folder)
            return None
        with contextlib.suppress(OSError):
            os.utime(folder)
        return folder / wheel.filename, wheel

    def _read(self, key: str) -> Wheel | None:
        """Record of a key whose wheel is there."""
        folder = self.wheels / key
        try:
            wheel = Wheel.model_validate_json((folder / RECORD).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return wheel if (folder / wheel.filename).is_file() else None

    def put(self, wheel: Path, inputs: BuildInputs) -> tuple[Path, Wheel]:
        """Add a built wheel; the entry appears whole or not at all."""
        record = Wheel(
            key=inputs.key,
            name=inputs.sdist.name,
            version=inputs.sdist.version,
            filename=wheel.name,
            sha256=files.sha256(wheel),
            size=wheel.stat().st_size,
            inputs=inputs,
        )
        self.wheels.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.wheels, prefix=".new-", ignore_cleanup_errors=True) as new:
            stage = Path(new, inputs.key)
            stage.mkdir()
            shutil.copyfile(wheel, stage / wheel.name)
            files.write(stage / RECORD, record.model_dump_json(indent=1) + "\n")
            files.remove(self.wheels / inputs.key)
            stage.rename(self.wheels / inputs.key)
        return self.wheels / inputs.key / wheel.name, record

    def list(self) -> tuple[tuple[Wheel, ...], tuple[Unfinished, ...]]:
        """What the cache holds."""
        keys = sorted(path.parent.name for path in self.wheels.glob(f"*/{RECORD}"))
        builds = sorted(path for path in self.builds.glob("*") if path.is_dir())
        return (
            tuple(filter(None, map(self._read, keys))),
            tuple(
                Unfinished(key=path.name, size=files.size(path), running=files.is_held(self.lock(path.name)))
                for path in builds
            ),
        )

    def lock(self, key: str) -> Path:
        """Lock file that is held while a key is built."""
        return self.builds / f"{key}.lock"

    def prune(self, older_than: float) -> int:
        """Remove unfinished builds, source archives and wheels not used for `older_than` days; gives bytes freed.

        A build that goes on is left alone.
        """
        limit = time.time() - older_than * 86400
        doomed = [path for path in self.wheels.glob("*") if path.stat().st_mtime <= limit]
        builds = [path for path in self.builds.glob("*") if path.is_dir()]
        doomed += [path for path in builds if not files.is_held(self.lock(path.name))]
        if not any(files.is_held(path) for path in self.builds.glob("*.lock")):
            doomed.append(self.sdists)
        freed = 0
        for path in doomed:
            freed += files.size(path) if path.is_dir() else 0
            files.remove(path)
        return freed
