"""One worker a run: an `flock` on the run's lock file, which a dead process cannot keep."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from travel_perks.errors import BusyError
from travel_perks.files import cannot_write, make_folder
from travel_perks.running.runlog import host, timestamp

# The command hands its lock to the Snakemake process that it starts.
HELD = "_TRAVEL_PERKS_LOCK"
# Whoever only asks whether a run is held locks it for an instant; a second look sees past that.
_LOOKS, _BETWEEN_LOOKS = 5, 0.02  # seconds


def take(path: Path, run_id: str) -> int:
    """Lock the run and return the open file descriptor, to be kept until the run ends.

    Raises BusyError, naming who holds it, when another process does.
    """
    descriptor = open_lock(path)
    _claim(descriptor, run_id)
    note = {"host": host(), "pid": os.getpid(), "since": timestamp(time.time())}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(note).encode(), 0)
    return descriptor


@contextmanager
def held(path: Path, run_id: str) -> Iterator[None]:
    """Hold the lock of a run while the block runs; raises BusyError as `take` does."""
    descriptor = take(path, run_id)
    try:
        yield
    finally:
        os.close(descriptor)


def open_lock(path: Path) -> int:
    """Open a lock file, made where it is missing, and return its file descriptor."""
    try:
        make_folder(path.parent)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
    except OSError as error:
        raise cannot_write(path, error) from None


def is_held(path: Path) -> bool:
    """Tell whether a process holds the lock file; one that cannot be read counts as free."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def require_free(path: Path, run_id: str) -> None:
    """Raise BusyError when another process holds the run; writes nothing."""
    if path.exists():
        descriptor = os.open(path, os.O_RDONLY)
        _claim(descriptor, run_id)
        os.close(descriptor)


def _claim(descriptor: int, run_id: str) -> None:
    for _ in range(_LOOKS):
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_BETWEEN_LOOKS)
    holder = _holder(descriptor)
    os.close(descriptor)
    raise BusyError(
        f"The run {run_id} is being worked on by {holder}; wait for it to end, or choose "
        "another run id."
    )


def _holder(descriptor: int) -> str:
    try:
        note = json.loads(os.pread(descriptor, 1000, 0))
        return f"process {note['pid']} on {note['host']} since {note['since']}"
    except (ValueError, KeyError):
        return "another process"
