"""Remove files one by one, never a folder tree, and nothing outside of the run folders."""

import os
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from travel_perks.errors import CannotWriteError
from travel_perks.settings import Settings


@dataclass(frozen=True)
class Amount:
    """A number of files, and the bytes that their removal frees on the disk."""

    files: int = 0
    bytes: int = 0

    def __add__(self, other: "Amount") -> "Amount":
        return Amount(self.files + other.files, self.bytes + other.bytes)


def amount(paths: Iterable[Path]) -> Amount:
    """Measure files: the bytes of one with several links count once all of them are there."""
    stats = [os.lstat(path) for path in paths if os.path.lexists(path)]
    links = Counter((one.st_dev, one.st_ino) for one in stats)
    freed = {
        (one.st_dev, one.st_ino): one.st_size
        for one in stats
        if links[one.st_dev, one.st_ino] >= one.st_nlink
    }
    return Amount(len(stats), sum(freed.values()))


def files_below(folder: Path) -> list[Path]:
    """List the files below `folder`, and the links, which are not followed."""
    if folder.is_symlink():
        return [folder]
    return sorted(
        Path(base) / name
        for base, folders, files in os.walk(folder)
        for name in (*files, *(one for one in folders if (Path(base) / one).is_symlink()))
    )


def removable(paths: Iterable[Path], settings: Settings) -> list[Path]:
    """Return those of `paths` that lie, all links resolved, in the folders of the runs."""
    folders = (settings.gold_dir, settings.output_dir, settings.logs_dir, settings.work_dir)
    roots = [Path(folder).resolve() for folder in folders]
    listed = list(paths)
    parents = {path.parent: path.parent.resolve() for path in listed}
    return [path for path in listed if any(parents[path.parent].is_relative_to(r) for r in roots)]


def remove(paths: Iterable[Path]) -> Amount:
    """Remove files and links; return what was freed. Raises CannotWriteError."""
    listed = list(paths)
    freed = amount(listed)
    for path in listed:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise CannotWriteError(
                f"Cannot remove {path}: {error.strerror}; check the permissions of its folder, "
                "then give the same command again."
            ) from None
    return freed


def prune(folder: Path) -> None:
    """Remove `folder` and those below it, as far as they are empty."""
    if not folder.is_symlink():
        for base, _, _ in os.walk(folder, topdown=False):
            with suppress(OSError):
                Path(base).rmdir()
