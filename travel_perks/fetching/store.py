"""The store of inputs: one file for each content, named by its SHA-256.

A file is written beside its place under a temporary name, and renamed when it is whole.
An object of the store is never written again while its bytes match its name.
"""

import hashlib
import logging
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

from travel_perks.errors import CannotWriteError

PART_PREFIX = ".part-"
OBJECT_NAME = r"[0-9a-f]{64}"
STALE_SECONDS = 24 * 3600.0
_FILE_MODE = 0o440
_FOLDER_MODE = 0o750
_log = logging.getLogger(__name__)


class Part:
    """A file of the store while it is being written; gone at the end unless it is kept.

    Used as a context manager. `file` may be read at any time, `size` is in bytes. Whatever
    cannot be written raises CannotWriteError.
    """

    def __init__(self, store: Path) -> None:
        self.store = store
        self.path = store / f"{PART_PREFIX}{secrets.token_hex(8)}"
        self.size = 0

    def __enter__(self) -> Self:
        with _writing(self.store):
            self.store.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        with _writing(self.path):
            # The mode binds later openers alone, and created so it stays within the umask.
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
            # Unbuffered: a full disk shows in `write`, not in some later read or close.
            self.file = FileIO(os.open(self.path, flags, _FILE_MODE), "r+")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):
            self.file.close()
        self.path.unlink(missing_ok=True)

    def write(self, content: bytes) -> None:
        """Append `content`."""
        rest = memoryview(content)
        with _writing(self.path):
            self.file.seek(self.size)
            while rest:
                written = self.file.write(rest)
                self.size += written
                rest = rest[written:]

    def restart(self) -> None:
        """Forget what was written."""
        with _writing(self.path):
            self.file.truncate(0)
        self.size = 0

    def keep(self, sha256: str) -> Path:
        """Make this file the object `sha256`, unless an intact one is there; return its path."""
        target = self.store / sha256
        if is_intact(self.store, sha256):
            return target
        if target.exists():
            _log.warning("damaged object of the store replaced", extra={"sha256": sha256})
        with _writing(target):
            os.fsync(self.file.fileno())
            self.path.replace(target)
            _sync_folder(self.store)
        return target


def digest(file: FileIO) -> str:
    """Return the SHA-256 of a whole file, in hex."""
    file.seek(0)
    return hashlib.file_digest(file, "sha256").hexdigest()


def is_intact(store: Path, sha256: str) -> bool:
    """Tell whether the store holds `sha256`, its bytes matching the name."""
    try:
        with (store / sha256).open("rb", buffering=0) as file:
            return digest(file) == sha256
    except OSError:
        return False


def sweep(store: Path) -> None:
    """Remove what killed downloads left; one that is under way was written to lately."""
    for path in store.glob(f"{PART_PREFIX}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > STALE_SECONDS:
                path.unlink()


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotWriteError(
            f"{path} cannot be written ({error.strerror}); free disk space or check the "
            "permissions."
        ) from error


def _sync_folder(folder: Path) -> None:
    """Make the rename last; not every file system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
