"""`travel_perks verify`."""

import json
from pathlib import Path

import pytest

from tests.conftest import run
from tests.crafted import Folders, write


def test_a_real_run_is_intact(sealed_folder: Path) -> None:
    told = run("travel_perks", "verify", "demo", cwd=sealed_folder)
    assert (told.code, told.stderr) == (0, "")
    (line,) = told.stdout.splitlines()
    assert line.startswith("demo: intact (7 files, ")


def test_each_fault_of_each_run_is_named(tmp_path: Path) -> None:
    folders = Folders(tmp_path)
    for run_id in ("a", "b", "c"):
        folders.sealed(run_id)
    write(Path(folders.layout("a").perks), "edited")
    Path(folders.layout("b").gold).unlink()
    told = run("travel_perks", "verify", "--all", cwd=tmp_path)
    assert told.code == 8
    assert len(told.stderr.splitlines()) == 1
    for name in (
        "data/outputs/perks_a.csv is changed",
        "data/gold/users_features_b.csv is missing",
    ):
        assert name in told.stderr
        assert name in told.stdout
    assert "c: intact" in told.stdout
    as_json = run("travel_perks", "verify", "--all", "--json", cwd=tmp_path)
    assert as_json.code == 8
    intact = {verdict["run_id"]: verdict["intact"] for verdict in json.loads(as_json.stdout)}
    assert intact == {"a": False, "b": False, "c": True}
    assert run("travel_perks", "verify", "c", cwd=tmp_path).code == 0


@pytest.mark.parametrize("arguments", [(), ("demo", "--all"), ("failed",)])
def test_what_is_to_be_verified_must_be_clear(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    folders = Folders(tmp_path)
    folders.sealed("demo")
    folders.failed("failed")
    told = run("travel_perks", "verify", *arguments, cwd=tmp_path)
    assert (told.code, told.stdout) == (2, "")
    assert len(told.stderr.splitlines()) == 1


def test_without_sealed_runs_all_is_well(tmp_path: Path) -> None:
    assert run("travel_perks", "verify", "--all", cwd=tmp_path).code == 0
