"""The store is fetched into by many at once, or removed from by one.

Between its arrival and the receipt that names it, a stored input belongs to no run that a
removal could see.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from travel_perks.errors import BusyError
from travel_perks.running.lock import open_lock


@contextmanager
def fetching(path: Path) -> Iterator[None]:
    """Share the store with other fetches while the block runs; waits for a removal to end."""
    descriptor = open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def removing(path: Path) -> Iterator[None]:
    """Have the store alone while the block runs; raises BusyError while a run is fetching."""
    descriptor = open_lock(path)
    try:
        _claim(descriptor)
        yield
    finally:
        os.close(descriptor)


def _claim(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BusyError(
            "A run is fetching its sources, so no stored input can be removed now; try again "
            "when it has them."
        ) from None
