"""All that is known of one run, as JSON values: from manifest or frozen settings, from what
the stages left, and from the log.
"""

import csv
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from travel_perks.errors import SealedError
from travel_perks.files import read_json
from travel_perks.layout import Layout
from travel_perks.runs.attempts import Record, last_attempt, stages
from travel_perks.runs.catalogue import Run
from travel_perks.runs.verify import sealed_artefacts
from travel_perks.sealing.manifest import Seal, read_seal
from travel_perks.sealing.manifest_shape import TableCounts
from travel_perks.settings import Settings, kind_of
from travel_perks.tables import TABLES

MEASURES = ("rows_in", "rows_out", "bytes", "checks")


def details(layout: Layout, run: Run) -> dict[str, Any]:
    """Return what `travel_perks show --json` says of a run; what is not known is empty.

    Hashes the artefacts of a sealed run. Why an unsealed run ended is in `errors`.
    """
    seal = None
    with suppress(SealedError):
        seal = read_seal(layout)
    attempt = last_attempt(Path(layout.log))
    return {
        **run.to_json(),
        "package": seal.manifest["package"] if seal else {},
        "settings": _settings(layout, seal),
        "inputs": _inputs(layout, seal),
        "tables": _tables(layout, seal),
        "cohort": seal.manifest["counts"]["cohort"]
        if seal
        else _json(layout.silver("cohort.json")),
        "checks": _checks(layout),
        "artefacts": [asdict(file) for file in sealed_artefacts(layout, seal)] if seal else [],
        "stages": [_stage(layout, entry) for entry in stages(Path(layout.log))],
        "errors": attempt.errors if attempt else [],
    }


def _settings(layout: Layout, seal: Seal | None) -> dict[str, dict[str, Any]]:
    """Return result and run settings: as sealed, or as frozen at the last start."""
    if seal:
        return {kind: seal.manifest[f"{kind}_settings"] for kind in ("result", "run")}
    frozen = {}
    with suppress(OSError, ValueError, yaml.YAMLError):
        frozen = yaml.safe_load(Path(layout.frozen).read_text("utf-8"))
    split: dict[str, dict[str, Any]] = {"result": {}, "run": {}}
    for name, value in frozen.items() if isinstance(frozen, dict) else ():
        if name in Settings.model_fields:
            split[kind_of(name)][name] = value
    return split


def _inputs(layout: Layout, seal: Seal | None) -> list[dict[str, Any]]:
    receipts = {table: _json(layout.bronze(f"{table}.json")) for table in TABLES}
    if seal:
        receipts = seal.manifest["inputs"]
    return [
        {
            "table": table,
            **{name: receipt.get(name) for name in ("source", "bytes", "sha256")},
            "stored": (Path(layout.store) / str(receipt.get("sha256"))).is_file(),
        }
        for table, receipt in receipts.items()
        if receipt
    ]


def _tables(layout: Layout, seal: Seal | None) -> list[dict[str, Any]]:
    """Return the row counts, by table."""
    if seal:
        return list(seal.manifest["counts"]["tables"].values())
    found = []
    for table in TABLES:
        with suppress(ValidationError):
            counts = _json(layout.silver(f"{table}.json")).get("counts")
            found.append(TableCounts.model_validate(counts).model_dump())
    return found


def _checks(layout: Layout) -> dict[str, Any]:
    found = [
        check
        for name in ("sources", "gold")
        for check in _json_list(layout.checks(name))
        if isinstance(check, dict)
    ]
    failing = [check for check in found if not check.get("success")]
    return {"passed": len(found) - len(failing), "failed": len(failing), "failing": failing}


def _stage(layout: Layout, entry: Record) -> dict[str, Any]:
    """Return what was logged and measured of one job."""
    rule, table = entry.get("rule"), entry.get("table")
    measured = _benchmark(layout, f"{rule}_{table}" if table else f"{rule}")
    return {
        "rule": rule,
        "table": table,
        "seconds": entry.get("duration_seconds"),
        **{name: entry.get(name) for name in MEASURES},
        "job_seconds": _number(measured.get("s")),
        "max_rss_mb": _number(measured.get("max_rss")),
        "mean_load_percent": _number(measured.get("mean_load")),
    }


def _benchmark(layout: Layout, job: str) -> Mapping[str, str]:
    """Return the first row of a job's measurements."""
    try:
        with Path(layout.benchmark(job)).open(encoding="utf-8", newline="") as file:
            return next(csv.DictReader(file, delimiter="\t"), {})
    except (OSError, ValueError, csv.Error):
        return {}


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def _json(path: str) -> dict[str, Any]:
    """Read a JSON object; what is missing or damaged is empty."""
    content = _read(path)
    return content if isinstance(content, dict) else {}


def _json_list(path: str) -> list[Any]:
    content = _read(path)
    return content if isinstance(content, list) else []


def _read(path: str) -> Any:
    try:
        return read_json(path)
    except (OSError, ValueError):
        return None
