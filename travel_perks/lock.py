"""One worker a run: an `flock` on the run's lock file, which a dead process cannot keep."""

import fcntl
import json
import os
import time
from pathlib import Path

from travel_perks.errors import BusyError
from travel_perks.files import cannot_write, make_folder
from travel_perks.runlog import host, timestamp

# The command hands its lock to the Snakemake process that it starts.
HELD = "_TRAVEL_PERKS_LOCK"


def take(path: Path, run_id: str) -> int:
    """Lock the run and return the open file descriptor, to be kept until the run ends.

    Raises BusyError, naming who holds it, when another process does.
    """
    try:
        make_folder(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
    except OSError as error:
        raise cannot_write(path, error) from None
    _claim(descriptor, run_id)
    note = {"host": host(), "pid": os.getpid(), "since": timestamp(time.time())}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(note).encode(), 0)
    return descriptor


def require_free(path: Path, run_id: str) -> None:
    """Raise BusyError when another process holds the run; writes nothing."""
    if path.exists():
        descriptor = os.open(path, os.O_RDONLY)
        _claim(descriptor, run_id)
        os.close(descriptor)


def _claim(descriptor: int, run_id: str) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = _holder(descriptor)
        os.close(descriptor)
        raise BusyError(
            f"The run {run_id} is being worked on by {holder}; wait for it to end, or choose "
            "another run id."
        ) from None


def _holder(descriptor: int) -> str:
    try:
        note = json.loads(os.pread(descriptor, 1000, 0))
        return f"process {note['pid']} on {note['host']} since {note['since']}"
    except (ValueError, KeyError):
        return "another process"
