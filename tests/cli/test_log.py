"""The log of a finished run: its form, what was counted, and how long it took."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.telling import errors, read_log, started
from travel_perks.tables import TABLES

RULES = {path.stem for path in (ROOT / "scripts").glob("*.py")} - {"dry_run"}


@pytest.fixture(scope="module")
def log(sealed_folder: Path) -> list[dict[str, Any]]:
    return read_log(sealed_folder / "logs" / "demo.log")


@pytest.fixture(scope="module")
def manifest(sealed_folder: Path) -> dict[str, Any]:
    return json.loads((sealed_folder / "data/outputs/manifest_demo.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def stages(log: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The closing record of each job, by rule and table."""
    closing = [record for record in log if record["message"] == "stage finished"]
    named = {" ".join(filter(None, (each["rule"], each.get("table")))): each for each in closing}
    assert len(named) == len(closing)
    return named


def test_every_record_has_the_five_fields_and_flat_ones(log: list[dict[str, Any]]) -> None:
    for record in log:
        assert list(record)[:5] == ["timestamp", "level", "logger", "message", "run_id"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["timestamp"])
        assert record["run_id"] == "demo"
        assert record["level"] in ("INFO", "WARNING")
        assert not any(isinstance(value, (dict, list)) for value in record.values()), record
    assert {record["logger"].partition(".")[0] for record in log} == {"travel_perks", "snakemake"}


def test_it_begins_and_ends_with_the_run(log: list[dict[str, Any]]) -> None:
    assert log[0]["message"] == "run started"
    last = log[-1]
    assert (last["message"], last["status"], last["exit_code"]) == ("run finished", "done", 0)
    assert last["duration_seconds"] > 0
    assert [record["message"] for record in log].count("run finished") == 1


def test_every_job_tells_when_it_starts_and_how_long_it_took(
    log: list[dict[str, Any]], stages: dict[str, dict[str, Any]]
) -> None:
    assert {name.partition(" ")[0] for name in stages} == RULES
    assert started(log) == stages.keys()
    assert {
        f"{rule} {table}" for rule in ("download", "clean") for table in TABLES
    } <= stages.keys()
    for record in stages.values():
        assert record["duration_seconds"] >= 0
    assert all(record["reason"] for record in log if record["message"] == "rule started")


def test_rows_are_counted_in_and_out_of_each_stage(
    stages: dict[str, dict[str, Any]], manifest: dict[str, Any]
) -> None:
    for table, counts in manifest["counts"]["tables"].items():
        stage = stages[f"clean {table}"]
        assert (stage["rows_in"], stage["rows_out"]) == (counts["read"], counts["kept"])
        assert stages[f"download {table}"]["bytes"] == manifest["inputs"][table]["bytes"]
    cohort = manifest["counts"]["cohort"]
    features = stages["build_features"]
    assert features["rows_in"] == cohort["users_in_source"]
    assert features["rows_out"] == cohort["users_in_cohort"]
    for rule in ("score_users", "build_gold"):
        assert stages[rule]["rows_in"] == stages[rule]["rows_out"] == cohort["users_in_cohort"]
    assert stages["fit_model"]["rows_in"] == cohort["users_in_cohort"]
    for rule in ("publish_gold", "publish_perks"):
        assert stages[rule]["rows_out"] == cohort["users_in_cohort"]
    for rule in ("check_sources", "check_gold"):
        assert stages[rule]["checks"] > 10


def test_what_became_of_the_rows_is_logged_rule_by_rule(
    log: list[dict[str, Any]], manifest: dict[str, Any]
) -> None:
    """Every row that is dropped or changed is counted per table and rule, and logged."""
    for table, counts in manifest["counts"]["tables"].items():
        told = [each for each in log if each.get("rule") == "clean" and each.get("table") == table]
        for rule, rows in (counts["rejected_by_rule"] | counts["changed_by_rule"]).items():
            # A field of that name, or a record of its own.
            assert any(
                each.get(rule) == rows or (rule in each.values() and rows in each.values())
                for each in told
            ), (table, rule)


def test_no_error_is_found_in_a_good_run(sealed_folder: Path, log: list[dict[str, Any]]) -> None:
    assert errors(log) == []
    if jq := shutil.which("jq"):
        found = subprocess.run(
            [jq, '. | select(.level=="ERROR")', sealed_folder / "logs" / "demo.log"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert found.stdout == ""


def test_no_person_is_in_the_log(sealed_folder: Path) -> None:
    text = (sealed_folder / "logs" / "demo.log").read_text("utf-8")
    perks = (sealed_folder / "data/outputs/perks_demo.csv").read_text("utf-8").splitlines()[1:]
    users = {line.partition(",")[0] for line in perks}
    assert len(users) > 100
    assert not users & set(re.findall(r"\b\d+\b", text))
