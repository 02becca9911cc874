"""The list of runs: each state, from what it is known, and what is damaged."""

import fcntl
import json
import os
import threading
from pathlib import Path

import pytest

from tests.crafted import START, Folders, write
from travel_perks.errors import SealedError, UsageError
from travel_perks.running.lock import held, is_held
from travel_perks.runs.catalogue import Run, catalogue, look_up, require_run
from travel_perks.sealing.manifest import find_seal
from travel_perks.sealing.tombstone import bury


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def states(folders: Folders) -> dict[str, str]:
    return {run.run_id: run.state for run in catalogue(folders.settings)}


def look(folders: Folders, run_id: str) -> Run:
    run = look_up(folders.layout(run_id))
    assert run is not None
    return run


def test_without_folders_there_are_no_runs(folders: Folders) -> None:
    assert catalogue(folders.settings) == []
    assert list(folders.root.iterdir()) == []


def test_the_newest_run_is_first(folders: Folders) -> None:
    folders.sealed("a", at=START)
    folders.failed("b", at=START + 200)
    folders.sealed("c", at=START + 100)
    assert [run.run_id for run in catalogue(folders.settings)] == ["b", "c", "a"]


def test_a_sealed_run_is_told_by_its_manifest_alone(folders: Folders) -> None:
    folders.sealed("007")
    folders.logged("007", "run started", "run finished", status="failed", duration_seconds=1)
    run = look(folders, "007")
    assert (run.state, run.started) == ("sealed", "2025-10-09T08:53:20.000Z")
    assert (run.duration_seconds, run.users) == (60.0, 10)
    assert run.shares == {"free_meal": 0.6, "free_bag": 0.4}
    assert run.to_json()["perks"] == {
        "free_meal": {"users": 6, "share": 0.6},
        "free_bag": {"users": 4, "share": 0.4},
    }


@pytest.mark.parametrize(
    ("ending", "state"),
    [
        ({"status": "failed", "duration_seconds": 2}, "failed"),
        ({"status": "interrupted", "duration_seconds": 2}, "interrupted"),
        ({"status": "done", "duration_seconds": 2}, "interrupted"),
    ],
)
def test_an_unsealed_run_is_told_by_its_log(
    folders: Folders, ending: dict[str, object], state: str
) -> None:
    folders.logged("x", "run started", "run finished", **ending)
    run = look(folders, "x")
    assert (run.state, run.duration_seconds) == (state, 2.0)
    assert run.ended_well == (ending["status"] == "done") == bool(run.note)


def test_a_killed_run_is_interrupted(folders: Folders) -> None:
    folders.logged("x", "run started", "rule started")
    assert look(folders, "x").state == "interrupted"


def test_a_run_that_was_killed_before_its_first_record_is_interrupted(folders: Folders) -> None:
    write(Path(folders.layout("x").frozen), "run_id: x")
    assert look(folders, "x") == Run("x", "interrupted")


def test_a_held_lock_makes_a_run_running_until_it_is_let_go(folders: Folders) -> None:
    folders.failed("x")
    path = Path(folders.layout("x").lock)
    write(path, "")
    with path.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        run = look(folders, "x")
        assert run.state == "running"
        assert run.duration_seconds is not None and run.duration_seconds > 1000
    assert look(folders, "x").state == "failed"


def test_a_run_is_running_before_it_has_logged_anything(folders: Folders) -> None:
    path = Path(folders.layout("x").lock)
    write(path, "")
    assert catalogue(folders.settings) == []
    with path.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert states(folders) == {"x": "running"}


def test_a_deleted_run_stays_and_its_id_is_barred(folders: Folders) -> None:
    bury(folders.layout("x"), started="2025-10-09T08:53:20.000Z", users=10)
    run = look(folders, "x")
    assert (run.state, run.users, run.started) == ("deleted", 10, "2025-10-09T08:53:20.000Z")
    assert run.note.startswith("deleted at 20") and "delete it again" not in run.note
    with pytest.raises(SealedError, match="The run x was deleted"):
        find_seal(folders.layout("x"))
    assert find_seal(folders.layout("y")) is None


