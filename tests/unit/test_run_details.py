"""All that is known of a run, whatever is missing or damaged."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.crafted import Folders, counts, write
from travel_perks.runs.catalogue import require_run
from travel_perks.runs.details import details
from travel_perks.sealing.tombstone import bury


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def found(folders: Folders, run_id: str) -> dict[str, Any]:
    told = details(*require_run(folders.settings, run_id))
    return json.loads(json.dumps(told))  # plain JSON, whatever the state


def test_a_failed_run_tells_why(folders: Folders) -> None:
    folders.fetched("x")
    write(Path(folders.layout("x").silver("users.json")), json.dumps({"counts": counts("users")}))
    failing = {"suite": "users", "success": False}
    checks = [{"suite": "users", "success": True}, failing]
    write(Path(folders.layout("x").checks("sources")), json.dumps(checks))
    write(Path(folders.layout("x").frozen), "seed: 3\ncores: 1\nforgotten: 2\n")
    folders.logged("x", "run started", "an older failure", level="ERROR")
    folders.logged("x", "run started", "stage finished", rule="clean", table="users", rows_in=5)
    folders.logged("x", "2 of 3 checks failed", level="ERROR", exception="Traceback")
    folders.logged("x", "run finished", status="failed", duration_seconds=4)
    write(
        Path(folders.layout("x").benchmark("clean_users")), "s\tmax_rss\tmean_load\n1.5\t80.1\t-\n"
    )
    told = found(folders, "x")
    assert (told["state"], told["duration_seconds"]) == ("failed", 4.0)
    assert [error["message"] for error in told["errors"]] == ["2 of 3 checks failed"]
    assert told["settings"] == {"result": {"seed": 3}, "run": {"cores": 1}}
    assert told["tables"] == [counts("users")]
    assert told["checks"] == {"passed": 1, "failed": 1, "failing": [failing]}
    assert [one["stored"] for one in told["inputs"]] == [True] * 4
    (stage,) = told["stages"]
    assert (stage["rule"], stage["table"], stage["rows_in"]) == ("clean", "users", 5)
    assert (stage["job_seconds"], stage["max_rss_mb"]) == (1.5, 80.1)
    assert stage["mean_load_percent"] is None


def test_a_sealed_run_is_told_by_its_manifest(folders: Folders) -> None:
    manifest = folders.sealed("x")
    Path(folders.layout("x").perks).unlink()
    write(Path(folders.layout("x").report), "edited")
    (Path(folders.layout("x").store) / manifest["inputs"]["users"]["sha256"]).unlink()
    told = found(folders, "x")
    assert told["settings"]["result"] == {"min_sessions": 7}
    assert told["cohort"] == manifest["counts"]["cohort"]
    assert told["tables"] == list(manifest["counts"]["tables"].values())
    assert {file["name"]: file["state"] for file in told["artefacts"]} == {
        "gold": "intact", "perks": "missing", "report": "changed",
    }  # fmt: skip
    gold = told["artefacts"][0]
    assert {name: gold[name] for name in ("path", "bytes", "sha256")} == manifest["artefacts"][
        "gold"
    ]
    assert [one["stored"] for one in told["inputs"]] == [False, True, True, True]


@pytest.mark.parametrize(
    "content", ["", "[", "[1]", "{}", "null", '{"counts": {"read": "x"}}', "a: ["]
)
def test_damaged_files_hide_what_they_held_and_no_more(folders: Folders, content: str) -> None:
    folders.failed("x")
    layout = folders.layout("x")
    damaged = (
        layout.frozen, layout.manifest, layout.silver("users.json"), layout.silver("cohort.json"),
        layout.checks("gold"), layout.bronze("users.json"), layout.benchmark("clean_users"),
    )  # fmt: skip
    for path in damaged:
        write(Path(path), content)
    folders.logged("x", "run started", "stage finished", rule="clean", table="users")
    told = found(folders, "x")
    assert told["state"] == "damaged"
    assert {one["table"] for one in told["inputs"]} >= {"sessions", "flights", "hotels"}
    assert told["tables"] == []
    assert len(told["stages"]) == 1


def test_a_deleted_run_has_only_its_past(folders: Folders) -> None:
    folders.logged("x", "run started", "stage finished", rule="seal")
    bury(folders.layout("x"), started="2025-10-09T08:53:20.000Z", users=10)
    told = found(folders, "x")
    assert (told["state"], told["users"]) == ("deleted", 10)
    assert (told["inputs"], told["artefacts"], told["tables"]) == ([], [], [])
    assert len(told["stages"]) == 1
