"""A dry run: the plan of Snakemake, then every stage in memory; only the log is written."""

import json
import logging
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import yaml

from travel_perks.config_files import SHIPPED, config_file
from travel_perks.errors import Exit, StoppedError, TravelPerksError
from travel_perks.files import require_room_for
from travel_perks.layout import Layout
from travel_perks.running import lock
from travel_perks.running.execute import STATUS, snakemake_arguments
from travel_perks.running.job import as_told
from travel_perks.running.run_settings import child_environment, frozen
from travel_perks.running.runlog import JsonFormatter, RunLog, record
from travel_perks.sealing.manifest import find_seal
from travel_perks.settings import Settings


class _ToRunLog(logging.Handler):
    """Sends the records of this process to the log of the run."""

    def __init__(self, log: RunLog) -> None:
        super().__init__()
        self.log = log
        self.setFormatter(JsonFormatter(log.run_id))

    def emit(self, entry: logging.LogRecord) -> None:
        """Write one record."""
        self.log.append(self.format(entry) + "\n")


def dry_run(settings: Settings) -> int:
    """Plan and rehearse a run; return the exit code that the run itself would have."""
    began = time.monotonic()
    layout = Layout.of(settings)
    seal = find_seal(layout)
    if seal:
        seal.lost(settings, layout)
    lock.require_free(Path(layout.lock), settings.run_id)
    for folder in (*layout.published_folders, *layout.working_folders):
        require_room_for(folder)
    log = RunLog(Path(layout.log), settings.run_id, settings.log_format)
    log.write(record("dry run started", run_id=settings.run_id))
    failure = None
    if seal:
        log.write(record("nothing to do: the run is sealed", run_id=settings.run_id))
    else:
        failure = _try_out(settings, log)
    code = int(failure.exit_code if failure else Exit.DONE)
    log.write(
        record(
            "run finished",
            run_id=settings.run_id,
            status=STATUS.get(Exit(code), "failed"),
            exit_code=code,
            duration_seconds=round(time.monotonic() - began, 3),
        )
    )
    if failure:
        print(f"travel_perks: {failure}", file=sys.stderr)
    return code


def _try_out(settings: Settings, log: RunLog) -> TravelPerksError | None:
    """Log the plan and rehearse; return the failure that the run would end with."""
    logger = logging.getLogger("travel_perks")
    handler = _ToRunLog(log)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    signal.signal(signal.SIGTERM, _stop)  # so that temporary folders go
    try:
        for entry in plan(settings):
            log.write(entry)
        from travel_perks.running.rehearse import rehearse

        rehearse(settings)
    except KeyboardInterrupt as signalled:
        return StoppedError(Exit.TERMINATED if signalled.args else Exit.INTERRUPTED)
    except Exception as error:
        told = as_told(error)
        logger.error(str(told), exc_info=error, extra={"exit_code": int(told.exit_code)})
        return told
    finally:
        logger.removeHandler(handler)
    return None


def _stop(number: int, _frame: object) -> None:
    raise KeyboardInterrupt(number)


def plan(settings: Settings) -> list[dict[str, Any]]:
    """Return the log records in which Snakemake's `-n` lists the jobs of a fresh run.

    It is made in a temporary folder, since even `-n` writes to the folder it works in.
    """
    with tempfile.TemporaryDirectory(prefix="travel_perks-") as folder:
        config = Path(folder) / "settings.yaml"
        config.write_text(yaml.safe_dump(_away_from_here(settings)), "utf-8")
        layout = Layout.of(settings)
        arguments = snakemake_arguments(settings, str(config), None, ["-n", "--directory", folder])
        planned = subprocess.run(
            arguments,
            env=child_environment(settings) | {lock.HELD: "none"},
            capture_output=True,
            text=True,
            check=False,
        )
    if planned.returncode:
        raise TravelPerksError(f"Snakemake cannot plan the run: {planned.stderr.strip()}")
    entries = [json.loads(line) for line in planned.stdout.splitlines() if line.startswith("{")]
    return [entry | {"run_id": layout.run_id} for entry in entries]


def _away_from_here(settings: Settings) -> dict[str, Any]:
    """Return the frozen settings for use in another folder."""
    values = frozen(settings)
    for name in values:
        if name.endswith("_file") and values[name] != SHIPPED:
            values[name] = str(config_file(settings, name).absolute())
        if name.endswith("_dir"):
            values[name] = name
    return values
