"""Snakemake's events as JSON lines, merged with what the jobs log themselves.

Snakemake finds the plugin by the name of this package (`--logger travel-perks`).
"""

import json
import logging
import os
import sys
import time
from logging import LogRecord
from pathlib import Path
from typing import Any

from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from travel_perks.running import lock, runlog


class LogHandler(LogHandlerBase):
    """Appends to the run's log file and to STDOUT; never raises."""

    def __post_init__(self) -> None:
        self.jobs: dict[int, dict[str, Any]] = {}
        self.failed = False
        self.complaints: list[str] = []
        self.began: float | None = None

    def emit(self, record: LogRecord) -> None:
        """Take one event of Snakemake."""
        try:
            self._take(record)
        except Exception:  # a handler that raises would silence the log
            self.handleError(record)

    def handleError(self, record: LogRecord) -> None:  # noqa: N802 (the name is logging's)
        """Say that an event was lost; the run goes on."""
        print(f"travel_perks: a log event was lost: {sys.exc_info()[1]}", file=sys.stderr)

    def _take(self, record: LogRecord) -> None:
        match getattr(record, "event", None):
            case LogEvent.WORKFLOW_STARTED:
                self._started()
            case LogEvent.JOB_INFO:
                self._job_planned(record)
            case LogEvent.JOB_FINISHED:
                self._job_ended(vars(record)["job_id"])
            case LogEvent.JOB_ERROR:
                self._job_failed(record)
            case LogEvent.ERROR:
                self._complain(record)
            case LogEvent.PROGRESS:
                self._progress(vars(record))
            case None if record.levelno >= logging.ERROR:
                self._complain(record)
            case None if record.levelno == logging.WARNING:
                self._warn(record)

    def _job_planned(self, record: LogRecord) -> None:
        job = vars(record)
        self.jobs[job["jobid"]] = job
        if job["rule_name"] == "all":
            return
        table = job["wildcards"].get("table") if job["wildcards"] else None
        self._write(
            "rule planned" if self.common_settings.dryrun else "rule started",
            rule=job["rule_name"],
            **({"table": table} if table else {}),
            reason=job["reason"],
        )

    def _job_ended(self, job_id: int) -> bool:
        """Merge the job's own log; tell whether it names an error."""
        job = self.jobs.get(job_id)
        if not job or not job["log"]:
            return False
        lines = runlog.read_lines(Path(job["log"][0]))
        if lines:
            _destination().append(lines)
        errors = [entry for entry in map(json.loads, lines.splitlines()) if "exit_code" in entry]
        for entry in errors:
            self._tell(entry["message"])
        return bool(errors)

    def _job_failed(self, record: LogRecord) -> None:
        job = vars(record)
        was_interrupted = any("SIGTERM" in said or "status 143" in said for said in self.complaints)
        if not self._job_ended(job["jobid"]) and not was_interrupted:
            self._fail(
                f"The rule {job['rule_name']} ended without saying why: it may have been "
                "killed, or the memory was not enough.",
                rule=job["rule_name"],
            )
        self.failed = True

    def _complain(self, record: LogRecord) -> None:
        """Keep what Snakemake says of a failure; a job may yet tell of it better."""
        if message := record.getMessage().strip():
            self.complaints.append(message)

    def _warn(self, record: LogRecord) -> None:
        """Pass on what Snakemake says outside of its events, such as the findings of --lint."""
        if runlog.destination:
            self._write(record.getMessage().strip(), level=record.levelname)
        print(record.getMessage(), file=sys.stderr)

    def _fail(self, message: str, **fields: Any) -> None:
        self._write(message, level="ERROR", exit_code=1, **fields)
        self._tell(message)

    def _tell_of(self, complaints: list[str]) -> None:
        """Tell of a failure of Snakemake itself by its one telling line."""
        lines = [line.strip() for line in complaints[0].splitlines() if line.strip()]
        is_traceback = any(line.startswith("Traceback") for line in lines)
        named = lines[-1] if is_traceback else next((s for s in lines if s[-1] != ":"), lines[0])
        if runlog.destination:
            self._fail(named, details="\n".join(complaints))
        else:  # the run was never opened: there is no log
            print(f"travel_perks: {named}", file=sys.stderr)

    def _tell(self, message: str) -> None:
        """Print the one sentence for a person, where the command is not there to do it."""
        if not self.under_command:
            print(f"travel_perks: {message}", file=sys.stderr)

    @property
    def under_command(self) -> bool:
        """Tell whether `travel_perks execute` opens and closes the log."""
        return lock.HELD in os.environ

    def _started(self) -> None:
        if not self.under_command and not self.common_settings.dryrun:
            self.began = time.monotonic()
            self._write("run started")

    def close(self) -> None:
        """Tell of a failure that no job has told of, and close the log of a run."""
        if self.complaints and not self.failed:
            self._tell_of(self.complaints)
            self.failed = True
        if self.began is not None:
            self._write(
                "run finished",
                status="failed" if self.failed else "done",
                duration_seconds=round(time.monotonic() - self.began, 3),
            )
            self.began = None
        super().close()

    def _progress(self, progress: dict[str, Any]) -> None:
        self._write("progress", done=progress["done"], total=progress["total"])

    def _write(self, message: str, *, level: str = "INFO", **fields: Any) -> None:
        destination = _destination()
        destination.write(
            runlog.record(
                message, run_id=destination.run_id, level=level, logger="snakemake", **fields
            )
        )

    @property
    def writes_to_stream(self) -> bool:
        """STDOUT is ours; Snakemake must not add its own lines."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """The log file is named by the run, not by Snakemake's settings."""
        return False

    @property
    def has_filter(self) -> bool:
        """Events are chosen here."""
        return True

    @property
    def has_formatter(self) -> bool:
        """Events are formatted here."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """The graph is of no use to the log."""
        return False


def _destination() -> runlog.RunLog:
    if runlog.destination is None:
        raise RuntimeError("the run was not opened")
    return runlog.destination
