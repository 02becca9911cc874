"""Read what a start of the command, or of Snakemake, has told: its log and its one sentence."""

import json
from pathlib import Path
from typing import Any

from tests.conftest import Ran

PREFIX = "travel_perks: "


def read_log(path: Path) -> list[dict[str, Any]]:
    """The records of a log file; each line must be one JSON object."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def errors(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What `jq '. | select(.level=="ERROR")'` finds."""
    return [record for record in records if record["level"] == "ERROR"]


def started(records: list[dict[str, Any]]) -> set[str]:
    """The jobs that were started: the rule, and the table where there is one."""
    return {
        " ".join(filter(None, (record["rule"], record.get("table"))))
        for record in records
        if record["message"] == "rule started"
    }


def sentence_of(ran: Ran, code: int) -> str:
    """The one human sentence of a failure with exit code `code`; no traceback is beside it."""
    assert ran.code == code, ran.stderr + ran.stdout
    assert "Traceback" not in ran.stderr
    told = [line for line in ran.stderr.splitlines() if line.startswith(PREFIX)]
    assert len(told) == 1, ran.stderr
    assert told[0].endswith((".", "?")), told[0]
    assert all(isinstance(record, dict) for record in ran.records)
    return told[0].removeprefix(PREFIX)
