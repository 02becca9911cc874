"""`travel_perks runs` and `travel_perks show`."""

import json
from pathlib import Path

import pytest

from tests.conftest import Ran, run
from tests.crafted import START, Folders, files_in, write

PERKS = {
    "exclusive_discounts", "free_checked_bag", "free_hotel_meal", "no_cancellation_fees",
    "one_night_free_hotel_with_flight",
}  # fmt: skip


def ask(folder: Path, *arguments: str | Path, **environment: str) -> Ran:
    return run("travel_perks", *arguments, cwd=folder, **environment)


def test_an_empty_folder_has_no_runs_and_stays_empty(tmp_path: Path) -> None:
    told = ask(tmp_path, "runs")
    assert (told.code, told.stdout, told.stderr) == (0, "There are no runs yet.\n", "")
    assert json.loads(ask(tmp_path, "runs", "--json").stdout) == []
    assert list(tmp_path.iterdir()) == []


def test_a_real_run_is_listed(sealed_folder: Path) -> None:
    there = files_in(sealed_folder)
    (listed,) = json.loads(ask(sealed_folder, "runs", "--json").stdout)
    manifest = json.loads((sealed_folder / "data/outputs/manifest_demo.json").read_text())
    assert (listed["run_id"], listed["state"]) == ("demo", "sealed")
    assert listed["started"] == manifest["started"]
    assert 1 < listed["duration_seconds"] < 600
    assert listed["users"] == manifest["counts"]["cohort"]["users_in_cohort"]
    assert listed["perks"].keys() == PERKS
    assert sum(perk["users"] for perk in listed["perks"].values()) == listed["users"]
    assert sum(perk["share"] for perk in listed["perks"].values()) == pytest.approx(1, abs=0.001)
    table = ask(sealed_folder, "runs").stdout.splitlines()
    assert table[0].split()[:4] == ["run", "state", "started", "(UTC)"]
    assert table[1].split()[:2] == ["demo", "sealed"]
    assert "\x1b" not in table[0]
    assert files_in(sealed_folder) == there


def test_the_list_is_aligned_newest_first_and_names_damage(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    folders.sealed("a" * 64)
    folders.failed("[red]b", at=START + 500)  # no run id
    folders.failed("b", at=START + 500)
    folders.sealed("c")
    write(Path(folders.layout("c").manifest), "{")
    told = ask(tmp_path, "runs")
    assert (told.code, told.stderr) == (0, "")
    head, *lines = told.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["b", "a" * 64, "c", "c:"]
    column = head.index("state")
    states = [line[column:].split()[0] for line in lines[:3]]
    assert states == ["failed", "sealed", "damaged"]
    assert "manifest_c.json cannot be read" in lines[3]
    assert "60.0" in lines[1] and "40.0" in lines[1]


def test_the_folders_come_from_option_environment_and_file(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "elsewhere")
    folders.sealed("x")
    folders.logged("y", "run started")
    outputs, logs = folders.settings.output_dir, folders.settings.logs_dir
    write(tmp_path / "mine.yaml", f"output_dir: {outputs}\nseed: 4\nperks_file: gone.yaml\n")
    told = ask(tmp_path, "runs", "--json", "--config-file", "mine.yaml", TRAVEL_PERKS_LOGS_DIR=logs)
    assert {found["run_id"] for found in json.loads(told.stdout)} == {"x", "y"}
    assert (
        json.loads(ask(tmp_path, "runs", "--json", "--logs-dir", logs).stdout)[0]["run_id"] == "y"
    )
    refused = ask(tmp_path, "runs", TRAVEL_PERKS_LOG_DIR=logs)
    assert refused.code == 3
    assert "TRAVEL_PERKS_LOGS_DIR" in refused.stderr


def test_a_real_run_is_shown(sealed_folder: Path) -> None:
    manifest = json.loads((sealed_folder / "data/outputs/manifest_demo.json").read_text())
    found = json.loads(ask(sealed_folder, "show", "demo", "--json").stdout)
    assert found["settings"] == {
        "result": manifest["result_settings"], "run": manifest["run_settings"],
    }  # fmt: skip
    for one in found["inputs"]:
        receipt = manifest["inputs"][one["table"]]
        assert (one["bytes"], one["sha256"]) == (receipt["bytes"], receipt["sha256"])
    assert found["tables"] == list(manifest["counts"]["tables"].values())
    assert {file["state"] for file in found["artefacts"]} == {"intact"}
    assert found["checks"]["failed"] == 0
    assert found["checks"]["passed"] > 50
    assert found["errors"] == []
    stages = {(stage["rule"], stage["table"]): stage for stage in found["stages"]}
    assert {("download", "users"), ("clean", "hotels"), ("fit_model", None)} <= stages.keys()
    assert stages["clean", "users"]["rows_in"] == manifest["counts"]["tables"]["users"]["read"]
    assert stages["fit_model", None]["seconds"] > 0
    assert stages["fit_model", None]["max_rss_mb"] > 0
    text = ask(sealed_folder, "show", "demo").stdout
    assert text.startswith("Run demo: sealed, started 20")
    for expected in ("min_sessions", "conflicting_key", manifest["artefacts"]["gold"]["sha256"]):
        assert expected in text


def test_a_failed_run_says_why(tmp_path: Path) -> None:
    source = tmp_path / "gone.csv"
    arguments = ("--run-id", "x", "--hotels-url", str(source), "--retries", "0")
    failed = ask(tmp_path, "execute", *arguments)
    assert failed.code == 4
    found = json.loads(ask(tmp_path, "show", "x", "--json").stdout)
    assert found["state"] == "failed"
    assert found["settings"]["result"]["hotels_url"] == str(source)
    (error,) = found["errors"]
    assert f"travel_perks: {error['message']}" == failed.stderr.strip()
    assert error["rule"] == "download"
    assert error["message"] in ask(tmp_path, "show", "x").stdout


def test_an_unknown_run_is_one_sentence(tmp_path: Path) -> None:
    for command in ("show", "verify", "delete"):
        for run_id in ("nobody", "../x"):
            told = ask(tmp_path, command, run_id)
            assert (told.code, told.stdout) == (2, "")
            assert len(told.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
