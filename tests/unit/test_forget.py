"""A deleted run goes whole; what it shares with others stays while they need it."""

import fcntl
import json
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.crafted import Folders, files_in, write
from travel_perks.errors import BusyError, UsageError
from travel_perks.fetching import store_lock
from travel_perks.runs import forget, removal
from travel_perks.runs.catalogue import look_up
from travel_perks.runs.forget import delete, plan


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def test_a_sealed_run_goes_with_its_inputs_and_leaves_log_and_tombstone(folders: Folders) -> None:
    folders.sealed("x", keep=True)
    folders.logged("x", "run started")
    write(Path(folders.layout("x").job_log("seal")), "{}")
    write(Path(folders.layout("x").frozen), "run_id: x")
    found = plan(folders.settings, "x")
    freed = delete(folders.settings, "x")
    assert freed.files == len(found.files) + len(found.inputs)
    assert files_in(folders.root) == {"logs/x.log", "data/deleted/x.json"}
    told = json.loads(Path(folders.layout("x").tombstone).read_text())
    assert told.keys() == {"run_id", "deleted", "started", "users"}
    assert (told["run_id"], told["started"]) == ("x", "2025-10-09T08:53:20.000Z")
    assert told["users"] == 10
    assert plan(folders.settings, "x").done


def test_inputs_stay_that_a_sealed_run_or_one_at_work_needs(folders: Folders) -> None:
    folders.sealed("x")
    folders.sealed("y")
    found = plan(folders.settings, "x")
    assert (found.needed_by, found.inputs) == (["y"], [])
    delete(folders.settings, "x")
    assert len(list(Path(folders.layout("y").store).iterdir())) == 4

    folders.failed("z")
    path = Path(folders.layout("z").lock)
    write(path, "")
    with path.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        delete(folders.settings, "y")
    assert len(list(Path(folders.layout("z").store).iterdir())) == 4


def test_inputs_go_that_a_failed_run_has_links_to_and_it_is_named(folders: Folders) -> None:
    folders.sealed("x")
    folders.failed("y")
    found = plan(folders.settings, "x")
    assert (found.held_by, found.needed_by, len(found.inputs)) == (["y"], [], 4)
    delete(folders.settings, "x")
    assert list(Path(folders.layout("x").store).iterdir()) == []
    assert Path(folders.layout("y").bronze("users.csv")).exists()


class Killed(BaseException):
    """The end of the process."""


def test_a_deletion_that_was_killed_goes_on(
    folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders.sealed("x", keep=True)
    removed = 0

    def killed(paths: Iterable[Path]) -> None:
        removal.remove(list(paths)[:2])
        raise Killed

    while removed == 0 or not plan(folders.settings, "x").done:
        with monkeypatch.context() as patch, pytest.raises(Killed):
            patch.setattr(forget, "remove", killed)
            delete(folders.settings, "x")
        removed += 2
        run = look_up(folders.layout("x"))
        assert run is not None
        assert (run.state, run.users) == ("deleted", 10)
    assert removed > 10
    assert files_in(folders.root) == {"data/deleted/x.json"}


def test_an_unsealed_and_a_damaged_run_can_be_deleted(folders: Folders) -> None:
    folders.failed("x")
    folders.sealed("y", "other rows")
    write(Path(folders.layout("y").manifest), "{")
    for run_id in ("x", "y"):
        delete(folders.settings, run_id)
    assert files_in(folders.root) == {
        "logs/x.log", "data/deleted/x.json", "data/deleted/y.json",
    }  # fmt: skip


def test_a_busy_run_is_not_touched(folders: Folders) -> None:
    folders.sealed("x")
    path = Path(folders.layout("x").lock)
    write(path, "")
    there = files_in(folders.root)
    with path.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        for act in (plan, delete):
            with pytest.raises(BusyError, match="The run x"):
                act(folders.settings, "x")
    with store_lock.fetching(Path(folders.layout("x").store_lock)), pytest.raises(BusyError):
        delete(folders.settings, "x")
    assert files_in(folders.root) == there


def test_an_unknown_run_is_a_usage_error(folders: Folders) -> None:
    folders.logged("dry", "dry run started", "run finished", status="done")
    for run_id in ("x", "dry", "../x"):
        with pytest.raises(UsageError):
            delete(folders.settings, run_id)
    assert files_in(folders.root) == {"logs/dry.log"}


def test_a_manifest_cannot_lead_out_of_the_store(folders: Folders) -> None:
    write(folders.root / "data" / "precious", "kept")
    manifest = folders.sealed("x")
    digest = manifest["inputs"]["users"]["sha256"]
    for path in (folders.layout("x").manifest, folders.layout("x").bronze("users.json")):
        write(Path(path), Path(path).read_text().replace(digest, "../precious"))
    delete(folders.settings, "x")
    assert "data/precious" in files_in(folders.root)
