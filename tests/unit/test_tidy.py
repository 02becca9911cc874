"""What `clean` takes and what it leaves."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.crafted import DAY, START, Folders, files_in, write
from travel_perks.fetching import store_lock
from travel_perks.runs.catalogue import catalogue
from travel_perks.runs.tidy import carry_out, plan
from travel_perks.sealing.tombstone import bury


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


@contextmanager
def worked_on(folders: Folders, run_id: str) -> Iterator[None]:
    path = Path(folders.layout(run_id).lock)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def clean(folders: Folders, before: float | None = None) -> set[str]:
    """Clean up; return the files that went, which must be those that were announced."""
    there = files_in(folders.root)
    planned = plan(folders.settings, before)
    announced = {
        str(path.relative_to(folders.root)) for heap in planned.heaps for path in heap.files
    }
    assert files_in(folders.root) == there, "planning touches nothing"
    removed = carry_out(planned)
    gone = there - files_in(folders.root)
    assert gone == announced
    assert removed.files == len(gone)
    return gone


def test_in_empty_folders_there_is_nothing_to_do(folders: Folders) -> None:
    assert plan(folders.settings).heaps == []
    assert list(folders.root.iterdir()) == []


def test_an_unsealed_run_goes_but_its_log_stays(folders: Folders) -> None:
    folders.failed("x")
    write(Path(folders.layout("x").perks), "killed before the seal")
    write(Path(folders.layout("x").checks("gold")), "[]")
    write(Path(folders.layout("x").benchmark("clean_users")), "")
    write(Path(folders.layout("x").gold).with_name(".users_features_x.csv.77.partial"), "torn")
    clean(folders)
    assert files_in(folders.root) == {"logs/x.log"}
    assert [run.state for run in catalogue(folders.settings)] == ["failed"]
    assert plan(folders.settings).heaps == []


def test_a_sealed_run_keeps_all_that_it_needs(folders: Folders) -> None:
    folders.sealed("a")
    folders.logged("a", "run started")
    assert clean(folders) == set()


def test_a_sealed_run_that_was_killed_before_tidying_up_is_tidied_up(folders: Folders) -> None:
    folders.sealed("a")
    layout = folders.layout("a")
    needless = [
        *layout.bulky,
        Path(layout.apart) / "gold",
        Path(layout.perks).with_name(".perks_a.csv.77.partial"),
        Path(layout.silver(".model.json.77.partial")),
    ]
    for path in needless:
        write(path, "needless")
    assert clean(folders) == {str(path.relative_to(folders.root)) for path in needless}


def test_intermediates_that_a_run_was_told_to_keep_are_kept(folders: Folders) -> None:
    folders.sealed("a", keep=True)
    assert clean(folders) == set()


def test_a_run_that_is_worked_on_is_left_alone(folders: Folders) -> None:
    folders.failed("x")
    folders.failed("y", "other rows")
    with worked_on(folders, "x"):
        gone = clean(folders)
    assert gone
    assert not {name for name in gone if "/x" in name}
    # Its inputs stay, those of the other run go.
    assert len(list(Path(folders.layout("x").store).iterdir())) == 4


def test_a_run_that_begins_before_the_answer_is_left_alone(folders: Folders) -> None:
    folders.failed("x")
    there = files_in(folders.root)
    planned = plan(folders.settings)
    assert planned.heaps
    with worked_on(folders, "x"):
        assert carry_out(planned).files == 0
    assert files_in(folders.root) == there


def test_a_run_that_is_sealed_before_the_answer_keeps_what_it_needs(folders: Folders) -> None:
    folders.failed("x")
    planned = plan(folders.settings)
    folders.sealed("x", content="new rows")
    sealed = files_in(folders.root)
    carry_out(planned)
    gone = {Path(name) for name in sealed - files_in(folders.root)}
    bulky = {path.relative_to(folders.root) for path in folders.layout("x").bulky}
    assert {path for path in gone if path.parts[1] != "store"} <= bulky
    assert len([path for path in gone if path.parts[1] == "store"]) == 4  # the old rows


def test_nothing_is_taken_from_the_store_while_a_run_fetches(folders: Folders) -> None:
    folders.store("of no run")
    write(Path(folders.layout("x").store) / ".part-0123", "under way")
    planned = plan(folders.settings)
    with store_lock.fetching(Path(folders.layout("x").store_lock)):
        assert carry_out(planned).files == 0
    assert carry_out(planned).files == 2


def test_the_store_keeps_what_runs_need_and_nothing_else_of_its_own(folders: Folders) -> None:
    folders.sealed("a")
    store = Path(folders.layout("a").store)
    write(Path(folders.layout("a").latest_receipt("users")), '{"sha256": "%s"}' % ("0" * 64))
    write(Path(folders.layout("a").latest_receipt("hotels")), "not JSON")
    kept = folders.layout("a").bronze("flights.json")
    write(Path(folders.layout("a").latest_receipt("flights")), Path(kept).read_text())
    write(store / ".part-0123", "torn")
    write(store / "README", "not ours")
    needless = folders.store("of no run")
    assert clean(folders) == {
        f"data/store/{needless}",
        "data/store/.part-0123",
        "data/receipts/users.json",
        "data/receipts/hotels.json",
    }


def test_what_killed_jobs_spilled_goes_when_nobody_is_at_work(folders: Folders) -> None:
    spilled = Path(folders.settings.work_dir) / "spill" / "travel_perks-1" / "block.tmp"
    write(spilled, "x")
    with worked_on(folders, "any"):
        assert clean(folders) == set()
    assert clean(folders) == {"data/spill/travel_perks-1/block.tmp"}
    assert not spilled.parent.exists()


def test_a_run_whose_manifest_is_damaged_or_lost_keeps_what_it_has_published(
    folders: Folders,
) -> None:
    folders.sealed("damaged")
    write(Path(folders.layout("damaged").manifest), "{")
    assert clean(folders) == set()
    folders.sealed("lost")
    Path(folders.layout("lost").manifest).unlink()
    folders.logged("lost", "run started", "run finished", status="done", duration_seconds=1)
    folders.sealed("unlogged")
    Path(folders.layout("unlogged").manifest).unlink()
    gone = clean(folders)
    assert {"data/silver/lost/gold.parquet", "data/silver/unlogged/gold.parquet"} <= gone
    for run_id in ("damaged", "lost", "unlogged"):
        assert all(path.exists() for path in folders.layout(run_id).artefacts.values())


def test_what_a_killed_deletion_left_goes(folders: Folders) -> None:
    folders.sealed("x")
    bury(folders.layout("x"), started=None, users=None)
    clean(folders)
    assert files_in(folders.root) == {"data/deleted/x.json"}


def test_a_torn_file_of_another_run_is_not_taken_for_ones_own(folders: Folders) -> None:
    folders.failed("a")
    torn = Path(folders.layout("a.csv").perks).with_name(".perks_a.csv.csv.77.partial")
    write(torn, "being written")
    with worked_on(folders, "a.csv"):
        clean(folders)
        assert torn.exists()


def test_young_leftovers_are_spared_with_the_inputs_they_need(folders: Folders) -> None:
    folders.failed("young", "young rows", at=START)
    folders.failed("old", "old rows", at=START - 10 * DAY)
    gone = clean(folders, before=START - 5 * DAY)
    assert gone
    assert not {name for name in gone if "young" in name}
    assert not {path for path in gone if path.startswith("data/bronze/young")}
    store = Path(folders.layout("young").store)
    assert {path.read_text() for path in store.iterdir()} == {
        f"young rows of {table}" for table in ("users", "sessions", "flights", "hotels")
    }


def test_without_a_log_the_age_is_that_of_the_youngest_file(folders: Folders) -> None:
    frozen = Path(folders.layout("x").frozen)
    write(frozen, "run_id: x")
    os.utime(frozen, (START, START))
    assert clean(folders, before=START - 1) == set()
    assert clean(folders, before=START + 1) == {"data/settings/x.yaml"}


def test_stored_inputs_of_older_sealed_runs_alone_go_on_demand(folders: Folders) -> None:
    folders.sealed("old", "old rows", at=START - 10 * DAY)
    folders.sealed("older", "shared rows", at=START - 20 * DAY)
    folders.sealed("young", "shared rows", at=START)
    published = files_in(folders.root / "data/outputs") | files_in(folders.root / "data/gold")
    gone = clean(folders, before=START - 5 * DAY)
    assert len(gone) == 4
    assert all(name.startswith("data/store/") for name in gone)
    left = {path.read_text() for path in Path(folders.layout("x").store).iterdir()}
    assert {text.split(" of ")[0] for text in left} == {"shared rows"}
    assert published == files_in(folders.root / "data/outputs") | files_in(
        folders.root / "data/gold"
    )


def test_stored_inputs_of_a_run_that_is_being_remade_stay(folders: Folders) -> None:
    folders.sealed("old", at=START - 10 * DAY)
    with worked_on(folders, "old"):
        assert clean(folders, before=START) == set()
