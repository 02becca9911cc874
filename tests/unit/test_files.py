"""Files: whole or absent, closed to others, and a plain sentence when they cannot be written."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from travel_perks.errors import CannotWriteError, Exit
from travel_perks.files import (
    PRIVATE_FILE,
    make_folder,
    read_json,
    require_room_for,
    require_writable,
    sha256,
    whole,
    write_json,
)


@pytest.fixture(autouse=True)
def known_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_file_is_there_only_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "made" / "gold.csv"
    with whole(target) as partial:
        partial.write_text("half", "utf-8")
        assert not target.exists()
        assert partial.parent == target.parent
        assert partial.name != target.name
    assert target.read_text("utf-8") == "half"
    assert [path.name for path in target.parent.iterdir()] == ["gold.csv"]


def test_a_failure_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "gold.csv"
    target.write_text("old", "utf-8")
    with pytest.raises(RuntimeError), whole(target) as partial:
        partial.write_text("new", "utf-8")
        raise RuntimeError
    assert target.read_text("utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["gold.csv"]


@pytest.mark.parametrize(("mask", "expected"), [(0o022, 0o440), (0o077, 0o400), (0, 0o440)])
def test_a_mode_stays_within_the_umask(tmp_path: Path, mask: int, expected: int) -> None:
    os.umask(mask)
    target = tmp_path / "perks.csv"
    with whole(target, mode=PRIVATE_FILE) as partial:
        partial.write_text("user_id,perk\n", "utf-8")
    assert mode(target) == expected


def test_a_file_that_may_not_be_written_is_replaced_all_the_same(tmp_path: Path) -> None:
    target = tmp_path / "perks.csv"
    for text in ("one", "two"):
        with whole(target, mode=PRIVATE_FILE) as partial:
            partial.write_text(text, "utf-8")
    assert target.read_text("utf-8") == "two"


def test_folders_are_made_closed_to_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    make_folder(tmp_path / "data" / "gold")
    make_folder(tmp_path / "data" / "gold")
    assert mode(tmp_path / "data") == mode(tmp_path / "data" / "gold") == 0o750
    assert mode(tmp_path) == 0o755


def test_a_file_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("", "utf-8")
    target = tmp_path / "data" / "gold.csv"
    with pytest.raises(CannotWriteError) as refused, whole(target) as partial:
        partial.write_text("x", "utf-8")
    assert refused.value.exit_code == Exit.CANNOT_WRITE
    assert str(target) in str(refused.value)
    for check in (require_writable, require_room_for):
        with pytest.raises(CannotWriteError) as refused:
            check(tmp_path / "data" / "gold")
        assert str(tmp_path / "data" / "gold") in str(refused.value)


def test_a_folder_is_made_by_one_check_and_not_by_the_other(tmp_path: Path) -> None:
    require_room_for(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []
    require_writable(tmp_path / "a" / "b")
    assert list((tmp_path / "a" / "b").iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_closed_folder_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    for check in (require_writable, require_room_for):
        with pytest.raises(CannotWriteError):
            check(tmp_path / "gold")


def test_json_reads_back(tmp_path: Path) -> None:
    content = {"city": "Zürich", "share": 0.1, "none": None, "list": [1, "2"]}
    write_json(tmp_path / "x.json", content)
    assert read_json(tmp_path / "x.json") == content
    assert "Zürich" in (tmp_path / "x.json").read_text("utf-8")


def test_the_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    content = os.urandom(200_000)
    (tmp_path / "x").write_bytes(content)
    assert sha256(tmp_path / "x") == hashlib.sha256(content).hexdigest()
