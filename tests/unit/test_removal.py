"""Removal is per file, frees what it says, follows no link and stays in the folders."""

from pathlib import Path

import pytest

from tests.crafted import Folders, files_in, write
from travel_perks.errors import CannotWriteError
from travel_perks.runs.removal import Amount, amount, files_below, prune, removable, remove


def test_a_file_with_several_links_counts_once_all_of_them_go(tmp_path: Path) -> None:
    write(tmp_path / "a", "12345")
    (tmp_path / "b").hardlink_to(tmp_path / "a")
    write(tmp_path / "c", "123")
    assert amount([tmp_path / "a", tmp_path / "c"]) == Amount(2, 3)
    assert amount([tmp_path / "a", tmp_path / "b", tmp_path / "gone"]) == Amount(2, 5)
    assert remove([tmp_path / "b", tmp_path / "c"]) == Amount(2, 3)
    assert (tmp_path / "a").read_text() == "12345"


def test_links_are_removed_and_not_followed(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere" / "kept", "kept")
    write(tmp_path / "run" / "deep" / "file", "goes")
    (tmp_path / "run" / "folder").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "run" / "deep" / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "whole").symlink_to(tmp_path / "elsewhere")
    found = files_below(tmp_path / "run") + files_below(tmp_path / "whole")
    assert {str(path.relative_to(tmp_path)) for path in found} == {
        "run/deep/dangling", "run/deep/file", "run/folder", "whole",
    }  # fmt: skip
    assert remove(found).files == 4
    prune(tmp_path / "run")
    assert {path.name for path in tmp_path.iterdir()} == {"elsewhere"}
    assert files_in(tmp_path) == {"elsewhere/kept"}


def test_what_a_linked_folder_leads_to_is_not_removable(tmp_path: Path) -> None:
    folders = Folders(tmp_path / "here")
    write(tmp_path / "away" / "x" / "users.parquet", "another's")
    (tmp_path / "here" / "data").mkdir(parents=True)
    (tmp_path / "here" / "data" / "silver").symlink_to(tmp_path / "away")
    inside = Path(folders.layout("x").frozen)
    outside = Path(folders.layout("x").silver("users.parquet"))
    upwards = Path(folders.settings.work_dir) / ".." / ".." / "away" / "x" / "users.parquet"
    assert outside.exists() and upwards.exists()
    assert removable([inside, outside, upwards], folders.settings) == [inside]


def test_a_work_folder_that_is_a_link_is_a_work_folder(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "disk")
    inside = Path(Folders(tmp_path).layout("x").frozen)
    assert removable([inside], Folders(tmp_path).settings) == [inside]


def test_what_cannot_be_removed_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(CannotWriteError, match=f"Cannot remove {tmp_path}/folder"):
        remove([tmp_path / "folder"])


def test_pruning_spares_what_holds_something(tmp_path: Path) -> None:
    (tmp_path / "a" / "empty" / "deeper").mkdir(parents=True)
    write(tmp_path / "a" / "full" / "file", "")
    prune(tmp_path / "a")
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")} == {
        "a", "a/full", "a/full/file",
    }  # fmt: skip
