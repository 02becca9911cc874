"""What the log of a run tells of its starts. Dry runs are no starts."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

Record = dict[str, Any]


@dataclass(frozen=True)
class Attempt:
    """One start of a run: its records, from `run started` on."""

    records: list[Record]

    @property
    def started(self) -> str:
        """When it started, as logged."""
        return str(self.records[0]["timestamp"])

    @property
    def status(self) -> str:
        """How it ended: done, failed or interrupted; nothing when it was killed or goes on."""
        return str((self._ending or {}).get("status", ""))

    @property
    def duration_seconds(self) -> float | None:
        """How long it took; without an ending, until its last record."""
        logged = (self._ending or {}).get("duration_seconds")
        if isinstance(logged, int | float):
            return float(logged)
        began, last = moment(self.started), moment(self.records[-1]["timestamp"])
        return None if began is None or last is None else round(last - began, 3)

    @property
    def errors(self) -> list[Record]:
        """What was logged at ERROR, without tracebacks."""
        return [
            {name: value for name, value in entry.items() if name != "exception"}
            for entry in self.records
            if entry.get("level") == "ERROR"
        ]

    @property
    def _ending(self) -> Record | None:
        endings = [entry for entry in self.records if entry["message"] == "run finished"]
        return endings[-1] if endings else None


def attempts(log: Path) -> Iterator[Attempt]:
    """Give the starts of a run, the last first; none when there is no readable log."""
    try:
        lines = log.read_text("utf-8", errors="replace").splitlines()
    except OSError:
        return
    end = len(lines)
    for number in reversed(range(end)):
        if '"run started"' not in lines[number]:
            continue
        records = list(_records(lines[number:end]))
        if records and records[0]["message"] == "run started":
            end = number
            # Snakemake's rule of this name is a dry run, too.
            if not any(entry.get("rule") == "dry_run" for entry in records):
                yield Attempt(records)


def last_attempt(log: Path) -> Attempt | None:
    """Return the last start of a run."""
    return next(attempts(log), None)


def stages(log: Path) -> list[Record]:
    """Return the last `stage finished` of each rule and table, in the order of time."""
    found: dict[tuple[Any, Any], Record] = {}
    for attempt in attempts(log):
        for entry in reversed(attempt.records):
            if entry["message"] == "stage finished":
                found.setdefault((entry.get("rule"), entry.get("table")), entry)
    return sorted(found.values(), key=lambda entry: str(entry["timestamp"]))


def moment(timestamp: object) -> float | None:
    """Return a logged timestamp in seconds since 1970; None for what is none."""
    try:
        return datetime.fromisoformat(str(timestamp)).timestamp()
    except (ValueError, OverflowError):
        return None


def _records(lines: Iterable[str]) -> Iterator[Record]:
    """Read records, leaving out damaged lines and whatever a dry run logged."""
    rehearsing = False
    for line in lines:
        entry = _parse(line)
        if entry is None:
            continue
        rehearsing = rehearsing or entry["message"] == "dry run started"
        if not rehearsing:
            yield entry
        elif entry["message"] == "run finished":
            rehearsing = False


def _parse(line: str) -> Record | None:
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(entry, dict) and {"timestamp", "message"} <= entry.keys()
    return entry if whole else None
