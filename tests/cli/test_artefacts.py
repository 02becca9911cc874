"""What a finished run publishes: the two tables, the report and the manifest agree."""

import csv
import hashlib
import io
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from pypdf import PdfReader

from tests.conftest import ROOT, SAMPLE
from travel_perks.recommending.gold import GOLD_COLUMNS
from travel_perks.settings import Settings
from travel_perks.tables import TABLES

DEMOGRAPHIC = {
    "birthdate", "gender", "married", "has_children", "home_country", "home_city", "home_airport",
    "home_airport_lat", "home_airport_lon", "sign_up_date",
}  # fmt: skip
NOT_NUMBERS = {"perk", "runner_up_perk", "evidence", "reason"}


@pytest.fixture(scope="module")
def outputs(sealed_folder: Path) -> Path:
    return sealed_folder / "data" / "outputs"


@pytest.fixture(scope="module")
def gold_file(sealed_folder: Path) -> Path:
    return sealed_folder / "data" / "gold" / "users_features_demo.csv"


@pytest.fixture(scope="module")
def gold(gold_file: Path) -> list[dict[str, str]]:
    with gold_file.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def perks(outputs: Path) -> list[dict[str, str]]:
    with (outputs / "perks_demo.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def manifest(outputs: Path) -> dict[str, Any]:
    return json.loads((outputs / "manifest_demo.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def report(outputs: Path) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(outputs / "report_demo.pdf").pages)


def test_the_files_of_the_runbook_are_there_and_closed_to_others(sealed_folder: Path) -> None:
    for name in (
        "data/gold/users_features_demo.csv",
        "data/outputs/perks_demo.csv",
        "data/outputs/report_demo.pdf",
    ):
        path = sealed_folder / name
        assert path.stat().st_size > 0
        assert path.stat().st_mode & 0o777 == 0o440
        assert path.parent.stat().st_mode & 0o007 == 0
    published = {path.name for path in (sealed_folder / "data" / "outputs").iterdir()}
    assert published == {"perks_demo.csv", "report_demo.pdf", "manifest_demo.json"}
    assert len(list((sealed_folder / "data" / "gold").iterdir())) == 1
    assert [path.name for path in (sealed_folder / "logs").iterdir()] == ["demo.log"]
    assert not list(sealed_folder.rglob("*partial*"))


def test_perks_are_one_row_a_user_sorted(
    perks: list[dict[str, str]], gold: list[dict[str, str]]
) -> None:
    assert list(perks[0]) == ["user_id", "perk"]
    users = [int(row["user_id"]) for row in perks]
    assert users == sorted(set(users))
    assert perks == [{"user_id": row["user_id"], "perk": row["perk"]} for row in gold]
    known = yaml.safe_load((ROOT / "config" / "perks.yaml").read_text("utf-8"))["perks"]
    assert {row["perk"] for row in perks} <= {perk["id"] for perk in known}


def test_gold_has_the_documented_columns_and_no_other(gold: list[dict[str, str]]) -> None:
    assert tuple(gold[0]) == GOLD_COLUMNS
    assert not DEMOGRAPHIC & set(gold[0])
    users = [int(row["user_id"]) for row in gold]
    assert users == sorted(set(users))
    assert all(int(row["n_sessions"]) >= 7 for row in gold)
    assert all(row["perk"] != row["runner_up_perk"] for row in gold)


def test_numbers_come_back_as_they_were(sealed_folder: Path, gold: list[dict[str, str]]) -> None:
    kept = pd.read_parquet(sealed_folder / "data" / "silver" / "demo" / "gold.parquet")
    for name in GOLD_COLUMNS:
        texts = [row[name] for row in gold]
        if name in NOT_NUMBERS:
            assert texts == kept[name].fillna("").tolist()
            continue
        for text, number in zip(texts, kept[name].tolist(), strict=True):
            if text == "":
                assert pd.isna(number), name
            else:
                assert float(text) == float(number), name
                assert len(text) <= len(repr(number)), f"{name} is not in its shortest form"


def test_every_perk_sums_up_to_the_cohort(
    perks: list[dict[str, str]], manifest: dict[str, Any], report: str
) -> None:
    counts = Counter(row["perk"] for row in perks)
    total = len(perks)
    assert manifest["counts"]["perks"] == dict(counts)
    assert manifest["counts"]["cohort"]["users_in_cohort"] == total
    assert f"{total:,} customers get an offer" in report
    for perk in yaml.safe_load((ROOT / "config" / "perks.yaml").read_text("utf-8"))["perks"]:
        count = counts[perk["id"]]
        shown = rf"{perk['name']}\s+{count:,}\s+{100 * count / total:.1f}%"
        assert re.search(shown, report), shown


def test_the_report_shows_what_became_of_the_rows(manifest: dict[str, Any], report: str) -> None:
    for table, counts in manifest["counts"]["tables"].items():
        numbers = [counts[name] for name in ("read", "kept", "merged", "rejected", "ignored")]
        assert numbers[0] == sum(numbers[1:]), table
        assert re.search(r"\s+".join([table, *(f"{each:,}" for each in numbers)]), report), table
    for received in manifest["inputs"].values():
        assert received["sha256"] in report.replace("\n", "")


def test_the_report_has_pages_and_names_no_path_or_run(
    outputs: Path, sealed_folder: Path, report: str
) -> None:
    reader = PdfReader(outputs / "report_demo.pdf")
    assert len(reader.pages) >= 3
    assert str(sealed_folder) not in report
    assert str(ROOT) not in report
    assert "demo" not in report


def test_the_manifest_holds_the_hashes_of_what_lies_there(
    sealed_folder: Path, manifest: dict[str, Any]
) -> None:
    assert manifest["artefacts"].keys() == {"gold", "perks", "report"}
    for described in manifest["artefacts"].values():
        content = (sealed_folder / described["path"]).read_bytes()
        assert described["sha256"] == hashlib.sha256(content).hexdigest()
        assert described["bytes"] == len(content)
    assert manifest["inputs"].keys() == TABLES.keys()
    for table, received in manifest["inputs"].items():
        content = (SAMPLE / f"{table}.csv").read_bytes()
        assert received["received_sha256"] == hashlib.sha256(content).hexdigest()
        assert received["received_bytes"] == len(content)
        stored = sealed_folder / "data" / "store" / received["sha256"]
        assert hashlib.sha256(stored.read_bytes()).hexdigest() == received["sha256"]


def test_the_manifest_keeps_what_changes_the_result_apart(manifest: dict[str, Any]) -> None:
    result, run = manifest["result_settings"], manifest["run_settings"]
    assert not result.keys() & run.keys()
    assert result.keys() | run.keys() == Settings.model_fields.keys()
    assert result.keys() == Settings().of_kind("result").keys()
    assert run["run_id"] == "demo"
    for name, file in (
        ("perks_file", "config/perks.yaml"),
        ("source_expectations_file", "config/expectations/sources.yaml"),
        ("gold_expectations_file", "config/expectations/gold.yaml"),
    ):
        digest = hashlib.sha256((ROOT / file).read_bytes()).hexdigest()
        assert result[name] == f"sha256:{digest}"


def test_text_that_a_spreadsheet_would_run_is_nowhere(gold_file: Path) -> None:
    cells = csv.reader(io.StringIO(gold_file.read_text("utf-8")))
    for row in cells:
        for cell in row:
            assert not cell.startswith(("=", "+", "@", "\t", "\r"))
            if cell.startswith("-"):
                float(cell)
