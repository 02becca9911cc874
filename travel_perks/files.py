"""Write files whole or not at all."""

import errno
import glob
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from travel_perks.errors import CannotWriteError

PRIVATE_FILE = 0o440  # one row a user: for the owner and the group to read
PRIVATE_FOLDER = 0o750


@contextmanager
def whole(path: str | Path, *, mode: int | None = None) -> Iterator[Path]:
    """Give a temporary path beside `path`; rename it to `path` when the block ends well.

    `mode` is applied within the umask. Raises CannotWriteError, naming the path, when the
    disk or the permissions are in the way; then nothing is left behind.
    """
    target = Path(path)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        make_folder(target.parent)
        yield partial
        if mode is not None:
            partial.chmod(mode & ~umask())
        _flush(partial)
        partial.replace(target)
        _flush(target.parent)
    except OSError as error:
        raise cannot_write(target, error) from error
    finally:
        with suppress(OSError):  # it may never have been made
            partial.unlink()


def require_writable(folder: Path) -> None:
    """Make `folder` where it is missing; raises CannotWriteError when it cannot be written to."""
    try:
        make_folder(folder)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise cannot_write(folder, error) from None


def require_room_for(folder: Path) -> None:
    """Raise CannotWriteError when `folder` could not be made or written to; makes nothing."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise cannot_write(folder, NotADirectoryError(errno.ENOTDIR, "a file is in the way"))
    if not os.access(existing, os.W_OK | os.X_OK):
        raise cannot_write(folder, PermissionError(errno.EACCES, "permission denied"))


def make_folder(folder: Path) -> None:
    """Make a folder and those above it, closed to others."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    for path in reversed(missing):
        path.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def cannot_write(path: Path, error: OSError) -> CannotWriteError:
    """Turn an OSError into the sentence for a path that cannot be written."""
    return CannotWriteError(
        f"Cannot write {path}: {error.strerror or error}; check the permissions of its folder "
        "and the free space of its disk, then start the same run again."
    )


def sweep_partials(paths: Iterable[Path]) -> None:
    """Remove what a killed process left beside `paths`; nobody else may be writing them."""
    for path in paths:
        for partial in partials_of(path):
            partial.unlink(missing_ok=True)


def partials_of(path: Path) -> list[Path]:
    """Return the temporary files, as `whole` names them, that lie beside `path`."""
    before, after = f".{path.name}.", ".partial"
    # Between the two stands a process id: `.perks_a.csv.csv.7.partial` is of the run `a.csv`.
    return [
        partial
        for partial in path.parent.glob(f"{glob.escape(before)}*{after}")
        if partial.name.removeprefix(before).removesuffix(after).isdigit()
    ]


def write_json(path: str | Path, content: Any) -> None:
    """Write `content` as JSON, whole or not at all."""
    with whole(path) as partial:
        partial.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", "utf-8")


def read_json(path: str | Path) -> Any:
    """Read a JSON file."""
    return json.loads(Path(path).read_text("utf-8"))


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file's content, in hex."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def umask() -> int:
    """Return the umask of this process."""
    current = os.umask(0o077)
    os.umask(current)
    return current


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