def test_a_run_that_is_deleted_by_half_says_so(folders: Folders) -> None:
    folders.sealed("x")
    bury(folders.layout("x"), started=None, users=None)
    assert "delete it again" in look(folders, "x").note


@pytest.mark.parametrize("mark", ["", "[]", '{"users": "many", "started": 5}'])
def test_a_damaged_tombstone_still_bars_the_id(folders: Folders, mark: str) -> None:
    write(Path(folders.layout("x").tombstone), mark)
    assert (look(folders, "x").state, look(folders, "x").users) == ("deleted", None)
    with pytest.raises(SealedError):
        find_seal(folders.layout("x"))


def without(manifest: dict, *path: str) -> dict:
    part = manifest
    for name in path[:-1]:
        part = part[name]
    del part[path[-1]]
    return manifest


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: "",
        lambda _: "[1]",
        lambda _: "[" * 100_000,
        lambda manifest: json.dumps(manifest)[:-100],
        lambda manifest: json.dumps(manifest | {"run_id": "y"}),
        lambda manifest: json.dumps(manifest | {"counts": None}),
        lambda manifest: json.dumps(without(manifest, "artefacts", "perks")),
        lambda manifest: json.dumps(without(manifest, "counts", "cohort", "users_in_cohort")),
        lambda manifest: json.dumps(manifest).replace(
            manifest["inputs"]["users"]["sha256"], "../x"
        ),
    ],
)
def test_a_damaged_manifest_is_shown_as_such(folders: Folders, damage) -> None:
    folders.sealed("a")
    manifest = folders.sealed("x")
    write(Path(folders.layout("x").manifest), damage(manifest))
    assert states(folders) == {"a": "sealed", "x": "damaged"}
    assert folders.layout("x").manifest in look(folders, "x").note
    with pytest.raises(SealedError, match="cannot be read"):
        find_seal(folders.layout("x"))


def test_a_folder_in_place_of_a_manifest_is_damage(folders: Folders) -> None:
    Path(folders.layout("x").manifest).mkdir(parents=True)
    assert states(folders) == {"x": "damaged"}


def test_the_manifest_of_another_run_seals_nothing(folders: Folders) -> None:
    manifest = folders.sealed("x")
    write(Path(folders.layout("y").manifest), json.dumps(manifest))
    with pytest.raises(SealedError, match="it is of the run x"):
        find_seal(folders.layout("y"))


def test_files_of_other_names_are_no_runs(folders: Folders) -> None:
    folders.sealed("a")
    write(Path(folders.settings.output_dir) / "manifest_..json", "{}")
    write(Path(folders.settings.output_dir) / "manifest_two words.json", "{}")
    write(Path(folders.settings.logs_dir) / ".hidden.log", '{"message": "run started"}')
    write(Path(folders.settings.logs_dir) / "empty.log", "")
    assert states(folders) == {"a": "sealed"}


def test_an_unknown_run_is_a_usage_error(folders: Folders) -> None:
    with pytest.raises(UsageError, match="There is no run x"):
        require_run(folders.settings, "x")
    with pytest.raises(UsageError, match="cannot be used"):
        require_run(folders.settings, "../x")


def test_the_log_of_a_sealed_run_is_not_read(folders: Folders) -> None:
    folders.sealed("x")
    log = Path(folders.layout("x").log)
    write(log, "")
    os.truncate(log, 1 << 40)  # more than any memory
    assert states(folders) == {"x": "sealed"}


def test_asking_does_not_make_a_run_busy(folders: Folders) -> None:
    path = Path(folders.layout("x").lock)
    write(path, "")
    asking = path.open()
    fcntl.flock(asking, fcntl.LOCK_SH)
    threading.Timer(0.03, asking.close).start()
    with held(path, "x"):
        assert is_held(path)
    assert not is_held(path)
