"""What every script shares: its log, and how its failure is told."""

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from travel_perks.errors import CannotWriteError, TravelPerksError
from travel_perks.files import cannot_write
from travel_perks.running.runlog import log_to, timed

LOGGER = logging.getLogger("travel_perks")
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def job(snakemake: Any) -> Iterator[dict[str, Any]]:
    """Run the body of a script as one job.

    Logs to the rule's declared log; the body may add fields (row counts) to the dict it is
    given, which close the stage's record beside `duration_seconds`. A failure is logged
    once, at ERROR, with its traceback and exit code, and ends the process.
    """
    where = {"rule": snakemake.rule}
    if table := snakemake.wildcards.get("table"):
        where["table"] = table
    log_to(Path(snakemake.log[0]), snakemake.config["run_id"], **where)
    try:
        with timed("stage finished", LOGGER) as fields:
            yield fields
    except Exception as error:
        told = as_told(error)
        LOGGER.error(str(told), exc_info=error, extra={"exit_code": int(told.exit_code)})
        raise SystemExit(int(told.exit_code)) from None


def as_told(error: Exception) -> TravelPerksError:
    """Return the failure as the user is told of it: one sentence and an exit code."""
    if isinstance(error, TravelPerksError):
        return error
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return cannot_write(Path(error.filename or "."), error)
    if "No space left on device" in str(error) or "Permission denied" in str(error):
        return CannotWriteError(
            f"Cannot write: {str(error).splitlines()[0]}; check the free space and the "
            "permissions of the working folder, then start the same run again."
        )
    kind = type(error).__name__
    if isinstance(error, MemoryError) or kind == "OutOfMemoryException":
        return TravelPerksError(
            "The memory was not enough: raise memory_limit, or free memory on this machine."
        )
    return TravelPerksError(
        f"Unexpected {kind}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}; "
        "the log has the traceback; please report it."
    )
