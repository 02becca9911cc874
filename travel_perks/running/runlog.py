"""The log: one JSON object a line, with flat fields.

A record has `timestamp` (RFC 3339, UTC, milliseconds), `level`, `logger`, `message` and
`run_id`; whatever a call gives as `extra` follows. Jobs write to files of their own; the
logger plugin appends these to `logs/<run-id>.log` and to STDOUT as jobs end.
"""

import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from travel_perks.files import cannot_write, make_folder

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def record(
    message: str, *, run_id: str, level: str = "INFO", logger: str = "travel_perks", **fields: Any
) -> dict[str, Any]:
    """Make a log record of this moment."""
    return {
        "timestamp": timestamp(time.time()),
        "level": level,
        "logger": logger,
        "message": message,
        "run_id": run_id,
        **fields,
    }


def timestamp(seconds: float) -> str:
    """Format a moment as RFC 3339 in UTC, to the millisecond."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def as_line(entry: dict[str, Any]) -> str:
    """Write a record as one line of JSON."""
    return json.dumps(entry, ensure_ascii=False, default=str) + "\n"


def as_text(entry: dict[str, Any]) -> str:
    """Write a record for a person: time, level, where, message, then what was measured."""
    shown = ("rule", "table", "rows_in", "rows_out", "duration_seconds", "status", "reason")
    fields = " ".join(f"{name}={entry[name]}" for name in entry if name in shown)
    return f"{entry['timestamp'][11:19]} {entry['level']:<7} {entry['message']} {fields}".rstrip()


def show(lines: str, log_format: str) -> None:
    """Show lines of JSON on STDOUT, as they are or as text."""
    if log_format == "text":
        lines = "".join(as_text(json.loads(line)) + "\n" for line in lines.splitlines())
    sys.stdout.write(lines)
    sys.stdout.flush()


class JsonFormatter(logging.Formatter):
    """Formats records of the logging module as JSON lines."""

    def __init__(self, run_id: str, **fields: Any) -> None:
        super().__init__()
        self.run_id = run_id
        self.fields = fields

    def format(self, entry: logging.LogRecord) -> str:
        """Return the record as one line, without its line end."""
        extra = {key: value for key, value in vars(entry).items() if key not in _STANDARD}
        line = {
            "timestamp": timestamp(entry.created),
            "level": entry.levelname,
            "logger": entry.name,
            "message": entry.getMessage(),
            "run_id": self.run_id,
            **self.fields,
            **extra,
        }
        if entry.exc_info and entry.exc_info[1]:
            line["exception"] = "".join(traceback.format_exception(entry.exc_info[1]))
        return as_line(line).rstrip("\n")


class RunLog:
    """The log of a run: appends whole lines to the file and shows them on STDOUT.

    Without a path they are only shown.
    """

    def __init__(self, path: Path | None, run_id: str, log_format: str = "json") -> None:
        self.path = path
        self.run_id = run_id
        self.log_format = log_format

    def write(self, entry: dict[str, Any]) -> None:
        """Append one record."""
        self.append(as_line(entry))

    def append(self, lines: str) -> None:
        """Append whole lines of JSON; each write is one system call, so that none is torn."""
        if self.path:
            try:
                make_folder(self.path.parent)
                with self.path.open("ab", buffering=0) as file:
                    file.write(lines.encode())
            except OSError as error:
                raise cannot_write(self.path, error) from None
        show(lines, self.log_format)


def log_to(path: Path, run_id: str, **fields: Any) -> logging.Handler:
    """Send the package's log records to `path`, each with `run_id` and `fields`."""
    make_folder(path.parent)
    handler = logging.FileHandler(path, mode="w", encoding="utf-8")
    handler.setFormatter(JsonFormatter(run_id, **fields))
    root = logging.getLogger("travel_perks")
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    return handler


@contextmanager
def timed(message: str, logger: logging.Logger, **fields: Any) -> Iterator[dict[str, Any]]:
    """Log `message` with `duration_seconds` when the block ends well.

    The block may add fields to the dict that it is given.
    """
    began = time.monotonic()
    found: dict[str, Any] = dict(fields)
    yield found
    found["duration_seconds"] = round(time.monotonic() - began, 3)
    logger.info(message, extra=found)


def read_lines(path: Path) -> str:
    """Return the whole, valid lines of a log file; a line cut short by a kill is left out."""
    try:
        content = path.read_text("utf-8", errors="replace")
    except OSError:
        return ""
    return "".join(line + "\n" for line in content.splitlines() if _is_json(line))


def _is_json(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def host() -> str:
    """Name this machine, for messages about locks."""
    return os.uname().nodename


destination: RunLog | None = None  # of this process's run, once it is open
